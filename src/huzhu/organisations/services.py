"""How the tree grows and changes; staff do it by setup.tree, which asks who may and writes it down."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Substr

from huzhu.core.pinyin import initials
from huzhu.organisations.models import Organisation

Kind = Organisation.Kind
# what may stand directly below what
PARENTS: dict[str, frozenset[str]] = {
    Kind.ASSOCIATION: frozenset(),
    Kind.PROVINCE: frozenset({Kind.ASSOCIATION}),
    Kind.CITY: frozenset({Kind.PROVINCE}),
    Kind.COUNTY: frozenset({Kind.CITY}),
    Kind.GROUP: frozenset({Kind.CITY}),
    Kind.EMPLOYER: frozenset({Kind.CITY, Kind.COUNTY, Kind.GROUP, Kind.EMPLOYER}),
}
SECTORS = Organisation.Sector.choices
LONGEST_PATH = 120
MOST_STAFF = 2_000_000
_ENDS = re.compile(r"(省|市|县|区)?(办事处|代办处|总工会|集团工会|工会)$")


class CannotStandThere(ValueError):
    """An organisation of this kind has no place below that parent."""


class CodeTaken(ValueError):
    """Another organisation already bears this code."""


class NotAPlace(ValueError):
    """A name, code, sector or count that an organisation cannot have; `field` says which."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@transaction.atomic
def add(
    *, kind: str, name: str, code: str, parent: Organisation | None, sector: str = "", staff_count: int = 0
) -> Organisation:
    """Set one organisation below its parent; raises NotAPlace, CannotStandThere or CodeTaken."""
    fields = {"kind": kind, "name": name, "code": code, "parent": parent}
    [made] = add_all([fields | {"sector": sector, "staff_count": staff_count}])
    return made


@transaction.atomic
def add_all(wanted: Sequence[Mapping[str, Any]]) -> list[Organisation]:
    """Set many at once, whose parents stand already; fields and errors as for `add`."""
    made = [_unsaved(**fields) for fields in wanted]
    codes = [one.code for one in made]
    try:
        with transaction.atomic():
            Organisation.objects.bulk_create(made, batch_size=500)
    except IntegrityError as problem:
        code = Organisation.objects.filter(code__in=codes).values_list("code", flat=True).first()
        if code is None:
            raise
        raise CodeTaken(f"机构代码 {code} 已经有机构在用，代码不能重复。请换一个代码。") from problem
    for one in made:
        one.path = f"{one.parent.path if one.parent else ''}{one.pk}/"
    Organisation.objects.bulk_update(made, ["path"], batch_size=200)
    return made


def _unsaved(
    *, kind: str, name: str, code: str, parent: Organisation | None, sector: str = "", staff_count: int = 0
) -> Organisation:
    fields = checked(kind=kind, name=name, sector=sector, staff_count=staff_count)
    code = checked_code(code)
    check_place(kind=kind, parent=parent)
    # the path holds the row's own number, which is known only afterwards; until then the code is unique
    return Organisation(
        kind=kind, code=code, parent=parent, initials=initials(fields["name"]), path=f"?{code}", **fields
    )


@transaction.atomic
def change(organisation: Organisation, *, name: str, sector: str, staff_count: int) -> list[str]:
    """Write new words and figures, and say which columns changed."""
    fields = checked(kind=organisation.kind, name=name, sector=sector, staff_count=staff_count)
    changed = [column for column, value in fields.items() if getattr(organisation, column) != value]
    for column in changed:
        setattr(organisation, column, fields[column])
    organisation.initials = initials(organisation.name)
    if changed:
        organisation.save(update_fields=[*changed, "initials"])
    return changed


