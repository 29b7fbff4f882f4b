"""Addresses: claims on the phone, at the counter, at the agency and at the province."""

from django.urls import path

from huzhu.web.claims import automatic, correcting, counter, desk, mine, phone, queue

urlpatterns = [
    path("my/apply/", phone.apply, name="apply"),
    path("my/apply/<uuid:pk>/<int:number>/", phone.page, name="apply-page"),
    path("my/claims/<uuid:pk>/", mine.claim, name="my-claim"),
    path("my/claims/<uuid:pk>/papers/", mine.papers, name="my-papers"),
    path("my/claims/<uuid:pk>/papers/<slug:kind>/", mine.paper, name="my-paper"),
    path("my/claims/<uuid:pk>/letter/", mine.decision_letter, name="my-letter"),
    path("my/claims/<uuid:pk>/correction-letter/", correcting.my_letter, name="my-correction-letter"),
    path("my/claims/<uuid:pk>/withdraw/", mine.withdraw, name="my-withdraw"),
    path("desk/claims/", desk.listed, name="claims"),
    path("desk/claims/next/", desk.next_one, name="claims-next"),
    path("desk/claims/<uuid:pk>/", desk.claim, name="claim"),
    path("desk/claims/<uuid:pk>/do/<slug:verb>/", desk.act, name="claim-act"),
    path("desk/claims/<uuid:pk>/papers/<slug:kind>/", desk.paper, name="claim-paper"),
    path("desk/claims/<uuid:pk>/letter/", desk.decision_letter, name="claim-letter"),
    path("desk/claims/<uuid:pk>/settlement/", correcting.note, name="settlement-change"),
    path("desk/claims/<uuid:pk>/correction-letter/", correcting.claim_letter, name="correction-letter"),
    path("desk/corrections/", correcting.listed, name="corrections"),
    path("desk/corrections/<uuid:pk>/", correcting.change, name="correction"),
    path("desk/corrections/<uuid:pk>/paper/", correcting.paper, name="correction-paper"),
    path("desk/corrections/<uuid:pk>/do/<slug:verb>/", correcting.act, name="correction-act"),
    path("desk/counter/", counter.find, name="counter"),
    path("desk/counter/<uuid:pk>/", counter.intake, name="intake"),
    path("desk/counter/of/<uuid:pk>/", counter.receive, name="receive"),
    path("desk/claims/<uuid:pk>/receipt/", desk.receipt, name="claim-receipt"),
    path("desk/settlements/", automatic.settlements, name="settlements"),
    path("desk/settlements/<int:pk>/", automatic.settlements_file, name="settlements-file"),
    path("desk/automatic/", automatic.runs, name="automatic"),
    path("desk/automatic/<int:pk>/", automatic.run, name="automatic-run"),
    path("desk/automatic/<int:pk>/do/<slug:verb>/", automatic.act, name="automatic-act"),
    path("desk/queue/", queue.queue, name="queue"),
    path("desk/queue/<uuid:pk>/", queue.decision, name="decision"),
    path("desk/queue/<uuid:pk>/kind/", queue.add_kind, name="claim-kind"),
    path("desk/queue/<uuid:pk>/severity/", queue.raise_severity, name="claim-severity"),
]
