"""The pages of tokens: first who may not; then made, shown once, ended."""

import re

import pytest
from django.test import Client

from factories.organisations import a_city, an_employer
from factories.users import a_role
from factories.web import as_staff
from huzhu.users.models import ApiToken

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper():
    return a_role("administrator", a_city())


@pytest.fixture
def desk(keeper):
    return as_staff(keeper)


def ask(desk, at, **changed):
    wanted = {
        "name": "人事系统",
        "role": "agency_clerk",
        "place": at,
        "days": "90",
        "scope": ["members"],
    }
    return desk.post("/desk/tokens/new/", wanted | changed)


def test_only_an_administrator_sees_or_ends_tokens(keeper, desk):
    ask(desk, keeper.organisation.pk)
    token = ApiToken.objects.get()
    other = as_staff(a_role("administrator", a_city()))
    assert "hz_" not in other.get("/desk/tokens/").content.decode()
    assert other.post(f"/desk/tokens/{token.pk}/revoke/").status_code == 404
    assert as_staff(a_role("agency_clerk", keeper.organisation)).get("/desk/tokens/").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_a_token_is_shown_once_and_works_until_it_is_ended(keeper, desk):
    answer = ask(desk, keeper.organisation.pk)
    text = re.search(r"<code>(hz_[\w-]{43})</code>", answer.content.decode())[1]
    assert answer["Cache-Control"] == "no-store"
    program = Client(headers={"authorization": f"Bearer {text}"})
    assert program.get("/api/v1/members").status_code == 200
    page = desk.get("/desk/tokens/").content.decode()
    assert text not in page
    assert text[:8] in page
    assert "✓ 可用" in page
    desk.post(f"/desk/tokens/{ApiToken.objects.get().pk}/revoke/")
    assert program.get("/api/v1/members").status_code == 401
    assert "– 已停用" in desk.get("/desk/tokens/").content.decode()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": ""}, "请写用途"),
        ({"role": "reviewer"}, "请选择角色"),
        ({"place": "999999"}, "请选择机构"),
        ({"scope": []}, "没有选范围"),
        ({"scope": ["ledger"]}, "不办这些事"),
        ({"days": "9999"}, "366"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_made(keeper, desk, changed, words):
    answer = ask(desk, keeper.organisation.pk, **changed)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_a_place_elsewhere_cannot_be_chosen(desk):
    assert ask(desk, an_employer().pk).status_code == 422
    assert not ApiToken.objects.exists()


def test_a_program_is_not_listed_among_people(keeper, desk):
    ask(desk, keeper.organisation.pk)
    assert "人事系统" not in desk.get("/desk/people/").content.decode()


def test_an_empty_list_says_what_tokens_are_for(desk):
    assert "还没有令牌" in desk.get("/desk/tokens/").content.decode()
