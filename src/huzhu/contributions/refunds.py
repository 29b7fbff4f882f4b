"""Money given back before cover begins: proposed, put on a list by one person, released by another, paid by the bank's word."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet, Sum

from huzhu.audit import services as audit
from huzhu.bank import queries as bank
from huzhu.bank.files import Line, Order, digest, render
from huzhu.bank.models import StatementLine
from huzhu.bank.payforms import DEFAULT, forms
from huzhu.bank.sealing import Seal, handed
from huzhu.bank.stops import check_running
from huzhu.contributions.claiming import Kept, post_entry, use_line
from huzhu.contributions.given_back import WAITS, Refund, RefundList, RefundPart
from huzhu.contributions.giving_back import RefundRefused, book, is_booked, pieces_of, refuse_begun
from huzhu.contributions.models import LineUse, Prepaid
from huzhu.core.money import spoken
from huzhu.enrolment.models import Enrolment, Roster
from huzhu.ledger import accounts
from huzhu.ledger.models import LedgerEntry
from huzhu.organisations.queries import agency_of
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

Kind, State = Refund.Kind, Refund.State
_UNFIT = re.compile(
    r'^\s*[=+\-@]|[\x00-\x1f\x7f,"]'
)  # what a sheet would take for a formula, or break a line


class SamePerson(RefundRefused):
    """Who proposed a refund or made the list does not release it."""


@dataclass(frozen=True, slots=True)
class Payee:
    """Where the money goes, and how much of it; without an amount all of it."""

    name: str
    bank_name: str
    number: str
    amount_fen: int | None = None

    def checked(self) -> "Payee":
        """Without blanks; RefundRefused where something is missing."""
        digits = re.sub(r"[\s-]", "", self.number)
        if any(_UNFIT.search(text) for text in (self.name, self.bank_name)):
            raise RefundRefused(
                "户名和开户行不能以 =、+、-、@ 开头，也不能有逗号和引号：银行的系统读不了，请照银行卡填写。"
            )
        if not self.name.strip() or not self.bank_name.strip() or not re.fullmatch(r"[0-9]{8,32}", digits):
            raise RefundRefused(
                "收款户名、开户行和账号（8 到 32 位数字）都要写：退费原则上原路退回，请照来款的账户填。"
            )
        return Payee(self.name.strip()[:80], self.bank_name.strip()[:80], digits, self.amount_fen)


def _shared(payees: Sequence[Payee], amount_fen: int) -> list[tuple[Payee, int]]:
    """Each payee with what it gets; RefundRefused unless that is the whole, to the fen."""
    if len(payees) == 1 and payees[0].amount_fen is None:
        return [(payees[0], amount_fen)]
    parts = [(one, one.amount_fen or 0) for one in payees]
    if not parts or any(fen <= 0 for _, fen in parts):
        raise RefundRefused("每个收款人的金额都要写，而且大于 0，没有办理。")
    if (told := sum(fen for _, fen in parts)) != amount_fen:
        raise RefundRefused(
            f"各收款人加起来是 {spoken(told)} 元，应退 {spoken(amount_fen)} 元，没有办理：请把金额改到相等。"
        )
    return parts


@transaction.atomic
def propose(  # noqa: PLR0913  what is given back, to whom, why
    *,
    payees: Sequence[Payee],
    reason: str,
    by: Role,
    at: datetime,
    roster: Roster | None = None,
    enrolment: Enrolment | None = None,
    prepaid: Prepaid | None = None,
) -> Refund:
    """For one of the three; nothing moves before another person has released it. RefundRefused."""
    about = roster or enrolment or prepaid
    if about is None:
        raise RefundRefused("没有选退什么，没有办理：请选名册、参保或多缴款。")
    check_may(by, "refunds.propose", within=about.employer)
    if enrolment and enrolment.state == Enrolment.State.VOID:
        raise RefundRefused("这份参保已经作废，没有办理退费。请看他的保障页。")
    said = reason.strip()[:200]
    if len(said) < 2:
        raise RefundRefused("没有写退费的理由，没有办理：请写明为什么退。")
    payees = [one.checked() for one in payees]
    refuse_begun(roster or enrolment, at)
    pieces = [] if prepaid else pieces_of(roster=roster, enrolment=enrolment, at=at)
    amount = prepaid.left_fen if prepaid else sum(one.amount_fen for one in pieces)
    if not amount:
        raise RefundRefused(
            "没有可以退的款：会费一分没有到的，在名册或保障书页面直接退出；到了一部分的，等到齐后再提，或先撤销那笔到账。"
        )
    to = _shared(payees, amount)
    kind = Kind.ROSTER if roster else Kind.WORKER if enrolment else Kind.PREPAID
    try:
        with transaction.atomic():
            made = Refund.objects.create(
                kind=kind,
                employer=about.employer,
                roster=roster,
                enrolment=enrolment,
                prepaid=prepaid,
                amount_fen=amount,
                reason=said,
                proposed_by=by.actor_id,
                proposed_by_name=by.actor_name[:80],
                proposed_at=at,
            )
    except IntegrityError:
        raise RefundRefused("这一项已经有退费在办，没有再提。请到“退费”里看。") from None
    RefundPart.objects.bulk_create(
        a_part(made, place, one, fen, by) for place, (one, fen) in enumerate(to, 1)
    )
    detail = {"kind": kind, "amount_fen": amount, "last4": [one.number[-4:] for one, _ in to]}
    audit.record(by=by, verb="refunds.propose", on=made, at=at, detail=detail)
    return made


def a_part(
    refund: Refund, place: int, to: Payee, amount_fen: int, by: Role, *, replaces: RefundPart | None = None
) -> RefundPart:
    """What a payee gets, not yet stored."""
    return RefundPart(
        refund=refund,
        place=place,
        replaces=replaces,
        amount_fen=amount_fen,
        payee=to.name,
        bank_name=to.bank_name,
        number=to.number,
        proposed_by=by.actor_id,
    )


@transaction.atomic
def decline(*, refund: Refund, reason: str, by: Role, at: datetime) -> None:
    """It is not given back; of what the bank sent back, a mistake of the account is mended by a new proposal instead."""
    check_may(by, "refunds.propose", within=refund.employer)
    said = reason.strip()[:200]
    if len(said) < 2:
        raise RefundRefused("没有写不予办理的理由：提出的人要知道为什么，请写一句。")
    held = Refund.objects.select_for_update(of=("self",)).get(pk=refund.pk)
    if held.state != State.PROPOSED or is_booked(held):
        raise RefundRefused("这一笔已经进了清单或记过账，不能不办。请刷新后再看。")
    Refund.objects.filter(pk=held.pk).update(state=State.DECLINED)
    audit.record(by=by, verb="refunds.decline", on=held, at=at, detail={"reason": said})


@transaction.atomic
def make_lists(*, refunds: Iterable[Refund], by: Role, at: datetime, form: str = DEFAULT) -> list[RefundList]:
    """A list for each agency, since each gives back from its own account; all of them or none."""
    offices: dict[Any, list[Refund]] = {}
    for one in refunds:
        offices.setdefault(agency_of(one.employer), []).append(one)
    lists = [make_list(refunds=held, by=by, at=at, form=form) for held in offices.values()]
    if not lists:
        raise RefundRefused("没有勾选，没有制单。请先勾选要退的。")
    return lists


@transaction.atomic
def make_list(*, refunds: Iterable[Refund], by: Role, at: datetime, form: str = DEFAULT) -> RefundList:
    """Proposed refunds of one agency become a list in its bank's form, by one person; another releases it.

    RefundRefused, Stopped, NotForTheBank.
    """
    check_may(by, "refunds.list")
    check_running()
    if form not in forms():
        raise RefundRefused("没有这种代发格式，没有制单。请重新选择。")
    wanted = {one.pk for one in refunds}
    found = list(
        Refund.objects.select_for_update(of=("self",))
        .filter(pk__in=wanted, state=State.PROPOSED)
        .select_related("employer")
        .order_by("pk")
    )
    if not found or len(found) != len(wanted):
        raise RefundRefused("没有勾选，或者有的已经在别的清单里，没有制单。请刷新后重新勾选。")
    for one in found:
        check_may(by, "refunds.list", within=one.employer)
    if len({agency_of(one) for one in {refund.employer for refund in found}}) > 1:
        raise RefundRefused(
            "勾选的退费不是同一个代办处的，没有制单：一张清单从一个账户付出，请按代办处分开制单。"
        )
    day = _today(at)
    count = RefundList.objects.select_for_update().filter(number__startswith=f"T{day:%Y%m%d}-").count()
    parts = RefundPart.objects.filter(refund__in=found, state=RefundPart.State.WAITING, list=None)
    amounts = list(parts.values_list("amount_fen", flat=True))
    made = _numbered(
        number=f"T{day:%Y%m%d}-{count + 1:03d}",
        organisation=by.organisation,
        count=len(amounts),
        total_fen=sum(amounts),
        form=form,
        made_by=by.actor_id,
        made_by_name=by.actor_name[:80],
        made_at=at,
    )
    parts.update(list=made)
    follow(found)
    _rendered(made)  # what this bank cannot take is said now, not at release
    detail = {"count": made.count, "total_fen": made.total_fen, "form": form}
    audit.record(by=by, verb="refunds.list", on=made, at=at, detail=detail)
    return made


def _numbered(**columns: Any) -> RefundList:
    try:
        with transaction.atomic():
            return RefundList.objects.create(**columns)
    except IntegrityError:
        raise RefundRefused("同一时刻有人也在制清单，没有制单。请再按一次。") from None


@transaction.atomic
def send_back(*, listed: RefundList, reason: str, by: Role, at: datetime) -> None:
    """The list is dissolved with a reason; its refunds wait again."""
    check_may(by, "refunds.release", within=listed.organisation)
    if len(reason.strip()) < 2:
        raise RefundRefused("请写明为什么退回这张清单，制单人要照着改。")
    held = _made(listed)
    refunds = list(locked_rows(Refund.objects.filter(parts__list=held)))
    RefundPart.objects.filter(list=held).update(list=None)
    follow(refunds)
    RefundList.objects.filter(pk=held.pk).update(state=RefundList.State.VOID, reason=reason.strip()[:200])
    audit.record(by=by, verb="refunds.send_back", on=held, at=at, detail={"reason": reason.strip()[:200]})


@transaction.atomic
def release(*, listed: RefundList, by: Role, at: datetime) -> RefundList:
    """Another person lets the money go: cover ends before it begins, income becomes owed, receipts get their red ones."""
    check_may(by, "refunds.release", within=listed.organisation)
    check_running()
    held = _made(listed)
    refunds = list(
        Refund.objects.select_for_update(of=("self",))
        .filter(pk__in=held.parts.values("refund"))
        .select_related("employer", "roster", "enrolment__roster", "prepaid")
        .order_by("pk")
    )
    told = held.parts.values_list("proposed_by", flat=True)
    hands = {held.made_by, *told, *(one.proposed_by for one in refunds)}
    if by.actor_id in hands:
        raise SamePerson("这张清单里有您提出或制单的退费，要由另一个人放行。")
    for one in refunds:
        check_may(by, "refunds.release", within=one.employer)
    book([one for one in refunds if not is_booked(one)], by, at)
    held.state, held.sha256 = RefundList.State.RELEASED, digest(_rendered(held))
    held.released_by, held.released_by_name, held.released_at = by.actor_id, by.actor_name[:80], at
    held.save()
    follow(refunds)
    detail = {"count": held.count, "total_fen": held.total_fen, "sha256": held.sha256}
    audit.record(by=by, verb="refunds.release", on=held, at=at, detail=detail)
    return held


def _made(listed: RefundList) -> RefundList:
    held = RefundList.objects.select_for_update(of=("self",)).get(pk=listed.pk)
    if held.state != RefundList.State.MADE:
        raise RefundRefused(
            f"清单 {held.number} 现在是“{held.get_state_display()}”，没有再办。请刷新后再看。"
        )
    return held


@transaction.atomic
def pay(*, parts: Sequence[RefundPart], line: StatementLine, by: Role, at: datetime) -> LineUse:
    """A debit on the bank's paper has paid these released parts, to the fen."""
    check_may(by, "bank.post", within=line.account.organisation)
    keys = [one.pk for one in parts]
    refunds = list(locked_rows(Refund.objects.filter(parts__in=keys)))
    held = list(locked_rows(at_the_bank().filter(pk__in=keys)))
    if not held or len(held) != len(keys) or sum(one.amount_fen for one in held) != -line.amount_fen:
        raise RefundRefused(
            f"这一笔付出 {spoken(-line.amount_fen)} 元，和选的退费不相等（或者有的已经付过），没有入账。请核对。"
        )
    for one in refunds:
        _refuse_elsewhere(line, one)
    _refuse_earlier(line, held)
    use = use_line(line, LineUse.Kind.REFUND, by, at)
    kept = [one for refund in refunds for one in kept_of(refund, gone(refund), _sum(held, refund))]
    post_entry(use, "refund-paid", accounts.REFUNDABLE, "退费付出", by, at, kept=kept)
    RefundPart.objects.filter(pk__in=keys).update(
        state=RefundPart.State.PAID, paid_on=line.booked_on, paid_by=use
    )
    follow(refunds)
    for one in refunds:
        audit.record(by=by, verb="refunds.paid", on=one, at=at, detail={"reference": line.reference})
    return use


