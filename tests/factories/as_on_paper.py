"""What must be the same in the product and on the sheet of paper, after every step."""

from collections import Counter
from typing import Any

from django.db import connection
from django.db.models import Model

from factories.lifecycles import exits_of, lifecycle_of, reachable, with_states
from factories.living_fund import LivingFund
from huzhu.claims.models import Claim
from huzhu.contributions.given_back import Refund, RefundPart
from huzhu.contributions.models import Prepaid, Share
from huzhu.enrolment.models import Enrolment
from huzhu.ledger.models import ManualVoucher, Period, Remittance, YearClosing
from huzhu.payouts.models import Clearing, Payout, Receivable
from reference.plain_fund import PlainFund

STANDING = """
    SELECT office_id, scheme_slug, fund_year, month, code, SUM(fen) FROM (
        SELECT office_id, scheme_slug, fund_year, month, debit_id AS code, amount_fen AS fen FROM ledger_ledgerentry
        UNION ALL
        SELECT office_id, scheme_slug, fund_year, month, credit_id, -amount_fen FROM ledger_ledgerentry
    ) sides GROUP BY 1, 2, 3, 4, 5 HAVING SUM(fen) <> 0
"""


def agrees(fund: LivingFund) -> None:
    """Books, shares, cover, what rests, what goes back, what goes up, claims, payouts and months are as on paper."""
    paper = fund.paper
    assert _standing() == dict(paper.books)
    assert {
        pk: (owed, got) for pk, owed, got in Share.objects.values_list("pk", "amount_fen", "received_fen")
    } == {number: (one.owes, one.got) for number, one in paper.shares.items()}
    covers = Enrolment.objects.values_list("roster", "scheme_slug", "state")
    assert Counter(covers) == paper.covers()
    assert dict(Prepaid.objects.values_list("pk", "left_fen")) == {
        number: one.fen for number, one in paper.prepaid.items()
    }
    assert {
        pk: (state, fen) for pk, state, fen in Refund.objects.values_list("pk", "state", "amount_fen")
    } == {number: (one.state, one.fen) for number, one in paper.refunds.items()}
    assert {
        pk: (state, fen) for pk, state, fen in RefundPart.objects.values_list("pk", "state", "amount_fen")
    } == {number: (one.state, one.fen) for number, one in paper.parts.items()}
    assert dict(Remittance.objects.values_list("pk", "state")) == paper.remitted
    assert dict(Claim.objects.values_list("pk", "state")) == {
        number: one.state for number, one in paper.claims.items()
    }
    _payouts_agree(paper)
    _debts_agree(paper)
    assert dict(ManualVoucher.objects.values_list("pk", "state")) == {
        number: one.state for number, one in paper.by_hand.items()
    }
    assert dict(YearClosing.objects.values_list("pk", "state")) == {
        number: one.state for number, one in paper.year_ends.items()
    }
    assert dict(Period.objects.values_list("month", "state")) == paper.months


def _payouts_agree(paper: PlainFund) -> None:
    """Of each decision that was scheduled one payout lives, in its state, with its sum and what is kept of it."""
    living = Payout.objects.filter(replaced_by=None)
    assert sorted(living.values_list("decision", "state", "amount_fen", "set_off_fen")) == sorted(
        (number, one.state, one.fen, sum(fen for _, fen in one.kept))
        for number, one in paper.decisions.items()
        if one.state not in {"decided", "untaken", "nothing"}
    )
    assert Payout.objects.exclude(replaced_by=None).count() == paper.replaced


def _debts_agree(paper: PlainFund) -> None:
    """What members owe, how much of it came back, and by what."""
    owed = Receivable.objects.values_list("difference__decision", "amount_fen", "cleared_fen")
    assert {number: (owes, got) for number, owes, got in owed} == {
        number: (one.owes, one.got) for number, one in paper.debts.items()
    }
    by = Clearing.objects.values_list("receivable__difference__decision", "kind", "state", "amount_fen")
    assert Counter(by) == +paper.cleared


def _standing() -> dict[tuple[int, str, int, str, str], int]:
    with connection.cursor() as cursor:
        cursor.execute(STANDING)
        return {tuple(key): int(fen) for *key, fen in cursor.fetchall()}


# ── ways that lead from state to state ──────────────────────────────────────────────────────────────

Stood = dict[type[Model], dict[Any, str]]


def moved(before: Stood) -> tuple[Stood, list[str]]:
    """How every row stands now, and which came there by no way of its room's table."""
    now = {model: dict(model.objects.values_list("pk", "state")) for model in WAYS}
    astray = [
        f"{model.__name__}: {was} → {now[model].get(pk)}"
        for model, rows in before.items()
        for pk, was in rows.items()
        if now[model].get(pk) not in {was, *WAYS[model][was]}
    ]
    return now, astray


WAYS = {
    model: reachable(exits_of(lifecycle_of(model) or {}))
    for model in with_states()
    if model._meta.app_label in {"adjudication", "claims", "contributions", "enrolment", "ledger", "payouts"}
}
