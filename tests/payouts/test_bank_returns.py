"""What the bank gives back after it said that it was paid: two people, the credit on its paper, and it is paid again."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from factories.bank import a_statement, an_own_account, told
from factories.claims import a_covered_member
from factories.clawing import LEAST, Office
from factories.payouts import ANSWERED_AT, DECIDED_AT, HOUR, a_payout, an_answered
from factories.users import a_role
from huzhu.adjudication import correcting
from huzhu.audit.models import Event
from huzhu.bank.models import StatementLine
from huzhu.bank.stops import Stopped
from huzhu.cli.checks import CHECKS
from huzhu.cli.verify import compared
from huzhu.contributions import claiming, matching, undoing
from huzhu.contributions.models import LineUse
from huzhu.core.money import yuan
from huzhu.ledger import periods
from huzhu.ledger import queries as books
from huzhu.ledger import services as ledger
from huzhu.ledger.accounts import BANK, IN_TRANSIT
from huzhu.ledger.models import Voucher
from huzhu.notices.models import Notice
from huzhu.payouts import queries, services
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.models import BankReturn, Payout, Receivable
from huzhu.payouts.returning import ReturnRefused
from huzhu.reconciliation import services as reconciliation
from huzhu.reconciliation.models import Difference
from huzhu.reconciliation.sides import sides_of
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
PAID_FEN = 171_400
LATER = ANSWERED_AT + timedelta(days=10)
CAME_ON = date(2022, 7, 20)
OPENING_FEN = 10_000_000


def balance(code: str) -> int:
    return next(one.balance_fen for one in books.balances() if one.line.code == code)


def unproven() -> list[str]:
    return [one.title for one in map(compared, CHECKS) if one.differing]


@pytest.fixture
def account(desk):
    """The account that pays, with money from the agency."""
    row = ledger.Row(BANK, IN_TRANSIT, OPENING_FEN, "yichun-120", 2022, desk.city)
    ledger.post(
        source="remittance:R1:arrived",
        posted_on=date(2022, 7, 14),
        note="上解",
        rows=[row],
        by=desk.maker,
        at=DECIDED_AT,
    )
    return an_own_account(desk.province, by=desk.maker)


@pytest.fixture
def payout(desk, account) -> Payout:
    """Paid, as the bank said."""
    return an_answered(desk, a_payout(desk)).payouts.get()


@pytest.fixture
def tell(desk, account, payout):
    """What the bank's paper says up to the end of the month: what came, what was paid, and these lines."""

    def lines(*more):
        paid = told("2022-07-15", "P1", yuan(-PAID_FEN), payout.holder, "", f"互助金 {payout.batch.number}")
        came = told("2022-07-14", "R1", yuan(OPENING_FEN), "伊春代办处", "", "上解")
        every = sorted([came, paid, *more])
        a_statement(account, *every, by=desk.maker, last_on=date(2022, 7, 31))
        return StatementLine.objects.get(reference=more[0][1]) if more else None

    return lines


@pytest.fixture
def line(tell):
    """The credit that brings it back."""
    return tell(back())


def back(day=f"{CAME_ON}", reference="B1", fen=PAID_FEN):
    return told(day, reference, yuan(fen), "龙江银行", "", "退汇 收款账户已销户")


def said(payout, line, by, **more) -> BankReturn:
    return services.say_return(payout=payout, line=line, by=by, **{"words": "已销户", "at": LATER} | more)


def came_back(desk, payout, line, at=LATER) -> BankReturn:
    found = said(payout, line, desk.maker, at=at)
    return services.confirm_return(found=found, agree=True, by=desk.releaser, at=at)


def nothing_moved(payout):
    payout.refresh_from_db()
    return payout.state == "paid" and balance(BANK) == OPENING_FEN - PAID_FEN and balance("2002") == 0


# ── who may not, and what is refused ──


@pytest.mark.parametrize("code", [c for c in Role.Code if c not in {"payment_maker", "payment_releaser"}])
def test_who_may_not_say_or_confirm_it(desk, payout, line, code):
    with pytest.raises(NotAllowed):
        said(payout, line, a_role(code, desk.province))
    found = said(payout, line, desk.maker)
    for agree in (True, False):
        with pytest.raises(NotAllowed):
            services.confirm_return(found=found, agree=agree, by=a_role(code, desk.province), at=LATER)
    assert nothing_moved(payout)


def test_another_province_does_not_see_or_say_it(desk, payout, line):
    from factories.organisations import a_province  # noqa: PLC0415

    other = a_role("payment_maker", a_province(name="吉林省总工会"))
    with pytest.raises(NotAllowed):
        said(payout, line, other)
    found = said(payout, line, desk.maker)
    assert list(queries.returns_to_confirm(desk.releaser)) == [found]
    assert not queries.returns_visible_to(other).exists()


