"""The claims of a branch: the list with its filters in the address, one claim, and what may be done with it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.adjudication import queries as deciding
from huzhu.adjudication import services as deciding_services
from huzhu.adjudication.amounts import Amount, amounts_of
from huzhu.adjudication.letter import open_letter
from huzhu.claims import queries, reversals
from huzhu.claims import services as claims
from huzhu.claims.checklist import STANDARD_REASONS, lacking
from huzhu.claims.kinds import KINDS, labels_of
from huzhu.claims.lifecycle import DONE, LIFECYCLE
from huzhu.claims.severity import raises_of
from huzhu.core.identity import mask_phone, masked
from huzhu.organisations.queries import visible_to
from huzhu.payouts import arrived, corrected
from huzhu.web import lists
from huzhu.web.access import staff, told
from huzhu.web.claims import boxes
from huzhu.web.claims.shown import (
    REFUSALS,
    account_words,
    evaluated,
    page_response,
    papers_of,
    pdf_response,
    steps_of,
    worded,
)
from huzhu.web.finance import sources
from huzhu.web.workbooks import Cell

READERS = ("agency_clerk", "reviewer", "second_reviewer", "auditor")
CLERKS = ("employer_clerk", "county_clerk")
FINDS = "申请编号、姓名、拼音首字母、身份证末四位"
HEADS = ("申请编号", "加急", "会员", "单位", "提交", "状态", "期限")
AMOUNT = "金额（元，没有核定的是试算）"
STATES = [(str(state), str(state.label)) for state in LIFECYCLE]
PAPER_STATES = (("received", "已收"), ("unclear", "看不清"), ("missing", "缺"), ("waived", "免交"))


def details(request: Any, pk: str) -> Any:
    """A claim this role may read, in its branch; anything else looks missing."""
    if not queries.opens_details(request.by):
        raise Http404
    return get_object_or_404(queries.visible_to(request.by), pk=pk)


def filters(by: Any) -> tuple[lists.Filter, ...]:
    """What claims are sifted by; clerks of employers see states only, so they cannot sift by what was applied for."""
    offices = [(str(one.pk), one.name) for one in visible_to(by).filter(kind="city")]
    kinds = [(kind.name, kind.label) for kind in KINDS.values()] if queries.opens_details(by) else []
    return (
        lists.Filter("kind", "项目", kinds),
        lists.Filter("office", "代办处", offices if len(offices) > 1 else []),
        lists.Filter("urgent", "加急", kind="tick"),
        lists.Filter("overdue", "超时", kind="tick"),
    )


def sifted(found: Any, asked: lists.Asked) -> Any:
    """Claims by what was typed and all filters but the clock's."""
    found = queries.matching(found, asked.text)
    found = queries.of_kind(found, asked["kind"]) if asked["kind"] else found
    found = found.filter(office=int(asked["office"])) if asked["office"] else found
    return found.filter(is_urgent=True) if asked["urgent"] else found


def _listed(request: Any, asked: lists.Asked) -> Any:
    """Newest first; the overdue by urgency."""
    found = sifted(queries.visible_to(request.by), asked)
    found = found.filter(state=asked["state"]) if asked["state"] else found
    if not asked["overdue"]:
        return queries.newest_first(found)
    late = queries.by_urgency(found.exclude(state__in=(*DONE, "draft")), request.now)
    return [claim for claim, clock in late if clock.overdue]


@require_safe
@staff(*READERS, *CLERKS)
def listed(request: Any) -> HttpResponse:
    """The claims of the branch; clerks of employers see states only."""
    state = lists.Filter("state", "状态", STATES)
    asked = lists.read(request, "给付申请", state, *filters(request.by), finds=FINDS, unit="件")
    opens, found = queries.opens_details(request.by), _listed(request, asked)
    if asked.takes:
        heads = (*HEADS, AMOUNT) if opens else HEADS
        return lists.taken(request, asked, heads, found, lambda rows: _cells(request, rows, opens=opens))
    shown = lists.shown(request, asked, found)
    rows = queries.timed(shown["pages"], request.now)
    worded(claim for claim, _ in rows)
    shown["rows"] = with_amounts(rows) if opens else [(*pair, None) for pair in rows]
    return render(request, "web/claims/list.html", shown | {"opens": opens})


