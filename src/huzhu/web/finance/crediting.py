"""What the bank's lines are: the queue with its guesses, one line, and what was paid too much."""

import re
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from huzhu.bank import queries as bank
from huzhu.contributions import by_hand, claiming, matching, queries, repaying, sourcing, unclaimed, undoing
from huzhu.contributions import services as fees
from huzhu.contributions.slips import SlipRefused
from huzhu.core import money
from huzhu.core.identity import mask_account
from huzhu.payouts import queries as payouts
from huzhu.users.permissions import NotAllowed, may
from huzhu.web import lists, numbers
from huzhu.web.access import answered, staff, told
from huzhu.web.employers.choosing import named
from huzhu.web.finance import sources
from huzhu.web.once import once
from huzhu.web.workbooks import Cell, yuan

WORKERS = ("agency_clerk", "payment_maker")
READERS = (*WORKERS, "payment_releaser", "auditor")
HEADS = ("日期", "已等（天）", "流水号", "对方户名", "摘要附言", "金额（元）", "可能是")
REFUSED = (fees.ReceiptRefused, SlipRefused, NotAllowed, money.NotMoney)
MOST_FOUND = 12
_WORDS = re.compile(r"[、，,；;\s]+")  # one transfer may pay for employers that nothing suggests


@require_safe
@staff(*READERS)
def waiting(request: Any) -> HttpResponse:
    """Lines that nobody has said anything of, oldest first, each with its best guess."""
    asked = lists.read(request, "来款认领", finds="流水号、对方户名", unit="笔")
    found = matching.waiting(request.by)
    found = bank.lines_matching(found, asked.text) if asked.text else found
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, lambda rows: map(_cells, _guessed(request, rows)))
    shown = lists.shown(request, asked, found) | {
        "small": [(one, matching.kind_of(one)) for one in matching.small(request.by)],
        "suspense": [
            (one, matching.age(one.line, request.today)) for one in matching.in_suspense(request.by)
        ],
        "prepaid": matching.prepaid(request.by),
        "works": request.by.code in WORKERS,
    }
    shown["rows"] = _guessed(request, list(shown["pages"]))
    shown["clear"] = next((one for one, _, guess, _ in shown["rows"] if guess and guess.is_clear), None)
    return render(request, "web/finance/credits.html", shown)


def _guessed(request: Any, rows: list[Any]) -> list[tuple[Any, int, Any, str]]:
    held = matching.owed(request.by, rows)
    return [(one, matching.age(one, request.today), _best(one, held), matching.kind_of(one)) for one in rows]


def _best(line: Any, held: Any) -> Any:
    return next(iter(matching.guesses(line, held)), None) if line.amount_fen > 0 else None


def _cells(row: tuple[Any, int, Any, str]) -> tuple[Cell, ...]:
    one, age, guess, _ = row
    said = "、".join(guess.employers) if guess else ""
    return (one.booked_on, age, one.reference, one.name, one.remark or "", yuan(one.amount_fen), said)


@require_safe
@staff(*READERS)
def credit(request: Any, pk: Any) -> HttpResponse:
    """One line: what it may be, and every way to say what it is."""
    line = get_object_or_404(by_hand.with_by_hand(bank.lines_visible_to(request.by)), pk=pk)
    held = matching.owed(request.by, [line]).on(line.account)
    uses = matching.uses(request.by).filter(line=line)
    is_said = uses.filter(ended_at=None).exists()
    found = matching.guesses(line, held) if line.amount_fen > 0 else []
    wanted = request.GET.get("q", "").strip()[:120]
    places = {one.pk for word in _WORDS.split(wanted) if word for one in named(request.by, word)[:MOST_FOUND]}
    also = held.rosters_of(sorted(places)) if places else []
    shown = {
        "line": line,
        "number": mask_account(line.number or ""),
        "age": matching.age(line, request.today),
        "guesses": found,
        "rows": _rows(held, found, also),
        "q": wanted,
        "kind": matching.kind_of(line),
        "uses": uses,
        "left": matching.left_of(line),
        "by_hand": 0 if is_said else line.by_hand_fen,
        "registered": line.by_hand_fen >= line.amount_fen > 0
        or uses.filter(ended_at=None, kind="fees").exists(),
        "refunds": repaying.paid_by(request.by, line),
        "sent_back": matching.sent_back_by(request.by, line) if line.amount_fen < 0 else (),
        "booked": sources.booked(request.by, *sourcing.sources_of(line)),
        "paid": sources.paid_by_line(request.by, line),
        "came_back": payouts.that_came_back_by(request.by, line),
        "works": request.by.code in WORKERS,
    }
    return render(request, "web/finance/credit.html", shown)


def _rows(held: Any, guesses: list[Any], also: list[Any]) -> list[tuple[Any, str]]:
    """Dues to choose from: those of the guesses and of the employers that were looked for, the best guess filled in."""
    filled = {part.share.pk: money.yuan(part.amount_fen) for part in guesses[0].parts} if guesses else {}
    shares = {part.share.pk: part.share for guess in guesses for part in guess.parts}
    for roster in {one.due.roster_id for one in shares.values()}:
        shares |= {one.pk: one for one in held.by_roster[roster]}
    shares |= {one.pk: one for roster in also for one in roster}
    return [(one, filled.get(one.pk, "")) for one in shares.values()]


