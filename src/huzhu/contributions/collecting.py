"""The account that an agency collects fees on: one person writes it down, another confirms it."""

import re
from datetime import datetime

from django.db import transaction

from huzhu.audit import services as audit
from huzhu.contributions.models import CollectingAccount
from huzhu.organisations.models import Organisation
from huzhu.users.models import Role
from huzhu.users.permissions import check_may


class AccountRefused(ValueError):
    """An account cannot be written down or confirmed as told."""


class SamePerson(AccountRefused):
    """Who wrote the account down does not confirm it."""


@transaction.atomic
def propose(
    *, agency: Organisation, holder: str, bank_name: str, number: str, by: Role, at: datetime
) -> CollectingAccount:
    """Write down an account; it is printed on no notice before another person has confirmed it."""
    check_may(by, "contributions.account", within=agency)
    digits = re.sub(r"[\s-]", "", number)
    if agency.kind != Organisation.Kind.CITY:
        raise AccountRefused("收款账户由代办处登记：请选代办处。")
    if not holder.strip() or not bank_name.strip():
        raise AccountRefused("户名和开户行都要写：单位汇款时要填，请照银行开户许可证填写。")
    if not re.fullmatch(r"[0-9]{8,32}", digits):
        raise AccountRefused("账号应是 8 到 32 位数字：请照银行开户许可证填写，可以带空格。")
    Organisation.objects.select_for_update(no_key=True).get(pk=agency.pk)
    CollectingAccount.objects.filter(agency=agency, confirmed_at=None, ended_at=None).update(ended_at=at)
    account = CollectingAccount.objects.create(
        agency=agency,
        holder=holder.strip()[:80],
        bank_name=bank_name.strip()[:80],
        number=digits,
        proposed_by=by.actor_id,
        proposed_by_name=by.actor_name[:80],
        proposed_at=at,
    )
    audit.record(by=by, verb="contributions.propose_account", on=account, at=at, detail=_told(account))
    return account


@transaction.atomic
def confirm(*, account: CollectingAccount, by: Role, at: datetime) -> None:
    """Another person has compared it with the bank's paper: from now on notices print it."""
    locked = _waiting(account, by)
    current = CollectingAccount.objects.filter(agency=locked.agency, ended_at=None)
    current.exclude(confirmed_at=None).update(ended_at=at)
    name = by.actor_name[:80]
    CollectingAccount.objects.filter(pk=locked.pk).update(confirmed_at=at, confirmed_by_name=name)
    audit.record(by=by, verb="contributions.confirm_account", on=locked, at=at, detail=_told(locked))


@transaction.atomic
def decline(*, account: CollectingAccount, by: Role, at: datetime) -> None:
    """Another person finds it wrong: it never comes in use, and what was in use stays."""
    locked = _waiting(account, by)
    CollectingAccount.objects.filter(pk=locked.pk).update(ended_at=at)
    audit.record(by=by, verb="contributions.decline_account", on=locked, at=at, detail=_told(locked))


def _waiting(account: CollectingAccount, by: Role) -> CollectingAccount:
    check_may(by, "contributions.confirm_account", within=account.agency)
    Organisation.objects.select_for_update(no_key=True).get(pk=account.agency_id)
    locked = CollectingAccount.objects.select_related("agency").get(pk=account.pk)
    if locked.confirmed_at or locked.ended_at:
        raise AccountRefused("这个账户已经确认或停用过了，没有再办。请刷新页面查看。")
    if locked.proposed_by == by.actor_id:
        raise SamePerson(
            f"这个账户是您登记的，要由另一个人对照开户许可证确认，防止写错账号把会费汇丢。登记人：{locked.proposed_by_name}。"
        )
    return locked


def _told(account: CollectingAccount) -> dict[str, str]:
    return {"holder": account.holder, "bank": account.bank_name, "last4": account.number[-4:]}