def test_who_said_it_does_not_confirm_it(desk, payout, line):
    found = said(payout, line, desk.maker)
    turned = a_role("payment_releaser", desk.province, user=desk.maker.user)
    with pytest.raises(ReturnRefused, match="另一个人"):
        services.confirm_return(found=found, agree=True, by=turned, at=LATER)
    settled = {"state": "confirmed", "settled_by": desk.maker.user, "settled_at": LATER}
    with pytest.raises(IntegrityError), transaction.atomic():
        BankReturn.objects.filter(pk=found.pk).update(**settled)
    assert nothing_moved(payout)


@pytest.mark.parametrize(
    ("credit", "words"),
    [
        (back(fen=PAID_FEN - 1), "一分不差"),
        (back(fen=PAID_FEN + 1), "一分不差"),
        (back(fen=-PAID_FEN), "不是付"),
        (back(day="2022-07-14"), "不会是它的退回"),
    ],
)
def test_a_line_that_cannot_be_it_is_refused(desk, payout, tell, credit, words):
    line = tell(credit)
    assert line not in queries.may_have_come_back(payout)
    with pytest.raises(ReturnRefused, match=words):
        said(payout, line, desk.maker)
    assert not LineUse.objects.exists()
    assert nothing_moved(payout)


@pytest.mark.parametrize("where", ["city", "elsewhere"])
def test_an_account_that_does_not_pay_it_is_refused(desk, payout, where):
    from factories.organisations import a_province  # noqa: PLC0415

    place = desk.city if where == "city" else a_province(name="吉林省总工会")
    maker = a_role("payment_maker", place)
    a_statement(an_own_account(place, by=maker), back(), by=maker)
    line = StatementLine.objects.get()
    with pytest.raises(ReturnRefused, match="发放户"):
        said(payout, line, desk.maker)
    assert nothing_moved(payout)


def test_a_line_that_is_something_else_is_refused_until_that_is_taken_back(desk, payout, line):
    use = claiming.post_line(line=line, kind="suspense", by=desk.maker, at=LATER)
    assert line not in queries.may_have_come_back(payout)
    with pytest.raises(ReturnRefused, match=r"待查收款.*先在那一笔来款里撤销"):
        said(payout, line, desk.maker)
    undoing.undo(use=use, reason="是银行的退回", by=desk.maker, at=LATER)
    came_back(desk, payout, line)
    assert balance(BANK) == OPENING_FEN
    assert (balance("2002"), balance("2102")) == (PAID_FEN, 0)


def test_one_credit_brings_back_one_payment(desk, payout, line):
    other = an_answered(desk, a_payout(desk, name="王小明")).payouts.get()
    said(payout, line, desk.maker)
    with pytest.raises(ReturnRefused, match="已由"):
        said(other, line, desk.releaser)
    with pytest.raises(IntegrityError), transaction.atomic():
        BankReturn.objects.create(payout=other, line=line, words="x", said_by=desk.maker.user, said_at=LATER)


def test_it_is_said_once(desk, payout, tell):
    line = tell(back(), back(reference="B2"))
    said(payout, line, desk.maker)
    with pytest.raises(ReturnRefused, match="已有人登记"):
        said(payout, StatementLine.objects.get(reference="B2"), desk.releaser)


@pytest.mark.parametrize("state", ["scheduled", "in_batch", "sent", "in_doubt", "failed", "replaced"])
def test_only_what_is_paid_can_come_back(desk, payout, line, state):
    Payout.objects.filter(pk=payout.pk).update(
        state=state,
        answered_at=ANSWERED_AT if state in {"failed", "replaced"} else None,
        doubted_at=ANSWERED_AT,
        **({"batch": None, "line": None} if state == "scheduled" else {}),
    )
    with pytest.raises(ReturnRefused, match="只有已到账的款"):
        said(payout, line, desk.maker)
    assert not LineUse.objects.exists()


def test_what_is_corrected_is_not_returned_as_it_was(desk, payout, line):
    """What was paid too much is owed by the member: what comes back is not the whole any more."""
    found = said(payout, line, desk.maker)
    type(payout.decision).objects.filter(pk=payout.decision_id).update(state="corrected")
    with pytest.raises(ReturnRefused, match="核定已经更正"):
        services.confirm_return(found=found, agree=True, by=desk.releaser, at=LATER)
    found.refresh_from_db()
    assert found.state == "said"
    services.confirm_return(found=found, agree=False, by=desk.releaser, at=LATER)
    with pytest.raises(ReturnRefused, match="待收回"):
        said(payout, line, desk.maker)
    assert nothing_moved(payout)


