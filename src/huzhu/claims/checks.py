"""What must hold before a claim is submitted: fields that can be read, an event that is covered, and claimed once."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from huzhu.claims.facts import enrolments_for
from huzhu.claims.kinds import KINDS, LABELS, Event, days_of, kinds_of
from huzhu.claims.lifecycle import CLAIMED
from huzhu.claims.models import Claim, Settlement, SettlementChange, State
from huzhu.db.asked import Asked
from huzhu.enrolment.models import Enrolment
from huzhu.enrolment.queries import Cover
from huzhu.organisations.models import Organisation
from huzhu.rules.units import SHANGHAI


class FieldsNeedWork(ValueError):
    """Fields that are missing or cannot be read; `problems` has a sentence for each."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("；".join(self.problems.values()))


class OutsideCover(ValueError):
    """No enrolment in force covers the event."""


class ClaimedBefore(ValueError):
    """The same settlement or an overlapping stay of the member stands in another claim."""


def check_fit(claim: Claim, *, at: datetime, is_near: bool = True) -> list[Cover]:
    """Everything that must hold when a claim is submitted or goes on; raises the first that does not. The cover found.

    `is_near` is whether there are claims `near` it, where the caller has asked.
    """
    check_fields(claim, at=at)
    covers = check_cover(claim)
    if is_near:
        check_claimed_once(claim)
    return covers


def check_fields(claim: Claim, *, at: datetime) -> None:
    """Raise FieldsNeedWork for what is missing, in the future or in the wrong order."""
    if found := field_problems(claim, at=at):
        raise FieldsNeedWork(found)


def field_problems(claim: Claim, *, at: datetime) -> dict[str, str]:
    """A sentence for each field that would keep the claim from being submitted."""
    found: dict[str, str] = {}
    if not claim.kinds:
        found["kinds"] = "请选申请的项目，可以选几项"
    for kind in kinds_of(claim):
        for name in kind.needs:
            if not getattr(claim, name):
                found[name] = f"申请{kind.label}要填{LABELS[name]}"
    found |= _wrong_dates(claim, at.astimezone(SHANGHAI).date())
    if "women" in claim.kinds and claim.member.sex != "female":
        found["kinds"] = "女性特殊疾病只给女职工，请去掉这一项；登记的性别不对，请先更正会员资料"
    if claim.applicant != Claim.Applicant.SELF and not claim.applicant_name:
        found["applicant_name"] = "替他人申请，请写代办人的姓名"
    if claim.account_id is None:
        found["account"] = "请填收款账户，互助金会付到这里"
    return found


def _wrong_dates(claim: Claim, today: date) -> dict[str, str]:
    found = {}
    for name in ("admitted_on", "discharged_on", "diagnosed_on", "accident_on"):
        if (day := getattr(claim, name)) and day > today:
            found[name] = f"{LABELS[name]} {day} 还没有到，请检查年份和月份"
    if claim.admitted_on and claim.discharged_on and claim.discharged_on < claim.admitted_on:
        found["discharged_on"] = f"出院日期 {claim.discharged_on} 早于入院日期 {claim.admitted_on}，请检查"
    return found


def check_cover(claim: Claim) -> list[Cover]:
    """The enrolments in force that cover one of the event's dates; OutsideCover where there is none."""
    if covers := enrolments_for(claim):
        return covers
    days = "，".join(f"{label}是 {day}" for label, day in days_of(claim).items())
    raise OutsideCover(
        f"{days}，不在{claim.member.name}的保障期内，所以没有提交。{_covers(claim)}"
        "请核对日期；日期没有错而您认为那时有保障，请带互助金保障书到单位工会或代办处查询。"
    )


def _covers(claim: Claim) -> str:
    covers = Enrolment.objects.filter(member=claim.member_id).exclude(state=Enrolment.State.VOID)
    listed = [
        f"{cover.edition.short} {cover.cover_starts_on} 起一年（{cover.get_state_display()}）"
        for cover in covers.select_related("edition").order_by("cover_starts_on", "scheme_slug")
    ]
    return f"登记的保障是：{'、'.join(listed)}。" if listed else "系统里没有登记过保障。"


def uncovered_kinds(claim: Event, covers: list[Cover]) -> list[str]:
    """A sentence for each kind whose own date none of these enrolments covers, though another date is covered."""
    said = []
    for kind in kinds_of(claim):
        day = getattr(claim, kind.day)
        if day and not any(cover.cover_starts_on <= day < cover.cover_ends_on for cover in covers):
            said.append(f"{kind.label}的{kind.day_label} {day} 不在保障期内，这一项可能没有互助金")
    return said


def check_claimed_once(claim: Claim, setl_id: str = "") -> None:
    """Raise ClaimedBefore where this settlement, or an overlapping stay of the member, stands in another claim."""
    is_stay = "inpatient" in claim.kinds and claim.admitted_on is not None
    found = _others(claim, setl_id) if is_stay or setl_id else []
    _check_sheet(claim, found)
    for other in found if is_stay else ():
        if overlap(claim, other):
            raise ClaimedBefore(
                f"{claim.member.name} {other.admitted_on} 到 {other.discharged_on} 的住院已经在申请 {other.number}"
                f"（{_where(other)}）里，与这次 {claim.admitted_on} 到 "
                f"{claim.discharged_on} 的住院重叠。一次住院只能申请一次，请查看那件申请；日期填错的请改正。"
            )