def _refuse_elsewhere(line: StatementLine, refund: Refund) -> None:
    """A refund leaves an account on which the money of its agency lies."""
    office, account = agency_of(refund.employer), line.account
    if not bank.holds(account, office):
        raise RefundRefused(
            f"这一笔是从{account.organisation.name}的{account.get_purpose_display()}付出的，"
            f"{refund.employer.name}的会费在{office.name}的账上，没有入账：请核对是不是选错了退费；"
            "银行确实付错了户的，请先把钱收回，再从对的账户付。"
        )


def _refuse_earlier(line: StatementLine, parts: Iterable[RefundPart]) -> None:
    """What left the bank before its list was released is something else."""
    days = RefundList.objects.filter(parts__in=parts).values_list("released_at", flat=True)
    released_on = max(_today(at) for at in days if at)
    if line.booked_on < released_on:
        raise RefundRefused(
            f"这一笔是 {line.booked_on} 付出的，清单 {released_on} 才放行，不会是这笔退费，没有入账。请核对选的是不是这一笔。"
        )


def kept_of(refund: Refund, gone_fen: int, amount_fen: int) -> Iterator[Kept]:
    """Each scheme and year gives back its own: of what the release owed, that which comes after what has gone out."""
    owed = LedgerEntry.objects.filter(voucher__source=f"refund:{refund.pk.hex}", credit=accounts.REFUNDABLE)
    for one in owed.select_related("office").order_by("pk"):
        part = min(max(one.amount_fen - gone_fen, 0), amount_fen)
        gone_fen, amount_fen = max(gone_fen - one.amount_fen, 0), amount_fen - part
        if part:
            yield Kept(part, one.scheme_slug, one.fund_year, one.office)


