"""Pages open to anybody: the schemes side by side, one scheme in full, the trial estimate."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from huzhu.core import money
from huzhu.schemes.queries import shelf
from huzhu.web.estimate import Estimate
from huzhu.web.settlement import LINES, LIU
from huzhu.web.setup import first_start
from huzhu.web.shown import SchemeShown

LIU_SCHEMES = ["yichun-120", "yichun-women"]


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the scheme is, and the plans side by side."""
    today = timezone.localdate().toordinal()
    shown = [SchemeShown(shelf().edition(slug), today) for slug in shelf().slugs()]
    return render(request, "web/home.html", {"schemes": shown, "is_blank": first_start.waits()})


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Beside basic insurance and a commercial policy, each statement with its source; to print for a publicity day."""
    today = timezone.localdate().toordinal()
    liu = Estimate(shelf(), LIU, LIU_SCHEMES, asked=True)
    shown = {
        "schemes": [SchemeShown(shelf().edition(slug), today) for slug in shelf().slugs()],
        "article": "伊春市总工会案例调研评析《把职工的利益摆在心中最高位置》（2023）",
        "hers": [SchemeShown(shelf().edition(slug), today) for slug in LIU_SCHEMES],
        "whole": money.spoken(money.fen(LIU["medfee_sumamt"])),
        "pool": money.spoken(money.fen(LIU["hifp_pay"])),
        "total": liu.total,
    }
    return render(request, "web/compare.html", shown)


@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    """Schemes that other offices published, written as data to learn from; nobody can join them here."""
    today = timezone.localdate().toordinal()
    shown = [SchemeShown(shelf().edition(slug), today) for slug in shelf().gallery()]
    return render(request, "web/gallery.html", {"schemes": shown})


@require_safe
def scheme(request: HttpRequest, slug: str) -> HttpResponse:
    """One plan: what it pays, its figures with their dates and clauses, its readings, its worked examples."""
    if slug not in shelf().folders():
        raise Http404
    path = shelf().find(slug)
    shown = SchemeShown(shelf().read(path), timezone.localdate().toordinal(), shelf().cases(path))
    return render(request, "web/scheme.html", {"scheme": shown})


@require_http_methods(["GET", "HEAD", "POST"])
def estimate(request: HttpRequest) -> HttpResponse:
    """The trial estimate: figures of a settlement sheet in, slips out; bad figures are answered at the field."""
    if request.method == "POST":
        values = {name: value[:100] for name, value in request.POST.items() if isinstance(value, str)}
        page = Estimate(shelf(), values, request.POST.getlist("scheme"), asked=True)
    elif "example" in request.GET:
        page = Estimate(shelf(), LIU, LIU_SCHEMES, asked=True)
    else:
        page = Estimate(shelf(), {}, ["yichun-120"], asked=False)
    context = {"page": page, "sheet": LINES}
    return render(request, "web/estimate.html", context, status=422 if page.errors else 200)
