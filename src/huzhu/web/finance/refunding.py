"""Refunds before cover begins: proposed, listed by one person, released by another, paid by the bank's word."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huzhu.bank import queries as bank
from huzhu.bank.files import NotForTheBank
from huzhu.bank.payforms import DEFAULT, choices, forms
from huzhu.bank.sealing import SealBroken
from huzhu.bank.stops import Stopped
from huzhu.contributions import claiming, giving_back, matching, refunds, repaying, unpaid
from huzhu.contributions.withdrawing import EndRefused
from huzhu.core import money
from huzhu.core.identity import mask_account
from huzhu.enrolment import queries as enrolment
from huzhu.enrolment.services import RosterRefused
from huzhu.users.permissions import NotAllowed
from huzhu.web import lists
from huzhu.web.access import answered, staff, told
from huzhu.web.finance import sources
from huzhu.web.finance.batches import bank_file
from huzhu.web.finance.crediting import READERS, WORKERS
from huzhu.web.finance.stopping import stopped
from huzhu.web.once import once
from huzhu.web.workbooks import Cell, yuan

FILTERS = (lists.Filter("state", "状态", repaying.STATES), lists.Filter("kind", "类别", repaying.KINDS))
HEADS = (
    "提出时间",
    "单位",
    "类别",
    "理由",
    "收款户名",
    "账号",
    "状态",
    "清单",
    "付出日",
    "金额（元）",
    "其中（元）",
)
REFUSED = (
    claiming.ClaimRefused,
    EndRefused,
    RosterRefused,
    NotForTheBank,
    SealBroken,
    Stopped,
    NotAllowed,
)
BOXES = ("payee", "bank_name", "number")


@require_safe
@staff(*READERS)
def all_refunds(request: Any) -> HttpResponse:
    """Refunds of the branch with their state; above them the lists that wait for somebody."""
    asked = lists.read(request, "退费", *FILTERS, unit="笔")
    found = repaying.visible_to(request.by)
    for one in ("state", "kind"):
        found = found.filter(**{one: asked[one]}) if asked[one] else found
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, _by_part)
    shown = lists.shown(request, asked, found)
    shown |= {
        "rows": [(one, _to(one), _may_be_declined(one)) for one in shown["pages"]],
        "made": [(one, repaying.pays(one)) for one in repaying.lists_visible_to(request.by)[:10]],
        "lists": request.by.code == "payment_maker",
        "forms": choices(),
        "releases": request.by.code == "payment_releaser",
        "declines": request.by.code in WORKERS,
        **stopped(request),
    }
    return render(request, "web/finance/refunds.html", shown)


def _to(refund: Any) -> list[tuple[Any, str]]:
    """The payees that count, with their masked accounts."""
    return [(one, mask_account(one.number)) for one in refund.parts.all() if one.state in {"waiting", "paid"}]


def _may_be_declined(refund: Any) -> bool:
    """Nothing of it was ever released: what is on a list of before has moved the books."""
    return refund.state == "proposed" and not any(one.list for one in refund.parts.all())


def _by_part(rows: Iterable[Any]) -> Iterator[tuple[Cell, ...]]:
    """A line for each payee; the refund's sum stands in its first."""
    for one in rows:
        said = (lists.minute(one.proposed_at), one.employer.name, one.get_kind_display(), one.reason)
        for at, (part, number) in enumerate(_to(one)):
            state = (part.stands, part.list.number if part.list else "", part.paid_on)
            whole = None if at else yuan(one.amount_fen)
            yield (*said, part.payee, number, *state, whole, yuan(part.amount_fen))


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*WORKERS)
@once("refunds.propose")
def propose(request: Any) -> HttpResponse:
    """For a roster, a participation or what was paid too much, as the address says."""
    about = _about(request)
    error = ""
    if request.method == "POST":
        try:
            refunds.propose(
                payees=_payees(request),
                reason=request.POST.get("reason", ""),
                by=request.by,
                at=request.now,
                **about,
            )
        except (*REFUSED, money.NotMoney) as refused:
            error = str(refused)
        else:
            messages.success(request, "已提出退费，等出纳制单、放行。放行前什么也没有变。")
            return redirect("web:refunds")
    held = about.get("prepaid")
    try:
        pieces = [] if held else giving_back.pieces_of(**about, at=request.now)
    except EndRefused as refused:
        pieces, error = [], str(refused)
    shown = {
        **about,
        "pieces": pieces,
        "total_fen": held.left_fen if held else sum(one.amount_fen for one in pieces),
        "payees": _rows(request, pieces),
        "reason": request.POST.get("reason", ""),
        "error": error,
    }
    return render(request, "web/finance/refund.html", shown, status=422 if error else 200)


