"""How the tree grows."""

from typing import Any

from django.db import IntegrityError, transaction

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


class CannotStandThere(ValueError):
    """An organisation of this kind has no place below that parent."""


class CodeTaken(ValueError):
    """Another organisation already bears this code."""


@transaction.atomic
def add(
    *, kind: str, name: str, code: str, parent: Organisation | None, sector: str = "", staff_count: int = 0
) -> Organisation:
    """Set one organisation below its parent; for set-up: staff do it by users.services.add_organisation."""
    check_place(kind=kind, parent=parent)
    fields: dict[str, Any] = {"kind": kind, "name": name, "code": code, "parent": parent}
    fields |= {"sector": sector, "staff_count": staff_count}
    try:
        with transaction.atomic():
            # the path holds the row's own number, which is known only afterwards; until then the code is unique
            made = Organisation.objects.create(path=f"?{code}", **fields)
    except IntegrityError as problem:
        if not Organisation.objects.filter(code=code).exists():
            raise
        raise CodeTaken(f"机构代码 {code} 已经有机构在用，代码不能重复。请换一个代码。") from problem
    made.path = f"{parent.path if parent else ''}{made.pk}/"
    made.save(update_fields=["path"])
    return made


def check_place(*, kind: str, parent: Organisation | None) -> None:
    """Raise CannotStandThere unless an organisation of this kind may stand directly below the parent."""
    allowed = PARENTS[kind]
    if (parent.kind in allowed) if parent else not allowed:
        return
    label = Kind(kind).label
    where = "、".join(one.label for one in Kind if one in allowed)
    said = f"只能设在{where}之下" if where else "是最高一级，没有上级"
    found = f"{parent.name}是{parent.get_kind_display()}" if parent else "没有选择上级"
    raise CannotStandThere(f"{label}{said}，而{found}。机构的上级决定谁能看到它的资料，请改选上级。")
