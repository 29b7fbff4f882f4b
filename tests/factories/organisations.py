"""The tree: every function builds what must stand above it when that is not given."""

from itertools import count

from huzhu.organisations import services
from huzhu.organisations.models import Organisation

_numbers = count(1)


def _add(kind: str, name: str, parent: Organisation | None, **more) -> Organisation:
    return services.add(kind=kind, name=name, code=f"T{next(_numbers)}", parent=parent, **more)


def an_association(name: str = "中国职工保险互助会") -> Organisation:
    return _add("association", name, None)


def a_province(under: Organisation | None = None, name: str = "黑龙江省办事处") -> Organisation:
    return _add("province", name, under or an_association())


def a_city(under: Organisation | None = None, name: str = "伊春市代办处") -> Organisation:
    return _add("city", name, under or a_province())


def a_county(under: Organisation | None = None, name: str = "铁力市总工会") -> Organisation:
    return _add("county", name, under or a_city())


def a_group(under: Organisation | None = None, name: str = "伊春森工集团工会") -> Organisation:
    return _add("group", name, under or a_city())


def an_employer(
    under: Organisation | None = None,
    sector: str = "forestry",
    staff_count: int = 0,
    name: str = "美溪林业局公司",
) -> Organisation:
    return _add("employer", name, under or a_group(), sector=sector, staff_count=staff_count)
