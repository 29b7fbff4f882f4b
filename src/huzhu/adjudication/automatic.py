"""免申即享: claims that came complete from the bureau are decided together. Machines may pay; what they would not pay is left.

One person starts a run and counts as who decides; the machine says what each claim would get; another person confirms
by totals and a sample; then it takes effect in slices. Killed at any moment it goes on where it was, with nothing twice.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Exists, Max, OuterRef, QuerySet, Sum

from huzhu.adjudication import deciding
from huzhu.adjudication.acts import NoPersonTwice
from huzhu.adjudication.judging import count, judged
from huzhu.adjudication.models import AutomaticLine, AutomaticRun, Decision
from huzhu.audit import services as audit
from huzhu.claims.facts import Known, Told, known_of_each, told_of_each
from huzhu.claims.kinds import occurred_on
from huzhu.claims.models import Claim, State
from huzhu.claims.services import needed
from huzhu.core import money
from huzhu.db.rows import insert
from huzhu.jobs.working import Tell
from huzhu.organisations.models import Organisation
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

SLICE = 1_000  # claims that go together, at least: one transaction
TOGETHER = 4  # slices that one worker takes
Outcome = AutomaticLine.Outcome
Part = dict[str, Any]  # what any worker needs to do it: run, at, count and slices, as JSON
Share = Callable[[Callable[[], Sequence[Part]]], None]  # does all parts, here and elsewhere
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


def review(
    *, run: AutomaticRun, by: Role, at: datetime, tell: Tell, share: Share | None = None
) -> AutomaticRun:
    """Say of every waiting claim what it would get, or why it is left to a person; nothing is decided yet.

    By parts, which `share` gives to whoever is free; the lines are the same whoever takes which. The same again changes
    nothing: a worker may be killed when all is said and it has not yet said so.
    """
    check_may(by, "automatic.start", within=run.organisation)
    if run.state not in (AutomaticRun.State.REVIEWING, AutomaticRun.State.DROPPED):
        return run
    parts, act = partial(_parts, run, at, _slices_to_review), partial(review_part, by=by)
    share(parts) if share else _alone(parts(), act, tell)
    return _propose(run, by, at)


def review_part(*, part: Part, by: Role, tell: Tell) -> None:
    """One part of it; what of it is done already stays."""
    run = _run_of(part)
    check_may(by, "automatic.start", within=run.organisation)
    for slice_, told in _each(part, tell, "正在核算"):
        _reviewed(run, *slice_)
        told()


def _slices_to_review(run: AutomaticRun) -> Iterable[tuple[str, str, int, int]]:
    """First and last key of members with claims to look at, each member once; the place before, and how many claims."""
    place = run.lines.aggregate(last=Max("place"))["last"] or 0
    first, size = "", 0
    counted = _unseen(run).order_by("member").values_list("member").annotate(count=Count("pk"))
    for member, claims in counted:
        first, size, last = first or str(member), size + claims, str(member)
        if size >= SLICE:
            yield first, last, place, size
            first, size, place = "", 0, place + size
    if size:
        yield first, last, place, size


def _unseen(run: AutomaticRun) -> QuerySet[Claim]:
    lines = AutomaticLine.objects.filter(run=run, claim=OuterRef("pk"))
    return waiting(run.organisation).filter(~Exists(lines))


def _reviewed(run: AutomaticRun, first: str, last: str, place: int, most: int) -> None:
    """Lines for the waiting claims of these members; one that came after the work was parted waits for the next run."""
    unseen = _unseen(run).filter(member__gte=first, member__lte=last)
    claims = sorted(told_of_each(unseen, "drafted_at", "opinion__given_by"), key=_order)[:most]
    known = known_of_each(unseen.values("member"))
    lines = [
        (run.pk, claim.pk, place + number, *_found(run, claim, known[claim.member_id], given_by))
        for number, (claim, _, given_by) in enumerate(claims, start=1)
    ]
    with transaction.atomic():
        _hold_together(run, AutomaticRun.State.REVIEWING)
        insert(AutomaticLine, LINE, lines)


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
    count(claim, known)
    return Outcome.PAYS, evaluation.total_fen, evaluation.ground, ""


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


def take_effect(
    *, run: AutomaticRun, by: Role, at: datetime, tell: Tell, share: Share | None = None
) -> AutomaticRun:
    """Decide what was confirmed, slice by slice, each a transaction; what has changed since is left to persons.

    The same again changes nothing.
    """
    check_may(by, "automatic.confirm", within=run.organisation)
    if run.state == AutomaticRun.State.DONE:
        return run
    parts, act = partial(_parts, run, at, _slices_to_decide), partial(decide_part, by=by)
    share(parts) if share else _alone(parts(), act, tell)
    return _finish(run, by, at)


def decide_part(*, part: Part, by: Role, tell: Tell) -> None:
    """One part of it; what of it is decided already is not touched."""
    run = _run_of(part)
    check_may(by, "automatic.confirm", within=run.organisation)
    at = datetime.fromisoformat(part["at"])
    hold = partial(_hold_together, run, AutomaticRun.State.CONFIRMED)
    for (first, last, _), told in _each(part, tell, "正在核定"):
        deciding.take_effect(run, (first, last), hold, by, at)
        told()


def _slices_to_decide(run: AutomaticRun) -> Iterable[tuple[int, int, int]]:
    """First and last place, and how many lines; one member's are never in two, for one is history to the next."""
    lines = run.lines.filter(outcome=Outcome.PAYS).order_by("place")
    places = list(lines.values_list("place", flat=True))
    start = 0
    while start < len(places):
        end = min(start + SLICE, len(places))
        while end < len(places) and _is_one_member(lines, places[end - 1], places[end]):
            end += 1
        yield places[start], places[end - 1], end - start
        start = end