def gone(refund: Refund) -> int:
    """What the bank has paid of it."""
    paid = refund.parts.filter(state=RefundPart.State.PAID)
    return paid.aggregate(fen=Sum("amount_fen"))["fen"] or 0


def _sum(parts: Iterable[RefundPart], refund: Refund) -> int:
    return sum(one.amount_fen for one in parts if one.refund_id == refund.pk)


def at_the_bank() -> QuerySet[RefundPart]:
    """Parts that are released and not paid."""
    released = RefundList.State.RELEASED
    return RefundPart.objects.filter(state=RefundPart.State.WAITING, list__state=released)


def follow(refunds: Iterable[Refund]) -> None:
    """Where each stands, by its part that is least far; the caller holds them, and they are not declined."""
    for one in refunds:
        waiting = one.parts.filter(state=RefundPart.State.WAITING)
        lists = set(waiting.values_list("list__state", flat=True))
        if lists:
            state, paid_on = next(state for where, state in WAITS.items() if where in lists), None
        else:
            state, paid_on = State.PAID, one.parts.aggregate(last=Max("paid_on"))["last"]
        Refund.objects.filter(pk=one.pk).update(state=state, paid_on=paid_on)


def locked_rows(rows: Any) -> Any:
    """In the order of their keys, each once."""
    return rows.model.objects.filter(pk__in=rows.values("pk")).select_for_update(of=("self",)).order_by("pk")


