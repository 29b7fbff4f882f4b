"""Programs with tokens, and what they send."""

import json
from typing import Any
from uuid import uuid4

from django.test import Client
from django.utils import timezone

from factories.users import a_role
from huzhu.organisations.models import Organisation
from huzhu.users import tokens


def useful(code: str) -> list[str]:
    """Every scope that is of use in this role."""
    return [scope for scope, (_, codes) in tokens.SCOPES.items() if code in codes]


class Program:
    """A program that holds a token."""

    def __init__(
        self, code: str, place: Organisation, scopes: list[str] | None = None, days: int = 30
    ) -> None:
        self.administrator = a_role("administrator", _root(place))
        self.token, self.text = tokens.make(
            name="人事系统",
            code=code,
            place=place,
            scopes=useful(code) if scopes is None else scopes,
            days=days,
            by=self.administrator,
            at=timezone.now(),
        )
        self.client = Client(headers={"authorization": f"Bearer {self.text}"})

    def get(self, path: str, **asked: Any) -> Any:
        return self.client.get(f"/api/v1/{path}", asked)

    def post(self, path: str, body: Any, *, key: str | None = "new") -> Any:
        headers = {} if key is None else {"idempotency-key": str(uuid4()) if key == "new" else key}
        sent = json.dumps(body, ensure_ascii=False)
        return self.client.post(f"/api/v1/{path}", sent, content_type="application/json", headers=headers)


def _root(place: Organisation) -> Organisation:
    above = place
    while above.parent and above.kind not in {"city", "province"}:
        above = above.parent
    return above
