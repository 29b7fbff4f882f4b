"""A request with a key has one effect, however often and by however many it is sent."""

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import connection, transaction

from factories.at_once import in_rounds
from factories.audit import NOON, an_event
from factories.organisations import an_employer
from factories.users import a_role
from huzhu.audit import idempotency
from huzhu.audit.models import Event, Handled
from huzhu.audit.services import SYSTEM

pytestmark = pytest.mark.django_db
ROUNDS, THREADS = 60, 8


def once(key, act, by=SYSTEM, what="test.pay", request="100 元给刘女士", at=NOON):
    return idempotency.once(key=key, by=by, what=what, request=request, act=act, at=at)


def paying(employer, number="1"):
    """An effect that can be counted, and its answer."""

    def act():
        an_event(employer, verb="test.pay", number=number)
        return {"number": number}

    return act


def effects():
    return Event.objects.filter(verb="test.pay").count()


def test_the_same_request_again_gets_the_same_answer_and_no_effect():
    act = paying(an_employer())
    first, again = once("key-0001", act), once("key-0001", act)
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert first.body == again.body == {"number": "1"}
    assert effects() == 1


def test_the_same_key_with_another_request_is_refused_in_words():
    act = paying(an_employer())
    once("key-0001", act)
    for changed in ({"request": "200 元给刘女士"}, {"what": "test.refund"}):
        with pytest.raises(idempotency.KeyUsedOtherwise, match="没有办"):
            once("key-0001", act, **changed)
    assert effects() == 1


def test_two_people_may_choose_the_same_key():
    act = paying(an_employer())
    for by in (a_role("payment_maker"), a_role("payment_maker")):
        assert not once("key-0001", act, by=by).is_repeat
    assert effects() == 2


def test_what_was_refused_leaves_the_key_free_and_nothing_else():
    employer = an_employer()

    def fails():
        paying(employer)()
        raise ValueError("余额不够")

    with pytest.raises(ValueError, match="余额不够"):
        once("key-0001", fails)
    assert (effects(), Handled.objects.count()) == (0, 0)
    assert not once("key-0001", paying(employer)).is_repeat


def test_where_nothing_was_done_the_key_stays_free():
    assert once("key-0001", lambda: None) is None
    assert not once("key-0001", paying(an_employer())).is_repeat


@pytest.mark.parametrize("key", ["", "short", "x" * 81, "有中文的键值啊啊", "with space", "new\nline1"])
def test_what_is_no_key_is_told_so(key):
    with pytest.raises(idempotency.NotAKey, match="8 到 80"):
        once(key, dict)


def test_the_request_is_kept_as_a_keyed_digest_only():
    once("key-0001", dict, request="账号 6222020903000000001")
    kept = str(Handled.objects.values().get())
    assert "6222" not in kept


def test_keys_are_forgotten_when_nobody_will_send_them_again():
    once("key-0001", dict)
    assert idempotency.forget(at=NOON + idempotency.KEPT) == 0
    assert idempotency.forget(at=NOON + idempotency.KEPT + timedelta(seconds=1)) == 1


# ── many at the same moment ─────────────────────────────────────────────────────────────────────────


def naive(key, act):
    """What one would write first: look whether the key is there, and if not, do it."""
    if Handled.objects.filter(key=key).exists():
        return
    with transaction.atomic():
        act()
        Handled.objects.get_or_create(key=key, defaults={"actor_id": "system", "what": "x", "at": NOON})


def rounds(how):
    """How many effects each round had, of eight that send the same request at the same moment."""
    employer = an_employer()
    in_rounds(
        [
            [partial(how, f"key-{uuid4()}", paying(employer, str(number)))] * THREADS
            for number in range(ROUNDS)
        ]
    )
    counted = [event.detail["number"] for event in Event.objects.filter(verb="test.pay")]
    return [counted.count(str(number)) for number in range(ROUNDS)]


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_have_one_effect_in_each_of_sixty_rounds():
    assert rounds(once) == [1] * ROUNDS


@pytest.mark.django_db(transaction=True)
def test_the_naive_way_pays_twice():
    counted = rounds(naive)
    assert all(number >= 1 for number in counted)
    print(f"{sum(number > 1 for number in counted)} of {ROUNDS} rounds had more than one effect")
    if connection.vendor == "postgresql":  # SQLite's gate hides most of it
        assert sum(number > 1 for number in counted) > ROUNDS / 2
