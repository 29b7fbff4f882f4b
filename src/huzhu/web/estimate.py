"""The trial estimate: what a person typed becomes facts, and what the engine refuses comes back at the field."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from huzhu.core import money
from huzhu.core.periods import a_year_after
from huzhu.rules.about import clashing
from huzhu.rules.adjudicate import explain
from huzhu.rules.edition import Edition
from huzhu.rules.facts import FORMAT, FactsRefused
from huzhu.rules.reasoning import Reasoning
from huzhu.rules.units import Unit
from huzhu.schemes.library import Library
from huzhu.web import settlement

EARLIER = ("h1_", "h2_")  # two earlier stays in the same period can be told
KEY_FIGURES = ("inscp_scp_amt", "act_pay_dedc", "hifp_pay")


@dataclass(slots=True)
class Field:
    """One box on the page: what stands in it, what is wrong with it, and how it is asked."""

    name: str
    label: str
    kind: str = "money"
    hint: str = ""
    mark: int = 0
    choices: Sequence[tuple[str, str]] = ()
    value: str = ""
    error: str = ""

    @property
    def said(self) -> str:
        """What stands in it as people read it: of a choice, its words."""
        return dict(self.choices).get(self.value, self.value) if self.kind == "select" else self.value


@dataclass(frozen=True, slots=True)
class Paper:
    """One scheme's slip, and the same in another reading beside it."""

    reasoning: Reasoning
    other: Reasoning | None

    @property
    def difference(self) -> str:
        """How much the other reading pays more or less."""
        if self.other is None:
            return ""
        gap = self.other.total_fen - self.reasoning.total_fen
        return f"{'多' if gap > 0 else '少'} {money.spoken(abs(gap))} 元" if gap else "相同"


