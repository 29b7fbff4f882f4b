"""A settlement that the bureau reversed or settled anew: noted at the agency, reckoned again by one person, confirmed by another."""

from datetime import date, datetime, time
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huzhu.adjudication import correcting, replaying
from huzhu.adjudication import queries as deciding
from huzhu.claims import facts, reversals
from huzhu.claims import queries as claims
from huzhu.claims import services as claiming
from huzhu.claims.settlement import Sheet
from huzhu.core.money import NotMoney, fen, spoken
from huzhu.files.contents import NotAccepted
from huzhu.files.services import MOST_BYTES, FileLost, read
from huzhu.payouts import corrected, letter
from huzhu.rules.units import SHANGHAI
from huzhu.users.permissions import may
from huzhu.web import lists
from huzhu.web.access import answered, member, staff
from huzhu.web.claims import boxes
from huzhu.web.claims.desk import READERS, details
from huzhu.web.claims.shown import file_response, pdf_response
from huzhu.web.once import once
from huzhu.web.workbooks import Cell, yuan

REFUSED = (*correcting.REFUSALS, claiming.FieldsNeedWork, claiming.ClaimedBefore, NotAccepted)
FINDS = "申请编号、姓名、拼音首字母、身份证末四位"
FILTERS = (
    lists.Filter("state", "状态", deciding.CHANGE_STATES),
    lists.Filter("mine", "等我办", kind="tick"),
)
DAYS = ("admitted_on", "discharged_on", "settled_on")
HEADS = (
    "登记",
    "申请",
    "会员",
    "变动",
    "来源",
    "说明",
    "登记人",
    "状态",
    "原核定（元）",
    "重算（元）",
    "提出",
    "确认",
)


@require_http_methods(["GET", "HEAD", "POST"])
@staff("agency_clerk")
@once("settlements.change")
def note(request: Any, pk: str) -> HttpResponse:
    """The bureau's paper at the desk: what changed, why, and the new figures where there are any."""
    found = details(request, pk)
    if request.method != "POST":
        return _form(request, found, {}, {})
    typed = {name: request.POST.get(name, "").strip()[:200] for name in ("kind", "setl_id", "reason", *DAYS)}
    typed |= boxes.typed_figures(request.POST)
    try:
        _noted(request, found, typed)
    except claiming.FieldsNeedWork as refused:
        return _form(request, found, typed, refused.problems)
    except REFUSED as refused:
        return _form(request, found, typed, {"": str(refused)})
    messages.success(request, f"已登记申请 {found.number} 的医保结算变动，等省办重算。重算以前不再付款。")
    return redirect("web:claim", found.pk)


def _noted(request: Any, found: Any, typed: dict[str, str]) -> None:
    if typed["kind"] not in {"reversed", "corrected"}:
        raise claiming.FieldsNeedWork({"kind": "请选医保是作废了这张结算单，还是重新结算了"})
    file = request.FILES.get("paper")
    if file is None or file.size > MOST_BYTES:
        raise claiming.FieldsNeedWork({"paper": "请附上医保的退费单或新的结算单（照片或 PDF，不超过 20 MB）"})
    figures = {name: typed[name] for name in boxes.FIGURES if name in typed}
    anew = None
    if typed["kind"] == "corrected":
        blank = [name for name in DAYS[:2] if not typed[name] and getattr(found, name)]
        if blank:
            raise claiming.FieldsNeedWork(dict.fromkeys(blank, "请照新的结算单填写日期"))
        stay = _day(typed, "admitted_on"), _day(typed, "discharged_on")
        settled_on = _day(typed, "settled_on")
        settled_at = datetime.combine(settled_on, time(12), SHANGHAI) if settled_on else None
        anew = Sheet(typed["setl_id"], figures, settled_at, stay)
    said = {"reason": typed["reason"], "name": file.name, "data": file.read()}
    reversals.note(claim=found, anew=anew, **said, by=request.by, at=request.now)


def _day(typed: dict[str, str], name: str) -> date | None:
    try:
        return date.fromisoformat(typed[name]) if typed[name] else None
    except ValueError:
        raise claiming.FieldsNeedWork({name: "不是日期，请写成 2022-06-20"}) from None


def _form(request: Any, found: Any, typed: dict[str, str], errors: dict[str, str]) -> HttpResponse:
    shown = {
        "claim": found,
        "typed": typed,
        "errors": errors,
        "figures": boxes.figure_boxes(found, typed, errors, key=True),
        "more": boxes.figure_boxes(found, typed, errors, key=False),
        "setl_id": boxes.sheet_number(found, typed, errors),
        "days": [
            (name, label, typed.get(name, kept), errors.get(name, ""))
            for name, label, kept in (
                ("admitted_on", "入院日期", f"{found.admitted_on or ''}"),
                ("discharged_on", "出院日期", f"{found.discharged_on or ''}"),
                ("settled_on", "结算日期", ""),
            )
        ],
    }
    return render(request, "web/claims/change.html", shown, status=422 if errors else 200)


@require_safe
@staff(*READERS)
def listed(request: Any) -> HttpResponse:
    """Every change of the branch, and how far it is."""
    asked = lists.read(request, "更正", *FILTERS, finds=FINDS, unit="件")
    every = deciding.changes_waiting_for if asked["mine"] else deciding.changes_visible_to
    found = every(request.by).prefetch_related("corrections__proposed_by", "corrections__settled_by")
    found = found.filter(state=asked["state"]) if asked["state"] else found
    if asked.text:
        found = found.filter(claim__in=claims.matching(claims.visible_to(request.by).order_by(), asked.text))
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, lambda rows: map(_cells, rows))
    shown = lists.shown(request, asked, found)
    shown["rows"] = [(one, _last(one)) for one in shown["pages"]]
    return render(request, "web/claims/corrections.html", shown)


