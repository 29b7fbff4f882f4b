"""Two at the same moment at what was paid too much: two workers at one correction, a return and a set-off of one debt; and without the locks."""

from collections import Counter
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction

from factories.at_once import in_rounds
from factories.clawing import balance
from factories.many_debts import another_decided, lines_in, many_corrected, many_debts
from factories.payouts import ANSWERED_AT, Desk
from huzhu.adjudication.models import Decision
from huzhu.payouts import differences, receivables
from huzhu.payouts.models import Clearing, Difference, Payout, Receivable
from huzhu.payouts.receivables import ClearingRefused

pytestmark = pytest.mark.django_db(transaction=True)
POSTGRES = connection.vendor == "postgresql"
ROUNDS = 200 if POSTGRES else 10  # SQLite has one writer at a time
NAIVE_ROUNDS = 40
only_postgres = pytest.mark.skipif(not POSTGRES, reason="SQLite has one writer at a time")
OWED, NEXT = 120_000, 60_000


# ── two workers, one correction ─────────────────────────────────────────────────────────────────────


def two_workers(rounds: int) -> list[list[object]]:
    """What both said of each corrected decision."""
    # the verb takes all that wait; each round is about one
    found = [one.pk for one in many_corrected(Desk(), rounds)]
    taking = [[partial(differences._taken, pk, ANSWERED_AT)] * 2 for pk in found]
    return in_rounds(taking, also=(IntegrityError,))


def test_two_workers_take_a_correction_once():
    assert [sorted(map(str, pair)) for pair in two_workers(ROUNDS)] == [["False", "True"]] * ROUNDS
    assert Difference.objects.count() == Payout.objects.filter(state="replaced").count() == ROUNDS
    assert (balance("2001"), balance("5001")) == (0, 0)


@only_postgres
def test_without_the_lock_only_the_tables_stop_a_second_taking(monkeypatch):
    """The naive twin: both find nothing taken, and both take it; a source and a row that may be there once stand in the way."""
    for manager in (Decision.objects, Payout.objects):
        monkeypatch.setattr(manager, "select_for_update", lambda m=manager, **_: m.all())
    answers = two_workers(NAIVE_ROUNDS)
    stopped = sum(isinstance(one, Exception) for pair in answers for one in pair)
    print(f"{stopped} of {NAIVE_ROUNDS} corrections stopped by the tables alone")
    assert stopped > 0


# ── a return and a set-off of one debt ──────────────────────────────────────────────────────────────


def returned_and_kept(rounds: int, also: tuple[type[Exception], ...] = ()) -> list[list[object]]:
    """The member has sent back all that is owed, and another claim pays half of it: confirmed and kept at once."""
    desk = Desk()
    debts = many_debts(desk, rounds)
    said = [
        receivables.record_return(receivable=debt, line=line, by=desk.maker, at=ANSWERED_AT)[0]
        for debt, line in zip(debts, lines_in(desk, rounds, OWED), strict=True)
    ]

    @transaction.atomic
    def keep(decision: Decision) -> int:
        return receivables.set_off(decision, ANSWERED_AT)

    return in_rounds(
        [
            [
                partial(receivables.settle, clearing=clearing, agree=True, by=desk.releaser, at=ANSWERED_AT),
                partial(keep, decision),
            ]
            for clearing, decision in zip(said, another_decided(desk, debts, NEXT), strict=True)
        ],
        also,
    )


def cleared_beside_what_is_written() -> int:
    """Of how many debts more came back than is owed, or than the debt says."""
    sums: Counter[int] = Counter()
    for debt, fen in Clearing.objects.filter(state="confirmed").values_list("receivable", "amount_fen"):
        sums[debt] += fen
    told = Receivable.objects.values_list("pk", "cleared_fen", "amount_fen")
    return sum(sums[debt] != cleared or sums[debt] > owed for debt, cleared, owed in told)


def test_what_is_owed_comes_back_once_two_hundred_times():
    answers = returned_and_kept(ROUNDS)
    found = Counter((type(first).__name__, second) for first, second in answers)
    print(found)
    assert set(found) <= {("NoneType", 0), (ClearingRefused.__name__, NEXT)}
    assert cleared_beside_what_is_written() == 0
    kept = found[ClearingRefused.__name__, NEXT]
    assert balance("1101") == kept * (OWED - NEXT)


@only_postgres
def test_without_the_lock_what_is_owed_comes_back_twice(monkeypatch):
    """The naive twin: both read what is left, and both write down what remains of it; a few are stopped by the table's CHECK."""

    def read(found: object) -> list[Receivable]:
        related = found.order_by("pk").select_related(
            "difference__decision__claim__office", "difference__enrolment"
        )
        return list(related)

    def write(debt: Receivable, fen: int) -> None:
        debt.cleared_fen += fen
        debt.save(update_fields=["cleared_fen"])

    monkeypatch.setattr(receivables, "_locked", read)
    monkeypatch.setattr(receivables, "_clear", write)
    returned_and_kept(NAIVE_ROUNDS, also=(IntegrityError,))
    wrong = cleared_beside_what_is_written()
    print(f"{wrong} of {NAIVE_ROUNDS} debts came back beside what is written")
    assert wrong > 0
