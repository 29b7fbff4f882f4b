"""Money leaves by two people who had no other part in the claim."""

from itertools import combinations

import pytest
from django.db import IntegrityError, transaction

from factories.organisations import a_province
from factories.payouts import (
    ANSWERED_AT,
    DECIDED_AT,
    HOUR,
    a_batch,
    a_final_decision,
    a_payout,
    a_released,
    an_answered,
)
from factories.users import a_role, a_user
from huzhu.adjudication.acts import NoPersonTwice
from huzhu.payouts import services
from huzhu.payouts.acts import acts_with_payment
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.models import Payout, PayoutBatch
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed

LATER = DECIDED_AT + 3 * HOUR


def every_code_but(*codes: str) -> list[str]:
    return [code for code in Role.Code if code not in codes]


def act(name: str, batch: PayoutBatch, by: Role):
    """One verb of paying, on a batch or on its first payout."""
    payout = batch.payouts.first()
    verbs = {
        "make_batch": lambda: services.make_batch(payouts=[payout], by=by, at=LATER),
        "release": lambda: services.release(batch=batch, by=by, at=LATER),
        "send_back": lambda: services.send_back(batch=batch, reason="户名有误", by=by, at=LATER),
        "hand_out": lambda: services.hand_out(batch=batch, by=by, at=LATER),
        "apply_reply": lambda: services.apply_reply(batch=batch, data=b"", by=by, at=LATER),
        "pay_again": lambda: services.pay_again(payout=payout, by=by, at=LATER),
    }
    return verbs[name]()


MAY = {
    "make_batch": ("payment_maker",),
    "release": ("payment_releaser",),
    "send_back": ("payment_maker", "payment_releaser"),
    "hand_out": ("payment_maker", "payment_releaser"),
    "apply_reply": ("payment_maker",),
    "pay_again": ("payment_maker",),
}


@pytest.mark.parametrize(("verb", "code"), [(v, c) for v, may in MAY.items() for c in every_code_but(*may)])
def test_who_may_not(desk, verb, code):
    batch = a_batch(desk)
    with pytest.raises(NotAllowed):
        act(verb, batch, a_role(code, desk.province))
    batch.refresh_from_db()
    assert batch.state == "made"


@pytest.mark.parametrize(("verb", "code"), [(v, c) for v, may in MAY.items() for c in may])
def test_nor_may_the_right_role_of_another_branch(desk, verb, code):
    stranger = a_role(code, a_province(name="吉林省办事处"))
    batch = a_batch(desk)
    if verb == "make_batch":
        with pytest.raises(NotAllowed):
            services.make_batch(payouts=[a_payout(desk)], by=stranger, at=LATER)
        return
    with pytest.raises(NotAllowed):
        act(verb, batch, stranger)


ACTS = ("opinion", "decision", "second", "batch_maker", "batch_releaser")


@pytest.mark.parametrize(
    ("first", "again"), [pair for pair in combinations(ACTS, 2) if pair[1].startswith("batch")]
)
def test_no_person_twice_on_one_claim(desk, first, again):
    """Every pair of acts of which the later one is a payment's."""
    person = a_user("周同一")
    roles = {
        "batch_maker": a_role("payment_maker", desk.province, user=person),
        "batch_releaser": a_role("payment_releaser", desk.province, user=person),
    }
    people = {"opinion": "opinion_by", "decision": "decided_by", "second": "second_by"}
    a_final_decision(desk, **({people[first]: person} if first in people else {}))
    [payout] = services.schedule(at=DECIDED_AT)
    if again == "batch_maker":
        with pytest.raises(NoPersonTwice, match="不能再由您制单"):
            a_batch(desk, payout, by=roles[again])
        assert not PayoutBatch.objects.exists()
        return
    batch = a_batch(desk, payout, by=roles["batch_maker"] if first == "batch_maker" else desk.maker)
    with pytest.raises(NoPersonTwice, match="不能再由您放行"):
        services.release(batch=batch, by=roles[again], at=LATER)
    batch.refresh_from_db()
    assert (batch.state, batch.sha256) == ("made", "")


def test_one_claim_of_a_batch_is_enough_to_keep_a_person_away(desk):
    person = a_user()
    a_final_decision(desk, name="王小明")
    a_final_decision(desk, decided_by=person)
    payouts = services.schedule(at=DECIDED_AT)
    with pytest.raises(NoPersonTwice):
        a_batch(desk, *payouts, by=a_role("payment_maker", desk.province, user=person))
    assert set(Payout.objects.values_list("state", flat=True)) == {"scheduled"}


@pytest.mark.parametrize("act_before", ["batch_maker", "batch_releaser"])
def test_who_paid_once_does_not_change_sides_when_it_is_paid_again(desk, act_before):
    batch = an_answered(desk, fail_lines=[1])
    again = services.pay_again(payout=batch.payouts.get(), by=desk.maker, at=ANSWERED_AT + HOUR)
    if act_before == "batch_releaser":
        turned = a_role("payment_maker", desk.province, user=desk.releaser.user)
        with pytest.raises(NoPersonTwice, match="放行"):
            a_batch(desk, again, by=turned)
        return
    other = a_role("payment_maker", desk.province, "孙制单")
    second = a_batch(desk, again, by=other)
    turned = a_role("payment_releaser", desk.province, user=desk.maker.user)
    with pytest.raises(NoPersonTwice, match="制单"):
        services.release(batch=second, by=turned, at=ANSWERED_AT + 2 * HOUR)


def test_the_same_two_may_pay_again(desk):
    batch = an_answered(desk, fail_lines=[1])
    again = services.pay_again(payout=batch.payouts.get(), by=desk.maker, at=ANSWERED_AT + HOUR)
    a_released(desk, again)
    assert acts_with_payment(again.decision.claim) == {
        "opinion": again.decision.claim.opinion.given_by_id,
        "decision": again.decision.decided_by_id,
        "batch_maker": desk.maker.user_id,
        "batch_releaser": desk.releaser.user_id,
    }


def test_the_database_refuses_a_maker_who_releases(desk):
    batch = a_batch(desk)
    with pytest.raises(IntegrityError), transaction.atomic():
        PayoutBatch.objects.filter(pk=batch.pk).update(
            state="released", released_by=desk.maker.user, released_at=LATER, sha256="a" * 64
        )


@pytest.mark.parametrize(
    "change", [{"state": "released"}, {"sha256": "a" * 64}, {"state": "void"}, {"count": 0}, {"total_fen": 0}]
)
def test_the_database_refuses_a_half_released_batch(desk, change):
    batch = a_batch(desk)
    with pytest.raises(IntegrityError), transaction.atomic():
        PayoutBatch.objects.filter(pk=batch.pk).update(**change)


def test_an_auditor_takes_no_file_and_no_reply(desk):
    batch = a_released(desk)
    data = reply_for(batch, ANSWERED_AT)
    with pytest.raises(NotAllowed):
        services.hand_out(batch=batch, by=desk.auditor, at=ANSWERED_AT)
    with pytest.raises(NotAllowed):
        services.apply_reply(batch=batch, data=data, by=desk.auditor, at=ANSWERED_AT)
