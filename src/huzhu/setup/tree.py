"""What an administrator does to the tree, each within the branch, written down in the transaction of the change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from huzhu.audit.services import record, record_each
from huzhu.organisations import services as organisations
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import agency_of
from huzhu.organisations.services import CannotStandThere
from huzhu.rules.units import SHANGHAI
from huzhu.setup.business import claims_of, money_of, open_business
from huzhu.users.models import Role
from huzhu.users.permissions import check_may


class StillInBusiness(ValueError):
    """Something at the place is not finished, or it is the administrator's own."""


@transaction.atomic
def add(*, by: Role, at: datetime, parent: Organisation, **fields: Any) -> Organisation:
    """Set an organisation below one of the administrator's own; fields as for organisations.services.add."""
    [made] = added([fields | {"parent": alone(parent)}], by=by, at=at)
    return made


def added(wanted: Sequence[Mapping[str, Any]], *, by: Role, at: datetime) -> list[Organisation]:
    """The same for whoever holds the lock already: many of one level, in their transaction."""
    for parent in {fields["parent"] for fields in wanted}:
        check_may(by, "organisations.change", within=parent)
    made = organisations.add_all(wanted)
    acts = [("organisations.add", one, {"code": one.code, "kind": one.kind}) for one in made]
    record_each(by=by, at=at, acts=acts)
    return made


@transaction.atomic
def change(*, place: Organisation, by: Role, at: datetime, **fields: Any) -> list[str]:
    """Another name, sector or number of staff; which columns changed. None changed, none written down."""
    check_may(by, "organisations.change", within=place)
    place = alone(place)
    before = {column: getattr(place, column) for column in fields}
    changed = organisations.change(place, **fields)
    if changed:
        detail = {column: [before[column], getattr(place, column)] for column in changed}
        record(by=by, verb="organisations.change", on=place, at=at, detail=detail)
    return changed


@dataclass(frozen=True, slots=True)
class Sight:
    """Who sees an employer after a move, and who does not any more: (organisation, people with a role there)."""

    gain: list[tuple[Organisation, int]]
    lose: list[tuple[Organisation, int]]


def sight(place: Organisation, parent: Organisation) -> Sight:
    """What a move changes in who sees the place and everything below it."""
    before, after = _above(place), [*_above(parent), parent]
    return Sight(
        gain=[(one, _people(one)) for one in after if one not in before],
        lose=[(one, _people(one)) for one in before if one not in after],
    )


def check_move(*, place: Organisation, parent: Organisation, by: Role, at: datetime) -> None:
    """Raise NotAllowed, CannotStandThere or StillInBusiness unless the administrator may set this employer there."""
    check_may(by, "organisations.change", within=place)
    check_may(by, "organisations.change", within=parent)
    if place.kind != Organisation.Kind.EMPLOYER:
        raise CannotStandThere(f"只有参保单位可以移动，{place.name}是{place.get_kind_display()}。")
    if place.parent_id == parent.pk:
        raise CannotStandThere(f"{place.name}本来就在{parent.name}下面，不用移动。")
    if place.contains(parent):
        raise CannotStandThere(f"{parent.name}就是它自己或它的下属，机构不能放到自己下面。请改选上级。")
    organisations.check_place(kind=place.kind, parent=parent)
    old, new = agency_of(place), agency_of(parent)
    if old == new:
        return
    if left := [*money_of(place, at.astimezone(SHANGHAI).date()), *claims_of(place)]:
        raise StillInBusiness(
            f"{place.name}还不能移到{new.name}：{'；'.join(left)}。这些钱和申请在{old.name}，"
            "请先在那里办完（还没有上报的申请也可以撤回），再移动。"
        )


@transaction.atomic
def move(*, place: Organisation, parent: Organisation, by: Role, at: datetime) -> None:
    """Set an employer, with what is below it, under another parent: other people see it from now on."""
    place, parent = alone(place), alone(parent)
    check_move(place=place, parent=parent, by=by, at=at)
    before = place.parent.code if place.parent else ""
    organisations.move(place, parent=parent)
    record(by=by, verb="organisations.move", on=place, at=at, detail={"from": before, "to": parent.code})


@transaction.atomic
def close(*, place: Organisation, by: Role, at: datetime) -> None:
    """Switch a place off; raises StillInBusiness with all that is not finished. Twice is the same as once."""
    check_may(by, "organisations.change", within=place)
    if place.pk == by.organisation_id:
        raise StillInBusiness("不能停用自己所在的机构。")
    place = alone(place)
    if left := open_business(place, at.astimezone(SHANGHAI).date()):
        raise StillInBusiness(f"{place.name}还不能停用：{'；'.join(left)}。请先办完，再停用。")
    if organisations.switch(place, is_open=False):
        record(by=by, verb="organisations.close", on=place, at=at)


@transaction.atomic
def reopen(*, place: Organisation, by: Role, at: datetime) -> None:
    """Switch a place on again; its parent must be open. Twice is the same as once."""
    check_may(by, "organisations.change", within=place)
    place = alone(place)
    if place.parent and not place.parent.is_open:
        raise StillInBusiness(f"上级{place.parent.name}还停用着。请先启用上级。")
    if organisations.switch(place, is_open=True):
        record(by=by, verb="organisations.reopen", on=place, at=at)


def alone(place: Organisation) -> Organisation:
    """The row as it is now, while nobody else changes the tree: the root is locked first."""
    root = int(place.path.split("/")[0])
    Organisation.objects.select_for_update().get(pk=root)
    return Organisation.objects.select_related("parent").get(pk=place.pk)


def _above(place: Organisation) -> list[Organisation]:
    keys = [int(pk) for pk in place.path.split("/") if pk]
    return list(Organisation.objects.filter(pk__in=keys).exclude(pk=place.pk))


def _people(place: Organisation) -> int:
    return Role.objects.filter(organisation=place, is_active=True, user__is_active=True).count()
