"""Verbs on applications: somebody joins by themself, proves the phone, hands in; the agency returns or refuses.

Approved (contributions.individuals.approve), an application becomes a roster of one under the agency's holding
employer 个人参加者. So dues, receipts, the ledger, certificates, claims and the checks of stored totals work for
individuals as they stand, and one clerk's list shows what came in by whom. A member without an employer would have
asked every room for a second case; a roster shared by all individuals of a month would have made one person's unpaid
fee hold up the others.
"""

import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Length

from huzhu.audit import services as audit
from huzhu.core.identity import tidy
from huzhu.db import keys
from huzhu.enrolment.entry import Entry, declared_by
from huzhu.enrolment.lifecycle import APPLICATION
from huzhu.enrolment.line import Line
from huzhu.enrolment.models import Application, Enrolment, Roster, RosterRow, Way
from huzhu.enrolment.unpaid import pay_by
from huzhu.members.queries import by_numbers
from huzhu.members.services import account_number
from huzhu.notices import services as notices
from huzhu.organisations import services as organisations
from huzhu.organisations.models import Organisation
from huzhu.rules.entry import Admission
from huzhu.rules.units import SHANGHAI
from huzhu.schemes.models import SchemeEdition
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

GOOD_FOR = timedelta(minutes=10)
SPACING = timedelta(seconds=60)
MOST_TRIES, MOST_A_DAY = 5, 10
KEPT = timedelta(days=1)  # a draft nobody went on with
ONE_DAY = timedelta(days=1)
State = Application.State
AT_THE_COUNTER = "这个身份证号在网上办不了：可能已经登记过，而姓名或手机号和登记的不一样。请带身份证到代办处办理，或让登记过的手机收验证码。"
SENT = "如果身份证号和手机号与申请时填的一致，验证码已经发出，10 分钟内有效。"


class ApplicationRefused(ValueError):
    """An application cannot go on as it stands; the message says what to do."""


class FieldsNeedWork(ApplicationRefused):
    """Some answers are not right; `problems` is field → sentence."""

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        super().__init__("；".join(problems.values()))


class WrongCode(ApplicationRefused):
    """The code is not right, was used, or is too old."""


class TooManyCodes(ApplicationRefused):
    """This phone has been sent enough codes for now."""


class MayNotJoin(ApplicationRefused):
    """The edition's own rules do not let this person in; the sentence is the engine's."""


class AppliedBefore(ApplicationRefused):
    """The same person has an open application for the same scheme."""


class OtherState(ApplicationRefused):
    """Somebody was here before: the application is in another state now."""


class NoReason(ApplicationRefused):
    """A return or a refusal without a word why."""


# ── the person ──


@transaction.atomic
def start(*, edition: SchemeEdition, name: str, id_number: str, phone: str, at: datetime) -> Application:
    """A draft, and a code to the phone; FieldsNeedWork, TooManyCodes. Nothing is said of who is registered."""
    line = _read(name, id_number, phone, at)
    _throw_away_old(at)
    _refuse_many(line.phone, at)
    draft = Application.objects.create(
        edition=edition, name=line.name, id_number=line.id_number, phone=line.phone, started_at=at
    )
    _send(draft, at)
    return draft


def _read(name: str, id_number: str, phone: str, at: datetime) -> Line:
    cells = {"name": name, "id_number": id_number, "phone": phone}
    line = Line.of(1, cells, starts_on=first_day(at))
    if not line.phone:
        line.problems["phone"] = "请填手机号，用来收验证码和办理的消息"
    if line.problems:
        raise FieldsNeedWork(line.problems)
    return line


def first_day(at: datetime) -> date:
    """Cover begins at the earliest tomorrow, and never before the money."""
    return at.astimezone(SHANGHAI).date() + ONE_DAY


def _throw_away_old(at: datetime) -> None:
    Application.objects.filter(state=State.DRAFT, number=None, started_at__lt=at - KEPT).delete()


