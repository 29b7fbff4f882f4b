"""Corrections: the author never approves, the number stays one person's, the old value stays sealed."""

import pytest
from django.db import IntegrityError, connection, transaction

from factories.files import a_photo
from factories.members import a_member, an_id_number
from factories.organisations import a_city, an_employer
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.members import corrections, queries
from huzhu.members.corrections import CorrectionMoved, NotACorrection
from huzhu.members.models import Correction
from huzhu.notices.models import Notice
from huzhu.users.permissions import NotAllowed
from members.test_members import NOON

pytestmark = pytest.mark.django_db
PHOTO = ("身份证.jpg", a_photo())


@pytest.fixture
def liu(county):
    return a_member("刘女土", employer=an_employer(county))


def clerk(city):
    return a_role("agency_clerk", city)


def asked(member, field="name", value="刘女士", by=None, photo=PHOTO, reason="登记时写错一个字"):
    return corrections.ask(
        member=member, field=field, value=value, reason=reason, photo=photo, by=by or member, at=NOON
    )


def test_nobody_asks_for_another_member_and_other_roles_do_not_ask(liu, city):
    for by in (a_member(), clerk(a_city()), a_role("reviewer"), a_role("county_clerk", city)):
        with pytest.raises(NotAllowed):
            asked(liu, by=by)


def test_the_author_never_approves(liu, city):
    by = clerk(city)
    made = asked(liu, by=by)
    assert made.state == "checked"
    with pytest.raises(NotAllowed, match="要由另一个人批准"):
        corrections.approve(correction=made, by=by, at=NOON)
    mine = asked(liu, "phone", "13700000002", by=by, photo=None)
    same_person = a_role("county_clerk", liu.employer.parent, user=by.user)
    with pytest.raises(NotAllowed, match="要由另一个人批准"):
        corrections.approve(correction=mine, by=same_person, at=NOON)
    liu.refresh_from_db()
    assert (liu.name, liu.phone) == ("刘女土", "13900000001")


def test_the_database_itself_refuses_one_person_in_two_roles(liu, city):
    by = clerk(city)
    made = asked(liu, by=by)
    with pytest.raises(IntegrityError), transaction.atomic():
        Correction.objects.filter(pk=made.pk).update(state="made", settled_by=by.user)


def test_who_checks_and_who_approves(liu, city, county):
    made = asked(liu)
    for by in (a_role("county_clerk", county), clerk(a_city()), a_role("reviewer")):
        with pytest.raises(NotAllowed):
            corrections.check(correction=made, by=by, at=NOON)
    with pytest.raises(CorrectionMoved, match="待核对"):
        corrections.approve(correction=made, by=a_role("county_clerk", county), at=NOON)
    corrections.check(correction=made, by=clerk(city), at=NOON)
    with pytest.raises(CorrectionMoved):
        corrections.check(correction=made, by=clerk(city), at=NOON)
    for by in (a_role("county_clerk"), a_role("employer_clerk", liu.employer), a_role("second_reviewer")):
        with pytest.raises(NotAllowed):
            corrections.approve(correction=made, by=by, at=NOON)
    corrections.approve(correction=made, by=a_role("county_clerk", county), at=NOON)
    liu.refresh_from_db()
    assert (liu.name, liu.initials) == ("刘女士", "lns")


