"""Approval of rosters by the offices above, where one of them asks for it; the author of a roster never approves it."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from huzhu.audit import services as audit
from huzhu.enrolment import services
from huzhu.enrolment.models import ApprovalRule, ApprovalStep, Roster, Way
from huzhu.enrolment.rows import is_large
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import agency_of
from huzhu.users.models import Role
from huzhu.users.permissions import check_may, may

RULES = ApprovalRule.Steps.choices
Kind, Waiting, State = Organisation.Kind, ApprovalStep.State.WAITING, Roster.State
LONGEST = 200
CHANGED_MEANWHILE = "提交之后，名册里有人在别处参加或变更了登记，没有同意。请退回单位，由单位重新核对。"


class ApprovalRefused(services.RosterRefused):
    """The roster cannot be submitted, approved or sent back as it stands."""


class AuthorApproves(ApprovalRefused):
    """The person who uploaded or submitted the roster would approve it."""


class NotTheirTurn(ApprovalRefused):
    """The roster waits for another office, or for none."""


# --- asked ---


def rule_for(employer: Organisation) -> str:
    """What the nearest organisation at or above asks for; nothing unless one says so."""
    above = [int(pk) for pk in employer.path.split("/") if pk]
    rules = ApprovalRule.objects.filter(organisation__in=above).select_related("organisation")
    nearest = max(rules, key=lambda rule: len(rule.organisation.path), default=None)
    return nearest.steps if nearest else ApprovalRule.Steps.NONE


def offices(employer: Organisation) -> list[Organisation]:
    """Who must approve this employer's rosters, in order; where no county or group stands above, the agency does."""
    rule = rule_for(employer)
    if rule == ApprovalRule.Steps.NONE:
        return []
    above = [int(pk) for pk in employer.path.split("/") if pk]
    near = (
        Organisation.objects.filter(pk__in=above, kind__in=(Kind.COUNTY, Kind.GROUP))
        .order_by("-path")
        .first()
    )
    agency = agency_of(employer)
    if near is None:
        return [agency]
    return [near, agency] if rule == ApprovalRule.Steps.BOTH else [near]


def wanted(roster: Roster) -> list[Organisation]:
    """Who must approve this roster, in order; an individual's was looked at by the agency before it became one."""
    return [] if roster.way == Way.INDIVIDUAL else offices(roster.employer)


def round_of(roster: Roster) -> list[ApprovalStep]:
    """The steps since the roster was last submitted, oldest first."""
    steps = list(roster.steps.select_related("office"))
    begins = [at for at, step in enumerate(steps) if step.state == ApprovalStep.State.SUBMITTED]
    return steps[begins[-1] :] if begins else []


def ahead(roster: Roster) -> list[Organisation]:
    """Offices that have not had the roster yet in this round."""
    seen = {step.office_id for step in round_of(roster)[1:]}
    return [office for office in wanted(roster) if office.pk not in seen]


def needed(roster: Roster) -> bool:
    """Whether an office must still approve before anybody joins."""
    asked = {office.pk for office in wanted(roster)}
    given = {step.office_id for step in round_of(roster) if step.state == ApprovalStep.State.APPROVED}
    return not asked <= given


def check(roster: Roster) -> None:
    """Raise ApprovalRefused where the roster must be approved first."""
    if needed(roster):
        names = "、".join(office.name for office in wanted(roster))
        raise ApprovalRefused(f"这份名册要先由{names}审批，还没有人参加。请提交审批。")


def sent_back(roster: Roster) -> ApprovalStep | None:
    """The step that returned the roster, until it is submitted again."""
    last = roster.steps.select_related("office").last()
    return last if last and last.state == ApprovalStep.State.RETURNED else None


def with_returned(rosters: QuerySet[Roster]) -> QuerySet[Roster]:
    """Each roster with `is_returned`."""
    return rosters.annotate(is_returned=Exists(_returns().filter(roster=OuterRef("pk"))))


def _returns() -> QuerySet[ApprovalStep]:
    """Returns that nothing came after."""
    later = ApprovalStep.objects.filter(roster=OuterRef("roster"), pk__gt=OuterRef("pk"))
    return ApprovalStep.objects.filter(~Exists(later), state=ApprovalStep.State.RETURNED)


