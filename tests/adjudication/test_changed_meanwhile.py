"""Somebody changes or returns a claim at the very moment at which it is decided: it counts, or it is refused; never lost."""

from functools import partial
from threading import Thread

import pytest
from django.db import connection

from factories.adjudication import a_reported
from factories.at_once import REFUSALS, joined
from factories.bureau import SMALL, a_record, quietly, taken_in
from factories.claims import HOUR, LIU_EVENT, WEDNESDAY, a_covered_member, yichun
from factories.schemes import the_scheme_by_class
from huzhu.adjudication import automatic, deciding, services
from huzhu.adjudication.models import Decision
from huzhu.claims import services as claims
from huzhu.claims.models import Claim

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]
LATER = WEDNESDAY + 2 * HOUR
SOON = 2.0  # seconds in which the other act would be done, if it did not wait


class Beside:
    """Another person's act, begun while the first has the locks."""

    def __init__(self, act, **told) -> None:
        self.said: list[object] = []
        self._act, self._told = act, told
        self._thread = Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self.said.append(self._act(claim=Claim.objects.get(), at=LATER, **self._told))
        except REFUSALS as refused:
            self.said.append(refused)
        finally:
            connection.close()

    def begin(self) -> None:
        self._thread.start()
        self._thread.join(SOON)

    def ended(self) -> list[str]:
        joined([self._thread])
        return [type(one).__name__ for one in self.said]


def decided_beside(monkeypatch, by, other):
    """One reviewer decides; the other act begins when the claim is read and not yet decided."""
    evaluate = services.evaluate

    def meanwhile(**told):
        other.begin()
        return evaluate(**told)

    monkeypatch.setattr(services, "evaluate", meanwhile)
    made = services.decide(claim=Claim.objects.get(), verdict="pay", reason="", by=by, at=LATER)
    monkeypatch.undo()
    return made, other.ended()


def a_small_stay(place):
    event = {"kinds": ["inpatient"], "figures": SMALL}
    return a_reported(place, a_covered_member(place), **LIU_EVENT | event)


def test_a_kind_added_while_another_decides_is_refused(monkeypatch):
    place = yichun()
    a_small_stay(place)
    other = Beside(claims.add_kind, kind="women", reason="病理报告", by=place.reviewer("李审核"))
    made, said = decided_beside(monkeypatch, place.reviewer(), other)
    assert (made.state, said) == ("final", ["CannotMove"])
    assert Claim.objects.get().kinds == ["inpatient"]


def test_a_graver_class_found_while_another_decides_is_refused(monkeypatch, settings, tmp_path):
    place = yichun()
    liu = a_covered_member(place, "刘女士", the_scheme_by_class(settings, tmp_path))
    a_reported(place, liu, kinds=["critical"], severity="mild")
    told = {"to": "moderate", "paper": "diagnosis_proof", "reason": "病理报告：浸润性癌"}
    other = Beside(claims.raise_severity, **told, by=place.reviewer("李审核"))
    made, said = decided_beside(monkeypatch, place.reviewer(), other)
    assert (made.state, said) == ("final", ["CannotMove"])
    assert Claim.objects.get().severity == "mild"


@pytest.mark.parametrize(("limit", "refusal"), [(2_000_000, "CannotMove"), (0, "AlreadyDecided")])
def test_a_claim_is_not_returned_while_another_decides(monkeypatch, settings, limit, refusal):
    settings.HUZHU_SECOND_DECISION_FEN = limit
    place = yichun()
    a_small_stay(place)
    other = Beside(services.return_for_papers, reason="缺票据", by=place.reviewer("李审核"))
    _, said = decided_beside(monkeypatch, place.reviewer(), other)
    assert said == [refusal]


def test_a_claim_returned_while_its_slice_is_decided_does_not_stop_the_run(monkeypatch):
    place = yichun()
    taken_in(place, a_record(a_covered_member(place, "王小明", sex="male")))
    reviewer, second = place.reviewer(), place.second()
    run = automatic.start(by=reviewer, at=WEDNESDAY + HOUR)
    run = automatic.review(run=run, by=reviewer, at=WEDNESDAY + HOUR, tell=quietly)
    shown = run.found_count, run.found_fen
    automatic.settle(run=run, agree=True, reason="", shown=shown, by=second, at=LATER)
    other = Beside(services.return_for_papers, reason="缺票据", by=place.reviewer("李审核"))
    store = deciding.Slice.store

    def meanwhile(self, places):
        other.begin()
        store(self, places)

    monkeypatch.setattr(deciding.Slice, "store", meanwhile)
    run = automatic.take_effect(run=run, by=second, at=LATER, tell=quietly)
    assert (run.state, other.ended()) == ("done", ["CannotMove"])
    assert Decision.objects.get().state == "final"


def test_who_returns_it_first_leaves_it_to_a_person(monkeypatch):
    """The other way round: the decision waits for the return, and finds it."""
    place = yichun()
    a_small_stay(place)
    decide = partial(services.decide, verdict="pay", reason="", by=place.reviewer())
    other, ask = Beside(decide), claims.ask_for_papers

    def meanwhile(**told):
        other.begin()
        return ask(**told)

    monkeypatch.setattr(claims, "ask_for_papers", meanwhile)
    services.return_for_papers(
        claim=Claim.objects.get(), reason="缺票据", by=place.reviewer("李审核"), at=LATER
    )
    assert other.ended() == ["CannotMove"]
    assert not Decision.objects.exists()
