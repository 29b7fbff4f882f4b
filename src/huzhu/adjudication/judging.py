"""What a machine may pay of one claim, and why it may not."""

from django.conf import settings

from huzhu.adjudication.evaluation import Evaluation, evaluate
from huzhu.claims.facts import Known, Told
from huzhu.core import money
from huzhu.rules.facts import FactsRefused


def judged(claim: Told, known: Known) -> tuple[Evaluation | None, str]:
    """The evaluation, and why a machine may not pay it; an empty reason where it may."""
    try:
        evaluation = evaluate(claim=claim, known=known)
    except FactsRefused as refused:
        return None, "资料读不出：" + "；".join(problem.what for problem in refused.problems)
    return evaluation, _why_not(claim, evaluation)


def _why_not(claim: Told, evaluation: Evaluation) -> str:
    limit = settings.HUZHU_SECOND_DECISION_FEN
    if claim.account_id is None:
        return "没有收款账户"
    if not evaluation.parts:
        return "没有生效的保障包含这次住院"
    if not evaluation.total_fen:
        return "按规则合计 0.00 元；不给付只能由人决定"
    if warnings := evaluation.warnings:
        return "；".join(warnings)
    if evaluation.total_fen > limit:
        return f"合计 {evaluation.total} 元，超过 {money.spoken(limit)} 元的复核限额"
    return ""


def count(claim: Told, known: Known) -> None:
    """What is paid is history for the member's next claim, in the order in which it will be read."""
    known.counted.append(claim)
    known.counted.sort(key=lambda one: one.number)
