"""Who may join is read from the edition: refusals in its words, late joiners, renewals, the roster as a whole."""

import time
from dataclasses import replace
from datetime import date, timedelta

import pytest

from factories.contributions import an_accepted_roster
from factories.enrolment import START, UPLOADED_AT, a_staged_roster, an_enrolment, some_workers
from factories.files import a_png
from factories.members import a_member, an_id_number
from factories.organisations import a_city, an_employer
from factories.schemes import the_flexible_scheme, the_women_scheme
from factories.users import a_role
from huzhu.contributions.services import accept_roster
from huzhu.employers.services import tell_count
from huzhu.enrolment import entry, queries, services
from huzhu.enrolment.entry import Entry
from huzhu.enrolment.line import Line
from huzhu.enrolment.models import Enrolment, Way

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


@pytest.fixture
def employer():
    return an_employer(a_city(), staff_count=11)


@pytest.fixture
def flexible():
    return the_flexible_scheme()


def a_line(*, born_on=date(1980, 5, 1), sex="female", starts_on=START):
    cells = {"name": "王小明", "id_number": an_id_number(born_on=born_on, sex=sex)}
    return Line.of(2, cells, starts_on=starts_on)


def judged(editions, line, **terms):
    gate = Entry(editions, START, **terms)
    gate.learn([line])
    return gate.judge(line)


# ── persons ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("born_on", "says"),
    [
        (date(2006, 1, 28), ""),
        (date(2006, 1, 29), "到起日的周岁 15 小于 最小年龄 16"),
        (date(1961, 1, 29), ""),
        (date(1961, 1, 28), "到起日的周岁 61 大于 最大年龄 60"),
    ],
)
def test_age_is_asked_on_the_first_day_of_cover(inpatient, born_on, says):
    line = a_line(born_on=born_on)
    assert judged([inpatient], line) == ([] if says else [inpatient])
    assert says in line.problems.get("id_number", "")


def test_every_scheme_that_refuses_says_why(inpatient):
    line = a_line(born_on=date(2010, 1, 1), sex="male")
    assert judged([inpatient, the_women_scheme()], line) == []
    first, second = line.problems["id_number"].split("\n")
    assert first.startswith("住院＋重疾＋意外：不符合“到了参加的年龄”")
    assert second.startswith("女职工特殊疾病：")


def test_who_renews_in_time_keeps_the_first_day_and_a_day_late_loses_it(employer, inpatient):
    member = a_member(employer=employer)
    ends = START + timedelta(days=365)
    an_enrolment(member, inpatient, starts_on=START)
    for late, since in ((15, START), (16, ends + timedelta(days=16))):
        gate = Entry([inpatient], ends + timedelta(days=late))
        line = Line.of(
            2, {"name": member.name, "id_number": member.id_number}, starts_on=ends + timedelta(days=late)
        )
        gate.learn([line])
        assert gate.judge(line) == [inpatient]
        assert gate.since(member.id_number, inpatient) == since
        assert gate.facts(line, inpatient)["gap_days"] == late


def test_cover_that_waits_for_money_is_held_but_does_not_count_as_unbroken(employer, inpatient):
    member = a_member(employer=employer)
    an_enrolment(member, inpatient, starts_on=START, state=Enrolment.State.AWAITING_PAYMENT)
    line = Line.of(2, {"name": member.name, "id_number": member.id_number}, starts_on=START)
    assert judged([inpatient], line) == []


def test_judging_is_cheap_and_asks_the_database_nothing(inpatient, django_assert_num_queries):
    gate, lines = Entry([inpatient], START), [a_line() for _ in range(300)]
    with django_assert_num_queries(0):
        begun = time.process_time()
        for _ in range(10):
            for line in lines:
                gate.judge(line)
        each = (time.process_time() - begun) / 3_000
    assert each < 100e-6  # about 8 µs when the machine is quiet


def test_an_edition_that_asks_what_nobody_is_asked_is_refused(inpatient, monkeypatch):
    monkeypatch.setattr(entry, "KNOWN", entry.KNOWN - {"age"})
    entry._columns.cache_clear()
    with pytest.raises(entry.AsksForMore, match="到起日的周岁"):
        Entry([inpatient], START)


# ── the way in ──────────────────────────────────────────────────────────────────────────────────────


