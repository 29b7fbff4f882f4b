"""Addresses: a member's own data on the phone, and the desk of changes."""

from django.urls import path

from huzhu.web.people import changes, consent_lists, consenting, own

urlpatterns = [
    path("my/me/account/", own.account, name="my-account"),
    path("my/me/phone/", own.phone, name="my-phone"),
    path("my/me/correct/", own.correct, name="my-correct"),
    path("my/me/consent/", own.consent, name="my-consent"),
    path("desk/members/<uuid:pk>/consent/", consenting.consent, name="member-consent"),
    path("desk/consents/<int:pk>/paper/", consenting.paper, name="consent-paper"),
    path("desk/consents/", consent_lists.listed, name="consents"),
    path("desk/consents/list/", consent_lists.take, name="consent-list"),
    path("desk/consents/template/", consent_lists.template, name="consent-template"),
    path("desk/changes/", changes.listed, name="changes"),
    path("desk/changes/<uuid:pk>/", changes.change, name="change"),
    path("desk/changes/<uuid:pk>/photo/", changes.photo, name="change-photo"),
    path("desk/members/<uuid:pk>/correct/", changes.ask, name="member-correct"),
    path("desk/accounts/<uuid:pk>/<slug:word>/", changes.account, name="account-change"),
]
