"""Members: who may not, found by whatever people have at hand, shown in full only with a reason."""

from datetime import UTC, datetime

import pytest

from factories.members import a_member, an_account, an_id_number
from factories.organisations import an_employer
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.core.identity import Identity
from huzhu.members import queries, services
from huzhu.members.models import BankAccount, Member
from huzhu.notices.models import Notice
from huzhu.users.permissions import NotAllowed

NOON = datetime(2022, 3, 1, 4, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def register(employer, by, number, name="王小明", phone="13900000001"):
    people = [services.Person(Identity.read(number), name, phone)]
    return services.register_all(people=people, employer=employer, by=by, at=NOON)[number]


def test_a_clerk_sees_only_their_own_branch(city, employer, clerk):
    mine, other = a_member(employer=employer), a_member(employer=an_employer(city))
    assert list(queries.visible_to(clerk)) == [mine]
    assert set(queries.visible_to(a_role("agency_clerk", city))) == {mine, other}
    assert not queries.visible_to(a_role("leader", city)).exists()
    assert list(queries.visible_to(other)) == [other]


def test_a_number_is_registered_once_and_the_person_moves(city, employer, clerk):
    number = an_id_number()
    first = register(employer, clerk, number)
    other = an_employer(city, name="新单位")
    second = register(other, a_role("employer_clerk", other), number)
    assert first.pk == second.pk
    assert Member.objects.get().employer == other
    [moved] = Event.objects.filter(verb="members.come_by_roster")
    assert moved.detail == {"from": employer.code, "to": other.code}
    [told] = Notice.objects.all()
    assert told.phone == "13900000001"
    assert "随单位名册登记到新单位。不是您的单位的，请马上联系代办处" in told.text
    register(other, a_role("employer_clerk", other), number)  # there already: nothing is told again
    assert Notice.objects.count() == 1


def test_the_phone_by_which_a_member_signs_in_is_not_changed_by_who_lists_them(city, employer, clerk):
    number, other = an_id_number(), an_employer(city)
    register(employer, clerk, number)
    register(other, a_role("employer_clerk", other), number, phone="13900000002")
    assert Member.objects.get().phone == "13900000001"
    assert services.send_code(
        id_number=number, phone="13900000002", at=NOON
    )  # what is said is the same in any case
    assert not Notice.objects.filter(purpose="sign_in").exists()


def test_a_phone_is_filled_in_where_there_was_none(employer, clerk):
    number = an_id_number()
    register(employer, clerk, number, phone=None)
    register(employer, clerk, number, phone="13900000002")
    assert Member.objects.get(phone_index="13900000002").id_number == number


def test_a_registered_member_has_what_the_number_says(employer, clerk):
    member = register(employer, clerk, an_id_number(sex="male"), name="张䶮")
    assert (member.sex, member.is_synthetic, member.initials) == ("male", True, "zy")


@pytest.mark.parametrize(
    "phone", ["139 0000 0001", "+86 13900000001", "86-139-0000-0001", "１３９００００００００１"[:11]]
)
def test_a_phone_is_read_in_any_dress(phone):
    assert services.phone_number(phone).startswith("139")


@pytest.mark.parametrize("phone", ["", "1390000", "23900000001", "abcdefghijk"])
def test_what_is_no_phone_is_refused(phone):
    with pytest.raises(services.NotAPhone):
        services.phone_number(phone)


@pytest.mark.parametrize("text", ["6.22202E+18", "12", "abc"])
def test_what_is_no_account_is_refused(text):
    with pytest.raises(services.NotAnAccount):
        services.account_number(text)


# ── search ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_member_is_found_by_name_initials_number_and_last_four(employer, clerk):
    member = a_member("刘女士", employer=employer)
    a_member("王小明", employer=employer, initials="wxm")
    number = member.id_number
    for text in ("刘女士", "女士", "lns", "LN", number, number.lower(), f" {number} ", number[-4:]):
        assert list(queries.search(clerk, text)) == [member], text
    assert not queries.search(clerk, "  ").exists()
    assert not queries.search(clerk, "不在").exists()


def test_search_does_not_reach_another_branch(city, employer, clerk):
    stranger = a_member(employer=an_employer(city))
    assert not queries.search(clerk, stranger.id_number).exists()
    assert not queries.search(clerk, stranger.id_number[-4:]).exists()


# ── shown in full ───────────────────────────────────────────────────────────────────────────────────


def test_an_employers_clerk_may_not_see_numbers_in_full(employer, clerk):
    member = a_member(employer=employer)
    with pytest.raises(NotAllowed):
        services.reveal(member=member, field="id_number", by=clerk, reason="核对", at=NOON)
    assert not Event.objects.filter(kind="reveal").exists()


def test_an_agency_of_another_city_may_not_either(employer):
    with pytest.raises(NotAllowed):
        services.reveal(
            member=a_member(employer=employer),
            field="phone",
            by=a_role("agency_clerk"),
            reason="核对",
            at=NOON,
        )


def test_no_reason_no_number(city, employer):
    clerk = a_role("agency_clerk", city)
    with pytest.raises(services.NoReason):
        services.reveal(member=a_member(employer=employer), field="phone", by=clerk, reason=" ", at=NOON)


def test_a_reveal_is_written_down_without_what_was_seen(city, employer):
    member = a_member(employer=employer)
    account = an_account(member)
    clerk = a_role("agency_clerk", city)
    seen = [
        services.reveal(member=member, field=field, by=clerk, reason="核对收款账户", at=NOON)
        for field in ("id_number", "phone", "account")
    ]
    assert seen == [member.id_number, member.phone, account.number]
    events = Event.objects.filter(verb="members.reveal", kind="reveal")
    assert events.count() == 3
    written = "".join(f"{event.object_name}{event.detail}" for event in events)
    assert "核对收款账户" in written
    assert not any(text in written for text in seen)


def test_only_three_fields_can_be_shown(city, employer):
    member = a_member(employer=employer)
    with pytest.raises(LookupError):
        services.reveal(member=member, field="name", by=a_role("agency_clerk", city), reason="核对", at=NOON)


# ── accounts ────────────────────────────────────────────────────────────────────────────────────────


def add(member, by, number="6222 0209 0300 0012 345"):
    return services.add_account(
        member=member, holder=member.name, bank_name="工商银行", number=number, by=by, at=NOON
    )


def test_another_member_adds_no_account():
    with pytest.raises(NotAllowed):
        add(a_member(), a_member())


def test_the_newest_account_is_used_and_the_same_twice_changes_nothing():
    member = a_member()
    first = add(member, member)
    assert add(member, member) == first
    second = add(member, member, "6222020903000099999")
    assert queries.current_account(member) == second
    assert BankAccount.objects.count() == 2
    assert Event.objects.filter(verb="members.add_account").count() == 2


def test_accounts_of_a_roster_do_not_replace_what_a_member_gave():
    kept, new = a_member(), a_member()
    account = an_account(kept)
    people = {kept.id_number: kept, new.id_number: new}
    told = dict.fromkeys(people, ("建设银行", "6217000010001234567"))
    assert services.add_accounts(accounts=told, members=people, at=NOON) == 1
    assert queries.current_account(kept) == account
    assert queries.current_account(new).holder == new.name
