"""Addresses: health for machines and for the administrator."""

from django.urls import path

from huzhu.web.health import pages

urlpatterns = [
    path("health/", pages.watched, name="health"),
    path("health/live/", pages.live, name="health-live"),
    path("desk/health/", pages.page, name="desk-health"),
]
