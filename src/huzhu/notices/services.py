"""Messages put into the outbox."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models

from huzhu.notices.models import Notice
from huzhu.organisations.models import Organisation


def send(*, phone: str, text: str, purpose: str, about: models.Model | None = None, at: datetime) -> Notice:
    """Put one message into the outbox, in the transaction of what it tells about: rolled back, it was never sent."""
    notice = _notice(phone, text, purpose, about, at)
    notice.save(force_insert=True)
    return notice


def send_each(
    *, messages: Iterable[tuple[str, str, models.Model]], purpose: str, at: datetime
) -> list[Notice]:
    """The same for many (phone, text, about), by one statement."""
    return Notice.objects.bulk_create(
        [_notice(phone, text, purpose, about, at) for phone, text, about in messages]
    )


def _notice(phone: str, text: str, purpose: str, about: models.Model | None, at: datetime) -> Notice:
    return Notice(
        phone=phone,
        text=text,
        purpose=purpose,
        about_type=about._meta.label_lower if about else "",  # noqa: SLF001  Django's documented name for it
        about_id=str(about.pk) if about else "",
        organisation=_place(about),
        created_at=at,
    )


def _place(about: Any) -> Organisation | None:
    """Whose outbox it belongs to: what it is about, if that is a place, or its office or employer."""
    if isinstance(about, Organisation):
        return about
    places = (getattr(about, name, None) for name in ("office", "employer", "organisation"))
    return next((place for place in places if isinstance(place, Organisation)), None)