def test_each_way_is_offered_its_own_schemes(inpatient, flexible):
    assert queries.offered_on(START) == [inpatient]
    assert queries.offered_on(START, Way.PLATFORM) == [flexible]
    assert queries.offered_on(START, Way.INDIVIDUAL) == [flexible]
    assert [way for way, _ in queries.roster_ways(START)] == ["group", "platform"]


def test_a_roster_comes_in_a_way_its_schemes_allow(employer, clerk, inpatient, flexible):
    with pytest.raises(services.SchemesRefused, match="不收随单位参加"):
        a_staged_roster(employer, [flexible], some_workers(1), by=clerk)
    with pytest.raises(services.SchemesRefused, match="不收随平台企业参加"):
        a_staged_roster(employer, [inpatient], some_workers(1), by=clerk, way="platform")
    with pytest.raises(services.SchemesRefused, match="个人参加"):
        a_staged_roster(employer, [flexible], some_workers(1), by=clerk, way="individual")
    roster = a_staged_roster(employer, [flexible], some_workers(2), by=clerk, way="platform")
    assert queries.heads(roster) == {flexible: 2}


def test_riders_who_come_late_have_sixty_days_and_cover_to_the_platforms_end(employer, clerk, flexible):
    an_enrolment(a_member(employer=employer), flexible, starts_on=START)
    last = a_staged_roster(
        employer, [flexible], some_workers(1), by=clerk, way="platform", starts_on=START + timedelta(days=60)
    )
    assert queries.heads(last) == {flexible: 1}
    assert queries.last_days(last) == {flexible: date(2023, 1, 27)}
    late = a_staged_roster(
        employer, [flexible], some_workers(1), by=clerk, way="platform", starts_on=START + timedelta(days=61)
    )
    [row] = queries.to_mend(late)
    assert "晚于单位起日的天数 61 天 大于 中途加入的窗口 60 天" in row.problems["id_number"]


def test_a_late_joiner_of_the_other_schemes_has_a_full_period(employer, clerk, inpatient):
    an_enrolment(a_member(employer=employer), inpatient, starts_on=START)
    roster = an_accepted_roster(
        employer, [inpatient], some_workers(1), by=clerk, starts_on=START + timedelta(days=100)
    )
    assert roster.enrolments.get().cover_ends_on == date(2023, 5, 8)


# ── the roster as a whole ───────────────────────────────────────────────────────────────────────────


def test_a_roster_below_the_share_is_warned_and_may_join(employer, clerk, inpatient):
    roster = a_staged_roster(employer, [inpatient], some_workers(8), by=clerk)
    [(edition, finding)] = queries.findings(roster)
    assert (edition, finding.name, finding.level) == (inpatient, "share", "warn")
    assert "参加比例 72.73% 小于 80%" in finding.sentence
    assert finding.exact == (("参加比例", "72.7272%"),)
    assert queries.findings(a_staged_roster(employer, [inpatient], some_workers(9), by=clerk)) == []


def test_the_share_is_counted_on_the_proven_staff_where_there_is_one(employer, clerk, inpatient):
    roster = a_staged_roster(employer, [inpatient], some_workers(9), by=clerk)
    assert queries.findings(roster) == []
    agency = a_role("agency_clerk", employer.parent)
    proof = {"source": "insurance", "name": "名单.png", "data": a_png()}
    tell_count(employer=employer, year=START.year, count=12, by=agency, at=UPLOADED_AT, on=START, **proof)
    [(_, finding)] = queries.findings(roster)
    assert finding.name == "share"


def test_who_is_covered_already_counts_towards_the_share(employer, clerk, inpatient):
    for _ in range(4):
        an_enrolment(a_member(employer=employer), inpatient, starts_on=START)
    roster = a_staged_roster(employer, [inpatient], some_workers(5), by=clerk)
    assert queries.findings(roster) == []


def test_a_roster_that_lacks_what_must_be_is_not_accepted(employer, clerk, inpatient, monkeypatch):
    roster = a_staged_roster(employer, [inpatient], some_workers(8), by=clerk)
    strict = entry.rules.findings

    def must(*asked):
        return tuple(replace(one, level="must") for one in strict(*asked))

    monkeypatch.setattr(entry.rules, "findings", must)
    with pytest.raises(services.RosterLacks, match="参加人数达到最低比例"):
        accept_roster(roster=roster, good_only=False, by=clerk, at=UPLOADED_AT)
    assert not Enrolment.objects.exists()
