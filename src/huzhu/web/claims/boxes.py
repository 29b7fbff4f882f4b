"""The boxes of an application: which are asked for the kinds chosen, what stands in them, what was typed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import QueryDict

from huzhu.claims import facts
from huzhu.claims.kinds import CHOICES, KINDS, LABELS
from huzhu.claims.settlement import KEY_FIGURES
from huzhu.claims.severity import classes_for
from huzhu.core import money
from huzhu.rules.units import Unit
from huzhu.web import settlement
from huzhu.web.estimate import Field, tidy

APPLICANTS = (("self", "本人"), ("relative", "亲属，代为申请"), ("colleague", "同事，代为申请"))
GRADES = (("", "请选择"), *((str(n), f"{word}级") for n, word in enumerate("一二三四五六七八九十", 1)))
KINDS_OF_BOX = {
    "admitted_on": "date",
    "discharged_on": "date",
    "diagnosed_on": "date",
    "accident_on": "date",
    "diagnosis": "illness",
    "severity": "select",
    "disability_grade": "select",
    "hospital_name": "text",
    "applicant_name": "text",
    "setl_id": "text",
}
HINTS = {
    "diagnosis": "点选，或填诊断书上的编码，例如 C50.9",
    "diagnosed_on": "诊断书或病理报告上的日期",
    "discharged_on": "出院记录上的日期",
    "severity": "诊断证明上有就选；拿不准就空着，审核时看材料",
    "setl_id": "在结算单上方；没有就空着",
}
ASKED = {
    "inpatient": ("hospital_name", "admitted_on", "discharged_on"),
    "critical": ("diagnosis", "diagnosed_on", "severity"),
    "women": ("diagnosis", "diagnosed_on", "severity"),
    "accident": ("accident_on", "disability_grade"),
}
EVENT = tuple(dict.fromkeys(name for names in ASKED.values() for name in names))
FIGURES = tuple(line.name for line in settlement.LINES)
MARKS = {line.name: line.mark for line in settlement.LINES}


def event_names(claim: Any, kinds: Iterable[str] | None = None) -> list[str]:
    """Fields to ask for what is claimed (or for these kinds), each once; the class of an illness only where a scheme reads it."""
    wanted = claim.kinds if kinds is None else kinds
    names = dict.fromkeys(name for kind in KINDS if kind in wanted for name in ASKED[kind])
    if "severity" in names and not classes_for(claim.member):
        del names["severity"]
    return list(names)


def event_boxes(
    claim: Any, typed: Mapping[str, str], errors: Mapping[str, str], names: Iterable[str]
) -> list[Field]:
    """A box for each field: what was typed, else what is kept."""
    choices = {"disability_grade": GRADES, "diagnosis": settlement.ILLNESSES}
    if "severity" in (asked := list(names)):
        choices["severity"] = (("", "请选择"), *classes_for(claim.member).items())
    return [
        _box(name, LABELS[name], _kept(claim, name), typed, errors, choices.get(name, ())) for name in asked
    ]


def groups_of_boxes(
    claim: Any, typed: Mapping[str, str], errors: Mapping[str, str]
) -> list[tuple[str, list[Field]]]:
    """The boxes of all kinds under the word by which a page shows or hides them."""
    groups = (("inpatient", "inpatient"), ("illness", "critical"), ("accident", "accident"))
    return [(word, event_boxes(claim, typed, errors, event_names(claim, [kind]))) for word, kind in groups]


def figures_shown(claim: Any) -> list[tuple[str, str]]:
    """Label and amount, as people read it, of every figure that was put in; in the order of the sheet."""
    kept = _figures(claim)
    said = facts.labels(kept)
    names = [*KEY_FIGURES, *(name for name in FIGURES if name not in KEY_FIGURES)]
    return [(said.get(name, name), money.spoken(money.fen(kept[name]))) for name in names if name in kept]


def figure_boxes(
    claim: Any, typed: Mapping[str, str], errors: Mapping[str, str], *, key: bool
) -> list[Field]:
    """The three figures an estimate needs, or the others of the sheet."""
    names = [name for name in FIGURES if (name in KEY_FIGURES) is key]
    said = facts.labels(names)
    kept = _figures(claim)
    return [
        Field(
            name=name,
            label=said.get(name, name),
            mark=MARKS[name],
            value=typed.get(name, kept.get(name, "")),
            error=errors.get(name, ""),
        )
        for name in names
    ]


def sheet_number(claim: Any, typed: Mapping[str, str], errors: Mapping[str, str]) -> Field:
    sheet = facts.settlement_of(claim)
    return _box("setl_id", "结算编号", sheet.setl_id if sheet else "", typed, errors)


def typed_event(post: QueryDict, names: Iterable[str]) -> dict[str, str]:
    """What was typed into the event's boxes, in the form the fields are kept in; boxes not on the page are left out."""
    units = {"date": Unit.DATE, "illness": Unit.ICD}
    found = {}
    for name in names:
        if name in post:
            text = str(post[name])[:100]
            unit = units.get(KINDS_OF_BOX[name])
            found[name] = tidy(text, unit) if unit else text.strip()
    return found


def typed_figures(post: QueryDict) -> dict[str, str]:
    return {name: str(post[name])[:40] for name in FIGURES if name in post}


def kinds_offered(claim_or_member: Any) -> list[tuple[str, str]]:
    """Kinds a person may choose; a man is not asked about women's illnesses."""
    member = getattr(claim_or_member, "member", claim_or_member)
    return [(name, label) for name, label in CHOICES if name != "women" or member.sex == "female"]


def _kept(claim: Any, name: str) -> str:
    value = getattr(claim, name)
    return "" if value is None else str(value)


def _figures(claim: Any) -> dict[str, str]:
    sheet = facts.settlement_of(claim)
    return facts.figures_of(sheet) if sheet else {}


def _box(
    name: str,
    label: str,
    kept: str,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    choices: Sequence[tuple[str, str]] = (),
) -> Field:
    kind = KINDS_OF_BOX[name]
    return Field(
        name=name,
        label=label,
        kind=kind,
        hint=HINTS.get(name, ""),
        choices=choices,
        value=typed.get(name, kept),
        error=errors.get(name, ""),
    )
