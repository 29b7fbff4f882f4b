"""What can be applied for, and which date of the event each kind rests on."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Protocol


class Event(Protocol):
    """What a claim is for, and its dates: a row, or as much of it as an evaluation reads."""

    @property
    def kinds(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of application: the date that must be covered, the fields it needs and the facts it may tell."""

    name: str
    label: str
    day: str
    day_label: str
    needs: tuple[str, ...]
    facts: tuple[str, ...]


_ILLNESS = (
    "diagnosed_on",
    "首次确诊日期",
    ("diagnosed_on", "diagnosis"),
    ("diagnosed_on", "diagnosis", "severity"),
)
KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "inpatient",
            "住院",
            "admitted_on",
            "入院日期",
            ("admitted_on", "discharged_on", "hospital_name"),
            ("admitted_on", "hospital_grade"),
        ),
        Kind("critical", "重大疾病", *_ILLNESS),
        Kind("women", "女性特殊疾病", *_ILLNESS),
        Kind(
            "accident",
            "意外伤残",
            "accident_on",
            "意外发生日期",
            ("accident_on",),
            ("accident_on", "disability_grade"),
        ),
    )
}
CHOICES = tuple((kind.name, kind.label) for kind in KINDS.values())
LABELS = {
    "kinds": "申请的项目",
    "applicant": "谁来申请",
    "applicant_name": "代办人姓名",
    "hospital_name": "医院",
    "hospital_grade": "医院等级",
    "admitted_on": "入院日期",
    "discharged_on": "出院日期",
    "diagnosed_on": "首次确诊日期",
    "diagnosis": "疾病编码",
    "severity": "病情类别",
    "accident_on": "意外发生日期",
    "disability_grade": "伤残等级",
    "account": "收款账户",
}


def kinds_of(claim: Event) -> tuple[Kind, ...]:
    """The kinds applied for, in the order of the table."""
    return _kinds(*claim.kinds)


@lru_cache(maxsize=64)  # asked nine times in one evaluation
def _kinds(*names: str) -> tuple[Kind, ...]:
    return tuple(kind for name, kind in KINDS.items() if name in names)


def labels_of(claim: Event) -> str:
    return "、".join(kind.label for kind in kinds_of(claim)) or "还没有选项目"


def days_of(claim: Event) -> dict[str, date]:
    """Label of the date → the date, for every kind applied for whose date is known; admission first."""
    days = {kind.day_label: getattr(claim, kind.day) for kind in kinds_of(claim)}
    return {label: day for label, day in days.items() if day is not None}


def occurred_on(claim: Event) -> date | None:
    """The event's date, by which one member's events are put in order."""
    days = (getattr(claim, kind.day) for kind in kinds_of(claim))
    return next((day for day in days if day is not None), None)
