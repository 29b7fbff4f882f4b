"""The product's schemes in every reading, and members' histories to try them on: 刘女士, and any other."""

from copy import deepcopy
from datetime import date, timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st

from huzhu.rules.adjudicate import adjudicate
from huzhu.rules.edition import Edition
from huzhu.schemes.library import SHELF, Library

Document = dict[str, Any]
COVER = {"cover_starts_on": "2022-01-28", "cover_ends_on": "2023-01-28", "covered_since_on": "2022-01-28"}
NEXT_COVER = {**COVER, "cover_starts_on": "2023-01-28", "cover_ends_on": "2024-01-28"}


@cache
def editions() -> dict[str, Edition]:
    """Every scheme of the reference, each reading under its own name."""
    library = Library(SHELF)
    readings = {f"yichun-120 {name}": library.edition("yichun-120", name) for name in "ABCDE"}
    return {**readings, **{name: library.edition(name) for name in ("yichun-women", "harbin-80")}}


def paid(document: Document) -> dict[str, dict[str, int]]:
    """Fen per benefit under every scheme and reading."""
    outcomes = adjudicate(list(editions().values()), document)
    return {name: outcome.paid for name, outcome in zip(editions(), outcomes, strict=True)}


def stay(own: str, pool: str, **more: Any) -> Document:
    """A document of one settled stay, with S and P as given (yuan) and no deductible."""
    scope = f"{(fen(own) + fen(pool)) // 100}.{(fen(own) + fen(pool)) % 100:02d}"
    event = {"claim_no": "1", "occurred_on": "2022-06-20", "admitted_on": "2022-06-20"}
    event |= {"inscp_scp_amt": scope, "act_pay_dedc": "0.00", "hifp_pay": pool}
    return {
        "format": "huzhu-facts/1",
        "person": {"sex": "male"},
        "cover": dict(COVER),
        "event": event | more,
        "history": [],
    }


def fen(yuan: str) -> int:
    whole, _, cents = yuan.partition(".")
    return int(whole) * 100 + int((cents + "00")[:2])


def liu() -> Document:
    """刘女士: breast cancer in June 2022, one stay; 6,714 + 10,000 + 15,000 = 31,714 yuan."""
    document = stay("11190.00", "63410.00", diagnosis="C50.9", diagnosed_on="2022-06-23")
    document["person"] = {"sex": "female"}
    document["event"] |= {"claim_no": "2022-0713", "inscp_scp_amt": "75400.00", "act_pay_dedc": "800.00"}
    document["event"] |= {"settled_at": "2022-07-08T10:20:00+08:00"}
    return document


def after(document: Document, *earlier: Document) -> Document:
    """The document with the events of others as its history, numbered in order."""
    result = deepcopy(document)
    for number, other in enumerate(earlier):
        result["history"].append({**other["event"], "claim_no": f"0{number}", "cover": other["cover"]})
    return result


# ── histories for hypothesis: ties, edges, boundary days, gaps, zeros and repeated days come often ──

EDGES = ["0.00", "0.01", "0.03", "0.05", "2000.00", "2000.01", "10000.00", "1000.03", "15999.99", "16000.00"]
EDGES += ["16000.01", "15999.97", "8000.00", "8000.01", "7999.99", "83.33", "16.67", "4000000.00"]
BOUNDARY = ["2022-01-27", "2022-01-28", "2022-02-26", "2022-02-27", "2023-01-27", "2023-01-28", "2023-02-26"]
MONEY = [
    "inscp_scp_amt",
    "act_pay_dedc",
    "hifp_pay",
    "above_ceiling_amt",
    "cvlserv_pay",
    "hifob_pay",
    "oth_pay",
]


def yuan(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"


money = st.sampled_from(EDGES) | st.integers(0, 2_000_000).map(yuan) | st.integers(0, 300).map(yuan)
days = st.sampled_from(BOUNDARY) | st.integers(0, 800).map(lambda n: str(date(2022, 1, 1) + timedelta(n)))
ills = st.sampled_from(
    ["C50.9", "C34", "D05", "D39.1", "I21", "I60.8", "I63", "N18.5", "K35", "C97", "C98", "C00"]
)
instants = st.sampled_from(
    [
        "2022-07-08T10:20:00+08:00",
        "2022-07-08T02:20:00+00:00",
        "2022-07-08T10:20:01+08:00",
        "2023-03-01T00:00:00+08:00",
    ]
)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values | values | values


@st.composite
def settled(draw: st.DrawFn) -> Document:
    """A settlement whose own share is what was drawn, so that the edges of S and P are really met."""
    own, pool, deductible = (fen(draw(money)) for _ in range(3))
    if draw(st.booleans()):
        own = pool // 5 + draw(st.integers(-1, 1))  # the limit of the clause, give or take a fen
    return {
        "inscp_scp_amt": yuan(min(max(0, own) + pool + deductible, 1_000_000_000)),
        "act_pay_dedc": yuan(deductible),
        "hifp_pay": yuan(pool),
    }


@st.composite
def events(draw: st.DrawFn) -> Document:
    happened = draw(days)
    event = {
        "occurred_on": happened,
        "settled_at": draw(st.none() | instants),
        "admitted_on": draw(maybe(st.just(happened) | days)),
        "diagnosis": draw(maybe(ills)),
        "diagnosed_on": draw(maybe(st.just(happened) | days)),
        "accident_on": draw(st.none() | days),
        "disability_grade": draw(st.none() | st.integers(1, 10).map(str)),
    }
    figures = draw(settled() | st.fixed_dictionaries({}, optional=dict.fromkeys(MONEY, st.none() | money)))
    given = {
        name: value for name, value in (event | figures).items() if value is not None or draw(st.booleans())
    }
    return given | {"cover": draw(st.sampled_from([COVER, COVER, COVER, NEXT_COVER]))}


@st.composite
def histories(draw: st.DrawFn, most: int = 5) -> list[Document]:
    """One document per event of a member; each has all the others beside it, later ones too, in any order."""
    person = {"sex": draw(st.sampled_from(["female", "female", "male"]))}
    listed = draw(st.lists(events(), min_size=1, max_size=most))
    numbers = draw(st.permutations([f"{n:02d}" for n in range(len(listed))]))
    told = [{**event, "claim_no": number} for event, number in zip(listed, numbers, strict=True)]
    return [document_of(person, told, index) for index in range(len(told))]


def document_of(person: Document, told: list[Document], index: int) -> Document:
    event = dict(told[index])
    cover = event.pop("cover")
    others = [dict(other) for place, other in enumerate(told) if place != index]
    return {"format": "huzhu-facts/1", "person": person, "cover": cover, "event": event, "history": others}