def with_amounts(pairs: Iterable[Any]) -> list[tuple[Any, Any, Amount]]:
    """Each claim and its clock with its amount."""
    rows = list(pairs)
    amounts = amounts_of([claim for claim, _ in rows])
    return [(claim, clock, amounts[claim.pk]) for claim, clock in rows]


def _cells(request: Any, found: list[Any], *, opens: bool) -> Iterator[tuple[Cell, ...]]:
    rows: Any = queries.timed(found, request.now)
    worded(found)
    amounts = amounts_of(found) if opens else {}
    for claim, clock in rows:
        yield (
            claim.number,
            "加急" if claim.is_urgent else "",
            claim.member.name,
            claim.employer.name,
            lists.minute(claim.submitted_at),
            claim.word,
            clock.bare if not opens or claim.is_kept else clock.word,
            *([amounts[claim.pk].yuan] if opens else []),
        )


@require_safe
@staff(*READERS)
def claim(request: Any, pk: str) -> HttpResponse:
    """Summary left, papers and timeline right, what this role may do at the foot."""
    found = details(request, pk)
    if found.state == "draft" and request.by.code == "agency_clerk":
        return redirect("web:intake", found.pk)
    claims.opened(claim=found, by=request.by, at=request.now)
    return _page(request, found)


def _page(request: Any, found: Any, errors: dict[str, str] | None = None) -> HttpResponse:
    decision = deciding.standing(found)
    evaluation, why_not = (None, "") if decision else evaluated(found)
    shown = {
        "claim": found,
        "errors": errors or {},
        "decision": decision,
        "booked": sources.of_decision(request.by, decision) if decision else [],
        "overruled": deciding.overruled(found),
        "changes": deciding.changes_of(found),
        "corrections": corrected.of_claim(found),
        "slips": deciding.slips(decision) if decision else evaluation.slips if evaluation else [],
        "evaluation": evaluation,
        "why_not": why_not,
        "opinion": deciding.opinion_on(found),
        "lacking": lacking(found),
        "reasons": STANDARD_REASONS,
        "paper_states": PAPER_STATES,
        **summary(found, request.now),
        **_acts(request.by, found),
    }
    return render(request, "web/claims/claim.html", shown, status=422 if errors else 200)


def summary(found: Any, now: Any) -> dict[str, Any]:
    """What every page about one claim shows of it."""
    event = boxes.event_boxes(found, {}, {}, boxes.event_names(found))
    money = arrived.of_claim(found)
    return {
        "clock": queries.clock(found, now),
        "labels": labels_of(found),
        "id_number": masked(found.member.id_number),
        "phone": mask_phone(found.member.phone or ""),
        "money": money,
        "account_words": account_words(money),
        "event": event,
        "figures": boxes.figures_shown(found),
        "papers": papers_of(found),
        "steps": steps_of(found, money),
        "pauses": list(found.pauses.all()),
        "raises": raises_of(found),
    }


def _acts(by: Any, found: Any) -> dict[str, bool]:
    """Which buttons stand at the foot; the server asks the same again."""
    agency = by.code == "agency_clerk" and by.organisation.contains(found.office)
    return {
        "may_mark": agency and found.state in {"submitted", "returned"},
        "may_return": agency and found.state == "submitted",
        "may_resume": agency and found.state == "returned",
        "may_opine": agency and found.state == "submitted",
        "may_edit": agency and found.state in {"submitted", "returned"},
        "may_withdraw": agency and found.state in {"submitted", "returned"},
        "may_hurry": agency and not found.is_urgent and found.state not in {*DONE, "draft"},
        "may_change": agency and reversals.may_change(found),
        "may_decide": by.code in {"reviewer", "second_reviewer"} and found.state == "reported",
    }


# ── verbs ──


def _opinion(request: Any, found: Any) -> str:
    deciding_services.give_opinion(
        claim=found,
        text=request.POST.get("text", ""),
        supports=request.POST.get("supports") != "no",
        by=request.by,
        at=request.now,
    )
    return f"申请 {found.number} 已上报省办。"


