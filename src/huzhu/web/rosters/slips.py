"""Bank slips: uploaded by the employer, looked at beside the fields, given back with a reason."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huzhu.contributions import queries, slips
from huzhu.core import money
from huzhu.enrolment import queries as enrolment
from huzhu.files.contents import NotAccepted
from huzhu.files.services import FileLost, read
from huzhu.users.permissions import NotAllowed
from huzhu.web.access import staff, told
from huzhu.web.claims.shown import file_response
from huzhu.web.rosters.upload import MOST_BYTES

UPLOADERS = ("employer_clerk", "county_clerk")
SEERS = ("employer_clerk", "county_clerk", "agency_clerk", "payment_maker", "auditor")


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*UPLOADERS)
def upload(request: Any, pk: Any) -> HttpResponse:
    """The slip of what was paid for a roster, with its amount, day and reference."""
    roster = get_object_or_404(enrolment.rosters_visible_to(request.by), pk=pk, state="accepted")
    left = sum(due.left_fen for due in queries.dues_of(roster))
    asked = {
        "amount": request.POST.get("amount", money.yuan(left)).strip(),
        "paid_on": request.POST.get("paid_on") or request.today.isoformat(),
        "bank_reference": request.POST.get("bank_reference", "").strip(),
    }
    errors = _taken(request, roster, asked) if request.method == "POST" else {}
    if request.method == "POST" and not errors:
        messages.success(request, "回单已经上传，等代办处登记到账。到账后保障生效，这里会显示时间。")
        return redirect("web:roster", roster.pk)
    shown = {"roster": roster, "left": left, "asked": asked, "errors": errors}
    return render(request, "web/rosters/slip_upload.html", shown, status=422 if errors else 200)


def _taken(request: Any, roster: Any, asked: dict[str, str]) -> dict[str, str]:
    """What is wrong, at the field; nothing where the slip was taken."""
    errors, fen, paid_on = _read(asked)
    file = request.FILES.get("file")
    if file is None:
        errors["file"] = "请选择回单的照片或 PDF"
    elif file.size > MOST_BYTES:
        errors["file"] = "文件超过 20 MB：请压缩照片，或只截回单那一块"
    if errors or file is None:
        return errors
    try:
        slips.upload(
            roster=roster,
            amount_fen=fen,
            paid_on=paid_on,
            bank_reference=asked["bank_reference"],
            name=file.name,
            data=file.read(),
            by=request.by,
            at=request.now,
        )
    except NotAccepted as wrong:
        return {"file": str(wrong)}
    except (slips.SlipRefused, NotAllowed) as refused:
        return {"whole": str(refused)}
    return {}


def _read(asked: dict[str, str]) -> tuple[dict[str, str], int, date]:
    errors: dict[str, str] = {}
    fen, paid_on = 0, date.min
    try:
        fen = money.fen(asked["amount"].replace(",", ""))
    except money.NotMoney as wrong:
        errors["amount"] = str(wrong)
    try:
        paid_on = date.fromisoformat(asked["paid_on"])
    except ValueError:
        errors["paid_on"] = "这不是一个日期：请写成 2022-01-28 的样子"
    if not asked["bank_reference"]:
        errors["bank_reference"] = "请照回单填写银行流水号，代办处凭它找到这笔款"
    return errors, fen, paid_on


@require_safe
@staff(*SEERS)
def picture(request: Any, pk: Any) -> HttpResponse:
    """The slip as it came in; who looks is written down."""
    slip = get_object_or_404(queries.slips_visible_to(request.by), pk=pk)
    try:
        data = read(slip.file)
    except FileLost:
        raise Http404 from None
    slips.seen(slip=slip, by=request.by, at=request.now)
    return file_response(slip.file, data)


@require_POST
@staff("agency_clerk", "payment_maker")
def give_back(request: Any, pk: Any) -> HttpResponse:
    """Not registered, with the reason; then the next slip."""
    slip = get_object_or_404(queries.slips_visible_to(request.by), pk=pk)
    try:
        slips.give_back(slip=slip, reason=request.POST.get("reason", ""), by=request.by, at=request.now)
    except (slips.SlipRefused, NotAllowed) as refused:
        told(request, refused)
        return redirect(receive_page(slip))
    messages.success(request, f"已退回{slip.roster.employer.name}，经办人看得到原因。")
    return onward(request, slip)


def onward(request: Any, slip: Any) -> HttpResponse:
    """The next slip that waits; without one, the roster."""
    following = queries.slips_waiting(request.by).first()
    return redirect(receive_page(following)) if following else redirect("web:roster", slip.roster_id)


def receive_page(slip: Any) -> str:
    """The page on which a slip is registered, its picture beside the fields."""
    return f"{reverse('web:roster-receive', args=[slip.roster_id])}?slip={slip.pk}"