@dataclass
class Estimate:
    """The page's state: fields with values and errors, and the slips once the figures can be read."""

    library: Library
    values: Mapping[str, str]
    chosen: Sequence[str]
    asked: bool
    errors: dict[str, str] = field(default_factory=dict)
    papers: list[Paper] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.editions = {slug: self.library.edition(slug) for slug in self.library.slugs()}
        self.facts = {
            name: fact for edition in self.editions.values() for name, fact in edition.facts.items()
        }
        if self.asked:
            self.answer()

    # --- what the page shows ---

    @property
    def total(self) -> str:
        """The sum over all chosen schemes."""
        return money.spoken(sum(paper.reasoning.total_fen for paper in self.papers))

    @property
    def schemes(self) -> list[tuple[Edition, bool]]:
        """Every scheme on the shelf and whether it is chosen."""
        return [(edition, slug in self.chosen) for slug, edition in self.editions.items()]

    @property
    def readings(self) -> list[tuple[str, str]]:
        """Readings of the clause, of the schemes that have any."""
        found = {v.name: f"{v.label}：{v.text}" for e in self.editions.values() for v in e.variants.values()}
        return list(found.items())

    @property
    def reading(self) -> Field:
        return self.select("reading", "按哪一种读法算", self.readings)

    @property
    def other_reading(self) -> Field:
        return self.select("other_reading", "并排再看一种读法", [("", "不比较"), *self.readings])

    @property
    def cover(self) -> list[Field]:
        return [
            self.box("cover_starts_on", hint="互助金保障书上的起日，保障一年"),
            self.box("covered_since_on", "从哪天起一直没有断过", "第一年参加的不用填"),
        ]

    @property
    def person(self) -> Field:
        return self.box("sex")

    @property
    def stay(self) -> list[Field]:
        return [
            self.box("admitted_on"),
            self.box("hospital_grade", hint="这几个方案不分医院等级，选了也不影响结果"),
        ]

    @property
    def figures(self) -> list[Field]:
        return [self.box(line.name, mark=line.mark) for line in settlement.LINES if line.key]

    @property
    def more_figures(self) -> list[Field]:
        return [self.box(line.name, mark=line.mark) for line in settlement.LINES if not line.key]

    @property
    def illness(self) -> list[Field]:
        return [
            self.box("diagnosis", "确诊的疾病（没有重大疾病可不填）", "点选，或填诊断书上的编码，例如 C50.9"),
            self.box("diagnosed_on"),
        ]

    @property
    def accident(self) -> list[Field]:
        return [self.box("accident_on"), self.box("disability_grade", "评定的伤残等级")]

    @property
    def earlier(self) -> list[list[Field]]:
        return [[self.box(f"{row}{name}") for name in ("admitted_on", *KEY_FIGURES)] for row in EARLIER]

    @property
    def opened(self) -> set[str]:
        """Folded parts of the page that hold a value or an error."""
        parts = {
            "more": [line.name for line in settlement.LINES if not line.key],
            "accident": ["accident_on", "disability_grade"],
            "earlier": [f"{row}{name}" for row in EARLIER for name in ("admitted_on", *KEY_FIGURES)],
        }
        return {
            part
            for part, names in parts.items()
            if any(self.values.get(n) or self.errors.get(n) for n in names)
        }

    def box(self, name: str, label: str = "", hint: str = "", mark: int = 0) -> Field:
        """The box of one fact, asked as its unit wants."""
        fact = self.facts[name.removeprefix("h1_").removeprefix("h2_")]
        kinds = {Unit.MONEY: "money", Unit.DATE: "date", Unit.CODE: "select", Unit.ICD: "illness"}
        choices = [("", "请选择"), *fact.type.codes] if fact.type.codes else settlement.ILLNESSES
        kind = kinds[fact.type.unit]
        return Field(
            name,
            label or fact.label,
            kind,
            hint,
            mark,
            choices,
            self.values.get(name, ""),
            self.errors.get(name, ""),
        )

    def select(self, name: str, label: str, choices: Sequence[tuple[str, str]]) -> Field:
        return Field(
            name, label, "select", "", 0, choices, self.values.get(name, ""), self.errors.get(name, "")
        )

    # --- the answer ---

    def answer(self) -> None:
        """Fills the slips, or the errors where the figures cannot be read."""
        self.refuse_choices()
        document = self.document()
        self.refuse_gaps(document)
        if self.errors:
            return
        for slug in self.chosen:
            try:
                self.papers.append(self.paper(slug, document))
            except FactsRefused as refused:
                for problem in refused.problems:
                    self.wrong(_box_of(problem.path), f"{problem.what}。{problem.remedy}")
        if self.errors:
            self.papers = []

    def wrong(self, name: str, message: str) -> None:
        self.errors.setdefault(name, message)

    def refuse_choices(self) -> None:
        if not self.chosen or any(slug not in self.editions for slug in self.chosen):
            self.wrong("scheme", "请至少选一个参加的方案")
            self.chosen = [slug for slug in self.chosen if slug in self.editions]
        if clash := clashing(self.editions[slug] for slug in self.chosen):
            self.wrong("scheme", clash)
        for name in ("reading", "other_reading"):
            if (value := self.values.get(name)) and value not in dict(self.readings):
                self.wrong(name, "没有这种读法，请重新选择")

    def document(self) -> dict[str, object]:
        """The facts as the engine wants them; blanks are left out."""
        person = self.filled(["sex"])
        cover = self.filled(["cover_starts_on", "covered_since_on"])
        start = _day(cover.get("cover_starts_on"))
        if start:
            cover["cover_ends_on"] = a_year_after(start).isoformat()
            cover.setdefault("covered_since_on", start.isoformat())
        event = self.event("", "试算")
        history = [self.event(row, f"此前-{row}") for row in EARLIER if self.event(row, "")]
        return {"format": FORMAT, "person": person, "cover": cover, "history": history, "event": event}

    def filled(self, names: Sequence[str], row: str = "") -> dict[str, str]:
        return {
            name: value
            for name in names
            if (value := tidy(self.values.get(row + name, ""), self.facts[name].type.unit))
        }

    def event(self, row: str, claim_no: str) -> dict[str, str]:
        names = [
            name for name, fact in self.facts.items() if fact.group == "event" and row + name in self.values
        ]
        event = self.filled(names, row)
        days = [event[name] for name in ("admitted_on", "diagnosed_on", "accident_on") if name in event]
        if days:
            event["occurred_on"] = days[0]
        return event | {"claim_no": claim_no} if event and claim_no else event

    def refuse_gaps(self, document: Mapping[str, object]) -> None:
        """What the engine could answer with 0 but a person would not mean."""
        cover, event, history = document["cover"], document["event"], document["history"]
        if isinstance(cover, dict) and "cover_starts_on" not in cover:
            self.wrong("cover_starts_on", "请填保障期起日，写在互助金保障书上")
        if isinstance(event, dict) and "occurred_on" not in event:
            self.wrong("admitted_on", "请填入院日期；没有住院的，填确诊日期或意外发生日期")
        stays = [("", event), *zip(EARLIER, history if isinstance(history, list) else [], strict=False)]
        for row, stay in stays:
            if isinstance(stay, dict) and any(name in stay for name in ("admitted_on", *KEY_FIGURES)):
                self.refuse_gaps_of_stay(row, stay)
        if any("sex" in self.editions[slug].columns for slug in self.chosen) and not self.values.get("sex"):
            self.wrong("sex", "女职工方案要看性别，请选择")

    def refuse_gaps_of_stay(self, row: str, stay: Mapping[str, str]) -> None:
        for name in ("admitted_on", *KEY_FIGURES):
            if name not in stay and any("hifp_pay" in self.editions[slug].columns for slug in self.chosen):
                self.wrong(
                    row + name,
                    f"请填{self.facts[name].label}；结算单上是空的就填 0"
                    if name in KEY_FIGURES
                    else "请填入院日期",
                )

    def paper(self, slug: str, document: Mapping[str, object]) -> Paper:
        default = self.editions[slug].variant
        editions = [self.editions[slug]]
        if default:
            asked = [self.values.get("reading") or default.name, self.values.get("other_reading")]
            editions = [self.library.edition(slug, name) for name in dict.fromkeys(asked) if name]
        slips = explain(editions, document, among=list(self.editions.values()))
        return Paper(slips[0], slips[1] if len(slips) > 1 else None)


def tidy(text: str, unit: Unit) -> str:
    """What people type, in the form the engine reads: half-width, no blanks, commas or 元; dates with dashes."""
    text = unicodedata.normalize("NFKC", text).strip()
    if unit is Unit.MONEY:
        return re.sub(r"[,\s]|元$", "", text)
    if unit is Unit.DATE:
        match = re.fullmatch(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?", text, re.ASCII)
        return f"{match[1]}-{match[2]:0>2}-{match[3]:0>2}" if match else text
    return text.split(" ")[0] if unit is Unit.ICD else text


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _box_of(path: str) -> str:
    """The box on the page for a path in the facts: history[0].hifp_pay stands in h1_hifp_pay."""
    row = re.match(r"history\[(\d)\]\.", path)
    name = path.rpartition(".")[2]
    return (
        f"h{int(row[1]) + 1}_{name}"
        if row
        else {"occurred_on": "admitted_on", "cover_ends_on": "cover_starts_on"}.get(name, name)
    )
