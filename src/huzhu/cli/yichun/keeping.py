"""The books of the year: fees sent up, months locked and closed, a share for the reserve, two signed days, accounts for everybody."""

from datetime import date, timedelta

from huzhu.cli.yichun.cast import Cast
from huzhu.cli.yichun.rosters import moment
from huzhu.disclosure import services as disclosure
from huzhu.ledger import closing, dayclose, periods, remitting
from huzhu.ledger import queries as ledger

SENT = (date(2022, 2, 28), date(2022, 3, 30), date(2022, 7, 28), date(2022, 11, 28))


def tell(people: Cast) -> None:
    """January to September closed, October locked, November open; the last remittance is still in transit."""
    book = people.li.organisation
    for number, day in enumerate(SENT, 1):
        lying = sum(fen for _, _, fen in ledger.collected(people.sun.organisation, day))
        sent = remitting.send(
            office=people.sun.organisation,
            amount_fen=lying,
            sent_on=day,
            bank_reference=f"SJ2022{number:03d}",
            by=people.sun,
            at=moment(day, 15, 0),
        )
        if day != SENT[-1]:
            arrived = day + timedelta(1)
            remitting.arrive(remittance=sent, arrived_on=arrived, by=people.li, at=moment(arrived, 10, 0))
    while (month := periods.next_to_lock(book)) <= "2022-10":
        after = date(int(month[:4]) + int(month[5:]) // 12, int(month[5:]) % 12 + 1, 8)
        period = periods.lock(book=book, month=month, by=people.li, at=moment(after, 9, 30))
        if month != "2022-10":
            periods.close(period=period, by=people.zhou, at=moment(after, 16, 0))
    rate = closing.propose_rate(
        book=book,
        valid_from=date(2022, 1, 1),
        basis="surplus",
        basis_points=500,
        clause="演示：比例没有公布",
        by=people.li,
        at=moment(date(2022, 1, 10), 9, 0),
    )
    closing.confirm_rate(rate=rate, by=people.zhou, at=moment(date(2022, 1, 10), 14, 0))
    for day in (date(2022, 11, 28), date(2022, 11, 29)):
        dayclose.sign(book=book, day=day, by=people.li, at=moment(day, 17, 0))
    asked = disclosure.propose(
        book=book, first="2022-01", last="2022-09", by=people.li, at=moment(date(2022, 10, 10), 9, 0)
    )
    disclosure.publish(accounts=asked, by=people.zhou, at=moment(date(2022, 10, 10), 15, 0))
