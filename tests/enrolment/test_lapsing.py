"""An application that was approved and never paid: reminded of once, then gone, with nothing owed and no cover."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from factories.applications import APPLIED_AT, an_application
from factories.contributions import a_receipt
from factories.enrolment import a_staged_roster, some_workers
from factories.organisations import a_city, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.contributions import services as contributions
from huzhu.contributions import undoing
from huzhu.contributions.individuals import approve
from huzhu.contributions.lapsing import lapse_what_nobody_paid
from huzhu.contributions.models import ContributionDue, Gift, Share
from huzhu.enrolment import queries, services
from huzhu.enrolment.lifecycle import APPLICATION
from huzhu.enrolment.models import Application, Enrolment
from huzhu.notices.models import Notice

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    settings.HUZHU_PAY_WITHIN_DAYS = 15


@pytest.fixture
def city():
    return a_city()


@pytest.fixture
def sun(city):
    return a_role("agency_clerk", city, "孙代办")


@pytest.fixture
def approved(city, sun):
    found = an_application(city)
    approve(application=found, by=sun, at=APPLIED_AT)
    return Application.objects.get(pk=found.pk)


def after(days):
    return APPLIED_AT + timedelta(days=days)


def told(application):
    return list(
        Notice.objects.filter(phone_index=application.phone, purpose="join")
        .order_by("pk")
        .values_list("created_at", flat=True)
    )


def test_whose_money_was_taken_back_has_the_days_to_pay_again(approved, sun):
    share, day = Share.objects.get(due__roster=approved.roster_id), after(15)
    [receipt] = contributions.record_transfer(
        parts=[contributions.Money(share, share.amount_fen)],
        received_on=day.date(),
        bank_reference="H1",
        by=sun,
        at=day,
    )
    undoing.undo_transfer(paper=receipt.paper, reason="别人的钱", by=sun, at=day)
    assert lapse_what_nobody_paid(at=after(16)) == 0
    assert lapse_what_nobody_paid(at=after(31)) == 1


def test_what_a_sponsor_would_have_given_is_nobodys_then(approved):
    one = Enrolment.objects.get(roster=approved.roster_id)
    share = Share.objects.get(due__roster=approved.roster_id)
    Gift.objects.create(share=share, enrolment=one, amount_fen=1_000)
    assert lapse_what_nobody_paid(at=after(16)) == 1
    assert not Gift.objects.exists()


def test_the_person_is_told_the_day_reminded_once_and_then_it_lapses(approved):
    texts = Notice.objects.filter(phone_index=approved.phone, purpose="join")
    assert any("请在 2022-02-04 前转账 140 元" in one.text for one in texts)
    before = len(told(approved))
    assert [lapse_what_nobody_paid(at=after(day)) for day in (11, 12, 13, 15)] == [0, 0, 0, 0]
    assert len(told(approved)) == before + 1
    assert Application.objects.get(pk=approved.pk).state == "approved"
    assert lapse_what_nobody_paid(at=after(16)) == 1
    assert lapse_what_nobody_paid(at=after(17)) == 0
    gone = Application.objects.get(pk=approved.pk)
    assert (gone.state, gone.reason) == ("lapsed", "到 2022-02-04 没有收到会费")
    assert len(told(approved)) == before + 2
    assert Event.objects.get(verb="applications.lapsed").actor_id == "system"
    assert Event.objects.filter(verb="applications.remind").count() == 1


def test_nothing_is_owed_and_nobody_covered_and_the_person_may_apply_again(approved, city):
    lapse_what_nobody_paid(at=after(16))
    assert Enrolment.objects.get().state == "void"
    due = ContributionDue.objects.get()
    assert (due.heads, due.units, due.amount_fen, due.left_fen) == (0, 0, 0, 0)
    again = an_application(
        city, number=approved.id_number, name=approved.name, phone=approved.phone, at=after(20)
    )
    assert again.state == "submitted"


def test_who_has_paid_or_paid_in_part_keeps_the_place(approved, sun):
    share = Share.objects.get()
    a_receipt(share, by=sun, amount_fen=100)
    assert lapse_what_nobody_paid(at=after(40)) == 0
    a_receipt(share, by=sun, amount_fen=share.amount_fen - 100)
    assert lapse_what_nobody_paid(at=after(60)) == 0
    assert Enrolment.objects.get().state == "in_force"


def test_only_what_was_approved_lapses():
    assert [state for state, exits in APPLICATION.items() if Application.State.LAPSED in exits] == [
        "approved"
    ]


def test_the_last_four_digits_are_found_by_their_index_also_in_old_rows(approved, sun):
    found = queries.applications_visible_to(sun)
    last = approved.id_number[-4:]
    assert list(queries.matching(found, last)) == [approved]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE enrolment_application SET id_number_last4 = NULL")
    assert not queries.matching(found, last).exists()
    import_module("huzhu.enrolment.migrations.0010_lapse_and_last_four").fill(apps, None)
    assert list(queries.matching(found, last)) == [approved]


def test_a_closed_employer_takes_no_roster_and_says_so(city, sun):
    employer = an_employer(city, name="关停的厂")
    employer.is_open = False
    employer.save(update_fields=["is_open"])
    with pytest.raises(services.NotAnEmployer, match="关停的厂已经停用"):
        a_staged_roster(employer, [the_inpatient_scheme()], some_workers(1), by=sun)
