"""Lines of the bureau's file that take a settlement back: by flag, by the number of what they reverse, or as a negative twin."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from huzhu.claims import reversals
from huzhu.claims.models import Claim, Settlement
from huzhu.claims.reversals import ChangeRefused
from huzhu.claims.settlement import KEY_FIGURES, Sheet
from huzhu.users.models import Role

if TYPE_CHECKING:
    from huzhu.claims.bureau import Desk, Entered, Record

FLAGGED = frozenset({"1", "是", "Y"})  # refd_setl_flag


def takes_back(flag: str, figures: Mapping[str, str]) -> bool:
    """Whether a record reverses another: the flag says so, or what the pool paid is below zero."""
    return flag.upper() in FLAGGED or any(figures.get(name, "").startswith("-") for name in KEY_FIGURES)


def cancelled(found: Sequence["Record"]) -> list["Record"]:
    """Settled and reversed in one file: neither becomes anything, and the line says why."""
    numbers = Counter(one.reverses or one.setl_id for one in found if one.is_reversal)
    said = "同一份文件里又退了费，两行相抵，没有转入"
    return [
        replace(one, fault=one.fault or said) if numbers[one.setl_id] and not one.is_reversal else one
        for one in found
    ]


def take(one: "Record", desk: "Desk", entered: "Entered", by: Role, at: datetime) -> None:
    """The claim's sheet is reversed; known where it was before, refused with a sentence where nothing fits."""
    if one.setl_id in desk.records:
        entered.known += 1
        return
    sheet = _target(one, desk)
    if sheet is None:
        entered.refused.append((one.row, "退费冲销的是哪一次结算，在本代办处的申请里没有找到，不用办理"))
        return
    if not desk.has(sheet.claim):
        entered.refused.append((one.row, _elsewhere(sheet.claim)))
        return
    try:
        change = reversals.reverse(sheet=sheet, record_id=one.setl_id, row=one.row, by=by, at=at)
    except ChangeRefused as refused:
        entered.refused.append((one.row, str(refused)))
        return
    desk.learn(change)
    entered.changed += 1


def anew(one: "Record", desk: "Desk", entered: "Entered", by: Role, at: datetime) -> bool:
    """A stay whose settlement was just reversed is settled anew: whether this record is that."""
    change = next((change for change in desk.reopened(one) if _same_stay(one, change.claim.settlement)), None)
    if change is None or one.fault or one.setl_id in desk.sheets:
        return False
    if not desk.has(change.claim):
        entered.refused.append((one.row, _elsewhere(change.claim)))
        return True
    if not desk.members[
        one.certno
    ].agrees:  # taken back since; that the first was reversed is known all the same
        entered.refused.append(
            (
                one.row,
                "会员没有同意（或撤回了同意），新的结算数据没有收：本人同意后再导入；或先撤回这次变动，照本人带来的新结算单登记",
            )
        )
        return True
    if why := desk.of_figures(one):
        entered.refused.append((one.row, why))
        return True
    sheet = Sheet(one.setl_id, one.figures, one.settled_at)
    reversals.settle_anew(change=change, anew=sheet, by=by, at=at)
    desk.sheets[one.setl_id] = change.claim
    entered.changed += 1
    return True


def _target(one: "Record", desk: "Desk") -> Settlement | None:
    """By the number that it names, by its own number, else the same stay with the same figures below zero.

    Of the claims that the agency has taken, whose member may stand elsewhere by now, and of those of its own members.
    """
    member = desk.members.get(one.certno)
    if member is None:
        return None
    found = Settlement.objects.filter(claim__member=member).select_related("claim__office", "claim__member")
    mine = [sheet for sheet in found if desk.is_ours(member) or desk.has(sheet.claim)]
    for number in filter(None, (one.reverses, one.setl_id)):
        for sheet in mine:
            if sheet.setl_id == number:
                return sheet
    twins = [sheet for sheet in mine if not one.reverses and _same_stay(one, sheet) and _is_twin(one, sheet)]
    return twins[0] if len(twins) == 1 else None


def _elsewhere(claim: Claim) -> str:
    return f"这次住院的申请由{claim.office.name}受理，在这里没有登记：请把这一行转给{claim.office.name}，由那里导入"


def _same_stay(one: "Record", sheet: Settlement) -> bool:
    claim = sheet.claim
    return (one.admitted_on, one.discharged_on) == (claim.admitted_on, claim.discharged_on)


def _is_twin(one: "Record", sheet: Settlement) -> bool:
    said = json.loads(sheet.figures)
    named = [name for name in KEY_FIGURES if name in one.figures and name in said]
    return bool(named) and all(_amount(one.figures[name]) == -_amount(said[name]) for name in named)


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")