def waiting_for(by: Role) -> QuerySet[ApprovalStep]:
    """Steps that wait for this person's own office, oldest first; not those of rosters they wrote."""
    if not may(by, "rosters.approve"):
        return ApprovalStep.objects.none()
    steps = ApprovalStep.objects.filter(office=by.organisation, state=Waiting)
    steps = steps.exclude(roster__uploaded_by=by.actor_id)
    return steps.select_related("roster__employer", "office").order_by("pk")


def under_way(by: Role) -> QuerySet[ApprovalStep]:
    """Every step of the branch that waits for somebody."""
    if not may(by, "members.see"):
        return ApprovalStep.objects.none()
    steps = ApprovalStep.objects.filter(
        roster__employer__path__startswith=by.organisation.path, state=Waiting
    )
    return steps.select_related("roster__employer", "office").order_by("pk")


def given(by: Role) -> QuerySet[ApprovalStep]:
    """What the offices said of the branch's rosters, newest first."""
    if not may(by, "members.see"):
        return ApprovalStep.objects.none()
    said = ApprovalStep.objects.filter(
        roster__employer__path__startswith=by.organisation.path,
        state__in=(ApprovalStep.State.APPROVED, ApprovalStep.State.RETURNED),
    )
    return said.select_related("roster__employer", "office").order_by("-pk")


def returned_to(by: Role) -> QuerySet[ApprovalStep]:
    """The last step of rosters of the branch that came back and were not submitted again."""
    if not may(by, "members.see"):
        return ApprovalStep.objects.none()
    back = _returns().filter(
        roster__employer__path__startswith=by.organisation.path, roster__state=State.STAGED
    )
    return back.select_related("roster__employer", "office").order_by("pk")


def is_last(roster: Roster) -> bool:
    """Whether no office comes after the one that has the roster now."""
    return not ahead(roster)


def stands_at(roster: Roster) -> str:
    """The state to which an acceptance that does not come through goes back."""
    step = roster.steps.filter(state=Waiting).select_related("office").first()
    return _state_at(step.office) if step else State.STAGED


def turn_of(roster: Roster, by: Role) -> bool:
    """Whether this person may approve the roster now."""
    return waiting_for(by).filter(roster=roster).exists() and not _wrote(roster, by)


def rules_visible_to(by: Role) -> QuerySet[ApprovalRule]:
    """What is asked for in the branch."""
    if not may(by, "rosters.approval_rule"):
        return ApprovalRule.objects.none()
    rules = ApprovalRule.objects.filter(organisation__path__startswith=by.organisation.path)
    return rules.select_related("organisation").order_by("organisation__path")


# --- done ---


@transaction.atomic
def set_rule(*, organisation: Organisation, steps: str, by: Role, at: datetime) -> ApprovalRule:
    """Ask for approval of the rosters of every employer at or below; rosters accepted before stay as they are."""
    check_may(by, "rosters.approval_rule", within=organisation)
    if steps not in ApprovalRule.Steps.values or organisation.kind == Kind.EMPLOYER:
        raise ApprovalRefused("请选择县区、集团或代办处，再选要不要审批：没有设定。")
    rule, _ = ApprovalRule.objects.update_or_create(organisation=organisation, defaults={"steps": steps})
    audit.record(by=by, verb="rosters.approval_rule", on=organisation, at=at, detail={"steps": steps})
    return rule


@transaction.atomic
def submit(*, roster: Roster, good_only: bool, by: Role, at: datetime) -> Roster:
    """Hand a staged roster to the first office that must approve it; until then nobody changes its rows."""
    check_may(by, "rosters.accept", within=roster.employer)
    ask = wanted(roster)
    if not ask:
        raise ApprovalRefused("这份名册不需要审批，可以直接确认。请刷新页面。")
    bad = roster.rows.filter(joins="").count()
    if bad and not good_only:
        raise services.RowsToMend(f"还有 {bad} 行有问题，没有提交：请先改正，或选择只收好的行。")
    if bad == roster.rows.count():
        raise services.NobodyToEnrol("名册里没有一行是好的，没有提交：请先改正标红的格子。")
    _moved(roster, State.STAGED, _state_at(ask[0]))
    ApprovalStep.objects.create(
        roster=roster,
        office=roster.employer,
        state=ApprovalStep.State.SUBMITTED,
        actor_id=by.actor_id,
        actor_name=by.actor_name,
        at=at,
        good_only=good_only,
    )
    ApprovalStep.objects.create(roster=roster, office=ask[0], state=Waiting)
    audit.record(by=by, verb="rosters.submit", on=roster, at=at, detail={"to": ask[0].code})
    roster.refresh_from_db()
    return roster