def _refuse_many(phone: str, at: datetime) -> None:
    lately = Application.objects.filter(phone_index=phone, code_sent_at__gt=at - KEPT)
    if lately.filter(code_sent_at__gt=at - SPACING).exists():
        raise TooManyCodes("验证码刚刚发过，请过一分钟再试。")
    if lately.count() >= MOST_A_DAY:
        raise TooManyCodes("这个手机号今天收的验证码太多了，请明天再试，或到代办处办理。")


@transaction.atomic
def send_again(*, application: Application, at: datetime) -> None:
    """Another code to the same phone; TooManyCodes."""
    locked = Application.objects.select_for_update().get(pk=application.pk)
    _refuse_many(locked.phone, at)
    _send(locked, at)


@transaction.atomic
def send_to_applicant(*, id_number: str, phone: str, at: datetime) -> Application | None:
    """A code for looking at an application again; the page says SENT whether there is one or not."""
    found = _of(id_number, phone)
    if found is not None:
        send_again(application=found, at=at)
    return found


def prove_applicant(*, id_number: str, phone: str, code: str, at: datetime) -> Application:
    """The newest application of this person, once the phone is proved; WrongCode tells nothing of whether there is one."""
    found = _of(id_number, phone)
    if found is None:
        raise _wrong()
    prove(application=found, code=code, at=at)
    return found


def _of(id_number: str, phone: str) -> Application | None:
    number, digits = tidy(id_number), tidy(phone)
    if not number or not digits:
        return None
    handed_in = Application.objects.exclude(state=State.DRAFT)
    handed_in = handed_in.filter(id_number_index=number, phone_index=digits)
    return handed_in.order_by("-submitted_at").first()


def _send(application: Application, at: datetime) -> None:
    code = f"{secrets.randbelow(1_000_000):06d}"
    application.digest, application.code_sent_at, application.tries = _digest(application, code), at, 0
    application.save(update_fields=["digest", "code_sent_at", "tries"])
    text = f"【职工互助保障】验证码 {code}，10 分钟内有效，用于个人参加。请勿告诉他人。"
    notices.send(phone=application.phone, text=text, purpose="sign_in", about=application, at=at)


def _digest(application: Application, code: str) -> str:
    return keys.cipher().blind_index(code, purpose=f"enrolment.application.{application.pk}")


def prove(*, application: Application, code: str, at: datetime) -> None:
    """The phone is this person's: the code is right, within minutes and a few tries, once; else WrongCode."""
    tried = Application.objects.filter(pk=application.pk, tries__lt=MOST_TRIES).exclude(digest="")
    if not tried.update(tries=F("tries") + 1):  # outside any transaction, so that a refusal keeps the count
        raise _wrong()
    application.refresh_from_db()
    sent = application.code_sent_at
    if sent is None or sent <= at - GOOD_FOR:
        raise _wrong()
    if not secrets.compare_digest(application.digest, _digest(application, code.strip())):
        raise _wrong()
    if application.state == State.DRAFT and not _is_who_is_registered(application):
        raise ApplicationRefused(AT_THE_COUNTER)
    with transaction.atomic():
        used = Application.objects.filter(pk=application.pk, digest=application.digest)
        if not used.update(digest="", proved_at=at):
            raise _wrong()
        audit.record(by=application, verb="applications.prove", on=application, at=at)
    application.refresh_from_db()


def _wrong() -> WrongCode:
    return WrongCode("验证码不对、已经用过，或超过了 10 分钟。请再看一眼短信，或重新发一个。")


def _is_who_is_registered(application: Application) -> bool:
    """A member is told of their cover only on the phone that is registered for them."""
    member = by_numbers([application.id_number]).get(application.id_number)
    return member is None or (member.name, member.phone) == (application.name, application.phone)


@transaction.atomic
def fill(*, application: Application, at: datetime, **fields: Any) -> None:
    """Answers of one page, kept at once; FieldsNeedWork names each that is not right, and keeps none of them."""
    locked = _open(application, (State.DRAFT, State.RETURNED))
    problems = {name: said for name, value in fields.items() if (said := _problem(name, value))}
    if "account" in fields:
        problems |= _account_problems(fields)
    if problems:
        raise FieldsNeedWork(problems)
    for name, value in fields.items():
        setattr(locked, name, value or None if name == "account" else value)
    locked.save(update_fields=list(fields))
    audit.record(by=locked, verb="applications.fill", on=locked, at=at, detail={"fields": sorted(fields)})
    application.refresh_from_db()


