"""How fees are shared: the rules of the branch, and one more."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from huzhu.contributions import queries, services
from huzhu.contributions.splits import SplitOverFee
from huzhu.core import money
from huzhu.organisations import queries as organisations
from huzhu.schemes.queries import published
from huzhu.users.permissions import NotAllowed
from huzhu.web.access import staff


@require_http_methods(["GET", "HEAD", "POST"])
@staff("county_clerk", "agency_clerk")
def splits(request: Any) -> HttpResponse:
    """Rules in force, and the form for setting one."""
    error = _set(request) if request.method == "POST" else ""
    if request.method == "POST" and not error:
        return redirect("web:splits")
    schemes = {row.slug: row.short for row in published()}
    shown = {
        "rules": [
            (rule, schemes.get(rule.scheme_slug, rule.scheme_slug), _said(rule))
            for rule in queries.splits_visible_to(request.by)
        ],
        "places": organisations.visible_to(request.by),
        "schemes": schemes.items(),
        "payers": queries.PAYERS,
        "bases": queries.BASES,
        "asked": request.POST,
        "error": error,
    }
    return render(request, "web/rosters/splits.html", shown, status=422 if error else 200)


def _set(request: Any) -> str:
    """Set the rule, or say what is wrong."""
    asked = request.POST
    place = organisations.visible_to(request.by).filter(pk=_whole(asked.get("place"))).first()
    if place is None:
        return "请选择单位或上级工会。"
    try:
        services.set_split(
            employer=place,
            scheme_slug=asked.get("scheme", ""),
            payer=asked.get("payer", ""),
            payer_name=asked.get("payer_name", "")[:80],
            basis=asked.get("basis", ""),
            by=request.by,
            at=request.now,
            **_amount(asked.get("basis", ""), asked.get("amount", "").strip()),
        )
    except (services.SplitRefused, SplitOverFee, NotAllowed, money.NotMoney) as refused:
        return str(refused)
    except (InvalidOperation, OverflowError):
        return "比例要写成数字，例如 75（表示 75%）。"
    messages.success(request, f"已设定。以后确认的名册按它分担；{place.name}及其下属适用。")
    return ""


def _said(rule: Any) -> str:
    """How much, as people say it: 75%, 30.00 元."""
    if rule.basis == "percent":
        return f"{Decimal(rule.basis_points) / 100:f}%"
    words = "补现金 " if rule.basis == "cash_back" else ""
    return f"{words}{money.spoken(rule.fixed_fen)} 元"


def _whole(text: Any) -> int:
    return int(text) if str(text or "").isdecimal() else 0


def _amount(basis: str, text: str) -> dict[str, int]:
    """A percentage for 按比例, yuan for the rest."""
    if basis == "percent":
        return {"basis_points": int(Decimal(text.rstrip("%％") or "0") * 100)}
    return {"fixed_fen": money.fen(text or "0")}
