"""What is to be paid: the list with its boxes, the batch to be confirmed, what the bank sent back, one payout."""

import re
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from huzhu.adjudication import queries as decisions
from huzhu.bank.payforms import DEFAULT, forms
from huzhu.claims import services as claims
from huzhu.core.identity import mask_account
from huzhu.payouts import acts, holding, queries, services
from huzhu.web import lists, numbers
from huzhu.web.access import answered, staff, told
from huzhu.web.finance import sources
from huzhu.web.finance.stopping import stopped
from huzhu.web.once import once
from huzhu.web.workbooks import Cell, yuan

READERS = ("payment_maker", "payment_releaser", "auditor")
FINDS = "会员姓名、拼音首字母、身份证末四位、申请编号"
FILTERS = (
    lists.Filter("state", "状态", queries.STATES),
    lists.Filter("month", "排款月份", kind="month"),
)
HEADS = (
    "申请",
    "会员",
    "户名",
    "开户行",
    "账号",
    "批次",
    "状态",
    "排款",
    "银行回盘",
    "抵扣（元）",
    "金额（元）",
)
_PAYOUT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of what is to be paid: a payout that waits, or a final decision that will be one in a moment (no key)."""

    key: str
    claim: Any
    amount_fen: int
    account: Any
    since: Any
    opens: str = ""
    again: bool = False
    kept_fen: int = 0
    objection: str = ""

    @property
    def masked(self) -> str:
        number = getattr(self.account, "account_number", None) or getattr(self.account, "number", "")
        return mask_account(number) if number else ""


def lines(by: Any, now: Any) -> list[Line]:
    """What this desk may put into a batch, and what stands in the way of some, by claim number."""
    found = list(holding.asked(queries.waiting(by)))
    objections = queries.objections(found, now)
    waiting = [
        Line(
            "" if one.pk in objections else str(one.pk),
            one.decision.claim,
            one.amount_fen,
            one,
            one.decision.claim.decided_at,
            reverse("web:payout", args=[one.pk]),
            one.replaces_id is not None,
            kept_fen=one.set_off_fen,
            objection=objections.get(one.pk, ""),
        )
        for one in found
    ]
    final = [
        Line(
            "",
            due.decision.claim,
            due.amount_fen,
            due.account,
            due.decision.claim.decided_at,
            objection=due.objection,
        )
        for due in queries.to_schedule(by, now)
    ]
    return sorted(waiting + final, key=lambda line: (not line.claim.is_urgent, line.claim.number))


@require_safe
@staff(*READERS)
def payouts(request: Any) -> HttpResponse:
    """To pay, in doubt at the bank, sent back; the maker chooses and makes a batch."""
    rows = lines(request.by, request.now)
    good = [row for row in rows if not row.objection]
    shown = {
        "rows": rows,
        "count": len(good),
        "total_fen": sum(row.amount_fen for row in good),
        "failed": [(one, *_accounts(one)) for one in queries.failed(request.by, request.now)],
        "unanswered": queries.unanswered(request.by, request.now),
        "doubts": queries.in_doubt(request.by),
        "returns": queries.returns_to_confirm(request.by),
        "made": queries.batches(request.by).filter(state="made"),
        "maker": request.by.code == "payment_maker",
        "may_stop": request.by.code != "auditor",
        **stopped(request),
    }
    return render(request, "web/finance/payouts.html", shown)


@require_safe
@staff(*READERS)
def every(request: Any) -> HttpResponse:
    """All payouts of the branch, newest first: whom, how much, how far."""
    asked = lists.read(request, "发放明细", *FILTERS, finds=FINDS, unit="笔")
    found = queries.matching(queries.visible_to(request.by), asked.text).order_by("-scheduled_at", "-pk")
    found = found.filter(state=asked["state"]) if asked["state"] else found
    if since := asked.since("month"):
        found = found.filter(scheduled_at__gte=since, scheduled_at__lt=asked.before("month"))
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, lambda rows: map(_cells, rows))
    shown = lists.shown(request, asked, found)
    shown["rows"] = [(one, mask_account(one.account_number)) for one in shown["pages"]]
    return render(request, "web/finance/every.html", shown)


def _cells(one: Any) -> tuple[Cell, ...]:
    claim, batch = one.decision.claim, one.batch.number if one.batch else ""
    account = (one.holder, one.bank_name, mask_account(one.account_number))
    times = lists.minute(one.scheduled_at), lists.minute(one.answered_at)
    state = one.get_state_display()
    return (
        claim.number,
        claim.member.name,
        *account,
        batch,
        state,
        *times,
        yuan(one.set_off_fen),
        yuan(one.amount_fen),
    )


def _accounts(one: queries.Failed) -> tuple[str, str]:
    """The account that failed and the one there is now, masked."""
    now = mask_account(one.account.number) if one.account else ""
    return mask_account(one.payout.account_number), now


@require_POST
@staff("payment_maker")
@once("payouts.make")
def make(request: Any) -> HttpResponse:
    """First asked, in a sentence with count and sum; confirmed, the batch is made."""
    chosen = _chosen(request)
    try:
        if "total_fen" not in request.POST:
            return _asked(request, chosen)
        shown = numbers.sent(request.POST.get("count", "")), numbers.sent(request.POST["total_fen"])
        form = request.POST.get("form") or DEFAULT
        batch = services.make_batch(payouts=chosen, by=request.by, at=request.now, shown=shown, form=form)
    except services.REFUSALS as refusal:
        told(request, refusal)
        return redirect("web:payouts")
    messages.success(request, f"批次 {batch.number} 已做好，请另一个人放行。")
    return redirect("web:batch", batch.pk)


def _chosen(request: Any) -> list[Any]:
    """Payouts that were ticked."""
    ticked = _PAYOUT.findall(" ".join(request.POST.getlist("pay")))
    return list(queries.waiting(request.by).filter(pk__in=ticked))


def _asked(request: Any, chosen: list[Any]) -> HttpResponse:
    if not chosen:
        raise services.NothingChosen("没有勾选任何一笔，或者选的刚刚被别人制过单。请看清列表后再选。")
    total = sum(payout.amount_fen for payout in chosen)
    shown = {
        "chosen": chosen,
        "total_fen": total,
        "forms": list(forms().values()),
        "used": queries.last_form(request.by),
    }
    return render(request, "web/finance/make.html", shown)


@require_safe
@staff(*READERS)
def payout(request: Any, pk: Any) -> HttpResponse:
    """One payment: what for, by whom, where it is; the auditor sees the working as well, and that is written down."""
    return payout_page(request, get_object_or_404(queries.visible_to(request.by), pk=pk))


def payout_page(request: Any, found: Any, refusal: str = "") -> HttpResponse:
    """The page of a payment; with what was typed about its doubt, where that was refused."""
    claim = found.decision.claim
    returned = queries.returns_of([found])[found.pk]
    slips = []
    if request.by.code == "auditor":
        claims.opened(claim=claim, by=request.by, at=request.now)
        slips = decisions.slips(found.decision)
    shown = {
        "payout": found,
        "claim": claim,
        "account": mask_account(found.account_number),
        "story": queries.of_claim(claim),
        "people": acts.who_did(claim),
        "parts": queries.parts_of(found),
        "slips": slips,
        "answers": queries.doubt_answers(found),
        "returned": returned,
        "waits_for_return": any(one.state == "said" for one in returned),
        "credits": queries.may_have_come_back(found),
        "booked": sources.of_decision(request.by, found.decision),
        "may_say": request.by.code != "auditor",
        "me": request.by.user_id,
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "web/finance/payout.html", shown, status=422 if refusal else 200)


@require_POST
@staff("payment_maker")
@once("payouts.again")
def again(request: Any, pk: Any) -> HttpResponse:
    """Pay again what the bank sent back; the new payout waits for the next batch."""
    old = get_object_or_404(queries.visible_to(request.by), pk=pk)
    with answered(request, services.REFUSALS):
        services.pay_again(payout=old, by=request.by, at=request.now)
        messages.success(request, f"申请 {old.decision.claim.number} 已重新排款，请随下一批制单。")
    return redirect("web:payouts")