def _problem(name: str, value: Any) -> str:
    wanted = {
        "occupation": (value in Application.Occupation.values, "请选一个最接近的"),
        "agency": (value is not None, "请选您干活所在地的代办处"),
        "insured": (value in {"yes", "no"}, "请选有没有职工医保"),
        "already_ill": (value in {True, False}, "请选一个；如实填写，将来申请时才不会出差错"),
        "platform": (len(str(value)) <= 60, "平台名称太长，请写简称"),
    }
    good, sentence = wanted.get(name, (True, ""))
    return "" if good else sentence


def _account_problems(fields: dict[str, Any]) -> dict[str, str]:
    bank, number = str(fields.get("bank_name", "")), str(fields["account"])
    if not (bank or number):
        return {}
    cells = {"name": "某", "bank_name": bank, "account": number}
    line = Line.of(1, cells, starts_on=date.max)
    found = line.half_account | line.problems
    problems: dict[str, str] = {name: found[name] for name in ("bank_name", "account") if name in found}
    if not problems:
        fields["account"] = account_number(number)
    return problems


def lacking(application: Application) -> list[str]:
    """Pages that still want an answer, in their order."""
    wanted = {
        "code": application.proved_at is None,
        "work": not (application.occupation and application.agency_id and application.insured),
        "health": application.already_ill is None,
    }
    return [page for page, lacks in wanted.items() if lacks]


def judge(*, application: Application, at: datetime) -> Admission:
    """The edition's decision on this person as the answers stand, with its reasoning."""
    gate, line = _gate(application, first_day(at))
    return gate.doors[application.edition_id].admission(gate.facts(line, application.edition))


def _gate(application: Application, starts_on: date) -> tuple[Entry, Line]:
    line = line_of(application, starts_on)
    gate = Entry(
        [application.edition],
        starts_on,
        way=Way.INDIVIDUAL,
        declared=declared_by([application]),
    )
    gate.learn([line])
    return gate, line


def line_of(application: Application, starts_on: date) -> Line:
    cells = {
        name: getattr(application, name) or ""
        for name in ("name", "id_number", "phone", "bank_name", "account")
    }
    return Line.of(1, cells, starts_on=starts_on)


@transaction.atomic
def submit(*, application: Application, at: datetime) -> Application:
    """Hand it in to the agency; MayNotJoin with the engine's sentence, AppliedBefore, FieldsNeedWork."""
    locked = _open(application, (State.DRAFT, State.RETURNED))
    if pages := lacking(locked):
        raise FieldsNeedWork(dict.fromkeys(pages, "这一页还没有填完"))
    found = judge(application=locked, at=at)
    if not found.joins:
        raise MayNotJoin(found.sentence)
    assert locked.agency is not None  # noqa: S101  lacking() has seen to it
    Organisation.objects.select_for_update(no_key=True).get(pk=locked.agency.pk)
    locked.number = locked.number or _next_number(locked.agency, at)
    locked.state, locked.submitted_at, locked.reason = State.SUBMITTED, at, ""
    try:
        with transaction.atomic():
            locked.save(update_fields=["number", "state", "submitted_at", "reason"])
    except IntegrityError:
        raise AppliedBefore(
            "您已经有一份这个方案的申请在办，不用再交。请在“查看申请”里看办到哪一步。"
        ) from None
    audit.record(by=locked, verb="applications.submit", on=locked, at=at)
    _tell(locked, f"您的参加申请 {locked.number} 已提交，审核后发短信告诉您，审核通过再缴费。", at)
    application.refresh_from_db()
    return locked


