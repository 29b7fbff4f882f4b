"""A request with a key has its effect once, however often it is sent: the key is written in the transaction of the effect.

One mechanism for pages (a hidden field) and programs (a header). Of two at the same moment the second waits for the first:
at the unique index on PostgreSQL, at the gate on SQLite. What was refused leaves no key behind and may be tried again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from huzhu.audit.models import Handled
from huzhu.audit.services import Actor
from huzhu.db import keys

KEPT = timedelta(days=90)
_KEY = re.compile(r"[\x21-\x7e]{8,80}")
Act = Callable[[], dict[str, Any] | None]


class NotAKey(ValueError):
    """The text cannot be a key."""


class KeyUsedOtherwise(ValueError):
    """The key belongs to another request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, and whether it had been answered before."""

    body: dict[str, Any]
    is_repeat: bool


def check_key(key: str) -> None:
    """Raise NotAKey unless it is 8 to 80 visible ASCII characters."""
    if not _KEY.fullmatch(key):
        raise NotAKey("幂等键应是 8 到 80 个可见的英文字符，例如一个 UUID；同一次办理重发时用同一个键。")


def once(*, key: str, by: Actor, what: str, request: str, act: Act, at: datetime) -> Answer | None:
    """Do it, or give the answer of the time before; None where `act` says by None that nothing was done.

    Raises NotAKey, KeyUsedOtherwise, and what `act` raises, which undoes it and leaves the key free.
    `act` answers in JSON without sensitive text, and runs inside a transaction: no slow call to elsewhere in it.
    """
    check_key(key)
    if before := _before(key, by, what, request):
        return before
    try:
        with transaction.atomic():
            mine = Handled.objects.create(
                key=key, actor_id=by.actor_id, what=what, request=_digests(request)[0], at=at
            )
            body = act()
            if body is None:
                mine.delete()
                return None
            Handled.objects.filter(pk=mine.pk).update(answer=body)
            return Answer(body, is_repeat=False)
    except IntegrityError:
        if before := _before(key, by, what, request):  # the same request, answered while this one waited
            return before
        raise


def forget(*, at: datetime) -> int:
    """Drop keys that nobody will send again; how many there were."""
    return Handled.objects.filter(at__lt=at - KEPT).delete()[0]


def _before(key: str, by: Actor, what: str, request: str) -> Answer | None:
    found = Handled.objects.filter(actor_id=by.actor_id, key=key).first()
    if found is None:
        return None
    if found.what != what or found.request not in _digests(request):
        raise KeyUsedOtherwise(
            "这个幂等键已经用在另一次办理上，内容不同，这一次没有办。"
            "同一次办理重发时内容要一样；新的一次请换一个新的键。"
        )
    return Answer(found.answer, is_repeat=True)


def _digests(request: str) -> list[str]:
    return keys.cipher().blind_indexes(request, purpose="audit.handled")
