"""Cover begins with the last of the money: until then what came may be taken back or given back, however late it is."""

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from factories.applications import APPLIED_AT, an_application
from factories.bank import told
from factories.contributions import an_accepted_roster
from factories.enrolment import UPLOADED_AT, a_staged_roster, some_workers
from factories.office import AT, START, Office, held, shares, states
from factories.organisations import an_employer
from factories.schemes import the_inpatient_scheme, the_women_scheme
from huzhu.contributions import (
    claiming,
    giving_back,
    lapsing,
    queries,
    refunds,
    services,
    undoing,
    withdrawing,
)
from huzhu.contributions.individuals import approve
from huzhu.contributions.models import OfficialReceipt, Share
from huzhu.contributions.services import Money
from huzhu.enrolment.models import Beginning, Enrolment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files", "totals_verified")]
LATER = datetime(2023, 1, 5, 10, tzinfo=timezone.get_default_timezone())
TO = refunds.Payee("美溪林业局公司", "工商银行", "6222 0209 0301 2345")


@pytest.fixture
def office(db):
    return Office()


def comes(office, share, fen, reference="A1"):
    [line] = office.bank(told("2022-11-28", reference, f"{fen // 100}.00"))
    return claiming.claim(line=line, parts=[Money(share, fen)], by=office.agency, at=AT)


def given_back(office, at=LATER, **about):
    asked = refunds.propose(payees=[TO], reason="不参加了", by=office.agency, at=at, **about)
    listed = refunds.make_list(refunds=[asked], by=office.maker, at=at)
    refunds.release(listed=listed, by=office.releaser, at=at)
    return asked


def test_a_part_that_was_taken_for_another_rosters_is_free_again(office):
    roster = office.owes()
    use = comes(office, shares(roster)[0], 10_000)
    undoing.undo(use=use, reason="认错了单位", by=office.agency, at=LATER)
    assert (states(roster), shares(roster)[0].received_fen, held("1003")) == ({"awaiting"}, 0, 0)


def test_a_part_goes_back_and_the_roster_ends(office):
    roster = office.owes()
    comes(office, shares(roster)[0], 10_000)
    assert given_back(office, roster=roster).amount_fen == 10_000
    assert (states(roster), held("2103"), roster.dues.get().amount_fen) == ({"void"}, 10_000, 0)


def test_the_scheme_that_never_began_is_given_back_and_the_other_runs_on(office):
    employer = an_employer(office.city)
    editions = [the_inpatient_scheme(), the_women_scheme()]
    roster = an_accepted_roster(employer, editions, some_workers(2), by=office.agency, starts_on=START)
    paid, part = shares(roster)
    [line] = office.bank(told("2022-11-28", "A1", f"{paid.amount_fen // 100 + 10}.00"))
    claiming.claim(
        line=line, parts=[Money(paid, paid.amount_fen), Money(part, 1_000)], by=office.agency, at=AT
    )
    assert given_back(office, roster=roster).amount_fen == 1_000
    found = roster.enrolments.values_list("edition__slug", "state").distinct()
    assert sorted(found) == sorted([(paid.due.edition.slug, "in_force"), (part.due.edition.slug, "void")])
    with pytest.raises(giving_back.RefundRefused, match="已经开始"):
        giving_back.refuse_begun(roster.enrolments.filter(state="in_force").first(), LATER)


def test_an_individual_who_paid_a_part_gets_it_back_and_the_cover_lapses_no_more(office):
    approve(application=an_application(office.city), by=office.agency, at=APPLIED_AT)
    use = comes(office, Share.objects.get(), 4_000)
    one = Enrolment.objects.get()
    assert (one.state, lapsing.lapse_what_nobody_paid(at=LATER + timedelta(days=365))) == ("awaiting", 0)
    given_back(office, roster=one.roster)
    assert (states(one.roster), held("2103"), held("1003")) == ({"void"}, 4_000, 4_000)
    with pytest.raises(claiming.ClaimRefused, match="退过"):
        undoing.undo(use=use, reason="认错了人", by=office.agency, at=LATER)


def test_what_was_another_persons_is_taken_back_and_the_application_lapses_in_its_time(office):
    approve(application=an_application(office.city), by=office.agency, at=APPLIED_AT)
    use = comes(office, Share.objects.get(), 4_000)
    undoing.undo(use=use, reason="认错了人", by=office.agency, at=LATER)
    assert lapsing.lapse_what_nobody_paid(at=LATER) == 0  # the days to pay begin anew
    assert lapsing.lapse_what_nobody_paid(at=LATER + timedelta(days=60)) == 1


def test_who_stands_on_a_roster_that_nobody_paid_is_struck_and_may_join_elsewhere(office):
    rows, editions = some_workers(1), [the_inpatient_scheme()]
    first = an_accepted_roster(
        an_employer(office.city), editions, rows, by=office.agency, starts_on=START, at=UPLOADED_AT
    )

    def elsewhere():
        employer = an_employer(office.city)
        day = date(2023, 2, 1)
        return a_staged_roster(employer, editions, rows, by=office.agency, starts_on=day, at=LATER).rows.get()

    assert not elsewhere().joins
    withdrawing.end_before_start(
        enrolment=first.enrolments.get(), reason="单位没有缴", by=office.agency, at=LATER
    )
    assert elsewhere().joins


def test_cover_that_runs_stays_although_its_rows_are_still_being_written(office):
    roster = office.owes(heads=1)
    due, one = roster.dues.get(), roster.enrolments.get()
    Beginning.objects.create(roster=roster, edition=due.edition)
    assert list(roster.dues.begun(START)) == [due]
    assert not roster.dues.begun(START - timedelta(days=1)).exists()
    assert "已经开始" in withdrawing.may_end(one, LATER)


def test_a_transfer_by_hand_may_be_taken_back_until_cover_begins(office):
    roster, whole = office.owes(), office.owes()
    for one, fen, reference in ((roster, 10_000, "H1"), (whole, 36_000, "H2")):
        services.record_transfer(
            parts=[Money(shares(one)[0], fen)],
            received_on=AT.date(),
            bank_reference=reference,
            by=office.agency,
            at=AT,
        )
    papers = queries.transfers(OfficialReceipt.objects.order_by("pk"))
    part, all_of_it = (one.paper.pk for one in papers)
    assert queries.to_take_back(papers, AT.date()) == {part, all_of_it}
    assert queries.to_take_back(papers, LATER.date()) == {part}
