"""A payout goes to the account that its member has now: an account changed after scheduling waits like any other change."""

from collections.abc import Sequence
from datetime import datetime

from huzhu.audit import services as audit
from huzhu.members.accounts import must_wait
from huzhu.members.models import BankAccount
from huzhu.payouts.due import waiting_words
from huzhu.payouts.models import Payout
from huzhu.users.models import Role


class AccountChanged(ValueError):
    """The member has another account than the one that would be paid to."""


def readdress(payouts: Sequence[Payout], by: Role, at: datetime) -> None:
    """Before a batch is made: to the new account where it may be used; where it may not yet, AccountChanged."""
    changed = _changed(payouts)
    waits = [(payout, wait) for payout, account in changed if (wait := must_wait(account, at))]
    if waits:
        payout, wait = waits[0]
        raise AccountChanged(
            f"申请 {payout.decision.claim.number} 等 {len(waits)} 笔现在不能发：{waiting_words(wait)}"
            "整批没有生成，请先不勾选这几笔。"
        )
    for payout, account in changed:
        payout.holder, payout.bank_name, payout.account_number = (
            account.holder,
            account.bank_name,
            account.number,
        )
        payout.save(update_fields=["holder", "bank_name", "account_number", "account_last4"])
        detail = {"claim": payout.decision.claim.number, "last4": account.number[-4:]}
        audit.record(by=by, verb="payouts.readdress", on=payout, at=at, detail=detail)


def check_addresses(payouts: Sequence[Payout]) -> None:
    """Before it is let go: raise AccountChanged where a member has changed the account since the batch was made."""
    changed = _changed(payouts)
    if changed:
        numbers = "、".join(payout.decision.claim.number for payout, _ in changed[:5])
        raise AccountChanged(
            f"制单以后，{len(changed)} 笔的会员换了收款账户（申请 {numbers}），没有放行，以免付到旧账户。"
            "请退回这一批，重新制单。"
        )


def waiting(payouts: Sequence[Payout], at: datetime) -> dict[object, str]:
    """Payouts that cannot go into a batch yet because the account was changed: key → why."""
    found = ((payout.pk, must_wait(account, at)) for payout, account in _changed(payouts))
    return {key: waiting_words(wait) for key, wait in found if wait}


def _changed(payouts: Sequence[Payout]) -> list[tuple[Payout, BankAccount]]:
    members = {payout.decision.claim.member_id for payout in payouts}
    accounts = BankAccount.objects.filter(member__in=members, is_current=True)
    now = {account.member_id: account for account in accounts}
    pairs = [(payout, now.get(payout.decision.claim.member_id)) for payout in payouts]
    return [(payout, account) for payout, account in pairs if account and _differs(payout, account)]


def _differs(payout: Payout, account: BankAccount) -> bool:
    here = (payout.account_number, payout.holder, payout.bank_name)
    return here != (account.number, account.holder, account.bank_name)