@pytest.mark.parametrize(
    ("field", "value", "more", "says"),
    [
        ("name", "刘女土", {}, "就是现在登记的姓名"),
        ("name", "刘", {}, "2 到 40 个字"),
        ("name", "刘1号", {}, "不带数字"),
        ("id_number", "2307", {}, "应是 18 位"),
        ("id_number", "990000198205060018", {}, "校验位不对|校验"),
        ("phone", "13700000002", {}, "原手机丢了，请到代办处"),
        ("sex", "male", {}, "请选要更正哪一项"),
        ("name", "刘女士", {"reason": " "}, "请写明为什么"),
        ("name", "刘女士", {"photo": None}, "请拍身份证"),
        ("name", "刘女士", {"photo": ("a.csv", "甲,乙\n1,2\n".encode())}, "请交照片"),
        ("name", "刘女士", {"photo": ("a.jpg", a_photo(blur=6))}, "照片看起来不清楚"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_kept(liu, field, value, more, says):
    with pytest.raises(NotACorrection, match=says):
        asked(liu, field, value, **more)
    assert not Correction.objects.exists()


def test_one_request_a_field_at_a_time(liu):
    asked(liu)
    with pytest.raises(NotACorrection, match="已经在办"):
        asked(liu, value="刘女式")


def test_a_number_of_another_member_is_refused_early_and_late(liu, city):
    number = an_id_number()
    made = asked(liu, "id_number", number)
    a_member("王小明", id_number=number)
    with pytest.raises(NotACorrection, match="另一位会员名下"):
        asked(a_member(employer=liu.employer), "id_number", number)
    corrections.check(correction=made, by=clerk(city), at=NOON)
    with pytest.raises(NotACorrection, match="另一位会员名下"):
        corrections.approve(correction=made, by=clerk(city), at=NOON)
    made.refresh_from_db()
    assert made.state == "checked"


def test_a_corrected_number_brings_birthday_sex_and_search_with_it(liu, city):
    before, number = liu.id_number, an_id_number(sex="male")
    made = asked(liu, "id_number", number)
    corrections.check(correction=made, by=clerk(city), at=NOON)
    corrections.approve(correction=made, by=clerk(city), at=NOON)
    liu.refresh_from_db()
    made.refresh_from_db()
    assert (liu.id_number, liu.sex, made.was) == (number, "male", before)
    assert list(queries.search(clerk(city), number)) == [liu]
    assert not queries.search(clerk(city), before).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT was, value FROM members_correction")
        assert not [cell for cell in cursor.fetchone() if before in cell or number in cell]
    assert number not in str(list(Event.objects.values_list("detail", flat=True)))


def test_a_lost_phone_is_changed_at_the_counter_by_two_people_and_both_ends_hear(liu, city):
    with pytest.raises(NotACorrection, match="请写明为什么"):
        asked(liu, "phone", "13700000002", by=clerk(city), photo=None, reason="")
    made = asked(liu, "phone", "137 0000 0002", by=clerk(city), photo=None, reason="原手机丢失，本人持证办理")
    corrections.approve(correction=made, by=clerk(city), at=NOON)
    liu.refresh_from_db()
    assert liu.phone == "13700000002"
    told = {one.phone for one in Notice.objects.all() if "已经更正" in one.text}
    assert told == {"13700000002", "13900000001"}


def test_a_refusal_has_a_reason_that_the_member_hears(liu, city):
    made = asked(liu)
    with pytest.raises(NotACorrection, match="为什么不同意"):
        corrections.refuse(correction=made, reason="", by=clerk(city), at=NOON)
    corrections.refuse(correction=made, reason="照片不是本人的身份证", by=clerk(city), at=NOON)
    assert any("照片不是本人的身份证" in one.text for one in Notice.objects.all())
    with pytest.raises(CorrectionMoved, match="未同意"):
        corrections.check(correction=made, by=clerk(city), at=NOON)
    asked(liu)


def waiting(by):
    return queries.corrections_to_settle(by).count()


def test_what_waits_is_counted_for_who_can_move_it(liu, city, county):
    checker = clerk(city)
    made = asked(liu)
    one = a_role("county_clerk", county)
    assert (waiting(checker), waiting(one)) == (1, 0)
    corrections.check(correction=made, by=checker, at=NOON)
    assert (waiting(checker), waiting(one)) == (0, 1)
    assert waiting(clerk(a_city())) == 0
    assert list(queries.corrections(a_member())) == []


def test_looking_at_the_photograph_is_written_down(liu, city):
    made = asked(liu)
    by = clerk(city)
    for _ in range(2):
        assert corrections.open_photo(correction=made, by=by, at=NOON) == PHOTO[1]
    assert Event.objects.filter(verb="members.read_id_card", actor_id=by.actor_id).count() == 1
    with pytest.raises(NotAllowed):
        corrections.open_photo(correction=made, by=a_role("reviewer"), at=NOON)
