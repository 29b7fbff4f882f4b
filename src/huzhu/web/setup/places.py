"""The tree in the administrator's hands: seen, searched, added to, changed, moved, closed."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huzhu.organisations import services as organisations
from huzhu.organisations.queries import visible_to
from huzhu.organisations.services import CannotStandThere, CodeTaken, NotAPlace
from huzhu.setup import queries, tree
from huzhu.setup.tree import StillInBusiness
from huzhu.users import queries as users
from huzhu.users.permissions import NotAllowed
from huzhu.web import lists, numbers
from huzhu.web.access import answered, staff
from huzhu.web.setup.boxes import Box, Form
from huzhu.web.workbooks import Cell

KINDS = [(kind.value, kind.label) for kind in organisations.Kind if kind.value != "association"]
SECTORS = [("", "请选择"), *organisations.SECTORS]
HEADS = ("机构", "类别", "代码", "上级", "单位类型", "在职职工", "状态")
FOUND = 12  # offered while a parent is typed
PARENT_HINT = "打名称、拼音首字母或代码，从列出的里面选。上级和更上面的人看得到它的资料。"
SMALL = 60  # a tree that is shown whole
OPEN = 2  # levels of a larger one that stand open


def place_of(request: Any, pk: int) -> Any:
    """A place of the branch; any other looks missing."""
    found = visible_to(request.by).select_related("parent").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_safe
@staff("administrator")
def places(request: Any) -> HttpResponse:
    """The tree, or what was asked for in it."""
    asked = lists.read(request, "机构", finds="名称、代码、拼音首字母", unit="个机构")
    found = queries.matching(request.by, asked.text).select_related("parent")
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, _cells)
    shown = lists.shown(request, asked, found)
    if not asked.text:
        root = queries.tree(request.by)
        is_small = shown["pages"].paginator.count <= SMALL
        shown |= {"root": root, "walk": list(_walk(root, is_small))}
    return render(request, "web/setup/places.html", shown)


def _walk(node: Any, is_small: bool, depth: int = 0, closes: int = 0) -> Iterator[tuple[Any, bool, str]]:
    """The tree as it is written down: a place, whether it stands open, and a letter for each branch that ends with it."""
    yield node, is_small or depth < OPEN, "" if node.below else "x" * closes
    for number, one in enumerate(node.below, start=1):
        yield from _walk(one, is_small, depth + 1, closes + 1 if number == len(node.below) else 0)


def _cells(rows: list[Any]) -> Iterator[tuple[Cell, ...]]:
    for one in rows:
        above = one.parent.name if one.parent else ""
        state = "" if one.is_open else "已停用"
        kind, sector = one.get_kind_display(), one.get_sector_display()
        yield (one.name, kind, one.code, above, sector, one.staff_count or None, state)


@require_http_methods(["GET", "HEAD", "POST"])
@staff("administrator")
def new(request: Any) -> HttpResponse:
    """One place more; kind and parent may stand in the address, and a code is suggested."""
    sent = request.POST if request.method == "POST" else None
    form = Form(_new_boxes(request), sent)
    if sent is not None and (made := _added(request, form)):
        messages.success(request, f"加好了：{made.name}（{made.get_kind_display()}，代码 {made.code}）。")
        return redirect("web:place", made.pk)
    return render(request, "web/setup/new_place.html", {"form": form}, status=422 if form.is_wrong else 200)


def _new_boxes(request: Any) -> list[Box]:
    asked = request.GET
    parents = visible_to(request.by).open()
    wanted = parents.filter(pk=numbers.sent(asked.get("parent"))).first()
    chosen = wanted or request.by.organisation
    fits = [kind for kind, _ in KINDS if chosen.kind in organisations.PARENTS[kind]]
    kind = asked.get("kind", "") if asked.get("kind") in dict(KINDS) else (fits or ["employer"])[-1]
    if wanted is None:
        chosen = parents.filter(kind__in=organisations.PARENTS[kind]).first() or chosen
    return [
        Box("kind", "类别", kind, kind="select", choices=KINDS),
        Box(
            "parent",
            "上级",
            chosen.code,
            f"{chosen.code} 是{chosen.name}。{PARENT_HINT}",
            finds=reverse("web:places-found"),
        ),
        Box("name", "名称", hint="例如 美溪林业局公司"),
        Box("code", "代码（可以空着）", hint="空着就按上级的代码往下编；定了以后不能改。", longest=20),
        Box("sector", "单位类型（只有参保单位选）", kind="select", choices=SECTORS),
        Box(
            "staff_count",
            "在职职工数（参保单位填）",
            hint="用来算参保覆盖，以后可以改。",
            kind="number",
            longest=9,
        ),
    ]


def _added(request: Any, form: Form) -> Any:
    """The place, or nothing and a sentence at the box."""
    parent = queries.parent_named(request.by, form["parent"])
    if parent is None:
        form.wrong("parent", "没有找到这一个上级：请写它的代码，或写全名（重名的写代码）。")
        return None
    kind, name = form["kind"], form["name"]
    try:
        code = form["code"] or organisations.suggested_code(kind=kind, name=name, parent=parent)
        fields = {"kind": kind, "name": name, "code": code, **_figures(form)}
        return tree.add(parent=parent, by=request.by, at=request.now, **fields)
    except NotAPlace as wrong:
        form.wrong(wrong.field, wrong)
    except CannotStandThere as wrong:
        form.wrong("parent", wrong)
    except CodeTaken as wrong:
        form.wrong("code", wrong)
    return None


def _figures(form: Form) -> dict[str, Any]:
    """Sector and staff as they were typed; a number that is none is refused as such."""
    text = form["staff_count"].replace(",", "").replace("，", "")
    count = numbers.sent(text) if text.isascii() and (text.isdecimal() or not text) else -1
    return {"sector": form["sector"], "staff_count": count}


@require_safe
@staff("administrator")
def found(request: Any) -> HttpResponse:
    """Places that fit what is being typed as a parent, as choices of the box."""
    kind, text = request.GET.get("kind", ""), request.GET.get("parent", "").strip()[:40]
    fits = queries.matching(request.by, text).filter(is_open=True)
    if kind in organisations.PARENTS:
        fits = fits.filter(kind__in=organisations.PARENTS[kind])
    return render(request, "web/setup/found.html", {"found": fits[:FOUND] if text else []})


@require_http_methods(["GET", "HEAD", "POST"])
@staff("administrator")
def place(request: Any, pk: int) -> HttpResponse:
    """One place: its words and figures to change, who works there, what stands below."""
    found = place_of(request, pk)
    sent = request.POST if request.method == "POST" else None
    form = Form(_boxes_of(found), sent)
    if sent is not None and _changed(request, found, form):
        return redirect("web:place", found.pk)
    shown = {
        "place": found,
        "form": form,
        "roles": users.visible_to(request.by).filter(
            organisation=found, is_active=True, user__is_active=True
        ),
        "below": visible_to(request.by).filter(parent=found).order_by("kind", "code"),
        "is_own": found.pk == request.by.organisation_id,
        "is_employer": found.kind == "employer",
        "may_have": any(found.kind in organisations.PARENTS[kind] for kind, _ in KINDS),
    }
    return render(request, "web/setup/place.html", shown, status=422 if form.is_wrong else 200)


def _boxes_of(found: Any) -> list[Box]:
    boxes = [Box("name", "名称", found.name)]
    if found.kind == "employer":
        boxes.append(Box("sector", "单位类型", found.sector, kind="select", choices=SECTORS[1:]))
        boxes.append(Box("staff_count", "在职职工数", str(found.staff_count), kind="number", longest=9))
    return boxes


def _changed(request: Any, found: Any, form: Form) -> bool:
    figures = _figures(form) if found.kind == "employer" else {"sector": "", "staff_count": 0}
    try:
        changed = tree.change(place=found, by=request.by, at=request.now, name=form["name"], **figures)
    except NotAPlace as wrong:
        form.wrong(wrong.field, wrong)
        return False
    messages.success(request, "改好了。" if changed else "没有不同，什么也没有改。")
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@staff("administrator")
def move(request: Any, pk: int) -> HttpResponse:
    """Another parent: first chosen, then confirmed with who will see it and who will not."""
    found = place_of(request, pk)
    asked = request.POST if request.method == "POST" else request.GET
    parent = queries.parent_named(request.by, asked.get("parent", ""))
    shown: dict[str, Any] = {"place": found, "parent": parent, "error": ""}
    try:
        if parent and request.method == "POST":
            tree.move(place=found, parent=parent, by=request.by, at=request.now)
            messages.success(request, f"{found.name}移到了{parent.name}下面。")
            return redirect("web:place", found.pk)
        if parent:
            tree.check_move(place=found, parent=parent, by=request.by, at=request.now)
            shown["sight"] = tree.sight(found, parent)
            shown["below"] = visible_to(request.by).under(found).count() - 1
        elif request.method == "POST" or "parent" in asked:
            shown["error"] = "没有找到这一个上级：请写它的代码，或写全名（重名的写代码）。"
    except (CannotStandThere, NotAllowed, StillInBusiness) as refused:
        shown |= {"error": str(refused), "parent": None}
    shown |= {"typed": asked.get("parent", ""), "find": f"{reverse('web:places-found')}?kind={found.kind}"}
    return render(request, "web/setup/move.html", shown, status=422 if shown["error"] else 200)


@require_POST
@staff("administrator")
def switch(request: Any, pk: int) -> HttpResponse:
    """Close a place without open business, or open it again."""
    found = place_of(request, pk)
    act, said = (tree.reopen, "重新启用了") if request.POST.get("on") else (tree.close, "停用了")
    with answered(request, StillInBusiness):
        act(place=found, by=request.by, at=request.now)
        messages.success(request, f"{found.name}{said}。")
    return redirect("web:place", found.pk)
