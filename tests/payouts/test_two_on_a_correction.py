"""A payment is made again at the very moment at which its decision is corrected: its money leaves the books once."""

import threading

import pytest
from django.db import connection

from factories.claims import a_covered_member
from factories.clawing import LEAST, Office, balance
from huzhu.cli.checks import CHECKS
from huzhu.cli.verify import compared
from huzhu.payouts import differences, services
from huzhu.payouts.models import Payout

pytestmark = pytest.mark.django_db(transaction=True)


def beside(act) -> threading.Thread:
    """By another connection."""

    def run():
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_what_is_made_again_while_the_correction_waits_for_it_is_replaced_as_well(place, monkeypatch):
    office = Office(place)
    decision = office.decided(a_covered_member(place))
    office.answered(office.sent(), fail_lines={1})
    failed, post = Payout.objects.get(), services.ledger.post
    made, corrected = threading.Event(), threading.Event()

    def slowly(**told):
        voucher = post(**told)
        if told["source"].endswith(":again"):
            made.set()
            assert corrected.wait(20)
        return voucher

    monkeypatch.setattr(services.ledger, "post", slowly)
    again_at, taken_at = office.later(), []
    again = beside(lambda: services.pay_again(payout=failed, by=office.maker, at=again_at))
    assert made.wait(20)
    office.corrected(decision.claim, LEAST)
    take_at = office.later()
    take = beside(lambda: taken_at.append(differences.take(at=take_at)))
    take.join(2)
    assert take.is_alive()  # it waits for who pays again
    corrected.set()
    for thread in (again, take):
        thread.join(20)
    assert taken_at == [1]
    assert dict(Payout.objects.values_list("replaces", "state")) == {None: "failed", failed.pk: "replaced"}
    assert (balance("2002"), balance("2001"), balance("5001")) == (0, 0, 0)
    assert [one.title for one in map(compared, CHECKS) if one.differing] == []
