"""免申即享: claims that came complete from the bureau are decided together. Machines may pay; what they would not pay is left.

One person starts a run and counts as who decides; the machine says what each claim would get; another person confirms
by totals and a sample; then it takes effect in slices. Killed at any moment it goes on where it was, with nothing twice.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, QuerySet, Sum

from huzhu.adjudication import totals
from huzhu.adjudication.acts import NoPersonTwice
from huzhu.adjudication.deciding import Slice
from huzhu.adjudication.evaluation import Evaluation, evaluate
from huzhu.adjudication.models import AutomaticLine, AutomaticRun, Decision
from huzhu.audit import services as audit
from huzhu.claims.facts import Known, Told, known_of_each, told_of_each
from huzhu.claims.kinds import occurred_on
from huzhu.claims.models import Claim, State
from huzhu.claims.services import lock_members, needed
from huzhu.core import money
from huzhu.db.rows import insert
from huzhu.enrolment.slices import Tell
from huzhu.organisations.models import Organisation
from huzhu.rules.facts import FactsRefused
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

SLICE = 1_000
PAGE = 20_000  # members looked up at once
Outcome = AutomaticLine.Outcome
LINE = ("run", "claim", "place", "outcome", "amount_fen", "ground", "reason")


class NothingWaits(ValueError):
    """No claim from the bureau waits for a decision."""


class RunIsOpen(ValueError):
    """Another run of the same office is not finished."""


class RunIsOver(ValueError):
    """The run is not in a state in which this can be done."""


class NotAsShown(ValueError):
    """The totals are not those that the person agreed to."""


REFUSALS = (NothingWaits, RunIsOpen, RunIsOver, NotAsShown, NoPersonTwice)


def waiting(organisation: Organisation) -> QuerySet[Claim]:
    """Claims from the bureau's records that wait for the province, in a branch."""
    standing = Decision.objects.standing().filter(claim=OuterRef("pk"))
    held = AutomaticLine.objects.filter(claim=OuterRef("pk"), outcome=Outcome.PAYS)
    found = Claim.objects.filter(channel=Claim.Channel.BUREAU, state=State.REPORTED)
    return found.filter(~Exists(standing), ~Exists(held), office__path__startswith=organisation.path)


@transaction.atomic
def start(*, by: Role, at: datetime) -> AutomaticRun:
    """Begin a run over everything that waits in the branch; `review` then does the work."""
    check_may(by, "automatic.start")
    count = waiting(by.organisation).count()
    if not count:
        raise NothingWaits("现在没有等待核定的医保数据申请，没有发起。请先由代办处导入医保结算数据。")
    try:
        with transaction.atomic():
            run = AutomaticRun.objects.create(organisation=by.organisation, started_by=by.user, started_at=at)
    except IntegrityError:
        raise RunIsOpen("还有一批没有办完，不能同时再发起一批。请先办完或作废那一批。") from None
    audit.record(by=by, verb="automatic.start", on=run, at=at, detail={"waiting": count})
    return run


def review(*, run: AutomaticRun, by: Role, at: datetime, tell: Tell) -> AutomaticRun:
    """Say of every waiting claim what it would get, or why it is left to a person; nothing is decided yet."""
    check_may(by, "automatic.start", within=run.organisation)
    done = run.lines.count()
    total = done + _unseen(run).count()
    for members in _members(run):
        done += _reviewed(run, members, done)
        tell(done, total, "正在核算")
    return _propose(run, by, at)


def _unseen(run: AutomaticRun) -> QuerySet[Claim]:
    lines = AutomaticLine.objects.filter(run=run, claim=OuterRef("pk"))
    return waiting(run.organisation).filter(~Exists(lines))


def _members(run: AutomaticRun) -> Iterator[tuple[Any, Any]]:
    """First and last key of members with claims to look at, a slice at a time, each member once."""
    unseen = _unseen(run).order_by("member").values_list("member", flat=True).distinct()
    page = list(unseen[:PAGE])
    while page:
        for start in range(0, len(page), SLICE):
            part = page[start : start + SLICE]
            yield part[0], part[-1]
        page = list(unseen.filter(member__gt=page[-1])[:PAGE])


def _reviewed(run: AutomaticRun, members: tuple[Any, Any], place: int) -> int:
    """Lines for all waiting claims of these members; how many."""
    unseen = _unseen(run).filter(member__gte=members[0], member__lte=members[1])
    claims = sorted(told_of_each(unseen, "drafted_at", "opinion__given_by"), key=_order)
    known = known_of_each(unseen.values("member"))
    lines = [
        (run.pk, claim.pk, place + number, *_found(run, claim, known[claim.member_id], given_by))
        for number, (claim, _, given_by) in enumerate(claims, start=1)
    ]
    with transaction.atomic():
        _hold(run, AutomaticRun.State.REVIEWING)
        insert(AutomaticLine, LINE, lines)
    return len(lines)


