"""The brake: while a stop is open no list of payments, of aid or of fees given back, is made, released or handed to the bank."""

from datetime import datetime

from django.db import IntegrityError, transaction

from huzhu.audit import services as audit
from huzhu.bank.models import Stop
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may


class Stopped(ValueError):
    """Something is unexplained, so nothing more goes to the bank."""


class CannotResume(ValueError):
    """A stop is lifted once, with a reason: the system's by the system, a person's by another person."""


@transaction.atomic
def stop(*, reason: str, by: audit.Actor, at: datetime, source: str = "") -> Stop:
    """Stop all payments. One open stop a `source` (what found the difference): asked again, it is the same one.

    The system may stop (a check that ran by itself); of people those who make or release batches.
    """
    if by is not audit.SYSTEM:
        check_may(by, "payouts.stop")
    said = reason.strip()[:400]
    if not said:
        raise CannotResume("请写明为什么停止发放，后来的人要照着查。")
    if found := Stop.objects.open().filter(source=source).exclude(source="").first():
        return found
    try:
        with transaction.atomic():
            made = Stop.objects.create(
                reason=said, source=source, stopped_id=by.actor_id, stopped_name=by.actor_name, stopped_at=at
            )
    except IntegrityError:  # somebody reported the same a moment before
        return Stop.objects.open().get(source=source)
    audit.record(by=by, verb="payouts.stop", on=made, at=at, detail={"reason": said, "source": source})
    return made


@transaction.atomic
def resume(*, stop: Stop, reason: str, by: audit.Actor, at: datetime) -> Stop:
    """Lift a stop. A person's by another person who releases; the system's by itself, when what it found is explained."""
    if by is not audit.SYSTEM:
        check_may(by, "payouts.resume")
    said = reason.strip()[:400]
    if not said:
        raise CannotResume("请写明查明了什么、为什么可以恢复发放。")
    held = Stop.objects.select_for_update().get(pk=stop.pk)
    if held.resumed_at is not None:
        raise CannotResume(f"这一次停发已由{held.resumed_name}解除，没有再做什么。请刷新后再看。")
    if is_by_system(held) and by is not audit.SYSTEM:
        raise CannotResume("这一次停发是对账发现的，没有解除：在“对账”里改正或说明每一条差异，发放自动恢复。")
    if by is audit.SYSTEM and not is_by_system(held):
        raise CannotResume("人停的发放，要由人来恢复。")
    if by is not audit.SYSTEM and by.actor_id == held.stopped_id:
        raise CannotResume("发放是您停的，要由另一个人查明后恢复。")
    held.resumed_id, held.resumed_name, held.resumed_at, held.resumed_reason = (
        by.actor_id,
        by.actor_name,
        at,
        said,
    )
    held.save(update_fields=["resumed_id", "resumed_name", "resumed_at", "resumed_reason"])
    audit.record(by=by, verb="payouts.resume", on=held, at=at, detail={"reason": said})
    return held


def check_running() -> None:
    """Raise Stopped where a stop is open."""
    first = Stop.objects.open().order_by("stopped_at").first()
    if first is None:
        return
    when = first.stopped_at.astimezone(SHANGHAI)
    way = (
        "在“对账”里改正或说明每一条差异，发放自动恢复。"
        if is_by_system(first)
        else "查明后由出纳放行在“发放”页恢复。"
    )
    raise Stopped(
        f"发放已停止（{first.stopped_name}，{when:%Y-%m-%d %H:%M}）：{first.reason}。"
        f"停止期间，互助金和退费都不制单、不放行、不给银行文件。{way}"
    )


def is_by_system(stop: Stop) -> bool:
    """Found by the comparison, rather than pulled by a person."""
    return stop.stopped_id == audit.SYSTEM.actor_id


def may_resume(stop: Stop, by: Role) -> bool:
    """Whether this person may lift it; the page asks what the verb asks."""
    return by.code == "payment_releaser" and by.actor_id != stop.stopped_id and not is_by_system(stop)
