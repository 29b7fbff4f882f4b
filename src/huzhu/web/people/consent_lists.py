"""Who has consented to the use of the bureau's data, and lists of those who signed on paper: looked at, then taken."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from huzhu.core.identity import mask_phone, masked
from huzhu.enrolment import queries as enrolment
from huzhu.files import aside
from huzhu.files.contents import NotAccepted
from huzhu.files.services import MOST_BYTES, FileLost, discard
from huzhu.files.services import read as contents
from huzhu.files.tables import TableRefused
from huzhu.jobs import services as jobs
from huzhu.jobs.working import quietly
from huzhu.members import consents, queries, signed_lists
from huzhu.members.consents import ConsentRefused
from huzhu.setup import sheets
from huzhu.users.permissions import NotAllowed, may
from huzhu.web import lists
from huzhu.web.access import staff
from huzhu.web.employers.choosing import named
from huzhu.web.workbooks import Cell, download

FILTERS = (
    lists.Filter("agreed", "同意", (("no", "没有同意"), ("yes", "已同意")), default="no"),
    lists.Filter("cover", "保障", enrolment.COVERS),
    lists.Filter("employer", "单位（名称、拼音首字母、代码）", kind="text"),
)
FINDS = "姓名、拼音首字母、身份证号或末四位"
HEADS = ("姓名", "身份证号", "手机", "单位", "同意", "途径", "登记时间")
COLUMNS = (
    sheets.Column("name", "姓名", sample="示例：王小明（这一行不读）", width=24),
    sheets.Column("id_number", "身份证号", sample="230700199001010011", width=24),
    sheets.Column("signed_on", "签字日期", sample="2022-11-08"),
)
HELP = (
    "一行一个在同意书上签了字的职工，从第 2 行开始填，以“示例”开头的行不读。",
    "签字日期写在同意书上的那一天；撤回过同意的，要写重新签字的那一天。",
    "和签字页（扫描成一个 PDF，或一张照片）一起交给代办处登记；没有签字的不能写进来。",
)
SHOWN = 200
LIST, PAPER = "consent_list", "consent_paper"
REFUSALS = (aside.AsideGone, FileLost, NotAccepted, TableRefused, ConsentRefused, NotAllowed)


@require_safe
@staff("agency_clerk", "auditor")
def listed(request: Any) -> HttpResponse:
    """The branch's members who have not consented; or whoever was asked for."""
    asked = lists.read(request, "医保数据同意", *FILTERS, finds=FINDS, unit="人")
    found = queries.search(request.by, asked.text) if asked.text else queries.visible_to(request.by)
    if asked["employer"]:
        found = found.filter(employer__in=named(request.by, asked["employer"]))
    if asked["cover"]:
        found = enrolment.by_cover(found, request.by, request.today, asked["cover"])
    if asked["agreed"]:
        found = found.alias(agrees=consents.agrees()).filter(agrees=asked["agreed"] == "yes")
    found = found.order_by("employer__path", "name", "pk")
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, _cells)
    shown = lists.shown(request, asked, found)
    shown |= {"rows": list(_rows(list(shown["pages"]))), "takes_lists": may(request.by, "members.consent")}
    return render(request, "web/people/consents.html", shown)


def _rows(members: list[Any]) -> Iterator[tuple[Any, str, str, Any]]:
    """Each member with masked numbers and the consent that stands."""
    held = consents.standing_of(members)
    for one in members:
        yield one, masked(one.id_number), mask_phone(one.phone or ""), held.get(one.pk)


def _cells(members: list[Any]) -> Iterator[tuple[Cell, ...]]:
    for one, number, phone, held in _rows(members):
        said = (
            ("已同意", held.get_channel_display(), lists.minute(held.given_at))
            if held
            else ("没有同意", "", "")
        )
        yield (one.name, number, phone, one.employer.name, *said)


@require_safe
@staff("agency_clerk")
def template(request: Any) -> HttpResponse:  # noqa: ARG001  the same for everybody
    """The empty list, with the text that is signed."""
    said = f"同意书（{consents.EDITION} 版）：{consents.TEXTS[consents.EDITION]}"
    return download(sheets.template("签字名单", COLUMNS, (said, *HELP)), "同意书签字名单.xlsx")


@require_http_methods(["GET", "HEAD", "POST"])
@staff("agency_clerk")
def take(request: Any) -> HttpResponse:
    """A list and the scan of its signatures: chosen, shown, and only then taken."""
    shown = {"text": consents.TEXTS[consents.EDITION], "edition": consents.EDITION, "most": MOST_BYTES >> 20}
    if request.method != "POST":
        return render(request, "web/people/consent_list.html", shown)
    try:
        if "confirmed" in request.POST:
            return _taken(request)
        return render(request, "web/people/consent_list.html", shown | _looked_at(request))
    except REFUSALS as refused:
        return render(request, "web/people/consent_list.html", shown | {"error": refused}, status=422)


def _looked_at(request: Any) -> dict[str, Any]:
    """What taking the list would do; both files wait aside."""
    (name, data), paper = _sent(request, "file", "名单"), _sent(request, "paper", "签字页")
    who = {"by": request.by, "at": request.now}
    signed_lists.check_paper(paper)
    found = signed_lists.lines(data=data, name=name, **who)
    bad = [one for one in found if one.problem]
    known = sum(one.is_known for one in found)
    return {
        "file": aside.put_aside(name=name, data=data, about=LIST, **who),
        "paper": aside.put_aside(name=paper[0], data=paper[1], about=PAPER, **who),
        "bad": bad[:SHOWN],
        "bad_count": len(bad),
        "known": known,
        "good": len(found) - len(bad) - known,
        "shown": SHOWN,
    }


def _sent(request: Any, box: str, what: str) -> tuple[str, bytes]:
    file = request.FILES.get(box)
    if file is None:
        raise TableRefused(f"没有选择{what}，没有登记：名单和签字页要一起交。")
    if file.size > MOST_BYTES:
        raise TableRefused(f"{what}超过 {MOST_BYTES >> 20} MB，没有登记：请降低扫描精度，或分成几份名单。")
    return file.name or "", bytes(file.read())


def _taken(request: Any) -> HttpResponse:
    """At once, or a long list by the worker, who shows how far it is."""
    file = aside.taken(key=request.POST.get("file", ""), about=LIST, by=request.by)
    paper = aside.taken(key=request.POST.get("paper", ""), about=PAPER, by=request.by)
    good = request.POST.get("good", "")
    if not good.isdecimal() or int(good) > signed_lists.AT_ONCE:
        run = jobs.ask(
            kind="consents.take",
            about=file.pk,
            title="登记签字名单",
            by=request.by,
            at=request.now,
            address=reverse("web:consents"),
            arguments={"paper": str(paper.pk)},
        )
        return redirect("web:job", run.pk)
    done = signed_lists.take(
        data=contents(file),
        name=file.name,
        paper=(paper.name, contents(paper)),
        by=request.by,
        at=request.now,
        tell=quietly,
    )
    for one in (file, paper):
        discard(file=one, by=request.by, at=request.now)
    messages.success(request, done.said)
    return redirect("web:consents")
