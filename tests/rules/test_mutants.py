"""The tests are able to fail: each of these small faults in the evaluation is caught by the worked figures."""

import operator
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from huzhu.rules import adjudicate as door
from huzhu.rules import facts as facts_room
from huzhu.rules import program, tree
from huzhu.rules.cases import run_cases
from huzhu.rules.program import Program
from huzhu.schemes.library import SHELF, Library
from rules.builders import facts, read
from rules.every_node import EVERY_NODE
from rules.members import after, editions, liu, stay

LIBRARY = Library(SHELF)
EXAMPLES = {slug: LIBRARY.cases(LIBRARY.find(slug)) for slug in ("yichun-120", "yichun-women", "harbin-80")}
ODD = {"x": "30.00", "grade": "two", "stay": 200, "S": "2000.90", "hardship": False, "debt": "-5.00"}
ODD |= {"seen_on": "2022-09-01"}
RESTING = {
    slug: LIBRARY.cases(LIBRARY.find(slug)) for slug in ("hangzhou", "zhangzhou")
}  # benefits upon benefits
GIVEN = [{}, ODD, {"x": "5000.00", "urgent": True}, {"level": "province"}]


def out_of_order() -> dict:
    """The claim numbered first happened last: the order is by date, so the cap is met here."""
    last = stay("10000.00", "60000.00", claim_no="001", occurred_on="2022-08-01", admitted_on="2022-08-01")
    earlier = stay("12000.00", "60000.00", occurred_on="2022-03-01", admitted_on="2022-03-01")
    document = after(last, earlier)
    document["history"][0]["claim_no"] = "002"
    return document


def worked_figures_hold() -> bool:
    """Whether every worked example of the shelf and a few figures by pencil come out right, compiled afresh."""
    program.program_of.cache_clear()
    try:
        shelf = [list(run_cases(edition, EXAMPLES[name.split()[0]])) for name, edition in editions().items()]
        shelf += [list(run_cases(LIBRARY.edition(slug), cases)) for slug, cases in RESTING.items()]
        node = read(EVERY_NODE)
        pencil = [door.adjudicate([node], facts(**given))[0].total for given in GIVEN]
        (harbin,) = door.adjudicate(
            [editions()["harbin-80"]], out_of_order(), among=list(editions().values())
        )
        (women,) = door.adjudicate([editions()["yichun-women"]], liu(), among=list(editions().values()))
    except (TypeError, KeyError):  # a fault that falls over is a fault that is seen
        return False
    return not any(shelf) and pencil == PENCIL and (harbin.total, women.total) == (200_000, 1_500_000)


# 599 + 350 + 1; ⌊2004.90 × 60 %⌋ + 177 × 50 + 220 + 1; (500 + 4000 × 70 %) × 40 % + 350 + 1; as the first
PENCIL = [95_000, 1_027_300, 167_100, 95_000]


@pytest.fixture(autouse=True)
def compiled_afresh() -> Iterator[None]:
    yield
    program.program_of.cache_clear()


def test_without_a_fault_the_worked_figures_hold():
    assert worked_figures_hold()


def half_lost(self: Program, node: tree.Rounded, before: bool) -> Callable:
    value, one = self.reader(node.value, before=before), node.step * 10**node.value.type.scale
    return lambda slots: value(slots) // one * node.step


