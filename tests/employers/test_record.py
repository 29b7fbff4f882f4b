"""The record of an employer: who may write it, what is refused, what counts as proven, and what history is kept."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from factories.files import a_png
from factories.organisations import a_city, a_county, an_employer
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.employers import queries, services
from huzhu.employers.models import Contact, HeadCount, Stance
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
NOON = datetime(2022, 11, 30, 4, tzinfo=UTC)
TODAY = date(2022, 11, 30)
OUTSIDE = ("leader", "auditor", "reviewer", "cadre", "payment_maker", "administrator")


def a_unit(staff=300):
    """A unit of one county, with the people who work with it."""
    city = a_city()
    unit = an_employer(under=a_county(under=city), sector="county", staff_count=staff, name="铁力市教育局")
    return unit, a_role("county_clerk", unit.parent), a_role("employer_clerk", unit)


def told(employer, by, **more):
    asked = {"year": 2022, "count": 280, "source": "insurance", "name": "名单.png", "data": a_png()}
    return services.tell_count(employer=employer, by=by, at=NOON, on=TODAY, **asked | more)


def said(employer, **more):
    asked = {"willing": "waiting", "said_on": TODAY, "cause": "money"}
    return services.Said(employer=employer, **asked | more)


# ── who may not ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", OUTSIDE)
def test_who_does_not_work_with_employers_writes_nothing(code):
    unit, _, _ = a_unit()
    by = a_role(code, unit.parent)
    acts = (
        lambda: services.set_profile(employer=unit, industry="P", front="unit", by=by, at=NOON),
        lambda: told(unit, by),
        lambda: services.add_contact(employer=unit, name="高主席", phone="0458-3871234", by=by, at=NOON),
        lambda: services.say(said=said(unit), by=by, at=NOON),
        lambda: services.say_all(said=[said(unit)], place=unit.parent, by=by, at=NOON),
        lambda: services.set_profiles(profiles={unit.pk: ("P", "unit")}, place=unit.parent, by=by, at=NOON),
    )
    for act in acts:
        with pytest.raises(NotAllowed):
            act()


def test_another_countys_clerk_writes_nothing_here():
    unit, _, _ = a_unit()
    stranger = a_role("county_clerk")
    with pytest.raises(NotAllowed):
        services.say(said=said(unit), by=stranger, at=NOON)
    assert not queries.visible_to(stranger).filter(pk=unit.pk).exists()


def test_the_employers_clerk_keeps_contacts_and_counts_and_nothing_else():
    unit, county, clerk = a_unit()
    services.add_contact(employer=unit, name="高主席", phone="13904580001", by=clerk, at=NOON)
    count = told(unit, clerk)
    for act in (
        lambda: services.say(said=said(unit), by=clerk, at=NOON),
        lambda: services.set_profile(employer=unit, industry="P", front="unit", by=clerk, at=NOON),
        lambda: services.prove_count(count=count, by=clerk, at=NOON, on=TODAY),
    ):
        with pytest.raises(NotAllowed):
            act()
    services.prove_count(count=count, by=county, at=NOON, on=TODAY)


def test_a_union_is_no_employer():
    _, county, _ = a_unit()
    with pytest.raises(services.NotAnEmployer):
        services.set_profile(employer=county.organisation, industry="S", front="unit", by=county, at=NOON)


# ── head counts ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"year": 2023}, "2022"),
        ({"year": 1999}, "年度"),
        ({"count": 0}, "职工人数"),
        ({"count": 1_000_001}, "职工人数"),
        ({"source": "rumour"}, "来源"),
        ({"data": b""}, "证明文件"),
    ],
)
def test_a_head_count_that_cannot_be_is_refused(wrong, says):
    unit, county, _ = a_unit()
    with pytest.raises(services.RecordRefused, match=says):
        told(unit, county, **wrong)
    assert not HeadCount.objects.exists()


def test_an_employers_own_count_proves_nothing_until_a_clerk_of_the_union_has_looked():
    unit, county, clerk = a_unit(staff=300)
    count = told(unit, clerk, count=280)
    assert queries.proven_head_count(unit, TODAY) is None
    services.prove_count(count=count, by=county, at=NOON, on=TODAY)
    services.prove_count(count=count, by=county, at=NOON, on=TODAY)
    assert queries.proven_head_count(unit, TODAY) == 280
    assert Event.objects.filter(verb="employers.prove_count").count() == 1
    unit.refresh_from_db()
    assert unit.staff_count == 300  # the reported figure stays what it was


def test_a_report_without_paper_never_proves():
    unit, county, _ = a_unit()
    count = told(unit, county, source="reported", data=b"", name="")
    assert queries.proven_head_count(unit, TODAY) is None
    with pytest.raises(services.RecordRefused, match="上报"):
        services.prove_count(count=count, by=a_role("agency_clerk", unit.parent.parent), at=NOON, on=TODAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        HeadCount.objects.filter(pk=count.pk).update(proved_on=TODAY, proved_by="user:1")


def test_the_newest_proven_year_counts_and_not_before_its_day():
    unit, county, clerk = a_unit()
    told(unit, county, year=2021, count=250)
    told(unit, county, year=2022, count=280)
    told(unit, clerk, year=2022, count=290)  # waits
    assert queries.proven_head_count(unit, TODAY) == 280
    assert queries.proven_head_count(unit, date(2022, 11, 29)) is None
    told(unit, county, year=2022, count=281)  # a correction is another row
    assert queries.proven_head_count(unit, TODAY) == 281
    assert queries.proven_head_count(unit, date(2021, 12, 31)) is None


# ── contacts ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"phone": "电话"}, {"phone": "123"}, {"phone": "", "wechat": ""}]
)
def test_a_contact_nobody_could_reach_is_refused(wrong):
    unit, county, _ = a_unit()
    asked = {"name": "高主席", "phone": "0458-3871234"}
    with pytest.raises(services.RecordRefused):
        services.add_contact(employer=unit, by=county, at=NOON, **asked | wrong)


def test_one_contact_is_the_main_one_and_numbers_lie_sealed():
    unit, county, _ = a_unit()
    first = services.add_contact(employer=unit, name="高主席", phone="13904580001", by=county, at=NOON)
    second = services.add_contact(
        employer=unit, name="宋干事", wechat="song-8", is_main=True, by=county, at=NOON
    )
    assert [one.name for one in queries.contacts(unit)] == ["宋干事", "高主席"]
    services.make_main(contact=first, by=county, at=NOON)
    services.drop_contact(contact=second, by=county, at=NOON)
    assert [(one.name, one.is_main) for one in queries.contacts(unit)] == [("高主席", True)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM employers_contact")
        raw = str(cursor.fetchall())
    assert "13904580001" not in raw
    assert "song-8" not in raw
    assert Contact.objects.count() == 2


def test_whoever_looks_at_a_number_is_written_down():
    unit, county, _ = a_unit()
    contact = services.add_contact(employer=unit, name="高主席", phone="13904580001", by=county, at=NOON)
    assert services.show_contact(contact=contact, by=county, at=NOON) == ("13904580001", "")
    seen = Event.objects.get(verb="employers.show_contact")
    assert (seen.kind, seen.object_id) == ("reveal", str(unit.pk))


# ── willingness ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"willing": "perhaps"}, "意愿"),
        ({"cause": "weather"}, "原因"),
        ({"cause": "other", "cause_note": ""}, "其他"),
        ({"willing": "no", "cause": ""}, "原因"),
        ({"willing_count": -1}, "人数"),
    ],
)
def test_a_stance_that_says_nothing_is_refused(wrong, says):
    unit, county, _ = a_unit()
    with pytest.raises(services.RecordRefused, match=says):
        services.say(said=said(unit, **wrong), by=county, at=NOON)
    assert not Stance.objects.exists()


def test_the_newest_stance_counts_and_the_history_cannot_be_changed():
    unit, county, _ = a_unit()
    assert queries.stance_of(unit).get_willing_display() == "未联系"
    services.say(said=said(unit), by=county, at=NOON)
    services.say(said=said(unit, willing="yes", willing_count=40, cause=""), by=county, at=NOON)
    assert (queries.stance_of(unit).willing, queries.stance_of(unit).willing_count) == ("yes", 40)
    assert [one.willing for one in queries.stances_of(unit)] == ["yes", "waiting"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Stance.objects.update(willing="no")


def test_many_at_once_stay_within_the_place():
    unit, county, _ = a_unit()
    other = an_employer()
    with pytest.raises(services.NotAnEmployer):
        services.say_all(said=[said(unit), said(other)], place=county.organisation, by=county, at=NOON)
    assert not Stance.objects.exists()
    profiles = {unit.pk: ("P", "unit"), other.pk: ("A", "unit")}
    assert services.set_profiles(profiles=profiles, place=county.organisation, by=county, at=NOON) == 1


# ── finding ─────────────────────────────────────────────────────────────────────────────────────────


def test_an_employer_is_found_by_name_initials_and_code():
    units = [an_employer(name=name) for name in ("铁力市教育局", "伊春市教育局", "美溪林业局公司")]
    for text, names in (
        ("教育", ["铁力市教育局", "伊春市教育局"]),
        ("mxly", ["美溪林业局公司"]),
        (units[0].code.lower(), ["铁力市教育局"]),
        ("没有", []),
    ):
        assert [one.name for one in queries.matching(units, text)][: len(names)] == names
