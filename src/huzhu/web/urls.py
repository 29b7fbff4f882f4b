"""Addresses of the pages for people."""

from django.urls import path

from huzhu.web import views

app_name = "web"
urlpatterns = [
    path("", views.home, name="home"),
    path("schemes/<slug:slug>/", views.scheme, name="scheme"),
    path("estimate/", views.estimate, name="estimate"),
]
