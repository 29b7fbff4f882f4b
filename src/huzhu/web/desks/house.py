"""What the administrator and the auditor look things up in: the trail and the outbox."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from huzhu.core.identity import mask_phone
from huzhu.insight import waiting
from huzhu.notices.queries import outbox as messages_to
from huzhu.web.access import staff
from huzhu.web.desks.numbers import page_of
from huzhu.web.desks.verbs import PURPOSES

# what only the phone's owner may read
SECRET = {
    "sign_in": "（登录验证码，不在这里显示）",
    "password_link": "（设密码的链接，不在这里显示；没有收到，请系统管理员重新发）",
}
KINDS = (("change", "变更"), ("read", "查看"), ("reveal", "显示全文"))


@require_safe
@staff("auditor", "administrator")
def trail(request: Any) -> HttpResponse:
    """The acts of the branch, newest first; filters stand in the address."""
    kind, who = request.GET.get("kind", ""), request.GET.get("who", "").strip()[:20]
    pages = page_of(request, waiting.acts(request.by, kind if kind in dict(KINDS) else "", who))
    also = "&" + urlencode({"kind": kind, "who": who})
    return render(
        request,
        "web/desks/trail.html",
        {"pages": pages, "kinds": KINDS, "kind": kind, "who": who, "also": also},
    )


@require_safe
@staff("administrator", "agency_clerk")
def outbox(request: Any) -> HttpResponse:
    """Messages that would be sent; phones are masked, and a sign-in code is nobody's business."""
    pages = page_of(request, messages_to(request.by))
    for notice in pages.object_list:
        notice.to, notice.why = mask_phone(notice.phone), PURPOSES.get(notice.purpose, notice.purpose)
        notice.shown = SECRET.get(notice.purpose, notice.text)
    return render(request, "web/desks/outbox.html", {"pages": pages, "also": ""})
