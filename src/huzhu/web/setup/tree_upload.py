"""A whole tree from a spreadsheet: preview with what is wrong at each cell, all or nothing."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from huzhu.files.services import FileLost
from huzhu.jobs import services as jobs
from huzhu.setup import sheets, tree_sheet
from huzhu.setup.tree_sheet import TreeRefused
from huzhu.web.access import staff, told
from huzhu.web.setup import uploading

PAGE = 200
template = uploading.template_of(tree_sheet, "机构树")
upload = uploading.upload_of(
    tree_sheet,
    "上传机构树",
    back=("回到机构", "web:places"),
    template="web:tree-template",
    preview="web:tree-preview",
)


@require_http_methods(["GET", "HEAD", "POST"])
@staff("administrator")
def preview(request: Any, pk: Any) -> HttpResponse:
    """What the list would do; pressed, all of it is done."""
    file = sheets.uploaded(tree_sheet.PURPOSE, by=request.by, key=str(pk))
    if file is None:
        raise Http404
    try:
        if request.method == "POST":
            return _taken(request, file)
        plan = tree_sheet.plan(file, by=request.by)
    except (TreeRefused, FileLost) as refused:
        told(request, refused)
        is_lost = isinstance(refused, FileLost)
        return redirect("web:tree-upload") if is_lost else redirect("web:tree-preview", file.pk)
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
    bad = uploading.wrong_cells(tree_sheet, plan.bad)
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
