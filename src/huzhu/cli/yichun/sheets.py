"""Settlement sheets that add up, made backwards from the benefit wanted; the story's own sheet as published in the trial page."""

from dataclasses import dataclass
from random import Random

from huzhu.core import money

DEDUCTIBLE = {"three": 80_000, "two": 50_000, "one": 30_000}
HOSPITALS = (
    ("伊春市中心医院", "three"),
    ("伊春林业中心医院", "three"),
    ("哈尔滨医科大学附属第一医院", "three"),
    ("伊春市中医医院", "two"),
    ("铁力市人民医院", "two"),
    ("嘉荫县人民医院", "two"),
    ("美溪区人民医院", "one"),
)
COMMON = ("K35.8", "J18.9", "I10", "E11.9", "K80.2", "M51.2", "N20.0", "I63.9", "S82.2", "H25.9")
GRAVE = ("C34.9", "C16.9", "C18.9", "C73", "I21.9", "I61.9", "C22.0", "N18.5")


@dataclass(frozen=True, slots=True)
class Illness:
    """One stay: where, the code, the benefit it comes to and the sheet that comes to it."""

    hospital: str
    grade: str
    diagnosis: str
    figures: dict[str, str]


def benefits(seed: Random, count: int, total_fen: int) -> list[int]:
    """That many inpatient benefits with a heavy tail that sum to the total, each a multiple of three fen.

    Reading A pays 60 % of S, so a benefit of 3n fen is an S of 5n fen to the cent.
    """
    weights = [int(1000 * seed.lognormvariate(0, 0.75)) + 150 for _ in range(count)]
    thirds, rest = divmod(total_fen, 3)
    if rest:
        raise ValueError("互助金合计要能被 3 整除，才能倒推出整分的自付")
    parts = [thirds * weight // sum(weights) for weight in weights]
    parts[-1] += thirds - sum(parts)
    return [3 * part for part in parts]


def illness(seed: Random, benefit_fen: int, *, grave: bool) -> Illness:
    """A stay whose inpatient benefit is exactly this."""
    hospital, grade = seed.choice(HOSPITALS)
    figures = sheet(seed, benefit_fen * 5 // 3, DEDUCTIBLE[grade])
    return Illness(hospital, grade, seed.choice(GRAVE if grave else COMMON), figures)


def sheet(seed: Random, own_fen: int, deductible_fen: int) -> dict[str, str]:
    """A sheet with S = own_fen and the pool paying about 85 % of the range above the deductible."""
    pool = own_fen * seed.randint(560, 640) // 100
    scope = own_fen + deductible_fen + pool
    own = {name: scope * seed.randint(1, most) // 100 for name, most in OUTSIDE.items()}
    fee = scope + sum(own.values())
    person = fee - pool
    account = min(person, seed.randint(0, 200_000))
    figures = {
        "inscp_scp_amt": scope,
        "act_pay_dedc": deductible_fen,
        "hifp_pay": pool,
        "medfee_sumamt": fee,
        **own,
        "fund_pay_sumamt": pool,
        "psn_part_amt": person,
        "acct_pay": account,
        "psn_cash_pay": person - account,
    }
    return {name: money.yuan(fen) for name, fen in figures.items()}


OUTSIDE = {"fulamt_ownpay_amt": 9, "overlmt_selfpay": 3, "preselfpay_amt": 5}
