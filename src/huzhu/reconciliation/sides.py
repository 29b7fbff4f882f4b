"""The three sides of an account up to a day, each read from its own rows; nothing here asks the queries of another room."""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Max, Q, Sum
from django.db.models.functions import Coalesce

from huzhu.audit.models import Event
from huzhu.bank.models import OwnAccount, StatementLine
from huzhu.ledger.models import LedgerEntry, ManualVoucher, Voucher
from huzhu.organisations.models import Organisation
from huzhu.payouts.models import (
    BATCH_NUMBER,
    BankReturn,
    Clearing,
    DoubtAnswer,
    Payout,
    PayoutBatch,
    ReplyFile,
)
from huzhu.reconciliation.facts import BACK_WITHIN, Book, Line, Paid, Returned
from huzhu.rules.units import SHANGHAI

# accounts of the books, written out once more: what the other rooms believe of theirs is what is examined
CODES = {OwnAccount.Purpose.COLLECTING: "1003", OwnAccount.Purpose.PAYING: "1001"}
# the payment of a decision, and after a return its next; sources that name the bank's reference, with the part's number after it
_PAYS = re.compile(r"decision:(\d+):paid(:\d+)?")
_NAMED = re.compile(
    r"(?:receipt|over|suspense|suspense-back|claimed|interest|fee|refund-paid|refund-back|claw-back|aid-back):(.+):\d+|remittance:(.+):(?:sent|arrived)"
)
_CAME_BACK = re.compile(r"(?:claw-back|aid-back):(.+):\d+")
_SENT, _BACK = re.compile(r"remittance:(.+):sent"), re.compile(r"remittance:(.+):returned")
# what is to be done about a payment that the bank made and we do not know of
_DOUBT = {
    Payout.State.SENT: "这一批的回盘还没有导入，请导入回盘",
    Payout.State.IN_DOUBT: "我方还是存疑，请凭银行回单登记“已付”",
}
# how long what one person has said may wait for another before it counts as unexplained
CONFIRMED_WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared, and what both sides held before and hold at the end."""

    book: list[Book]
    taken_back: frozenset[str]  # vouchers that were reversed, and their mirror images: they moved nothing
    paid: list[Paid]
    unclear: list[Paid]  # sent, and neither answered nor cleared up
    returned: list[Returned]  # sent, and came back
    lines: list[Line]
    book_before_fen: int
    mended_fen: int  # of what was booked before, what has been taken back since
    bank_before_fen: int
    book_fen: int
    bank_fen: int
    began_by: frozenset[str]  # whoever said with what the account begins

    @property
    def standing(self) -> list[Book]:
        """The vouchers that still say something."""
        return [one for one in self.book if one.key not in self.taken_back]


def offices_of(account: OwnAccount) -> list[int]:
    """The branch of the account's organisation without the branches that have such an account of their own."""
    own = OwnAccount.objects.filter(ended_at=None, purpose=account.purpose).exclude(pk=account.pk)
    below = own.filter(organisation__path__startswith=account.organisation.path)
    branch = Organisation.objects.filter(path__startswith=account.organisation.path)
    for path in below.values_list("organisation__path", flat=True):
        branch = branch.exclude(path__startswith=path)
    return list(branch.values_list("pk", flat=True))


def until(account: OwnAccount) -> date | None:
    """The last day that the bank has told in full."""
    last: date | None = account.statements.aggregate(last=Max("last_on"))["last"]
    return last