def _rows(request: Any, pieces: list[Any]) -> list[dict[str, str]]:
    """A row for everybody who paid, with what they paid; where there was one, or it was too much, just one."""
    sums: dict[str, int] = {}
    for one in pieces:
        sums[one.share.payer_name] = sums.get(one.share.payer_name, 0) + one.amount_fen
    rows = [{"payer": name, "amount": money.yuan(fen)} for name, fen in sums.items()] or [{"payer": ""}]
    for name in (*BOXES, "amount"):
        for row, typed in zip(rows, request.POST.getlist(name), strict=False):
            row[name] = typed
    return rows


def _payees(request: Any) -> list[refunds.Payee]:
    """As typed; what stands in a row without a payee goes to the first."""
    rows = zip(*(request.POST.getlist(name) for name in BOXES), strict=False)
    told = [refunds.Payee(*row) for row in rows]
    if not any(one.number.strip() for one in told[1:]):
        return told[:1]
    texts = [
        *request.POST.getlist("amount"),
        *("" for _ in told),
    ]  # a form that has no such field is asked for it
    amounts = [money.fen(text.strip().replace(",", "")) for text in texts[: len(told)]]
    held = [replace(one, amount_fen=fen) for one, fen in zip(told, amounts, strict=True)]
    blank = [one for one in held[1:] if not one.number.strip() and not one.name.strip()]
    first = replace(held[0], amount_fen=(held[0].amount_fen or 0) + sum(one.amount_fen or 0 for one in blank))
    return [first, *(one for one in held[1:] if one not in blank)]


@require_safe
@staff(*READERS)
def refund(request: Any, pk: Any) -> HttpResponse:
    """One refund: who gets what, how it was reckoned, whose hands it went through, its vouchers and papers."""
    return _shown(request, get_object_or_404(repaying.visible_to(request.by), pk=pk))


def _shown(request: Any, held: Any, **refused: Any) -> HttpResponse:
    """The page; where something was refused, with what was typed and why at the part it is about."""
    shown = {
        "refund": held,
        "parts": [
            (one, mask_account(one.number), one.state == "unpaid" and unpaid.last_of(one))
            for one in repaying.parts_of(held)
        ],
        "works": request.by.code in WORKERS,
        "taken": repaying.taken_from(held),
        "lists": repaying.lists_of(held),
        "booked": sources.booked(request.by, *repaying.vouchers_of(held), numbers=repaying.paid_in(held)),
        **refused,
    }
    return render(request, "web/finance/refund_shown.html", shown, status=422 if refused else 200)


@require_POST
@staff(*WORKERS)
@once("refunds.say_of_part")
def say_of_part(request: Any, pk: Any, verb: str) -> HttpResponse:
    """The bank has not paid a released part, or has paid it after all."""
    part = get_object_or_404(repaying.parts_visible_to(request.by), pk=pk)
    typed = {name: request.POST.get(name, "") for name in (*BOXES, "reason")}
    try:
        if verb == "not-paid":
            payee = refunds.Payee(*(typed[name] for name in BOXES))
            unpaid.not_paid(part=part, payee=payee, reason=typed["reason"], by=request.by, at=request.now)
            said = f"已记下银行没有付给{part.payee}。换了账户的这一份等出纳另外制单、放行。"
        elif verb == "paid":
            unpaid.paid_after_all(part=part, by=request.by, at=request.now)
            said = f"已撤回。付给{part.payee}的这一份仍等银行付出。"
        else:
            raise Http404
    except REFUSED as refused:
        held = get_object_or_404(repaying.visible_to(request.by), pk=part.refund_id)
        return _shown(request, held, wrong=part, typed=typed, error=str(refused))
    messages.success(request, said)
    return redirect("web:refund", part.refund_id)


