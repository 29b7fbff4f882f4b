"""The people of a branch as a workbook."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from huzhu.web.workbooks import Table, workbook

HEADS = ("姓名", "登录名", "角色", "机构", "机构代码", "状态", "最近登录")


def people_workbook(people: Iterable[Any], said: str) -> bytes:
    """A row for each role; for somebody without one, a row all the same."""
    return workbook(Table("人员", said, HEADS, _rows(people)))


def _rows(people: Iterable[Any]) -> Iterable[tuple[str, ...]]:
    for one in people:
        state = "已停用" if not one.is_active else "等设密码" if one.waits else "可登录"
        came = f"{timezone.localtime(one.came):%Y-%m-%d %H:%M}" if one.came else ""
        for role in one.held or [None]:
            place = (
                (role.get_code_display(), role.organisation.name, role.organisation.code)
                if role
                else ("", "", "")
            )
            yield (one.name, one.username, *place, state, came)
