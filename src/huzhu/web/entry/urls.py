"""Addresses: joining by oneself, and the agency's desk for it."""

from django.urls import path

from huzhu.web.entry import desk, join

urlpatterns = [
    path("join/", join.join, name="join"),
    path("join/status/", join.status, name="join-status"),
    path("join/leave/", join.leave, name="join-leave"),
    path("join/<slug:name>/", join.step, name="join-step"),
    path("desk/applications/", desk.listed, name="applications"),
    path("desk/applications/<uuid:pk>/", desk.application, name="application"),
    path("desk/applications/<uuid:pk>/do/<slug:verb>/", desk.act, name="application-act"),
]
