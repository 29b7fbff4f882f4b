"""Which column of a sheet is what: by the words of its header, else guessed from what stands in it."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from huzhu.core.identity import tidy
from huzhu.enrolment.line import LABELS
from huzhu.files.tables import Page, text

LOOKED_AT = 10  # rows in which a header may stand
SHOWN = 14  # rows that a person is shown, and that are guessed from
MOST_COLUMNS = 60
ALIASES = {
    "name": {"姓名", "职工姓名", "名字", "员工姓名", "会员姓名", "参保人", "参保人姓名", "人员姓名"},
    "id_number": {
        "身份证号",
        "身份证号码",
        "身份证",
        "证件号码",
        "证件号",
        "公民身份号码",
        "公民身份证号码",
        "居民身份证号",
        "居民身份证号码",
        "有效身份证号",
        "身份证件号",
        "身份证件号码",
        "参保人身份证号",
    },
    "phone": {
        "手机",
        "手机号",
        "手机号码",
        "联系电话",
        "电话",
        "联系方式",
        "移动电话",
        "本人手机",
        "联系手机",
        "电话号码",
    },
    "sex": {"性别"},
    "bank_name": {
        "开户行",
        "开户银行",
        "银行",
        "开户行名称",
        "银行名称",
        "开户支行",
        "收款银行",
        "工资卡开户行",
        "工资卡开户银行",
        "工资卡银行",
    },
    "account": {
        "银行账号",
        "银行账户",
        "账号",
        "帐号",
        "银行帐号",
        "卡号",
        "银行卡号",
        "工资卡号",
        "工资卡",
        "工资账号",
        "收款账号",
    },
    "insured": {"职工医保", "是否参加职工医保", "参加职工医保", "医保类型", "医保", "基本医保", "医保参保", "是否参保", "参保类型", "险种"},
    "shares": {"份数", "参加份数", "投保份数", "参保份数"},
}  # fmt: skip
_LOOKS = {
    "id_number": re.compile(r"[0-9]{17}[0-9X]|[0-9]{15}|[0-9]\.[0-9]+E\+1[67]"),
    "phone": re.compile(r"1[3-9][0-9]{9}"),
    "account": re.compile(r"[0-9]{16,19}"),
    "sex": re.compile(r"[男女]"),
    "bank_name": re.compile(r".*(?:银行|信用社|工行|农行|建行|中行|邮储).*"),
    "name": re.compile(r"[\u4e00-\u9fff\u3400-\u4dbf]{2,4}|[\u4e00-\u9fff]+(?:[·•][\u4e00-\u9fff]+)+"),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """The page, the row of its header (from 0; -1 for none), our columns by place; and who said so."""

    page: str = ""
    top: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    source: str = "header"  # header, habit or person

    def kept(self) -> dict[str, Any]:
        return asdict(self)


def plain(label: str) -> str:
    """A label without spaces, marks and remarks in brackets."""
    return re.sub(r"[\s*＊：:]|[（(].*[)）]", "", label)


def named(labels: Iterable[str]) -> dict[str, int]:
    """Our columns that these labels name, the leftmost of each."""
    found: dict[str, int] = {}
    for place, label in enumerate(labels):
        for column, names in ALIASES.items():
            if plain(label) in names:
                found.setdefault(column, place)
    return found


def head(page: Page, rows: int = SHOWN) -> list[list[str]]:
    """The first rows as text, none wider than anybody would read."""
    return [[text(cell) for cell in row[:MOST_COLUMNS]] for row in islice(page.rows(), rows)]


def by_header(pages: Sequence[Page]) -> list[Reading]:
    """A reading of every page whose header names at least 姓名 and 身份证号; it may take two rows."""
    found = []
    for page in pages:
        rows = head(page, LOOKED_AT + 1)
        for top in range(min(LOOKED_AT, len(rows))):
            under = named(rows[top + 1]) if top + 1 < len(rows) else {}
            columns = under | named(rows[top])
            if {"name", "id_number"} <= columns.keys():
                found.append(Reading(page.name, top + bool(under), columns))
                break
    return found


def guess(rows: Sequence[Sequence[str]], page: str = "") -> Reading:
    """What the columns seem to be; the header is the row above the first that holds an identity number."""
    people = [at for at, row in enumerate(rows) if any(_looks("id_number", cell) for cell in row)]
    top = people[0] - 1 if people else 0
    columns = named(rows[top]) if 0 <= top < len(rows) else {}
    body = rows[top + 1 :]
    width = max(map(len, rows), default=0)
    for column in _LOOKS:
        if column in columns:
            continue
        free = [place for place in range(width) if place not in columns.values()]
        share = {place: _fitting(column, [row[place] for row in body if place < len(row)]) for place in free}
        best = max(share, key=lambda place: share[place], default=None)
        if best is not None and share[best] * 2 > len(body):
            columns[column] = best
    return Reading(page, top, columns)


def may_be_people(rows: Sequence[Sequence[str]]) -> bool:
    """Whether anything in these rows looks like a list of persons."""
    words = {name for names in ALIASES.values() for name in names}
    numbers = any(_looks("id_number", cell) for row in rows for cell in row)
    return numbers or any(plain(cell) in words for row in rows for cell in row)


def fingerprint(labels: Sequence[str]) -> str:
    """A header as it is remembered: the same words in the same order."""
    return hashlib.sha256("\t".join(map(plain, labels)).strip("\t").encode()).hexdigest()


def wrong(reading: Reading) -> str:
    """Why a person's choice cannot be read; empty when it can."""
    for column in ("name", "id_number"):
        if column not in reading.columns:
            return f"没有选哪一列是{LABELS[column]}：至少要有姓名和身份证号两列。"
    return ""


def _fitting(column: str, cells: Sequence[str]) -> int:
    """How many cells look like it; what differs from person to person counts once, or 一班 would be a name."""
    found = [cell for cell in cells if _looks(column, cell)]
    return len(found) if column in {"sex", "bank_name"} else len(set(found))


def _looks(column: str, cell: str) -> bool:
    return bool(_LOOKS[column].fullmatch(tidy(cell)))