@require_POST
@staff(*WORKERS)
@once("contributions.claim")
def claim(request: Any, pk: Any) -> HttpResponse:
    """The fees of some dues: as typed, or the best guess with one key."""
    line = get_object_or_404(bank.lines_visible_to(request.by), pk=pk)
    try:
        guess = _best(line, matching.owed(request.by, [line])) if "guess" in request.POST else None
        if "guess" in request.POST and not (guess and guess.is_clear and guess.key == request.POST["guess"]):
            raise fees.ReceiptRefused(
                "这一笔现在不够清楚，或者和刚才列出的不一样了，没有登记：请打开看，选好应缴再登记。"
            )
        parts = list(guess.parts) if guess else _parts(request)
        use = claiming.claim(
            line=line, parts=parts, by=request.by, at=request.now, slip=guess.slip if guess else None
        )
    except REFUSED as refused:
        told(request, refused)
        return redirect("web:credit", pk)
    messages.success(
        request,
        f"已认领 {money.spoken(use.amount_fen)} 元，记入账簿并开了收据。会费到齐的方案，保障已经生效。",
    )
    return redirect("web:credits")


def _parts(request: Any) -> list[Any]:
    """What was typed at each due of the branch."""
    typed = {
        numbers.sent(name.removeprefix("amount-")): money.fen(value.strip().replace(",", ""))
        for name, value in request.POST.items()
        if name.startswith("amount-") and value.strip()
    }
    shares = queries.unpaid(request.by).filter(pk__in=typed)
    return [fees.Money(one, typed[one.pk]) for one in shares if typed[one.pk]]


@require_POST
@staff(*WORKERS)
@once("contributions.post_line")
def post(request: Any, pk: Any) -> HttpResponse:
    """Interest, a charge, money that nobody knows yet; or the rest of a transfer by hand, which its employer paid too much."""
    line = get_object_or_404(bank.lines_visible_to(request.by), pk=pk)
    kind = request.POST.get("kind", "")
    try:
        if kind == "rest":
            use = claiming.keep_rest(line=line, by=request.by, at=request.now)
            said = f"其余 {money.spoken(use.amount_fen)} 元已记作多缴，开了收据。"
        else:
            use = claiming.post_line(line=line, kind=kind, by=request.by, at=request.now)
            said = f"已记入“{use.get_kind_display()}”，凭证 {use.voucher}。"
    except REFUSED as refused:
        told(request, refused)
        return redirect("web:credit", pk)
    messages.success(request, said)
    return redirect("web:credits")


@require_POST
@staff(*WORKERS)
@once("contributions.send_back")
def send_back(request: Any, pk: Any) -> HttpResponse:
    """A payment has returned money that nobody had claimed."""
    line = get_object_or_404(bank.lines_visible_to(request.by), pk=pk)
    key = request.POST.get("use", "")
    waiting = get_object_or_404(matching.uses(request.by), pk=numbers.sent(key))
    try:
        use = unclaimed.send_back(waiting=waiting, line=line, by=request.by, at=request.now)
    except REFUSED as refused:
        told(request, refused)
        return redirect("web:credit", pk)
    messages.success(request, f"待查收款已记为退回，凭证 {use.voucher}。")
    return redirect("web:credits")


@require_POST
@staff(*WORKERS)
@once("contributions.undo_line")
def undo(request: Any, pk: int) -> HttpResponse:
    """Taken back by reversal."""
    use = get_object_or_404(matching.uses(request.by), pk=pk)
    with answered(request, REFUSED):
        undoing.undo(use=use, reason=request.POST.get("reason", ""), by=request.by, at=request.now)
        messages.success(request, "已撤销：凭证已冲销，收据已开红字，这一笔回到来款认领。")
    return redirect("web:credit", use.line_id)


@require_safe
@staff(*READERS)
def prepaid(request: Any, pk: int) -> HttpResponse:
    """What an employer paid too much: lay it on its other dues, or give it back."""
    held = get_object_or_404(matching.every_prepaid(request.by), pk=pk)
    owing = queries.unpaid(request.by).filter(due__roster__employer__path__startswith=held.employer.path)
    shown = {
        "held": held,
        "rows": list(owing),
        "laid_on": matching.laid_on(held),
        "works": request.by.code in WORKERS,
        "refund": reverse("web:refund-propose") + f"?prepaid={held.pk}"
        if held.left_fen and may(request.by, "refunds.propose")
        else "",
        "booked": sources.booked(
            request.by, f"over:{held.bank_reference}:", numbers=matching.vouchers_of(held)
        ),
    }
    return render(request, "web/finance/prepaid.html", shown)


@require_POST
@staff(*WORKERS)
@once("contributions.use_prepaid")
def use_prepaid(request: Any, pk: int) -> HttpResponse:
    """On the dues that were typed."""
    held = get_object_or_404(matching.prepaid(request.by), pk=pk)
    try:
        claiming.use_prepaid(prepaid=held, parts=_parts(request), by=request.by, at=request.now)
    except REFUSED as refused:
        told(request, refused)
        return redirect("web:prepaid", pk)
    messages.success(request, "已抵缴。会费到齐的方案，保障已经生效。")
    return redirect("web:credits")


@require_POST
@staff(*WORKERS)
@once("contributions.undo_prepaid")
def undo_prepaid(request: Any, pk: int, part: int) -> HttpResponse:
    """It was laid on the wrong due."""
    held = get_object_or_404(matching.every_prepaid(request.by), pk=pk)
    receipt = get_object_or_404(held.receipts, pk=part)
    with answered(request, REFUSED):
        reason = request.POST.get("reason", "")
        undoing.undo_prepaid_use(receipt=receipt, reason=reason, by=request.by, at=request.now)
        messages.success(request, "已撤销抵缴：凭证已冲销，这笔钱回到多缴，会费回到待缴。")
    return redirect("web:prepaid", pk)