def test_who_comes_second_is_told(desk, payout, line):
    found = came_back(desk, payout, line)
    stale = BankReturn.objects.get(pk=found.pk)
    with pytest.raises(ReturnRefused, match="刚刚有人办过"):
        services.confirm_return(found=stale, agree=False, by=desk.maker, at=LATER)
    with pytest.raises(ReturnRefused, match="只有已到账的款"):
        said(payout, line, desk.maker)


# ── what happens ──


def test_said_it_only_takes_the_line(desk, payout, line):
    assert queries.may_have_come_back(payout) == [line]
    assert queries.that_came_back_by(desk.maker, line) == [payout]
    found = said(payout, line, desk.maker)
    assert nothing_moved(payout)
    assert (found.words, found.get_state_display()) == ("已销户", "待第二人确认")
    assert queries.may_have_come_back(payout) == queries.that_came_back_by(desk.maker, line) == []
    assert LineUse.objects.get(line=line, ended_at=None).kind == "aid_back"


@pytest.mark.parametrize("who", ["maker", "releaser"])
def test_taken_back_or_not_agreed_to_the_line_is_free_again(desk, payout, line, who):
    found = said(payout, line, desk.maker)
    services.confirm_return(found=found, agree=False, by=getattr(desk, who), at=LATER)
    assert nothing_moved(payout)
    assert line in matching.unsaid(StatementLine.objects.all())
    came_back(desk, payout, line)
    payout.refresh_from_db()
    assert payout.state == "failed"


def test_confirmed_it_is_as_if_the_bank_had_refused_it(desk, payout, line):
    came_back(desk, payout, line)
    payout.refresh_from_db()
    claim = payout.decision.claim
    assert (payout.state, payout.bank_words, payout.answered_at) == ("failed", "已销户", ANSWERED_AT)
    assert (claim.state, claim.paid_at) == ("paying", None)
    assert (balance(BANK), balance("2001"), balance("2002")) == (OPENING_FEN, 0, PAID_FEN)
    voucher = Voucher.objects.get(source="aid-back:B1:1")
    assert (voucher.posted_on, voucher.happened_on) == (CAME_ON, None)
    assert LineUse.objects.get(line=line, ended_at=None).voucher == voucher
    assert [one.payout for one in queries.failed(desk.maker, LATER)] == [payout]
    texts = [str(one.text) for one in Notice.objects.filter(purpose="payout")]
    assert len([one for one in texts if "到账后被银行退了回来" in one and "已销户" in one]) == 1
    verbs = list(Event.objects.filter(object_id=str(payout.pk)).order_by("pk").values_list("verb", flat=True))
    assert verbs[-3:] == ["payouts.say_return", "payouts.confirm_return", "payouts.failed"]
    assert unproven() == []


def test_once_confirmed_the_line_is_not_taken_back_by_itself(desk, payout, line):
    """What was booked stands: the payment may be on its way again."""
    came_back(desk, payout, line)
    use = LineUse.objects.get(line=line, ended_at=None)
    with pytest.raises(claiming.ClaimRefused, match="在确认以前到那一笔给付里撤销"):
        undoing.undo(use=use, reason="认错了", by=desk.maker, at=LATER)


def test_in_a_month_that_is_shut_it_is_booked_on_the_first_open_day(desk, payout, line):
    month_end = LATER + timedelta(days=20)
    periods.lock(book=desk.province, month="2022-07", by=desk.maker, at=month_end)
    came_back(desk, payout, line, at=month_end)
    voucher = Voucher.objects.get(source="aid-back:B1:1")
    assert (voucher.posted_on, voucher.happened_on) == (date(2022, 8, 1), CAME_ON)
    assert unproven() == []


def paid_again(desk, old, at):
    """Made again, batched, released and paid, with the bank's own words."""
    again = services.pay_again(payout=old, by=desk.maker, at=at)
    batch = services.make_batch(payouts=[again], by=desk.maker, at=at)
    batch = services.release(batch=batch, by=desk.releaser, at=at + HOUR)
    data = reply_for(batch, at + 2 * HOUR)
    services.apply_reply(batch=batch, data=data, by=desk.maker, at=at + 3 * HOUR)
    return batch.payouts.get()


def test_it_is_paid_again_and_comes_back_a_second_time(desk, payout, tell, account):
    """The money leaves the books once more after each return, and never twice between."""
    first = tell(back(), told("2022-07-21", "P2", yuan(-PAID_FEN), payout.holder), back("2022-07-22", "B2"))
    came_back(desk, payout, first, at=LATER - timedelta(days=5))
    second = paid_again(desk, payout, LATER - timedelta(days=4, hours=8))
    assert (second.state, second.answered_at.date()) == ("paid", date(2022, 7, 21))
    assert (balance(BANK), balance("2002")) == (OPENING_FEN - PAID_FEN, 0)
    assert second.decision.claim.state == "paid"
    assert unproven() == []
    came_back(desk, second, StatementLine.objects.get(reference="B2"))
    assert (balance(BANK), balance("2002")) == (OPENING_FEN, PAID_FEN)
    assert silent(desk, account)
    third = paid_again(desk, second, LATER + timedelta(days=10))
    assert third.decision.claim.state == "paid"
    assert balance(BANK) == OPENING_FEN - PAID_FEN
    sources = Voucher.objects.filter(source__contains=":paid").order_by("pk").values_list("source", flat=True)
    keys = list(BankReturn.objects.order_by("pk").values_list("pk", flat=True))
    base = f"decision:{payout.decision_id}:paid"
    assert list(sources) == [base, f"{base}:{keys[0]}", f"{base}:{keys[1]}"]
    assert unproven() == []


