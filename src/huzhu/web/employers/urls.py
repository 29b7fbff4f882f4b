"""Addresses of employers."""

from django.urls import path

from huzhu.web.employers import choosing, insured, listing, record

urlpatterns = [
    path("desk/employers/", listing.employers, name="employers"),
    path("desk/employers/find/", choosing.find, name="employer-find"),
    path("desk/employers/own/", record.own, name="own-employer"),
    path("desk/employers/<int:pk>/", record.employer, name="employer"),
    path("desk/employers/<int:pk>/do/<slug:verb>/", record.do, name="employer-do"),
    path("desk/employers/<int:pk>/proof/<int:count>/", record.proof, name="employer-proof"),
    path("desk/insured/", insured.insured, name="insured"),
    path("desk/insured/template/", insured.template, name="insured-template"),
    path("desk/insured/new/", insured.upload, name="insured-upload"),
    path("desk/insured/<int:pk>/", insured.sheet, name="insured-sheet"),
    path("desk/insured/<int:pk>/<slug:verb>/", insured.settle, name="insured-settle"),
]
