"""Certificates after their first print: counted prints, void by two people, a new number in place of the old."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from huzhu.audit import services as audit
from huzhu.enrolment.models import CertificateVoid, Enrolment, EnrolmentQuerySet
from huzhu.members.queries import fitting
from huzhu.users.models import Role
from huzhu.users.permissions import check_may, may

LONGEST = 200
Void = CertificateVoid.State


class VoidRefused(ValueError):
    """A certificate cannot be voided or issued anew as told."""


class SamePerson(VoidRefused):
    """Who proposed to void a certificate does not confirm it."""


# --- asked ---


def voids_visible_to(by: Role) -> QuerySet[CertificateVoid]:
    """Certificates of the branch that were voided or are to be, newest first."""
    if not may(by, "members.see"):
        return CertificateVoid.objects.none()
    found = CertificateVoid.objects.filter(enrolment__employer__path__startswith=by.organisation.path)
    return found.select_related("enrolment__member", "enrolment__edition").order_by("-proposed_at", "pk")


def to_confirm(by: Role) -> QuerySet[CertificateVoid]:
    """Voids that wait for a second person, who may be this one."""
    if not may(by, "certificates.void"):
        return CertificateVoid.objects.none()
    return voids_visible_to(by).filter(state=Void.PROPOSED).exclude(proposed_by=by.actor_id)


def voids_matching(voids: QuerySet[CertificateVoid], text: str) -> QuerySet[CertificateVoid]:
    """Those whose number holds the text, or whose member (name, initials, identity number or its last four) fits it."""
    return voids.filter(Q(certificate_no__icontains=text) | Q(enrolment__member__in=fitting(text)))


def void_of(enrolment: Enrolment) -> CertificateVoid | None:
    """What was done or proposed about the number that the enrolment bears now."""
    voids = CertificateVoid.objects.filter(certificate_no=enrolment.certificate_no).exclude(state=Void.KEPT)
    return voids.first()


def numbers_void(enrolments: Iterable[Enrolment]) -> set[str]:
    """Of these enrolments' numbers those that are void."""
    numbers = [row.certificate_no for row in enrolments if row.certificate_no]
    voids = CertificateVoid.objects.filter(certificate_no__in=numbers, state=Void.VOID)
    return set(voids.values_list("certificate_no", flat=True))


def printable(enrolments: EnrolmentQuerySet) -> EnrolmentQuerySet:
    """Without those whose number is void: one of them does not hold up the others."""
    gone = CertificateVoid.objects.filter(enrolment__in=enrolments.order_by(), state=Void.VOID)
    return enrolments.exclude(certificate_no__in=gone.values("certificate_no"))


def replaced(enrolments: Iterable[Enrolment]) -> dict[str, str]:
    """The number that each of these enrolments' numbers came in place of."""
    numbers = [row.certificate_no for row in enrolments if row.certificate_no]
    voids = CertificateVoid.objects.filter(replaced_by__in=numbers)
    return dict(voids.values_list("replaced_by", "certificate_no"))


def by_old_token(token: str) -> CertificateVoid | None:
    """The void certificate that this code was printed on; anybody may ask who holds the paper."""
    voids = CertificateVoid.objects.filter(verify_token=token, state=Void.VOID)
    return voids.select_related("enrolment__member", "enrolment__edition").first()


# --- done ---