def _last(change: Any) -> Any:
    """The newest proposal on a change."""
    return max(change.corrections.all(), key=lambda one: one.pk, default=None)


def _cells(one: Any) -> tuple[Cell, ...]:
    last = _last(one)
    whose = (one.claim.number, one.claim.member.name, one.get_kind_display(), one.get_source_display())
    sums = (yuan(last.was_fen), yuan(last.now_fen)) if last else ("", "")
    people = (last.proposed_by.name, last.settled_by.name if last.settled_by else "") if last else ("", "")
    said = (one.reason, one.noted_by.name, one.get_state_display())
    return (lists.minute(one.noted_at), *whose, *said, *sums, *people)


def _change(request: Any, pk: Any) -> Any:
    return get_object_or_404(deciding.changes_visible_to(request.by), pk=pk)


@require_safe
@staff(*READERS)
def change(request: Any, pk: Any) -> HttpResponse:
    """What the sheet said and says, the replay with its working, and what this role may do."""
    found = _change(request, pk)
    claiming.opened(claim=found.claim, by=request.by, at=request.now)
    proposals = deciding.corrections_of(found)
    waits = next((one for one in proposals if one.state == "proposed"), None)
    replay, why_not = _replayed(found) if found.state == "open" else (None, "")
    shown = {
        "change": found,
        "claim": found.claim,
        "sheet": list(_sheet(found)),
        "proposals": proposals,
        "waits": waits,
        "replay": replay,
        "why_not": why_not,
        "moved_on": bool(waits and replay and waits.ground != replay.ground),
        "mine": bool(waits and waits.proposed_by_id == request.by.user_id),
        "may_propose": may(request.by, "corrections.propose") and waits is None and replay is not None,
        "may_settle": may(request.by, "corrections.confirm") and waits is not None,
        "may_drop": may(request.by, "settlements.reverse") and found.state == "open",
        "made": [one for last in proposals for one in _corrected(last)],
    }
    return render(request, "web/claims/correction.html", shown)


def _replayed(found: Any) -> tuple[Any, str]:
    try:
        return replaying.replay(found), ""
    except replaying.CannotReckon as refused:
        return None, str(refused)


def _corrected(correction: Any) -> list[Any]:
    """What came of a confirmed one, claim by claim."""
    if correction.state != "confirmed":
        return []
    every = [
        one for made in correction.decisions.select_related("claim") for one in corrected.of_claim(made.claim)
    ]
    return [one for one in every if one.decision.correction_id == correction.pk]


def _sheet(found: Any) -> Any:
    """Label, what the sheet said, what it says; of a reversal nothing."""
    was, now = facts.figures_in(found.was_figures), facts.figures_of(found.claim.settlement)
    if found.kind == "reversed":
        now = {}
    labels = facts.labels([*was, *now])
    yield "结算编号", found.was_setl_id or "—", (found.claim.settlement.setl_id or "—") if now else "已作废"
    for name in dict.fromkeys((*was, *now)):
        before, after = was.get(name, ""), now.get(name, "")
        if before != after:
            yield labels.get(name, name), _spoken(before), _spoken(after)


def _spoken(text: str) -> str:
    try:
        return spoken(fen(text)) if text else "—"
    except NotMoney:
        return text


@require_POST
@staff("agency_clerk", "reviewer", "second_reviewer")
@once("corrections.act")
def act(request: Any, pk: Any, verb: str) -> HttpResponse:
    """Propose, agree or not, or take the change back."""
    found = _change(request, pk)
    said, then = request.POST.get("reason", ""), {"by": request.by, "at": request.now}
    with answered(request, REFUSED):
        if verb == "propose":
            correcting.propose(change=found, reason=said, shown=request.POST.get("shown", ""), **then)
            messages.success(request, "已提出更正，等另一个人确认。确认以前什么也没有变。")
        elif verb in {"agree", "disagree"}:
            waits = next((one for one in deciding.corrections_of(found) if one.state == "proposed"), None)
            if waits is None:
                raise correcting.CorrectionRefused("没有等确认的更正，可能刚刚办过。请刷新后再看。")
            correcting.settle(correction=waits, agree=verb == "agree", reason=said, **then)
            done = (
                "已更正，会员已收到通知，差额由财务接着办。" if verb == "agree" else "未同意，交提出人再看。"
            )
            messages.success(request, done)
        elif verb == "drop":
            reversals.drop(change=found, reason=said, **then)
            messages.success(request, "已撤回这次变动，结算单恢复原来的数字。")
        else:
            raise Http404
    return redirect("web:correction", found.pk)


@require_safe
@staff(*READERS)
def paper(request: Any, pk: Any) -> HttpResponse:
    """The bureau's paper as it came in."""
    found = _change(request, pk)
    if found.paper is None:
        raise Http404
    try:
        data = read(found.paper)
    except FileLost:
        raise Http404 from None
    reversals.saw_paper(change=found, by=request.by, at=request.now)
    return file_response(found.paper, data)


@require_safe
@staff(*READERS)
def claim_letter(request: Any, pk: str) -> HttpResponse:
    """The letter on the newest correction of a claim."""
    return _letter(request, details(request, pk), request.by)


@require_safe
@member
def my_letter(request: Any, pk: str) -> HttpResponse:
    """The same, for the member."""
    found = get_object_or_404(claims.visible_to(request.member), pk=pk)
    return _letter(request, found, request.member)


def _letter(request: Any, claim: Any, by: Any) -> HttpResponse:
    found = corrected.latest_of(claim)
    if found is None:
        raise Http404
    data = letter.open_letter(corrected=found, by=by, at=request.now)
    return pdf_response(data, f"更正通知书-{claim.number}.pdf")
