"""huzhu verify over debts: noughts while people correct, keep, return and give up; and each seeded fault by name."""

import pytest
from django.db import connection, transaction
from test_verify import unlocked

from factories.bank import a_statement, an_own_account, the_line, told
from factories.claims import a_covered_member
from factories.clawing import LARGE, LEAST, OWED_FAULTS, SMALL, Office
from huzhu.cli.main import main
from huzhu.payouts import receivables
from huzhu.payouts.models import Receivable


@pytest.fixture
def office(place) -> Office:
    """One debt kept from a payout and returned, one given up, one that stands; a payout replaced, one kept whole, one paid on."""
    office = Office(place)
    people = [
        a_covered_member(place, name, sex="male") for name in ("王小明", "赵一", "钱二", "孙三", "周四")
    ]
    for number, member in enumerate(people, 1):
        decision = office.paid(member, number=number)
        office.corrected(decision.claim, LARGE if member == people[4] else None, setl_id=f"S30{number}")
    office.scheduled()
    first, second, third, _ = Receivable.objects.order_by("pk")
    stay = {"admitted_on": office.at.date(), "discharged_on": office.at.date()}
    office.decided(people[0], LEAST, number=11, **stay)
    office.decided(people[2], SMALL | LARGE, number=12, **stay)
    replaced = office.decided(people[3], LARGE, number=13, **stay)
    office.scheduled()
    office.corrected(replaced.claim, LEAST, setl_id="S399")
    office.answered(office.sent())
    account = an_own_account(place.province, by=office.maker)
    day = f"{office.at:%Y-%m-%d}"
    a_statement(account, told(day, "R1", "600.00", "王小明"), by=office.maker)
    back = receivables.record_return(
        receivable=first, line=the_line("R1"), by=office.maker, at=office.later()
    )
    given = receivables.give_up(
        receivable=second, reason="会员已故，无遗产", by=office.maker, at=office.later()
    )
    for clearing in (*back, given):
        receivables.settle(clearing=clearing, agree=True, by=office.releaser, at=office.later())
    third.refresh_from_db()
    assert third.left_fen == 0
    return office


def said_by(capsys) -> tuple[int, str]:
    status = main(["verify"])
    return status, capsys.readouterr().out


@pytest.mark.django_db
def test_there_are_noughts_after_all_of_it_and_each_seeded_fault_is_found(office, capsys):
    status, said = said_by(capsys)
    assert status == 0, said
    for title, fault in OWED_FAULTS.items():
        with transaction.atomic():
            with connection.cursor() as cursor:
                for statement in (*unlocked(), fault):
                    cursor.execute(statement)
            status, said = said_by(capsys)
            transaction.set_rollback(True)
        assert status == 1, title
        [line] = [one for one in said.splitlines() if one.startswith(title) and "（" in one and "  " in one]
        assert line.rstrip().endswith("条不符"), said
