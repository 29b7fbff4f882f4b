"""A member signs in with number, phone and code; a stranger learns nothing."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from factories.members import a_member, an_id_number
from huzhu.audit.models import Event
from huzhu.members import services
from huzhu.members.models import OneTimeCode
from huzhu.members.signin import WrongCode
from huzhu.notices.models import Notice

NOON = datetime(2022, 7, 13, 4, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def ask(member, at=NOON, **other):
    who = {"id_number": member.id_number, "phone": member.phone} | other
    return services.send_code(**who, at=at)


def code_sent() -> str:
    notice = Notice.objects.order_by("created_at", "pk").last()
    return re.search(r"\d{6}", notice.text)[0]


def enter(member, code, at=NOON + timedelta(minutes=1), **other):
    who = {"id_number": member.id_number, "phone": member.phone} | other
    return services.sign_in(**who, code=code, at=at)


def test_a_stranger_hears_the_same_and_gets_nothing():
    member = a_member()
    known = ask(member)
    assert ask(member, phone="13911111111") == known
    assert ask(member, id_number=an_id_number()) == known
    assert services.send_code(id_number="", phone="", at=NOON) == known
    assert Notice.objects.count() == 1


def test_without_a_code_nobody_comes_in():
    member = a_member()
    with pytest.raises(WrongCode):
        enter(member, "123456")
    with pytest.raises(WrongCode):
        services.sign_in(id_number=an_id_number(), phone="13911111111", code="123456", at=NOON)


def test_a_code_lets_the_member_in_once():
    member = a_member()
    ask(member)
    assert enter(member, f" {code_sent()} ", id_number=member.id_number.lower()) == member
    with pytest.raises(WrongCode):
        enter(member, code_sent())
    assert Event.objects.filter(verb="members.sign_in").count() == 1


def test_a_code_is_good_for_minutes_only():
    member = a_member()
    ask(member)
    with pytest.raises(WrongCode):
        enter(member, code_sent(), at=NOON + timedelta(minutes=5))


def test_a_code_of_another_member_does_not_open():
    mine, other = a_member(), a_member(phone="13900000002")
    ask(other)
    code = code_sent()
    ask(mine)
    with pytest.raises(WrongCode):
        enter(mine, code if code != code_sent() else "000000")


def test_after_five_tries_even_the_right_code_is_refused():
    member = a_member()
    ask(member)
    right = code_sent()
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for _ in range(5):
        with pytest.raises(WrongCode):
            enter(member, wrong)
    with pytest.raises(WrongCode):
        enter(member, right)
    assert OneTimeCode.objects.get().tries == 5


def test_codes_are_not_sent_faster_than_one_a_minute_nor_more_than_ten_a_day():
    member = a_member()
    ask(member)
    ask(member, at=NOON + timedelta(seconds=30))
    assert Notice.objects.count() == 1
    for minutes in range(2, 40, 2):
        ask(member, at=NOON + timedelta(minutes=minutes))
    assert Notice.objects.count() == 10


def test_only_a_digest_of_the_code_is_kept():
    ask(a_member())
    assert (
        len(OneTimeCode.objects.get().digest.partition(".")[2]) == 32
    )  # hex of a keyed hash, never six digits
