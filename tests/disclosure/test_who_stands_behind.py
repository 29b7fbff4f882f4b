"""What is published gives nobody away, and people and expense go together, month by month."""

from datetime import UTC, datetime, timedelta

import pytest

from factories.clawing import LEAST, balance
from factories.payouts import DECIDED_AT, Desk, a_final_decision
from huzhu.disclosure import services
from huzhu.disclosure.behind import Span, pieces
from huzhu.disclosure.services import CannotPublish
from huzhu.ledger import periods
from huzhu.payouts import services as payouts
from huzhu.payouts.models import Payout

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
AT = datetime(2022, 12, 30, 1, tzinfo=UTC)
JULY, AUGUST, SEPTEMBER = "2022-07", "2022-08", "2022-09"


@pytest.fixture
def desk():
    return Desk()


def due(desk, count, month=JULY, benefit="inpatient"):
    """Something for so many people, each another sum, booked in a month."""
    for number in range(count):
        a_final_decision(desk, 1_000 + number, name=f"{benefit}{number}", benefits={benefit: 1_000 + number})
    months = int(month[-2:]) - 7
    payouts.schedule(at=DECIDED_AT + timedelta(days=31 * months))


def closed(desk, *months):
    for month in months:
        period = periods.lock(book=desk.province, month=month, by=desk.maker, at=AT)
        periods.close(period=period, by=desk.releaser, at=AT)


def proposed(desk, first=JULY, last=None):
    return services.propose(book=desk.province, first=first, last=last or first, by=desk.maker, at=AT)


def expense(accounts):
    return dict(accounts.figures["expense"])


# ── so few people ──


def test_kinds_of_aid_are_one_line_where_so_few_stand_behind_one_of_them(desk):
    due(desk, 3)
    due(desk, 1, benefit="women")
    closed(desk, JULY)
    accounts = proposed(desk)
    assert expense(accounts) == {"互助金支出": 1_000 + 1_001 + 1_002 + 1_000}
    assert accounts.figures["people"] == 4
    assert services.publish(accounts=accounts, by=desk.releaser, at=AT).state == "published"


def test_kinds_of_aid_are_told_where_enough_people_stand_behind_each(desk):
    due(desk, 3)
    due(desk, 3, benefit="women")
    closed(desk, JULY)
    assert set(expense(proposed(desk))) == {"互助金支出·住院", "互助金支出·女性特殊疾病"}


def test_what_so_few_were_paid_is_published_with_other_months_only(desk):
    due(desk, 2)
    due(desk, 3, AUGUST)
    closed(desk, JULY, AUGUST)
    with pytest.raises(CannotPublish, match="2022-07 至 2022-07 的互助金只涉及不到 3 个人"):
        proposed(desk)
    assert proposed(desk, JULY, AUGUST).figures["people"] == 5


def test_a_span_that_tells_what_so_few_were_paid_when_another_is_taken_off_is_refused(desk):
    due(desk, 4)
    due(desk, 1, AUGUST, benefit="women")
    due(desk, 2, SEPTEMBER)
    closed(desk, JULY, AUGUST, SEPTEMBER)
    services.publish(accounts=proposed(desk), by=desk.releaser, at=AT)
    with pytest.raises(CannotPublish, match="可以算出 2022-08 至 2022-08 不到 3 个人"):
        proposed(desk, JULY, AUGUST)
    assert proposed(desk, JULY, SEPTEMBER).figures["people"] == 7


def test_a_kind_is_not_told_by_subtraction_either(desk):
    due(desk, 3)
    due(desk, 3, benefit="women")
    due(desk, 3, AUGUST)
    due(desk, 1, AUGUST, benefit="women")
    closed(desk, JULY, AUGUST)
    assert len(expense(proposed(desk))) == 2
    assert set(expense(proposed(desk, JULY, AUGUST))) == {"互助金支出"}  # there are four of each kind in it


def test_what_was_sent_back_takes_nothing_off(desk):
    due(desk, 4)
    due(desk, 1, AUGUST)
    closed(desk, JULY, AUGUST)
    services.send_back(accounts=proposed(desk), by=desk.releaser, at=AT)
    assert proposed(desk, JULY, AUGUST).figures["people"] == 5


def test_what_a_span_newly_tells():
    whole, july = Span("2022-01", "2022-10"), Span("2022-07", "2022-08")
    assert pieces([], whole) == [whole]
    assert pieces([whole], july) == [Span("2022-01", "2022-07"), july, Span("2022-08", "2022-10")]
    assert pieces([july], Span("2022-09", "2022-10")) == [
        Span("2022-08", "2022-09"),
        Span("2022-09", "2022-10"),
    ]
    assert pieces([july, Span("2022-08", "2022-09")], Span("2022-07", "2022-09")) == [
        Span("2022-07", "2022-09")
    ]


# ── people and expense ──


def months(place, *wanted):
    found = (services.figures(place.province, month, month) for month in wanted)
    return [(one["expense_fen"], one["people"]) for one in found]


def test_who_was_never_paid_anything_is_not_told_to_be_helped(office, place, wang):
    decision = office.decided(wang)
    office.answered(office.sent(), fail_lines={1})
    payouts.pay_again(payout=Payout.objects.get(), by=office.maker, at=office.later())
    office.corrected(decision.claim)
    office.scheduled()
    assert balance("5001") == 0
    assert months(place, JULY) == [(0, 0)]


def test_a_month_keeps_its_people_when_what_it_booked_is_replaced_in_the_next(office, place, wang):
    decision = office.decided(wang)
    office.scheduled()
    office.at = datetime(2022, 8, 3, 2, tzinfo=UTC)
    office.corrected(decision.claim, LEAST)
    office.scheduled()
    assert months(place, JULY, AUGUST) == [(120_000, 1), (-60_000, 0)]
    both = services.figures(place.province, JULY, AUGUST)
    assert (both["expense_fen"], both["people"]) == (60_000, 1)


def test_who_was_paid_and_owes_all_of_it_back_was_not_helped(office, place, wang):
    office.corrected(office.paid(wang).claim)
    office.scheduled()
    assert months(place, JULY) == [(0, 0)]
