"""Members and their cover, masked as on the pages."""

from datetime import date
from typing import Any
from uuid import UUID

from django.http import Http404
from ninja import Router, Schema

from huzhu.api.answers import ERRORS, Asked, Listed, Refused, Text, listed, yuan
from huzhu.api.entrance import Bearer
from huzhu.core.identity import mask_account, mask_phone, masked
from huzhu.enrolment import queries as enrolment
from huzhu.members import queries

members = Router(tags=["会员"], auth=Bearer("members"))
covers = Router(tags=["参保"], auth=Bearer("enrolments"))


class Member(Schema):
    id: UUID
    name: str
    id_number: str
    phone: str | None
    sex: str
    employer: str
    in_hardship: bool
    leaving: str
    left_on: date | None


class Account(Schema):
    holder: str
    bank_name: str
    number: str


class MemberInFull(Member):
    account: Account | None


class Sought(Schema):
    text: Text


class Cover(Schema):
    id: UUID
    member: UUID
    member_name: str
    employer: str
    scheme: str
    edition: str
    state: str
    cover_starts_on: date
    cover_ends_on: date
    certificate_no: str | None
    fee: str


def _member(one: Any) -> dict[str, Any]:
    return {
        "id": one.pk,
        "name": one.name,
        "id_number": masked(one.id_number),
        "phone": mask_phone(one.phone) if one.phone else None,
        "sex": one.sex,
        "employer": one.employer.code,
        "in_hardship": one.in_hardship,
        "leaving": one.leaving,
        "left_on": one.left_on,
    }


def _cover(one: Any) -> dict[str, Any]:
    return {
        "id": one.pk,
        "member": one.member_id,
        "member_name": one.member.name,
        "employer": one.employer.code,
        "scheme": one.scheme_slug,
        "edition": one.edition.edition,
        "state": one.state,
        "cover_starts_on": one.cover_starts_on,
        "cover_ends_on": one.cover_ends_on,
        "certificate_no": one.certificate_no,
        "fee": yuan(one.edition.fee_for(one.roster.way if one.roster else "group")),
    }


@members.get("", response={200: Listed[Member], ERRORS: Refused}, summary="会员列表")
def list_members(request: Any, asked: Asked, employer: Text = "") -> Any:
    """`employer`：单位代码。按人找请用 POST /members/search：身份证号不能写在网址里。"""
    found = queries.visible_to(request.by).order_by("pk")
    return listed(found.filter(employer__code=employer) if employer else found, asked, _member)


@members.post("/search", response={200: Listed[Member], ERRORS: Refused}, summary="找会员")
def search_members(request: Any, sought: Sought, asked: Asked) -> Any:
    """按身份证号、末四位、姓名或拼音首字母找；只读，不需要幂等键。"""
    return listed(queries.search(request.by, sought.text), asked, _member)


@members.get("/{key}", response={200: MemberInFull, ERRORS: Refused}, summary="一个会员")
def get_member(request: Any, key: UUID) -> Any:
    one = queries.visible_to(request.by).filter(pk=key).first()
    if one is None:
        raise Http404
    held = queries.current_account(one)
    account = held and {
        "holder": held.holder,
        "bank_name": held.bank_name,
        "number": mask_account(held.number),
    }
    return _member(one) | {"account": account}


@covers.get("", response={200: Listed[Cover], ERRORS: Refused}, summary="参保列表")
def list_covers(
    request: Any,
    asked: Asked,
    member: UUID | None = None,
    scheme: Text = "",
    covering: date | None = None,
    state: Text = "",
) -> Any:
    """`covering`：在这一天有效（含起日，不含止日）。"""
    found = enrolment.visible_to(request.by).select_related("roster").order_by("pk")
    found = found.filter(member=member) if member else found
    found = found.filter(scheme_slug=scheme) if scheme else found
    found = found.covering(covering) if covering else found
    return listed(found.filter(state=state) if state else found, asked, _cover)


@covers.get("/{key}", response={200: Cover, ERRORS: Refused}, summary="一份参保")
def get_cover(request: Any, key: UUID) -> Any:
    one = enrolment.visible_to(request.by).select_related("roster").filter(pk=key).first()
    if one is None:
        raise Http404
    return _cover(one)