def check_settlement_is_new(claim: Claim, setl_id: str) -> None:
    """Raise ClaimedBefore where the settlement stands in another claim of anybody, anywhere."""
    _check_sheet(claim, _others(claim, setl_id) if setl_id else [])


def _check_sheet(claim: Claim, found: Iterable["Stay"]) -> None:
    for other in found:
        if other.has_sheet:
            whose = f"申请 {other.number}（{_where(other)}）"
            if other.member_id != claim.member_id:
                whose = "另一位会员的申请"
            is_draft = other.state == State.DRAFT
            advice = "请继续填写或撤回那份草稿" if is_draft else "请查看那件申请，或核对结算编号"
            raise ClaimedBefore(f"这张医保结算单已经用在{whose}里。一张结算单只能申请一次，{advice}。")


class Stay(NamedTuple):
    """As much of another claim as says when its member lay in hospital, where it stands, and whether it has the same sheet."""

    pk: Any
    number: str
    member_id: Any
    kinds: list[str]
    admitted_on: date | None
    discharged_on: date | None
    state: str
    office_id: int
    has_sheet: bool


def _where(other: Stay) -> str:
    office = Organisation.objects.get(pk=other.office_id)
    return f"{office.name}，{State(other.state).label}"


def _others(claim: Claim, setl_id: str) -> list[Stay]:
    """Submitted claims of the member with a stay; and whosesoever has this settlement, or had it before the bureau settled
    it anew."""
    # each column has blind indexes of its own
    digests = [*_IS.wanted([setl_id]), *_WAS.wanted([setl_id])] if setl_id else []
    found = map(Stay._make, _OTHERS(claim.member_id, *digests))
    counted = [one for one in found if one.pk != claim.pk and (one.has_sheet or one.state in CLAIMED)]
    return sorted(counted, key=lambda one: one.number)


_IS: Any = Settlement._meta.get_field("setl_id_index")  # noqa: SLF001  Django's documented name for it
_WAS: Any = SettlementChange._meta.get_field("was_setl_id_index")  # noqa: SLF001


def _asked(member: Any, *digests: Any) -> QuerySet[Claim, tuple[Any, ...]]:
    stays = Claim.objects.filter(member=member, admitted_on__isnull=False).exclude(freed())
    if not digests:
        return _told(stays, has_sheet=False)
    now, before = digests[: len(digests) // 2], digests[len(digests) // 2 :]
    sheets = (
        Claim.objects.filter(settlement__setl_id_index__in=now),
        Claim.objects.filter(settlement_changes__was_setl_id_index__in=before),
    )
    return _told(stays, has_sheet=False).union(*(_told(one, has_sheet=True) for one in sheets), all=True)


def _told(found: QuerySet[Claim], *, has_sheet: bool) -> QuerySet[Claim, tuple[Any, ...]]:
    return found.order_by().values_list(*Stay._fields[:-1], Value(has_sheet, BooleanField()))


_OTHERS = Asked(_asked)


def freed() -> Any:
    """Of claims: the settlement was reversed and reckoned again, so that the stay may be claimed with its new settlement."""
    was_reversed = Settlement.objects.filter(claim=OuterRef("pk"), reversed_at__isnull=False)
    waiting = SettlementChange.objects.filter(claim=OuterRef("pk"), state=SettlementChange.State.OPEN)
    return Exists(was_reversed) & ~Exists(waiting)


def submitted() -> QuerySet[Claim]:
    """Claims that a later one is held against, wherever they were made."""
    return Claim.objects.filter(state__in=CLAIMED)


def near() -> QuerySet[Claim]:
    """Of an outer claim: other submitted claims of its member whose stay may overlap; whether it does says `overlap`."""
    last = Coalesce(OuterRef("discharged_on"), OuterRef("admitted_on"))
    found = submitted().filter(member=OuterRef("member"), admitted_on__lte=last).exclude(pk=OuterRef("pk"))
    first = OuterRef("admitted_on")
    return found.filter(Q(discharged_on__gte=first) | Q(admitted_on__gte=first))


def overlap(one: Claim | Stay, other: Claim | Stay) -> bool:
    """Stays are half-open, so that a transfer on the day of discharge is another stay; a stay has at least a day."""
    if "inpatient" not in other.kinds:
        return False
    (first, last), (start, end) = _stay(one), _stay(other)
    return first < end and start < last


def _stay(claim: Claim | Stay) -> tuple[date, date]:
    first = claim.admitted_on or date.max
    return first, max(claim.discharged_on or first, min(first, date(9999, 1, 1)) + timedelta(days=1))


def unknown_kinds(kinds: object) -> list[str]:
    """Names among these that no application can be for."""
    return [str(kind) for kind in kinds if kind not in KINDS] if isinstance(kinds, list | tuple) else ["？"]
