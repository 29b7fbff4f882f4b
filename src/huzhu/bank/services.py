"""Verbs on bank statements: register an account of the office's own, take a statement in, whole or not at all."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet

from huzhu.audit import services as audit
from huzhu.bank.formats import Form, forms
from huzhu.bank.models import OwnAccount, Statement, StatementLine
from huzhu.bank.statements import Keyed, Movement, StatementRefused, gaps, keyed, parse
from huzhu.core.money import spoken
from huzhu.files import services as files
from huzhu.files.contents import NotAccepted, kind_of
from huzhu.organisations.models import Organisation
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

MOST_BYTES = 5 * 1024 * 1024  # some thirty thousand lines


class AccountRefused(ValueError):
    """An account of the office's own cannot be registered as told."""


class TakenBefore(ValueError):
    """The very same file was taken in before; `statement` is that time."""

    def __init__(self, statement: Statement) -> None:
        super().__init__(
            f"这份文件 {statement.taken_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M} 已由{statement.taken_by_name}导入过，"
            "没有再导入，什么也没有变。"
        )
        self.statement = statement


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person adds from the bank's paper where the file does not say it; `last_on` is the last day told in full."""

    opening_fen: int | None = None
    closing_fen: int | None = None
    last_on: date | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """A statement that fits: all its lines, those that are new, and what the account comes to."""

    sha256: str
    lines: list[Keyed]
    new: list[Keyed]
    balances: list[int]  # after each line
    opening_fen: int
    last_on: date
    position: int  # of the last line that the account has

    @property
    def closing_fen(self) -> int:
        return self.balances[-1]

    @property
    def in_fen(self) -> int:
        return sum(one.movement.amount_fen for one in self.lines if one.movement.amount_fen > 0)

    @property
    def out_fen(self) -> int:
        return -sum(one.movement.amount_fen for one in self.lines if one.movement.amount_fen < 0)

    @property
    def known(self) -> int:
        return len(self.lines) - len(self.new)

    @property
    def said(self) -> str:
        """That it adds up, in words."""
        return (
            f"期初 {spoken(self.opening_fen)} ＋ 收入 {spoken(self.in_fen)} － 支出 {spoken(self.out_fen)} "
            f"＝ 期末 {spoken(self.closing_fen)}，相符。"
        )


@transaction.atomic
def open_account(  # noqa: PLR0913  what stands on the bank's paper
    *,
    organisation: Organisation,
    holder: str,
    bank_name: str,
    number: str,
    form: str,
    since: date,
    by: Role,
    at: datetime,
) -> OwnAccount:
    """Register an account whose statements will be taken in; the one the office had before ends. AccountRefused.

    The account in use told once more is corrected in its place: its lines stay its lines.
    """
    check_may(by, "bank.account", within=organisation)
    digits = re.sub(r"[\s-]", "", number)
    if organisation.kind == Organisation.Kind.EMPLOYER:
        raise AccountRefused("单位的账户不是本会的账户：请选协会、省办事处或代办处。")
    if not holder.strip() or not bank_name.strip():
        raise AccountRefused("户名和开户行都要写：请照银行开户许可证填写。")
    if not re.fullmatch(r"[0-9]{8,32}", digits):
        raise AccountRefused("账号应是 8 到 32 位数字：请照银行开户许可证填写，可以带空格。")
    if form not in forms():
        raise AccountRefused("没有这种对账单格式：请在列出的格式里选一个。")
    told: dict[str, Any] = {
        "holder": holder.strip()[:80],
        "bank_name": bank_name.strip()[:80],
        "form": form,
        "since": since,
    }
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    of_office = OwnAccount.objects.filter(organisation=organisation)
    same = of_office.filter(number=digits)
    current = same.select_for_update(of=("self",)).filter(ended_at=None).first()  # nobody takes in meanwhile
    if current is None or current.since != since:
        _refuse_days_known(same, current, since)
    if current is not None:
        return _corrected(current, told, by, at)
    of_office.filter(ended_at=None).update(ended_at=at)
    try:
        with transaction.atomic():
            account = OwnAccount.objects.create(
                organisation=organisation,
                purpose=_purpose(organisation),
                **told,
                number=digits,
                opened_by=by.actor_id,
                opened_by_name=by.actor_name[:80],
                opened_at=at,
            )
    except IntegrityError:
        raise AccountRefused("这个账号已经登记在另一个机构名下，没有再登记。请核对账号。") from None
    detail = {"bank": account.bank_name, "last4": digits[-4:], "since": since.isoformat()}
    audit.record(by=by, verb="bank.open_account", on=account, at=at, detail=detail)
    return account


