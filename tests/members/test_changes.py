"""Changes of account and phone: confirmed by codes, looked at twice, undone where they were not the member's."""

import re
from datetime import timedelta
from functools import partial

import pytest

from factories.members import a_member, an_account
from factories.organisations import a_group, an_employer
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.members import phones, queries, services
from huzhu.members.accounts import COOLING, Wait, looks_mistyped, must_wait, standing
from huzhu.members.codes import WrongCode
from huzhu.members.lifecycle import Changed
from huzhu.members.models import BankAccount, OneTimeCode
from huzhu.notices.models import Notice
from huzhu.users.permissions import NotAllowed
from members.test_members import NOON

pytestmark = pytest.mark.django_db
NEW = "6217000010001234567"


@pytest.fixture
def liu(city):
    member = a_member(employer=an_employer(a_group(city)))
    an_account(member)
    return member


def sent_to(phone):
    return [one.text for one in Notice.objects.order_by("created_at", "pk") if one.phone == phone]


def code_to(phone):
    [text] = [text for text in sent_to(phone) if "验证码" in text][-1:]
    return re.search(r"\d{6}", text)[0]


def changed(liu, number=NEW, at=NOON):
    services.send_account_code(member=liu, number=number, at=at)
    return services.change_account(
        member=liu, bank_name="建设银行", number=number, code=code_to(liu.phone), at=at
    )


def test_a_wrong_code_changes_nothing_and_five_tries_are_enough(liu):
    services.send_account_code(member=liu, number=NEW, at=NOON)
    right = code_to(liu.phone)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for code in [wrong] * 5 + [right]:
        with pytest.raises(WrongCode):
            services.change_account(member=liu, bank_name="建设银行", number=NEW, code=code, at=NOON)
    assert BankAccount.objects.count() == 1


def test_a_code_confirms_the_number_it_was_sent_for_and_no_other(liu):
    services.send_account_code(member=liu, number=NEW, at=NOON)
    with pytest.raises(WrongCode):
        services.change_account(
            member=liu, bank_name="建设银行", number="6217000010007654321", code=code_to(liu.phone), at=NOON
        )


def test_a_code_for_signing_in_confirms_no_account_and_one_code_one_change(liu):
    services.send_code(id_number=liu.id_number, phone=liu.phone, at=NOON)
    with pytest.raises(WrongCode):
        services.change_account(
            member=liu, bank_name="建设银行", number=NEW, code=code_to(liu.phone), at=NOON
        )
    later = NOON + timedelta(minutes=1)
    changed(liu, at=later)
    with pytest.raises(WrongCode):
        services.change_account(
            member=liu, bank_name="建设银行", number=NEW, code=code_to(liu.phone), at=later
        )
    assert not services.send_account_code(member=liu, number=NEW, at=later + timedelta(seconds=30))


def test_an_old_code_is_no_longer_good(liu):
    services.send_account_code(member=liu, number=NEW, at=NOON)
    late = NOON + timedelta(minutes=6)
    with pytest.raises(WrongCode):
        services.change_account(
            member=liu, bank_name="建设银行", number=NEW, code=code_to(liu.phone), at=late
        )


def test_numbers_are_typed_twice_alike_and_the_check_digit_only_warns():
    assert services.check_twice("6217 0000 1000 1234 567", NEW) == NEW
    with pytest.raises(services.NotAnAccount, match="两次填的卡号不一样"):
        services.check_twice(NEW, NEW[:-1] + "8")
    assert looks_mistyped("6222020903000012345")
    assert not looks_mistyped("6222020903000012344"[:-1] + _check_digit("622202090300001234"))
    assert not looks_mistyped("12345678")  # a passbook


def _check_digit(body):
    digits = [int(figure) for figure in reversed(body)]
    total = sum(digits[1::2]) + sum(sum(divmod(2 * figure, 10)) for figure in digits[::2])
    return str(-total % 10)


def test_a_member_without_a_phone_is_sent_to_the_counter(liu):
    liu.phone = None
    with pytest.raises(services.NoPhone, match="到单位工会或代办处办理"):
        services.send_account_code(member=liu, number=NEW, at=NOON)


def test_the_first_account_is_used_at_once_and_a_change_never_by_time_alone(city):
    member = a_member(employer=an_employer(a_group(city)))
    first = services.add_account(
        member=member,
        holder=member.name,
        bank_name="工商银行",
        number="6222020903000012345",
        by=member,
        at=NOON,
    )
    assert must_wait(first, NOON) is None
    second = changed(member)
    assert queries.current_account(member) == second
    assert must_wait(second, NOON + COOLING - timedelta(seconds=1)) == Wait(False, NOON + COOLING)
    assert must_wait(second, NOON + 30 * COOLING) == Wait(False, None)
    assert "不是您本人要改的" in " ".join(sent_to(member.phone))


