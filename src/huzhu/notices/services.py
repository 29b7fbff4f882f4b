"""Messages put into the outbox."""

from datetime import datetime
from typing import Any

from django.db import models

from huzhu.notices.models import Notice
from huzhu.organisations.models import Organisation


def send(*, phone: str, text: str, purpose: str, about: models.Model | None = None, at: datetime) -> Notice:
    """Put one message into the outbox, in the transaction of what it tells about: rolled back, it was never sent."""
    return Notice.objects.create(
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
    places = (about, *(getattr(about, name, None) for name in ("office", "employer", "organisation")))
    return next((place for place in places if isinstance(place, Organisation)), None)
