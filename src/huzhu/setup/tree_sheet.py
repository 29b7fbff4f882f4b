"""The tree as a spreadsheet: what each row would do, and all of it done at once or not at all."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from huzhu.files import services as files
from huzhu.files.models import StoredFile
from huzhu.jobs.working import Tell, quietly
from huzhu.organisations import services as organisations
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import visible_to
from huzhu.organisations.services import PARENTS, NotAPlace
from huzhu.setup import sheets, tree
from huzhu.setup.sheets import Column, Row
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

PURPOSE = "setup.tree"
AT_ONCE = 300  # rows that are taken while the person waits
Kind, Sector = Organisation.Kind, Organisation.Sector
COLUMNS = (
    Column(
        "name", "名称", frozenset({"机构名称", "单位名称", "单位"}), 32, "示例：美溪林业局公司（这一行不读）"
    ),
    Column("code", "代码", frozenset({"机构代码", "单位代码"}), 14, "SG-001"),
    Column("kind", "类别", frozenset({"机构类别"}), 14, "参保单位"),
    Column(
        "parent",
        "上级代码或名称",
        frozenset({"上级", "上级机构", "上级代码", "上级名称"}),
        24,
        "伊春森工集团工会",
    ),
    Column("sector", "单位类型", frozenset({"类型"}), 12, "森工"),
    Column("staff", "在职职工数", frozenset({"职工数", "人数", "在职人数"}), 12, "2500"),
)
HELP = (
    "一行一个机构，从第 2 行开始填；以“示例”开头的行不读，可以不删。",
    f"类别：{'、'.join(kind.label for kind in Kind if kind != Kind.ASSOCIATION)}。",
    f"单位类型（只有参保单位填）：{'、'.join(Sector.labels)}。",
    "上级写代码或名称，可以是已有的机构，也可以是同一张表里的；次序不限。空着就是您自己所在的机构。",
    "代码可以空着，系统按上级的代码往下编；已有的机构按代码（没写代码按名称和上级）认出来，名称、类型、职工数不同就改，其余不动。",
    "整张表一起办：有一格不对，全部不办。同一张表再传一次，什么也不会变。",
)
_KINDS = {label: kind for kind, label in Kind.choices} | {
    "省": Kind.PROVINCE, "办事处": Kind.PROVINCE, "市": Kind.CITY, "代办处": Kind.CITY,
    "县区": Kind.COUNTY, "县总工会": Kind.COUNTY, "区总工会": Kind.COUNTY, "总工会": Kind.COUNTY, "县区工会": Kind.COUNTY,
    "集团": Kind.GROUP, "产业工会": Kind.GROUP, "单位": Kind.EMPLOYER, "企业": Kind.EMPLOYER,
}  # fmt: skip
_SECTORS = {label: code for code, label in Sector.choices} | {
    "市直": Sector.MUNICIPAL, "县区": Sector.COUNTY, "县直单位": Sector.COUNTY, "林业": Sector.FORESTRY,
}  # fmt: skip


class TreeRefused(ValueError):
    """The list cannot be taken as it is: cells are wrong, or the tree has changed meanwhile."""


@dataclass(slots=True)
class Planned:
    """What one row would do: `there` is the place it means, `above` its parent, a place or another row."""

    row: Row
    kind: str = ""
    sector: str = ""
    staff: int = 0
    there: Organisation | None = None
    above: "Organisation | Planned | None" = None
    changes: list[tuple[str, str, str]] = field(default_factory=list)  # label, before, after
    made: Organisation | None = None

    @property
    def act(self) -> str:
        """new, change or same."""
        return "new" if self.there is None else "change" if self.changes else "same"

    @property
    def place(self) -> Organisation | None:
        """What stands in the tree for it: from before, or made just now."""
        return self.there or self.made

    @property
    def parent(self) -> Organisation | None:
        """What it stands below, once that stands."""
        return self.above.place if isinstance(self.above, Planned) else self.above

    @property
    def name(self) -> str:
        return self.row.cells["name"]

    @property
    def fields(self) -> dict[str, Any]:
        return {"name": self.name, "sector": self.sector, "staff_count": self.staff}


@dataclass(slots=True)
class Plan:
    """The whole list, parents before what stands below them."""

    rows: list[Planned]

    @property
    def bad(self) -> list[Planned]:
        return [one for one in self.rows if one.row.problems]

    def count(self, act: str) -> int:
        return sum(one.act == act and not one.row.problems for one in self.rows)

    @property
    def said(self) -> str:
        """What was done, for whoever asked for it."""
        new, change, same = (self.count(act) for act in ("new", "change", "same"))
        return f"加了 {new:,} 个机构，改了 {change:,} 个，{same:,} 个没有不同。"


def store(*, name: str, data: bytes, by: Role, at: datetime) -> StoredFile:
    """Keep an uploaded list that can be read; raises TableRefused or NotAccepted. Nothing is added yet."""
    check_may(by, "organisations.change")
    _rows_of(data, name)
    return files.store(name=name, data=data, purpose=PURPOSE, by=by, at=at)


def plan(file: StoredFile, *, by: Role) -> Plan:
    """What the list would do to the branch as it is now, with what is wrong at each cell."""
    return _planned(_rows_of(files.read(file), file.name), by)


def is_large(file: StoredFile) -> bool:
    """Whether taking it belongs to the worker."""
    return len(_rows_of(files.read(file), file.name)) > AT_ONCE


def _planned(rows: list[Row], by: Role) -> Plan:
    return _Planner(by, [Planned(row) for row in rows]).plan()


def take(*, file: StoredFile, by: Role, at: datetime, tell: Tell = quietly) -> Plan:
    """Do all of it; raises TreeRefused where one cell is wrong. What is there already stays as it is."""
    check_may(by, "organisations.change")
    tell(0, 0, "正在打开表格")
    rows = _rows_of(files.read(file), file.name)
    tell(0, len(rows), "正在核对和办理")
    with transaction.atomic():
        tree.alone(by.organisation)
        found = _planned(rows, by)
        if found.bad:
            raise TreeRefused(
                f"有 {len(found.bad)} 行不对，所以一行也没有办。请按页上的说明改好表格，再上传。"
            )
        _add([one for one in found.rows if one.there is None], by, at)
        for one in found.rows:
            if one.there is not None and one.changes:
                tree.change(place=one.there, by=by, at=at, **one.fields)
    return found


def _add(rows: list[Planned], by: Role, at: datetime) -> None:
    """Level by level: those whose parent stands, then those below them."""
    taken = organisations.codes()
    while rows:
        ready = [one for one in rows if one.parent is not None]
        assert ready  # noqa: S101  a good plan has no row without a parent
        wanted = []
        for one in ready:
            code = one.row.cells["code"] or organisations.suggested_code(
                kind=one.kind, name=one.name, parent=one.parent, taken=taken
            )
            taken.add(code)
            wanted.append(one.fields | {"kind": one.kind, "code": code, "parent": one.parent})
        rows = [one for one in rows if one.parent is None]
        for one, made in zip(ready, tree.added(wanted, by=by, at=at), strict=True):
            one.made = made


def _rows_of(data: bytes, name: str) -> list[Row]:
    return sheets.read(data, name, COLUMNS, needed=frozenset({"name", "kind"}))


class _Planner:
    """Looks every row up: its kind and figures, the place it means, the parent it names."""

    def __init__(self, by: Role, rows: list[Planned]) -> None:
        self.by, self.rows = by, rows
        self.places = list(visible_to(by))
        self.codes = {place.code: place for place in self.places}
        self.row_codes = {one.row.cells["code"]: one for one in rows if one.row.cells.get("code")}
        self.row_names: dict[str, list[Planned]] = {}
        self.names: dict[str, list[Organisation]] = {}
        for place in self.places:
            self.names.setdefault(place.name, []).append(place)

    def plan(self) -> Plan:
        for one in self.rows:
            self._read(one)
            self.row_names.setdefault(one.name, []).append(one)
        self._refuse_repeats()
        for one in self.rows:
            one.above = self._parent(one)
        ordered = self._parents_first()
        for one in ordered:  # a row is found below its parent, so the parent is looked up before
            self._find(one)
            self._check_place(one)
        return Plan(ordered)

    def _read(self, one: Planned) -> None:
        cells = one.row.cells
        for column in COLUMNS:
            cells.setdefault(column.name, "")
        cells["name"] = " ".join(cells["name"].split())
        one.kind = _KINDS.get(cells["kind"], "")
        one.sector = _SECTORS.get(cells["sector"], cells["sector"])
        digits = cells["staff"].replace(",", "").replace("，", "").removesuffix("人")
        if digits and not (digits.isdecimal() and len(digits) < 10):
            one.row.wrong("staff", "在职职工数要写成整数，例如 2500")
        else:
            one.staff = int(digits or 0)
        if not one.kind:
            labels = "、".join(kind.label for kind in Kind if kind != Kind.ASSOCIATION)
            one.row.wrong("kind", f"类别写的是“{cells['kind']}”，请写{labels}之一")
            return
        try:
            organisations.checked(kind=one.kind, name=one.name, sector=one.sector, staff_count=one.staff)
            if cells["code"]:
                organisations.checked_code(cells["code"])
        except NotAPlace as wrong:
            one.row.wrong({"staff_count": "staff"}.get(wrong.field, wrong.field), str(wrong).rstrip("。"))

    def _refuse_repeats(self) -> None:
        codes = Counter(one.row.cells["code"] for one in self.rows if one.row.cells["code"])
        named = Counter((one.name, one.row.cells["parent"]) for one in self.rows)
        for one in self.rows:
            if codes[one.row.cells["code"]] > 1:
                one.row.wrong(
                    "code", f"代码 {one.row.cells['code']} 在表里写了 {codes[one.row.cells['code']]} 次"
                )
            elif named[(one.name, one.row.cells["parent"])] > 1:
                one.row.wrong("name", "同一个上级下面，这个名称在表里写了不止一次")

    def _parent(self, one: Planned) -> Organisation | Planned | None:
        """By code, then by name; in the list and in the branch alike. Nothing written means the administrator's own place."""
        said = one.row.cells["parent"]
        if not said:
            return self._own(one)
        for found in (self.codes.get(said), self.row_codes.get(said)):
            if found is not None and found is not one:
                return found
        rows = [other for other in self.row_names.get(said, []) if other is not one]
        places = self.names.get(said, [])
        known = {row.row.cells["code"] for row in rows}
        places = [place for place in places if place.code not in known and not (rows and len(places) == 1)]
        both: list[Organisation | Planned] = [*rows, *places]
        if len(both) == 1:
            return both[0]
        words = (
            f"有 {len(both)} 个机构叫“{said}”，请写代码"
            if both
            else f"您管的机构和这张表里都没有“{said}”，请核对上级的代码或名称"
        )
        one.row.wrong("parent", words)
        return None

    def _own(self, one: Planned) -> Organisation | None:
        """Left empty by a place that is there already, the parent stays what it is."""
        there = self.codes.get(one.row.cells["code"])
        if there is not None and there.parent_id:
            return next((place for place in self.places if place.pk == there.parent_id), self.by.organisation)
        return self.by.organisation

    def _find(self, one: Planned) -> None:
        """The place a row means: by its code, else by its name below the same parent."""
        code = one.row.cells["code"]
        above = one.above.place if isinstance(one.above, Planned) else one.above
        if code:
            one.there = self.codes.get(code)
        elif above is not None:
            same = [place for place in self.names.get(one.name, []) if place.parent_id == above.pk]
            one.there = same[0] if len(same) == 1 else None
        if one.there is None:
            if code and Organisation.objects.filter(code=code).exists():
                one.row.wrong("code", f"代码 {code} 已经有机构在用，请换一个")
            return
        self._compare(one, one.there, above)

    def _compare(self, one: Planned, there: Organisation, above: Organisation | None) -> None:
        if one.kind and there.kind != one.kind:
            one.row.wrong("kind", f"{there.name}已经是{there.get_kind_display()}，类别不能改")
        if one.row.cells["parent"] and (above is None or there.parent_id != above.pk):
            one.row.wrong(
                "parent", f"{there.name}现在的上级是{there.parent or '（没有）'}；移动请在机构页上办"
            )
        if not there.is_open:
            one.row.wrong("name", f"{there.name}已经停用，请先在机构页上重新启用")
        sectors = dict(Sector.choices)
        pairs = [
            ("名称", there.name, one.name),
            ("单位类型", sectors.get(there.sector, ""), sectors.get(one.sector, "")),
            ("在职职工数", str(there.staff_count), str(one.staff)),
        ]
        if not one.row.cells["staff"]:  # nothing written changes nothing
            one.staff, pairs = there.staff_count, pairs[:2]
        one.changes = [(label, before, after) for label, before, after in pairs if before != after]

    def _check_place(self, one: Planned) -> None:
        if one.above is None or not one.kind or one.there is not None:
            return
        if one.above.kind not in PARENTS[one.kind]:
            where = "、".join(kind.label for kind in Kind if kind in PARENTS[one.kind])
            said = f"{Kind(one.kind).label}只能设在{where}之下" if where else "全国协会不能从表格里加"
            one.row.wrong("parent", f"{said}，请改上级")
        elif isinstance(one.above, Organisation) and not one.above.is_open:
            one.row.wrong("parent", f"{one.above.name}已经停用，下面不能再设机构")

    def _parents_first(self) -> list[Planned]:
        """In the order of the sheet, but nobody before their parent; who stands below themself is told so."""
        done: dict[int, Planned] = {}
        for one in self.rows:
            chain: list[Planned] = []
            at: Organisation | Planned | None = one
            while isinstance(at, Planned) and id(at) not in done:
                if at in chain:
                    at.row.wrong("parent", "上级绕回了自己，请核对")
                    break
                chain.append(at)
                at = at.above
            done |= {id(link): link for link in reversed(chain)}
        return list(done.values())
