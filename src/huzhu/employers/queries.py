"""Questions about employers, always asked for someone."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from django.db.models import Max, QuerySet
from pypinyin import Style, lazy_pinyin

from huzhu.employers.models import (
    Contact,
    Front,
    HeadCount,
    Industry,
    InsuredSheet,
    InsuredYear,
    Profile,
    Stance,
)
from huzhu.organisations import queries as organisations
from huzhu.organisations.models import Organisation, OrganisationQuerySet
from huzhu.users.models import Role
from huzhu.users.permissions import may

INDUSTRY_NAMES = dict(Industry.choices)
INDUSTRIES = tuple((code, f"{code} {word}") for code, word in Industry.choices)
FRONTS = tuple(Front.choices)
SOURCES = tuple(HeadCount.Source.choices)
WILLING = tuple(Stance.Willing.choices)
CAUSES = tuple(Stance.Cause.choices)
SHORT_CAUSES = {
    "money": "经费不足或不愿自缴",
    "unaware": "不了解",
    "late_papers": "票据滞后，有误解",
    "policy": "政策未覆盖",
    "other": "其他",
}


def visible_to(by: Role) -> OrganisationQuerySet:
    """Employers of the asker's branch whose record they may read."""
    if not may(by, "employers.see"):
        return Organisation.objects.none()
    return organisations.visible_to(by).employers()


def matching(employers: Iterable[Organisation], text: str) -> list[Organisation]:
    """Those whose name, pinyin initials or code hold what was typed; names that begin with it come first."""
    wanted = text.strip().casefold()
    if not wanted:
        return list(employers)
    found = [one for one in employers if fits(one.name, one.code, wanted)]
    return sorted(found, key=lambda one: not _begins(one.name, wanted))


def fits(name: str, code: str, wanted: str) -> bool:
    """Whether an employer is found by this text (in lower case)."""
    return (
        wanted in name.casefold()
        or wanted in code.casefold()
        or (wanted.isascii() and wanted in initials(name))
    )


def _begins(name: str, wanted: str) -> bool:
    return name.casefold().startswith(wanted) or initials(name).startswith(wanted)


@lru_cache(maxsize=50_000)
def initials(name: str) -> str:
    """mxlyjgs for 美溪林业局公司."""
    return "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).casefold()


def profile_of(employer: Organisation) -> Profile:
    """The profile, or an empty one that is not stored."""
    return Profile.objects.filter(employer=employer).first() or Profile(employer=employer)


def profiles(employers: Sequence[Organisation], keys: QuerySet[Any, Any]) -> dict[int, Profile]:
    """Profiles by employer; an empty one that is not stored where there is none. `keys` is the query of theirs."""
    kept = Profile.objects.filter(employer__in=keys)
    found = {one.employer_id: one for one in kept}
    return found | {one.pk: Profile(employer=one) for one in employers if one.pk not in found}


def proven_head_count(employer: Organisation, on: date) -> int | None:
    """The newest head count proven by the day, of that year or before; None where nothing was proven.

    Proven means that a paper lies with it and a clerk of the union looked at it. The least share of staff that
    must join is counted on this; only where nothing was proven, on the reported figure in the tree.
    """
    return proven_head_counts([employer.pk], on).get(employer.pk)


def proven_head_counts(employers: Iterable[int] | QuerySet[Any, Any], on: date) -> dict[int, int]:
    """The same for many at once, by employer."""
    rows = HeadCount.objects.filter(employer__in=employers, year__lte=on.year, proved_on__lte=on)
    return dict(rows.order_by("year", "proved_on", "pk").values_list("employer_id", "count"))


def head_counts(employer: Organisation) -> QuerySet[HeadCount]:
    """All that was told of its staff, newest year first."""
    return HeadCount.objects.filter(employer=employer).select_related("file")


def contacts(employer: Organisation) -> QuerySet[Contact]:
    """Whom to call, the main one first."""
    return Contact.objects.filter(employer=employer, is_current=True).order_by("-is_main", "name", "pk")


def stances_of(employer: Organisation) -> QuerySet[Stance]:
    """What it said of joining, newest first."""
    return Stance.objects.filter(employer=employer)


def stance_of(employer: Organisation) -> Stance:
    """The newest, or 未联系."""
    return stances_of(employer).first() or Stance(employer=employer, willing=Stance.Willing.UNKNOWN)


def stances(employers: Sequence[Organisation], keys: QuerySet[Any, Any]) -> dict[int, Stance]:
    """The newest of each, by employer; 未联系 for those that said nothing. `keys` is the query of theirs."""
    said = Stance.objects.filter(employer__in=keys).order_by().values("employer")
    newest = said.annotate(newest=Max("pk")).values("newest")
    found = {one.employer_id: one for one in Stance.objects.filter(pk__in=newest)}
    unknown = Stance.Willing.UNKNOWN
    return found | {one.pk: Stance(employer=one, willing=unknown) for one in employers if one.pk not in found}


def sheets_visible_to(by: Role) -> QuerySet[InsuredSheet]:
    """Sheets of earlier statistics brought in from the asker's branch."""
    if not may(by, "employers.insured"):
        return InsuredSheet.objects.none()
    found = InsuredSheet.objects.filter(place__path__startswith=by.organisation.path)
    return found.select_related("place", "file").order_by("-uploaded_at", "-pk")


def insured(by: Role) -> dict[int, dict[int, InsuredYear]]:
    """Earlier statistics of the branch: by organisation, then by year."""
    found: dict[int, dict[int, InsuredYear]] = {}
    if not may(by, "employers.see"):
        return found
    rows: Any = InsuredYear.objects.filter(organisation__path__startswith=by.organisation.path)
    for row in rows.order_by("year"):
        found.setdefault(row.organisation_id, {})[row.year] = row
    return found
