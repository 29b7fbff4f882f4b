"""A visit in half a minute: one small form, then 已记下, undo, and the next in the list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huzhu.employers import queries as employers
from huzhu.employers.services import RecordRefused
from huzhu.outreach import queries, services
from huzhu.outreach.lines import lines, work
from huzhu.web import numbers
from huzhu.web.access import staff, told

CLERKS = ("county_clerk", "agency_clerk")
FOUND = 8
NEXT_DAYS = 14
REFUSED = (services.VisitRefused, services.CannotLookAfter, RecordRefused)


@dataclass
class Form:
    """What stands in the form, and what is wrong at which field."""

    asked: Mapping[str, str]
    employer: Any
    found: list[Any]
    errors: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        return self.asked.get(name, "").strip()

    def day(self, name: str) -> date | None:
        """A date that was typed; what is no date is an error at its field."""
        text = self.text(name)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            self.errors[name] = "这不是一个日期：请写成 2022-11-30 的样子"
            return None

    def number(self, name: str) -> int | None:
        text = self.text(name)
        if not text:
            return None
        if (found := numbers.typed(text)) is None:
            self.errors[name] = "要填整数"
        return found


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*CLERKS)
def visit(request: Any) -> HttpResponse:
    """The form; a good one leads to the next, a bad one comes back with what was typed."""
    if request.method != "POST":
        return _show(request, _fresh(request))
    form = _form(request, request.POST)
    logged = _logged(request, form)
    if logged is None:
        return _show(request, form, status=422)
    return redirect(f"{reverse('web:visit')}?done={logged.pk}")


@require_safe
@staff(*CLERKS)
def find(request: Any) -> HttpResponse:
    """Employers that fit what is being typed, to choose one from."""
    text = request.GET.get("q", "")
    shown = {"found": _said(_matching(request, text)), "typed": text}
    return render(request, "web/employers/found.html", shown)


def _said(found: list[Any]) -> list[tuple[Any, str]]:
    """Each with what tells it from its neighbours."""
    said = []
    for line in found:
        words = [line.place, "已参保" if line.joined else line.stance.get_willing_display()]
        words += [f"上次 {line.last_on}"] if line.last_on else []
        said.append((line.employer, " · ".join(words)))
    return said


@require_POST
@staff(*CLERKS)
def undo(request: Any, pk: int) -> HttpResponse:
    """Take it back, and put what was written into the form again."""
    found = get_object_or_404(queries.visits_visible_to(request.by), pk=pk)
    try:
        services.undo(visit=found, by=request.by, at=request.now)
    except services.TooLateToUndo as refused:
        told(request, refused)
        return redirect("web:employer", found.employer_id)
    messages.success(request, "已撤销，单位的意愿、负责人和下一步都回到原来的样子。改好可以重新记下。")
    return redirect(f"{reverse('web:visit')}?again={pk}")


def _logged(request: Any, form: Form) -> Any:
    """The visit, or nothing and the errors at the fields."""
    entry = _entry(request, form)
    if entry is None or form.errors:
        return None
    try:
        return services.log(entry=entry, by=request.by, at=request.now)
    except REFUSED as refused:
        form.errors["form"] = str(refused)
        return None


def _entry(request: Any, form: Form) -> services.Entry | None:
    if form.employer is None:
        form.errors["employer"] = "请先选一个单位：打几个字或拼音首字母，再点中它"
    on = form.day("on")
    next_on, leaflets, heads = form.day("next_on"), form.number("leaflets"), form.number("willing_count")
    if on is None and "on" not in form.errors:
        form.errors["on"] = "请填日期"
    if form.employer is None or on is None:
        return None
    owner = next((one for one in queries.owners(request.by) if str(one.pk) == form.text("owner")), None)
    return services.Entry(
        employer=form.employer,
        on=on,
        way=form.text("way"),
        leaflets=leaflets or 0,
        said=form.text("said"),
        willing=form.text("willing"),
        willing_count=heads,
        cause=form.text("cause"),
        cause_note=form.text("cause_note"),
        next_step=form.text("next_step"),
        next_on=next_on,
        owner=owner,
        key=_key(form.text("key")),
    )


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return uuid4()


def _fresh(request: Any) -> Form:
    """An empty form, perhaps for a known employer; or with what was just taken back."""
    asked = {
        "on": request.today.isoformat(),
        "way": "visit",
        "next_on": (request.today + timedelta(days=NEXT_DAYS)).isoformat(),
        "owner": str(request.by.user_id),
        "key": str(uuid4()),
    }
    again = queries.own_undone(request.by, numbers.typed(request.GET.get("again", "")) or 0)
    if again:
        return Form(asked | _written(again), again.employer, [])
    return _form(request, asked | {"employer": request.GET.get("employer", "")})


def _written(visit: Any) -> dict[str, str]:
    """A visit as its form stood."""
    stance = visit.stance
    asked = {
        "on": visit.on.isoformat(),
        "way": visit.way,
        "leaflets": str(visit.leaflets or ""),
        "said": visit.said,
        "next_step": visit.next_step,
        "next_on": visit.next_on.isoformat() if visit.next_on else "",
        "owner": str(visit.owner_id or ""),
    }
    if stance:
        asked |= {"willing": stance.willing, "cause": stance.cause, "cause_note": stance.cause_note}
        asked["willing_count"] = "" if stance.willing_count is None else str(stance.willing_count)
    return asked


def _form(request: Any, asked: Mapping[str, str]) -> Form:
    """The employer is the one chosen, or the only one that fits what was typed."""
    pk = numbers.typed(asked.get("employer", ""))
    chosen = employers.visible_to(request.by).filter(pk=pk).first() if pk else None
    found = [] if chosen else _matching(request, asked.get("q", ""))
    if chosen is None and len(found) == 1:
        chosen = found[0].employer
    return Form(asked, chosen, found)


def _matching(request: Any, text: str) -> list[Any]:
    wanted = text.strip()[:40]
    if not wanted:
        return []
    fitting = employers.matching(employers.visible_to(request.by), wanted)[:FOUND]
    found = {line.employer: line for line in lines(request.by, request.today, only=fitting)}
    return [found[one] for one in fitting]


def _show(request: Any, form: Form, *, status: int = 200) -> HttpResponse:
    every = lines(request.by, request.today) if "done" in request.GET else []
    shown = {
        "form": form,
        "found": _said(form.found),
        "stance": employers.stance_of(form.employer) if form.employer else None,
        "ways": queries.WAYS,
        "willing": [choice for choice in employers.WILLING if choice[0] != "unknown"],
        "causes": employers.CAUSES,
        "owners": queries.owners(request.by),
        "today": request.today,
    }
    if done := _done(request):
        mine = [one for one in work(every, request.today) if one.follow_up.owner_id == request.by.user_id]
        waits = [one for one in mine if one.employer != done.employer and _waits(one, request.today)]
        shown |= {"done": done, "following": waits[0] if waits else None, "left": len(waits)}
    return render(request, "web/outreach/visit.html", shown, status=status)


def _waits(line: Any, today: date) -> bool:
    return bool(line.lacks) or line.overdue(today) or line.due(today)


def _done(request: Any) -> Any:
    """The visit that was just written down, while it may still be taken back."""
    last = queries.own_last_visit(request.by, request.now)
    return last if last and str(last.pk) == request.GET.get("done") else None
