"""What a movement on the bank's paper is: fees of some dues, interest, a charge, or nobody knows yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from huzhu.audit import services as audit
from huzhu.bank import queries as bank
from huzhu.bank.models import StatementLine
from huzhu.contributions import by_hand
from huzhu.contributions.models import BankSlip, LineUse, Prepaid, Receipt, Share
from huzhu.contributions.queries import standing
from huzhu.contributions.receipts import issue
from huzhu.contributions.services import (
    Money,
    ReceiptRefused,
    RecordedBefore,
    Transfer,
    begin_if_paid,
    follow_money,
    give,
    income_row,
    keep_prepaid,
    lock_agencies,
    locked,
    locked_to_post,
    next_part,
    note_of,
    record_transfer,
)
from huzhu.core.money import spoken
from huzhu.ledger import accounts
from huzhu.ledger import services as ledger
from huzhu.ledger.models import LedgerEntry, Voucher
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import agency_of
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

NO_SCHEME = "common"  # what belongs to no scheme alone: interest, charges, money that nobody has claimed
Kind = LineUse.Kind
OF_A_REST = {Kind.FEES, Kind.SUSPENSE, Kind.SENT_BACK}  # what may be left of a line after a transfer by hand


class ClaimRefused(ReceiptRefused):
    """A line cannot be used, or taken back, as told."""


class LineUsed(ClaimRefused):
    """Somebody has said what this line is."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Fen, and what they are kept by in the books."""

    amount_fen: int
    scheme_slug: str
    fund_year: int
    office: Organisation


@dataclass(frozen=True, slots=True)
class _Posting:
    """How a line that belongs to no due is booked; money in and out are mirror images."""

    source: str
    other: str
    note: str
    comes_in: bool


POSTED = {
    Kind.SUSPENSE: _Posting("suspense", accounts.UNCLAIMED, "待查收款", comes_in=True),
    Kind.INTEREST: _Posting("interest", accounts.INTEREST, "银行利息", comes_in=True),
    Kind.BANK_FEE: _Posting("fee", accounts.BANK_FEES, "银行手续费", comes_in=False),
}


@transaction.atomic
def claim(
    *, line: StatementLine, parts: Sequence[Money], by: Role, at: datetime, slip: BankSlip | None = None
) -> LineUse:
    """A credit is the fee of these dues, of one employer or many; what is above them rests with the first. ClaimRefused.

    Of what was registered by hand before, only the rest.
    """
    if not parts:
        raise ClaimRefused("没有选应缴，没有登记：请选这笔钱付的是哪些应缴；认不出来的，先挂“待查收款”。")
    for employer in {money.share.due.roster.employer for money in parts}:
        _refuse_elsewhere(line, agency_of(employer))
    locked_to_post(money.share for money in parts)
    left = _left_of(line)  # nobody registers it by hand from here on
    over = left - sum(money.amount_fen for money in parts)
    if line.amount_fen < 0 or over < 0:
        raise ClaimRefused(
            f"这一笔{'还有' if left != line.amount_fen else '是'} {spoken(left)} 元，选的应缴加起来多 {spoken(-over)} 元，"
            "没有登记：请把金额改成银行到账的数。"
        )
    waited = _leave_suspense(line, by, at)
    use = use_line(line, Kind.FEES, by, at)
    record_transfer(
        parts=parts,
        received_on=line.booked_on,
        bank_reference=_booked_as(line),
        slip=slip,
        over_fen=over,
        use=use,
        posted_on=at.astimezone(SHANGHAI).date() if waited else None,
        by=by,
        at=at,
    )
    return use


def _left_of(line: StatementLine) -> int:
    """What nobody has registered by hand; ClaimRefused where that is nothing, or less."""
    told = by_hand.fen_of(line)
    if told and told == line.amount_fen:
        raise RecordedBefore(
            f"银行流水号 {line.reference} 已经登记过，是照回单手工登记的，没有重复入账。请看“会费收据”。"
        )
    if told > line.amount_fen > 0:
        raise ClaimRefused(
            f"银行流水号 {line.reference} 手工登记了 {spoken(told)} 元，银行到账只有 {spoken(line.amount_fen)} 元，没有再登记："
            "请先到“会费收据”里撤销那一笔，照对账单重新登记；保障已经开始、不能撤销的，请和经审核对后在“对账”里说明。"
        )
    return line.amount_fen - told


def _booked_as(line: StatementLine) -> str:
    """The line's number, unless a transfer was registered by hand under it: then with its day behind it."""
    if standing(line.reference, line.account.organisation).exists():
        return f"{line.serial or line.reference}@{line.booked_on:%Y%m%d}"
    return line.reference


