"""The addresses of the site; each face brings its own."""

from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("huzhu.api.urls")),
    path("", include("huzhu.web.urls")),
]
