"""Money that nobody has claimed goes back where it came from, when the bank's paper says so."""

from datetime import datetime

from django.db import transaction

from huzhu.audit import services as audit
from huzhu.bank.models import StatementLine
from huzhu.contributions.claiming import ClaimRefused, kept_by, post_entry, use_line
from huzhu.contributions.models import LineUse
from huzhu.contributions.services import lock_agencies
from huzhu.core.money import spoken
from huzhu.ledger import accounts
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

Kind = LineUse.Kind


@transaction.atomic
def send_back(*, waiting: LineUse, line: StatementLine, by: Role, at: datetime) -> LineUse:
    """A debit has returned unclaimed money, whole and from the account that it came to. ClaimRefused."""
    check_may(by, "bank.post", within=line.account.organisation)
    lock_agencies([waiting.line.account.organisation])  # before the book
    found = LineUse.objects.select_for_update(of=("self",)).select_related("line__account", "voucher")
    held = found.get(pk=waiting.pk)
    if held.kind != Kind.SUSPENSE or held.ended_at is not None:
        raise ClaimRefused("这笔待查收款刚刚已经认领、撤销或退回，没有再办。请刷新后再看。")
    if line.amount_fen != -held.amount_fen or line.booked_on < held.line.booked_on:
        raise ClaimRefused(
            f"待查收款是 {held.line.booked_on} 的 {spoken(held.amount_fen)} 元，"
            f"这一笔是 {line.booked_on} 付出 {spoken(-line.amount_fen)} 元，对不上，没有入账。请核对。"
        )
    if line.account.organisation_id != held.line.account.organisation_id:
        raise ClaimRefused("待查收款要从它到账的那个账户退回，没有入账。请核对选的是不是这一笔。")
    use = use_line(line, Kind.SENT_BACK, by, at)
    post_entry(use, "suspense-back", accounts.UNCLAIMED, "待查收款退回", by, at, kept=kept_by(held))
    said = f"已退回，银行流水 {line.reference}"
    LineUse.objects.filter(pk=held.pk).update(ended_at=at, reason=said)
    use_line(held.line, Kind.SENT_BACK, by, at)  # or the money that came would be free to be claimed
    detail = {"reference": line.reference, "amount_fen": held.amount_fen}
    audit.record(by=by, verb="contributions.send_back", on=held, at=at, detail=detail)
    return use