@transaction.atomic
def keep_rest(*, line: StatementLine, by: Role, at: datetime) -> LineUse:
    """What came above a transfer by hand rests with its employer. ClaimRefused."""
    agency = line.account.organisation
    lock_agencies([agency])
    left = _left_of(line)
    if left == line.amount_fen:
        raise ClaimRefused("这一笔没有手工登记过，不知道是哪家单位的，没有记作多缴。请选它付的应缴。")
    due = by_hand.first_of(line).share.due
    check_may(by, "contributions.receive", within=due.roster.employer)
    waited = _leave_suspense(line, by, at)
    use = use_line(line, Kind.FEES, by, at)
    told = _booked_as(line)
    transfer = Transfer(told, told, line.booked_on, _today(at) if waited else line.booked_on, use, by, at)
    paper = issue(
        agency=agency, employer=due.roster.employer, bank_reference=told, amount_fen=left, by=by, at=at
    )
    keep_prepaid(due=due, amount_fen=left, paper=paper, transfer=transfer)
    return use


def _refuse_elsewhere(line: StatementLine, office: Organisation) -> None:
    """Fees lie on the account that their agency collects on, in the books as at the bank."""
    account = line.account
    if account.purpose != account.Purpose.COLLECTING or not bank.holds(account, office):
        raise ClaimRefused(
            f"这一笔到了{account.organisation.name}的{account.get_purpose_display()}，选的应缴是{office.name}的，"
            "没有登记：会费要到自己代办处的收款户。单位汇错了户的，先记“待查收款”，退回后请单位重新汇。"
        )


@transaction.atomic
def post_line(*, line: StatementLine, kind: str, by: Role, at: datetime) -> LineUse:
    """Interest, a charge, or money that nobody knows yet: to its account with one key. ClaimRefused."""
    check_may(by, "bank.post", within=line.account.organisation)
    way = POSTED.get(Kind(kind)) if kind in Kind.values else None
    if way is None or way.comes_in != (line.amount_fen > 0):
        raise ClaimRefused("这一笔不能这样入账：利息和待查款是收入，手续费是支出。请看清金额的方向。")
    use = use_line(line, kind, by, at)
    post_entry(use, way.source, way.other, way.note, by, at)
    return use


@transaction.atomic
def use_prepaid(*, prepaid: Prepaid, parts: Sequence[Money], by: Role, at: datetime) -> list[Receipt]:
    """What was paid too much pays other dues of whoever paid it, or below; it has its paper already. ClaimRefused."""
    check_may(by, "contributions.receive", within=prepaid.employer)
    held = Prepaid.objects.select_for_update(of=("self",)).select_related("employer").get(pk=prepaid.pk)
    total = sum(money.amount_fen for money in parts)
    if not parts or any(money.amount_fen <= 0 for money in parts):
        raise ClaimRefused("没有选应缴，没有抵缴：请选用多缴款付哪一项，金额要大于 0。")
    if total > held.left_fen:
        raise ClaimRefused(
            f"多缴款还剩 {spoken(held.left_fen)} 元，选了 {spoken(total)} 元，没有抵缴：请改小金额。"
        )
    shares = locked(money.share for money in parts)
    follow_money(shares.values(), coming=_today(at), posted_on=_today(at), by=by, at=at)
    found = []
    for money in parts:
        share = shares[money.share.pk]
        check_may(by, "contributions.receive", within=share.due.roster.employer)
        if not share.due.roster.employer.path.startswith(held.employer.path):
            raise ClaimRefused(
                f"这笔多缴是{held.employer.name}的，选的应缴是{share.due.roster.employer.name}的，没有抵缴："
                "一家多缴的不抵别家的应缴。请选它自己的，没有的就退还给它。"
            )
        found.append(_from_prepaid(held, share, money.amount_fen, by, at))
    Prepaid.objects.filter(pk=held.pk).update(left_fen=F("left_fen") - total)
    for due in {share.due_id: share.due for share in (shares[money.share.pk] for money in parts)}.values():
        begin_if_paid(due, by, at)
    return found


def _from_prepaid(held: Prepaid, share: Share, amount_fen: int, by: Role, at: datetime) -> Receipt:
    if amount_fen > share.left_fen:
        raise ClaimRefused(f"{share.payer_name}只差 {spoken(share.left_fen)} 元，没有抵缴：请改小金额。")
    part = next_part(held.bank_reference)
    agency = agency_of(held.employer)
    # through the agency's bank account, so that each scheme gives up and gets its own money
    back = ledger.Row(
        accounts.PREPAID, accounts.COLLECTED, amount_fen, held.scheme_slug, held.fund_year, agency
    )
    voucher = ledger.post(
        source=f"receipt:{held.bank_reference}:{part}",
        posted_on=_today(at),
        note=f"多缴款抵缴 {note_of(share)}",
        rows=[back, income_row(share, amount_fen)],
        by=by,
        at=at,
    )
    give(share, amount_fen)
    receipt = Receipt.objects.create(
        share=share,
        amount_fen=amount_fen,
        received_on=_today(at),
        bank_reference=held.bank_reference,
        part=part,
        voucher=voucher,
        prepaid=held,
        recorded_by=by.actor_id,
        recorded_at=at,
    )
    detail = {"amount_fen": amount_fen, "from": held.bank_reference}
    audit.record(by=by, verb="contributions.use_prepaid", on=receipt, at=at, detail=detail)
    return receipt


