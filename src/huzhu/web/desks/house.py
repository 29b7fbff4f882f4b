"""What the administrator and the auditor look things up in: the trail and the outbox."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from huzhu.core.identity import mask_phone
from huzhu.insight import waiting
from huzhu.notices.queries import outbox as messages_to
from huzhu.notices.queries import to_phone
from huzhu.web import lists
from huzhu.web.access import staff
from huzhu.web.desks.verbs import PURPOSES, in_words, verbs_said
from huzhu.web.workbooks import Cell

# what only the phone's owner may read
SECRET = {
    "sign_in": "（登录验证码，不在这里显示）",
    "password_link": "（设密码的链接，不在这里显示；没有收到，请系统管理员重新发）",
}
KINDS = (("change", "变更"), ("read", "查看"), ("reveal", "显示全文"))
TRAIL = (
    lists.Filter("kind", "类别", KINDS),
    lists.Filter("who", "何人", kind="text"),
    lists.Filter("what", "做了什么", kind="text"),
    lists.Filter("from", "从哪天", kind="day"),
    lists.Filter("to", "到哪天", kind="day"),
)
SENT = (
    lists.Filter("purpose", "用途", tuple(PURPOSES.items())),
    lists.Filter("from", "从哪天", kind="day"),
    lists.Filter("to", "到哪天", kind="day"),
)


@require_safe
@staff("auditor", "administrator")
def trail(request: Any) -> HttpResponse:
    """The acts of the branch, newest first; filters stand in the address."""
    asked = lists.read(request, "审计记录", *TRAIL)
    found = waiting.acts(request.by, asked["kind"], asked["who"])
    if asked["what"]:
        found = found.filter(verb__in=verbs_said(asked["what"]))
    if since := asked.since("from"):
        found = found.filter(at__gte=since)
    if before := asked.before("to"):
        found = found.filter(at__lt=before)
    if asked.takes:
        return lists.taken(request, asked, ("时间", "何人", "做了什么", "对象", "类别"), found, _acts)
    return render(request, "web/desks/trail.html", lists.shown(request, asked, found))


def _acts(events: list[Any]) -> Iterator[tuple[Cell, ...]]:
    for one in events:
        at = f"{timezone.localtime(one.at):%Y-%m-%d %H:%M:%S}"
        yield (at, one.actor_name, in_words(one.verb), one.object_name, one.get_kind_display())


@require_safe
@staff("administrator", "agency_clerk")
def outbox(request: Any) -> HttpResponse:
    """Messages that would be sent; phones are masked, and a sign-in code is nobody's business."""
    asked = lists.read(request, "发件箱", *SENT, finds="整个手机号")
    found = messages_to(request.by)
    found = to_phone(found, asked.text) if asked.text else found
    found = found.filter(purpose=asked["purpose"]) if asked["purpose"] else found
    if since := asked.since("from"):
        found = found.filter(created_at__gte=since)
    if before := asked.before("to"):
        found = found.filter(created_at__lt=before)
    if asked.takes:
        return lists.taken(request, asked, ("时间", "发给", "用途", "内容"), found, _messages)
    shown = lists.shown(request, asked, found)
    return render(request, "web/desks/outbox.html", shown | {"rows": [_told(one) for one in shown["pages"]]})


def _told(notice: Any) -> tuple[Any, str, str, str]:
    """When, to whom, what for and the words, as staff may read them."""
    why = PURPOSES.get(notice.purpose, notice.purpose)
    return notice.created_at, mask_phone(notice.phone), why, SECRET.get(notice.purpose, notice.text)


def _messages(notices: list[Any]) -> Iterator[tuple[Cell, ...]]:
    for at, *rest in map(_told, notices):
        yield (lists.minute(at), *rest)
