"""People counted group by group; a sum of groups counts whoever stands in several of them once."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from django.db.models import Count, QuerySet


@dataclass(slots=True)
class People:
    """How many; those who stand in another group too are known by key, and they alone."""

    number: int = 0
    elsewhere: set[Any] = field(default_factory=set)

    def both(self, other: "People") -> int:
        """How many of these are among the others."""
        return len(self.elsewhere & other.elsewhere)

    def add(self, other: "People") -> None:
        self.number += other.number - self.both(other)
        self.elsewhere |= other.elsewhere

    @classmethod
    def of(cls, groups: Iterable["People"]) -> Self:
        """All of these groups together."""
        found = cls()
        for one in groups:
            found.add(one)
        return found


def people(rows: QuerySet[Any], group: str, person: str) -> defaultdict[Any, People]:
    """Whom rows name, by a column that groups them: two statements, however many groups; nobody where there is none."""
    plain = rows.order_by()
    counted = plain.values_list(group).annotate(number=Count(person, distinct=True))
    found = defaultdict(People, {key: People(number) for key, number in counted})
    several = plain.values(person).annotate(groups=Count(group, distinct=True)).filter(groups__gt=1)
    shared = plain.filter(**{f"{person}__in": several.values(person)})
    for key, who in shared.values_list(group, person).distinct():
        found[key].elsewhere.add(who)
    return found
