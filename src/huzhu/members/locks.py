"""Members as what everything about them waits for: their cover, their claims and totals. SQLite has no locks of rows to take."""

from typing import Any

from django.db import connection

from huzhu.db.asked import Asked
from huzhu.members.models import Member

_ONE = Asked(lambda key: Member.objects.select_for_update(no_key=True).filter(pk=key).values_list("pk"))


def lock_one(key: Any) -> None:
    """What concerns this member (by key) is done one at a time."""
    if connection.features.has_select_for_update:
        _ONE(key)


def lock_each(keys: Any) -> None:
    """The same for many members (a query of their keys), always locked in their order."""
    if connection.features.has_select_for_update:
        found = Member.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
        list(found.values_list("pk"))
