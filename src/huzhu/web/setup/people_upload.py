"""Many people from a spreadsheet: template, upload, preview, and the slips of those who are new."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from huzhu.files.contents import NotAccepted
from huzhu.files.services import FileLost
from huzhu.files.tables import TableRefused
from huzhu.setup import people_sheet, sheets
from huzhu.setup.people_sheet import PeopleRefused
from huzhu.users.services import UsernameTaken
from huzhu.web.access import staff, told
from huzhu.web.setup.people import addresses, slips_page
from huzhu.web.setup.tree_upload import sent_file
from huzhu.web.workbooks import download

WORDS = {"new": "＋ 邀请", "grant": "▲ 加角色", "same": "– 不变"}


@require_safe
@staff("administrator")
def template(request: Any) -> HttpResponse:  # noqa: ARG001  the same for everybody
    """The empty sheet."""
    return download(sheets.template("人员", people_sheet.COLUMNS, people_sheet.HELP), "人员模板.xlsx")


@require_http_methods(["GET", "HEAD", "POST"])
@staff("administrator")
def upload(request: Any) -> HttpResponse:
    """A sheet that can be read leads to its preview; any other comes back with a sentence."""
    error = ""
    if request.method == "POST":
        try:
            sent = sent_file(request)
            file = people_sheet.store(name=sent.name or "", data=sent.read(), by=request.by, at=request.now)
        except (TableRefused, NotAccepted) as wrong:
            error = str(wrong)
        else:
            return redirect("web:people-preview", file.pk)
    shown = {"error": error, "help": people_sheet.HELP, "columns": people_sheet.COLUMNS}
    return render(request, "web/setup/people_upload.html", shown, status=422 if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@staff("administrator")
def preview(request: Any, pk: Any) -> HttpResponse:
    """What the list would do; pressed, all of it is done, and the slips of the new people are shown once."""
    file = people_sheet.uploaded(request.by, str(pk))
    if file is None:
        raise Http404
    try:
        if request.method == "POST":
            slips = people_sheet.take(file=file, address=addresses(request), by=request.by, at=request.now)
            if slips:
                return slips_page(request, slips)
            messages.success(request, "办好了：没有新的人，角色已经加上。")
            return redirect("web:people")
        rows = people_sheet.plan(file, by=request.by)
    except FileLost as lost:
        told(request, lost)
        return redirect("web:people-upload")
    except (PeopleRefused, UsernameTaken) as refused:
        told(request, refused)
        return redirect("web:people-preview", file.pk)
    labels = {column.name: column.label for column in people_sheet.COLUMNS}
    shown = {
        "file": file,
        "rows": [(one, WORDS[one.act]) for one in rows],
        "bad": [
            (
                one,
                [
                    (labels[name], one.row.cells.get(name, ""), said)
                    for name, said in one.row.problems.items()
                ],
            )
            for one in rows
            if one.row.problems
        ],
        "new": len({one.login for one in rows if one.act == "new" and not one.row.problems}),
        "grant": sum(one.act == "grant" for one in rows),
    }
    return render(request, "web/setup/people_preview.html", shown)
