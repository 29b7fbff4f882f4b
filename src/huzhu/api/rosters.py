"""Rosters: looked up, and uploaded as sheets that wait for a person to confirm them."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import Http404
from django.urls import reverse
from ninja import Field, File, Form, Router, Schema, Status
from ninja.files import UploadedFile

from huzhu.api.answers import ERRORS, Asked, Listed, Refused, Text, listed
from huzhu.api.entrance import Bearer
from huzhu.api.places import employer
from huzhu.enrolment import queries, services
from huzhu.jobs import services as jobs

router = Router(tags=["名册"], auth=Bearer("rosters"))
AT_ONCE = 500 * 1000  # bytes that are read while the program waits: some seconds
MOST_BYTES = 20 * 1024 * 1024


class Roster(Schema):
    id: UUID
    employer: str
    state: str
    way: str
    cover_starts_on: date
    uploaded_at: datetime
    said: str


class RosterInFull(Roster):
    schemes: list[str]
    good_rows: int
    bad_rows: int = Field(description="有问题的行：请在页面上下载错误表，改好再传")


class Terms(Schema):
    employer: Annotated[Text, Field(min_length=1, description="单位代码")]
    schemes: Annotated[list[Text], Field(min_length=1, max_length=20, description="方案，例如 yichun-120")]
    cover_starts_on: date
    way: Text = "group"


class TooLarge(ValueError):
    """A sheet that is larger than any list of people."""


def _roster(one: Any) -> dict[str, Any]:
    columns = ("state", "way", "cover_starts_on", "uploaded_at", "said")
    return {name: getattr(one, name) for name in columns} | {"id": one.pk, "employer": one.employer.code}


def _in_full(one: Any) -> dict[str, Any]:
    good, bad = queries.tally(one)
    return _roster(one) | {
        "schemes": [row.slug for row in one.editions.order_by("slug")],
        "good_rows": good,
        "bad_rows": bad,
    }


@router.get("", response={200: Listed[Roster], ERRORS: Refused}, summary="名册列表")
def list_rosters(request: Any, asked: Asked, state: Text = "") -> Any:
    """新的在前。"""
    found = queries.rosters_visible_to(request.by)
    return listed(found.filter(state=state) if state else found, asked, _roster)


@router.get("/{key}", response={200: RosterInFull, ERRORS: Refused}, summary="一份名册")
def get_roster(request: Any, key: UUID) -> Any:
    one = queries.rosters_visible_to(request.by).filter(pk=key).first()
    if one is None:
        raise Http404
    return _in_full(one)


@router.post(
    "", response={201: RosterInFull, ERRORS: Refused}, auth=Bearer("rosters.write"), summary="上传名册"
)
def upload_roster(request: Any, terms: Form[Terms], file: File[UploadedFile]) -> Any:
    """表格读进来等人确认，还没有人参保；同一个文件再传，得到的是原来那一份，所以不需要幂等键。"""
    data = file.read() if (file.size or 0) <= MOST_BYTES else b""
    if not data:
        raise TooLarge("文件是空的，或者超过 20 MB：请只留名册一页，或分成几个文件。")
    offered = queries.offered_on(terms.cover_starts_on, terms.way)
    if unknown := set(terms.schemes) - {row.slug for row in offered}:
        raise services.SchemesRefused(
            f"这一天不能参加这些方案：{'、'.join(sorted(unknown))}。请核对方案和起日。"
        )
    take_in = services.stage if len(data) <= AT_ONCE else services.begin
    try:
        made = take_in(
            employer=employer(request.by, terms.employer),
            editions=[row for row in offered if row.slug in terms.schemes],
            cover_starts_on=terms.cover_starts_on,
            name=file.name or "",
            data=data,
            way=terms.way,
            by=request.by,
            at=request.now,
        )
    except services.SameFileAgain as same:
        made = same.roster
    if made.state == "reading":
        page = reverse("web:roster", args=[made.pk])
        title = f"读取名册：{made.employer.name}"
        jobs.ask(kind="rosters.read", about=made.pk, title=title, address=page, by=request.by, at=request.now)
    return Status(201, _in_full(made))