def _order(row: tuple[Any, ...]) -> tuple[Any, date, datetime, str]:
    """Inside a member: by event, by settlement, by number."""
    claim, drafted_at, _ = row
    return claim.member_id.int, occurred_on(claim) or date.max, claim.settled_at or drafted_at, claim.number


def _found(run: AutomaticRun, claim: Told, known: Known, given_by: int) -> tuple[Outcome, int, str, str]:
    """Outcome, fen, ground and reason of a line."""
    if given_by == run.started_by_id:
        evaluation, why = None, "发起人给过这件申请的初审意见，要由另一个人核定"
    else:
        evaluation, why = judged(claim, known)
    if why or evaluation is None:
        return Outcome.LEFT, 0, "", why[:200]
    _count(claim, known)
    return Outcome.PAYS, evaluation.total_fen, evaluation.ground, ""


def judged(claim: Told, known: Known) -> tuple[Evaluation | None, str]:
    """The evaluation, and why a machine may not pay it; an empty reason where it may."""
    try:
        evaluation = evaluate(claim=claim, known=known)
    except FactsRefused as refused:
        return None, "资料读不出：" + "；".join(problem.what for problem in refused.problems)
    return evaluation, _why_not(claim, evaluation)


def _why_not(claim: Told, evaluation: Evaluation) -> str:
    limit = settings.HUZHU_SECOND_DECISION_FEN
    if claim.account_id is None:
        return "没有收款账户"
    if not evaluation.parts:
        return "没有生效的保障包含这次住院"
    if not evaluation.total_fen:
        return "按规则合计 0.00 元；不给付只能由人决定"
    if warnings := evaluation.warnings:
        return "；".join(warnings)
    if evaluation.total_fen > limit:
        return f"合计 {evaluation.total} 元，超过 {money.spoken(limit)} 元的复核限额"
    return ""


def _count(claim: Told, known: Known) -> None:
    """What is paid is history for the member's next claim, in the order in which it will be read."""
    known.counted.append(claim)
    known.counted.sort(key=lambda one: one.number)


@transaction.atomic
def _propose(run: AutomaticRun, by: Role, at: datetime) -> AutomaticRun:
    _hold(run, AutomaticRun.State.REVIEWING)
    found = run.lines.filter(outcome=Outcome.PAYS).aggregate(count=Count("pk"), fen=Sum("amount_fen"))
    run.found_count, run.found_fen = found["count"], found["fen"] or 0
    run.state = AutomaticRun.State.PROPOSED
    run.save(update_fields=["found_count", "found_fen", "state"])
    detail = {"count": run.found_count, "fen": run.found_fen}
    audit.record(by=by, verb="automatic.propose", on=run, at=at, detail=detail)
    return run


@transaction.atomic
def settle(
    *, run: AutomaticRun, agree: bool, reason: str, shown: tuple[int, int], by: Role, at: datetime
) -> AutomaticRun:
    """Another person's word on a run: agreed, `take_effect` may begin; not agreed, all of it is left to persons.

    `shown` is the count and total the person agreed to.
    """
    check_may(by, "automatic.confirm", within=run.organisation)
    said = reason.strip()[:200] if agree else needed(reason, "不同意要写明哪里不对，发起人要照着查")
    _check_another(run, by)
    run.refresh_from_db()
    if agree and shown != (run.found_count, run.found_fen):
        raise NotAsShown(
            f"您看到的是 {shown[0]} 件 {money.spoken(shown[1])} 元，现在是 {run.found_count} 件 "
            f"{money.spoken(run.found_fen)} 元，没有确认。请看清后再确认。"
        )
    if agree and not run.found_count:
        raise NothingWaits("这一批没有可以自动给付的申请，不用确认。请由发起人作废这一批，逐件办理。")
    state = AutomaticRun.State.CONFIRMED if agree else AutomaticRun.State.SENT_BACK
    _settle(run, [AutomaticRun.State.PROPOSED], state, by, at, said)
    if not agree:
        _leave_all(run, f"第二人没有同意这一批：{said}")
    audit.record(by=by, verb="automatic.settle", on=run, at=at, detail={"agree": agree, "reason": said})
    return run


def _check_another(run: AutomaticRun, by: Role) -> None:
    """Neither who started the run, nor who gave the first opinion on one of its claims."""
    if run.started_by_id == by.user_id:
        raise NoPersonTwice("这一批是您发起的，要由另一个人确认。请交给同事办理。")
    mine = run.lines.filter(outcome=Outcome.PAYS, claim__opinion__given_by=by.user)
    if mine.exists():
        raise NoPersonTwice("这一批里有您给过初审意见的申请，要由另一个人确认。请交给同事办理。")


