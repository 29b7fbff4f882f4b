"""Several people at the same moment, and none of them for ever."""

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from time import monotonic

from django.db import connection

REFUSALS = (ValueError, PermissionError)
PATIENCE = 60  # seconds that one moment may take before its people are taken for stuck
Work = Callable[[], object]


def at_once(*works: Work, also: tuple[type[Exception], ...] = ()) -> list[object]:
    """What each of them returned or was refused with, all started together on connections of their own.

    An error that is no refusal (nor among `also`) is raised.
    """
    [answers] = in_rounds([works], also=also)
    return answers


def in_rounds(rounds: Sequence[Sequence[Work]], also: tuple[type[Exception], ...] = ()) -> list[list[object]]:
    """The same round after round on the same connections: nobody begins a round before all have ended the one before."""
    people = len(rounds[0])
    gate = Barrier(people, timeout=PATIENCE)
    answers: list[list[object]] = [[None] * people for _ in rounds]
    faults: list[BaseException] = []

    def one(place: int) -> None:
        try:
            for works, said in zip(rounds, answers, strict=True):
                gate.wait()
                try:
                    said[place] = works[place]()
                except (*REFUSALS, *also) as refusal:
                    said[place] = refusal
        except BaseException as fault:
            faults.append(fault)  # the first is the cause; the others hear of a broken gate
            gate.abort()
        finally:
            connection.close()

    threads = [Thread(target=one, args=(place,), daemon=True) for place in range(people)]
    for thread in threads:
        thread.start()
    joined(threads, PATIENCE + len(rounds))
    if faults:
        raise faults[0]
    return answers


def joined(threads: Sequence[Thread], seconds: float = PATIENCE) -> None:
    """All of them have ended, or the test fails: whoever holds what another waits for would wait for ever."""
    end = monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - monotonic()))
    assert not any(thread.is_alive() for thread in threads), f"stuck for {seconds:.0f} seconds"
