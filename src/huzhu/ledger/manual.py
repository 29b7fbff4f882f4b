"""Vouchers by hand: only of these kinds, each within one purse, proposed by one person and posted by another.

What the rooms book by themselves is not booked here. A mistake is taken back by a voucher that reverses it, by two again.
"""

from datetime import date, datetime
from typing import NamedTuple

from django.db import IntegrityError, transaction

from huzhu.audit import services as audit
from huzhu.core.money import spoken
from huzhu.ledger import lifecycle, periods, queries, services
from huzhu.ledger.accounts import BANK, FUND, NAMES, RESERVE, Purse, purse_of
from huzhu.ledger.books import locked_books
from huzhu.ledger.models import ManualVoucher
from huzhu.ledger.periods import SamePerson
from huzhu.organisations.models import Organisation
from huzhu.rules.units import SHANGHAI
from huzhu.schemes.queries import published
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

State = ManualVoucher.State
SOURCE = "manual:"


class ManualRefused(ValueError):
    """Nothing can be booked by hand as told."""


class Way(NamedTuple):
    """One kind of voucher by hand: its words, and the two accounts that it moves between."""

    words: str
    debit: str
    credit: str

    @property
    def purse(self) -> Purse:
        return purse_of(self.debit)

    @property
    def taken_back(self) -> "Way":
        return self._replace(debit=self.credit, credit=self.debit)

    @property
    def takes_from(self) -> list[str]:
        """The accounts that must hold what is taken: funds on the debit side, money on the credit side."""
        return [self.debit] * (self.debit in _FUNDS) + [self.credit] * (self.credit in _BANKS)


_BANKS = frozenset({BANK, "6001", "7001"})
_FUNDS = frozenset({FUND, RESERVE})
WAYS: dict[str, Way] = {
    "union_in": Way("工会经费收入", "6001", "6401"),
    "union_out": Way("工会经费支出", "6501", "6001"),
    "union_opening": Way("工会经费期初余额", "6001", "6301"),
    "hardship_in": Way("困难帮扶资金收入", "7001", "7401"),
    "hardship_out": Way("困难帮扶资金支出", "7501", "7001"),
    "hardship_opening": Way("困难帮扶资金期初余额", "7001", "7301"),
    "reserve_add": Way("补提风险备付金", FUND, RESERVE),
    "reserve_draw": Way("动用风险备付金", RESERVE, FUND),
    "fund_opening": Way("互助基金期初余额", BANK, FUND),
}
CHOICES = [(key, way.words) for key, way in WAYS.items()]


@transaction.atomic
def propose(  # noqa: PLR0913  a voucher to be: what, how much, of when, of which scheme and year, resting on what
    *,
    book: Organisation,
    way: str,
    amount_fen: int,
    posted_on: date,
    basis: str,
    scheme_slug: str = "",
    fund_year: int | None = None,
    by: Role,
    at: datetime,
) -> ManualVoucher:
    """One person's word; nothing moves before another has confirmed it. ManualRefused, and MonthIsShut as `post`."""
    check_may(by, "vouchers.propose", within=book)
    found = WAYS.get(way)
    if found is None:
        raise ManualRefused("没有选要记什么，没有提出。会费、给付、退费由系统自动记账，不能手工记。")
    said = _said(basis)
    is_mutual = found.purse == Purse.MUTUAL
    if is_mutual and (
        not scheme_slug or scheme_slug not in {row.slug for row in published()} or not fund_year
    ):
        raise ManualRefused("互助资金要按方案和基金年度记，没有提出：请选方案、填基金年度。")
    if amount_fen <= 0:
        raise ManualRefused("金额要大于 0，没有提出。")
    if posted_on > at.astimezone(SHANGHAI).date():
        raise ManualRefused(f"{posted_on} 还没有到，没有提出。请填事情发生的日期。")
    if periods.is_long_before(posted_on, at.astimezone(SHANGHAI).date()):
        raise ManualRefused(f"{posted_on} 在两年以前，没有提出。请核对年份。")
    made = ManualVoucher(
        book=book,
        way=way,
        amount_fen=amount_fen,
        posted_on=posted_on,
        scheme_slug=scheme_slug if is_mutual else "",
        fund_year=fund_year if is_mutual and fund_year else posted_on.year,
        basis=said,
        proposed_by=by.user,
        proposed_at=at,
    )
    if period := periods.shut([book], posted_on).of(book, posted_on):
        raise ManualRefused(f"{period}，{posted_on} 不能再记，没有提出。请填还开放的月份里的日期。")
    _check_holds(made, found)
    made.save()
    detail = {"way": way, "amount_fen": amount_fen}
    audit.record(by=by, verb="vouchers.propose", on=made, at=at, detail=detail)
    return made


