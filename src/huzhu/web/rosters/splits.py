"""How fees are shared: the terms of the branch, and all payers of one employer and scheme on one page."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from huzhu.contributions import queries, terms
from huzhu.contributions.splits import SplitOverFee, in_words
from huzhu.employers.queries import fits
from huzhu.organisations import queries as organisations
from huzhu.schemes.queries import published
from huzhu.users.permissions import NotAllowed
from huzhu.web import lists, numbers
from huzhu.web.access import answered, staff
from huzhu.web.employers.choosing import FINDS
from huzhu.web.rosters.split_form import Draft, said
from huzhu.web.workbooks import Cell

SETTERS = ("county_clerk", "agency_clerk")
HEADS = ("适用（及下属）", "代码", "方案", "谁缴多少", "起用日")


@require_safe
@staff(*SETTERS)
def splits(request: Any) -> HttpResponse:
    """The terms in force today, and the way to those of one employer and scheme."""
    schemes = {row.slug: row for row in published()}
    if opened := _opened(request, schemes):
        return redirect("web:split", *opened)
    held = queries.terms_visible_to(request.by, request.today)
    names = [(slug, row.short) for slug, row in schemes.items()]
    asked = lists.read(request, "分担办法", lists.Filter("of", "方案", names), finds=FINDS)
    rows = [(one, schemes[one.scheme_slug].short, said(one)) for one in held if _fits(one, asked, schemes)]
    if asked.takes:
        return lists.taken(request, asked, HEADS, rows, lambda rows: map(_cells, rows))
    shown = lists.shown(request, asked, rows) | {
        "places": organisations.visible_to(request.by),
        "schemes": schemes.values(),
        "typed": request.GET,
    }
    return render(request, "web/rosters/splits.html", shown)


def _fits(one: Any, asked: lists.Asked, schemes: Any) -> bool:
    if one.scheme_slug not in schemes or asked["of"] not in {"", one.scheme_slug}:
        return False
    return not asked.text or fits(one.employer.name, one.employer.code, asked.text.casefold())


def _cells(row: tuple[Any, str, str]) -> tuple[Cell, ...]:
    one, short, words = row
    return (one.employer.name, one.employer.code, short, words, one.valid_from)


def _opened(request: Any, schemes: Any) -> tuple[int, str] | None:
    """What was chosen in the address, where both are there."""
    asked = request.GET.get("place", "")
    place = organisations.visible_to(request.by).filter(pk=numbers.sent(asked)).first()
    slug = request.GET.get("scheme", "")
    return (place.pk, slug) if place and slug in schemes else None


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*SETTERS)
def split(request: Any, pk: int, slug: str) -> HttpResponse:
    """All payers of one organisation and scheme, with what it comes to; set, or taken up again from above."""
    place, edition = _found(request, pk, slug)
    own = queries.terms_for(place, slug, request.today)
    asked = request.POST if request.method == "POST" else None
    draft = Draft(place, edition, request.today, held=own, asked=asked)
    if request.POST.get("do") == "inherit":
        return _inherited(request, place, slug)
    if request.POST.get("do") == "set" and not draft.errors and _set(request, place, draft):
        return redirect("web:split", pk, slug)
    shown = {
        "place": place,
        "edition": edition,
        "draft": draft,
        "own": own if own and own.employer_id == place.pk else None,
        "lent": own if own and own.employer_id != place.pk else None,
        "above": queries.terms_above(place, slug, request.today),
        "history": [(one, said(one)) for one in queries.history_of(place, slug)],
        "payers": queries.PAYERS,
        "bases": queries.BASES,
    }
    return render(request, "web/rosters/split.html", shown, status=422 if draft.errors else 200)


@require_safe
@staff(*SETTERS)
def split_shown(request: Any, pk: int, slug: str) -> HttpResponse:
    """What the terms as they stand in the boxes come to; nothing is kept."""
    place, edition = _found(request, pk, slug)
    draft = Draft(place, edition, request.today, asked=request.GET)
    return render(request, "web/rosters/split_shown.html", {"draft": draft, "edition": edition})


def _found(request: Any, pk: int, slug: str) -> tuple[Any, Any]:
    place = get_object_or_404(organisations.visible_to(request.by), pk=pk)
    edition = published().filter(slug=slug).last()
    if edition is None:
        raise Http404
    return place, edition


def _inherited(request: Any, place: Any, slug: str) -> HttpResponse:
    with answered(request, (terms.SplitRefused, NotAllowed)):
        terms.inherit(
            employer=place, scheme_slug=slug, valid_from=request.today, by=request.by, at=request.now
        )
        messages.success(request, "已恢复沿用上级的办法。保障起日在今天及以后的名册按它分担。")
    return redirect("web:split", place.pk, slug)


def _set(request: Any, place: Any, draft: Draft) -> bool:
    try:
        terms.set_split(
            employer=place,
            scheme_slug=draft.edition.slug,
            rules=draft.rules,
            least_own_fen=draft.least_own_fen,
            valid_from=draft.valid_from,
            by=request.by,
            at=request.now,
        )
    except (terms.SplitRefused, SplitOverFee, NotAllowed) as refused:
        draft.errors["whole"] = str(refused)
        return False
    words = in_words(draft.parts)
    messages.success(
        request,
        f"已设定：{words}。{place.name}及其下属，保障起日在 {draft.valid_from} 及以后的名册按它分担；已经确认的名册不变。",
    )
    return True
