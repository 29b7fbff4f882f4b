"""The figures of the insurance settlement sheet: read at the field, claimed once anywhere."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import uuid4

from django.db import IntegrityError, transaction

from huzhu.audit import services as audit
from huzhu.claims.checks import ClaimedBefore, FieldsNeedWork, check_claimed_once, check_settlement_is_new
from huzhu.claims.facts import labels, money_names, problems, settlement_of
from huzhu.claims.lifecycle import EDITABLE, CannotMove
from huzhu.claims.models import Claim, Settlement
from huzhu.claims.papers import lock_claim
from huzhu.core.hashing import canonical_json
from huzhu.db.rows import Ready, composed
from huzhu.members.models import Member
from huzhu.rules.edition import FactDef
from huzhu.schemes import queries as schemes
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed, check_may

KEY_FIGURES = ("inscp_scp_amt", "act_pay_dedc", "hifp_pay")
SETL_ID = re.compile(r"[0-9A-Z_-]{1,60}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a settlement sheet says: its number, bureau name → decimal yuan, when it was settled, and the days of the stay
    (admitted, discharged) where somebody has read them."""

    setl_id: str = ""
    figures: Mapping[str, str] = field(default_factory=dict)
    settled_at: datetime | None = None
    stay: tuple[date | None, date | None] | None = None


@transaction.atomic
def put_settlement(
    *,
    claim: Claim,
    setl_id: str,
    figures: dict[str, str],
    settled_at: datetime | None,
    by: Role | Member,
    at: datetime,
) -> Settlement:
    """Keep the sheet's figures (bureau name → decimal yuan, blanks left out), the same names again replace them.

    Raises FieldsNeedWork with a sentence for each figure that cannot be read, and ClaimedBefore where this
    settlement or an overlapping stay of the member stands in another claim, whatever its office.
    """
    _check_may_write(claim, by)
    number, told = tidy_number(setl_id), tidied(figures)
    check_figures(told, number)
    check_claimed_once(claim, number)
    sheet = settlement_of(claim) or Settlement(claim=claim)
    sheet.setl_id, sheet.figures, sheet.settled_at = number, canonical_json(told), settled_at
    with claimed_once(claim, number):
        sheet.save()
    claim.settlement = sheet
    audit.record(by=by, verb="claims.put_settlement", on=claim, at=at, detail={"figures": sorted(told)})
    return sheet


@contextmanager
def claimed_once(claim: Claim, setl_id: str) -> Iterator[None]:
    """A transaction in which the sheet is put; ClaimedBefore where another worker has put the same one in between."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        check_settlement_is_new(claim, setl_id)
        raise


def tidy_money(text: str) -> str:
    """What people type as the engine reads it: half-width, without commas, blanks or 元."""
    return re.sub(r"[,\s¥]|元$", "", unicodedata.normalize("NFKC", text).strip())


def tidy_number(setl_id: str) -> str:
    """A settlement's number as it is kept."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", setl_id)).upper()


def tidied(figures: Mapping[str, str]) -> dict[str, str]:
    """Figures as they are kept, blanks left out."""
    return {name: tidy_money(text) for name, text in figures.items() if tidy_money(text)}


def tidied_sheet(sheet: Sheet) -> Sheet:
    return replace(sheet, setl_id=tidy_number(sheet.setl_id), figures=tidied(sheet.figures))


def missing_figures(claim: Claim, figures: str) -> dict[str, str]:
    """Figures (as they are kept) an inpatient claim cannot be decided without, by label."""
    if "inpatient" not in claim.kinds:
        return {}
    missing = [name for name in KEY_FIGURES if f'"{name}"' not in figures]
    return labels(missing) if missing else {}


def check_figures(told: dict[str, str], number: str) -> None:
    """Raise FieldsNeedWork for what no scheme could read."""
    if found := figure_problems(told, number, schemes.facts()):
        raise FieldsNeedWork(found)


def figure_problems(told: Mapping[str, str], number: str, read: Mapping[str, FactDef]) -> dict[str, str]:
    """A sentence for each figure, and for the sheet's number, that could not be read by these facts."""
    found, known = problems(told, read), money_names(read)
    found |= {name: "结算单上没有这一项，请删去" for name in told if name not in known}
    if number and not SETL_ID.fullmatch(number):
        found["setl_id"] = "结算编号只有数字和字母，请照结算单抄写；单子上没有的可以不填"
    return found


def ready(claim: Claim, sheet: Sheet) -> Ready:
    """The tidy sheet of a claim that is just made, to be written where it says anything."""
    row = uuid4(), claim.pk, sheet.setl_id, canonical_json(dict(sheet.figures)), sheet.settled_at
    says = sheet.setl_id or sheet.figures
    return composed(Settlement, ("id", "claim", "setl_id", "figures", "settled_at"), [row] if says else [])


def _check_may_write(claim: Claim, by: Role | Member) -> None:
    if isinstance(by, Member):
        if by.pk != claim.member_id:
            raise NotAllowed("这不是您的申请，不能填写。")
    else:
        check_may(by, "claims.take", within=claim.office)
    lock_claim(claim)
    if claim.state not in EDITABLE:
        raise CannotMove(
            f"申请 {claim.number} 现在是“{claim.get_state_display()}”，结算单的数字不能再改。要改请先退回补正。"
        )


__all__ = [
    "ClaimedBefore",
    "Sheet",
    "check_figures",
    "missing_figures",
    "put_settlement",
    "tidied",
    "tidy_money",
    "tidy_number",
]
