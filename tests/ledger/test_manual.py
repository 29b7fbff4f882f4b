"""Vouchers by hand: two persons, only some kinds, within one purse, in an open month, from what is there; taken back by reversal."""

from datetime import UTC, date, datetime

import pytest

from factories.ledger import a_row, a_voucher
from factories.organisations import a_city, a_province
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.ledger import closing, manual, periods, queries
from huzhu.ledger.accounts import NAMES, purse_of
from huzhu.ledger.models import LedgerEntry, ManualVoucher, Voucher
from huzhu.ledger.periods import SamePerson
from huzhu.ledger.services import MonthIsShut
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
AT = datetime(2022, 11, 30, 2, tzinfo=UTC)
DAY = date(2022, 11, 20)


@pytest.fixture
def province():
    the_inpatient_scheme()
    return a_province()


@pytest.fixture
def maker(province):
    return a_role("payment_maker", province)


@pytest.fixture
def releaser(province):
    return a_role("payment_releaser", province)


def proposed(maker, way="union_in", fen=50_000, **fields):
    mutual = {"scheme_slug": "yichun-120", "fund_year": 2022} if manual.WAYS[way].purse == "互助资金" else {}
    told = {"posted_on": DAY, "basis": "省总拨款文件一号", "at": AT} | mutual | fields
    return manual.propose(book=maker.organisation, way=way, amount_fen=fen, by=maker, **told)


def posted(maker, releaser, way="union_in", fen=50_000, **fields):
    return manual.confirm(manual=proposed(maker, way, fen, **fields), by=releaser, at=AT)


def balance(code, **split):
    return next(
        one.balance_fen for one in queries.balances(purse=purse_of(code), **split) if one.line.code == code
    )


@pytest.mark.parametrize("code", ["payment_releaser", "auditor", "leader", "agency_clerk", "administrator"])
def test_who_may_not_propose(province, code):
    role = a_role(code, a_city(province) if code == "agency_clerk" else province)
    with pytest.raises(NotAllowed):
        manual.propose(
            book=province,
            way="union_in",
            amount_fen=1,
            posted_on=DAY,
            basis="省总拨款文件一号",
            by=role,
            at=AT,
        )
    assert not ManualVoucher.objects.exists()


@pytest.mark.parametrize("code", ["payment_maker", "auditor", "leader"])
def test_who_may_not_confirm(province, maker, code):
    one = proposed(maker)
    for verb in (manual.confirm, manual.send_back):
        with pytest.raises(NotAllowed):
            verb(manual=one, by=a_role(code, province), at=AT)
    assert not Voucher.objects.exists()


def test_the_same_person_in_another_role_does_not_confirm(province, maker):
    one = proposed(maker)
    both = a_role("payment_releaser", province, user=maker.user)
    with pytest.raises(SamePerson):
        manual.confirm(manual=one, by=both, at=AT)


def test_another_provinces_maker_proposes_nothing_here(maker):
    other = a_province()
    with pytest.raises(NotAllowed):
        manual.propose(
            book=other, way="union_in", amount_fen=1, posted_on=DAY, basis="省总拨款文件一号", by=maker, at=AT
        )


def test_nothing_moves_before_the_second_word_and_then_once(maker, releaser):
    one = proposed(maker)
    assert not LedgerEntry.objects.exists()
    done = manual.confirm(manual=one, by=releaser, at=AT)
    assert (balance("6001"), balance("6401"), done.voucher.source) == (50_000, 50_000, f"manual:{one.pk}")
    with pytest.raises(ValueError, match="已入账"):
        manual.confirm(manual=one, by=releaser, at=AT)
    assert Voucher.objects.count() == 1
    verbs = Event.objects.filter(verb__startswith="vouchers.").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["vouchers.propose", "vouchers.confirm"]


def test_what_is_sent_back_was_never_booked(maker, releaser):
    done = manual.send_back(manual=proposed(maker), by=releaser, at=AT)
    assert (done.state, done.voucher, Voucher.objects.count()) == ("sent_back", None, 0)


def test_no_way_leads_from_one_purse_to_another_and_every_account_is_of_the_chart():
    for way in manual.WAYS.values():
        assert {way.debit, way.credit} <= NAMES.keys()
        assert purse_of(way.debit) == purse_of(way.credit) == way.purse


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"way": "4001"}, "没有选要记什么"),
        ({"fen": 0}, "要大于 0"),
        ({"basis": "  无 "}, "没有写依据"),
        ({"posted_on": date(2022, 12, 1)}, "还没有到"),
        ({"posted_on": date(22, 11, 1)}, "两年以前"),
        ({"way": "union_out"}, "只有 0.00 元，不够 500.00 元"),
        ({"way": "reserve_draw"}, "风险备付金只有 0.00 元"),
        ({"way": "fund_opening", "scheme_slug": ""}, "请选方案"),
        ({"way": "fund_opening", "scheme_slug": "nowhere"}, "请选方案"),
    ],
)
def test_what_is_refused_says_why(maker, fields, words):
    asked = {"way": "union_in", "fen": 50_000} | fields
    told = {"posted_on": DAY, "basis": "省总拨款文件一号", "scheme_slug": "yichun-120", "fund_year": 2022}
    told |= {name: value for name, value in asked.items() if name in told}
    with pytest.raises(manual.ManualRefused, match=words):
        manual.propose(
            book=maker.organisation, way=asked["way"], amount_fen=asked["fen"], by=maker, at=AT, **told
        )


