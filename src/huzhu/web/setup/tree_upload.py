"""A whole tree from a spreadsheet: template, upload, preview with what is wrong at each cell, all or nothing."""

from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from huzhu.files.contents import NotAccepted
from huzhu.files.services import FileLost
from huzhu.files.tables import TableRefused
from huzhu.jobs import services as jobs
from huzhu.setup import sheets, tree_sheet
from huzhu.setup.tree_sheet import TreeRefused
from huzhu.web.access import staff, told
from huzhu.web.workbooks import download

PAGE = 200
MOST_BYTES = 5 * 1024 * 1024


def sent_file(request: Any) -> UploadedFile:
    """The file of the form; raises TableRefused where there is none or too much."""
    file = request.FILES.get("file")
    if file is None:
        raise TableRefused("请选择填好的表格。")
    if file.size > MOST_BYTES:
        raise TableRefused("文件超过 5 MB：请只留要上传的一页，或分成几个文件。")
    return file


@require_safe
@staff("administrator")
def template(request: Any) -> HttpResponse:  # noqa: ARG001  the same for everybody
    """The empty sheet."""
    return download(sheets.template("机构", tree_sheet.COLUMNS, tree_sheet.HELP), "机构树模板.xlsx")


@require_http_methods(["GET", "HEAD", "POST"])
@staff("administrator")
def upload(request: Any) -> HttpResponse:
    """A sheet that can be read leads to its preview; any other comes back with a sentence."""
    error = ""
    if request.method == "POST":
        try:
            sent = sent_file(request)
            file = tree_sheet.store(name=sent.name or "", data=sent.read(), by=request.by, at=request.now)
        except (TableRefused, NotAccepted) as wrong:
            error = str(wrong)
        else:
            return redirect("web:tree-preview", file.pk)
    shown = {"error": error, "help": tree_sheet.HELP, "columns": tree_sheet.COLUMNS}
    return render(request, "web/setup/tree_upload.html", shown, status=422 if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@staff("administrator")
def preview(request: Any, pk: Any) -> HttpResponse:
    """What the list would do; pressed, all of it is done."""
    file = tree_sheet.uploaded(request.by, str(pk))
    if file is None:
        raise Http404
    try:
        if request.method == "POST":
            return _taken(request, file)
        plan = tree_sheet.plan(file, by=request.by)
    except (TreeRefused, FileLost) as refused:
        told(request, refused)
        return redirect(
            "web:tree-preview" if isinstance(refused, TreeRefused) else "web:tree-upload",
            *([file.pk] if isinstance(refused, TreeRefused) else []),
        )
    return render(request, "web/setup/tree_preview.html", _shown(request, file, plan))


def _taken(request: Any, file: Any) -> HttpResponse:
    """All of it at once; a large one by the worker, who shows how far it is."""
    if not tree_sheet.is_large(file):
        messages.success(request, tree_sheet.take(file=file, by=request.by, at=request.now).said)
        return redirect("web:places")
    run = jobs.ask(
        kind="setup.tree",
        about=file.pk,
        title="办理机构表",
        by=request.by,
        at=request.now,
        address=reverse("web:places"),
    )
    return redirect("web:job", run.pk)


def _shown(request: Any, file: Any, plan: tree_sheet.Plan) -> dict[str, Any]:
    labels = {column.name: column.label for column in tree_sheet.COLUMNS}
    bad = [
        (one, [(labels[name], one.row.cells.get(name, ""), said) for name, said in one.row.problems.items()])
        for one in plan.bad
    ]
    rows = sorted(plan.rows, key=lambda one: one.row.number)
    return {
        "file": file,
        "bad": sorted(bad, key=lambda pair: pair[0].row.number),
        "pages": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "new": plan.count("new"),
        "change": plan.count("change"),
        "same": plan.count("same"),
        "kinds": dict(tree_sheet.Kind.choices),
    }