def _return(request: Any, found: Any) -> str:
    reason = "；".join(
        filter(None, [*request.POST.getlist("standard"), request.POST.get("reason", "").strip()])
    )
    claims.return_for_papers(claim=found, reason=reason, by=request.by, at=request.now)
    return f"申请 {found.number} 已退回补正，计时停下，通知已发给会员。"


def _resume(request: Any, found: Any) -> str:
    claims.resume(claim=found, by=request.by, at=request.now)
    return f"申请 {found.number} 的材料已补齐，继续计时。"


def _urgent(request: Any, found: Any) -> str:
    claims.set_urgent(claim=found, reason=request.POST.get("reason", ""), by=request.by, at=request.now)
    return f"申请 {found.number} 已设为加急。"


def _withdraw(request: Any, found: Any) -> str:
    claims.withdraw(claim=found, reason=request.POST.get("reason", ""), by=request.by, at=request.now)
    return f"申请 {found.number} 已撤回。"


def _paper(request: Any, found: Any) -> str:
    kind, state = request.POST.get("kind", ""), request.POST.get("state", "")
    upload = request.FILES.get("file")
    if upload:
        evidence = claims.hand_in(
            claim=found, kind=kind, name=upload.name, data=upload.read(), by=request.by, at=request.now
        )
    else:
        if state not in dict(PAPER_STATES):
            raise claims.PaperUnfit("请选材料的状态。")
        evidence = claims.put_paper(
            claim=found,
            kind=kind,
            state=state,
            reason=request.POST.get("reason", ""),
            by=request.by,
            at=request.now,
        )
    return f"{evidence.label}：{evidence.get_state_display()}。"


VERBS: dict[str, Callable[[Any, Any], str]] = {
    "opinion": _opinion,
    "return": _return,
    "resume": _resume,
    "urgent": _urgent,
    "withdraw": _withdraw,
    "paper": _paper,
}


@require_POST
@staff("agency_clerk")
def act(request: Any, pk: str, verb: str) -> HttpResponse:
    """One verb of the agency on one claim; a refusal comes back on the claim's page."""
    found = details(request, pk)
    if verb not in VERBS:
        raise Http404
    try:
        messages.success(request, VERBS[verb](request, found))
    except claims.FieldsNeedWork as refused:
        return _page(request, found, refused.problems)
    except REFUSALS as refused:
        told(request, refused)
    if verb == "opinion" and found.state == "reported":
        return redirect("web:claims-next")
    return redirect("web:claim", found.pk)


@require_safe
@staff("agency_clerk")
def next_one(request: Any) -> HttpResponse:
    """The agency's next claim by time left; without one, the list."""
    waiting = [claim for claim, _ in deciding.queue(request.by, request.now)]
    ready = [claim for claim in waiting if claim.complete_at] or waiting
    return redirect("web:claim", ready[0].pk) if ready else redirect("web:claims")


@require_safe
@staff("agency_clerk")
def receipt(request: Any, pk: str) -> HttpResponse:
    """What the person takes home from the counter: number, papers that are there or missing, and by when."""
    found = details(request, pk)
    if found.submitted_at is None:
        return redirect("web:claim", found.pk)
    claims.opened(claim=found, by=request.by, at=request.now)
    missing = lacking(found)
    shown = {
        "claim": found,
        "labels": labels_of(found),
        "id_number": masked(found.member.id_number),
        "account_words": account_words(arrived.of_claim(found)),
        "clock": queries.clock(found, request.now),
        "there": [one.evidence for one in papers_of(found) if one.evidence not in missing],
        "missing": missing,
    }
    return render(request, "web/claims/receipt.html", shown)


@require_safe
@staff(*READERS)
def paper(request: Any, pk: str, kind: str) -> HttpResponse:
    """One paper of a claim; who looks is written down."""
    return page_response(request, details(request, pk), kind, request.by)


@require_safe
@staff(*READERS)
def decision_letter(request: Any, pk: str) -> HttpResponse:
    """The letter of a final decision; who looks is written down."""
    found = details(request, pk)
    decision = get_object_or_404(deciding.visible_to(request.by), claim=found, state="final")
    said = arrived.of_claim(found).told
    data = open_letter(decision=decision, told=said, by=request.by, at=request.now)
    return pdf_response(data, f"核定通知书-{found.number}.pdf")
