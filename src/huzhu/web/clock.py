"""The business clock: real time, or in the demo a business date of its own that moves on with it."""

import json
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils import timezone


def ahead() -> timedelta:
    """How far the business clock stands from the real one: nothing, until the demo has been loaded."""
    written = settings.VAR_DIR / "demo.json"
    return _said(written) if settings.HUZHU_DEMO and written.is_file() else timedelta()


@cache
def _said(written: Path) -> timedelta:
    said = json.loads(written.read_text(encoding="utf-8"))
    return datetime.fromisoformat(said["stands_for"]) - datetime.fromisoformat(said["loaded_at"])


def now() -> datetime:
    """The instant every page and every verb of this request works with."""
    return timezone.now() + ahead()


def today() -> date:
    return timezone.localdate(now())
