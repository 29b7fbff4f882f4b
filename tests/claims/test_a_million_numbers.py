"""The million of a year's applications, and the next: numbers go on, the newest stands first, one look finds the last."""

from functools import partial

import pytest
from django.db import connection

from factories.at_once import at_once
from factories.bureau import a_bureau_claim
from factories.claims import LIU_FIGURES, SETTLED_AT, WEDNESDAY, a_covered_member, a_draft
from factories.web import as_staff
from huzhu.claims import counter, numbers, queries
from huzhu.claims.models import Claim
from huzhu.claims.settlement import Sheet

pytestmark = pytest.mark.django_db
POSTGRES = connection.vendor == "postgresql"


def numbered(member, number):
    Claim.objects.filter(pk=a_draft(member).pk).update(number=number)


def from_the_counter(member, clerk):
    return counter.receive(
        member=member,
        kinds=["critical"],
        diagnosed_on="2022-06-23",
        diagnosis="C50.9",
        sheet=Sheet("", LIU_FIGURES, SETTLED_AT),
        by=clerk,
        at=WEDNESDAY,
    ).number


def test_the_million_is_passed_on_the_phone_at_the_counter_and_by_the_bureaus_file(place, liu):
    numbered(liu, "2022-999998")
    wang = a_covered_member(place, "王小明", sex="male")
    clerk = place.agency()
    assert a_draft(liu).number == "2022-999999"
    assert from_the_counter(liu, clerk) == "2022-1000000"
    assert a_draft(liu).number == "2022-1000001"
    assert from_the_counter(liu, clerk) == "2022-1000002"
    assert a_bureau_claim(place, wang).number == "2022-1000003"
    assert a_draft(liu).number == "2022-1000004"


def test_ten_million_are_passed_too(liu):
    numbered(liu, "2022-9999999")
    assert [a_draft(liu).number for _ in range(2)] == ["2022-10000000", "2022-10000001"]


def test_the_next_year_begins_at_one_behind_a_year_of_a_million(place, liu):
    numbered(liu, "2021-1000000")
    assert from_the_counter(liu, place.agency()) == "2022-000001"
    assert numbers.last_of(2021) == 1_000_000
    assert numbers.last_of(2023) == 0


@pytest.mark.django_db(transaction=True)
def test_many_at_once_pass_the_million_each_with_a_number_of_its_own(place, liu):
    numbered(liu, "2022-999998")
    people = [a_covered_member(place, f"王小明{n}") for n in range(6)]
    clerk = place.agency()
    answers = at_once(*(partial(from_the_counter, one, clerk) for one in people))
    wanted = ["2022-999999", *(f"2022-{n}" for n in range(1_000_000, 1_000_005))]
    assert sorted(answers, key=lambda one: (len(one), one)) == wanted


def test_the_newest_stands_first_on_the_list(place, liu):
    given = ["2021-1000000", "2022-100001", "2022-999999", "2022-1000000", "2022-1000001"]
    for number in reversed(given):
        numbered(liu, number)
    Claim.objects.update(channel="counter")
    assert [one.number for one in queries.newest_first(Claim.objects.all())] == given[::-1]
    page = as_staff(place.agency()).get("/desk/claims/").content.decode()
    places = [page.index(number) for number in given[::-1]]
    assert places == sorted(places)


def plan_of(found):
    if not POSTGRES:
        return found.explain()
    with connection.cursor() as cursor:  # of so few rows it would read all, whatever the index
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    return found.explain()


@pytest.mark.parametrize(
    "asked", [numbers.given_in(2022), queries.newest_first(Claim.objects.values("number"))]
)
def test_the_newest_is_read_off_the_index_and_not_sorted(asked):
    plan = plan_of(asked[:1])
    assert "claims_in_order" in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan
