"""Addresses of outreach."""

from django.urls import path

from huzhu.web.outreach import aiming, visiting, working

urlpatterns = [
    path("desk/outreach/", working.worklist, name="outreach"),
    path("desk/outreach/block/", working.block, name="outreach-block"),
    path("desk/outreach/assign/", working.assign, name="outreach-assign"),
    path("desk/outreach/funnel/", working.funnel, name="funnel"),
    path("desk/outreach/visit/", visiting.visit, name="visit"),
    path("desk/outreach/visit/find/", visiting.find, name="visit-find"),
    path("desk/outreach/visit/<int:pk>/undo/", visiting.undo, name="visit-undo"),
    path("desk/outreach/occasions/", aiming.occasions, name="occasions"),
    path("desk/outreach/targets/", aiming.targets, name="targets"),
]
