"""The number of an application: its year, and its place in that year."""

from collections.abc import Callable, Iterable

from django.db.models import QuerySet

from huzhu.claims.models import IN_ORDER, Claim
from huzhu.db.rows import Ready, composed, write_each

NEWEST = tuple(one.desc() for one in IN_ORDER)
_FIELDS = Claim._meta.concrete_fields  # noqa: SLF001  Django's documented name for a table's columns


def given_in(year: int) -> QuerySet[Claim, str]:
    """The numbers of the year, the newest first: the first is one look into the index, however many there are."""
    found = Claim.objects.alias(year=IN_ORDER[0]).filter(year=str(year))
    return found.order_by(*NEWEST[1:]).values_list("number", flat=True)


def last_of(year: int, newest: str = "") -> int:
    """The last place given in the year; `newest` is the newest number of all, where the caller knows it."""
    if not newest.startswith(f"{year}-"):
        newest = given_in(year).first() or "-0"
    return int(newest.partition("-")[2])


def enter(claim: Claim, year: int, beside: Callable[[], Iterable[Ready]], newest: str = "") -> None:
    """Insert a new claim under the next free number of the year, and what is written `beside` it once it has its number;
    where another worker takes the number first, under the one after."""
    place, names = last_of(year, newest), [one.name for one in _FIELDS]
    for _ in range(50):
        claim.number = spelled(year, place + 1)
        row = [getattr(claim, one.attname) for one in _FIELDS]
        first = composed(Claim, names, [row], or_else=" ON CONFLICT (number) DO NOTHING")
        if write_each(beside(), first=first):
            claim._state.adding = False  # noqa: SLF001  as Django says it of a row that is there
            return
        place = last_of(year)
    raise RuntimeError("同一时刻新建申请的人太多，没有取到编号。请稍后再试。")


def spelled(year: int, place: int) -> str:
    return f"{year}-{place:06d}"