def _next_number(agency: Organisation, at: datetime) -> str:
    """GR, agency, year, running number; the agency's row is locked while it is given out."""
    prefix = f"GR{agency.pk}-{at.astimezone(SHANGHAI):%Y}-"
    given = Application.objects.filter(number__startswith=prefix)
    last = given.order_by(Length("number").desc(), "-number").first()  # by text alone 9999 is above 10000
    return f"{prefix}{int((last.number or '0').rpartition('-')[2]) + 1 if last else 1:04d}"


@transaction.atomic
def withdraw(*, application: Application, at: datetime) -> None:
    """The person no longer wants it."""
    locked = _open(application, (State.SUBMITTED, State.RETURNED))
    _settle(locked, State.WITHDRAWN, by=locked, reason="", at=at)
    application.refresh_from_db()


# ── the agency ──


@transaction.atomic
def send_back(*, application: Application, reason: str, by: Role, at: datetime) -> None:
    """Ask the person to mend something; they are told, and may hand it in again."""
    check_may(by, "applications.review", within=application.agency)
    locked = _open(application, (State.SUBMITTED,))
    _settle(locked, State.RETURNED, by=by, reason=_said(reason), at=at)
    _tell(
        locked, f"您的参加申请 {locked.number} 要改一下：{locked.reason}。请在“个人参加”页面查看并修改。", at
    )


@transaction.atomic
def refuse(*, application: Application, reason: str, by: Role, at: datetime) -> None:
    """A person says no, with a reason; the applicant is told."""
    check_may(by, "applications.review", within=application.agency)
    locked = _open(application, (State.SUBMITTED,))
    _settle(locked, State.REFUSED, by=by, reason=_said(reason), at=at)
    _tell(locked, f"您的参加申请 {locked.number} 没有通过：{locked.reason}。有疑问请问代办处。", at)


def _said(reason: str) -> str:
    if len(reason.strip()) < 2:
        raise NoReason("没有写原因，申请人不知道为什么：请写一句话。")
    return reason.strip()[:200].rstrip("。")


@transaction.atomic
def stage(*, application: Application, by: Role, at: datetime) -> Roster:
    """The application as a roster of one that can be accepted; contributions.individuals.approve goes on from here."""
    check_may(by, "applications.review", within=application.agency)
    locked = _open(application, (State.SUBMITTED,))
    assert locked.agency is not None  # noqa: S101  nothing is submitted without one
    starts_on = first_day(at)
    gate, line = _gate(locked, starts_on)
    joined = gate.judge(line)
    if not joined:
        raise MayNotJoin(next(iter(line.problems.values()), "这个人现在不能参加。"))
    roster = Roster.objects.create(
        employer=holder_of(locked.agency),
        way=Way.INDIVIDUAL,
        cover_starts_on=starts_on,
        uploaded_at=at,
        uploaded_by=by.actor_id,
    )
    roster.editions.set([locked.edition])
    RosterRow.objects.create(
        roster=roster,
        number=1,
        name=line.name,
        id_number=line.id_number,
        phone=line.phone,
        bank_name=line.bank_name,
        account=line.account or None,
        joins=",".join(str(row.pk) for row in joined),
    )
    locked.roster = roster
    locked.save(update_fields=["roster"])
    return roster


@transaction.atomic
def settle_approved(*, application: Application, by: Role, at: datetime) -> None:
    """The roster was accepted: the person is told what to pay. Called by contributions, which asked for permission."""
    locked = _open(application, (State.SUBMITTED,))
    _settle(locked, State.APPROVED, by=by, reason="", at=at)
    yuan = locked.edition.fee_for(Way.INDIVIDUAL) // 100
    _tell(
        locked,
        f"您的参加申请 {locked.number} 已通过。请在 {pay_by(locked)} 前转账 {yuan} 元，附言写编号 {locked.number}；"
        "到账的第二天起保障，到期没有收到的申请失效。",
        at,
    )
    application.refresh_from_db()