def _about(request: Any) -> dict[str, Any]:
    asked = request.GET
    try:
        if "roster" in asked:
            held = enrolment.rosters_visible_to(request.by).filter(pk=UUID(asked["roster"]))
            return {"roster": get_object_or_404(held)}
        if "enrolment" in asked:
            mine = enrolment.visible_to(request.by).filter(pk=UUID(asked["enrolment"]))
            return {"enrolment": get_object_or_404(mine)}
        if asked.get("prepaid", "").isdecimal():
            return {"prepaid": get_object_or_404(matching.prepaid(request.by), pk=int(asked["prepaid"]))}
    except ValueError:
        pass
    raise Http404


@require_POST
@staff("payment_maker")
@once("refunds.list")
def make(request: Any) -> HttpResponse:
    """What was ticked becomes a list."""
    ticked = [key for key in request.POST.getlist("refund") if _is_key(key)]
    with answered(request, REFUSED):
        made = refunds.make_lists(
            refunds=repaying.visible_to(request.by).filter(pk__in=ticked),
            form=request.POST.get("form", DEFAULT),
            by=request.by,
            at=request.now,
        )
        each = "（每个代办处一张）" if len(made) > 1 else ""
        messages.success(
            request, f"退费清单 {'、'.join(one.number for one in made)} 已做好{each}，请另一个人放行。"
        )
    return redirect("web:refunds")


def _is_key(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@require_POST
@staff("payment_releaser")
@once("refunds.settle")
def settle(request: Any, pk: int, verb: str) -> HttpResponse:
    """The second person's word: release, or back with a reason."""
    listed = get_object_or_404(repaying.lists_visible_to(request.by), pk=pk)
    with answered(request, REFUSED):
        if verb == "release":
            refunds.release(listed=listed, by=request.by, at=request.now)
            first = listed.parts.filter(replaces=None).exists()
            booked = "退出的人没有保障，账已记，红字收据已开" if first else "换了账户再付的，账和收据不变"
            said = f"清单 {listed.number} 已放行：{booked}。请把清单交给银行。"
        elif verb == "back":
            refunds.send_back(
                listed=listed, reason=request.POST.get("reason", ""), by=request.by, at=request.now
            )
            said = f"清单 {listed.number} 已退回，里面的退费回到待制单。"
        else:
            raise Http404
        messages.success(request, said)
    return redirect("web:refunds")


@require_POST
@staff(*WORKERS)
def decline(request: Any, pk: Any) -> HttpResponse:
    """It is not given back."""
    held = get_object_or_404(repaying.visible_to(request.by), pk=pk)
    with answered(request, REFUSED):
        refunds.decline(refund=held, reason=request.POST.get("reason", ""), by=request.by, at=request.now)
        messages.success(request, "已记为不予办理。")
    return redirect("web:refunds")


@require_POST
@staff("payment_maker")
def file(request: Any, pk: int) -> HttpResponse:
    """The released list for the bank; each taking is written down."""
    listed = get_object_or_404(repaying.lists_visible_to(request.by), pk=pk)
    try:
        data = refunds.hand_out(listed=listed, by=request.by, at=request.now)
    except REFUSED as refused:
        told(request, refused)
        return redirect("web:refunds")
    return bank_file(data, "退费清单", listed.number, forms()[listed.form].order)


@require_POST
@staff(*WORKERS)
@once("refunds.settle_line")
def settle_line(request: Any, pk: Any) -> HttpResponse:
    """A line of the bank has paid refunds, or brings one back."""
    line = get_object_or_404(bank.lines_visible_to(request.by), pk=pk)
    ticked = [key for key in request.POST.getlist("refund") if _is_key(key)]
    held = list(repaying.parts_visible_to(request.by).filter(pk__in=ticked))
    try:
        if line.amount_fen < 0:
            refunds.pay(parts=held, line=line, by=request.by, at=request.now)
            messages.success(request, "退费已记为付出。")
        elif held:
            payee = refunds.Payee(*(request.POST.get(name, "") for name in BOXES))
            unpaid.returned(part=held[0], line=line, payee=payee, by=request.by, at=request.now)
            messages.success(request, "退汇已入账，这笔退费换了账户，回到待制单。")
    except REFUSED as refused:
        told(request, refused)
        return redirect("web:credit", pk)
    return redirect("web:refunds")