@transaction.atomic
def propose_void(*, enrolment: Enrolment, reason: str, by: Role, at: datetime) -> CertificateVoid:
    """Say why a certificate is wrong; it stays good until a second person agrees. Cover is not touched. VoidRefused."""
    check_may(by, "certificates.void", within=enrolment.employer)
    if not enrolment.is_in_force or not enrolment.certificate_no:
        raise VoidRefused("保障没有生效，还没有发过保障书，不用作废。")
    if len(reason.strip()) < 2:
        raise VoidRefused("没有写作废的理由，没有提交：请写明哪里印错了，或为什么不能再用。")
    try:
        with transaction.atomic():
            void = CertificateVoid.objects.create(
                enrolment=enrolment,
                certificate_no=enrolment.certificate_no,
                verify_token=enrolment.verify_token or "",
                reason=reason.strip()[:LONGEST],
                proposed_by=by.actor_id,
                proposed_name=by.actor_name,
                proposed_at=at,
            )
    except IntegrityError:
        raise VoidRefused("这份保障书已经作废，或已提出作废在等复核，没有再提。请刷新页面查看。") from None
    detail = {"number": void.certificate_no, "reason": void.reason}
    audit.record(by=by, verb="certificates.propose_void", on=enrolment, at=at, detail=detail)
    return void


@transaction.atomic
def settle_void(*, void: CertificateVoid, agree: bool, by: Role, at: datetime) -> CertificateVoid:
    """The second person's word. SamePerson, VoidRefused."""
    check_may(by, "certificates.void", within=void.enrolment.employer)
    if by.actor_id == void.proposed_by:
        raise SamePerson("作废由您提出，不能由您自己复核：请代办处的另一位同事办理。")
    state = Void.VOID if agree else Void.KEPT
    mine = CertificateVoid.objects.filter(pk=void.pk, state=Void.PROPOSED)
    if not mine.update(state=state, settled_name=by.actor_name, settled_at=at):
        raise VoidRefused("这份保障书的作废已经有人复核过了，没有再办。请刷新页面查看。")
    verb = "certificates.void" if agree else "certificates.keep"
    audit.record(by=by, verb=verb, on=void.enrolment, at=at, detail={"number": void.certificate_no})
    void.refresh_from_db()
    return void


@transaction.atomic
def reissue(*, enrolment: Enrolment, by: Role, at: datetime) -> Enrolment:
    """A new number and code in place of a void certificate; the new paper names the old number. VoidRefused."""
    check_may(by, "certificates.void", within=enrolment.employer)
    locked = Enrolment.objects.select_for_update(of=("self",)).get(pk=enrolment.pk)
    void = CertificateVoid.objects.filter(certificate_no=locked.certificate_no, state=Void.VOID).first()
    if void is None or locked.state != Enrolment.State.IN_FORCE:
        raise VoidRefused("这份保障书没有作废，不用换发：要换发请先提出作废，由另一位同事复核。")
    new = _next_number(locked)
    CertificateVoid.objects.filter(pk=void.pk).update(replaced_by=new)
    token = secrets.token_urlsafe(16)
    Enrolment.objects.filter(pk=locked.pk).update(certificate_no=new, verify_token=token, print_count=0)
    detail = {"old": void.certificate_no, "new": new}
    audit.record(by=by, verb="certificates.reissue", on=locked, at=at, detail=detail)
    locked.refresh_from_db()
    return locked


def _next_number(enrolment: Enrolment) -> str:
    """R1- before the first number, R2- the next time: no running number of a roster begins so."""
    number = enrolment.certificate_no or ""
    times = enrolment.voided.exclude(replaced_by="").count()
    return f"R{times + 1}-{number.removeprefix(f'R{times}-')}"


@transaction.atomic
def note_prints(*, enrolments: Iterable[Enrolment], by: Role, at: datetime) -> None:
    """Count a print of each certificate and write it down; the caller made the papers of the rows as they were before."""
    rows = list(enrolments)
    again = sum(row.print_count > 0 for row in rows)
    for start in range(0, len(rows), 500):
        keys = [row.pk for row in rows[start : start + 500]]
        Enrolment.objects.filter(pk__in=keys).update(print_count=F("print_count") + 1)
    detail: dict[str, object] = {"copies": len(rows), "again": again}
    on = rows[0] if len(rows) == 1 else by.organisation
    audit.record(by=by, verb="certificates.print", on=on, at=at, detail=detail)
