"""The fields of an application as people type them: read into what the columns hold, or answered each at its place."""

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any

from huzhu.claims import checks, facts, severity
from huzhu.claims.kinds import CHOICES, KINDS, LABELS
from huzhu.claims.models import Claim
from huzhu.members.models import BankAccount
from huzhu.rules.edition import FactDef

DATES = ("admitted_on", "discharged_on", "diagnosed_on", "accident_on")
SEALED = ("diagnosis", "severity")  # no value is null, not an empty text
READ_BY_SCHEMES = (
    "admitted_on",
    "hospital_grade",
    "diagnosed_on",
    "diagnosis",
    "accident_on",
    "disability_grade",
)
MOST = {
    "hospital_name": 80,
    "hospital_grade": 6,
    "disability_grade": 3,
    "applicant_name": 40,
    "diagnosis": 20,
    "severity": 20,
}


def read(
    claim: Claim, fields: Mapping[str, Any], known: Mapping[str, FactDef] | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Values as the columns hold them, and a sentence for each that cannot be read.

    `known` is what the published schemes read (schemes.queries.facts), where the caller has asked already.
    """
    if astray := fields.keys() - LABELS.keys():
        raise TypeError(f"claims.fill 没有这些字段：{'、'.join(sorted(astray))}")
    told = {name: _tidy(value) for name, value in fields.items()}
    found = facts.problems(
        {name: str(told[name]) for name in READ_BY_SCHEMES if told.get(name) not in {None, ""}}, known
    )
    values: dict[str, Any] = {}
    for name, value in told.items():
        try:
            values[name] = _value(claim, name, value)
        except ValueError as error:
            found.setdefault(name, str(error))
    return values, found


def _tidy(value: Any) -> Any:
    return unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else value


def _value(claim: Claim, name: str, value: Any) -> Any:
    if name in DATES:
        return _day(value)
    if name == "kinds":
        return _kinds(value)
    if name == "account":
        return _account(claim, value)
    if name == "applicant":
        return Claim.Applicant(value or "self")
    text = str(value or "")
    most = MOST.get(name)
    if most and len(text) > most:
        raise ValueError(f"{LABELS[name]}太长，最多 {most} 个字")
    if name == "severity" and (wrong := severity.problem(claim, text)):
        raise ValueError(wrong)
    if name in SEALED:
        return (text.upper() if name == "diagnosis" else text) or None
    return text


def _day(value: Any) -> date | None:
    if not value:
        return None
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"“{str(value)[:20]}”不是日期，请写成 2022-06-20 这样") from None


def _kinds(value: Any) -> list[str]:
    if checks.unknown_kinds(value):
        raise ValueError("没有这个项目，可选：" + "、".join(label for _, label in CHOICES))
    return [kind for kind in KINDS if kind in value]


def _account(claim: Claim, value: Any) -> BankAccount | None:
    if isinstance(value, BankAccount) and value.member_id != claim.member_id:
        raise ValueError("这个账户不是本人的，互助金只付到本人的账户")
    return value or None