def test_what_comes_back_before_a_correction_is_replaced_by_it(place):
    """Nothing is paid again while the settlement is in question; then the new sum is, as after a failed payment."""
    office = Office(place)
    decision = office.paid(a_covered_member(place, "王小明", sex="male"))
    payout, account = decision.payouts.get(), an_own_account(place.province, by=office.maker)
    day = payout.answered_at.date()
    a_statement(account, back(f"{day}", fen=payout.amount_fen), by=office.maker)
    change = office.changed(decision.claim, LEAST)
    found = said(payout, StatementLine.objects.get(), office.maker, at=office.later())
    services.confirm_return(found=found, agree=True, by=office.releaser, at=office.later())
    with pytest.raises(services.SettlementInQuestion):
        services.pay_again(payout=payout, by=office.maker, at=office.later())
    proposed = office.proposed(change)
    correcting.settle(correction=proposed, agree=True, reason="", by=office.second, at=office.later())
    office.scheduled()
    payout.refresh_from_db()
    assert (payout.state, Receivable.objects.count()) == ("replaced", 0)
    assert (balance("2001"), balance("2002"), balance(BANK)) == (0, 0, 0)
    [due] = queries.to_schedule(office.maker, office.at)
    assert (due.amount_fen, due.objection[:12]) == (60_000, "银行退回过这个账户，不能")
    assert unproven() == []


# ── what the bank's paper says of it ──


def silent(desk, account) -> bool:
    made = reconciliation.run(account=account, by=desk.maker, at=LATER + timedelta(days=30))
    return (made.found_count, made.difference_fen) == (0, 0)


def stands() -> list[str]:
    return list(Difference.objects.exclude(state="gone").values_list("kind", flat=True))


def test_reconciliation_is_silent_when_it_is_booked_and_waits_while_it_is_only_said(
    desk, payout, line, account
):
    def run():
        reconciliation.run(account=account, by=desk.maker, at=LATER + timedelta(days=7))
        return stands()

    assert run() == ["bank_extra"]
    found = said(payout, line, desk.maker)
    assert run() == ["to_confirm"]
    services.confirm_return(found=found, agree=False, by=desk.releaser, at=LATER)
    assert run() == ["bank_extra"]
    came_back(desk, payout, line)
    assert run() == []
    assert silent(desk, account)


def test_who_said_it_is_a_hand_in_its_line_and_its_voucher_as_who_confirmed_it(desk, payout, line, account):
    other = a_role("payment_maker", desk.province)  # who took the statement in is a hand already
    found = said(payout, line, other)
    [told_of] = [one for one in sides_of(account, date(2022, 7, 31)).lines if one.key == str(line.pk)]
    assert other.actor_id in told_of.caused_by
    services.confirm_return(found=found, agree=True, by=desk.releaser, at=LATER)
    [book] = [one for one in sides_of(account, date(2022, 7, 31)).book if one.reference == line.reference]
    assert book.caused_by == {other.actor_id, desk.releaser.actor_id}


def test_while_what_leaves_is_stopped_a_return_is_booked_and_nothing_goes_out(desk, payout, line, account):
    reconciliation.run(account=account, by=desk.maker, at=LATER)
    came_back(desk, payout, line)
    again = services.pay_again(payout=payout, by=desk.maker, at=LATER)
    with pytest.raises(Stopped):
        services.make_batch(payouts=[again], by=desk.maker, at=LATER)


@pytest.mark.parametrize(
    ("title", "statement"),
    [
        ("银行退回的已到账款：来款和凭证", "UPDATE contributions_lineuse SET voucher_id = NULL"),
        ("银行退回的已到账款：来款和凭证", "UPDATE payouts_bankreturn SET state = 'declined'"),
        ("已到账：付款凭证", "UPDATE payouts_bankreturn SET state = 'declined'"),
    ],
)
def test_verify_sees_a_return_that_is_not_in_the_books(desk, payout, line, title, statement):
    from django.db import connection  # noqa: PLC0415

    came_back(desk, payout, line)
    assert unproven() == []
    with connection.cursor() as cursor:
        cursor.execute(statement)
    assert title in unproven()
