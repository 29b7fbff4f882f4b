"""One batch: released by another person, handed to the bank as a file, answered by the bank's reply."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huzhu.bank.files import MOST_BYTES, ReplyRefused
from huzhu.bank.payforms import WORKBOOK, Sheet
from huzhu.core.identity import mask_account
from huzhu.files import aside
from huzhu.files.services import FileLost, discard, read
from huzhu.payouts import bankfile, demobank, lifecycle, queries, replies, services
from huzhu.web import lists, numbers
from huzhu.web.access import answered, staff, told
from huzhu.web.desks.signing import demo_is_on
from huzhu.web.finance.paying import READERS
from huzhu.web.finance.stopping import stopped
from huzhu.web.once import once
from huzhu.web.workbooks import XLSX, Cell, yuan

FILTERS = (
    lists.Filter("state", "状态", queries.BATCH_STATES),
    lists.Filter("month", "制单月份", kind="month"),
)
HEADS = ("批次", "状态", "制单", "制单时间", "放行", "放行时间", "笔数", "合计（元）")


class NotChosen(ValueError):
    """There is no file that could be a reply: nothing that a bank would have to mend."""


@require_safe
@staff(*READERS)
def batches(request: Any) -> HttpResponse:
    """Every batch of the branch, newest first."""
    asked = lists.read(request, "发放批次", *FILTERS, unit="批")
    found = queries.batches(request.by)
    found = found.filter(state=asked["state"]) if asked["state"] else found
    if since := asked.since("month"):
        found = found.filter(made_at__gte=since, made_at__lt=asked.before("month"))
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, _cells)
    return render(request, "web/finance/batches.html", lists.shown(request, asked, found))


def _cells(rows: list[Any]) -> Iterator[tuple[Cell, ...]]:
    for one in rows:
        released = one.released_by.name if one.released_by else ""
        made_at, released_at = map(lists.minute, (one.made_at, one.released_at))
        state, maker = one.get_state_display(), one.made_by.name
        yield (one.number, state, maker, made_at, released, released_at, one.count, yuan(one.total_fen))


@require_safe
@staff(*READERS)
def batch(request: Any, pk: int) -> HttpResponse:
    """The batch with its lines, and what may be done with it next."""
    found = _batch(request, pk)
    code = request.by.code
    goes_again = bankfile.may_go_again(found)
    lines = list(queries.lines(found))
    returned = queries.returns_of(lines)
    shown = {
        "batch": found,
        "lines": [(one, mask_account(one.account_number), returned[one.pk]) for one in lines],
        "replies": found.replies.select_related("taken_by").order_by("taken_at"),
        "form": bankfile.form_of(found),
        "doubts": sum(payout.state == "in_doubt" for payout in lines),
        "late": found.state == "released" and services.is_late(found, request.now),
        "can_release": code == "payment_releaser" and lifecycle.can_release(found),
        "can_send_back": code != "auditor" and lifecycle.can_release(found),
        "goes_again": goes_again,
        "can_take": code != "auditor" and bool(found.sha256) and goes_again,
        "can_answer": code == "payment_maker" and lifecycle.can_answer(found),
        "demo": demo_is_on(),
        **stopped(request),
    }
    return render(request, "web/finance/batch.html", shown)


@require_POST
@staff("payment_releaser")
@once("payouts.release")
def release(request: Any, pk: int) -> HttpResponse:
    """The second person's word."""
    found = _batch(request, pk)
    with answered(request, services.REFUSALS):
        services.release(batch=found, by=request.by, at=request.now)
        messages.success(request, f"批次 {found.number} 已放行，可以把代发文件交给银行了。")
    return redirect("web:batch", pk)


@require_POST
@staff("payment_maker", "payment_releaser")
@once("payouts.send_back")
def send_back(request: Any, pk: int) -> HttpResponse:
    """The batch is dissolved, with a reason; its payouts wait again."""
    found = _batch(request, pk)
    try:
        services.send_back(batch=found, reason=request.POST.get("reason", ""), by=request.by, at=request.now)
    except services.REFUSALS as refusal:
        told(request, refusal)
        return redirect("web:batch", pk)
    messages.success(request, f"批次 {found.number} 已退回，里面的款回到待发放。")
    return redirect("web:payouts")


