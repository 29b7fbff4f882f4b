"""Somebody joins by themself: who may not, what is wrong, the same twice, and the way to cover by the ordinary verbs."""

from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Sum

from factories.applications import APPLIED_AT, a_draft, an_application, the_code
from factories.enrolment import an_enrolment
from factories.members import a_member, an_id_number
from factories.organisations import a_city, an_employer
from factories.schemes import the_capped_scheme, the_flexible_scheme, the_inpatient_scheme
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.cli.checks import FEES
from huzhu.contributions import services as contributions
from huzhu.contributions import undoing
from huzhu.contributions.individuals import approve
from huzhu.contributions.models import ContributionDue, OfficialReceipt, Share
from huzhu.enrolment import applications, queries
from huzhu.enrolment.models import Application, Enrolment, Roster
from huzhu.ledger import accounts
from huzhu.ledger.models import LedgerEntry
from huzhu.ledger.services import ensure_chart
from huzhu.members.models import Member
from huzhu.notices.models import Notice
from huzhu.rules.units import SHANGHAI
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def clerk(city):
    return a_role("agency_clerk", city)


# ── who may not ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", ["employer_clerk", "county_clerk", "reviewer", "auditor", "leader"])
def test_only_the_agency_reviews(city, code):
    found, by = an_application(city), a_role(code)
    for verb in (applications.send_back, applications.refuse):
        with pytest.raises(NotAllowed):
            verb(application=found, reason="不行的", by=by, at=APPLIED_AT)
    with pytest.raises(NotAllowed):
        approve(application=found, by=by, at=APPLIED_AT)
    assert not Roster.objects.exists()


def test_an_agency_sees_and_reviews_its_own_only(city, clerk):
    found, stranger = an_application(city), a_role("agency_clerk", a_city())
    assert queries.applications_visible_to(clerk).get() == found
    assert not queries.applications_visible_to(stranger).exists()
    assert not queries.applications_visible_to(a_role("leader", city)).exists()
    with pytest.raises(NotAllowed):
        approve(application=found, by=stranger, at=APPLIED_AT)


def test_a_draft_is_nobodys_business(city, clerk):
    a_draft()
    assert not queries.applications_visible_to(clerk).exists()


# ── who it is, and the phone ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("id_number", "11010519491231002", "应是 18 位"),
        ("id_number", "110105194912310021", "校验位不对"),
        ("id_number", "", "没有填身份证号"),
        ("name", "", "没有填姓名"),
        ("phone", "123", "手机号应是 11 位"),
        ("phone", "", "请填手机号"),
    ],
)
def test_what_is_wrong_is_told_at_the_field_and_nothing_is_kept(field, text, says):
    told = {"name": "王骑手", "id_number": an_id_number(), "phone": "13900001111"} | {field: text}
    with pytest.raises(applications.FieldsNeedWork) as refused:
        applications.start(edition=the_flexible_scheme(), at=APPLIED_AT, **told)
    assert says in refused.value.problems[field]
    assert not Application.objects.exists()
    assert not Notice.objects.exists()


def test_a_wrong_code_proves_nothing_and_tries_are_counted():
    found = applications.start(
        edition=the_flexible_scheme(),
        name="王骑手",
        id_number=an_id_number(),
        phone="13900001111",
        at=APPLIED_AT,
    )
    right = the_code(found.phone)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for _ in range(applications.MOST_TRIES):
        with pytest.raises(applications.WrongCode):
            applications.prove(application=found, code=wrong, at=APPLIED_AT)
    with pytest.raises(applications.WrongCode):
        applications.prove(application=found, code=right, at=APPLIED_AT)
    found.refresh_from_db()
    assert found.proved_at is None


def test_a_code_is_good_once_and_for_ten_minutes():
    found = applications.start(
        edition=the_flexible_scheme(),
        name="王骑手",
        id_number=an_id_number(),
        phone="13900001111",
        at=APPLIED_AT,
    )
    code = the_code(found.phone)
    with pytest.raises(applications.WrongCode):
        applications.prove(application=found, code=code, at=APPLIED_AT + applications.GOOD_FOR)
    applications.prove(application=found, code=code, at=APPLIED_AT)
    with pytest.raises(applications.WrongCode):
        applications.prove(application=found, code=code, at=APPLIED_AT)


