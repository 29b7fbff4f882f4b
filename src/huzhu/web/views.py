"""Pages open to anybody: the schemes side by side, one scheme in full, the trial estimate."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from huzhu.core import money
from huzhu.schemes.library import Library
from huzhu.web.estimate import Estimate
from huzhu.web.settlement import LINES, LIU
from huzhu.web.setup import first_start
from huzhu.web.shown import SchemeShown

LIBRARY = Library(settings.HUZHU_SCHEMES)
LIU_SCHEMES = ["yichun-120", "yichun-women"]


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the scheme is, and the plans side by side."""
    today = timezone.localdate().toordinal()
    shown = [SchemeShown(LIBRARY.edition(slug), today) for slug in LIBRARY.slugs()]
    return render(request, "web/home.html", {"schemes": shown, "is_blank": first_start.waits()})


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Beside basic insurance and a commercial policy, each statement with its source; to print for a publicity day."""
    today = timezone.localdate().toordinal()
    liu = Estimate(LIBRARY, LIU, LIU_SCHEMES, asked=True)
    shown = {
        "schemes": [SchemeShown(LIBRARY.edition(slug), today) for slug in LIBRARY.slugs()],
        "article": "伊春市总工会案例调研评析《把职工的利益摆在心中最高位置》（2023）",
        "hers": [SchemeShown(LIBRARY.edition(slug), today) for slug in LIU_SCHEMES],
        "whole": money.spoken(money.fen(LIU["medfee_sumamt"])),
        "pool": money.spoken(money.fen(LIU["hifp_pay"])),
        "total": liu.total,
    }
    return render(request, "web/compare.html", shown)


@require_safe
def scheme(request: HttpRequest, slug: str) -> HttpResponse:
    """One plan: what it pays, its figures with their dates and clauses, its readings, its worked examples."""
    if slug not in LIBRARY.slugs():
        raise Http404
    path = LIBRARY.find(slug)
    shown = SchemeShown(LIBRARY.read(path), timezone.localdate().toordinal(), LIBRARY.cases(path))
    return render(request, "web/scheme.html", {"scheme": shown})


@require_http_methods(["GET", "HEAD", "POST"])
def estimate(request: HttpRequest) -> HttpResponse:
    """The trial estimate: figures of a settlement sheet in, slips out; bad figures are answered at the field."""
    if request.method == "POST":
        values = {name: value[:100] for name, value in request.POST.items() if isinstance(value, str)}
        page = Estimate(LIBRARY, values, request.POST.getlist("scheme"), asked=True)
    elif "example" in request.GET:
        page = Estimate(LIBRARY, LIU, LIU_SCHEMES, asked=True)
    else:
        page = Estimate(LIBRARY, {}, ["yichun-120"], asked=False)
    context = {"page": page, "sheet": LINES}
    return render(request, "web/estimate.html", context, status=422 if page.errors else 200)
