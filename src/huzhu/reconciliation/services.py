"""Verbs of reconciliation: compare, explain; payouts stand still while anything is unexplained."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from huzhu.audit import services as audit
from huzhu.bank import stops
from huzhu.bank.models import OwnAccount, Stop
from huzhu.core.money import spoken
from huzhu.ledger.models import Voucher
from huzhu.reconciliation.compare import differences
from huzhu.reconciliation.facts import OPENING, TO_CONFIRM, Found
from huzhu.reconciliation.models import Difference, Run
from huzhu.reconciliation.sides import Sides, sides_of, until
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

State = Difference.State


class NothingToCompare(ValueError):
    """No statement has been taken in for the account."""


class ExplanationRefused(ValueError):
    """A difference cannot be explained as told."""


class SamePerson(ExplanationRefused):
    """Who had it in hand does not explain it."""


def run_all(*, at: datetime, by: audit.Actor = audit.SYSTEM) -> list[Run]:
    """Every account in use that has a statement; the worker does it daily."""
    accounts = OwnAccount.objects.filter(ended_at=None).exclude(statements=None).order_by("pk").distinct()
    return [run(account=account, by=by, at=at) for account in accounts]


@transaction.atomic
def run(*, account: OwnAccount, by: audit.Actor, at: datetime) -> Run:
    """Compare an account up to the last day that the bank has told; stop payouts, or let them go on. NothingToCompare."""
    if by is not audit.SYSTEM:
        check_may(by, "reconciliation.run", within=account.organisation)
    locked = OwnAccount.objects.select_for_update(of=("self",)).get(pk=account.pk)  # one comparison at a time
    last = until(locked)
    if last is None:
        raise NothingToCompare("这个账户还没有导入过对账单，没有可以对的。请先导入银行对账单。")
    sides = sides_of(locked, last)
    compared = differences(sides.standing, sides.paid, sides.lines, sides.unclear, sides.returned)
    found = [*_opening(locked, sides), *compared]
    _keep(locked, found, at)
    waiting = Difference.objects.filter(account=locked, state=State.OPEN).count()
    made = Run.objects.create(
        account=locked,
        until=last,
        book_fen=sides.book_fen,
        bank_fen=sides.bank_fen,
        vouchers_count=len(sides.book),
        payouts_count=len(sides.paid),
        lines_count=len(sides.lines),
        found_count=len(found),
        open_count=waiting,
        run_by_name=by.actor_name[:80],
        run_at=at,
    )
    detail = {
        "until": last.isoformat(),
        "found": len(found),
        "open": waiting,
        "difference_fen": made.difference_fen,
    }
    audit.record(by=by, verb="reconciliation.run", on=made, at=at, detail=detail)
    _brake(locked, waiting, at)
    return made


@transaction.atomic
def explain(*, difference: Difference, cause: str, reason: str, by: Role, at: datetime) -> None:
    """A person says why, another than those who had it in hand; payouts go on when it was the last."""
    check_may(by, "reconciliation.explain", within=difference.account.organisation)
    account = OwnAccount.objects.select_for_update(of=("self",)).get(pk=difference.account_id)
    held = Difference.objects.get(pk=difference.pk)
    said = reason.strip()[:400]
    if held.state != State.OPEN:
        raise ExplanationRefused(f"这一条现在是“{held.get_state_display()}”，没有再写。请刷新后再看。")
    if by.actor_id in held.caused_by:
        raise SamePerson(
            "这一条里有您经手的一环（登记账户、提出、记账、制单、放行、回盘或导入），要由另一个人查明后说明。"
        )
    if cause not in Difference.Cause.values:
        raise ExplanationRefused("没有选原因类别：请选一个最接近的。")
    if len(said) < 4:
        raise ExplanationRefused("请写明查到了什么、怎么处理：后来的人和经审要照着看。")
    held.state, held.cause, held.reason = State.EXPLAINED, cause, said
    held.explained_by, held.explained_by_name, held.explained_at = by.actor_id, by.actor_name[:80], at
    held.save(update_fields=["state", "cause", "reason", "explained_by", "explained_by_name", "explained_at"])
    detail = {"kind": held.kind, "cause": cause, "reason": said}
    audit.record(by=by, verb="reconciliation.explain", on=held, at=at, detail=detail)
    _brake(account, Difference.objects.filter(account=account, state=State.OPEN).count(), at)


def _opening(account: OwnAccount, sides: Sides) -> list[Found]:
    """Both sides must begin with the same; what was booked before by mistake and is taken back does not count."""
    book, bank = sides.book_before_fen + sides.mended_fen, sides.bank_before_fen
    if book == bank:
        return []
    words = f"{account.since} 以前账面是 {spoken(book)}，银行是 {spoken(bank)}"
    return [Found(OPENING, account.since, words, book_fen=book, bank_fen=bank, hands=sides.began_by)]


def _keep(account: OwnAccount, found: Iterable[Found], at: datetime) -> None:
    """New ones are written down, of known ones only the hands that have come to them, and what is no longer found is gone."""
    by_key = {one.key: one for one in found}
    held = {one.key: one for one in Difference.objects.filter(account=account)}
    Difference.objects.bulk_create(_row(account, one, at) for key, one in by_key.items() if key not in held)
    back = [one for key, one in held.items() if key in by_key and one.state == State.GONE]
    blank: dict[str, Any] = {
        "cause": "",
        "reason": "",
        "explained_by": "",
        "explained_by_name": "",
        "explained_at": None,
    }
    for one in back:
        again = {"state": _first_state(one.kind), "gone_at": None, "found_at": at, **blank}
        Difference.objects.filter(pk=one.pk).update(**again)
    for key, one in held.items():
        if key in by_key and (more := by_key[key].caused_by - set(one.caused_by)):
            Difference.objects.filter(pk=one.pk).update(caused_by=sorted({*one.caused_by, *more}))
    gone = [one.pk for key, one in held.items() if key not in by_key and one.state != State.GONE]
    Difference.objects.filter(pk__in=gone).update(state=State.GONE, gone_at=at)


def _first_state(kind: str) -> str:
    """What another person must only confirm stops nothing."""
    return State.SAID if kind == TO_CONFIRM else State.OPEN


def _row(account: OwnAccount, one: Found, at: datetime) -> Difference:
    voucher = Voucher.objects.filter(number=one.book.key).first() if one.book else None
    return Difference(
        account=account,
        key=one.key,
        kind=one.kind,
        on=one.on,
        words=one.words[:240],
        book_fen=one.book_fen,
        paid_fen=one.paid_fen,
        bank_fen=one.bank_fen,
        voucher=voucher,
        payout_id=one.paid.key if one.paid else None,
        line_id=one.line.key if one.line else None,
        caused_by=sorted(one.caused_by),
        state=_first_state(one.kind),
        found_at=at,
    )


def _brake(account: OwnAccount, waiting: int, at: datetime) -> None:
    """Unexplained differences stop payouts; the stop that this room made ends with the last of them."""
    source = f"reconciliation:{account.pk}"
    if waiting:
        first = Difference.objects.filter(account=account, state=State.OPEN).order_by("on", "pk")[0]
        # without its words: whoever pays in another branch reads this too
        reason = f"对账有 {waiting} 条差异没有说明（{account}），最早的在 {first.on}"
        stops.stop(reason=reason, by=audit.SYSTEM, at=at, source=source)
        return
    for stop in Stop.objects.open().filter(source=source, stopped_id=audit.SYSTEM.actor_id):
        stops.resume(stop=stop, reason="对账的差异都已说明或消除", by=audit.SYSTEM, at=at)


def said(run: Run, waiting: int | None = None, awaits: int = 0) -> str:
    """What came out, in one sentence; `waiting` is how many still wait to be explained, where that is asked later.

    `awaits` are those that another person must only confirm.
    """
    sums = f"账面 {spoken(run.book_fen)} － 银行 {spoken(run.bank_fen)} ＝ {spoken(run.difference_fen)}"
    if not run.found_count:
        return f"对到 {run.until}：{sums}，逐笔相符。"
    waits = run.open_count if waiting is None else waiting
    confirm = f"，待第二人确认 {awaits} 条" if awaits else ""
    return f"对到 {run.until}：{sums}；差异 {run.found_count} 条，待说明 {waits} 条{confirm}。"
