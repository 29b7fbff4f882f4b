"""What has become of the money of a claim, in plain words: what reached the member and where, what was kept, what still waits."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Sum

from huzhu.adjudication.models import Decision
from huzhu.claims.models import Claim, State
from huzhu.core import money
from huzhu.core.identity import mask_account
from huzhu.members.queries import account_to_pay
from huzhu.payouts.differences import AT_THE_BANK, GONE
from huzhu.payouts.models import Payout, Receivable
from huzhu.rules.units import SHANGHAI

KEPT = "已抵扣"  # a claim that came to its end, and nothing was transferred


@dataclass(frozen=True, slots=True)
class Payee:
    """An account as it is shown: the number masked."""

    holder: str
    bank_name: str
    number: str

    @property
    def words(self) -> str:
        """In one line; the number does not break."""
        number = self.number.replace(" ", "\u00a0")
        return f"{self.holder}　{self.bank_name} {number}"


@dataclass(frozen=True, slots=True)
class Paid:
    """One sum that reached the member."""

    amount_fen: int
    at: datetime
    payee: Payee


@dataclass(frozen=True, slots=True)
class Arrived:
    """The money of one claim."""

    claim: Claim
    granted_fen: int  # as it is decided now
    owed_fen: int  # what was paid too much, as its corrections say
    payouts: tuple[Payout, ...]  # of each decision the one that holds, oldest first

    @property
    def paid(self) -> list[Paid]:
        return [
            Paid(one.amount_fen, one.answered_at, _payee(one, one.account_number))
            for one in self.payouts
            if one.state == Payout.State.PAID and one.answered_at
        ]

    @property
    def paid_fen(self) -> int:
        return sum(one.amount_fen for one in self.paid)

    @property
    def at(self) -> datetime | None:
        """When the last of it arrived."""
        return max((one.at for one in self.paid), default=None)

    @property
    def kept_fen(self) -> int:
        return sum(one.set_off_fen for one in self.payouts)

    @property
    def waits_fen(self) -> int:
        """What is still to be paid."""
        return max(0, self.granted_fen + self.owed_fen - self.paid_fen - self.kept_fen)

    @property
    def is_kept_whole(self) -> bool:
        """Settled, and nothing was transferred."""
        return bool(self.kept_fen) and not self.paid and not self.waits_fen

    @property
    def is_kept(self) -> bool:
        """The claim came to its end, and nothing was transferred yet."""
        return self.claim.state == State.PAID and bool(self.kept_fen) and not self.paid

    @property
    def word(self) -> str:
        """Where the claim stands."""
        return KEPT if self.is_kept else str(self.claim.get_state_display())

    @property
    def goes_to(self) -> Payee | None:
        """Where what has not arrived goes: as the payout that is on its way says, else to the account in use."""
        if (self.paid or self.kept_fen) and not self.waits_fen:
            return None
        if sent := next((one for one in self.payouts if one.state in AT_THE_BANK), None):
            return _payee(sent, sent.account_number)
        named = self.claim.account
        found = named if self.claim.state == State.WITHDRAWN else account_to_pay(self.claim.member, named)
        return _payee(found, found.number) if found else None

    @property
    def accounts(self) -> list[Payee]:
        """Each account once: those that were paid to, then the one that will be."""
        found = [one.payee for one in self.paid]
        return list(dict.fromkeys([*found, *filter(None, [self.goes_to])]))

    @property
    def said(self) -> list[str]:
        """What stands beside the sum: what was kept, what still waits, what was too much."""
        kept, lines = money.spoken(self.kept_fen), []
        if self.is_kept_whole:
            lines.append(f"这次没有转账：{kept} 元全部抵扣以前多发的。")
        elif self.kept_fen:
            whole = money.spoken(self.granted_fen + self.owed_fen)
            lines.append(f"应付 {whole} 元，其中 {kept} 元抵扣以前多发的。")
        if self.waits_fen and (self.paid or self.kept_fen):
            lines.append(f"还有 {money.spoken(self.waits_fen)} 元没有到账，正在发放。")
        if self.owed_fen:
            now, over = money.spoken(self.granted_fen), money.spoken(self.owed_fen)
            lines.append(f"后来更正为 {now} 元，多发了 {over} 元。")
        return lines

    @property
    def told(self) -> list[str]:
        """The same for the letter, with the accounts."""
        lines = [
            f"{money.spoken(one.amount_fen)} 元已于 {one.at.astimezone(SHANGHAI).date()} 付到您的账户："
            f"{one.payee.bank_name} {one.payee.number}。"
            for one in self.paid
        ]
        lines += self.said
        if self.waits_fen and (to := self.goes_to):
            what = "没有到账的" if self.paid or self.kept_fen else "互助金"
            lines.append(f"{what}将付到您的账户：{to.bank_name} {to.number}。请留意到账通知。")
        return lines


def of_claim(claim: Claim) -> Arrived:
    """The money of a claim that the asker was let see."""
    return of_claims([claim])[claim.pk]


def of_claims(claims: Iterable[Claim]) -> dict[Any, Arrived]:
    """By the key of the claim: three statements for all of them."""
    found = list(claims)
    final = Decision.objects.filter(claim__in=found, state=Decision.State.FINAL)
    granted = dict(final.values_list("claim", "total_fen"))
    debts = Receivable.objects.filter(difference__decision__claim__in=found).order_by()
    owed = dict(debts.values_list("difference__decision__claim").annotate(Sum("amount_fen")))
    payouts = defaultdict(list)
    holding = Payout.objects.filter(decision__claim__in=found, replaced_by=None)
    for one in (
        holding.exclude(state=Payout.State.REPLACED).select_related("decision").order_by("scheduled_at", "pk")
    ):
        payouts[one.decision.claim_id].append(one)
    return {
        one.pk: Arrived(one, granted.get(one.pk, 0), owed.get(one.pk, 0), tuple(payouts[one.pk]))
        for one in found
    }


def words_of(claims: Iterable[Claim]) -> dict[Any, str]:
    """Where each of these claims stands, by its key: one statement for all of them."""
    found = list(claims)
    ended = [one.pk for one in found if one.state == State.PAID]
    gone = Payout.objects.filter(decision__claim__in=ended, state__in=GONE).values_list(
        "decision__claim", "state"
    )
    states = set(gone) if ended else set()
    kept = {
        pk for pk, state in states if state == Payout.State.SET_OFF and (pk, Payout.State.PAID) not in states
    }
    return {one.pk: KEPT if one.pk in kept else str(one.get_state_display()) for one in found}


def _payee(one: Any, number: str) -> Payee:
    return Payee(one.holder, one.bank_name, mask_account(number))
