"""Browsers of people who have signed in, and what they read there."""

import io
import re
import time
from html import unescape
from typing import Any

from django.test import Client
from python_calamine import CalamineWorkbook

from huzhu.members.models import Member
from huzhu.users.models import Role


def as_staff(role: Role, client: Client | None = None) -> Client:
    """A browser acting in this role, signed in just now."""
    client = client or Client()
    client.force_login(role.user)
    return _awake(client, role=role.pk)


def as_member(member: Member, client: Client | None = None) -> Client:
    """A phone on which this member has signed in."""
    return _awake(client or Client(), member=str(member.pk))


def _awake(client: Client, **held: object) -> Client:
    session = client.session
    seconds = int(time.time())
    session.update({"since": seconds, "seen": seconds, **held})
    session.save()
    return client


def text_of(answer: Any) -> str:
    """The words of a page, as a person reads them."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def html_of(answer: Any) -> str:
    """A page as it was sent."""
    return str(answer.content.decode())


def rows_of(answer: Any) -> list[list[Any]]:
    """What stands below the heads of a workbook."""
    return _sheet(answer)[2:]


def head_of(answer: Any) -> Any:
    """The line above the heads of a workbook: what it is of."""
    return _sheet(answer)[0][0]


def _sheet(answer: Any) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()


def set_aside(shown: str) -> dict[str, str]:
    """What a page sends that shows an uploaded file and asks whether to take it in."""
    return {"confirmed": "1", "file": shown.split('name="file" value="')[1].split('"', maxsplit=1)[0]}