def test_a_phone_gets_a_code_a_minute_and_ten_a_day():
    found, at = a_draft(), APPLIED_AT
    with pytest.raises(applications.TooManyCodes):
        applications.send_again(application=found, at=at + timedelta(seconds=59))
    with pytest.raises(applications.TooManyCodes):
        a_draft(at=at + timedelta(seconds=59))
    applications.send_again(application=found, at=at + timedelta(seconds=60))


def test_a_registered_number_is_told_nothing_on_another_phone():
    member = a_member("刘女士", phone="13900009999")
    for name, phone in (("刘女士", "13900001111"), ("王小明", "13900009999")):
        at = APPLIED_AT + (HOUR if name == "王小明" else timedelta())
        found = applications.start(
            edition=the_flexible_scheme(), name=name, id_number=member.id_number, phone=phone, at=at
        )
        with pytest.raises(applications.ApplicationRefused, match="到代办处办理"):
            applications.prove(application=found, code=the_code(phone), at=at)
        found.refresh_from_db()
        assert found.proved_at is None


def test_looking_again_needs_the_phone_and_says_the_same_to_strangers(city):
    found = an_application(city)
    later = APPLIED_AT + HOUR
    who = {"id_number": found.id_number, "phone": found.phone}
    assert applications.send_to_applicant(id_number=an_id_number(), phone=found.phone, at=later) is None
    assert applications.send_to_applicant(**who, at=later) == found
    assert applications.prove_applicant(**who, code=the_code(found.phone), at=later) == found
    with pytest.raises(applications.WrongCode):
        applications.prove_applicant(id_number=an_id_number(), phone=found.phone, code="000000", at=later)


def test_what_is_typed_is_sealed(city):
    found = an_application(city)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM enrolment_application")
        kept = str(cursor.fetchall())
    for secret in (found.id_number, found.phone, found.account):
        assert secret not in kept


def test_a_draft_nobody_went_on_with_is_thrown_away():
    old = a_draft()
    a_draft(phone="13900002222", at=APPLIED_AT + timedelta(days=2))
    assert not Application.objects.filter(pk=old.pk).exists()


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────


def test_every_page_wants_its_answer():
    found = a_draft()
    assert applications.lacking(found) == ["work", "health"]
    for fields, where in (
        ({"occupation": "", "agency": None, "insured": ""}, {"occupation", "agency", "insured"}),
        ({"already_ill": None}, {"already_ill"}),
        ({"bank_name": "工商银行", "account": ""}, {"account"}),
        ({"bank_name": "", "account": "12"}, {"account", "bank_name"}),
    ):
        with pytest.raises(applications.FieldsNeedWork) as refused:
            applications.fill(application=found, at=APPLIED_AT, **fields)
        assert set(refused.value.problems) == where
    with pytest.raises(applications.FieldsNeedWork):
        applications.submit(application=found, at=APPLIED_AT)
    assert found.number is None


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"number": an_id_number(born_on=date(2006, 1, 22))}, "到起日的周岁 15 小于 最小年龄 16"),
        ({"number": an_id_number(born_on=date(1961, 1, 21))}, "到起日的周岁 61 大于 最大年龄 60"),
        ({"insured": "no"}, "参加了职工医保"),
    ],
)
def test_the_scheme_says_who_may_not_join(city, told, says):
    with pytest.raises(applications.MayNotJoin, match=says):
        an_application(city, **told)
    assert not Application.objects.exclude(state="draft").exists()


def test_the_sixteenth_birthday_on_the_first_day_is_in_time(city):
    assert an_application(city, number=an_id_number(born_on=date(2006, 1, 21))).number


@pytest.mark.parametrize("scheme", [the_inpatient_scheme, the_capped_scheme])
def test_who_is_covered_by_a_scheme_of_the_kind_is_told(city, scheme):
    member = a_member("王骑手", phone="13900001111", employer=an_employer(city))
    an_enrolment(member, scheme(), starts_on=date(2021, 12, 15))
    with pytest.raises(applications.MayNotJoin, match="已有的同类方案保障到期日 2022-12-14"):
        an_application(city, number=member.id_number)


def test_the_already_ill_may_join(city):
    assert an_application(city, already_ill=True).state == "submitted"


def test_the_same_person_applies_once(city):
    first = an_application(city)
    with pytest.raises(applications.AppliedBefore):
        an_application(city, number=first.id_number, at=APPLIED_AT + HOUR)
    with pytest.raises(applications.OtherState):
        applications.submit(application=first, at=APPLIED_AT)
    assert Application.objects.filter(state="submitted").count() == 1


