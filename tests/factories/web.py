"""Browsers of people who have signed in."""

import time

from django.test import Client

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
