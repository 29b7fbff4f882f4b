"""Earlier insurance statistics as a spreadsheet: read, checked line by line, and taken in whole or not at all."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from django.db import transaction

from huzhu.audit.services import record
from huzhu.core import money
from huzhu.employers.models import InsuredSheet, InsuredYear
from huzhu.files import services as files
from huzhu.files import tables
from huzhu.files.tables import Table, TableRefused
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import visible_to
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

FIRST_YEAR = 2010
MOST_ROWS = 20_000
SLICE = 500
MOST_COUNT = 10_000_000
MOST_FEN = 10**15
SAMPLE = "示例"
LABELS = {
    "year": "年度",
    "code": "机构代码",
    "name": "机构名称",
    "workers": "参保职工数",
    "stays": "住院人次",
    "pooled_fen": "统筹支付额（元）",
    "own_fen": "个人自付额（元）",
}
COUNTS = ("workers", "stays")
SUMS = ("pooled_fen", "own_fen")
FIGURES = (*COUNTS, *SUMS)
_ALIASES = {
    "year": {"年度", "年份", "年"},
    "code": {"机构代码", "代码", "单位代码"},
    "name": {"机构名称", "单位名称", "名称", "单位", "地区"},
    "workers": {"参保职工数", "参保人数", "职工数", "在职参保职工数"},
    "stays": {"住院人次", "住院人次数"},
    "pooled_fen": {"统筹支付额", "统筹基金支付", "统筹支付"},
    "own_fen": {"个人自付额", "个人自付"},
}


class NotAllGood(ValueError):
    """Some lines are wrong, so that none may be taken in."""


class SheetSettled(ValueError):
    """The sheet was taken in or cancelled already."""


class SameSheetAgain(ValueError):
    """The same file was uploaded before; `sheet` is what became of it."""

    def __init__(self, sheet: InsuredSheet) -> None:
        super().__init__(f"这份文件 {sheet.uploaded_at:%Y-%m-%d} 已经传过，没有再导入；下面是那一次的结果。")
        self.sheet = sheet


@dataclass(slots=True)
class Row:
    """One line of the sheet: as it was typed, what it means, and what is wrong with it by column."""

    number: int
    cells: dict[str, str]
    problems: dict[str, str] = field(default_factory=dict)
    organisation: Organisation | None = None
    year: int = 0
    figures: dict[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """A whole sheet: its lines, and what looks odd but may be so."""

    rows: list[Row]
    warnings: list[str]

    @property
    def bad(self) -> list[Row]:
        return [row for row in self.rows if row.problems]


def stage(*, name: str, data: bytes, by: Role, at: datetime) -> InsuredSheet:
    """Keep an uploaded sheet for its preview; raises TableRefused, NotAccepted, or SameSheetAgain."""
    check_may(by, "employers.insured")
    _rows(tables.read(data, name))  # what cannot be read is not kept
    same = InsuredSheet.objects.filter(
        place=by.organisation, file__sha256=hashlib.sha256(data).hexdigest(), state__in=("staged", "accepted")
    )
    if found := same.select_related("file").order_by("-pk").first():
        raise SameSheetAgain(found)
    with transaction.atomic():
        file = files.store(name=name, data=data, purpose="insured", by=by, at=at)
        return InsuredSheet.objects.create(
            place=by.organisation, file=file, uploaded_at=at, uploaded_by=by.actor_id
        )


def checked(sheet: InsuredSheet, by: Role, on_year: int) -> Checked:
    """The sheet read again from its stored file, and held against the tree as the asker sees it."""
    rows = list(_rows(tables.read(files.read(sheet.file), sheet.file.name)))
    places = list(visible_to(by))
    by_code = {one.code: one for one in places}
    by_name: dict[str, list[Organisation]] = {}
    for one in places:
        by_name.setdefault(one.name, []).append(one)
    for row in rows:
        _find(row, by_code, by_name)
        _read(row, on_year)
    _refuse_twice(rows)
    return Checked(rows, list(_sums_that_differ(rows)))


@transaction.atomic
def accept(*, sheet: InsuredSheet, by: Role, at: datetime, on_year: int) -> int:
    """Take in every line, or none (NotAllGood); a year that was known is corrected. How many lines there were."""
    check_may(by, "employers.insured", within=sheet.place)
    found = checked(sheet, by, on_year)
    if found.bad:
        raise NotAllGood(f"有 {len(found.bad)} 行不对，一行也没有导入。请改好表格重新上传。")
    _settle(sheet, InsuredSheet.State.ACCEPTED)
    corrected = _keep(found.rows, sheet)
    detail = {"rows": len(found.rows), "corrected": corrected}
    record(by=by, verb="employers.accept_insured", on=sheet, at=at, detail=detail)
    return len(found.rows)


@transaction.atomic
def cancel(*, sheet: InsuredSheet, by: Role, at: datetime) -> None:
    """Put a sheet away that was not taken in."""
    check_may(by, "employers.insured", within=sheet.place)
    _settle(sheet, InsuredSheet.State.CANCELLED)
    record(by=by, verb="employers.cancel_insured", on=sheet, at=at)


def _settle(sheet: InsuredSheet, state: str) -> None:
    if not InsuredSheet.objects.filter(pk=sheet.pk, state=InsuredSheet.State.STAGED).update(state=state):
        raise SheetSettled("这份表已经导入或作废过，没有再变动。请刷新页面查看结果。")


def _keep(rows: Iterable[Row], sheet: InsuredSheet) -> int:
    """In how many lines something stood there before."""
    wanted = {(row.organisation.pk, row.year): row for row in rows if row.organisation}
    years = {year for _, year in wanted}
    known = {(one.organisation_id, one.year): one for one in InsuredYear.objects.filter(year__in=years)}
    fresh: list[InsuredYear] = []
    corrected: list[InsuredYear] = []
    for key, row in wanted.items():
        one = known.get(key) or InsuredYear(organisation_id=key[0], year=key[1])
        for name in FIGURES:
            setattr(one, name, row.figures[name])
        one.sheet = sheet
        (corrected if key in known else fresh).append(one)
    InsuredYear.objects.bulk_create(fresh, batch_size=SLICE)
    InsuredYear.objects.bulk_update(corrected, (*FIGURES, "sheet"), batch_size=SLICE)
    return len(corrected)


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────


def _rows(table: Table) -> list[Row]:
    top, columns = _header(table)
    rows = []
    for number, line in enumerate(table[top + 1 :], start=top + 2):
        cells = {name: tables.text(line[at]) for name, at in columns.items() if at < len(line)}
        if any(cells.values()) and not cells.get("name", "").startswith(SAMPLE):
            rows.append(Row(number, cells))
    if not rows:
        raise TableRefused("这份表是空的：表头下面一行也没有。请一个机构一年一行填好后再上传。")
    if len(rows) > MOST_ROWS:
        raise TableRefused(f"这份表有 {len(rows):,} 行，一次最多 {MOST_ROWS:,} 行：请分成几个文件上传。")
    return rows


def _header(table: Table) -> tuple[int, dict[str, int]]:
    for top, line in enumerate(table[:10]):
        found = _columns(tables.text(cell) for cell in line)
        if "year" in found and found.keys() & {"code", "name"} and found.keys() & set(FIGURES):
            return top, found
    raise TableRefused(
        "这不是医保统计模板：前 10 行里没有“年度”、“机构代码”（或“机构名称”）和数字列。请下载模板，填好后再上传。"
    )


def _columns(labels: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for at, label in enumerate(labels):
        plain = re.sub(r"[\s*：:]|[（(].*[)）]", "", label)
        for column, names in _ALIASES.items():
            if plain in names:
                found.setdefault(column, at)
    return found


def _find(row: Row, by_code: dict[str, Organisation], by_name: dict[str, list[Organisation]]) -> None:
    """By its code where one stands there, else by its name."""
    code, name = row.cells.get("code", ""), row.cells.get("name", "")
    if not (code or name):
        row.problems["code"] = "机构代码和机构名称至少填一个"
    elif code:
        row.organisation = by_code.get(code)
        if row.organisation is None:
            row.problems["code"] = f"没有代码是“{code}”的机构{_nearest(name, by_name)}"
        elif name and name != row.organisation.name:
            row.problems["name"] = f"代码 {code} 是“{row.organisation.name}”，和名称不一致"
    elif len(found := by_name.get(name, [])) == 1:
        row.organisation = found[0]
    elif found:
        row.problems["name"] = f"有 {len(found)} 个机构都叫这个名字，请填机构代码"
    else:
        row.problems["name"] = f"没有找到“{name}”{_nearest(name, by_name)}"


def _nearest(name: str, by_name: dict[str, list[Organisation]]) -> str:
    close = get_close_matches(name, by_name, n=1, cutoff=0.5) if name else []
    return (
        f"，是不是“{close[0]}”（代码 {by_name[close[0]][0].code}）？"
        if close
        else "，请核对，或先增加这个机构"
    )


def _read(row: Row, on_year: int) -> None:
    text = row.cells.get("year", "").removesuffix("年")
    if not (text.isascii() and text.isdecimal()):
        row.problems["year"] = "年度要写成 4 位数字，例如 2019"
    elif not FIRST_YEAR <= int(text) <= on_year:
        row.problems["year"] = f"年度要在 {FIRST_YEAR} 到 {on_year} 之间"
    else:
        row.year = int(text)
    for name in COUNTS:
        _take(row, name, _whole)
    for name in SUMS:
        _take(row, name, _fen)
    if not row.problems and not any(value is not None for value in row.figures.values()):
        row.problems["workers"] = "这一行一个数也没有填，请至少填一个，或删去这一行"


def _take(row: Row, name: str, meaning: Any) -> None:
    text = row.cells.get(name, "").replace(",", "").replace("，", "")
    try:
        row.figures[name] = meaning(text) if text else None
    except ValueError as wrong:
        row.problems[name] = str(wrong)


def _whole(text: str) -> int:
    if text.startswith(("-", "−")):
        raise ValueError("不能是负数")
    if not (text.isascii() and text.isdecimal()):
        raise ValueError("要填整数，不知道可以留空")
    if int(text) > MOST_COUNT:
        raise ValueError(f"超过 {MOST_COUNT:,}，请核对")
    return int(text)


def _fen(text: str) -> int:
    if text.startswith(("-", "−")):
        raise ValueError("不能是负数")
    try:
        found = money.fen(text)
    except money.NotMoney:
        raise ValueError("要填金额，单位是元，最多两位小数；不知道可以留空") from None
    if found > MOST_FEN:
        raise ValueError("金额太大，请核对单位是不是元")
    return found


def _refuse_twice(rows: Iterable[Row]) -> None:
    first: dict[tuple[int, int], int] = {}
    for row in rows:
        if row.organisation is None or not row.year:
            continue
        key = (row.organisation.pk, row.year)
        if key in first:
            row.problems["code"] = f"和第 {first[key]} 行重复：同一机构同一年只能有一行"
        else:
            first[key] = row.number


def _sums_that_differ(rows: list[Row]) -> Iterator[str]:
    """An upper figure beside the sum of what stands below it in the same sheet: the bureau may know of more."""
    good = [(row.organisation, row) for row in rows if row.organisation and row.year]
    for place, upper in good:
        if place.kind == Organisation.Kind.EMPLOYER:
            continue
        same_year = [pair for pair in good if pair[1].year == upper.year and pair[0] != place]
        below = [row for one, row in same_year if place.contains(one) and one.kind == "employer"]
        below = below or [row for one, row in same_year if one.parent_id == place.pk]
        for name in FIGURES:
            parts = [value for row in below if (value := row.figures.get(name)) is not None]
            whole = upper.figures.get(name)
            if parts and whole is not None and sum(parts) != whole:
                told, other = (_told(name, value) for value in (sum(parts), whole))
                yield f"{upper.year} 年 {place.name}：{LABELS[name]}的下属合计 {told}，总数 {other}，请核对。"


def _told(name: str, value: int) -> str:
    return money.spoken(value) if name in SUMS else f"{value:,}"