def sides_of(account: OwnAccount, last: date) -> Sides:
    """Everything from the account's first day up to and with the last."""
    offices, code = offices_of(account), CODES[OwnAccount.Purpose(account.purpose)]
    before = sum(_moved(offices, code, None, account.since - timedelta(days=1)).values())
    vouchers, book = _book(offices, code, account.since, last)
    pays = account.purpose == OwnAccount.Purpose.PAYING
    every = StatementLine.objects.filter(account=account)
    told = [
        *every.filter(booked_on__gte=account.since, booked_on__lte=last)
        .select_related("statement")
        .order_by("position")
    ]
    end = every.filter(booked_on__lte=last).order_by("-position").first()
    awaits, sayers = _awaits(told, last) if pays else {}, _sayers(account)
    first = (
        every.filter(booked_on__gte=account.since).order_by("position").first()
    )  # also where it came later
    taken_back, late = _taken_back(vouchers), _mends_before(vouchers, account.since)
    mended = [one for one in book if one.key in late]
    bank_before = first.balance_fen - first.amount_fen if first else end.balance_fen if end else 0
    brought = _brought_over(account, told, {one.reference for one in book})
    return Sides(
        book=book,
        taken_back=taken_back | late,
        paid=_paid(offices, account.since, last) if pays else [],
        unclear=_unclear(offices) if pays else [],
        returned=_failed(offices, account.since) if pays else _never_arrived(vouchers, book, taken_back),
        lines=[_line(one, awaits.get(one.pk, ""), sayers[one.pk]) for one in told if one != brought],
        book_before_fen=before,
        mended_fen=sum(one.amount_fen for one in mended),
        bank_before_fen=bank_before + (brought.amount_fen if brought else 0),
        book_fen=before + sum(one.amount_fen for one in book),
        bank_fen=end.balance_fen if end else bank_before,
        began_by=_began_by(account).union(*(one.caused_by for one in mended)),
    )


def _brought_over(account: OwnAccount, told: list[StatementLine], booked: set[str]) -> StatementLine | None:
    """The credit that brought all that lay on the office's account before this one: with that it begins, in the books nothing moved.

    Only a debit that left nothing there, and as much here within days: anything else is compared like any line.
    """
    before = OwnAccount.objects.filter(
        organisation=account.organisation_id, purpose=account.purpose, ended_at__lte=account.opened_at
    )
    old = before.exclude(pk=account.pk).order_by("-ended_at", "-pk").first()
    end = old.lines.order_by("-position").first() if old else None
    if end is None or end.balance_fen or end.amount_fen > 0:
        return None
    until = end.booked_on + BACK_WITHIN
    return next(
        (
            one
            for one in told
            if one.amount_fen == -end.amount_fen
            and end.booked_on <= one.booked_on <= until
            and one.reference not in booked
        ),
        None,
    )


def _began_by(account: OwnAccount) -> frozenset[str]:
    """Who registered the account or corrected it since, and who took in its first balance."""
    corrected = Event.objects.filter(
        verb="bank.correct_account", object_type="bank.ownaccount", object_id=str(account.pk)
    )
    first = account.statements.order_by("pk").values_list("taken_by", flat=True)[:1]
    return frozenset({account.opened_by, *corrected.values_list("actor_id", flat=True), *first})


def _moved(offices: list[int], code: str, first: date | None, last: date) -> dict[int, int]:
    """Fen on the bank account by voucher; one that was booked later, since its month was shut, on the bank's day."""
    happened = Coalesce("voucher__happened_on", "voucher__posted_on")
    entries = (
        LedgerEntry.objects.filter(office__in=offices).alias(on=happened).filter(on__lte=last).order_by()
    )
    entries = entries.filter(on__gte=first) if first else entries
    sums: dict[int, int] = defaultdict(int)
    for side, sign in (("debit", 1), ("credit", -1)):
        found = entries.filter(**{side: code}).values_list("voucher").annotate(Sum("amount_fen"))
        for voucher, amount in found:
            sums[voucher] += sign * amount
    return sums


def _book(offices: list[int], code: str, first: date, last: date) -> tuple[list[Voucher], list[Book]]:
    moved = _moved(offices, code, first, last)
    found = Voucher.objects.filter(pk__in=[pk for pk, fen in moved.items() if fen]).order_by("number")
    vouchers = list(found)
    others = _said_by(vouchers)
    return vouchers, [_entry(one, moved[one.pk], others[one.source]) for one in vouchers]


def _said_by(vouchers: list[Voucher]) -> dict[str, frozenset[str]]:
    """By the source of a voucher that needs two: who proposed or said it, beside who confirmed and so booked it."""
    by_hand = [one for one in vouchers if one.source.startswith("manual:")]
    proposed = ManualVoucher.objects.filter(voucher__in=by_hand).values_list("voucher__source", "proposed_by")
    returned = {named[1]: one.source for one in vouchers if (named := _CAME_BACK.fullmatch(one.source))}
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    for source, user in proposed:
        found[source] |= {f"user:{user}"}
    for kind in (Clearing, BankReturn):
        said = kind.objects.filter(line__reference__in=returned, state="confirmed")
        for reference, user in said.values_list("line__reference", "said_by"):
            found[returned[reference]] |= {f"user:{user}"}
    return found


