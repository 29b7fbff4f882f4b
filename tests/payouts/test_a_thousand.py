"""A batch of a thousand, from making it to the bank's answer, in a few dozen statements."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from factories.many_payouts import many_scheduled
from factories.payouts import ANSWERED_AT, DECIDED_AT, HOUR
from huzhu.bank.files import Answer, write_reply
from huzhu.claims.models import Claim
from huzhu.ledger.models import LedgerEntry
from huzhu.payouts import services
from huzhu.payouts.bankfile import form_of
from huzhu.payouts.models import Payout

MOST = 60


@pytest.mark.parametrize("count", [10, 1000])
def test_a_batch_takes_few_statements_however_large_it_is(desk, count):
    payouts = many_scheduled(desk, count)
    with CaptureQueriesContext(connection) as asked:
        batch = services.make_batch(payouts=payouts, by=desk.maker, at=DECIDED_AT + HOUR)
        batch = services.release(batch=batch, by=desk.releaser, at=DECIDED_AT + 2 * HOUR)
        services.hand_out(batch=batch, by=desk.maker, at=DECIDED_AT + 3 * HOUR)
    data = a_reply(batch, count)
    with CaptureQueriesContext(connection) as answered:
        services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT)
    print(f"{count} payouts: {len(asked)} statements to send, {len(answered)} to take in the answer")
    assert len(asked) + len(answered) <= MOST
    assert Payout.objects.filter(state="paid").count() == count - 2
    assert Claim.objects.filter(state="paid").count() == count - 2
    assert LedgerEntry.objects.filter(credit="1001").count() == count - 2
    assert Claim.objects.get(number="2022-500001").paid_at == ANSWERED_AT - timedelta(seconds=1)


def a_reply(batch, count: int) -> bytes:
    """Each line at a second of its own; one sent back, one unclear."""
    results = {2: False, 3: None}
    answers = [
        Answer(0, line, 171_400, results.get(line, True), "", ANSWERED_AT - timedelta(seconds=line))
        for line in range(1, count + 1)
    ]
    return write_reply(form_of(batch), batch.number, answers)
