"""Acts to be found in the trail."""

from datetime import UTC, datetime
from typing import Any

from django.db import models

from huzhu.audit import services
from huzhu.audit.models import Event

NOON = datetime(2022, 7, 13, 4, tzinfo=UTC)


def an_event(on: models.Model, verb: str = "claims.submit", at: datetime = NOON, **detail: Any) -> Event:
    services.record(by=services.SYSTEM, verb=verb, on=on, at=at, detail=detail)
    return Event.objects.latest("pk")