def _taken_back(vouchers: list[Voucher]) -> frozenset[str]:
    numbers = {one.pk: one.number for one in vouchers}
    pairs = [(one.number, numbers[one.reverses_id]) for one in vouchers if one.reverses_id in numbers]
    return frozenset(number for pair in pairs for number in pair)


def _mends_before(vouchers: list[Voucher], since: date) -> frozenset[str]:
    """Mirror images of mistakes from before the first day: they say with what the account began, and move nothing after it.

    A remittance that came back did move.
    """
    late = {
        one.reverses_id: one.number for one in vouchers if one.reverses_id and not _BACK.fullmatch(one.source)
    }
    originals = Voucher.objects.filter(pk__in=late).alias(on=Coalesce("happened_on", "posted_on"))
    return frozenset(late[pk] for pk in originals.filter(on__lt=since).values_list("pk", flat=True))


def _entry(voucher: Voucher, amount_fen: int, others: frozenset[str]) -> Book:
    pays, named = _PAYS.fullmatch(voucher.source), _NAMED.fullmatch(voucher.source)
    return Book(
        key=voucher.number,
        on=voucher.happened_on or voucher.posted_on,
        amount_fen=amount_fen,
        words=voucher.note,
        reference=(named[1] or named[2]) if named else "",
        pays=pays[1] + (pays[2] or "") if pays else "",
        caused_by=others | {voucher.actor_id},
    )


def _paid(offices: list[int], first: date, last: date) -> list[Paid]:
    """What the bank gave back later was paid all the same, on its day."""
    back = BankReturn.objects.filter(state=BankReturn.State.CONFIRMED)
    found = _payouts(
        offices,
        Q(state=Payout.State.PAID) | Q(pk__in=back.values("payout")),
        answered_at__gte=_midnight(first),
        answered_at__lt=_midnight(last + timedelta(days=1)),
    )
    hands = _hands({one.batch_id for one in found if one.batch_id})
    settled, after = _settled(found), _after(found)
    return [
        _side(one, one.answered_at, hands[one.batch_id], settled[one.pk], after=after.get(one.pk, ""))
        for one in found
        if one.answered_at and one.batch_id
    ]


def _unclear(offices: list[int]) -> list[Paid]:
    """What went to the bank and was neither answered nor cleared up; each says what is to be done."""
    found = _payouts(offices, state__in=(Payout.State.SENT, Payout.State.IN_DOUBT))
    hands = _hands({one.batch_id for one in found if one.batch_id})
    return [
        _side(
            one,
            one.doubted_at or one.scheduled_at,
            hands[one.batch_id],
            doubt=_DOUBT[Payout.State(one.state)],
        )
        for one in found
        if one.batch_id
    ]


def _failed(offices: list[int], first: date) -> list[Returned]:
    """Payouts that the bank sent back, also those that a corrected decision has replaced since."""
    states = (Payout.State.FAILED, Payout.State.REPLACED)
    found = Payout.objects.filter(
        decision__claim__office__in=offices,
        state__in=states,
        batch__isnull=False,
        answered_at__gte=_midnight(first),
    )
    found = found.exclude(bank_returns__state=BankReturn.State.CONFIRMED)  # that had been paid, and is booked
    rows = found.order_by("answered_at", "pk").values_list("amount_fen", "holder", "batch__number")
    return [Returned(fen, name=name, batch=batch or "") for fen, name, batch in rows]


def _never_arrived(vouchers: list[Voucher], book: list[Book], taken_back: frozenset[str]) -> list[Returned]:
    """Remittances that were taken back, since they never left or the bank sent them back."""
    sent = {one.number: named[1] for one in vouchers if (named := _SENT.fullmatch(one.source))}
    return [
        Returned(-one.amount_fen, reference=sent[one.key], on=one.on)
        for one in book
        if one.key in sent and one.key in taken_back
    ]


def _payouts(offices: list[int], which: Q | None = None, **wanted: object) -> list[Payout]:
    found = Payout.objects.filter(which or Q(), decision__claim__office__in=offices, **wanted)
    return list(found.select_related("decision__claim").order_by("answered_at", "pk"))


