"""Branches of the tree, for whoever asks."""

from typing import Any

from django.db.models import Q

from huzhu.organisations.models import Organisation, OrganisationQuerySet


class NoneAbove(LookupError):
    """No organisation of the wanted kind stands at or above this one."""


def visible_to(by: Any) -> OrganisationQuerySet:
    """The branch of the asker's own organisation; nothing for members, strangers and roles that have ended."""
    if not getattr(by, "is_current", False):
        return Organisation.objects.none()
    return Organisation.objects.under(by.organisation)


def agency_of(organisation: Organisation) -> Organisation:
    """The city agency at or above; raises NoneAbove for the province and the association."""
    return _nearest(organisation, Organisation.Kind.CITY)


def _nearest(organisation: Organisation, kind: Organisation.Kind) -> Organisation:
    if organisation.kind == kind:
        return organisation
    above = [int(pk) for pk in organisation.path.split("/") if pk]
    found = Organisation.objects.filter(pk__in=above, kind=kind).order_by("-path").first()
    if found is None:
        raise NoneAbove(f"{organisation.name}的上级里没有{kind.label}，请核对机构树。")
    return found


def employers_near(place: Organisation) -> OrganisationQuerySet:
    """Every employer of the same agency: names that anybody there may choose from."""
    return Organisation.objects.under(agency_of(place)).employers()


def employer_named(text: str, *, near: Organisation) -> Organisation | None:
    """The one employer of the same agency with this code or exact name; none where two bear it."""
    found = list(employers_near(near).filter(Q(code=text) | Q(name=text))[:2])
    return found[0] if len(found) == 1 else None