@transaction.atomic
def drop(*, run: AutomaticRun, by: Role, at: datetime) -> AutomaticRun:
    """Give a run up before it is confirmed; its claims wait for persons."""
    check_may(by, "automatic.start", within=run.organisation)
    before = [AutomaticRun.State.REVIEWING, AutomaticRun.State.PROPOSED]
    _settle(run, before, AutomaticRun.State.DROPPED, by, at, "")
    _leave_all(run, "这一批作废了")
    audit.record(by=by, verb="automatic.drop", on=run, at=at)
    return run


def _settle(
    run: AutomaticRun, before: list[Any], state: AutomaticRun.State, by: Role, at: datetime, reason: str
) -> None:
    columns = {"state": state, "settled_by": by.user, "settled_at": at, "reason": reason}
    if not AutomaticRun.objects.filter(pk=run.pk, state__in=before).update(**columns):
        raise _over(run)
    run.refresh_from_db()


def _leave_all(run: AutomaticRun, why: str) -> None:
    found = run.lines.filter(outcome=Outcome.PAYS)
    found.update(outcome=Outcome.LEFT, amount_fen=0, reason=why[:200])


def take_effect(*, run: AutomaticRun, by: Role, at: datetime, tell: Tell) -> AutomaticRun:
    """Decide what was confirmed, slice by slice, each a transaction; what has changed since is left to persons."""
    check_may(by, "automatic.confirm", within=run.organisation)
    todo = run.lines.filter(outcome=Outcome.PAYS).count()
    done = run.found_count - todo
    while count := _decided(run, by, at):
        done += count
        tell(done, run.found_count, "正在核定")
    return _finish(run, by, at)


@transaction.atomic
def _decided(run: AutomaticRun, by: Role, at: datetime) -> int:
    """The next slice: lines, members and totals are locked, always in this order; how many lines were done."""
    _hold(run, AutomaticRun.State.CONFIRMED)
    todo = run.lines.select_for_update().filter(outcome=Outcome.PAYS).order_by("place")
    lines = list(todo.values_list("place", flat=True)[:SLICE])
    if not lines:
        return 0
    places = lines[0], lines[-1]
    claims = Claim.objects.filter(
        automatic_lines__run=run, automatic_lines__place__range=places, automatic_lines__outcome=Outcome.PAYS
    )
    members = claims.values("member")
    phones = lock_members(members)
    work = Slice(run=run, places=places, phones=phones, rows=totals.lock(members), by=by, at=at)
    known = known_of_each(members)
    held = told_of_each(_untouched(claims), "office", "automatic_lines__ground", "automatic_lines__place")
    waiting_still = {row[-1]: row[:-1] for row in held}
    for place in lines:
        if place not in waiting_still:
            work.leave(place, "已由别人办理，或不再等待核定")
            continue
        claim, office, ground = waiting_still[place]
        evaluation, why = judged(claim, known[claim.member_id])
        if not why and (evaluation is None or evaluation.ground != ground):
            why = "确认以后资料有变动，或有别的申请先核定，金额要重新看"
        if not why and evaluation is not None and (why := work.pay(claim, office, evaluation)) == "":
            _count(claim, known[claim.member_id])
        if why:
            work.leave(place, why)
    work.store()
    return len(lines)


def _untouched(claims: QuerySet[Claim]) -> QuerySet[Claim]:
    """Of these claims those that still wait for a decision."""
    standing = Decision.objects.standing().filter(claim=OuterRef("pk"))
    return claims.filter(~Exists(standing), state=State.REPORTED)


@transaction.atomic
def _finish(run: AutomaticRun, by: Role, at: datetime) -> AutomaticRun:
    done = AutomaticRun.objects.filter(pk=run.pk, state=AutomaticRun.State.CONFIRMED)
    if not done.update(state=AutomaticRun.State.DONE, finished_at=at):
        raise _over(run)
    run.refresh_from_db()
    decided = run.lines.filter(outcome=Outcome.DECIDED).aggregate(count=Count("pk"), fen=Sum("amount_fen"))
    detail = {"count": decided["count"], "fen": decided["fen"] or 0}
    audit.record(by=by, verb="automatic.finish", on=run, at=at, detail=detail)
    return run


def _hold(run: AutomaticRun, state: AutomaticRun.State) -> None:
    """In the transaction of a slice: the run is still in this state, and stays so until the commit."""
    if not AutomaticRun.objects.filter(pk=run.pk, state=state).update(state=state):
        raise _over(run)


def _over(run: AutomaticRun) -> RunIsOver:
    now = AutomaticRun.objects.get(pk=run.pk).get_state_display()
    return RunIsOver(f"这一批现在是“{now}”，您这一步没有生效。可能别人刚刚办过，请刷新后再看。")


__all__ = ["REFUSALS", "drop", "review", "settle", "start", "take_effect", "waiting"]