@require_POST
@staff("payment_maker", "payment_releaser")
def file(request: Any, pk: int) -> HttpResponse:
    """The sealed bank file; each taking is written down."""
    found = _batch(request, pk)
    try:
        data = services.hand_out(batch=found, by=request.by, at=request.now)
    except services.REFUSALS as refusal:
        told(request, refusal)
        return redirect("web:batch", pk)
    return bank_file(data, "互助金代发", found.number, bankfile.form_of(found).order)


@require_http_methods(["GET", "HEAD", "POST"])
@staff("payment_maker")
@once("payouts.reply")
def reply(request: Any, pk: int) -> HttpResponse:
    """The bank's reply: chosen, shown, and only then taken in."""
    found = _batch(request, pk)
    shown = {"batch": found, "form": bankfile.form_of(found)}
    if request.method != "POST":
        return render(request, "web/finance/reply.html", shown)
    try:
        if "confirmed" not in request.POST:
            return _previewed(request, found, _chosen(request))
        file = aside.taken(key=request.POST.get("file", ""), about=f"reply:{found.pk}", by=request.by)
        services.apply_reply(batch=found, data=read(file), by=request.by, at=request.now)
        discard(file=file, by=request.by, at=request.now)
    except ReplyRefused as refusal:
        return render(request, "web/finance/reply.html", shown | {"problems": refusal.problems}, status=422)
    except (NotChosen, aside.AsideGone, FileLost) as refusal:
        return render(request, "web/finance/reply.html", shown | {"error": str(refusal)}, status=422)
    except services.REFUSALS as refusal:
        told(request, refusal)
    else:
        messages.success(request, f"批次 {found.number} 的回盘已入账。")
    return redirect("web:batch", pk)


def _chosen(request: Any) -> Any:
    chosen = request.FILES.get("file")
    if chosen is None:
        raise NotChosen("没有选择文件，一笔也没有入账。请选择银行给的回盘文件。")
    if chosen.size > MOST_BYTES:
        raise NotChosen("文件超过 5 MB，不像回盘文件，一笔也没有入账。请核对选的是不是银行给的那一份。")
    return chosen


def _previewed(request: Any, found: Any, chosen: Any) -> HttpResponse:
    """What it would do; the file lies aside until it is confirmed."""
    data = bytes(chosen.read())
    before = replies.taken_before(found, data)
    reply = None if before else replies.preview(found, data, request.now)
    shown = {"batch": found, "before": before, "reply": reply}
    if reply:
        paid = queries.paid_by_whom(one for one, _ in reply.otherwise)
        shown["otherwise"] = [(one, answer, paid.get(str(one.pk))) for one, answer in reply.otherwise]
        shown["file"] = aside.put_aside(
            name=chosen.name or "", data=data, about=f"reply:{found.pk}", by=request.by, at=request.now
        )
    return render(request, "web/finance/reply.html", shown)


@require_POST
@staff("payment_maker")
def demo_reply(request: Any, pk: int) -> HttpResponse:
    """In the demo only: what a bank would answer, with the ticked lines refused."""
    if not demo_is_on():
        raise Http404
    found = _batch(request, pk)
    fails, unclear = (set(map(numbers.sent, request.POST.getlist(name))) for name in ("fail", "unclear"))
    data = demobank.reply_for(found, request.now, fails, unclear)
    return bank_file(data, "演示回盘", found.number, bankfile.form_of(found).reply)


def _batch(request: Any, pk: int) -> Any:
    return get_object_or_404(queries.batches(request.by), pk=pk)


def bank_file(data: bytes, what: str, number: str, sheet: Sheet) -> HttpResponse:
    """A file in a bank's form, to be taken away."""
    name = f"{what}_{number}.{sheet.ending}"
    headers = {"Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or ""}
    kind = XLSX if sheet.kind == WORKBOOK else f"text/plain; charset={sheet.encoding}"
    return HttpResponse(data, content_type=kind, headers=headers)