@transaction.atomic
def move(organisation: Organisation, *, parent: Organisation) -> None:
    """Set it, with everything below it, under another parent; raises CannotStandThere."""
    check_place(kind=organisation.kind, parent=parent)
    if organisation.contains(parent):
        raise CannotStandThere(f"{parent.name}就是它自己或它的下属，机构不能放到自己下面。请改选上级。")
    before, after = organisation.path, f"{parent.path}{organisation.pk}/"
    below = Organisation.objects.under(organisation)
    deepest = max(len(path) for path in below.values_list("path", flat=True)) - len(before) + len(after)
    if deepest > LONGEST_PATH:
        raise CannotStandThere("层级太深，系统记不下。请把它放到离市代办处近一些的上级下面。")
    rest = Substr(F("path"), len(before) + 1)
    below.update(path=Concat(Value(after), rest))
    Organisation.objects.filter(pk=organisation.pk).update(parent=parent)
    organisation.refresh_from_db()


def switch(organisation: Organisation, *, is_open: bool) -> bool:
    """Close it or open it again; whether that changed anything."""
    changed = Organisation.objects.filter(pk=organisation.pk).exclude(is_open=is_open).update(is_open=is_open)
    organisation.is_open = is_open
    return bool(changed)


def check_place(*, kind: str, parent: Organisation | None) -> None:
    """Raise CannotStandThere unless an organisation of this kind may stand directly below the parent."""
    allowed = PARENTS[kind]
    if parent and not parent.is_open:
        raise CannotStandThere(f"{parent.name}已经停用，下面不能再设机构。请先重新启用它，或改选上级。")
    if (parent.kind in allowed) if parent else not allowed:
        return
    label = Kind(kind).label
    where = "、".join(one.label for one in Kind if one in allowed)
    said = f"只能设在{where}之下" if where else "是最高一级，没有上级"
    found = f"{parent.name}是{parent.get_kind_display()}" if parent else "没有选择上级"
    raise CannotStandThere(f"{label}{said}，而{found}。机构的上级决定谁能看到它的资料，请改选上级。")


def checked(*, kind: str, name: str, sector: str, staff_count: int) -> dict[str, Any]:
    """The columns as they may stand in the table; raises NotAPlace."""
    if kind not in PARENTS:
        raise NotAPlace("kind", f"没有“{kind}”这种机构。请从{'、'.join(Kind.labels)}里选一种。")
    name = " ".join(name.split())
    if not name or len(name) > 80 or not name.isprintable():
        raise NotAPlace("name", "机构名称要填，不超过 80 个字。")
    is_employer = kind == Kind.EMPLOYER
    if is_employer != (sector in Organisation.Sector.values) or (sector and not is_employer):
        sectors = "、".join(Organisation.Sector.labels)
        said = f"参保单位要选单位类型：{sectors}。" if is_employer else "只有参保单位才有单位类型，请留空。"
        raise NotAPlace("sector", said)
    if not 0 <= staff_count <= MOST_STAFF:
        raise NotAPlace("staff_count", f"在职职工数要写成 0 到 {MOST_STAFF:,} 之间的整数。")
    return {"name": name, "sector": sector, "staff_count": staff_count}


def checked_code(code: str) -> str:
    """A code as it may stand in the table; raises NotAPlace."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,19}", code, re.ASCII):
        raise NotAPlace("code", "代码用字母、数字和短横线，不超过 20 个字，例如 YC-01。")
    return code


def codes() -> set[str]:
    """Every code that is borne."""
    return set(Organisation.objects.values_list("code", flat=True))


def suggested_code(
    *, kind: str, name: str, parent: Organisation | None, taken: set[str] | None = None
) -> str:
    """A code nobody bears yet: the initials of the name after the parent's code; employers are counted."""
    taken = codes() if taken is None else taken
    stem = (initials(_ENDS.sub("", name)) or "X").upper()[:6]
    root = parent.code if parent and kind not in {Kind.PROVINCE, Kind.CITY} else ""
    if kind == Kind.EMPLOYER:
        return next(code for n in range(1, 10**6) if (code := f"{root[:15]}-{n:03}") not in taken)
    first = f"{root}-{stem}"[-20:].lstrip("-") if root else stem
    return next(
        code for n in range(1, 10**6) if (code := first if n == 1 else f"{first[:16]}{n}") not in taken
    )