def _refuse_days_known(same: QuerySet[OwnAccount], current: OwnAccount | None, since: date) -> None:
    """AccountRefused where days would be compared once more, or no longer: what differs on them must not go away."""
    last = same.aggregate(last=Max("statements__last_on"))["last"]
    if current and current.statements.exists():
        raise AccountRefused(
            f"这个账户从 {current.since} 起对账，对账单已经导入到 {last}，起始日不能再改，没有登记："
            f"改户名、开户行、格式的，起始日照填 {current.since}；以前的差异请到“对账”里查明、说明。"
        )
    if last and since <= last:
        raise AccountRefused(f"这个账号以前登记过，对账单已经导入到 {last}，没有登记：起始日请填这一天以后。")


def _corrected(account: OwnAccount, told: Mapping[str, Any], by: Role, at: datetime) -> OwnAccount:
    changed = sorted(name for name, value in told.items() if getattr(account, name) != value)
    for name in changed:
        setattr(account, name, told[name])
    account.save(update_fields=changed)
    if changed:
        audit.record(by=by, verb="bank.correct_account", on=account, at=at, detail={"changed": changed})
    return account


def _purpose(organisation: Organisation) -> OwnAccount.Purpose:
    """An agency collects, and what stands above it pays."""
    collects = organisation.kind == Organisation.Kind.CITY
    return OwnAccount.Purpose.COLLECTING if collects else OwnAccount.Purpose.PAYING


def preview(*, account: OwnAccount, name: str, data: bytes, typed: Typed, by: Role, at: datetime) -> Read:
    """What taking the file in would do; nothing is written. StatementRefused, TakenBefore."""
    check_may(by, "bank.take", within=account.organisation)
    return _fitting(account, data, name, typed, at.astimezone(SHANGHAI).date())


@transaction.atomic
def take(*, account: OwnAccount, name: str, data: bytes, typed: Typed, by: Role, at: datetime) -> Statement:
    """Every new line of the file, or none; lines known from before are recognised and left alone."""
    check_may(by, "bank.take", within=account.organisation)
    locked = OwnAccount.objects.select_for_update(of=("self",)).get(pk=account.pk)  # one taker at a time
    read = _fitting(locked, data, name, typed, at.astimezone(SHANGHAI).date())
    file = files.store(name=name, data=data, purpose="bank_statement", by=by, at=at)
    statement = Statement.objects.create(
        account=locked,
        file=file,
        sha256=read.sha256,
        first_on=min(read.lines[0].movement.booked_on, read.last_on),
        last_on=read.last_on,
        opening_fen=read.opening_fen,
        closing_fen=read.closing_fen,
        lines_count=len(read.lines),
        new_count=len(read.new),
        taken_by=by.actor_id,
        taken_by_name=by.actor_name[:80],
        taken_at=at,
    )
    StatementLine.objects.bulk_create(_rows(locked, statement, read), batch_size=500)
    detail = {
        "sha256": read.sha256,
        "lines": len(read.lines),
        "new": len(read.new),
        "closing_fen": read.closing_fen,
    }
    audit.record(by=by, verb="bank.take", on=statement, at=at, detail=detail)
    return statement


def _rows(account: OwnAccount, statement: Statement, read: Read) -> list[StatementLine]:
    first = len(read.lines) - len(read.new)
    references = _references(read.new)
    return [
        StatementLine(
            account=account,
            statement=statement,
            position=read.position + at,
            key=one.key,
            booked_on=one.movement.booked_on,
            amount_fen=one.movement.amount_fen,
            balance_fen=read.balances[first + at - 1],
            reference=references[at - 1],
            serial=one.movement.reference,
            name=one.movement.name,
            number=one.movement.number or None,
            remark=one.movement.remark or None,
        )
        for at, one in enumerate(read.new, 1)
    ]


def _references(new: Sequence[Keyed]) -> list[str]:
    """The bank's numbers; one that it has used before, on another day or account, gets its day beside it."""
    wanted = [one.reference for one in new]
    taken = set(StatementLine.objects.filter(reference__in=wanted).values_list("reference", flat=True))
    found = []
    for one in new:
        again = one.reference in taken
        found.append(f"{one.reference}@{one.movement.booked_on:%Y%m%d}" if again else one.reference)
        taken.add(found[-1])
    return found


def _fitting(account: OwnAccount, data: bytes, name: str, typed: Typed, today: date) -> Read:
    """The file held against itself, then against what the account has."""
    if len(data) > MOST_BYTES:
        raise StatementRefused(["文件超过 5 MB：请分月导出，分几次导入"])
    try:
        kind_of(data)  # what is not kept is not read
    except NotAccepted as refused:
        raise StatementRefused([str(refused)]) from None
    sha256 = hashlib.sha256(data).hexdigest()
    if before := Statement.objects.filter(account=account, sha256=sha256).first():
        raise TakenBefore(before)
    form: Form = forms()[account.form]
    movements = parse(data, name, form, account.number)
    if not movements:
        raise StatementRefused(["文件里一笔收支也没有：请核对导出的日期范围"])
    _refuse_disorder(movements)
    opening, balances = _chain(movements, typed)
    lines = keyed(movements)
    new, position = _against_the_account(account, lines, balances)
    return Read(sha256, lines, new, balances, opening, _told_in_full(movements, typed, today), position)


