"""Verbs on pledges: somebody pays the fee of workers in hardship, every year until they take their word back."""

from datetime import datetime

from django.db import transaction

from huzhu.audit import services as audit
from huzhu.contributions.models import Pledge
from huzhu.core.money import spoken
from huzhu.members.models import Member
from huzhu.organisations.models import Organisation
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

MOST_FEN = 100_000_000  # for one person and year; no fee comes near it


class PledgeRefused(ValueError):
    """A pledge cannot be written down or taken back as told."""


@transaction.atomic
def pledge(  # noqa: PLR0913  the terms of a pledge
    *,
    sponsor_name: str,
    sponsor_kind: str,
    is_named: bool,
    member: Member | None = None,
    place: Organisation | None = None,
    fixed_fen: int | None = None,
    from_year: int,
    note: str = "",
    by: Role,
    at: datetime,
) -> Pledge:
    """For one member or for a place's workers in hardship; rosters whose cover starts from that year on. PledgeRefused."""
    if (member is None) == (place is None):
        raise PledgeRefused("请选一位会员，或者选一个单位的全部困难职工，只选一样。")
    within = member.employer if member else place
    check_may(by, "contributions.pledge", within=within)
    this_year = at.astimezone(SHANGHAI).year
    if not sponsor_name.strip() or sponsor_kind not in Pledge.Kind.values:
        raise PledgeRefused(
            "请填写资助人的姓名或名称，并选择是个人还是单位。不同意公开的，只有代办处和包联干部看得到。"
        )
    if fixed_fen is not None and fixed_fen <= 0:
        raise PledgeRefused("每人每年资助的金额要大于 0；承担职工应缴全部的，请选“职工应缴的全部”。")
    if fixed_fen is not None and fixed_fen > MOST_FEN:
        raise PledgeRefused(
            f"每人每年资助的金额最多 {spoken(MOST_FEN)} 元，没有登记：请核对是不是多写了几位；"
            "承担职工应缴全部的，请选“职工应缴的全部”。"
        )
    if not this_year - 1 <= from_year <= this_year + 5:
        raise PledgeRefused(
            f"起始年份请写 {this_year - 1} 到 {this_year + 5} 之间的年份：按保障起日所在的年份算。"
        )
    same = Pledge.objects.filter(
        withdrawn_at=None, member=member, place=place, sponsor_name=sponsor_name.strip()
    )
    if same.exists():
        raise PledgeRefused(
            "同一位资助人对同一个人（单位）的承诺已经登记过，没有重复登记。要改，请先撤回原来的。"
        )
    kept = Pledge.objects.create(
        sponsor_name=sponsor_name.strip()[:80],
        sponsor_kind=sponsor_kind,
        is_named=is_named,
        member=member,
        place=place,
        fixed_fen=fixed_fen,
        from_year=from_year,
        note=note.strip()[:120],
        recorded_by=by.actor_id,
        recorded_by_name=by.actor_name[:80],
        recorded_at=at,
    )
    detail = {"for": "member" if member else "place", "fixed_fen": fixed_fen, "from_year": from_year}
    audit.record(by=by, verb="contributions.pledge", on=kept, at=at, detail=detail)
    return kept


@transaction.atomic
def withdraw(*, held: Pledge, reason: str, by: Role, at: datetime) -> None:
    """The sponsor takes the word back: later rosters are not paid by it; dues that exist stay as they are."""
    within = held.member.employer if held.member else held.place
    check_may(by, "contributions.pledge", within=within)
    if not reason.strip():
        raise PledgeRefused("没有写撤回的原因：以后要说得清为什么不再资助，请写一句。")
    standing = Pledge.objects.filter(pk=held.pk, withdrawn_at=None)
    if not standing.update(withdrawn_at=at, withdrawn_reason=reason.strip()[:120]):
        raise PledgeRefused("这项承诺已经撤回过了，没有再办。请刷新页面查看。")
    audit.record(
        by=by, verb="contributions.withdraw_pledge", on=held, at=at, detail={"reason": reason.strip()[:120]}
    )
