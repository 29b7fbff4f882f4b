"""Long work as people see it: how far it is, leave and come back, call it off, try it again."""

import io
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from huzhu.files import queries as kept
from huzhu.files import services as files
from huzhu.jobs import queries, services
from huzhu.web import lists
from huzhu.web.access import answered, staff, told


@require_safe
@staff()
def jobs(request: Any) -> HttpResponse:
    """What this person has asked for, newest first; the administrator sees the branch's."""
    asked = lists.read(request, "后台任务", lists.Filter("state", "状态", queries.STATES), exports=False)
    found = queries.visible_to(request.by)
    found = found.filter(state=asked["state"]) if asked["state"] else found
    return render(request, "web/desks/jobs.html", lists.shown(request, asked, found))


@require_safe
@staff()
def job(request: Any, pk: int) -> HttpResponse:
    """How far one is; asked again every second by the page itself, it leads on to the result when it is done."""
    run = _found(request, pk)
    mine = run.asked_by_id == request.by.pk
    if mine and run.state == "done" and run.address:
        return HttpResponseClientRedirect(run.address) if request.htmx else redirect(run.address)
    shown = {"run": run, "mine": mine, "left": _spoken(run.seconds_left(timezone.now()))}
    return render(request, "web/desks/job_now.html" if request.htmx else "web/desks/job.html", shown)


@require_safe
@staff()
def file(request: Any, pk: int) -> HttpResponseBase:
    """The file that was made; only for who asked for it."""
    run = _found(request, pk)
    if run.asked_by_id != request.by.pk or "file" not in run.result:
        raise Http404
    stored = kept.by_key(run.result["file"])
    data = io.BytesIO(files.read(stored))
    return FileResponse(data, as_attachment=True, filename=stored.name, content_type=stored.kind)


@require_POST
@staff()
def cancel(request: Any, pk: int) -> HttpResponse:
    """Call it off."""
    run = _found(request, pk)
    with answered(request, services.RunIsOver):
        services.cancel(run=run, by=request.by, at=request.now, now=timezone.now())
        messages.success(request, f"已取消：{run.title}。")
    return redirect("web:jobs")


@require_POST
@staff()
def again(request: Any, pk: int) -> HttpResponse:
    """Put what failed back into the queue; where the same was asked for anew, lead there if this person may see it."""
    run = _found(request, pk)
    try:
        services.try_again(run=run, by=request.by, at=request.now)
    except services.AskedAnew as anew:
        told(request, anew)
        run = queries.visible_to(request.by).filter(pk=anew.unfinished.pk).first() or run
    except services.RunIsOver as over:
        told(request, over)
    return redirect("web:job", run.pk)


def _found(request: Any, pk: int) -> Any:
    return get_object_or_404(queries.visible_to(request.by), pk=pk)


def _spoken(seconds: int | None) -> str:
    if seconds is None:
        return ""
    return f"大约还要 {seconds} 秒" if seconds < 90 else f"大约还要 {round(seconds / 60)} 分钟"
