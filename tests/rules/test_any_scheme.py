"""Random schemes put together from the families, on random histories, against the decimal reference: not a fen apart."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huzhu.rules.adjudicate import adjudicate, explain
from reference.plain_schemes import ROUNDINGS, Benefit, Scheme, reckon
from rules.builders import GROUPS, named, read, tiny

D = Decimal
RATES = [D("0.5"), D("0.7"), D("0.063"), D("0.125"), D(1), D("0.333333")]
EDGES = [
    D("0"),
    D("0.01"),
    D("0.03"),
    D("299.99"),
    D(300),
    D("300.01"),
    D(999),
    D(1000),
    D("1000.01"),
    D(5000),
    D("9999.99"),
]
yuan = st.sampled_from(EDGES) | st.integers(0, 1_200_000).map(lambda fen: D(fen) / 100)
rate = st.sampled_from(RATES)
whole_yuan = st.sampled_from([D(n) for n in (1, 100, 300, 1000, 2000, 5000)])
tiers = st.sampled_from([
    [(D(300), D(0)), (D(1000), D("0.3")), (D(5000), D("0.6")), (None, D(0))],
    [(D(1000), D("0.2")), (D(5000), D("0.333333")), (None, D("0.9"))],
    [(None, D("0.8"))],
])  # fmt: skip
forms = st.one_of(
    st.tuples(st.just("rate"), rate),
    st.tuples(st.just("falling"), rate, rate),
    st.tuples(st.just("tiers"), tiers),
    st.just(("by grade", {"three": D(300), "two": D("220.50")})),
)
modes = st.one_of(
    st.just(("each",)),
    st.tuples(st.just("capped"), whole_yuan, st.sampled_from(["period", "life"])),
    st.tuples(st.just("deductible"), whole_yuan, rate, whole_yuan),
    st.tuples(st.just("whole tiers"), tiers),
)
conditions = st.lists(
    st.sampled_from(["urgent", "listed", "positive", ("at most", 1), ("at most", 2)]), max_size=3, unique=True
)


@st.composite
def schemes(draw: st.DrawFn) -> Scheme:
    names = ["aid", "second", "third"][: draw(st.integers(1, 3))]
    benefits = []
    for number, name in enumerate(names):
        form, mode = draw(forms), draw(modes)
        if number and draw(st.booleans()):
            mode = (
                "top up",
                draw(whole_yuan),
                draw(st.lists(st.sampled_from(names[:number]), min_size=1, unique=True)),
            )
        least = draw(st.none() | whole_yuan) if mode[0] in {"each", "capped"} else None
        uplift = draw(st.none() | rate) if form[0] == "rate" else None
        base = draw(st.sampled_from(["S", "x", "least", "days"]))
        benefits.append(Benefit(name, tuple(draw(conditions)), base, form, mode, least, uplift))
    over = tuple(name for name in names if draw(st.booleans()))
    cap = (draw(whole_yuan), over) if over and draw(st.booleans()) else None
    return Scheme(tuple(benefits), draw(st.sampled_from(list(ROUNDINGS))), cap)


@st.composite
def events(draw: st.DrawFn) -> dict:
    return {
        "S": draw(yuan),
        "x": draw(st.none() | yuan),
        "stay": draw(st.sampled_from([0, 3, 4, 10, 180, 181, 366])),
        "grade": draw(st.sampled_from([None, "three", "two"])),
        "urgent": draw(st.booleans()),
        "listed": draw(st.booleans()),
        "period": draw(st.sampled_from(["2022", "2022", "2023"])),
    }


# ── a description as the text of a scheme ──

EXPRESSIONS = {
    "urgent": "urgent",
    "listed": "ill in ills",
    "positive": "S > 0元",
    "S": "S",
    "x": "coalesce(x, 0元)",
    "least": "min(S, coalesce(x, 0元))",
    "days": "max(0天, min(stay, 180天) - 3天) * 40元",
}


class Text:
    """The parameters and benefits of a description, one after the other."""

    def __init__(self, scheme: Scheme) -> None:
        ills = "ills: {label: 目录, unit: icd, shape: list, clause: c1, values: {2020-01-01: [C50]}}"
        self.parameters = [ills] if any("listed" in one.conditions for one in scheme.benefits) else []
        self.shared: dict[str, str] = {}
        self.benefits = "".join(self.benefit(one) for one in scheme.benefits)
        self.scheme = scheme

    def table(self, shape: str, unit: str, value: str) -> str:
        name = f"p{len(self.parameters)}"
        self.parameters.append(
            f"{name}: {{label: 数{name}, unit: {unit}, shape: {shape}, clause: c1, values: {{2020-01-01: {value}}}}}"
        )
        return name

    def tiers(self, rows: list) -> str:
        said = [f"{{{f'to: {top}元, ' if top is not None else ''}rate: {rate * 100}%}}" for top, rate in rows]
        return self.table("bands", "rate", f"[{', '.join(said)}]")

    def benefit(self, one: Benefit) -> str:
        when = {
            f"{one.name}_{number}": f"total(1次, period) <= {c[1]}次"
            if isinstance(c, tuple)
            else EXPRESSIONS[c]
            for number, c in enumerate(one.conditions)
        }
        base = f"{one.name}_base"
        lines = {base: EXPRESSIONS[one.base]}
        pays = self.pays(one, base, lines)
        text = f"  {one.name}:\n    label: 项{one.name}\n    clause: c1\n    plain: 说明\n"
        return text + named("when", when, 4) + named("lines", lines, 4) + f'    pays: "{pays}"\n'

    def pays(self, one: Benefit, base: str, lines: dict[str, str]) -> str:
        kind, *words = one.mode
        if kind == "top up":
            had = f"{one.name}_had"
            self.shared[had] = f"total({' + '.join(words[1])}, period)"
            lines.clear()
            return f"max(0元, {words[0]}元 - {had})"
        if kind == "deductible":
            lines[f"{one.name}_used"] = f"total({base}, period)"
            inside = f"ratio(max(0元, {one.name}_used - {words[0]}元), {words[1] * 100}%)"
            return f"change(min({inside}, {words[2]}元))"
        if kind == "whole tiers":
            return f"change(bands(total({base}, period), {self.tiers(words[0])}))"
        share = f"{one.name}_share"
        lines[share] = self.form(one, base, lines)
        if one.least is not None:
            lines[f"{one.name}_least"] = f"max({share}, {one.least}元) if {share} > 0元 else 0元"
            share = f"{one.name}_least"
        return share if kind == "each" else f"change(min(total({share}, {words[1]}), {words[0]}元))"

    def form(self, one: Benefit, base: str, lines: dict[str, str]) -> str:
        kind, *words = one.form
        if kind == "tiers":
            return f"bands({base}, {self.tiers(words[0])})"
        if kind == "by grade":
            lines.pop(base)
            said = ", ".join(f"{code}: {amount}元" for code, amount in words[0].items())
            return f"coalesce(lookup({self.table('table', 'money', f'{{{said}}}')}, grade), 0元)"
        if kind == "falling":
            return f"ratio({base}, {words[0] * 100}% if total(1次, period) == 1次 else {words[1] * 100}%)"
        raised = f"{one.uplift * 100}% if coalesce(hardship, false) else " if one.uplift is not None else ""
        return f"ratio({base}, {raised}{words[0] * 100}%)"


def text_of(scheme: Scheme) -> str:
    found = Text(scheme)
    head, _, _ = tiny(
        ("slug: tiny", f"slug: tiny\nrounding: {scheme.rounding}"),
        lines=found.shared,
        parameters="\n".join(found.parameters),
    ).partition("benefits:\n")
    cap = ""
    if scheme.cap:
        most, over = scheme.cap
        amount = f"most_in_all: {{label: 合计, unit: money, clause: c1, values: {{2020-01-01: {most}元}}}}"
        head = head.replace("parameters:\n", f"parameters:\n  {amount}\n", 1)
        cap = f"caps:\n  whole: {{label: 合计封顶, clause: c1, key: period, most: most_in_all, over: [{', '.join(over)}]}}\n"
    return f"{head}benefits:\n{found.benefits}{cap}"


def document(told: list[dict], hardship: bool) -> dict:
    """The last of the events with those before it; they are told in order of their numbers on one day."""
    listed = []
    for number, event in enumerate(told):
        body = {**GROUPS["event"], "claim_no": f"{number:02d}", "S": str(event["S"]), "stay": event["stay"]}
        body |= {
            "x": None if event["x"] is None else str(event["x"]),
            "grade": event["grade"],
            "urgent": event["urgent"],
        }
        body |= {"ill": "C50" if event["listed"] else "K35"}
        start = int(event["period"])
        cover = {**GROUPS["cover"], "starts_on": f"{start}-01-01", "ends_on": f"{start + 1}-01-01"}
        listed.append({**body, "cover": cover})
    last = listed.pop()
    cover = last.pop("cover")
    person = {**GROUPS["person"], "hardship": hardship}
    return {"format": "huzhu-facts/1", "person": person, "cover": cover, "event": last, "history": listed}


def agrees(scheme: Scheme, told: list[dict], hardship: bool) -> None:
    edition = read(text_of(scheme))
    expected = reckon(scheme, [{**event, "hardship": hardship} for event in told])
    for end, right in enumerate(expected, 1):
        asked = document(told[:end], hardship)
        (outcome,) = adjudicate([edition], asked)
        assert {name: D(fen) / 100 for name, fen in outcome.paid.items()} == right
    (working,) = explain([edition], asked)
    assert D(working.total_fen) / 100 == sum(expected[-1].values())
    assert all(benefit.zero for benefit in working.benefits if not benefit.paid_fen)


@given(schemes(), st.lists(events(), min_size=1, max_size=5), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_scheme_pays_what_the_reference_pays(scheme, told, hardship):
    agrees(scheme, told, hardship)


@pytest.mark.long
@given(schemes(), st.lists(events(), min_size=1, max_size=8), st.booleans())
@settings(max_examples=5_000, deadline=None)
def test_very_many_schemes_pay_what_the_reference_pays(scheme, told, hardship):
    agrees(scheme, told, hardship)
