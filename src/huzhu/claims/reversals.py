"""A settlement that was claimed on is reversed by the bureau, or settled anew: the sheet says so at once, the money follows by people.

What the sheet said before is kept in the change. A decided claim then waits to be reckoned again (adjudication).
"""

from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError, transaction

from huzhu.audit import services as audit
from huzhu.claims.checks import FieldsNeedWork, check_settlement_is_new
from huzhu.claims.facts import labels
from huzhu.claims.lifecycle import COUNTED
from huzhu.claims.models import Claim, Settlement, SettlementChange, State
from huzhu.claims.services import lock_member, needed
from huzhu.claims.settlement import KEY_FIGURES, Sheet, check_figures, tidied_sheet
from huzhu.core.hashing import canonical_json
from huzhu.files.contents import kind_of
from huzhu.files.services import store
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

Kind, Source, Open = SettlementChange.Kind, SettlementChange.Source, SettlementChange.State.OPEN
# other days may lie under another cover, or come in another order: that is another event, and not a correction of figures
OTHER_STAY = (
    "新结算单的入院、出院日期和这件申请的不一样，没有登记：日期不同就是另一次住院，保障期和次序都要重新看。"
    "请按“作废”登记这一张，办完更正后，用新的结算单另受理一件申请；这一件多发的，从那一件里抵扣。"
)
CHANGED_IN = (State.REPORTED, *COUNTED)


class ChangeRefused(ValueError):
    """A change of a settlement cannot be noted, or taken back, as told."""


def note(  # noqa: PLR0913  what changed, by which paper
    *,
    claim: Claim,
    anew: Sheet | None,
    reason: str,
    name: str,
    data: bytes,
    by: Role,
    at: datetime,
) -> SettlementChange:
    """At the desk, by the bureau's paper: reversed, or (`anew`) settled anew. ChangeRefused, FieldsNeedWork, ClaimedBefore.

    The paper is on the disk before the transaction begins. Money moves only when two people have reckoned again.
    """
    check_may(by, "settlements.reverse", within=claim.office)
    said = needed(reason, "请写明医保为什么作废或更正这张结算单")
    _sheet_of(claim)
    if not data or not kind_of(data).mime.startswith(("image/", "application/pdf")):
        raise ChangeRefused("请附上医保的退费单或新的结算单（照片或 PDF），没有它不能登记。")
    paper = store(name=name, data=data, purpose="settlement change", by=by, at=at)
    with transaction.atomic():
        lock_member(claim)
        held = Claim.objects.select_related("settlement", "member", "office").get(pk=claim.pk)
        sheet = _sheet_of(held)
        change = SettlementChange(
            claim=held,
            kind=Kind.CORRECTED if anew else Kind.REVERSED,
            source=Source.DESK,
            reason=said,
            paper=paper,
            noted_by=by.user,
            noted_at=at,
        )
        return _taken(change, sheet, anew and _checked(anew, held), by, at)


def _checked(anew: Sheet, claim: Claim) -> Sheet:
    """As it is kept; FieldsNeedWork, ClaimedBefore."""
    if anew.stay not in {None, (claim.admitted_on, claim.discharged_on)}:
        raise FieldsNeedWork({"admitted_on": OTHER_STAY})
    tidy = tidied_sheet(anew)
    check_figures(dict(tidy.figures), tidy.setl_id)
    if missing := [name for name in KEY_FIGURES if name not in tidy.figures]:
        wanted = {name: f"请照新的结算单填{label}，空的填 0" for name, label in labels(missing).items()}
        raise FieldsNeedWork(wanted)
    check_settlement_is_new(claim, tidy.setl_id)
    return replace(tidy, settled_at=tidy.settled_at or claim.settlement.settled_at)


def reverse(*, sheet: Settlement, record_id: str, row: int, by: Role, at: datetime) -> SettlementChange:
    """The bureau's own record of a reversal; in the transaction of the file's slice, members locked. ChangeRefused."""
    claim = sheet.claim
    _sheet_of(claim)
    change = SettlementChange(
        claim=claim,
        kind=Kind.REVERSED,
        source=Source.BUREAU,
        record_id=record_id,
        reason=f"医保结算数据第 {row} 行：退费冲销",
        noted_by=by.user,
        noted_at=at,
    )
    return _taken(change, sheet, None, by, at)