@transaction.atomic
def hand_out(*, listed: RefundList, by: Role, at: datetime) -> bytes:
    """The list as its bank takes it, the same bytes each time; who took it is written down. RefundRefused, Stopped, SealBroken.

    Its hash was sealed at release, so a payee that was changed since then is not paid.
    """
    check_may(by, "refunds.list", within=listed.organisation)
    check_running()
    if listed.state != RefundList.State.RELEASED:
        raise RefundRefused(f"清单 {listed.number} 还没有放行，没有给银行的文件。请先由另一个人放行。")
    if not listed.sha256:
        raise RefundRefused(
            f"清单 {listed.number} 放行的时候还没有封存文件，不再给出文件，以免和交过的不同。"
            "已经交给银行的，等对账单；没有交的，请照退费页逐笔向银行办理。"
        )
    seal = Seal("contributions_refundlist", str(listed.pk), listed.number, listed.sha256)
    data = handed(seal, lambda: _rendered(listed))
    RefundList.objects.filter(pk=listed.pk, handed_at=None).update(handed_at=at)
    detail = {"count": listed.count, "sha256": listed.sha256}
    audit.record(by=by, verb="refunds.hand_out", on=listed, at=at, kind="reveal", detail=detail)
    return data


def _rendered(listed: RefundList) -> bytes:
    """A list as its bank gets it: the same bytes every time."""
    lines = [
        Line(
            line=number,
            holder=one.payee,
            account=one.number,
            bank=one.bank_name,
            amount_fen=one.amount_fen,
            remark=f"退会费 {listed.number}",
            about=f"收款人 {one.payee}",
        )
        for number, one in enumerate(listed.parts.order_by("refund", "place"), 1)
    ]
    return render(forms()[listed.form], Order(listed.number, _today(listed.made_at), lines))


def _today(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()
