"""The agencies send up what they collected (上解), the province sees it arrive: two persons, two vouchers, money in transit between."""

from collections.abc import Iterator
from datetime import date, datetime

from django.db import IntegrityError, transaction

from huzhu.audit import services as audit
from huzhu.core.money import spoken
from huzhu.ledger import lifecycle, queries, services
from huzhu.ledger.accounts import BANK, COLLECTED, IN_TRANSIT
from huzhu.ledger.books import book_of, locked_books
from huzhu.ledger.models import Remittance
from huzhu.ledger.periods import SamePerson
from huzhu.ledger.services import Row
from huzhu.organisations.models import Organisation
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

State = Remittance.State


class RemittanceRefused(ValueError):
    """An amount, a day or a reference with which nothing can be sent up."""


@transaction.atomic
def send(
    *, office: Organisation, amount_fen: int, sent_on: date, bank_reference: str, by: Role, at: datetime
) -> Remittance:
    """The agency has sent this much up; taken from the oldest fund year first, scheme by scheme.

    Raises RemittanceRefused where more is sent than lies there, or the reference is known.
    """
    check_may(by, "remittances.send", within=office)
    reference = bank_reference.strip()
    locked_books([office])
    rows = list(_taken(office, amount_fen, sent_on))
    _refuse(office, amount_fen, sent_on, reference, at)
    voucher = services.post(
        source=f"remittance:{reference}:sent",
        posted_on=sent_on,
        note=f"{office.name}上解会费",
        rows=rows,
        by=by,
        at=at,
        or_later=True,
    )
    try:
        with transaction.atomic():
            sent = Remittance.objects.create(
                office=office,
                amount_fen=amount_fen,
                bank_reference=reference,
                sent_on=sent_on,
                sent_by=by.user,
                sent_at=at,
                sent_voucher=voucher,
            )
    except IntegrityError as problem:  # another agency of another province, at the same moment
        raise _known(reference) from problem
    audit.record(by=by, verb="remittances.send", on=sent, at=at, detail={"amount_fen": amount_fen})
    return sent


@transaction.atomic
def arrive(*, remittance: Remittance, arrived_on: date, by: Role, at: datetime) -> Remittance:
    """Somebody at the province sees it in the bank: in transit → the account that pays."""
    check_may(by, "remittances.arrive", within=book_of(remittance.office))
    held = _held(remittance, State.ARRIVED, by)
    if not held.sent_on <= arrived_on <= at.astimezone(SHANGHAI).date():
        raise RemittanceRefused(
            f"到账日 {arrived_on} 不在汇出日 {held.sent_on} 和今天之间，没有确认。请照银行回单填写日期。"
        )
    rows = [
        Row(BANK, IN_TRANSIT, one.amount_fen, one.scheme_slug, one.fund_year, held.office)
        for one in held.sent_voucher.entries.order_by("pk")
    ]
    voucher = services.post(
        source=f"remittance:{held.bank_reference}:arrived",
        posted_on=arrived_on,
        note=f"{held.office.name}上解到省",
        rows=rows,
        by=by,
        at=at,
        or_later=True,
    )
    return _settled(held, State.ARRIVED, arrived_on, voucher, by, at)


@transaction.atomic
def give_back(*, remittance: Remittance, reason: str, by: Role, at: datetime) -> Remittance:
    """It never left, or the bank sent it back: the voucher is reversed, and the money lies at the agency again."""
    check_may(by, "remittances.arrive", within=book_of(remittance.office))
    held = _held(remittance, State.RETURNED, by)
    day = at.astimezone(SHANGHAI).date()
    voucher = services.reverse(
        voucher=held.sent_voucher,
        reason=reason,
        posted_on=day,
        by=by,
        at=at,
        source=f"remittance:{held.bank_reference}:returned",
    )
    return _settled(held, State.RETURNED, day, voucher, by, at)


def _held(remittance: Remittance, to: str, by: Role) -> Remittance:
    locked_books([remittance.office])
    rows = Remittance.objects.select_related("office", "sent_voucher").select_for_update(of=("self",))
    held = rows.get(pk=remittance.pk)
    lifecycle.check(held, to)
    if held.sent_by_id == by.user_id:
        raise SamePerson("这笔上解是您登记汇出的，到账要由另一个人确认。请交给另一位出纳制单。")
    return held


def _settled(
    held: Remittance, to: str, day: date, voucher: services.Voucher, by: Role, at: datetime
) -> Remittance:
    held.state, held.settled_on, held.settled_by, held.settled_voucher = to, day, by.user, voucher
    held.save(update_fields=["state", "settled_on", "settled_by", "settled_voucher"])
    detail = {"amount_fen": held.amount_fen, "state": to}
    audit.record(by=by, verb="remittances.settle", on=held, at=at, detail=detail)
    return held


def _taken(office: Organisation, amount_fen: int, sent_on: date) -> Iterator[Row]:
    """From what lay at the agency that day, oldest fund year first, until the amount is reached."""
    left = amount_fen
    for year, slug, lying in queries.collected(office, sent_on):
        part = min(left, lying)
        if part > 0:
            yield Row(IN_TRANSIT, COLLECTED, part, slug, year, office)
            left -= part


def _refuse(office: Organisation, amount_fen: int, sent_on: date, reference: str, at: datetime) -> None:
    # less what charges took from no scheme
    lying = sum(part for _, _, part in queries.collected(office, sent_on))
    if amount_fen <= 0:
        raise RemittanceRefused("上解的金额要大于 0，没有登记。")
    if amount_fen > lying:
        raise RemittanceRefused(
            f"{sent_on} 那天账上收款户只有 {spoken(lying)} 元，不能上解 {spoken(amount_fen)} 元，没有登记。"
            "请核对银行回单；有会费还没有登记到账的，请先登记到账。"
        )
    if not 0 < len(reference) <= 60:
        raise RemittanceRefused("没有填银行流水号（或超过 60 个字），没有登记：请照汇款回单填写。")
    if sent_on > at.astimezone(SHANGHAI).date():
        raise RemittanceRefused(f"汇出日 {sent_on} 还没有到，没有登记：请照汇款回单填写日期。")
    if Remittance.objects.filter(bank_reference=reference).exists():
        raise _known(reference)


def _known(reference: str) -> RemittanceRefused:
    return RemittanceRefused(f"流水号 {reference} 的上解已经登记过，没有再登记。请核对回单。")
