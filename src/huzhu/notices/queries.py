"""The outbox, for whoever may read it."""

from typing import Any

from django.db.models import QuerySet

from huzhu.notices.models import Notice
from huzhu.organisations import queries as organisations
from huzhu.users.models import Role
from huzhu.users.permissions import may


def outbox(by: Any) -> QuerySet[Notice]:
    """Messages of the asker's branch, newest first; those of no place are for administrators."""
    if not may(by, "outbox.see"):
        return Notice.objects.none()
    seen = Notice.objects.filter(organisation__in=organisations.visible_to(by))
    if by.code == Role.Code.ADMINISTRATOR:
        seen |= Notice.objects.filter(organisation__isnull=True)
    return seen.order_by("-created_at", "pk")


def to_phone(found: QuerySet[Notice], phone: str) -> QuerySet[Notice]:
    """Those to one phone, typed in full; spaces do not matter."""
    return found.filter(phone_index="".join(phone.split()))
