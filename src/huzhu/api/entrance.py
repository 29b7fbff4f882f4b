"""Who comes in: a token, its scopes, the clock of the request, and the key of a request that has an effect."""

from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Header
from ninja.security import HttpBearer

from huzhu.audit import idempotency
from huzhu.users import tokens
from huzhu.users.permissions import NotAllowed

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=80,
        pattern=r"^[\x21-\x7e]+$",
        description="幂等键：同一次办理用同一个键，重发不会办两次；8 到 80 个可见的英文字符，例如一个 UUID",
    ),
]


class Bearer(HttpBearer):
    """`Authorization: Bearer hz_…`, with the scope that the operation needs."""

    openapi_name = "Token"

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: Any, token: str) -> Any:
        """The token, with the role as `request.by` and the instant as `request.now`."""
        at = request.business_time()
        try:
            held = tokens.holder(text=token, at=at)
        except tokens.NotAToken:
            return None
        if self.scope not in held.scopes:
            words = tokens.SCOPES[self.scope][0]
            raise NotAllowed(f"这个令牌的范围里没有“{words}”。请系统管理员另做一个有这一项的令牌。")
        request.by, request.now = held.role, at
        return held


def once(request: Any, response: HttpResponse, key: str, what: str, sent: str, act: idempotency.Act) -> Any:
    """Does it once for this key; sent again, the answer of the time before, and a header that says so."""
    answer = idempotency.once(key=key, by=request.by, what=what, request=sent, act=act, at=request.now)
    if answer is None:
        raise AssertionError(f"{what} says neither what it did nor why not")
    if answer.is_repeat:
        response["Idempotent-Replayed"] = "true"
    return answer.body