def _is_one_member(lines: QuerySet[AutomaticLine], one: int, other: int) -> bool:
    return lines.filter(place__in=(one, other)).order_by().values("claim__member").distinct().count() == 1


# ── parts ──


def _parts(
    run: AutomaticRun, at: datetime, slices: Callable[[AutomaticRun], Iterable[tuple[Any, ...]]]
) -> list[Part]:
    """What is left, parted; the last value of a slice says how many claims it has."""
    todo = list(slices(run))
    taken = [todo[start : start + TOGETHER] for start in range(0, len(todo), TOGETHER)]
    said = {"run": run.pk, "at": at.isoformat()}
    return [said | {"count": sum(one[-1] for one in some), "slices": some} for some in taken]


def _alone(parts: Sequence[Part], act: Callable[..., None], tell: Tell) -> None:
    """All parts one after the other, by this worker."""
    total, before = sum(part["count"] for part in parts), 0

    def told(done: int, _: int, words: str = "") -> None:
        tell(before + done, total, words)

    for part in parts:
        act(part=part, tell=told)
        before += part["count"]


def _each(part: Part, tell: Tell, words: str) -> Iterable[tuple[Any, Callable[[], None]]]:
    """Each slice of a part, and what tells that it is done."""
    done = 0
    for one in part["slices"]:
        done += one[-1]
        yield one, partial(tell, done, part["count"], words)


def _run_of(part: Part) -> AutomaticRun:
    return AutomaticRun.objects.select_related("organisation").get(pk=part["run"])


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


def _hold_together(run: AutomaticRun, state: AutomaticRun.State) -> None:
    """The same for slices that are done at one time: they do not wait for each other, but who drops the run does for them."""
    share = " FOR SHARE" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT state FROM adjudication_automaticrun WHERE id = %s{share}", [run.pk])  # noqa: S608
        if cursor.fetchone() != (state,):
            raise _over(run)


def _over(run: AutomaticRun) -> RunIsOver:
    now = AutomaticRun.objects.get(pk=run.pk).get_state_display()
    return RunIsOver(f"这一批现在是“{now}”，您这一步没有生效。可能别人刚刚办过，请刷新后再看。")


__all__ = [
    "REFUSALS",
    "decide_part",
    "drop",
    "judged",
    "review",
    "review_part",
    "settle",
    "start",
    "take_effect",
    "waiting",
]
