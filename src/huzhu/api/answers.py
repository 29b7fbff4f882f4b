"""Shapes every resource shares: a page of a list, the one shape of an error, amounts as decimal text."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from ninja import Field, Query, Schema
from pydantic import StringConstraints

from huzhu.core import money

MOST = 200
NOT_FOUND = "没有这一条，或者它不在这个令牌管的范围里。请核对编号。"
Item = TypeVar("Item")
ERRORS = frozenset({400, 401, 403, 404, 405, 409, 422, 503})
# one line without control characters: PostgreSQL cannot hold a NUL
Text = Annotated[
    str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=200, strip_whitespace=True)
]
Yuan = Annotated[
    str,
    Field(pattern=r"^-?[0-9]{1,13}(\.[0-9]{1,2})?$", description="金额，元，小数的文本", examples=["171.40"]),
]
Number = Annotated[int, Field(ge=1, le=2**53)]


class Problem(Schema):
    """What went wrong, to the person who must act."""

    code: str = Field(description="给程序看的词，例如 not_found")
    message: str = Field(description="给人看的话：出了什么事、该怎么办")
    fields: dict[str, str] = Field(default_factory=dict, description="每个要改的字段一句话")


class Refused(Schema):
    """The one shape of every error."""

    error: Problem


class Listed(Schema, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    count: int = Field(description="一共多少条")
    page: int
    next: int | None = Field(description="下一页的页码；没有了是 null")


class Paging(Schema):
    """Which page of a list, and how long it is."""

    page: int = Field(1, ge=1, le=100_000, description="第几页，从 1 起")
    size: int = Field(50, ge=1, le=MOST, description=f"每页几条，最多 {MOST}")


Asked = Annotated[Paging, Query(...)]


def listed(
    found: Any, asked: Paging, shown: Callable[[Any], Any], rows: Callable[[Any], Iterable[Any]] = list
) -> dict[str, Any]:
    """The page that was asked for of a queryset or list, each row as it is shown."""
    count = len(found) if isinstance(found, Sequence) else found.count()
    start = (asked.page - 1) * asked.size
    page = rows(found[start : start + asked.size]) if start < count else []
    return {
        "items": [shown(one) for one in page],
        "count": count,
        "page": asked.page,
        "next": asked.page + 1 if start + asked.size < count else None,
    }


def yuan(amount_fen: int) -> str:
    """Fen as programs read it."""
    return money.yuan(amount_fen)


def problem(code: str, message: str, fields: dict[str, str] | None = None) -> dict[str, Any]:
    """The body of a refusal."""
    return {"error": {"code": code, "message": message, "fields": fields or {}}}
