"""Who comes in: no token, a wrong one, one without the scope, one of another branch; and the one shape of errors."""

from datetime import timedelta

import pytest
from django.test import Client

from doors import ROUTES, TOKEN
from factories.claims import a_covered_member, a_draft, yichun
from factories.organisations import an_employer
from factories.tokens import Program
from factories.web import as_staff
from huzhu.users import tokens
from huzhu.users.models import ApiToken

pytestmark = pytest.mark.django_db
# route → the scope that opens it for reading; what is written stands in test_writing.py
READS = {
    "employers": "employers",
    "members": "members",
    "enrolments": "enrolments",
    "rosters": "rosters",
    "contributions/dues": "contributions",
    "contributions/receipts": "contributions",
    "claims": "claims",
    "decisions": "decisions",
    "payouts": "payouts",
    "ledger/balances": "ledger",
    "ledger/entries": "ledger",
}


def error(answer, status):
    assert answer.status_code == status, answer.content.decode()
    said = answer.json()["error"]
    assert set(said) == {"code", "message", "fields"}
    return said


def test_without_a_token_nothing_opens():
    for route, opens in ROUTES.items():
        if opens == TOKEN:
            path = "/" + route.replace("<", "").replace(">", "")
            answers = [Client().get(path), Client().post(path, {}, content_type="application/json")]
            assert {answer.status_code for answer in answers} <= {401, 405}, route
            assert any(answer.status_code == 401 for answer in answers), route


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer hz_wrong", "Basic aHo6", "hz_x", "Bearer hz_\u00e9"]
)
def test_a_wrong_token_is_told_what_to_do(header):
    said = error(Client(headers={"authorization": header}).get("/api/v1/claims"), 401)
    assert said["code"] == "no_token"
    assert "Bearer" in said["message"]


def test_a_session_of_a_page_opens_nothing_here(place):
    assert as_staff(place.agency()).get("/api/v1/claims").status_code == 401


@pytest.mark.parametrize(("path", "scope"), READS.items())
def test_a_scope_opens_its_resource_and_no_other(place, path, scope):
    code = "payment_maker" if scope == "ledger" else "agency_clerk"
    at = place.province if scope == "ledger" else place.city
    assert Program(code, at, [scope]).get(path).status_code == 200
    others = [one for one in ("employers", "members") if one != scope]
    said = error(Program(code, at, others).get(path), 403)
    assert tokens.SCOPES[scope][0] in said["message"]


def test_reading_does_not_let_write(place):
    program = Program("agency_clerk", place.city, ["claims", "contributions", "rosters"])
    assert error(program.post("claims", {}), 403)
    assert error(program.post("claims/2022-000001/submit", {}), 403)
    assert error(program.post("contributions/transfers", {}), 403)
    assert error(program.client.post("/api/v1/rosters", {}), 403)


def test_an_ended_token_is_out_at_once(place):
    program = Program("agency_clerk", place.city)
    assert program.get("claims").status_code == 200
    tokens.revoke(token=program.token, by=program.administrator, at=program.token.made_at)
    assert program.get("claims").status_code == 401


def test_an_expired_token_is_out(place):
    program = Program("agency_clerk", place.city)
    ago = program.token.made_at - timedelta(days=40)
    ApiToken.objects.update(made_at=ago, expires_at=ago + timedelta(days=30))
    assert program.get("claims").status_code == 401


def test_what_belongs_to_others_looks_like_what_is_not_there(place):
    liu = a_covered_member(place)
    claim = a_draft(liu, by=place.agency(), channel="counter")
    cover = liu.enrolments.first()
    stranger = Program("agency_clerk", yichun().city)
    owner = Program("agency_clerk", place.city)
    for path in (
        f"members/{liu.pk}",
        f"claims/{claim.number}",
        f"enrolments/{cover.pk}",
        f"employers/{place.employer.code}",
    ):
        assert owner.get(path).status_code == 200
        nothing = path.rpartition("/")[0] + ("/" + "0" * 8 + "-0000-4000-8000-" + "0" * 12)
        assert error(stranger.get(path), 404) == error(stranger.get(nothing), 404)
    assert stranger.get("members").json()["count"] == 0
    assert stranger.get("claims").json()["count"] == 0


def test_a_page_has_a_next_one_until_the_last(place):
    for _ in range(4):
        an_employer(place.employer.parent)
    program = Program("agency_clerk", place.city)
    first = program.get("employers", size=2).json()
    assert (first["count"], len(first["items"]), first["next"]) == (5, 2, 2)
    last = program.get("employers", size=2, page=3).json()
    assert (len(last["items"]), last["next"]) == (1, None)
    assert program.get("employers", size=2, page=9).json()["items"] == []


@pytest.mark.parametrize("asked", [{"page": 0}, {"size": 201}, {"page": "x"}, {"page": 10**30}])
def test_a_page_that_cannot_be_is_told_at_the_field(place, asked):
    said = error(Program("agency_clerk", place.city).get("employers", **asked), 422)
    assert list(said["fields"]) == list(asked)


def test_a_method_or_address_that_is_not_there_is_told_in_the_same_shape(place):
    client = Program("agency_clerk", place.city).client
    assert error(client.delete("/api/v1/claims"), 405)["code"] == "no_such_method"
    assert error(client.get("/api/v1/nothing/here"), 404)["code"] == "not_found"


def test_answers_stay_out_of_caches(place):
    assert Program("agency_clerk", place.city).get("claims")["Cache-Control"] == "no-store"
