"""What became of corrected decisions, in plain words: for the claim, the phone and the letter."""

from dataclasses import dataclass

from huzhu.adjudication.models import Decision
from huzhu.claims.models import Claim, SettlementChange
from huzhu.core import money
from huzhu.payouts.due import results
from huzhu.payouts.models import Difference, Payout, Receivable
from huzhu.rules.units import SHANGHAI


@dataclass(frozen=True, slots=True)
class Moved:
    """One benefit of a scheme before and after."""

    scheme: str
    label: str
    was_fen: int
    now_fen: int

    @property
    def difference_fen(self) -> int:
        return self.now_fen - self.was_fen


@dataclass(frozen=True, slots=True)
class Corrected:
    """One decision that corrected another: why, what changed, and where the difference went."""

    decision: Decision
    change: SettlementChange
    moved: tuple[Moved, ...]
    owed: tuple[Receivable, ...]
    more: Payout | None
    is_taken: bool

    @property
    def was_fen(self) -> int:
        return self.decision.corrects.total_fen if self.decision.corrects else 0

    @property
    def difference_fen(self) -> int:
        return self.decision.total_fen - self.was_fen

    @property
    def owed_fen(self) -> int:
        return sum(one.amount_fen for one in self.owed)

    @property
    def left_fen(self) -> int:
        return sum(one.left_fen for one in self.owed)

    @property
    def why(self) -> str:
        """What happened, as a member reads it."""
        noted = self.change.noted_at.astimezone(SHANGHAI)
        anew = self.change.kind == SettlementChange.Kind.CORRECTED
        what = "重新结算了" if anew else "作废了（已退费）"
        if self.change.claim_id == self.decision.claim_id:
            return f"{noted:%Y-%m-%d} 登记：医保把这次住院的结算单{what}，所以互助金要重新算。"
        return (
            f"{noted:%Y-%m-%d} 登记：医保把您另一件申请 {self.change.claim.number} 的结算单{what}。"
            "同一年度的申请按先后次序算，所以这一件也要重新算。"
        )

    @property
    def outcome(self) -> str:
        """Where the difference is now."""
        if not self.is_taken:
            return "差额还没有记账，一般几秒后自动办好；原来那一笔款还在银行的，要等银行的答复。"
        said = []
        if self.owed:
            said.append(f"多发了 {money.spoken(self.owed_fen)} 元，{_left(self.left_fen)}")
        if self.more:
            said.append(_more(self.more))
        if not said:
            waits = self.decision.total_fen > 0 and not self.decision.payouts.exists()
            same = not any(one.difference_fen for one in self.moved)
            said.append(
                "金额没有变。"
                if same
                else "正在按新的核定安排发放。"
                if waits
                else "原来那一笔没有付出，不用退。"
            )
        return "".join(said)


def _left(fen: int) -> str:
    if not fen:
        return "已经结清。"
    return f"还有 {money.spoken(fen)} 元待收回：会从以后的互助金里抵扣，也可以主动退回。"


def _more(payout: Payout) -> str:
    kept = f"，其中 {money.spoken(payout.set_off_fen)} 元抵扣以前多发的" if payout.set_off_fen else ""
    whole = money.spoken(payout.amount_fen + payout.set_off_fen)
    return f"应付 {whole} 元{kept}，{payout.get_state_display()}。"


def of_claim(claim: Claim) -> list[Corrected]:
    """The corrections of a claim that the asker was let see, oldest first."""
    found = Decision.objects.filter(claim=claim, corrects__isnull=False)
    related = found.select_related(
        "corrects", "correction__change__claim", "decided_by", "second_by", "claim__member", "claim__office"
    )
    return [_told(one) for one in related.order_by("pk")]


def latest_of(claim: Claim) -> Corrected | None:
    """The one that holds."""
    return next(iter(reversed(of_claim(claim))), None)


def differences_of(decision: Decision) -> list[Moved]:
    """What a correction changed, benefit by benefit, against the decision before it."""
    parts = [
        *decision.adjudications.all(),
        *(decision.corrects.adjudications.all() if decision.corrects else []),
    ]
    found = []
    for enrolment, short in sorted(
        {(part.enrolment_id, part.edition.short) for part in parts}, key=lambda one: one[1]
    ):
        was, now = results(decision.corrects_id, enrolment), results(decision.pk, enrolment)
        found += [
            Moved(
                short, (now.get(name) or was[name])[0], was.get(name, ("", 0))[1], now.get(name, ("", 0))[1]
            )
            for name in sorted(was.keys() | now.keys())
        ]
    return found


def _told(decision: Decision) -> Corrected:
    moved = list(Difference.objects.filter(decision=decision))
    owed = Receivable.objects.filter(difference__in=moved).select_related("difference__decision__claim")
    more = decision.payouts.exclude(state=Payout.State.REPLACED).order_by("-scheduled_at", "-pk").first()
    return Corrected(
        decision=decision,
        change=decision.correction.change,  # type: ignore[union-attr]  # the table says that it is there
        moved=tuple(differences_of(decision)),
        owed=tuple(owed.order_by("pk")),
        more=more,
        is_taken=bool(moved),
    )
