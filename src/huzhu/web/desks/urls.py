"""Addresses: signing in, the frame of the desks, the landing page of every role."""

from django.urls import path

from huzhu.web.desks import exporting, house, jobs, landing, numbers, phone, searching, signing

urlpatterns = [
    path("desk/", landing.desk, name="desk"),
    path("desk/sign-in/", signing.sign_in, name="sign-in"),
    path("desk/sign-out/", signing.sign_out, name="sign-out"),
    path("desk/roles/", signing.roles, name="roles"),
    path("desk/search/", searching.search, name="search"),
    path("desk/numbers/", numbers.numbers, name="numbers"),
    path("desk/numbers/<int:pk>/", numbers.numbers, name="numbers-of"),
    path("desk/payments/", numbers.payments, name="payments"),
    path("desk/payments/<int:pk>/", numbers.payments, name="payments-of"),
    path("desk/trail/", house.trail, name="trail"),
    path("desk/outbox/", house.outbox, name="outbox"),
    path("desk/exports/", exporting.listed, name="exports"),
    path("desk/exports/<int:pk>/", exporting.settle, name="export"),
    path("desk/jobs/", jobs.jobs, name="jobs"),
    path("desk/jobs/<int:pk>/", jobs.job, name="job"),
    path("desk/jobs/<int:pk>/file/", jobs.file, name="job-file"),
    path("desk/jobs/<int:pk>/cancel/", jobs.cancel, name="job-cancel"),
    path("desk/jobs/<int:pk>/again/", jobs.again, name="job-again"),
    path("demo/as/", signing.demo_as, name="demo-as"),
    path("my/", phone.home, name="phone"),
    path("my/sign-in/", signing.phone_sign_in, name="phone-sign-in"),
    path("my/me/", phone.me, name="me"),
]
