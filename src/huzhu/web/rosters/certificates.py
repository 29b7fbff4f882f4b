"""Certificates as PDF, and the public page behind their code."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from huzhu.core.identity import mask_name
from huzhu.enrolment import certifying, queries
from huzhu.enrolment.certificate import MOST, NotInForce, certificates, period
from huzhu.enrolment.paper import GlyphMissing
from huzhu.jobs import services as jobs
from huzhu.web.access import MEMBER, member, staff, timed, told
from huzhu.web.rosters.upload import CLERKS

HOLDERS = (*CLERKS, "auditor")


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*HOLDERS)
def all_of_a_roster(request: Any, pk: Any) -> HttpResponse:
    """Every certificate of a roster in one PDF; of large rosters a part, or all as work for the worker."""
    roster = get_object_or_404(queries.rosters_visible_to(request.by), pk=pk)
    if request.method == "POST":
        return _handed_over(request, f"保障书：{roster.employer.name}", str(roster.pk))
    held = queries.visible_to(request.by).filter(roster=roster)
    return _all(request, held.in_force(), reverse("web:roster", args=[roster.pk]))


@require_http_methods(["GET", "HEAD", "POST"])
@staff("employer_clerk")
def all_of_an_employer(request: Any) -> HttpResponse:
    """Every certificate of the clerk's own employer that is in force today: one PDF, or work for the worker."""
    if request.method == "POST":
        return _handed_over(request, f"保障书：{request.by.organisation.name}", "")
    held = queries.visible_to(request.by).in_force().covering(request.today)
    return _all(request, held, reverse("web:rosters"))


def _handed_over(request: Any, title: str, roster: str) -> HttpResponse:
    """Thousands of pages are made while the person does something else."""
    token = "0" * 8
    address = request.build_absolute_uri(reverse("web:verify", args=[token])).removesuffix(f"{token}/")
    run = jobs.ask(
        kind="certificates.print",
        about=roster or f"role-{request.by.pk}",
        title=title,
        by=request.by,
        at=request.now,
        arguments={"roster": roster, "address": address},
    )
    return redirect("web:job", run.pk)


def _all(request: Any, held: Any, back: str) -> HttpResponse:
    """The part asked for, or back to the page with a sentence."""
    text = request.GET.get("part", "1")
    part = int(text) if text.isdecimal() and 0 < int(text) < 10_000 else 1
    printable = certifying.printable(held)
    rows = list(printable.order_by("certificate_no")[(part - 1) * MOST : part * MOST])
    try:
        return _pdf(request, rows, f"certificates-{part}")
    except (NotInForce, GlyphMissing) as refused:
        told(request, refused)
        return redirect(back)


@require_safe
def certificate(request: Any, pk: Any) -> HttpResponse:
    """One certificate: for the member on the phone, or for staff of the branch."""
    view = _own if MEMBER in request.session else _staffs
    return view(request, pk)  # type: ignore[return-value]


@member
def _own(request: Any, pk: Any) -> HttpResponse:
    return _one(request, request.member, pk)


@staff(*HOLDERS)
def _staffs(request: Any, pk: Any) -> HttpResponse:
    return _one(request, request.by, pk)


certificate.opens_to = frozenset({*HOLDERS, MEMBER})  # type: ignore[attr-defined]


def _one(request: Any, asker: Any, pk: Any) -> HttpResponse:
    held = get_object_or_404(queries.visible_to(asker), pk=pk)
    try:
        return _pdf(request, [held], held.certificate_no or "certificate")
    except (NotInForce, GlyphMissing) as refused:
        return HttpResponse(str(refused), status=409, content_type="text/plain; charset=utf-8")


def _pdf(request: Any, rows: Any, name: str) -> HttpResponse:
    def address_of(token: str) -> str:
        return request.build_absolute_uri(reverse("web:verify", args=[token]))

    paper = certificates(rows, address_of=address_of)
    if request.method == "GET" and MEMBER not in request.session:  # a member looks at their own on the phone
        certifying.note_prints(enrolments=rows, by=request.by, at=request.now)
    response = HttpResponse(paper, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response


@require_safe
@timed
def verify(request: Any, token: str) -> HttpResponse:
    """Whether a certificate is real and in force: a masked name, the scheme, the period, and nothing else."""
    held = queries.by_token(token)
    void = certifying.void_of(held) if held else certifying.by_old_token(token)
    held = held or (void.enrolment if void else None)
    if held is None:
        return render(request, "web/rosters/verify.html", {}, status=404)
    shown = {
        "name": mask_name(held.member.name),
        "title": held.edition.title,
        "period": period(held),
        "standing": _standing(held, void, request.today),
        "note": "本人已不在参加时的单位，保障到期满为止。" if _gone(held) else "",
    }
    return render(request, "web/rosters/verify.html", shown)


def _gone(held: Any) -> bool:
    return bool(held.member.leaving) or held.member.employer_id != held.employer_id


def _standing(held: Any, void: Any, today: Any) -> tuple[str, str, str]:
    """Colour, word and sentence."""
    if void and void.state == "void":
        if void.replaced_by:
            return "red", "✕ 已作废，已换发", "这张保障书已经作废，换发了新的一张：请看新的那张。"
        return "red", "✕ 已作废", "这张保障书已经作废，没有换发。保障本身请向单位工会或代办处查询。"
    if not held.is_in_force:
        return "amber", "▲ 尚未生效", "会费还没有到齐，保障没有生效。"
    if today < held.cover_starts_on:
        return "blue", "○ 尚未开始", "会费已到齐，保障从起日开始。"
    if today >= held.cover_ends_on:
        return "grey", "– 已经期满", "保障期已经结束。"
    return "green", "✓ 保障中", "今天在保障期内。"