def test_somebody_else_of_the_agency_confirms_and_a_day_later_it_is_used(liu, city):
    by = a_role("agency_clerk", city)
    account = services.add_account(
        member=liu, holder=liu.name, bank_name="建设银行", number=NEW, by=by, at=NOON
    )
    with pytest.raises(NotAllowed, match="要由另一个人确认"):
        services.confirm_account(account=account, by=by, at=NOON)
    for stranger in (a_role("agency_clerk"), a_role("payment_maker"), a_role("reviewer")):
        with pytest.raises(NotAllowed):
            services.confirm_account(account=account, by=stranger, at=NOON)
    done = services.confirm_account(account=account, by=a_role("agency_clerk", city), at=NOON)
    assert must_wait(done, NOON + COOLING - timedelta(seconds=1)) == Wait(True, NOON + COOLING)
    assert must_wait(done, NOON + COOLING) is None
    with pytest.raises(services.ChangeIsSettled, match="没有生效"):
        services.confirm_account(account=account, by=a_role("agency_clerk", city), at=NOON)


def test_a_change_that_was_not_hers_is_undone_with_a_reason(liu, city):
    before = queries.current_account(liu)
    account, by = changed(liu), a_role("agency_clerk", city)
    with pytest.raises(services.ChangeIsSettled, match="请写明为什么"):
        services.undo_account(account=account, reason=" ", by=by, at=NOON)
    services.undo_account(account=account, reason="电话核实，不是本人", by=by, at=NOON)
    assert queries.current_account(liu) == before
    with pytest.raises(services.ChangeIsSettled):
        services.confirm_account(account=account, by=by, at=NOON)
    assert "改回末四位 2345" in " ".join(sent_to(liu.phone))


def test_what_is_confirmed_can_be_undone_until_it_may_be_paid_to(liu, city):
    before, by = queries.current_account(liu), a_role("agency_clerk", city)
    account = services.confirm_account(account=changed(liu), by=by, at=NOON)
    undo = partial(services.undo_account, account=account, reason="会员来电，不是本人", by=by)
    with pytest.raises(services.ChangeIsSettled):
        undo(at=NOON + COOLING)
    undo(at=NOON + COOLING - timedelta(seconds=1))
    assert queries.current_account(liu) == before


def test_the_agency_sees_changes_of_its_branch_and_nobody_elses(liu, city):
    account = changed(liu)
    [change] = queries.account_changes(a_role("agency_clerk", city), NOON)
    assert (change, standing(change, NOON)) == (account, Changed.WAITING)
    assert standing(change, NOON + 30 * COOLING) == Changed.WAITING
    assert len(queries.account_changes(a_role("agency_clerk", city), NOON + 30 * COOLING)) == 1
    assert not queries.account_changes(a_role("agency_clerk"), NOON)
    assert not queries.account_changes(a_role("county_clerk", city), NOON)


# ── phones ──

OTHER = "13700000002"


def test_a_new_phone_needs_the_code_of_the_old_and_of_the_new(liu):
    phones.send_phone_codes(member=liu, phone=OTHER, at=NOON)
    old, new = code_to(liu.phone), code_to(OTHER)
    if old != new:
        for given in ((new, new), (old, old), (old, ""), ("", new)):
            with pytest.raises(WrongCode):
                phones.change_phone(member=liu, phone=OTHER, old_code=given[0], new_code=given[1], at=NOON)
    liu.refresh_from_db()
    assert liu.phone == "13900000001"
    OneTimeCode.objects.update(tries=0)
    before = liu.phone
    phones.change_phone(member=liu, phone=OTHER, old_code=old, new_code=new, at=NOON)
    liu.refresh_from_db()
    assert liu.phone == OTHER
    assert "以后的通知发到新手机" in " ".join(sent_to(before))
    assert Event.objects.get(verb="members.change_phone").detail == {"from": "0001", "to": "0002"}


@pytest.mark.parametrize(
    ("phone", "says"), [("123", "11 位数字"), ("139 0000 0001", "就是现在登记的"), ("", "11 位")]
)
def test_a_number_that_is_none_or_the_same_is_said(liu, phone, says):
    with pytest.raises(services.NotAPhone, match=says):
        phones.send_phone_codes(member=liu, phone=phone, at=NOON)
    assert sent_to("13900000001") == []
