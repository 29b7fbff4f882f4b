"""Many people from a spreadsheet: preview, and the slips of those who are new."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from huzhu.files.services import FileLost
from huzhu.setup import people_sheet, sheets
from huzhu.setup.people_sheet import PeopleRefused
from huzhu.users.services import UsernameTaken
from huzhu.web.access import staff, told
from huzhu.web.setup import uploading
from huzhu.web.setup.people import addresses, slips_page

WORDS = {"new": "＋ 邀请", "grant": "▲ 加角色", "same": "– 不变"}
template = uploading.template_of(people_sheet, "人员")
upload = uploading.upload_of(
    people_sheet,
    "上传一批人员",
    back=("回到人员", "web:people"),
    template="web:people-template",
    preview="web:people-preview",
)


@require_http_methods(["GET", "HEAD", "POST"])
@staff("administrator")
def preview(request: Any, pk: Any) -> HttpResponse:
    """What the list would do; pressed, all of it is done, and the slips of the new people are shown once."""
    file = sheets.uploaded(people_sheet.PURPOSE, by=request.by, key=str(pk))
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
    shown = {
        "file": file,
        "rows": [(one, WORDS[one.act]) for one in rows],
        "bad": uploading.wrong_cells(people_sheet, rows),
        "new": len({one.login for one in rows if one.act == "new" and not one.row.problems}),
        "grant": sum(one.act == "grant" for one in rows),
    }
    return render(request, "web/setup/people_preview.html", shown)
