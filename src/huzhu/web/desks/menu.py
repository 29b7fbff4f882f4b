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


CLERKS = frozenset({"employer_clerk", "county_clerk", "agency_clerk", "administrator"})
# in the order of a year's work; a heading stands above each group where the menu is long
GROUPS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    ("", (Entry("工作台", "web:desk"),)),
    (
        "参加",
        (
            Entry("名册", "web:rosters"),
            Entry("续保", "web:renewals"),
            Entry("个人参加", "web:applications"),
            Entry("名册审批", "web:approvals"),
            Entry("保障书作废", "web:voids"),
        ),
    ),
    (
        "会费",
        (
            Entry("会费", "web:dues"),
            Entry("来款认领", "web:credits"),
            Entry("退费", "web:refunds"),
            Entry("补现金", "web:cashback", frozenset({"employer_clerk", "agency_clerk"})),
            Entry("分担办法", "web:splits"),
            Entry("资助", "web:pledges"),
        ),
    ),
    (
        "单位",
        (
            Entry("单位", "web:employers"),
            Entry("单位档案", "web:own-employer"),
            Entry("走访", "web:outreach"),
        ),
    ),
    (
        "给付",
        (
            Entry("给付申请", "web:claims"),
            Entry("柜台受理", "web:counter"),
            Entry("医保数据", "web:settlements"),
            Entry("审核", "web:queue"),
            Entry("免申即享", "web:automatic"),
            Entry("更正", "web:corrections"),
            Entry("发放", "web:payouts"),
            Entry("待收回", "web:receivables"),
            Entry("账簿", "web:books"),
            Entry("会计月份", "web:months"),
            Entry("日结", "web:days"),
            Entry("其他资金", "web:purses"),
            Entry("账目公示", "web:disclosures"),
            Entry("上解和给付", "web:flows"),
            Entry("银行", "web:bank"),
            Entry("对账", "web:reconciliation"),
        ),
    ),
    (
        "会员",
        (
            Entry("会员", "web:members"),
            Entry("资料变更", "web:changes"),
            Entry("调动", "web:moves"),
            Entry("医保数据同意", "web:consents"),
        ),
    ),
    (
        "其他",
        (
            Entry("数字", "web:numbers"),
            Entry("后台任务", "web:jobs", CLERKS),
            Entry("导出审批", "web:exports"),
            Entry("审计记录", "web:trail"),
            Entry("发件箱", "web:outbox"),
            Entry("机构", "web:places"),
            Entry("人员", "web:people"),
            Entry("接口令牌", "web:tokens"),
            Entry("系统健康", "web:desk-health"),
            Entry("工作日历", "web:calendar"),
        ),
    ),
)
LONG = 10  # entries from which on headings help more than they take up
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
    def menu(self) -> list[tuple[str, list[tuple[str, str, bool]]]]:
        """Groups of word, address, whether the page stands under it; headings only where there are many entries."""
        opened = [(heading, list(self._open(entries))) for heading, entries in GROUPS]
        here = self._here([address for _, entries in opened for _, address in entries])
        groups = [(heading, [(*entry, entry[1] == here) for entry in entries]) for heading, entries in opened]
        is_long = sum(len(entries) for _, entries in groups) >= LONG
        return [(heading if is_long else "", entries) for heading, entries in groups if entries]

    def _open(self, entries: tuple[Entry, ...]) -> Iterator[tuple[str, str]]:
        for entry in entries:
            address, roles = _page(entry.name)
            if self.role.code in roles and (not entry.only or self.role.code in entry.only):
                yield entry.word, address

    @property
    def is_demo(self) -> bool:
        return bool(settings.HUZHU_DEMO)

    @property
    def cast(self) -> Iterator[tuple[str, str]]:
        """Whom the demo can be seen as: the value to send, the words."""
        for role in people.cast():
            yield str(role.pk), f"{role.user.name} · {role.get_code_display()}"
        yield "member", "刘女士 · 会员（手机）"

    def _here(self, addresses: list[str]) -> str:
        """The entry the page stands under: the one that says most of its address; the desk only for itself."""
        home = _page("web:desk")[0]
        under = [one for one in addresses if self.path == one or (one != home and self.path.startswith(one))]
        return max(under, key=len, default="")
