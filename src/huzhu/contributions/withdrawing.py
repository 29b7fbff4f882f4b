"""Somebody leaves a roster before cover has begun, while nothing was received: no cover, and nothing owed for them."""

from datetime import datetime

from django.db import transaction

from huzhu.audit import services as audit
from huzhu.contributions.models import ContributionDue, Gift, Share
from huzhu.contributions.queries import parts_of
from huzhu.contributions.splits import WORKER
from huzhu.enrolment import services as enrolments
from huzhu.enrolment.models import Enrolment
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may


class EndRefused(ValueError):
    """Cover has begun, or money has come: it does not end this way."""


def may_end(enrolment: Enrolment, at: datetime) -> str:
    """Why the participation cannot simply be struck; empty when it can."""
    if enrolment.state == Enrolment.State.VOID:
        return "这份参保已经作废。"
    if Enrolment.objects.begun(at.astimezone(SHANGHAI).date()).filter(pk=enrolment.pk).exists():
        return "保障期已经开始，期内不退不改；本人退休、调动的，保障到期满为止。"
    due = _due_of(enrolment)
    if enrolment.state != Enrolment.State.AWAITING_PAYMENT or due is None:
        return "会费已经到账，退出要退费：请在下面提出退费，不在这里直接退出。"
    if due.shares.filter(received_fen__gt=0).exists():
        return "这份名册的会费已经收到一部分，现在不能退出：等会费到齐后提出退费，或请代办处先撤销那笔到账。"
    if Gift.objects.filter(share__due=due).exists():
        return "这份名册有资助人按人资助，退出要重新计算资助：请和资助人商量后另办，这里不能退出。"
    return ""


@transaction.atomic
def end_before_start(*, enrolment: Enrolment, reason: str, by: Role, at: datetime) -> None:
    """Void a participation that has not begun and for which nothing was received; its due becomes smaller. EndRefused."""
    check_may(by, "enrolments.end", within=enrolment.employer)
    if len(reason.strip()) < 2:
        raise EndRefused("没有写退出的理由，没有办理：请写明为什么退出。")
    held = {"due__roster": enrolment.roster_id, "due__edition": enrolment.edition_id}
    shares = list(Share.objects.select_for_update(of=("self",)).filter(**held).order_by("pk"))
    due = _due_of(enrolment)  # read behind that lock: somebody else may have left meanwhile
    if said := may_end(enrolment, at):
        raise EndRefused(said)
    enrolments.void(enrolment=enrolment)
    assert due is not None  # noqa: S101  may_end has seen it
    lessen(due, of_one_head(due, shares, enrolment), enrolment.shares)
    detail = {"reason": reason.strip()[:200], "number": enrolment.certificate_no or ""}
    audit.record(by=by, verb="enrolments.end", on=enrolment, at=at, detail=detail)


def _due_of(enrolment: Enrolment) -> ContributionDue | None:
    return ContributionDue.objects.filter(roster=enrolment.roster_id, edition=enrolment.edition_id).first()


def of_one_head(
    due: ContributionDue, shares: list[Share], enrolment: Enrolment
) -> dict[int, tuple[int, int]]:
    """(amount, cash back) of one person by share, pledges too. EndRefused where that is not known any more."""
    own = of_each_payer(due, shares, enrolment.shares)
    given = dict(Gift.objects.filter(enrolment=enrolment, share__due=due).values_list("share", "amount_fen"))
    found = {}
    for share in shares:
        amount, back = (given.get(share.pk, 0), 0) if share.pledge_id else own.get(_payer(share), (0, 0))
        if share.payer == WORKER:
            amount -= sum(given.values())
        found[share.pk] = amount, back
    return found


def lessen(due: ContributionDue, less: dict[int, tuple[int, int]], units: int) -> None:
    """A due of one head less: each share gives up what it owed, and gave back in cash, for that one."""
    shares = list(Share.objects.filter(due=due).order_by("pk"))
    for share in shares:
        amount, back = less[share.pk]
        share.amount_fen, share.cash_back_fen = share.amount_fen - amount, share.cash_back_fen - back
        share.save(update_fields=["amount_fen", "cash_back_fen"])
    due.heads, due.units = due.heads - 1, due.units - units
    due.amount_fen = sum(share.amount_fen for share in shares)
    due.save(update_fields=["heads", "units", "amount_fen"])


def _payer(share: Share) -> tuple[str, str]:
    return share.payer, share.payer_name


def of_each_payer(
    due: ContributionDue, shares: list[Share], units: int
) -> dict[tuple[str, str], tuple[int, int]]:
    """As if nobody had pledged: an equal part where everybody takes one share, else by the terms of the due. EndRefused."""
    if due.units == due.heads:
        lifted = sum(one.amount_fen for one in shares if one.pledge_id)
        return {
            _payer(one): (
                (one.amount_fen + (lifted if one.payer == WORKER else 0)) // due.heads,
                one.cash_back_fen // due.heads,
            )
            for one in shares
            if not one.pledge_id
        }
    if due.terms is None and any(one.payer != WORKER for one in shares if not one.pledge_id):
        raise EndRefused(
            "这份名册确认时用的分担办法没有留下来，后来又改过，算不出一个人的那一份，没有办理："
            "要退出的，请代办处把整份名册退出后重新报；补给职工的现金请单位照当时的办法算。"
        )
    parts = parts_of(due.terms, due.fee_fen * units)
    return {(one.payer, one.payer_name): (one.amount_fen, one.cash_back_fen) for one in parts}
