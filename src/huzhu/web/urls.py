"""Addresses of the pages for people."""

from django.urls import path

from huzhu.web import views
from huzhu.web.claims.urls import urlpatterns as claims
from huzhu.web.desks.urls import urlpatterns as desks
from huzhu.web.employers.urls import urlpatterns as employers
from huzhu.web.entry.urls import urlpatterns as entry
from huzhu.web.finance.urls import urlpatterns as finance
from huzhu.web.health.urls import urlpatterns as health
from huzhu.web.outreach.urls import urlpatterns as outreach
from huzhu.web.people.urls import urlpatterns as people
from huzhu.web.rosters.urls import urlpatterns as rosters
from huzhu.web.setup.urls import urlpatterns as setup

app_name = "web"
urlpatterns = [
    path("", views.home, name="home"),
    path("compare/", views.compare, name="compare"),
    path("schemes/gallery/", views.gallery, name="gallery"),
    path("schemes/<slug:slug>/", views.scheme, name="scheme"),
    path("estimate/", views.estimate, name="estimate"),
    *desks,
    *rosters,
    *claims,
    *finance,
    *employers,
    *outreach,
    *people,
    *setup,
    *entry,
    *health,
]
