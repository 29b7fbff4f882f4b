"""Addresses: the first start, the tree, people, passwords, the calendar, publishing."""

from django.urls import path

from huzhu.web.setup import (
    calendar,
    first_start,
    passwords,
    people,
    people_upload,
    places,
    publishing,
    tokens,
    tree_upload,
)

urlpatterns = [
    path("start/", first_start.first_start, name="first-start"),
    path("password/<str:token>/", passwords.by_link, name="password-link"),
    path("desk/password/", passwords.change, name="change-password"),
    path("desk/places/", places.places, name="places"),
    path("desk/places/found/", places.found, name="places-found"),
    path("desk/places/new/", places.new, name="new-place"),
    path("desk/places/template/", tree_upload.template, name="tree-template"),
    path("desk/places/upload/", tree_upload.upload, name="tree-upload"),
    path("desk/places/upload/<uuid:pk>/", tree_upload.preview, name="tree-preview"),
    path("desk/places/<int:pk>/", places.place, name="place"),
    path("desk/places/<int:pk>/move/", places.move, name="move-place"),
    path("desk/places/<int:pk>/switch/", places.switch, name="switch-place"),
    path("desk/people/", people.people, name="people"),
    path("desk/people/invite/", people.invite, name="invite"),
    path("desk/people/template/", people_upload.template, name="people-template"),
    path("desk/people/upload/", people_upload.upload, name="people-upload"),
    path("desk/people/upload/<uuid:pk>/", people_upload.preview, name="people-preview"),
    path("desk/people/<int:pk>/", people.person, name="person"),
    path("desk/people/<int:pk>/do/<slug:verb>/", people.act, name="person-act"),
    path("desk/tokens/", tokens.tokens, name="tokens"),
    path("desk/tokens/new/", tokens.new_token, name="new-token"),
    path("desk/tokens/<int:pk>/revoke/", tokens.revoke_token, name="revoke-token"),
    path("desk/calendar/", calendar.calendar, name="calendar"),
    path("desk/calendar/<int:year>/", calendar.calendar, name="calendar-of"),
    path("desk/editions/<slug:slug>/<str:name>/", publishing.edition, name="edition"),
    path("desk/proposals/<int:pk>/", publishing.proposal, name="proposal"),
]
