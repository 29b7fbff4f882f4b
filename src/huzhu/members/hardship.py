"""Which workers are in hardship."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from huzhu.audit import services as audit
from huzhu.members.models import Member
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed

MARKED_BY = {Role.Code.AGENCY_CLERK, Role.Code.COUNTY_CLERK}


@transaction.atomic
def mark(*, members: Iterable[Member], by: Role, at: datetime) -> int:
    """Note that these workers are in hardship; how many were not noted before."""
    found = list(members)
    if by.code not in MARKED_BY or not all(by.organisation.contains(one.employer) for one in found):
        raise NotAllowed("只有代办处和县区工会可以登记自己范围内的困难职工。请交给管辖单位的机构办理。")
    changed = 0
    for start in range(0, len(found), 500):
        keys = [one.pk for one in found[start : start + 500]]
        changed += Member.objects.filter(pk__in=keys, in_hardship=False).update(in_hardship=True)
    audit.record(by=by, verb="members.mark_hardship", on=by.organisation, at=at, detail={"people": changed})
    return changed