@transaction.atomic
def approve(*, roster: Roster, by: Role, at: datetime) -> bool:
    """This office agrees; whether that was the last word. The caller then accepts the roster in the same transaction."""
    step = agree(roster=roster, by=by, at=at)
    left = ahead(roster)
    _moved(roster, _state_at(step.office), _state_at(left[0]) if left else State.STAGED)
    if left:
        ApprovalStep.objects.create(roster=roster, office=left[0], state=Waiting)
    roster.refresh_from_db()
    return not left


def agree(*, roster: Roster, by: Role, at: datetime) -> ApprovalStep:
    """The word of this office alone, in the caller's transaction; the state of the roster is the caller's."""
    step = _taken(roster, ApprovalStep.State.APPROVED, "", by, at)
    audit.record(by=by, verb="rosters.approve", on=roster, at=at)
    return step


def check_turn(roster: Roster, by: Role) -> ApprovalStep:
    """The step that waits for this person. NotAllowed, AuthorApproves, NotTheirTurn."""
    check_may(by, "rosters.approve", within=roster.employer)
    if _wrote(roster, by):
        raise AuthorApproves("名册由您上传或提交，不能由您自己审批：请本机构的另一位同事办理。")
    step = roster.steps.filter(state=Waiting).select_related("office").first()
    if step is None or step.office_id != by.organisation_id:
        whom = f"现在等{step.office.name}审批" if step else "现在没有在等审批"
        raise NotTheirTurn(f"这份名册{whom}，没有改动。请刷新页面查看。")
    return step


@transaction.atomic
def send_back(*, roster: Roster, reason: str, by: Role, at: datetime) -> Roster:
    """The employer must mend the roster and submit it again; its rows are judged anew, those of a large one by the worker."""
    if len(reason.strip()) < 2:
        raise ApprovalRefused("没有写退回的理由，单位不知道要改什么：请写一句话。")
    step = _taken(roster, ApprovalStep.State.RETURNED, reason.strip()[:LONGEST], by, at)
    audit.record(by=by, verb="rosters.send_back", on=roster, at=at, detail={"reason": step.reason})
    _moved(roster, _state_at(step.office), State.STAGED)
    if not is_large(roster):
        services.judge_again(roster=roster, by=by, at=at)
    roster.refresh_from_db()
    return roster


def good_only(roster: Roster) -> bool:
    """Whether the roster was submitted without its bad rows."""
    steps = round_of(roster)
    return bool(steps) and steps[0].good_only


def _state_at(office: Organisation) -> str:
    return State.AT_AGENCY if office.kind == Kind.CITY else State.AT_COUNTY


def _moved(roster: Roster, before: str, after: str) -> None:
    if not Roster.objects.filter(pk=roster.pk, state=before).update(state=after):
        raise NotTheirTurn("这份名册已经由别人办过，没有改动。请刷新页面查看。")


def _wrote(roster: Roster, by: Role) -> bool:
    """A person counts once, whatever roles they have."""
    submitted = Q(state=ApprovalStep.State.SUBMITTED, actor_id=by.actor_id)
    return roster.uploaded_by == by.actor_id or roster.steps.filter(submitted).exists()


def _taken(roster: Roster, state: str, reason: str, by: Role, at: datetime) -> ApprovalStep:
    """The waiting step becomes this person's; only one of two gets it."""
    step = check_turn(roster, by)
    mine = ApprovalStep.objects.filter(pk=step.pk, state=Waiting)
    if not mine.update(state=state, reason=reason, actor_id=by.actor_id, actor_name=by.actor_name, at=at):
        raise NotTheirTurn("这份名册刚刚由别人办过，没有改动。请刷新页面查看。")
    step.refresh_from_db()
    return step