def _told_in_full(movements: Sequence[Movement], typed: Typed, today: date) -> date:
    """The last day of which nothing more comes: of today it does, unless a person says that it does not."""
    last = movements[-1].booked_on
    if (told := max(last, typed.last_on or last)) > today:
        raise StatementRefused([f"对账单到 {told}，这一天还没有到：请核对日期"])
    return typed.last_on or min(last, today - timedelta(days=1))


def _refuse_disorder(movements: Sequence[Movement]) -> None:
    problems = [
        f"第 {one.row} 行：日期 {one.booked_on} 早于它前面的 {before.booked_on}：次序不对，请核对选的格式是不是最近的在前"
        for before, one in pairwise(movements)
        if one.booked_on < before.booked_on
    ]
    if problems:
        raise StatementRefused(problems)


def _chain(movements: Sequence[Movement], typed: Typed) -> tuple[int, list[int]]:
    """Opening balance and the balance after each line; opening + movements = closing, or it is said where not."""
    if found := gaps(movements):
        raise StatementRefused(found)
    first, last = movements[0], movements[-1]
    opening = typed.opening_fen
    if first.balance_fen is not None:
        opening = first.balance_fen - first.amount_fen
        if typed.opening_fen not in {None, opening}:
            raise StatementRefused(
                [
                    f"您填的期初余额是 {spoken(typed.opening_fen or 0)}，照文件第一笔倒推是 {spoken(opening)}：请核对"
                ]
            )
    if opening is None or (last.balance_fen is None and typed.closing_fen is None):
        raise StatementRefused(["这种格式的文件里没有余额：请照银行的纸填期初余额和期末余额"])
    balances = []
    running = opening
    for one in movements:
        running += one.amount_fen
        balances.append(running)
    closing = typed.closing_fen if typed.closing_fen is not None else last.balance_fen
    if closing != running:
        said = (
            f"期初 {spoken(opening)} 加全部收支应是 {spoken(running)}，期末写的是 {spoken(closing or 0)}，"
            f"差 {spoken((closing or 0) - running)}：文件可能少了行，没有导入"
        )
        raise StatementRefused([said])
    return opening, balances


def _held(
    held: Mapping[str, list[int]], one: Keyed, says: list[int], keys: Collection[str]
) -> list[int] | None:
    """What the account has of a line: by its key, or by the key of before, where that is no other line of the file."""
    older = held.get(one.older)
    if older == says or (one.key not in held and one.older not in keys):
        return older
    return held.get(one.key)


def _against_the_account(
    account: OwnAccount, lines: list[Keyed], balances: list[int]
) -> tuple[list[Keyed], int]:
    """Which lines are new: they follow those that are known, and the balance goes on from there."""
    mine = StatementLine.objects.filter(account=account)
    end = mine.order_by("-position").first()
    same_days = mine.filter(booked_on__gte=lines[0].movement.booked_on)
    held = {key: told for key, *told in same_days.values_list("key", "amount_fen", "balance_fen")}
    keys = {one.key for one in lines}
    problems = []
    new: list[Keyed] = []
    for one, balance in zip(lines, balances, strict=True):
        row, amount = one.movement.row, one.movement.amount_fen
        if before := _held(held, one, [amount, balance], keys):
            if new:
                problems.append(
                    f"第 {new[-1].movement.row} 行是新的，却排在已经导入过的第 {row} 行前面：银行补了一笔？"
                )
            if before != [amount, balance]:
                problems.append(
                    f"第 {row} 行：银行流水号 {one.reference} 先前导入时是 {spoken(before[0])} 元、余额 {spoken(before[1])}，"
                    f"这次是 {spoken(amount)} 元、余额 {spoken(balance)}"
                )
        else:
            new.append(one)
    if end and new and not problems:
        begins = balances[-len(new)] - new[0].movement.amount_fen
        if begins != end.balance_fen or new[0].movement.booked_on < end.booked_on:
            problems.append(
                f"第 {new[0].movement.row} 行（{new[0].movement.booked_on}）起是新的，它前面的余额是 {spoken(begins)}；"
                f"已导入的止于 {end.booked_on}，余额 {spoken(end.balance_fen)}，差 {spoken(begins - end.balance_fen)}："
                "中间还有没导入的对账单，或者不是这个账户的。请按日期先后导入"
            )
    if problems:
        raise StatementRefused(problems)
    return new, end.position if end else 0
