"""Employers of the token's branch."""

from typing import Any

from django.db.models import Q
from django.http import Http404
from ninja import Router, Schema

from huzhu.api.answers import ERRORS, Asked, Listed, Refused, Text, listed
from huzhu.api.entrance import Bearer
from huzhu.organisations.queries import visible_to

router = Router(tags=["单位"], auth=Bearer("employers"))


class Employer(Schema):
    code: str
    name: str
    sector: str
    parent: str
    staff_count: int
    is_open: bool


def shown(one: Any) -> dict[str, Any]:
    return {
        "code": one.code,
        "name": one.name,
        "sector": one.get_sector_display(),
        "parent": one.parent.code,
        "staff_count": one.staff_count,
        "is_open": one.is_open,
    }


def employers(by: Any) -> Any:
    """Every employer of the branch, closed ones too."""
    return visible_to(by).filter(kind="employer").select_related("parent").order_by("code")


def employer(by: Any, code: str) -> Any:
    """The employer with this code; Http404 where the branch has none."""
    found = employers(by).filter(code=code).first()
    if found is None:
        raise Http404
    return found


@router.get("", response={200: Listed[Employer], ERRORS: Refused}, summary="单位列表")
def list_employers(request: Any, asked: Asked, name: Text = "") -> Any:
    """`name`：名称含有的字，或者代码的开头。"""
    found = employers(request.by)
    return listed(
        found.filter(Q(name__contains=name) | Q(code__startswith=name)) if name else found, asked, shown
    )


@router.get("/{code}", response={200: Employer, ERRORS: Refused}, summary="一个单位")
def get_employer(request: Any, code: Text) -> Any:
    return shown(employer(request.by, code))