def half_down(self: Program, node: tree.Rounded, before: bool) -> Callable:
    value, one = self.reader(node.value, before=before), node.step * 10**node.value.type.scale
    return lambda slots: (value(slots) + (0 if node.cut else (one - 1) // 2)) // one * node.step


def never_cut(self: Program, node: tree.Rounded, before: bool) -> Callable:
    value, one = self.reader(node.value, before=before), node.step * 10**node.value.type.scale
    return lambda slots: (value(slots) + one // 2) // one * node.step


def turned_round(self: Program, node: tree.Change, _: bool) -> Callable:
    after_, before = self.reader(node.of), self.reader(node.of, before=True)
    return lambda slots: before(slots) - after_(slots)


def nothing_before(self: Program, node: tree.Change, _: bool) -> Callable:
    return self.reader(node.of)


def gap_equals_everything(self: Program, node: tree.Compare, before: bool) -> Callable:
    (left, right), sign = self.sides(node, before), program._SIGNS[node.sign]

    def compared(slots: list) -> bool:
        one, other = left(slots), right(slots)
        return one is None or other is None or bool(sign(one, other))

    return compared


COMPILED = {
    "min and max swapped": (tree.Least, Program.greatest),
    "max and min swapped": (tree.Greatest, Program.least),
    "the half is lost": (tree.Rounded, half_lost),
    "half goes down": (tree.Rounded, half_down),
    "cutting rounds": (tree.Rounded, never_cut),
    "before and after swapped": (tree.Change, turned_round),
    "before forgotten": (tree.Change, nothing_before),
    "a total has no before": (tree.Total, lambda self, node, _: self.a_total(node, before=False)),
    "a line has no before": (tree.Line, lambda self, node, _: self.a_line(node, before=False)),
    "the gate stands open": (tree.Passed, lambda *_: lambda _: True),
    "the gate stays shut": (tree.Passed, lambda *_: lambda _: False),
    "a gap satisfies any comparison": (tree.Compare, gap_equals_everything),
    "coalesce takes the fallback": (tree.Coalesce, lambda self, node, before: self.reader(node.fallback, before=before)),
    "and is or": (tree.Both, Program.either),
    "or is and": (tree.Either, Program.both),
    "not is yes": (tree.Negated, lambda self, node, before: self.reader(node.condition, before=before)),
    "plus is minus": (tree.Add, Program.subtract),
    "minus is plus": (tree.Subtract, Program.add),
    "scale forgotten": (tree.Scaled, lambda self, node, before: self.reader(node.value, before=before)),
    "always the first branch": (tree.Choice, lambda self, node, before: self.reader(node.then, before=before)),
    "always the second branch": (tree.Choice, lambda self, node, before: self.reader(node.otherwise, before=before)),
    "everything is listed": (tree.Within, lambda *_: lambda _: True),
    "nothing is missing": (tree.IsMissing, lambda *_: lambda _: False),
    "what was paid is forgotten": (tree.Paid, lambda *_: lambda _: 0),
    "what was paid is always a little": (tree.Paid, lambda *_: lambda _: 100),
}  # fmt: skip


@pytest.mark.parametrize("fault", COMPILED)
def test_a_fault_in_a_step_is_caught(monkeypatch, fault):
    kind, compiler = COMPILED[fault]
    monkeypatch.setitem(program._COMPILERS, kind, compiler)
    assert not worked_figures_hold()


@pytest.mark.parametrize(
    ("sign", "wrong"),
    [
        ("<", operator.le),
        ("<=", operator.lt),
        (">", operator.ge),
        (">=", operator.gt),
        ("==", operator.ne),
        ("==", operator.ge),
        ("!=", operator.eq),
    ],
)
def test_a_fault_in_a_comparison_is_caught(monkeypatch, sign, wrong):
    monkeypatch.setitem(program._SIGNS, sign, wrong)
    assert not worked_figures_hold()


def test_a_key_that_is_ignored_is_caught(monkeypatch):
    real = Program.total

    def keyless(self: Program, total: tree.Total) -> None:
        edition, self.edition = self.edition, SimpleNamespace(keys={total.key: SimpleNamespace(by=())})
        real(self, total)
        self.edition = edition

    monkeypatch.setattr(Program, "total", keyless)
    assert not worked_figures_hold()


def test_a_cap_over_several_benefits_that_is_ignored_is_caught(monkeypatch):
    def uncapped(self: program.Outcome) -> dict[str, int]:
        return {name: self.slots[slot] for name, slot in self.program.paid_slots.items()}

    monkeypatch.setattr(program.Outcome, "paid", property(uncapped))
    assert not worked_figures_hold()


def test_bands_that_all_take_the_first_rate_are_caught(monkeypatch):
    monkeypatch.setattr(program, "banded", lambda base, bands, _: base * bands[0][1])
    assert not worked_figures_hold()


def test_an_order_by_claim_number_is_caught(monkeypatch):
    monkeypatch.setattr(facts_room, "order_key", lambda _, row: row["claim_no"])
    assert not worked_figures_hold()


def test_values_of_yesterday_are_caught(monkeypatch):
    """Parameters taken from the first day they were in force, whatever the day."""
    real = Program.parameters_at
    monkeypatch.setattr(Program, "parameters_at", lambda self, _: real(self, self.epochs[0]))
    assert not worked_figures_hold()
