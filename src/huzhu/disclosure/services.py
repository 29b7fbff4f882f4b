"""Verbs of publishing: propose, publish (another person), send back."""

from collections import Counter
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from huzhu.audit import services as audit
from huzhu.core.periods import months_after
from huzhu.disclosure.behind import FEWEST, Helped, Span, pieces, span_of
from huzhu.disclosure.lifecycle import DISCLOSURE
from huzhu.disclosure.models import PublishedAccounts
from huzhu.ledger import queries as ledger
from huzhu.ledger.accounts import AID, FUND, RESERVE
from huzhu.ledger.books import locked_books
from huzhu.ledger.models import Period
from huzhu.ledger.periods import SamePerson
from huzhu.organisations.models import Organisation
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed, check_may

State = PublishedAccounts.State
ALL_AID = "互助金支出"


class CannotPublish(ValueError):
    """Months that are not closed, figures that changed, or a span that is there already."""


REFUSALS = (CannotPublish, NotAllowed, SamePerson)


def figures(book: Organisation, first: str, last: str, *, kinds: bool = True) -> dict[str, Any]:
    """What would be published of these months: fen by account, people helped, fund and reserve at the end.

    Without `kinds` all aid is one line.
    """
    accounts = ledger.statement(month=first, until=last, under=book)
    span = span_of(first, last)
    return {
        "income": [[one.line.name, one.moved_fen] for one in accounts.income if one.moved_fen],
        "expense": _expense(accounts.expense, kinds=kinds),
        "income_fen": accounts.income_fen,
        "expense_fen": accounts.expense_fen,
        "people": Helped(book, [span]).people(span),
        "surplus_to_date_fen": accounts.net_fen,  # with what the fund began with, which is no income
        "fund_fen": sum(one.balance_fen for one in accounts.standing if one.line.code == FUND),
        "reserve_fen": sum(one.balance_fen for one in accounts.standing if one.line.code == RESERVE),
    }


def _expense(lines: list[ledger.Balance], *, kinds: bool) -> list[list[Any]]:
    found: Counter[str] = Counter()
    for one in lines:
        found[ALL_AID if one.line.code in AID and not kinds else one.line.name] += one.moved_fen
    return [[name, fen] for name, fen in found.items() if fen]


@transaction.atomic
def propose(*, book: Organisation, first: str, last: str, by: Role, at: datetime) -> PublishedAccounts:
    """One person's word, with the figures of now; every month of the span must be closed."""
    check_may(by, "disclosure.propose", within=book)
    _refuse_open(book, first, last)
    locked_books([book])  # two that are proposed at once know of each other
    kinds = _may_tell_kinds(book, span_of(first, last))
    try:
        with transaction.atomic():
            made = PublishedAccounts.objects.create(
                book=book,
                first=first,
                last=last,
                figures=figures(book, first, last, kinds=kinds),
                proposed_by=by.user,
                proposed_at=at,
            )
    except IntegrityError as problem:
        raise CannotPublish(f"{first} 至 {last} 已经公布过，或正等公布，没有再提。") from problem
    audit.record(by=by, verb="disclosure.propose", on=made, at=at, detail={"first": first, "last": last})
    return made


@transaction.atomic
def publish(*, accounts: PublishedAccounts, by: Role, at: datetime) -> PublishedAccounts:
    """Another person publishes it, if the books still say the same."""
    held = _held(accounts, State.PUBLISHED, by)
    if held.figures != figures(held.book, held.first, held.last, kinds=_tells_kinds(held)):
        raise CannotPublish("提出以后账上的数字变了，没有公布。请退回，重新提出。")
    held.state, held.published_by, held.published_at = State.PUBLISHED, by.user, at
    held.save(update_fields=["state", "published_by", "published_at"])
    audit.record(by=by, verb="disclosure.publish", on=held, at=at)
    return held


@transaction.atomic
def send_back(*, accounts: PublishedAccounts, by: Role, at: datetime) -> PublishedAccounts:
    """The other person sends it back."""
    held = _held(accounts, State.SENT_BACK, by)
    held.state = State.SENT_BACK
    held.save(update_fields=["state"])
    audit.record(by=by, verb="disclosure.send_back", on=held, at=at)
    return held


def _held(accounts: PublishedAccounts, to: str, by: Role) -> PublishedAccounts:
    check_may(by, "disclosure.publish", within=accounts.book)
    rows = PublishedAccounts.objects.select_related("book").select_for_update(of=("self",))
    held = rows.get(pk=accounts.pk)
    if to not in DISCLOSURE[held.state].exits:
        raise CannotPublish(f"{held}现在是“{held.get_state_display()}”，不能再办。请刷新后再看。")
    if held.proposed_by_id == by.user_id:
        raise SamePerson("这个公示是您提出的，要由另一个人公布。请交给另一位出纳放行。")
    return held


def _may_tell_kinds(book: Organisation, span: Span) -> bool:
    """Whether aid may be told by kind; raises CannotPublish where so few were helped that the sum would be somebody's.

    Both also of what the span and those that stand tell together, one less the other.
    """
    held = list(PublishedAccounts.objects.filter(book=book).exclude(state=State.SENT_BACK))
    told = [span_of(one.first, one.last) for one in held]
    own = [span, *(span_of(one.first, one.last) for one in held if _tells_kinds(one))]
    cut = pieces(told, span)
    by_kind = [one for one in pieces(own[1:], span) if any(a <= one.first and one.end <= b for a, b in own)]
    helped = Helped(book, [*cut, *by_kind])
    if few := next(filter(helped.is_few, cut), None):
        raise CannotPublish(_why_not(few, span))
    return not any(map(helped.is_few_of_a_kind, by_kind))


def _why_not(few: Span, span: Span) -> str:
    if few == span:
        return (
            f"{span} 的互助金只涉及不到 {FEWEST} 个人，公布金额就等于说出是谁的，没有提出。"
            "请和前后的月份合在一起提。"
        )
    return (
        f"和已经公布或正等公布的相减，可以算出 {few} 不到 {FEWEST} 个人的互助金，没有提出。"
        f"请换起止月份，让 {few} 和另外的月份合在一起。"
    )


def _tells_kinds(accounts: PublishedAccounts) -> bool:
    return all(name != ALL_AID for name, _ in accounts.figures["expense"])


def _refuse_open(book: Organisation, first: str, last: str) -> None:
    if not first <= last:
        raise CannotPublish("起止月份颠倒了，没有提出。请先选较早的月份。")
    closed = Period.objects.filter(book=book, state=Period.State.CLOSED, month__gte=first, month__lte=last)
    wanted, day = [], date.fromisoformat(f"{first}-01")
    while f"{day:%Y-%m}" <= last:
        wanted.append(f"{day:%Y-%m}")
        day = months_after(day, 1)
    if still := sorted(set(wanted) - set(closed.values_list("month", flat=True))):
        raise CannotPublish(f"{still[0]} 还没有关账，没有提出。关了账的月份才能公示，数字才不会再变。")
