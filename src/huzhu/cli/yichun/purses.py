"""Money beside the fees: what the province's pool began with, the union's own money, hardship aid; all figures are demo values."""

from datetime import date
from typing import Any

from huzhu.cli.yichun.cast import Cast
from huzhu.cli.yichun.rosters import moment
from huzhu.ledger import manual

# what, fen, day, resting on what, scheme
POSTED = (
    (
        "fund_opening",
        10_000_000,
        date(2022, 1, 10),
        "演示值：全省女职工方案上年结存，2021 年决算",
        "yichun-women",
    ),
    ("union_opening", 20_000_000, date(2022, 1, 10), "演示值：2021 年决算结余", ""),
    ("union_in", 5_000_000, date(2022, 4, 8), "演示值：省总工会拨付宣传经费", ""),
    ("union_out", 386_000, date(2022, 6, 17), "演示值：宣传日展板和折页，发票 0617", ""),
    ("hardship_opening", 8_000_000, date(2022, 1, 10), "演示值：2021 年决算结余", ""),
    ("hardship_out", 300_000, date(2022, 9, 5), "演示值：中秋慰问困难职工 6 户，名单 0905", ""),
)
WAITS = ("hardship_in", 2_000_000, date(2022, 11, 29), "演示值：企业家协会捐款，银行回单 1129", "")


def tell(people: Cast) -> None:
    """Posted by two persons, and one that waits for the second."""
    for told in POSTED:
        made = _proposed(people, *told)
        manual.confirm(manual=made, by=people.zhou, at=moment(made.posted_on, 14, 0))
    _proposed(people, *WAITS)


def _proposed(people: Cast, way: str, fen: int, day: date, basis: str, scheme: str) -> Any:
    return manual.propose(
        book=people.li.organisation,
        way=way,
        amount_fen=fen,
        posted_on=day,
        basis=basis,
        scheme_slug=scheme,
        fund_year=day.year,
        by=people.li,
        at=moment(day, 10, 0),
    )
