"""Verbs on fees: accept a roster into dues, record money that came."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Max

from huzhu.audit import services as audit
from huzhu.contributions import by_hand, cashback, years
from huzhu.contributions.models import (
    BankSlip,
    ContributionDue,
    Gift,
    LineUse,
    OfficialReceipt,
    Prepaid,
    Receipt,
    Share,
)
from huzhu.contributions.queries import Plan, last_money, plans, standing
from huzhu.contributions.receipts import issue
from huzhu.contributions.slips import settle
from huzhu.core import serials
from huzhu.core.money import spoken
from huzhu.enrolment import approval
from huzhu.enrolment import services as enrolment
from huzhu.enrolment.applications import begin_after
from huzhu.enrolment.models import Enrolment, Roster, Way
from huzhu.enrolment.slices import Tell, quietly
from huzhu.ledger import accounts
from huzhu.ledger import services as ledger
from huzhu.ledger.periods import is_long_before
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import agency_of
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may


class ReceiptRefused(ValueError):
    """Money cannot be recorded as told."""


class RecordedBefore(ReceiptRefused):
    """A transfer with this bank reference is in the books already."""


class MoreThanOwed(ReceiptRefused):
    """More came than is still owed for the share."""


@dataclass(frozen=True, slots=True)
class Money:
    """The part of a transfer that belongs to one share."""

    share: Share
    amount_fen: int


def accept_roster(
    *,
    roster: Roster,
    good_only: bool,
    by: Role,
    at: datetime,
    tell: Tell | None = None,
    approves: bool = False,
) -> list[ContributionDue]:
    """Rows become members, enrolments, dues and shares; the same again changes nothing.

    Without `tell` in one transaction, for small rosters; with it in slices, and one change makes all of them visible.
    With `approves` that change is the last office's word as well (see approving.py).
    """
    check_may(by, "rosters.accept", within=roster.employer)
    try:
        if tell:
            return _accepted_in_slices(roster, good_only, by, at, tell=tell, approves=approves)
        return _accepted(roster, good_only, by, at)
    except IntegrityError:  # somebody enrolled one of these people between our look and our write
        raise enrolment.RowsChanged from None


@transaction.atomic
def _accepted(roster: Roster, good_only: bool, by: Role, at: datetime) -> list[ContributionDue]:
    locked = Roster.objects.select_for_update().select_related("employer").get(pk=roster.pk)
    if locked.state == Roster.State.ACCEPTED:
        return list(locked.dues.order_by("pk"))
    approval.check(locked)
    mine = enrolment.begin_accepting(roster=locked)
    enrolment.prepare(roster=locked, mine=mine, good_only=good_only, by=by, at=at, tell=quietly)
    return _dues_of(locked, mine, plans(locked), by, at)


def _accepted_in_slices(
    roster: Roster, good_only: bool, by: Role, at: datetime, *, tell: Tell, approves: bool
) -> list[ContributionDue]:
    fresh = Roster.objects.select_related("employer").get(pk=roster.pk)
    if fresh.state == Roster.State.ACCEPTED:
        return list(fresh.dues.order_by("pk"))
    if approves:
        approval.check_turn(fresh, by)
    else:
        approval.check(fresh)
    before = approval.stands_at(fresh)
    mine = enrolment.begin_accepting(roster=fresh, before=before)
    try:
        enrolment.prepare(roster=fresh, mine=mine, good_only=good_only, by=by, at=at, tell=tell)
        costs = plans(fresh)  # counts every row, so before the transaction in which others wait
        return _dues_of(fresh, mine, costs, by, at, approves=approves)
    except BaseException:
        enrolment.put_back(roster=fresh, mine=mine, before=before)
        raise


@transaction.atomic
def _dues_of(
    roster: Roster, mine: UUID, costs: list[Plan], by: Role, at: datetime, *, approves: bool = False
) -> list[ContributionDue]:
    if approves:
        approval.agree(roster=roster, by=by, at=at)
    enrolment.enrol(roster=roster, mine=mine, by=by, at=at)
    dues = [_owe(roster, one) for one in costs]
    for due in dues:
        begin_if_paid(due, by, at)
    return dues


def _owe(roster: Roster, costs: Plan) -> ContributionDue:
    due = ContributionDue.objects.create(
        roster=roster,
        edition=costs.edition,
        terms=costs.terms,
        heads=costs.heads,
        units=costs.units,
        amount_fen=costs.amount_fen,
    )
    shares = [
        Share(
            due=due,
            payer=part.payer,
            payer_name=part.payer_name,
            amount_fen=part.amount_fen,
            cash_back_fen=part.cash_back_fen,
            pledge_id=part.pledge_id,
        )
        for part in costs.parts
    ]
    Share.objects.bulk_create(shares)
    if costs.given:
        _give(due, costs)
    return due


def _give(due: ContributionDue, costs: Plan) -> None:
    """Note which participation each pledge pays, and how much of it."""
    by_pledge = {share.pledge_id: share for share in due.shares.exclude(pledge=None)}
    enrolled = Enrolment.objects.filter(
        roster=due.roster, edition=due.edition, member__id_number_index__in=list(costs.given)
    ).select_related("member")
    Gift.objects.bulk_create(
        Gift(share=by_pledge[promise.pledge_id], enrolment=one, amount_fen=fen)
        for one in enrolled
        for promise, fen in costs.given[one.member.id_number].items()
    )


def record_transfer(  # noqa: PLR0913  a transfer, and how it was found
    *,
    parts: Sequence[Money],
    received_on: date,
    bank_reference: str,
    slip: BankSlip | None = None,
    over_fen: int = 0,
    use: LineUse | None = None,
    posted_on: date | None = None,
    by: Role,
    at: datetime,
) -> list[Receipt]:
    """Money that came in one transfer for one or more shares, posted; what is paid in full comes in force.

    The same bank reference of one agency a second time raises RecordedBefore and changes nothing. A slip that told of the
    transfer is settled with it. What came above the dues (`over_fen`) rests with the first employer as Prepaid.
    """
    reference = bank_reference if use else serials.normal(bank_reference)
    _refuse_transfer(parts, reference, received_on, at)
    if slip:
        _refuse_another_than(slip, parts)
    try:
        with transaction.atomic():
            transfer = Transfer(reference, bank_reference, received_on, posted_on or received_on, use, by, at)
            return _recorded(parts, over_fen, transfer, slip)
    except ledger.AlreadyPosted:  # another clerk was recording the same transfer at the same moment
        raise _recorded_before(reference) from None


@dataclass(frozen=True, slots=True)
class Transfer:
    """What all parts of a transfer share."""

    reference: str
    written: str  # its number as it was told
    received_on: date
    posted_on: date
    use: LineUse | None
    by: Role
    at: datetime

    @property
    def numbers(self) -> set[str]:
        """By which a slip may tell of it."""
        return {self.reference, self.written, *([self.use.line.serial] if self.use else [])}


def _refuse_another_than(slip: BankSlip, parts: Sequence[Money]) -> None:
    total = sum(money.amount_fen for money in parts)
    if total != slip.amount_fen:
        raise ReceiptRefused(
            f"回单写的是 {spoken(slip.amount_fen)} 元，这里登记的是 {spoken(total)} 元，没有登记。"
            "请照银行到账核对：回单写错的，请“退回单位”并选“金额和银行到账的不一致”。"
        )
    if any(money.share.due.roster_id != slip.roster_id for money in parts):
        raise ReceiptRefused("回单是另一份名册的，没有登记：请从那份名册打开回单。")


def _told_of(transfer: Transfer, parts: Sequence[Money]) -> list[BankSlip]:
    """Slips that wait for this very money, whoever typed the sums."""
    sums: Counter[Any] = Counter()
    for money in parts:
        sums[money.share.due.roster_id] += money.amount_fen
    waiting = BankSlip.objects.select_for_update().filter(
        bank_reference__in=transfer.numbers, roster__in=list(sums), state=BankSlip.State.WAITING
    )
    return [one for one in waiting if one.amount_fen == sums[one.roster_id]]


def _recorded(
    parts: Sequence[Money], over_fen: int, transfer: Transfer, slip: BankSlip | None
) -> list[Receipt]:
    by, at = transfer.by, transfer.at
    # who comes second waits here, and then sees what the first has written
    shares = locked_to_post(money.share for money in parts)
    for told in [slip] if slip else _told_of(transfer, parts):
        settle(told, BankSlip.State.REGISTERED, by, at)
    follow_money(shares.values(), coming=transfer.received_on, posted_on=transfer.posted_on, by=by, at=at)
    dues = {shares[money.share.pk].due_id: shares[money.share.pk].due for money in parts}
    agency = _one_agency(dues.values())
    if standing(transfer.written, agency).exists():
        raise _recorded_before(transfer.reference)
    if transfer.use is None:
        _refuse_another_than_the_line(transfer, agency, over_fen + sum(money.amount_fen for money in parts))
    elif by_hand.fen_of(transfer.use.line) != transfer.use.by_hand_fen:
        raise ReceiptRefused("刚刚有人照回单登记了这一笔，没有再登记。请刷新后再看。")
    papers = _papers(parts, shares, over_fen, transfer, agency)
    before = next_part(transfer.reference) - 1
    receipts = []
    for number, money in enumerate(parts, start=before + 1):
        share = shares[money.share.pk]
        _take(share, money.amount_fen)
        paper = papers[share.due.roster.employer_id]
        receipts.append(_booked(share, money.amount_fen, transfer, number, paper))
    if over_fen:
        first = shares[parts[0].share.pk].due
        keep_prepaid(
            due=first, amount_fen=over_fen, paper=papers[first.roster.employer_id], transfer=transfer
        )
    for due in dues.values():
        begin_if_paid(due, by, at)
    return receipts


def follow_money(
    shares: Iterable[Share], *, coming: date | None = None, posted_on: date, by: Role, at: datetime
) -> None:
    """Cover of individuals begins after the last money that stands or is `coming`, perhaps in another fund year."""
    dues = {share.due_id: share.due for share in shares}.values()
    rosters = {due.roster_id: due.roster for due in dues}
    for roster in rosters.values():
        check_may(by, "contributions.receive", within=roster.employer)
        days = [coming, last_money(roster) if roster.way == Way.INDIVIDUAL else None]
        was = roster.cover_starts_on.year
        begin_after(roster=roster, last=max(filter(None, days), default=None), by=by, at=at)
        years.follow(roster=roster, was=was, posted_on=posted_on, by=by, at=at)
    for due in dues:
        due.roster = rosters[due.roster_id]


def _refuse_another_than_the_line(transfer: Transfer, agency: Organisation, total: int) -> None:
    """ReceiptRefused where the bank has told this transfer, and it was booked as something else or is of another sum."""
    line = by_hand.line_of(transfer.written, transfer.received_on, agency)
    if line is None:
        return
    if use := LineUse.objects.filter(ended_at=None, line=line).first():
        raise ReceiptRefused(
            f"银行流水号 {transfer.reference} 的这一笔已经记为“{use.get_kind_display()}”，没有再登记，以免记两次。"
            "请到“来款认领”里打开它：待查的在那里认领，记错的先撤销。"
        )
    if line.amount_fen != total:
        raise ReceiptRefused(
            f"银行流水号 {transfer.reference} 对账单上是 {line.booked_on} 到账 {spoken(line.amount_fen)} 元，"
            f"这里登记的是 {spoken(total)} 元，没有登记。金额抄错的请改正；一笔付了几项应缴的、多缴的，请到“来款认领”里"
            "打开这一笔登记。确实是另一笔的，请等那一天的对账单导入后在“来款认领”里登记。"
        )


def next_part(reference: str) -> int:
    """The number of the next part of a transfer; what was taken back keeps its own."""
    last = Receipt.objects.filter(bank_reference=reference).aggregate(last=Max("part"))["last"]
    return (last or 0) + 1


def _papers(
    parts: Sequence[Money], shares: dict[int, Share], over_fen: int, transfer: Transfer, agency: Organisation
) -> dict[int, OfficialReceipt]:
    """One paper an employer, so that none sees what another has paid; what is above the dues stands on the first."""
    sums: dict[Organisation, int] = {}
    for money in parts:
        employer = shares[money.share.pk].due.roster.employer
        sums[employer] = sums.get(employer, over_fen if not sums else 0) + money.amount_fen
    return {
        employer.pk: issue(
            agency=agency,
            employer=employer,
            bank_reference=transfer.reference,
            amount_fen=fen,
            by=transfer.by,
            at=transfer.at,
        )
        for employer, fen in sums.items()
    }


def keep_prepaid(
    *, due: ContributionDue, amount_fen: int, paper: OfficialReceipt, transfer: Transfer
) -> Prepaid:
    """What came above the dues is owed to the employer: a liability until it is used or paid back."""
    roster, edition = due.roster, due.edition
    row = ledger.Row(
        accounts.COLLECTED,
        accounts.PREPAID,
        amount_fen,
        edition.slug,
        roster.cover_starts_on.year,
        agency_of(roster.employer),
    )
    count = Prepaid.objects.filter(bank_reference=transfer.reference).count()
    voucher = ledger.post(
        source=f"over:{transfer.reference}:{count + 1}",
        posted_on=transfer.posted_on,
        or_later=True,  # the receipt keeps the bank's day
        note=f"{roster.employer.name} 多缴会费",
        rows=[row],
        by=transfer.by,
        at=transfer.at,
    )
    made = Prepaid.objects.create(
        employer=roster.employer,
        scheme_slug=edition.slug,
        fund_year=roster.cover_starts_on.year,
        bank_reference=transfer.reference,
        amount_fen=amount_fen,
        left_fen=amount_fen,
        use=transfer.use,
        paper=paper,
        voucher=voucher,
        recorded_at=transfer.at,
    )
    detail = {"amount_fen": amount_fen}
    audit.record(by=transfer.by, verb="contributions.prepaid", on=made, at=transfer.at, detail=detail)
    return made


def _one_agency(dues: Iterable[ContributionDue]) -> Organisation:
    agencies = {agency_of(due.roster.employer) for due in dues}
    if len(agencies) != 1:
        raise ReceiptRefused("一笔汇款只能是同一个代办处的应缴，没有登记：请按代办处分开登记。")
    return agencies.pop()


def _recorded_before(reference: str) -> RecordedBefore:
    return RecordedBefore(
        f"银行流水号 {reference} 已经登记过，没有重复入账。请核对回单，或查看到账记录；"
        "银行把同一个号用给了另一笔的，请等对账单导入后在“来款认领”里登记。"
    )


def _refuse_transfer(parts: Sequence[Money], reference: str, received_on: date, at: datetime) -> None:
    if not parts or any(money.amount_fen <= 0 for money in parts):
        raise ReceiptRefused("没有金额，没有登记：请选择这笔钱对应的应缴，金额要大于 0。")
    if len({money.share.pk for money in parts}) != len(parts):
        raise ReceiptRefused("同一项应缴选了两次，没有登记：请只选一次。")
    if not 0 < len(reference) <= 60:
        raise ReceiptRefused(
            "没有填银行流水号（或超过 60 个字），没有登记：请照银行回单填写，它防止同一笔钱登记两次。"
        )
    today = at.astimezone(SHANGHAI).date()
    if received_on > today:
        raise ReceiptRefused(f"到账日 {received_on} 还没有到，没有登记：请照银行回单填写日期。")
    uploaded = [money.share.due.roster.uploaded_at.astimezone(SHANGHAI).date() for money in parts]
    if is_long_before(received_on, min(today, *uploaded)):
        raise ReceiptRefused(
            f"到账日 {received_on} 比名册早两年以上，没有登记：请核对年份，照银行回单填写日期。"
        )


def locked(shares: Iterable[Share]) -> dict[int, Share]:
    """All shares of the dues of these, in a fixed order, so that only one worker sees the last of them paid."""
    dues = {share.due_id for share in shares}
    found = Share.objects.select_for_update(of=("self",)).filter(due__in=dues).order_by("pk")
    return {share.pk: share for share in found.select_related("due__roster__employer", "due__edition")}


def locked_to_post(shares: Iterable[Share]) -> dict[int, Share]:
    """As `locked`, with the rows of their agencies: everybody takes both, in this order, before the book."""
    held = locked(shares)
    lock_agencies({agency_of(employer) for employer in {one.due.roster.employer for one in held.values()}})
    return held


def lock_agencies(agencies: Iterable[Organisation]) -> None:
    """Their rows, in a fixed order, before anything is posted."""
    rows = Organisation.objects.select_for_update(no_key=True).filter(pk__in={one.pk for one in agencies})
    list(rows.order_by("pk"))


def give(share: Share, amount_fen: int) -> None:
    """A share has so much more, or less; the database refuses more than the whole and less than nothing."""
    Share.objects.filter(pk=share.pk).update(received_fen=F("received_fen") + amount_fen)
    share.received_fen += amount_fen


def _take(share: Share, amount_fen: int) -> None:
    left = share.amount_fen - share.received_fen
    if amount_fen > left:
        raise MoreThanOwed(
            f"{share.payer_name}还应缴 {spoken(left)} 元，这笔是 {spoken(amount_fen)} 元，"
            f"多 {spoken(amount_fen - left)} 元，所以没有登记。请先核对：金额是不是抄错，"
            "这笔是不是还付了别的名册、别的缴费方；确实多缴了的，请导入银行对账单，在“来款认领”里登记，"
            "多出的部分记作多缴，以后抵缴或退还。"
        )
    give(share, amount_fen)


def _booked(share: Share, amount_fen: int, transfer: Transfer, part: int, paper: OfficialReceipt) -> Receipt:
    by, at = transfer.by, transfer.at
    voucher = ledger.post(
        source=f"receipt:{transfer.reference}:{part}",
        posted_on=transfer.posted_on,
        or_later=True,  # the receipt keeps the bank's day
        note=note_of(share),
        rows=[income_row(share, amount_fen)],
        by=by,
        at=at,
    )
    receipt = Receipt.objects.create(
        share=share,
        amount_fen=amount_fen,
        received_on=transfer.received_on,
        bank_reference=transfer.reference,
        part=part,
        voucher=voucher,
        paper=paper,
        use=transfer.use,
        recorded_by=by.actor_id,
        recorded_at=at,
    )
    detail = {"amount_fen": amount_fen, "payer": share.payer}
    audit.record(by=by, verb="contributions.receive", on=receipt, at=at, detail=detail)
    return receipt


def income_row(share: Share, amount_fen: int) -> ledger.Row:
    """Money at the agency becomes income of the share's payer, scheme and fund year."""
    roster = share.due.roster
    return ledger.Row(
        debit=accounts.COLLECTED,
        credit=accounts.income_of(share.payer),
        amount_fen=amount_fen,
        scheme_slug=share.due.edition.slug,
        fund_year=roster.cover_starts_on.year,
        office=agency_of(roster.employer),
    )


def note_of(share: Share) -> str:
    return f"{share.due.roster.employer.name} {share.due.edition.short} {share.payer_name}会费"[:120]


def begin_if_paid(due: ContributionDue, by: Role, at: datetime) -> None:
    """Cover begins with the last of the money; the memo of what employers give back follows."""
    if not due.shares.filter(received_fen__lt=F("amount_fen")).exists():
        enrolment.begin_cover(roster=due.roster, edition=due.edition, by=by, at=at)
        cashback.settle(due=due, by=by, at=at)