def test_a_month_that_was_shut_takes_none(maker, releaser, province):
    posted(maker, releaser, posted_on=date(2022, 10, 20))
    waiting = proposed(maker, posted_on=date(2022, 10, 21))
    periods.lock(book=province, month="2022-10", by=maker, at=AT)
    with pytest.raises(manual.ManualRefused, match="2022-10 已锁账"):
        proposed(maker, posted_on=date(2022, 10, 22))
    with pytest.raises(MonthIsShut):
        manual.confirm(manual=waiting, by=releaser, at=AT)
    assert ManualVoucher.objects.get(pk=waiting.pk).state == "proposed"


def test_what_two_proposals_would_spend_twice_is_refused_the_second_time(maker, releaser):
    posted(maker, releaser)
    first, second = (proposed(maker, "union_out", 30_000) for _ in range(2))
    manual.confirm(manual=first, by=releaser, at=AT)
    with pytest.raises(manual.ManualRefused, match=r"只有 200\.00 元"):
        manual.confirm(manual=second, by=releaser, at=AT)
    assert balance("6001") == 20_000


def test_a_mistake_is_taken_back_once_by_two_and_only_if_the_money_is_still_there(maker, releaser):
    one = posted(maker, releaser)
    spent = posted(maker, releaser, "union_out", 40_000)
    back = manual.propose_reversal(manual=one, basis="记到了别的单位", by=maker, at=AT)
    with pytest.raises(manual.ManualRefused, match="已经有冲销在办"):
        manual.propose_reversal(manual=one, basis="记到了别的单位", by=maker, at=AT)
    with pytest.raises(manual.ManualRefused, match=r"只有 100\.00 元"):
        manual.confirm(manual=back, by=releaser, at=AT)
    undone = manual.propose_reversal(manual=spent, basis="发票作废了", by=maker, at=AT)
    manual.confirm(manual=undone, by=releaser, at=AT)
    done = manual.confirm(manual=back, by=releaser, at=AT)
    assert done.voucher.reverses == one.voucher
    assert (balance("6001"), balance("6401"), balance("6501")) == (0, 0, 0)
    with pytest.raises(manual.ManualRefused, match="不能再冲"):
        manual.propose_reversal(manual=done, basis="再来一次看看", by=maker, at=AT)


def test_the_reserve_is_drawn_upon_by_two_and_a_later_closing_does_not_fill_it_up_again(
    province, maker, releaser
):
    city = a_city(province)
    a_voucher(a_row(100_000, office=city), on=date(2022, 1, 28))
    after = datetime(2023, 3, 1, 1, tzinfo=UTC)
    rate = closing.propose_rate(
        book=province, valid_from=date(2022, 1, 1), basis="income", basis_points=1000, clause="第十条",
        by=maker, at=after,
    )  # fmt: skip
    closing.confirm_rate(rate=rate, by=releaser, at=after)
    for month in range(1, 13):
        period = periods.lock(book=province, month=f"2022-{month:02d}", by=maker, at=after)
        periods.close(period=period, by=releaser, at=after)
    closing.confirm(
        closing=closing.propose(book=province, fund_year=2022, by=maker, at=after), by=releaser, at=after
    )
    assert balance("3002") == 10_000
    posted_on = date(2023, 2, 1)
    drawn = proposed(maker, "reserve_draw", 4_000, posted_on=posted_on, at=after)
    manual.confirm(manual=drawn, by=releaser, at=after)
    assert (balance("3002"), closing.plan(province, 2022).rows) == (6_000, [])
    with pytest.raises(manual.ManualRefused, match=r"风险备付金只有 60\.00 元"):
        proposed(maker, "reserve_draw", 6_001, posted_on=posted_on, at=after)


def test_an_opening_balance_belongs_to_one_scheme_and_leaves_every_stored_total_true(maker, releaser):
    from huzhu.cli.checks import CHECKS  # noqa: PLC0415
    from huzhu.cli.verify import compared  # noqa: PLC0415

    one = posted(maker, releaser, "fund_opening", 100_000)
    posted(maker, releaser, "fund_opening", 1_000)
    assert (balance("1001", scheme="yichun-120"), balance("1001", scheme="yichun-women")) == (101_000, 0)
    manual.confirm(
        manual=manual.propose_reversal(manual=one, basis="决算数改了", by=maker, at=AT), by=releaser, at=AT
    )
    assert not [found for check in CHECKS if (found := compared(check)).differing]
