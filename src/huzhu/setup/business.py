"""What still goes on at a place: why it cannot be closed yet."""

from collections.abc import Iterator
from datetime import date

from django.db.models import Q

from huzhu.claims.models import Claim, State
from huzhu.contributions.models import Share
from huzhu.enrolment.models import Enrolment, Roster
from huzhu.organisations.models import Organisation
from huzhu.users.models import Role

ENDED = (State.PAID, State.REFUSED, State.WITHDRAWN)


def open_business(place: Organisation, day: date) -> list[str]:
    """A sentence for each thing that is not finished, with its number; empty when the place may be closed."""
    return [words.format(count) for words, count in _counts(place, day) if count]


def _counts(place: Organisation, day: date) -> Iterator[tuple[str, int]]:
    enrolments = Enrolment.objects.filter(employer=place)
    roles = Role.objects.filter(organisation=place, is_active=True, user__is_active=True)
    dues = Share.objects.filter(due__roster__employer=place, due__roster__state=Roster.State.ACCEPTED)
    claims = Claim.objects.filter(Q(employer=place) | Q(office=place)).exclude(state__in=ENDED)
    yield "有 {} 个下属机构没有停用", Organisation.objects.open().filter(parent=place).count()
    yield "有 {} 个角色还在用（先在“人员”里收回）", roles.count()
    yield "有 {} 份名册待确认", Roster.objects.filter(employer=place, state=Roster.State.STAGED).count()
    yield "有 {} 笔会费没有缴齐", sum(share.left_fen > 0 for share in dues)
    yield "有 {} 人次还在保障期内", enrolments.in_force().filter(cover_ends_on__gt=day).count()
    yield "有 {} 件申请没有办完", claims.count()
