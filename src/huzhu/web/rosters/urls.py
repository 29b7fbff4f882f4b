"""Addresses: rosters, dues and receipts, certificates, members."""

from django.urls import path

from huzhu.web.rosters import (
    certificates,
    collecting,
    dues,
    members,
    notice,
    receipts,
    receiving,
    roster,
    slips,
    splits,
    upload,
)

urlpatterns = [
    path("desk/rosters/", roster.rosters, name="rosters"),
    path("desk/rosters/new/", upload.upload, name="roster-upload"),
    path("desk/rosters/template/", upload.template, name="roster-template"),
    path("desk/rosters/<uuid:pk>/", roster.roster, name="roster"),
    path("desk/rosters/<uuid:pk>/mend/", roster.mend, name="roster-mend"),
    path("desk/rosters/<uuid:pk>/accept/", roster.accept, name="roster-accept"),
    path("desk/rosters/<uuid:pk>/cancel/", roster.cancel, name="roster-cancel"),
    path("desk/rosters/<uuid:pk>/notice/", notice.notice, name="roster-notice"),
    path("desk/rosters/<uuid:pk>/notice/pdf/", notice.notice_pdf, name="roster-notice-pdf"),
    path("desk/rosters/<uuid:pk>/receive/", receiving.receive, name="roster-receive"),
    path("desk/rosters/<uuid:pk>/slip/", slips.upload, name="roster-slip"),
    path("desk/rosters/<uuid:pk>/certificates/", certificates.all_of_a_roster, name="roster-certificates"),
    path("desk/certificates/", certificates.all_of_an_employer, name="certificates"),
    path("desk/dues/", dues.dues, name="dues"),
    path("desk/dues/export/", dues.export, name="dues-export"),
    path("desk/slips/<uuid:pk>/picture/", slips.picture, name="slip-picture"),
    path("desk/slips/<uuid:pk>/back/", slips.give_back, name="slip-back"),
    path("desk/receipts/<int:pk>/", receipts.receipt, name="receipt"),
    path("desk/collecting/", collecting.account, name="collecting"),
    path("desk/splits/", splits.splits, name="splits"),
    path("desk/splits/<int:pk>/<slug:slug>/", splits.split, name="split"),
    path("desk/splits/<int:pk>/<slug:slug>/shown/", splits.split_shown, name="split-shown"),
    path("desk/members/", members.members, name="members"),
    path("desk/members/<uuid:pk>/", members.member, name="member"),
    path("desk/members/<uuid:pk>/reveal/", members.reveal, name="member-reveal"),
    path("certificates/<uuid:pk>/", certificates.certificate, name="certificate"),
    path("verify/<str:token>/", certificates.verify, name="verify"),
]
