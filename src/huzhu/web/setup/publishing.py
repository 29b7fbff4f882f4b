"""Publishing an edition by two persons: looked at, proposed by one, confirmed or sent back by another."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from huzhu.rules.edition import Edition
from huzhu.rules.problems import SchemeRefused
from huzhu.schemes import queries, services
from huzhu.schemes.library import NoSuchScheme
from huzhu.users.permissions import NotAllowed, may
from huzhu.web.access import staff, told
from huzhu.web.setup.differences import differences
from huzhu.web.shown import SchemeShown

REFUSALS = (
    services.CannotBePublished,
    services.SamePerson,
    services.SettledAlready,
    services.ReasonMissing,
    services.HasNoFee,
    services.SaysNotWhoMayJoin,
    NotAllowed,
)


def on_the_shelf() -> list[tuple[Edition, Any]]:
    """Every edition file in its default reading, with the published row of the same text."""
    library, found = queries.fresh_shelf(), []
    rows = {row.identity: row for row in queries.published()}
    for slug in library.slugs():
        for path in library.files(library.shelf / slug):
            try:
                edition = library.read(path)
            except SchemeRefused:
                continue
            found.append((edition, rows.get(edition.identity)))
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@staff("policy")
def edition(request: Any, slug: str, name: str) -> HttpResponse:
    """One edition of the shelf before it is published: figures, blanks, examples, what differs; the proposal."""
    reading = request.GET.get("reading") or None
    found, verdict, cases = _looked_up(f"{slug}/{name}", reading)
    if request.method == "POST":
        try:
            services.propose(
                name=f"{slug}/{name}",
                variant=reading,
                note=request.POST.get("note", ""),
                by=request.by,
                at=request.now,
            )
        except REFUSALS as refused:
            told(request, refused)
        else:
            messages.success(request, "已经提出，等另一位政策人员确认。确认以前谁也用不了它。")
            return redirect("web:desk")
    waiting = queries.proposals(request.by).filter(identity=found.identity, state="waiting").first()
    published = {row.identity: row for row in queries.published()}
    before = _before(found, list(published.values()))
    shown = {
        "scheme": SchemeShown(found, request.today.toordinal(), cases),
        "verdict": verdict,
        "cautions": list(found.cautions()),
        "is_published": found.identity in published,
        "waiting": waiting,
        "is_mine": waiting is not None and waiting.proposed_by.user_id == request.by.user_id,
        "may_publish": may(request.by, "schemes.publish"),
        "before": before,
        "differs": differences(before, found) if before else [],
        "closes": date.fromordinal(found.closes_on),
        "overlaps": _overlapping(found, list(published.values())),
        "note": request.POST.get("note", ""),
        "query": f"?{urlencode({'reading': reading})}" if reading else "",
    }
    return render(request, "web/setup/edition.html", shown)


def _looked_up(name: str, reading: str | None) -> tuple[Edition, Any, Any]:
    library = queries.fresh_shelf()
    try:
        path = library.find(name)
        if not path.is_relative_to(library.shelf):
            raise Http404
        return library.read(path, reading), library.check(path), library.cases(path)
    except (NoSuchScheme, SchemeRefused, LookupError) as missing:
        raise Http404 from missing


def _before(found: Edition, rows: list[Any]) -> Any:
    """The newest published row of the same scheme with another text, where its file is still there."""
    same = [row for row in rows if row.slug == found.slug and row.identity != found.identity]
    return same[-1] if same else None


def _overlapping(found: Edition, rows: list[Any]) -> list[Any]:
    opens, closes = date.fromordinal(found.opens_on), date.fromordinal(found.closes_on)
    same = [row for row in rows if row.slug == found.slug and row.identity != found.identity]
    return [row for row in same if row.opens_on < closes and opens < row.closes_on]


@require_POST
@staff("policy")
def proposal(request: Any, pk: int) -> HttpResponse:
    """The second person's word, or the author's second thought."""
    found = queries.proposals(request.by).filter(pk=pk).first()
    if found is None:
        raise Http404
    try:
        if "confirm" in request.POST:
            row = services.confirm(proposal=found, by=request.by, at=request.now)
            messages.success(request, f"公布了：{row}。从 {row.opens_on} 起，单位上传名册时可以选它。")
        elif "withdraw" in request.POST:
            services.withdraw(proposal=found, by=request.by, at=request.now)
            messages.success(request, "撤回了。")
        else:
            reason = request.POST.get("reason", "")
            services.send_back(proposal=found, reason=reason, by=request.by, at=request.now)
            messages.success(request, "退回了，提出人看得到理由。")
    except REFUSALS as refused:
        told(request, refused)
    return redirect("web:desk")
