"""Many decisions of one moment: what they rest on is read and worked out before the locks, read again under them, and written together."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef

from huzhu.adjudication import totals
from huzhu.adjudication.evaluation import Evaluated, Evaluation
from huzhu.adjudication.judging import count, judged
from huzhu.adjudication.models import Adjudication, AutomaticLine, AutomaticRun, BenefitResult, Decision
from huzhu.adjudication.services import KEPT, RESULT, results_of, told_to_member
from huzhu.adjudication.totals import OverTheCap, Totals
from huzhu.audit.services import Thing
from huzhu.claims import services as claims
from huzhu.claims.facts import Known, Told, known_in, known_rows, reading, told
from huzhu.claims.models import Claim, State
from huzhu.db.engines import others_wrote
from huzhu.db.rows import Ready, composed, write
from huzhu.enrolment.queries import Cover
from huzhu.members.locks import lock_each
from huzhu.members.models import Member
from huzhu.notices.services import About, ready_each
from huzhu.users.models import Role

CLAIM = "claims.claim"
DECISION = (
    *("claim", "verdict", "reason", "total_fen", "state"),
    *("decided_by", "decided_at", "second_by", "second_at", "second_reason"),
)
Outcome = AutomaticLine.Outcome
Places = tuple[int, int]  # first and last line
Row = tuple[Any, ...]


class Reading(NamedTuple):
    """All that the decisions of a slice rest on, as the database holds it: from two equal readings follows the same."""

    places: list[int]
    claims: list[Row]  # those that still wait, with office, ground, phone and place
    covers: list[Cover]
    counted: list[Row]
    totals: list[Row]


def take_effect(run: AutomaticRun, places: Places, hold: Any, by: Role, at: datetime) -> None:
    """The lines of a slice become decisions by one transaction, or are left to a person.

    Worked out from a reading without locks. Where under the locks anything reads otherwise, it is worked out again; it is
    not read again where the engine knows that nobody has written anything.
    `hold` is what must be true at the commit. Lines, members and totals are locked, always in this order.
    """
    wrote = others_wrote()
    before = _reading(run, places)
    work = Slice(run, before, by, at)
    with transaction.atomic():
        hold()
        if wrote is None or others_wrote() != wrote:
            now = _reading(run, places, locks=True)
            if now != before:
                work = Slice(run, now, by, at)
        work.store(places)


def _reading(run: AutomaticRun, places: Places, *, locks: bool = False) -> Reading:
    lines = run.lines.filter(outcome=Outcome.PAYS, place__range=places).order_by("place")
    lines = lines.select_for_update() if locks else lines
    found = list(lines.values_list("place", flat=True))
    held = Claim.objects.filter(
        automatic_lines__run=run,
        automatic_lines__place__range=places,
        automatic_lines__outcome=Outcome.PAYS,
    )
    members = held.values("member")
    if locks:
        lock_each(members)
    standing = Decision.objects.standing().filter(claim=OuterRef("pk"))
    waiting = held.filter(~Exists(standing), state=State.REPORTED)
    more = "office", "automatic_lines__ground", "member__phone", "automatic_lines__place"
    rows = list(totals.rows_of(members))
    covers, counted = known_rows(members)
    read = sorted(reading(waiting, *more), key=lambda row: row[-1])
    return Reading(found, read, covers, counted, rows)


class Slice:
    """What follows from a reading: decisions to pay, and lines that are a person's."""

    def __init__(self, run: AutomaticRun, found: Reading, by: Role, at: datetime) -> None:
        self.run, self.by, self.at = run, by, at
        self.totals = Totals(found.totals)
        self.paid: list[tuple[Told, Any, Any, Evaluation]] = []  # claim, office, phone, what it gets
        self.left: dict[str, list[int]] = defaultdict(list)  # why → places
        known = known_in(found.covers, found.counted)
        waiting = {row[-1]: row[:-1] for row in told(found.claims)}
        for place in found.places:
            if place not in waiting:
                self.left["已由别人办理，或不再等待核定"].append(place)
            elif why := self._worked_out(waiting[place], known):
                self.left[why[:200]].append(place)
        keyed = [(uuid4(), part) for *_, found in self.paid for part in found.parts]
        self._decisions, self._messages = self._ready_decisions(), self._ready_messages()
        self._parts = _ready_parts(keyed)
        self._results = composed(
            BenefitResult, RESULT, [row for key, part in keyed for row in results_of(key, part)]
        )

    def _worked_out(self, row: Row, known: Mapping[Any, Known]) -> str:
        """Gather one decision to pay; or why it is a person's."""
        claim, office, ground, phone = row
        evaluation, why = judged(claim, known[claim.member_id])
        if why or evaluation is None:
            return why
        if evaluation.ground != ground:
            return "确认以后资料有变动，或有别的申请先核定，金额要重新看"
        try:
            self.totals.add(claim.member_id, evaluation)
        except OverTheCap as over:
            return str(over)
        self.paid.append((claim, office, phone, evaluation))
        count(claim, known[claim.member_id])
        return ""

    def store(self, places: Places) -> None:
        """Write what was gathered: decisions, totals, states, trail and messages."""
        lines = self.run.lines.filter(place__range=places)
        for why, found in self.left.items():
            lines.filter(place__in=found).update(outcome=Outcome.LEFT, amount_fen=0, reason=why)
        if not self.paid:
            return
        lines.filter(outcome=Outcome.PAYS).update(outcome=Outcome.DECIDED)
        decided = lines.filter(outcome=Outcome.DECIDED)
        write(self._decisions)
        standing = Decision.objects.filter(claim__in=decided.values("claim"), state=Decision.State.FINAL)
        keys = dict(standing.values_list("claim", "pk"))
        write(self._parts, later=[keys[one.pk] for one, *_, found in self.paid for _ in found.parts])
        write(self._results)
        write(self.totals.ready())
        claims.decided_each(
            claims=Claim.objects.filter(
                pk__in=decided.values("claim"), member__in=decided.values("claim__member")
            ),
            count=len(self.paid),
            by=self.by,
            at=self.at,
            acts=[self._act(claim, evaluation.total_fen) for claim, *_, evaluation in self.paid],
        )
        write(self._messages)

    def _act(self, claim: Told, fen: int) -> tuple[str, Thing, dict[str, Any]]:
        return (
            "automatic.decide",
            Thing(CLAIM, claim.pk, claim.number),
            {"total_fen": fen, "run": self.run.pk},
        )

    def _ready_decisions(self) -> Ready:
        """Who started the run decides, who confirmed it is the second person."""
        run = self.run
        pays, reason, final = Decision.Verdict.PAY, f"按方案核定（免申即享{run}）", Decision.State.FINAL
        who = run.started_by_id, run.started_at, run.settled_by_id, run.settled_at, ""
        rows = [(one.pk, pays, reason, found.total_fen, final, *who) for one, *_, found in self.paid]
        return composed(Decision, DECISION, rows)

    def _ready_messages(self) -> Ready:
        field = Member._meta.get_field("phone")  # noqa: SLF001  Django's documented name for it
        pays = Decision.Verdict.PAY
        messages = [
            (phone, told_to_member(claim.number, pays, found.total_fen), About(CLAIM, claim.pk, office))
            for claim, office, sealed, found in self.paid
            if (phone := field.text_in(sealed, claim.member_id))
        ]
        return ready_each(messages=messages, purpose="decision", at=self.at)


def _ready_parts(keyed: list[tuple[UUID, Evaluated]]) -> Ready:
    """Their decisions have keys only when they are written."""
    rows = [
        (key, None, part.enrolment.pk, part.enrolment.edition.pk, part.facts_text, None, part.total_fen)
        for key, part in keyed
    ]
    return composed(Adjudication, KEPT, rows, later="decision")