def use_line(line: StatementLine, kind: str, by: Role, at: datetime) -> LineUse:
    """The database's unique line decides who was first. What came and is no fee must not be registered by hand either."""
    if line.amount_fen > 0 and kind != Kind.FEES:
        # who registers it by hand holds the same row
        lock_agencies([line.account.organisation])
    told = by_hand.fen_of(line)
    if told >= abs(line.amount_fen) or (told and kind not in OF_A_REST):
        raise ClaimRefused(f"银行流水号 {line.reference} 的款已经登记过到账，没有再入账。请看到账记录。")
    try:
        with transaction.atomic():
            use = LineUse.objects.create(
                line=line,
                kind=kind,
                by_hand_fen=told,
                used_by=by.actor_id,
                used_by_name=by.actor_name[:80],
                used_at=at,
            )
    except IntegrityError:
        held = LineUse.objects.filter(line=line, ended_at=None).first()
        if held is None:
            raise
        raise LineUsed(
            f"这一笔已由{held.used_by_name}认作“{held.get_kind_display()}”，没有再办。请刷新后再看。"
        ) from None
    detail = {"kind": kind, "amount_fen": use.amount_fen, "reference": line.reference}
    audit.record(by=by, verb="contributions.use_line", on=use, at=at, detail=detail)
    return use


def free_line(line: StatementLine, kind: str, reason: str, by: Role, at: datetime) -> None:
    """What an upper room said of a line was not agreed to: the line is free again. Nothing was booked yet."""
    held = LineUse.objects.filter(line=line, kind=kind, ended_at=None, voucher=None)
    for use in held:
        LineUse.objects.filter(pk=use.pk).update(ended_at=at, reason=reason[:200])
        audit.record(
            by=by, verb="contributions.undo_line", on=use, at=at, detail={"kind": kind, "reason": reason}
        )


def _leave_suspense(line: StatementLine, by: Role, at: datetime) -> bool:
    """Money that waited to be known leaves its account; whether it had waited there."""
    waiting = LineUse.objects.select_for_update(of=("self",)).filter(
        line=line, kind=Kind.SUSPENSE, ended_at=None
    )
    held = waiting.select_related("voucher").first()
    if held is None:
        return False
    back = _Entry(
        "claimed", accounts.UNCLAIMED, "待查收款已查明", _today(at), comes_in=False, kept=kept_by(held)
    )
    _post(line, back, by, at)
    waiting.filter(pk=held.pk).update(ended_at=at, reason="已查明")
    return True


def kept_by(use: LineUse) -> list[Kept]:
    """What unclaimed money is kept by in the books: whenever it leaves, it leaves the year that holds it."""
    rows = LedgerEntry.objects.filter(voucher=use.voucher, credit=accounts.UNCLAIMED).order_by("pk")
    held = rows.select_related("office")
    return [Kept(one.amount_fen, one.scheme_slug, one.fund_year, one.office) for one in held]


def post_entry(  # noqa: PLR0913  what is booked, and by what it is kept
    use: LineUse, source: str, other: str, note: str, by: Role, at: datetime, *, kept: Sequence[Kept] = ()
) -> None:
    """A line moves money between the bank and another account, on the bank's day; of no scheme unless `kept` tells it."""
    line = use.line
    if use.by_hand_fen and not kept:
        kept = [Kept(use.amount_fen, NO_SCHEME, line.booked_on.year, line.account.organisation)]
    entry = _Entry(source, other, note, line.booked_on, comes_in=line.amount_fen > 0, kept=kept)
    voucher = _post(line, entry, by, at)
    LineUse.objects.filter(pk=use.pk).update(voucher=voucher)
    use.voucher = voucher


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry between the bank and another account."""

    source: str
    other: str
    note: str
    on: date
    comes_in: bool
    kept: Sequence[Kept] = ()


def _post(line: StatementLine, entry: _Entry, by: Role, at: datetime) -> Voucher:
    money = accounts.COLLECTED if line.account.purpose == "collecting" else accounts.BANK
    debit, credit = (money, entry.other) if entry.comes_in else (entry.other, money)
    count = Voucher.objects.filter(source__startswith=f"{entry.source}:{line.reference}:").count()
    whole = Kept(abs(line.amount_fen), NO_SCHEME, entry.on.year, line.account.organisation)
    rows = [
        ledger.Row(debit, credit, one.amount_fen, one.scheme_slug, one.fund_year, one.office)
        for one in entry.kept or [whole]
    ]
    return ledger.post(
        source=f"{entry.source}:{line.reference}:{count + 1}",
        posted_on=entry.on,
        or_later=True,  # the line keeps the bank's day
        note=f"{entry.note} {line.name}".strip(),
        rows=rows,
        by=by,
        at=at,
    )


def _today(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()
