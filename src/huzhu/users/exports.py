"""Long lists leave the house only when a second person of the branch agrees; the leave is for one file and one day."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from huzhu.audit.services import record
from huzhu.users.models import ExportRequest, Role
from huzhu.users.permissions import check_may, may

ALONE = 500  # rows that are taken on one's own word
GOOD_FOR = timedelta(days=1)
State = ExportRequest.State
LONGEST = 200


class ExportRefused(ValueError):
    """The request cannot be settled as told."""


class SamePerson(ExportRefused):
    """Who asked for an export does not approve it."""


def visible_to(by: Role) -> QuerySet[ExportRequest]:
    """One's own requests, and for who may approve those of the branch; newest first."""
    seen = Q(asked_by=by)
    if may(by, "lists.approve"):
        seen |= Q(asked_by__organisation__path__startswith=by.organisation.path)
    found = ExportRequest.objects.filter(seen).select_related(
        "asked_by__organisation", "person", "settled_by"
    )
    return found.order_by("-asked_at", "-pk")


def to_settle(by: Role) -> QuerySet[ExportRequest]:
    """What waits for this person's word."""
    if not may(by, "lists.approve"):
        return ExportRequest.objects.none()
    return visible_to(by).filter(state=State.WAITING).exclude(person=by.user_id)


@transaction.atomic
def granted(*, what: str, said: str, address: str, rows: int, by: Role, at: datetime) -> bool:
    """Whether a second person agreed to this very list within a day; the leave is used up. If not, it is asked for, once."""
    check_may(by, "lists.export")
    mine = ExportRequest.objects.filter(asked_by=by, address=address)
    approved = mine.filter(state=State.APPROVED)
    if approved.filter(settled_at__gt=at - GOOD_FOR).update(state=State.TAKEN):
        return True
    approved.update(state=State.LAPSED)
    asked, is_new = ExportRequest.objects.get_or_create(
        asked_by=by,
        address=address,
        state=State.WAITING,
        defaults={"person": by.user, "what": what, "said": said[:400], "rows": rows, "asked_at": at},
    )
    if is_new:
        record(by=by, verb="lists.ask", on=asked, at=at, detail={"rows": rows})
    return False


@transaction.atomic
def settle(*, request: ExportRequest, agree: bool, reason: str = "", by: Role, at: datetime) -> None:
    """Another person of the branch agrees, or does not and says why. NotAllowed, ExportRefused."""
    check_may(by, "lists.approve", within=request.asked_by.organisation)
    if request.person_id == by.user_id:
        raise SamePerson("这是您自己要导出的，要由另一个人批准。请告诉同事或上级机构。")
    said = reason.strip()[:LONGEST]
    if not agree and len(said) < 2:
        raise ExportRefused("没有写不批准的理由，申请人不知道为什么：请写一句话。")
    state = State.APPROVED if agree else State.REFUSED
    waiting = ExportRequest.objects.filter(pk=request.pk, state=State.WAITING)
    if not waiting.update(state=state, settled_by=by.user, settled_at=at, reason="" if agree else said):
        raise ExportRefused("这份申请已经有人办过了。请刷新页面。")
    record(by=by, verb="lists.approve" if agree else "lists.refuse", on=request, at=at)
