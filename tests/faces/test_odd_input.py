"""What no keyboard gives: a NUL in a text, digits without end. A sentence or nothing found, never an error of the site."""

import pytest
from django.test import Client
from django.urls import reverse

from factories.web import as_staff, text_of

pytestmark = pytest.mark.django_db
ENDLESS = "9" * 5000


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("sign-in", {"username": "a\0b", "password": "x"}),
        ("phone-sign-in", {"phone": "139\0", "id_number": "1", "name": "王"}),
    ],
)
def test_a_nul_is_refused_with_a_sentence_before_anybody_has_signed_in(name, form):
    answer = Client().post(reverse(f"web:{name}"), form)
    assert answer.status_code == 400
    assert "看不见的空字符" in text_of(answer)


@pytest.mark.parametrize("name", ["members", "claims", "rosters", "payouts"])
def test_a_nul_in_what_is_looked_for_is_refused(place, name):
    answer = as_staff(place.agency()).get(reverse(f"web:{name}"), {"q": "王\0"})
    assert (answer.status_code, "没有办" in text_of(answer)) == (400, True)


@pytest.mark.parametrize("name", ["members", "claims", "rosters"])
def test_a_page_number_without_end_is_the_last_page(place, name):
    assert as_staff(place.agency()).get(reverse(f"web:{name}"), {"page": ENDLESS}).status_code == 200


@pytest.mark.parametrize("key", [ENDLESS, "9" * 30, "²", "-1", "x", ""])
def test_a_key_that_is_none_finds_nothing(place, key):
    form = {"do": "confirm", "account": key}
    assert as_staff(place.agency()).post(reverse("web:collecting"), form).status_code == 404
