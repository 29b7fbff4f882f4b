"""An office whose workers are killed at any statement: children forked from this process, and what must hold afterwards."""

import os
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, connections

from factories.adjudication import a_reported
from factories.claims import HOUR, WEDNESDAY, Yichun, a_covered_member, yichun
from factories.users import a_role
from huzhu.adjudication import services as adjudication
from huzhu.adjudication.models import Decision
from huzhu.bank import files
from huzhu.bank.sealing import kept
from huzhu.claims.models import Claim
from huzhu.cli.checks import CHECKS
from huzhu.cli.verify import compared
from huzhu.payouts import bankfile, services
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.models import Payout, PayoutBatch

KILLED, WELL, STUCK = -signal.SIGKILL, 0, 255
PATIENCE = 60  # seconds that a child may take before it is taken for stuck


@dataclass
class Office:
    """Everybody who acts on a claim, and the day on which they do."""

    place: Yichun = field(default_factory=yichun)

    def __post_init__(self):
        self.agency = self.place.agency()
        self.reviewer = self.place.reviewer()
        self.second = self.place.second()
        self.maker = a_role("payment_maker", self.place.province)
        self.releaser = a_role("payment_releaser", self.place.province)
        self.count = 0

    def takes(self, how_many: int = 1) -> None:
        """So many claims are reported up and wait for the province."""
        for _ in range(how_many):
            self.count += 1
            member = a_covered_member(self.place, "刘女士")
            a_reported(self.place, member, by=self.agency, kinds=["inpatient"], setl_id=f"K{self.count}")

    def works(self) -> None:
        """Approve, schedule, batch, release, hand out, take in the reply: all that waits. What another did first is let be."""
        at = WEDNESDAY + 2 * HOUR
        for claim in Claim.objects.filter(state="reported"):
            _try(lambda claim=claim: self._decide(claim, at))
        services.schedule(at=at + HOUR)
        if waiting := list(Payout.objects.filter(state="scheduled")):
            _try(lambda: services.make_batch(payouts=waiting, by=self.maker, at=at + 2 * HOUR))
        for batch in PayoutBatch.objects.filter(state="made"):
            _try(lambda b=batch: services.release(batch=b, by=self.releaser, at=at + 3 * HOUR))
        for batch in PayoutBatch.objects.filter(state="released"):
            _try(lambda b=batch: self._send(b, at + 4 * HOUR))

    def _decide(self, claim: Claim, at: Any) -> None:
        said = adjudication.decide(claim=claim, verdict="pay", reason="", by=self.reviewer, at=at)
        if said.state == Decision.State.PROPOSED:
            adjudication.confirm(decision=said, agree=True, reason="", by=self.second, at=at)

    def _send(self, batch: PayoutBatch, at: Any) -> None:
        services.hand_out(batch=batch, by=self.maker, at=at)
        data = reply_for(batch, at + timedelta(minutes=30))
        services.apply_reply(batch=batch, data=data, by=self.maker, at=at + HOUR)


def _try(act: Callable[[], object]) -> None:
    with suppress(ValueError, PermissionError):  # somebody else was faster, and said so
        act()


_may_die = False


def die() -> None:
    """Here, if this is a child."""
    if _may_die:
        os.kill(os.getpid(), signal.SIGKILL)


class Fuse:
    """Burns by one before and after each statement and at each flush to the disk; burnt down, the process is killed."""

    def __init__(self, left: int) -> None:
        self.left = left
        self._fsync = os.fsync

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def __call__(self, execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        self.burn()
        result = execute(sql, params, many, context)
        self.burn()
        return result

    def fsync(self, file: int) -> None:
        self.burn()
        self._fsync(file)
        self.burn()


def forked(work: Callable[[], None], *fuses: int) -> list[int]:
    """A child for each fuse does the work until it is done or its fuse has burnt down; how each ended."""
    connections.close_all()
    children = [_child(work, left) for left in fuses]
    ends = [_ended(child) for child in children]
    assert STUCK not in ends, f"a worker was stuck for {PATIENCE} seconds"
    return ends


def _child(work: Callable[[], None], left: int) -> int:
    child = os.fork()
    if child:
        return child
    status = 3
    global _may_die  # noqa: PLW0603  of this child alone
    _may_die = True
    try:
        _own_connection()
        fuse = Fuse(left)
        os.fsync = fuse.fsync
        with connection.execute_wrapper(fuse):
            work()
        status = WELL
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _own_connection() -> None:
    """RuntimeError where this child has its parent's connection, on which only one may speak."""
    if any(one.connection is not None for one in connections.all(initialized_only=True)):
        raise RuntimeError("a child was born with a connection that its parent has not closed")


def _ended(child: int) -> int:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return STUCK


def wrongs() -> list[str]:
    """Everything that must not be, whatever moment somebody was killed at; empty when all is well."""
    return [*_wrong_sums(), *_wrong_files(), *_wrong_states(), *_lost()]


def _wrong_sums() -> Iterator[str]:
    for one in map(compared, CHECKS):
        if one.differing:
            yield f"verify: {one.title} {one.differing[:2]}"


def _wrong_files() -> Iterator[str]:
    """Each file is of a batch that was released, is the one that was sealed, and no claim stands in two of them."""
    batches = {f"{one.number}-{one.sha256[:16]}": one for one in PayoutBatch.objects.all()}
    seen: Counter[str] = Counter()
    for place in (Path(settings.VAR_DIR) / "bank").glob("*"):
        if place.name.endswith(".part"):
            continue
        batch = batches.get(place.name)
        if batch is None or batch.state not in {"released", "closed"}:
            yield f"file: {place.name} was written, and its batch was not released"
            continue
        data = kept(bankfile.seal_of(batch))
        if data is None or files.digest(data) != batch.sha256:
            yield f"file: {place.name} is not the one that was sealed"
            continue
        rows = data.decode("gb18030").splitlines()[2:-1]
        seen.update(row.rsplit(" ", 1)[1] for row in rows)
    yield from (
        f"file: claim {number} stands in {times} files" for number, times in seen.items() if times > 1
    )


STATES = {
    "made": {"in_batch"},
    "released": {"sent", "paid", "failed", "in_doubt"},
    "closed": {"paid", "failed"},
    "void": set(),
}


def _wrong_states() -> Iterator[str]:
    for payout in Payout.objects.select_related("batch", "decision__claim"):
        state = payout.batch.state if payout.batch else None
        if payout.state not in (STATES[state] if state else {"scheduled"}):
            yield f"state: a payout is {payout.state} in a batch that is {state}"
        claim = payout.decision.claim.state
        if claim != ("paid" if payout.state == "paid" else "paying"):
            yield f"state: a claim is {claim} and its payout {payout.state}"


def _lost() -> Iterator[str]:
    for decision in Decision.objects.filter(state="final", verdict="pay").select_related("claim"):
        living = decision.payouts.exclude(state="failed").count()
        if (decision.claim.state, living) not in {("decided", 0), ("paying", 1), ("paid", 1)}:
            yield f"lost: claim {decision.claim} is {decision.claim.state} with {living} payouts"
