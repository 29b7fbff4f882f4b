"""Messages put into the outbox."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from django.db import models

from huzhu.db.rows import Ready, composed, write
from huzhu.notices.models import Notice
from huzhu.organisations.models import Organisation


class About(NamedTuple):
    """What a message is about, where its row was not read as a whole: kind (app_label.model), key and place (by key)."""

    kind: str
    pk: Any
    organisation: Any


Message = tuple[str, str, models.Model | About | None]  # phone, text, what it is about
COLUMNS = ("id", "phone", "text", "purpose", "about_type", "about_id", "organisation", "created_at")


def send(*, phone: str, text: str, purpose: str, about: models.Model | None = None, at: datetime) -> None:
    """Put one message into the outbox, in the transaction of what it tells about: rolled back, it was never sent."""
    send_each(messages=[(phone, text, about)], purpose=purpose, at=at)


def send_each(*, messages: Iterable[Message], purpose: str, at: datetime) -> None:
    """The same for many, by one statement."""
    write(ready_each(messages=messages, purpose=purpose, at=at))


def ready_each(*, messages: Iterable[Message], purpose: str, at: datetime) -> Ready:
    """The same prepared and sealed; written in the transaction of what it tells about."""
    found = []
    for phone, text, about in messages:
        kind, pk, place = about if isinstance(about, About) else _about(about)
        found.append((uuid4(), phone, text, purpose, kind, str(pk), place, at))
    return composed(Notice, COLUMNS, found)


def _about(about: models.Model | None) -> About:
    if about is None:
        return About("", "", None)
    place = _place(about)
    return About(about._meta.label_lower, about.pk, place and place.pk)  # noqa: SLF001  Django's documented name for it


def _place(about: Any) -> Organisation | None:
    """Whose outbox it belongs to: what it is about, if that is a place, or its office or employer."""
    if isinstance(about, Organisation):
        return about
    places = (getattr(about, name, None) for name in ("office", "employer", "organisation"))
    return next((place for place in places if isinstance(place, Organisation)), None)