def test_numbers_run_within_an_agency_and_year(city):
    first = an_application(city)
    second = an_application(city, phone="13900002222")
    assert (first.number, second.number) == (f"GR{city.pk}-2022-0001", f"GR{city.pk}-2022-0002")
    Application.objects.filter(pk=first.pk).update(number=f"GR{city.pk}-2022-9999")
    after = [an_application(city, phone=f"1390000333{n}").number for n in range(2)]
    assert after == [f"GR{city.pk}-2022-10000", f"GR{city.pk}-2022-10001"]


# ── the agency ──────────────────────────────────────────────────────────────────────────────────────


def test_returned_it_is_mended_and_handed_in_again_under_its_number(city, clerk):
    found = an_application(city)
    with pytest.raises(applications.NoReason):
        applications.send_back(application=found, reason=" ", by=clerk, at=APPLIED_AT)
    applications.send_back(application=found, reason="请写全称", by=clerk, at=APPLIED_AT + HOUR)
    assert "请写全称" in Notice.objects.order_by("-created_at").first().text
    applications.fill(application=found, platform="外卖平台伊春站", at=APPLIED_AT + 2 * HOUR)
    again = applications.submit(application=found, at=APPLIED_AT + 2 * HOUR)
    assert (again.number, again.state, again.reason) == (found.number, "submitted", "")


def test_refused_by_a_person_with_a_reason_and_open_to_a_new_one(city, clerk):
    found = an_application(city)
    applications.refuse(application=found, reason="没有查到职工医保", by=clerk, at=APPLIED_AT + HOUR)
    found.refresh_from_db()
    assert (found.state, found.reason, found.settled_by) == ("refused", "没有查到职工医保", clerk.actor_id)
    with pytest.raises(applications.OtherState):
        approve(application=found, by=clerk, at=APPLIED_AT)
    assert an_application(city, number=found.id_number, at=APPLIED_AT + 2 * HOUR).number != found.number


def test_withdrawn_by_the_person_it_cannot_be_approved(city, clerk):
    found = an_application(city)
    applications.withdraw(application=found, at=APPLIED_AT)
    with pytest.raises(applications.OtherState):
        approve(application=found, by=clerk, at=APPLIED_AT)
    assert not Member.objects.exists()


def test_approved_it_is_a_roster_of_one_with_its_own_fee(city, clerk):
    found = an_application(city)
    (due,) = approve(application=found, by=clerk, at=APPLIED_AT)
    found.refresh_from_db()
    assert (due.heads, due.amount_fen, due.roster) == (1, 14_000, found.roster)
    assert (found.state, found.roster.way, found.roster.employer.name) == (
        "approved",
        "individual",
        f"{city.name}个人参加者",
    )
    row = Enrolment.objects.get()
    assert (row.state, row.cover_starts_on, row.member.name) == ("awaiting", date(2022, 1, 21), "王骑手")
    assert row.member.accounts.get().number == "6222020903000012345"
    assert any(f"转账 140 元，附言写编号 {found.number}" in one.text for one in Notice.objects.all())
    with pytest.raises(applications.OtherState):
        approve(application=found, by=clerk, at=APPLIED_AT)
    assert ContributionDue.objects.count() == 1


def test_individuals_of_an_agency_share_one_holder(city, clerk):
    for phone in ("13900001111", "13900002222"):
        approve(application=an_application(city, phone=phone), by=clerk, at=APPLIED_AT)
    assert Roster.objects.values("employer").distinct().count() == 1


def test_what_happened_between_is_seen_at_the_approval(city, clerk):
    found = an_application(city)
    member = a_member("王骑手", id_number=found.id_number, phone=found.phone, employer=an_employer(city))
    an_enrolment(member, the_inpatient_scheme(), starts_on=date(2022, 1, 1))
    with pytest.raises(applications.MayNotJoin, match="同类方案"):
        approve(application=found, by=clerk, at=APPLIED_AT)
    assert not Roster.objects.exists()


# ── money ───────────────────────────────────────────────────────────────────────────────────────────


def paid(found, clerk, received_on, at, fen=0):
    ensure_chart()
    share = Share.objects.get(due__roster=found.roster)
    contributions.record_transfer(
        parts=[contributions.Money(share, fen or share.amount_fen)],
        received_on=received_on,
        bank_reference=f"T-{found.number}-{received_on}",
        by=clerk,
        at=at,
    )
    return Enrolment.objects.get(roster=found.roster)


