"""Where a member's money goes: the first account at once, a change only after a second look and a day.

The rule stands here alone: a changed account may be used by a payout when somebody at the agency, other than who entered
it, has confirmed it and 24 hours have passed since it was entered. Until then nothing is paid to it or to the one before.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from huzhu.audit import services as audit
from huzhu.members import codes
from huzhu.members.codes import WrongCode
from huzhu.members.lifecycle import Changed
from huzhu.members.models import BankAccount, Member
from huzhu.notices import services as notices
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed, check_may

COOLING = timedelta(hours=24)
CODE = "account"


class NotAnAccount(ValueError):
    """The text is not a bank account number, or the two times it was typed differ."""


class ChangeIsSettled(ValueError):
    """The change of account was confirmed, undone or followed by another one."""


class NoPhone(ValueError):
    """There is no phone to send a code to."""


def account_number(text: str) -> str:
    """Eight to thirty digits, freed of spaces and dashes; else NotAnAccount."""
    digits = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text))
    if re.search(r"[eE.]", digits):
        raise NotAnAccount("银行账号变成了数字格式，末几位可能已经丢失：请把这一列设为“文本”，重新填写")
    if not re.fullmatch(r"[0-9]{8,30}", digits, re.ASCII):
        raise NotAnAccount("银行账号应是 8 到 30 位数字")
    return digits


def looks_mistyped(number: str) -> bool:
    """Whether a bank card's check digit (Luhn) does not fit; passbooks have none, so it only warns."""
    if not (number.startswith("62") and 16 <= len(number) <= 19):
        return False
    digits = [int(figure) for figure in reversed(number)]
    return sum(digits[::2] + [sum(divmod(2 * figure, 10)) for figure in digits[1::2]]) % 10 != 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Why nothing may be paid to a changed account yet."""

    is_confirmed: bool  # by another person
    until: datetime | None  # the end of the cooling period; None: it is over

    @property
    def words(self) -> str:
        """What it waits for, as people read it."""
        since = f"{self.until.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if self.until else ""
        if self.is_confirmed:
            return f"代办处已核实，{since} 起可以用"
        return f"等代办处另一个人核实，并满 24 小时（{since}）" if since else "等代办处另一个人核实"


def must_wait(account: BankAccount, at: datetime) -> Wait | None:
    """What this account waits for before anything is paid to it; None where it may be used."""
    if account.replaces_id is None:
        return None
    wait = Wait(
        account.confirmed_at is not None, until if (until := account.added_at + COOLING) > at else None
    )
    return None if wait.is_confirmed and wait.until is None else wait


def standing(account: BankAccount, at: datetime) -> Changed:
    """How the change that brought this account stands; the states are those of `lifecycle.ACCOUNT_CHANGE`."""
    if account.undone_reason:
        return Changed.UNDONE
    if not account.is_current:
        return Changed.FOLLOWED
    wait = must_wait(account, at)
    if wait is None:
        return Changed.USABLE
    return Changed.CONFIRMED if wait.is_confirmed else Changed.WAITING


@transaction.atomic
def add_account(
    *, member: Member, holder: str, bank_name: str, number: str, by: Role | Member, at: datetime
) -> BankAccount:
    """Record where the member's money goes; the newest account is the one in use. The same again changes nothing."""
    if by != member:
        check_may(by, "members.account", within=member.employer)
    digits = account_number(number)
    Member.objects.select_for_update().get(pk=member.pk)
    current = member.accounts.filter(is_current=True).first()
    if current and (current.number, current.holder, current.bank_name) == (digits, holder, bank_name):
        return current
    if current:
        BankAccount.objects.filter(pk=current.pk).update(is_current=False)
    account = BankAccount.objects.create(
        member=member,
        holder=holder,
        bank_name=bank_name,
        number=digits,
        added_at=at,
        replaces=current,
        added_by=by.actor_id,
        added_by_name=by.actor_name[:80],
    )
    audit.record(by=by, verb="members.add_account", on=account, at=at, detail={"last4": digits[-4:]})
    if current:
        said = f"您的收款账户已改为末四位 {digits[-4:]} 的账户。不是您本人要改的，请马上联系代办处。"
        tell(member, said, at)
    return account