@transaction.atomic
def remind_to_pay(*, application: Application, at: datetime) -> None:
    """Once, some days before it lapses."""
    fresh = Application.objects.filter(pk=application.pk, state=State.APPROVED, reminded_at=None)
    if fresh.update(reminded_at=at):
        said = f"请在 {pay_by(application)} 前转账，附言写编号；到期申请失效，可以重新申请。"
        _tell(application, f"您的参加申请 {application.number} 还没有收到会费，{said}", at)
        audit.record(by=audit.SYSTEM, verb="applications.remind", on=application, at=at)


@transaction.atomic
def settle_lapsed(*, application: Application, at: datetime) -> None:
    """Nobody paid: told to the person. Called by contributions, which struck the cover and what was owed."""
    locked = _open(application, (State.APPROVED,))
    day = pay_by(locked)
    _settle(locked, State.LAPSED, by=audit.SYSTEM, reason=f"到 {day} 没有收到会费", at=at)
    _tell(
        locked,
        f"您的参加申请 {locked.number} 到 {day} 没有收到会费，已经失效，没有保障，也不欠费。请不要再转账；想参加可以重新申请。",
        at,
    )
    application.refresh_from_db()


def holder_of(agency: Organisation) -> Organisation:
    """The employer that holds an agency's individuals; made when the first of them is approved."""
    code = f"{agency.code}-GR"
    Organisation.objects.select_for_update(no_key=True).get(pk=agency.pk)
    found = Organisation.objects.filter(code=code).first()
    return found or organisations.add(
        kind=Organisation.Kind.EMPLOYER,
        name=f"{agency.name}个人参加者",
        code=code,
        parent=agency,
        sector=Organisation.Sector.FLEXIBLE,
    )


@transaction.atomic
def begin_after(*, roster: Roster, last: date | None, by: Role, at: datetime) -> None:
    """An individual's cover begins as planned when they were approved, or the day after the last of the money for it."""
    locked = Roster.objects.select_for_update().get(pk=roster.pk)
    if locked.way != Way.INDIVIDUAL:
        return
    planned, was = first_day(locked.uploaded_at), locked.cover_starts_on
    starts_on = max(planned, last + ONE_DAY) if last else planned
    if starts_on == was:
        return
    for row in locked.enrolments.filter(state=Enrolment.State.AWAITING_PAYMENT).select_related(
        "edition", "member"
    ):
        gate = Entry([row.edition], starts_on, way=Way.INDIVIDUAL)
        was_new = row.covered_since_on == row.cover_starts_on
        row.cover_starts_on, row.cover_ends_on = starts_on, gate.ends_on(row.edition)
        row.covered_since_on = starts_on if was_new else row.covered_since_on
        row.save(update_fields=["cover_starts_on", "cover_ends_on", "covered_since_on"])
    locked.cover_starts_on = starts_on
    locked.save(update_fields=["cover_starts_on"])
    verb = "rosters.put_off" if starts_on > was else "rosters.put_back"
    audit.record(by=by, verb=verb, on=locked, at=at, detail={"starts_on": starts_on.isoformat()})
    roster.refresh_from_db()


# ── states ──


def _open(application: Application, states: Sequence[str]) -> Application:
    locked = (
        Application.objects.select_for_update(of=("self",))
        .select_related("edition", "agency")
        .get(pk=application.pk)
    )
    if locked.state not in states:
        raise OtherState(f"这份申请现在是“{locked.get_state_display()}”，不能再这样办。请刷新页面查看。")
    return locked


def _settle(locked: Application, state: State, *, by: Any, reason: str, at: datetime) -> None:
    assert state in APPLICATION[State(locked.state)]  # noqa: S101  verbs name their states
    locked.state, locked.reason, locked.settled_at, locked.settled_by = state, reason, at, by.actor_id
    locked.save(update_fields=["state", "reason", "settled_at", "settled_by"])
    detail = {"reason": reason} if reason else {}
    audit.record(by=by, verb=f"applications.{state.value}", on=locked, at=at, detail=detail)


def _tell(application: Application, text: str, at: datetime) -> None:
    notices.send(
        phone=application.phone, text=f"【职工互助保障】{text}", purpose="join", about=application, at=at
    )