def settle_anew(*, change: SettlementChange, anew: Sheet, by: Role, at: datetime) -> SettlementChange:
    """After the reversal the bureau's record of the same stay, settled anew: the change is a correction."""
    sheet = change.claim.settlement
    _put(sheet, anew, None)
    change.kind = Kind.CORRECTED
    change.save(update_fields=["kind"])
    audit.record(by=by, verb="settlements.settle_anew", on=change.claim, at=at)
    return change


@transaction.atomic
def drop(*, change: SettlementChange, reason: str, by: Role, at: datetime) -> None:
    """It was noted by mistake: the sheet says again what it said. Only before it was reckoned again. ChangeRefused."""
    check_may(by, "settlements.reverse", within=change.claim.office)
    said = needed(reason, "请写明为什么撤回这次变动")
    lock_member(change.claim)
    held = SettlementChange.objects.select_related("claim__settlement").get(pk=change.pk)
    _end(held, SettlementChange.State.DROPPED, at)
    before = Sheet(held.was_setl_id, {}, held.was_settled_at)
    _put(held.claim.settlement, before, None, figures=held.was_figures)
    audit.record(by=by, verb="settlements.drop_change", on=held.claim, at=at, detail={"reason": said})


def done(change: SettlementChange, at: datetime) -> None:
    """The upper room has reckoned the claim again; in its transaction. ChangeRefused."""
    _end(change, SettlementChange.State.DONE, at)


def saw_paper(*, change: SettlementChange, by: Role, at: datetime) -> None:
    """Somebody looks at the bureau's paper: written down, once an hour."""
    audit.record_read(by=by, verb="settlements.read_paper", on=change.claim, at=at)


def may_change(claim: Claim) -> bool:
    """Whether a change of this claim's settlement can be noted; the verb asks the same."""
    try:
        _sheet_of(claim)
    except ChangeRefused:
        return False
    return True


def _sheet_of(claim: Claim) -> Settlement:
    """The sheet that may change; ChangeRefused says why it may not."""
    sheet: Settlement | None = getattr(claim, "settlement", None)
    if sheet is None or claim.state not in CHANGED_IN:
        raise ChangeRefused(
            f"申请 {claim.number} 现在是“{claim.get_state_display()}”，没有按结算单核定，不用登记变动。"
            "还没有上报的，直接改结算单的数字，或撤回申请。"
        )
    if sheet.reversed_at:
        when = sheet.reversed_at.astimezone(SHANGHAI)
        raise ChangeRefused(
            f"这张结算单已在 {when:%Y-%m-%d} 登记为作废，没有再登记。请看申请里的“医保结算变动”。"
        )
    return sheet


def _taken(
    change: SettlementChange, sheet: Settlement, anew: Sheet | None, by: Role, at: datetime
) -> SettlementChange:
    """Keep what the sheet said and put what it says now; a claim that nobody has decided needs no reckoning again."""
    change.was_setl_id, change.was_figures, change.was_settled_at = (
        sheet.setl_id,
        sheet.figures,
        sheet.settled_at,
    )
    if change.claim.state == State.REPORTED:
        change.state, change.ended_at = SettlementChange.State.DONE, at
    try:
        with transaction.atomic():
            change.save(force_insert=True)
    except IntegrityError:
        raise ChangeRefused(
            f"申请 {change.claim.number} 的上一次结算变动还没有重算完，没有登记新的。请等省办办完，或先撤回那一次。"
        ) from None
    if anew:
        _put(sheet, anew, None)
    else:
        _put(sheet, Sheet(sheet.setl_id, {}, sheet.settled_at), at, figures=sheet.figures)
    detail = {"kind": change.kind, "source": change.source}
    audit.record(by=by, verb="settlements.change", on=change.claim, at=at, detail=detail)
    return change


def _put(sheet: Settlement, says: Sheet, reversed_at: datetime | None, figures: str = "") -> None:
    sheet.setl_id, sheet.settled_at, sheet.reversed_at = says.setl_id, says.settled_at, reversed_at
    sheet.figures = figures or canonical_json(dict(says.figures))
    sheet.save(update_fields=["setl_id", "setl_id_index", "figures", "settled_at", "reversed_at"])


def _end(change: SettlementChange, state: str, at: datetime) -> None:
    found = SettlementChange.objects.filter(pk=change.pk, state=Open)
    if not found.update(state=state, ended_at=at):
        change.refresh_from_db()
        raise ChangeRefused(
            f"这次结算变动刚刚办过，现在是“{change.get_state_display()}”，这一步没有生效。请刷新后再看。"
        )
    change.state, change.ended_at = state, at