def test_money_in_time_begins_the_planned_cover(city, clerk):
    found = an_application(city)
    approve(application=found, by=clerk, at=APPLIED_AT)
    row = paid(Application.objects.get(), clerk, date(2022, 1, 20), APPLIED_AT + HOUR)
    assert (row.state, row.cover_starts_on, row.cover_ends_on) == (
        "in_force",
        date(2022, 1, 21),
        date(2023, 1, 21),
    )
    assert LedgerEntry.objects.get().amount_fen == 14_000


def test_cover_never_begins_before_the_money(city, clerk):
    found = an_application(city)
    approve(application=found, by=clerk, at=APPLIED_AT)
    late = APPLIED_AT + timedelta(days=400)
    row = paid(Application.objects.get(), clerk, date(2023, 2, 10), late)
    assert (row.cover_starts_on, row.covered_since_on, row.cover_ends_on) == (
        date(2023, 2, 11),
        date(2023, 2, 11),
        date(2024, 2, 11),
    )
    assert LedgerEntry.objects.get().fund_year == 2023
    assert Event.objects.filter(verb="rosters.put_off").count() == 1


def test_money_that_was_another_ones_leaves_no_later_cover(city, clerk):
    approve(application=an_application(city), by=clerk, at=APPLIED_AT)
    found, late = Application.objects.get(), datetime(2023, 1, 5, 10, tzinfo=SHANGHAI)
    planned = Enrolment.objects.get(roster=found.roster)
    for _ in range(2):
        row = paid(found, clerk, date(2023, 1, 5), late)
        assert (row.state, row.cover_starts_on) == ("in_force", date(2023, 1, 6))
        undoing.undo_transfer(
            paper=OfficialReceipt.objects.get(red_of=None, is_void=False),
            reason="是别人的",
            by=clerk,
            at=late,
        )
        row.refresh_from_db()
        assert (row.state, row.cover_starts_on, row.cover_ends_on, row.covered_since_on) == (
            "awaiting",
            planned.cover_starts_on,
            planned.cover_ends_on,
            planned.covered_since_on,
        )
    row = paid(found, clerk, date(2023, 1, 2), late)
    assert (row.state, row.cover_starts_on) == ("in_force", date(2023, 1, 3))
    assert Event.objects.filter(verb="rosters.put_back").count() == 2


def test_a_part_paid_in_time_stays_in_its_year_when_the_late_rest_was_anothers(city, clerk):
    approve(application=an_application(city), by=clerk, at=APPLIED_AT)
    found, late = Application.objects.get(), datetime(2023, 1, 5, 10, tzinfo=SHANGHAI)
    paid(found, clerk, date(2022, 1, 20), APPLIED_AT + HOUR, fen=40_00)
    for _ in range(2):
        paid(found, clerk, date(2023, 1, 5), late, fen=100_00)
        assert (fees_of(2022), fees_of(2023)) == (0, 140_00)
        last = OfficialReceipt.objects.filter(red_of=None, is_void=False).latest("pk")
        undoing.undo_transfer(paper=last, reason="是别人的", by=clerk, at=late)
        assert (fees_of(2022), fees_of(2023)) == (40_00, 0)


def fees_of(year):
    """Fen of fees in the books of a fund year."""
    rows = LedgerEntry.objects.filter(fund_year=year)
    came, went = (
        rows.filter(**{side: accounts.income_of("worker")}).aggregate(fen=Sum("amount_fen"))["fen"] or 0
        for side in ("credit", "debit")
    )
    return came - went


def test_a_groups_cover_is_not_put_off(city, clerk):
    roster = Roster.objects.create(
        employer=an_employer(city), cover_starts_on=date(2022, 1, 1), uploaded_at=APPLIED_AT, uploaded_by="x"
    )
    applications.begin_after(roster=roster, last=date(2022, 3, 1), by=clerk, at=APPLIED_AT)
    assert Roster.objects.get().cover_starts_on == date(2022, 1, 1)


def test_stored_dues_are_checked_with_the_fee_of_their_way(city, clerk):
    approve(application=an_application(city), by=clerk, at=APPLIED_AT)
    with connection.cursor() as cursor:
        cursor.execute(FEES[0].stored)
        stored = cursor.fetchall()
        cursor.execute(FEES[0].recomputed)
        assert cursor.fetchall() == stored
