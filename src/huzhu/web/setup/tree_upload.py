"""A whole tree from a spreadsheet: template, upload, preview with what is wrong at each cell, all or nothing."""

from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from huzhu.files.contents import NotAccepted
from huzhu.files.services import FileLost
from huzhu.files.tables import TableRefused
from huzhu.setup import sheets, tree_sheet
from huzhu.setup.tree_sheet import TreeRefused
from huzhu.web.access import staff, told
from huzhu.web.workbooks import download

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
            done = tree_sheet.take(file=file, by=request.by, at=request.now)
            said = f"加了 {done.count('new')} 个机构，改了 {done.count('change')} 个，{done.count('same')} 个没有不同。"
            messages.success(request, said)
            return redirect("web:places")
        plan = tree_sheet.plan(file, by=request.by)
    except (TreeRefused, FileLost) as refused:
        told(request, refused)
        return redirect(
            "web:tree-preview" if isinstance(refused, TreeRefused) else "web:tree-upload",
            *([file.pk] if isinstance(refused, TreeRefused) else []),
        )
    labels = {column.name: column.label for column in tree_sheet.COLUMNS}
    bad = [
        (one, [(labels[name], one.row.cells.get(name, ""), said) for name, said in one.row.problems.items()])
        for one in plan.bad
    ]
    shown = {
        "file": file,
        "bad": sorted(bad, key=lambda pair: pair[0].row.number),
        "rows": sorted(plan.rows, key=lambda one: one.row.number),
        "new": plan.count("new"),
        "change": plan.count("change"),
        "same": plan.count("same"),
        "kinds": dict(tree_sheet.Kind.choices),
    }
    return render(request, "web/setup/tree_preview.html", shown)
