"""The addresses of the site; each face brings its own."""

from django.urls import include, path

urlpatterns = [
    path("", include("huzhu.web.urls")),
]