def _side(
    one: Payout,
    at: datetime,
    hands: tuple[str, frozenset[str]],
    settled: frozenset[str] = frozenset(),
    doubt: str = "",
    after: str = "",
) -> Paid:
    batch, people = hands
    return Paid(
        key=str(one.pk),
        on=at.astimezone(SHANGHAI).date(),
        amount_fen=one.amount_fen,
        decision=f"{one.decision_id}{after}",
        claim=one.decision.claim.number,
        batch=batch,
        holder=one.holder,
        caused_by=people | settled,
        doubt=doubt,
    )


def _hands(batches: set[int]) -> dict[int, tuple[str, frozenset[str]]]:
    """The number of each batch, and everybody who had it in hand."""
    people: dict[int, set[int]] = defaultdict(set)
    numbers = {}
    for one in PayoutBatch.objects.filter(pk__in=batches):
        numbers[one.pk] = one.number
        people[one.pk] |= {key for key in (one.made_by_id, one.released_by_id) if key}
    for batch, taker in ReplyFile.objects.filter(batch__in=batches).values_list("batch", "taken_by"):
        people[batch].add(taker)
    return {pk: (number, frozenset(f"user:{key}" for key in people[pk])) for pk, number in numbers.items()}


def _settled(paid: list[Payout]) -> dict[UUID, frozenset[str]]:
    """Who found out by the bank's paper that a payout in doubt was paid, or that one came back."""
    people: dict[UUID, frozenset[str]] = defaultdict(frozenset)
    for said in (DoubtAnswer, BankReturn):
        answers = said.objects.filter(payout__in=paid, state="confirmed")
        for payout, *users in answers.values_list("payout", "said_by", "settled_by"):
            people[payout] |= {f"user:{key}" for key in users}
    return people


def _after(paid: list[Payout]) -> dict[UUID, str]:
    """Payments that were made after an earlier one of their decision had come back: as their vouchers name that return."""
    earlier: dict[int, list[tuple[int, UUID]]] = defaultdict(list)
    found = BankReturn.objects.filter(
        payout__decision__in={one.decision_id for one in paid}, state=BankReturn.State.CONFIRMED
    )
    for key, payout, decision in found.order_by("pk").values_list("pk", "payout", "payout__decision"):
        earlier[decision].append((key, payout))
    named = {}
    for one in paid:
        own = next((key for key, payout in earlier[one.decision_id] if payout == one.pk), None)
        before = [key for key, _ in earlier[one.decision_id] if own is None or key < own]
        named[one.pk] = f":{before[-1]}" if before else ""
    return named


def _awaits(lines: list[StatementLine], last: date) -> dict[UUID, str]:
    """Lines that are said to have come back from members or the bank and are not confirmed yet, and who said so."""
    found = Clearing.objects.filter(line__in=lines, state=Clearing.State.SAID)
    recent = found.filter(said_at__gte=_midnight(last - CONFIRMED_WITHIN))
    rows = recent.values_list("line", "said_by__name", "receivable__difference__decision__claim__number")
    back = BankReturn.objects.filter(line__in=lines, state=BankReturn.State.SAID)
    recent_back = back.filter(said_at__gte=_midnight(last - CONFIRMED_WITHIN))
    more = recent_back.values_list("line", "said_by__name", "payout__decision__claim__number")
    return {
        line: f"{name}已登记为{what}（申请 {number}），等另一个人确认后入账"
        for what, found in (("会员退回", rows), ("银行退回", more))
        for line, name, number in found
    }


def _sayers(account: OwnAccount) -> dict[UUID, frozenset[str]]:
    """Who said of a line of the account that a member or the bank sent the money back."""
    people: dict[UUID, frozenset[str]] = defaultdict(frozenset)
    for kind in (Clearing, BankReturn):
        said = kind.objects.filter(line__account=account, state__in=("said", "confirmed"))
        for line, user in said.values_list("line", "said_by"):
            people[line] |= {f"user:{user}"}
    return people


def _line(one: StatementLine, awaits: str, sayers: frozenset[str]) -> Line:
    remark = one.remark or ""
    return Line(
        key=str(one.pk),
        on=one.booked_on,
        amount_fen=one.amount_fen,
        reference=one.reference,
        name=one.name,
        remark=remark,
        batches=tuple(BATCH_NUMBER.findall(remark)),
        caused_by=sayers | {one.statement.taken_by},
        awaits=awaits,
        serial=one.serial,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=SHANGHAI)
