"""What a sheet of places and a sheet of people have in common: the empty one, sending it in, the cells that are wrong."""

from collections.abc import Iterable
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from huzhu.files.contents import NotAccepted
from huzhu.files.tables import TableRefused
from huzhu.setup import sheets
from huzhu.web.access import View, staff
from huzhu.web.workbooks import download

MOST_BYTES = 5 * 1024 * 1024


def template_of(sheet: Any, what: str) -> View:
    """The page that gives the empty sheet."""

    @require_safe
    @staff("administrator")
    def template(request: Any) -> HttpResponse:  # noqa: ARG001  the same for everybody
        return download(sheets.template(what, sheet.COLUMNS, sheet.HELP), f"{what}模板.xlsx")

    return template


def upload_of(sheet: Any, title: str, *, back: tuple[str, str], template: str, preview: str) -> View:
    """The page that takes a filled sheet; one that can be read leads to its preview, any other comes back with a sentence."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @staff("administrator")
    def upload(request: Any) -> HttpResponse:
        error = ""
        if request.method == "POST":
            try:
                sent = _sent(request)
                file = sheet.store(name=sent.name or "", data=sent.read(), by=request.by, at=request.now)
            except (TableRefused, NotAccepted) as wrong:
                error = str(wrong)
            else:
                return redirect(preview, file.pk)
        shown = {"error": error, "title": title, "back": back, "template": template}
        shown |= {"help": sheet.HELP, "columns": sheet.COLUMNS}
        return render(request, "web/setup/upload.html", shown, status=422 if error else 200)

    return upload


def _sent(request: Any) -> UploadedFile:
    """The file of the form; raises TableRefused where there is none or too much."""
    file = request.FILES.get("file")
    if file is None:
        raise TableRefused("请选择填好的表格。")
    if file.size > MOST_BYTES:
        raise TableRefused("文件超过 5 MB：请只留要上传的一页，或分成几个文件。")
    return file


def wrong_cells(sheet: Any, lines: Iterable[Any]) -> list[tuple[Any, list[tuple[str, str, str]]]]:
    """Lines with something wrong, each with its cells: the column, what was written, why it cannot stand."""
    labels = {column.name: column.label for column in sheet.COLUMNS}
    return [
        (one, [(labels[name], one.row.cells.get(name, ""), said) for name, said in one.row.problems.items()])
        for one in lines
        if one.row.problems
    ]
