"""Running totals of one member: locked in a fixed order before an evaluation that becomes a decision, raised when it is final."""

from django.db.models import F

from huzhu.adjudication.evaluation import Evaluation
from huzhu.adjudication.models import RunningTotal
from huzhu.claims.facts import enrolments_for
from huzhu.claims.models import Claim
from huzhu.core import money
from huzhu.enrolment.models import Enrolment
from huzhu.rules.edition import Edition
from huzhu.rules.units import Unit
from huzhu.schemes import queries as schemes


class OverTheCap(ValueError):
    """The decision would raise a total above its cap."""


Key = tuple[str, object, str]  # scheme, first day of cover, benefit


def lock(claim: Claim) -> dict[Key, RunningTotal]:
    """Every total this claim may touch, made where it is new and locked, always in the same order."""
    wanted = sorted(
        (enrolment.scheme_slug, enrolment.cover_starts_on, benefit, _cap(edition, benefit))
        for enrolment in enrolments_for(claim)
        for edition in [schemes.engine(enrolment.edition)]
        for benefit in edition.benefits
    )
    for slug, starts_on, benefit, cap in wanted:
        key = {"scheme_slug": slug, "cover_starts_on": starts_on, "benefit": benefit}
        RunningTotal.objects.get_or_create(member_id=claim.member_id, **key, defaults={"cap_fen": cap})
    return {_key(row): row for row in _locked(claim)}


def _locked(claim: Claim) -> list[RunningTotal]:
    rows = RunningTotal.objects.select_for_update().filter(member=claim.member_id)
    return list(rows.order_by("scheme_slug", "cover_starts_on", "benefit"))


def raise_used(rows: dict[Key, RunningTotal], evaluation: Evaluation) -> None:
    """Add what is paid to the locked rows; raises OverTheCap where one would not hold it."""
    for part in evaluation.parts:
        for benefit, amount in part.paid.items():
            if amount:
                _raise(rows[_key_of(part.enrolment, benefit)], amount)


def _raise(row: RunningTotal, amount: int) -> None:
    if row.cap_fen is not None and row.used_fen + amount > row.cap_fen:
        raise OverTheCap(
            f"这一项本保障期封顶 {money.spoken(row.cap_fen)} 元，已用 {money.spoken(row.used_fen)} 元，"
            f"再付 {money.spoken(amount)} 元就超过了，所以没有核定。可能有后发生的申请先核定，请人工核对先后。"
        )
    RunningTotal.objects.filter(pk=row.pk).update(
        used_fen=F("used_fen") + amount, claims_count=F("claims_count") + 1
    )


def _cap(edition: Edition, benefit: str) -> int | None:
    """The period's cap of a benefit: the scheme's parameter of that name, `<benefit>_cap`, in money."""
    cap = edition.parameters.get(f"{benefit}_cap")
    if cap is None or cap.type.unit is not Unit.MONEY or cap.shape != "one":
        return None
    value = cap.at(edition.opens_on)[1]
    return value if isinstance(value, int) else None


def _key(row: RunningTotal) -> Key:
    return row.scheme_slug, row.cover_starts_on, row.benefit


def _key_of(enrolment: Enrolment, benefit: str) -> Key:
    return enrolment.scheme_slug, enrolment.cover_starts_on, benefit