@transaction.atomic
def propose_reversal(*, manual: ManualVoucher, basis: str, by: Role, at: datetime) -> ManualVoucher:
    """Taking back a voucher by hand is proposed; another person posts the mirror image."""
    check_may(by, "vouchers.propose", within=manual.book)
    said = _said(basis)
    if manual.state != State.POSTED or manual.reverses_id is not None:
        raise ManualRefused("只有已入账的手工凭证可以冲销，冲销凭证本身不能再冲。没有提出。")
    try:
        with transaction.atomic():
            made = ManualVoucher.objects.create(
                book=manual.book,
                way=manual.way,
                amount_fen=manual.amount_fen,
                posted_on=at.astimezone(SHANGHAI).date(),
                scheme_slug=manual.scheme_slug,
                fund_year=manual.fund_year,
                basis=said,
                reverses=manual,
                proposed_by=by.user,
                proposed_at=at,
            )
    except IntegrityError as problem:
        raise ManualRefused("这张凭证已经有冲销在办或已冲销，没有再提。请刷新后再看。") from problem
    audit.record(by=by, verb="vouchers.propose", on=made, at=at, detail={"reverses": str(manual)})
    return made


@transaction.atomic
def confirm(*, manual: ManualVoucher, by: Role, at: datetime) -> ManualVoucher:
    """Another person posts it, in the month that is still open, from what is still there."""
    held = _held(manual, State.POSTED, by)
    way, source = WAYS[held.way], f"{SOURCE}{held.pk}"
    if held.reverses is not None and held.reverses.voucher is not None:
        _check_holds(held, way.taken_back)
        held.voucher = services.reverse(
            voucher=held.reverses.voucher,
            reason=held.basis,
            posted_on=held.posted_on,
            by=by,
            at=at,
            source=source,
        )
    else:
        _check_holds(held, way)
        row = services.Row(
            way.debit, way.credit, held.amount_fen, held.scheme_slug, held.fund_year, held.book
        )
        held.voucher = services.post(
            source=source,
            posted_on=held.posted_on,
            note=f"{way.words}：{held.basis}",
            rows=[row],
            by=by,
            at=at,
        )
    return _settled(held, State.POSTED, "vouchers.confirm", by, at)


@transaction.atomic
def send_back(*, manual: ManualVoucher, by: Role, at: datetime) -> ManualVoucher:
    """The other person does not agree, and nothing was booked."""
    return _settled(_held(manual, State.SENT_BACK, by), State.SENT_BACK, "vouchers.send_back", by, at)


def _held(manual: ManualVoucher, to: str, by: Role) -> ManualVoucher:
    check_may(by, "vouchers.confirm", within=manual.book)
    locked_books([manual.book])
    rows = ManualVoucher.objects.select_related("book", "reverses__voucher")
    held = rows.select_for_update(of=("self",)).get(pk=manual.pk)
    lifecycle.check(held, to)
    if held.proposed_by_id == by.user_id:
        raise SamePerson("这张凭证是您提出的，要由另一个人确认。请交给另一位出纳放行。")
    return held


def _settled(held: ManualVoucher, to: str, verb: str, by: Role, at: datetime) -> ManualVoucher:
    held.state, held.settled_by, held.settled_at = to, by.user, at
    held.save(update_fields=["state", "voucher", "settled_by", "settled_at"])
    audit.record(by=by, verb=verb, on=held, at=at, detail={"amount_fen": held.amount_fen})
    return held


def _said(basis: str) -> str:
    said = basis.strip()[:100]
    if len(said) < 4:
        raise ManualRefused("没有写依据，没有提出。请写明凭什么、为什么，例如哪个文件、哪张回单。")
    return said


def _check_holds(one: ManualVoucher, way: Way) -> None:
    """What is taken must be there: of a scheme its own, of the other purses the whole."""
    if not way.takes_from:
        return
    scheme = one.scheme_slug if way.purse == Purse.MUTUAL else None
    found = queries.balances(scheme, under=one.book, purse=way.purse)
    lies = {each.line.code: each.balance_fen for each in found}
    for code in way.takes_from:
        if lies[code] < one.amount_fen:
            raise ManualRefused(
                f"{NAMES[code]}只有 {spoken(lies[code])} 元，不够 {spoken(one.amount_fen)} 元，没有记账。请核对金额。"
            )
