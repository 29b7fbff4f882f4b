"""Every role at every door: who is not named there finds nothing, who has not signed in is sent to sign in."""

import re
from uuid import uuid4

import pytest
from django.test import Client

from doors import MEMBER, PUBLIC, ROUTES, STAFF, TOKEN
from factories.members import a_member
from factories.users import a_role
from factories.web import as_member, as_staff
from huzhu.web.access import ROLES

pytestmark = pytest.mark.django_db
GUARDED = [route for route, opens in ROUTES.items() if opens not in {PUBLIC, TOKEN}]
PARTS = {"uuid": str(uuid4()), "int": "999999", "slug": "receipts", "str": "20220715-00001"}


def address(route):
    """The route with keys of nothing that exists."""
    return "/" + re.sub(r"<(\w+):\w+>", lambda part: PARTS[part[1]], route)


def opens_to(route, who):
    opens = ROUTES[route]
    return who != MEMBER if opens == STAFF else who in opens.split()


def test_nobody_comes_in_without_signing_in():
    for route in GUARDED:
        for ask in (Client().get, Client().post):
            answer = ask(address(route))
            at_the_door = answer.status_code == 302 and "/sign-in/" in answer.url
            assert at_the_door or answer.status_code == 405, (route, answer.status_code)


@pytest.mark.parametrize("code", ROLES)
def test_a_role_finds_nothing_behind_doors_that_do_not_name_it(code):
    browser = as_staff(a_role(code))
    for route in GUARDED:
        if opens_to(route, code):
            continue
        for ask in (browser.get, browser.post):
            status = ask(address(route)).status_code
            assert status in {404, 405} or (ROUTES[route] == MEMBER and status == 302), (route, status)


@pytest.mark.parametrize("code", ROLES)
def test_no_door_that_names_a_role_falls_over_at_it(code):
    browser = as_staff(a_role(code))
    for route in GUARDED:
        if opens_to(route, code):
            for ask in (browser.get, browser.post):
                status = ask(address(route)).status_code
                assert status < 500, (route, status)


def test_a_member_finds_no_desk():
    browser = as_member(a_member())
    for route in GUARDED:
        status = browser.get(address(route)).status_code
        assert status < 500, route
        if not opens_to(route, MEMBER):
            assert status in {302, 404, 405}, (route, status)
