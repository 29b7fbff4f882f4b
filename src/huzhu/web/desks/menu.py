"""The menu of a desk: entries by name of page, each shown to the roles its page opens to."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, resolve, reverse

from huzhu.insight import people


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu: the word, the page, and the roles it is for where the page opens to more."""

    word: str
    name: str
    only: frozenset[str] = frozenset()


ENTRIES = (
    Entry("工作台", "web:desk"),
    Entry("名册", "web:rosters"),
    Entry("个人参加", "web:applications"),
    Entry("续保", "web:renewals"),
    Entry("名册审批", "web:approvals"),
    Entry("会费", "web:dues"),
    Entry("分担办法", "web:splits"),
    Entry("资助", "web:pledges"),
    Entry("单位", "web:employers"),
    Entry("单位档案", "web:own-employer"),
    Entry("走访", "web:outreach"),
    Entry("给付申请", "web:claims"),
    Entry("柜台受理", "web:counter"),
    Entry("审核", "web:queue"),
    Entry("发放", "web:payouts"),
    Entry("账簿", "web:books"),
    Entry("会员", "web:members"),
    Entry("资料变更", "web:changes"),
    Entry("调动", "web:moves"),
    Entry("保障书作废", "web:voids"),
    Entry("数字", "web:numbers"),
    Entry(
        "后台任务", "web:jobs", frozenset({"employer_clerk", "county_clerk", "agency_clerk", "administrator"})
    ),
    Entry("审计记录", "web:trail"),
    Entry("发件箱", "web:outbox"),
    Entry("机构", "web:places"),
    Entry("人员", "web:people"),
    Entry("工作日历", "web:calendar"),
)
TABS = (
    ("⌂", "首页", "web:phone"),
    ("＋", "申请", "web:apply"),
    ("☺", "我的", "web:me"),
)


def tabs(path: str) -> list[tuple[str, str, str, bool]]:
    """The bar at the foot of the phone: sign, word, address, whether the page is this one."""
    pages = [(sign, word, _page(name)[0]) for sign, word, name in TABS]
    return [(sign, word, address, path == address) for sign, word, address in pages if address]


@cache
def _page(name: str) -> tuple[str, frozenset[str]]:
    """Address and roles of a page; no roles where there is no such page."""
    try:
        address = reverse(name)
    except NoReverseMatch:
        return "", frozenset()
    return address, getattr(resolve(address).func, "opens_to", frozenset())


@dataclass(frozen=True, slots=True)
class Desk:
    """What the frame around a page shows: the menu, the person, the demo's switch."""

    role: Any
    path: str

    @property
    def menu(self) -> Iterator[tuple[str, str, bool]]:
        """Word, address, whether the page stands under it."""
        for entry in ENTRIES:
            address, roles = _page(entry.name)
            if self.role.code in roles and (not entry.only or self.role.code in entry.only):
                yield entry.word, address, self._under(address)

    @property
    def is_demo(self) -> bool:
        return bool(settings.HUZHU_DEMO)

    @property
    def cast(self) -> Iterator[tuple[str, str]]:
        """Whom the demo can be seen as: the value to send, the words."""
        for role in people.cast():
            yield str(role.pk), f"{role.user.name} · {role.get_code_display()}"
        yield "member", "刘女士 · 会员（手机）"

    def _under(self, address: str) -> bool:
        return self.path == address if address == _page("web:desk")[0] else self.path.startswith(address)