def check_twice(number: str, again: str) -> str:
    """The number typed twice alike; else NotAnAccount."""
    digits = account_number(number)
    if account_number(again) != digits:
        raise NotAnAccount("两次填的卡号不一样，请对照银行卡再填一遍")
    return digits


def send_account_code(*, member: Member, number: str, at: datetime) -> bool:
    """A code to the registered phone that confirms this number and no other; false where one was sent just now."""
    if not member.phone:
        raise NoPhone("没有登记手机号，不能在手机上换账户。请带身份证和银行卡到单位工会或代办处办理。")
    return codes.send(
        member=member,
        phone=member.phone,
        purpose=CODE,
        doing=f"把收款账户换成末四位 {number[-4:]} 的账户",
        about=number,
        at=at,
    )


def change_account(*, member: Member, bank_name: str, number: str, code: str, at: datetime) -> BankAccount:
    """The member's own change on the phone, holder fixed to the member, confirmed by the code; else WrongCode."""
    digits = account_number(number)
    sent = codes.fits(member=member, purpose=CODE, about=digits, code=code, at=at)
    if sent is None:
        raise _wrong()
    with transaction.atomic():
        if not codes.use(sent, at):
            raise _wrong()
        return add_account(
            member=member, holder=member.name, bank_name=bank_name, number=digits, by=member, at=at
        )


@transaction.atomic
def confirm_account(*, account: BankAccount, by: Role, at: datetime) -> BankAccount:
    """Somebody else has asked the member back: the changed account may be used once it has cooled."""
    _check_may_settle(account, by)
    if account.added_by == by.actor_id:
        raise NotAllowed("这个账户是您登记的，要由另一个人确认。请交给同事。")
    if not _open(account).filter(confirmed_at=None).update(confirmed_by=by.user, confirmed_at=at):
        raise _settled(account)
    account.refresh_from_db()
    audit.record(by=by, verb="members.confirm_account", on=account, at=at)
    return account


@transaction.atomic
def undo_account(*, account: BankAccount, reason: str, by: Role, at: datetime) -> BankAccount:
    """The change was not the member's, or a mistake: the account before is in use again. Not once it may be paid to."""
    _check_may_settle(account, by)
    said = reason.strip()[:200]
    if not said:
        raise ChangeIsSettled("没有撤销：请写明为什么，例如“电话核实，不是本人改的”。")
    before = account.replaces
    waits = must_wait(account, at)
    if before is None or not waits or not _open(account).update(is_current=False, undone_reason=said):
        raise _settled(account)
    BankAccount.objects.filter(pk=before.pk).update(is_current=True)
    account.refresh_from_db()
    audit.record(by=by, verb="members.undo_account", on=account, at=at, detail={"reason": said})
    tell(account.member, f"您的收款账户已改回末四位 {before.number[-4:]} 的账户。有疑问请联系代办处。", at)
    return account


def _open(account: BankAccount) -> QuerySet[BankAccount]:
    return BankAccount.objects.filter(pk=account.pk, is_current=True, replaces__isnull=False)


def _check_may_settle(account: BankAccount, by: Role) -> None:
    check_may(by, "members.confirm_account", within=account.member.employer)
    Member.objects.select_for_update().get(pk=account.member_id)
    account.refresh_from_db(fields=["confirmed_at"])


def _settled(account: BankAccount) -> ChangeIsSettled:
    return ChangeIsSettled(
        f"{account.member.name}的这次账户变更刚刚有人办过，或会员又换了账户，您这一步没有生效。请刷新后再看。"
    )


def _wrong() -> WrongCode:
    return WrongCode("没有换账户：验证码不对、已经用过或已过期。请重新获取验证码。")


def tell(member: Member, text: str, at: datetime) -> None:
    """Word to the member's phone, where there is one."""
    if member.phone:
        notices.send(phone=member.phone, text=text, purpose="member", about=member, at=at)
