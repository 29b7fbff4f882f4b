"""Who gets in, as whom, and for how long."""

import re
import time

import pytest
from django.test import Client

from factories.members import a_member
from factories.organisations import an_employer
from factories.users import a_role, a_user
from factories.web import as_member, as_staff
from huzhu.notices.models import Notice
from huzhu.users import services as users
from huzhu.web.access import ABSOLUTE_SECONDS, IDLE_SECONDS

pytestmark = pytest.mark.django_db
PASSWORD = "correct-horse-2022"  # noqa: S105  of this test alone


@pytest.fixture
def clerk():
    user = users.add_user(username="zhao", name="赵经办", password=PASSWORD)
    return users.grant(user=user, code="employer_clerk", organisation=an_employer())


def sign_in(client, username="zhao", password=PASSWORD, **more):
    return client.post("/desk/sign-in/", {"username": username, "password": password, **more})


def aged(client, *, since=0, seen=0):
    """The same browser, so many seconds later."""
    session = client.session
    session["since"] -= since
    session["seen"] -= seen
    session.save()
    return client


def test_who_has_not_signed_in_is_sent_to_the_door(client):
    answer = client.get("/desk/numbers/?by=employer")
    assert answer.status_code == 302
    assert answer.url == "/desk/sign-in/?next=%2Fdesk%2Fnumbers%2F%3Fby%3Demployer"
    assert client.get("/my/").url == "/my/sign-in/?next=%2Fmy%2F"


def test_a_page_of_another_role_is_not_there(clerk):
    browser = as_staff(clerk)
    assert browser.get("/desk/trail/").status_code == 404
    assert browser.get("/desk/outbox/").status_code == 404
    assert browser.get("/desk/").status_code == 200


def test_a_member_has_no_desk_and_staff_have_no_phone_page(clerk):
    assert as_member(a_member()).get("/desk/").status_code == 302
    assert as_staff(clerk).get("/my/").status_code == 302


def test_name_and_password_open_the_desk(client, clerk):
    assert sign_in(client).url == "/desk/"
    page = client.get("/desk/")
    assert page.status_code == 200
    assert "赵经办" in page.content.decode()
    assert "美溪林业局公司" in page.content.decode()


def test_a_wrong_password_and_a_stranger_hear_the_same(client, clerk):
    said = [
        re.search(r'role="alert">(.+?)</p>', sign_in(client, name, "wrong-password").content.decode())[1]
        for name in ("zhao", "nobody")
    ]
    assert said[0] == said[1]
    assert "zhao" not in said[0]


def test_five_failures_lock_the_name_even_for_the_right_password(client, clerk):
    for _ in range(5):
        assert sign_in(client, password="wrong-password").status_code == 422
    answer = sign_in(client)
    assert answer.status_code == 422
    assert "锁定" in answer.content.decode()
    assert client.get("/desk/").status_code == 302


def test_the_key_of_the_session_changes_at_the_door(client, clerk):
    client.session.save()
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    before = session.session_key
    sign_in(client)
    assert client.session.session_key != before
    assert "planted" not in client.session


def test_after_signing_in_one_goes_on_where_one_wanted_to_but_never_abroad(client, clerk):
    assert sign_in(client, next="/desk/rosters/").url == "/desk/rosters/"
    assert sign_in(Client(), next="https://example.org/").url == "/desk/"
    assert sign_in(Client(), next="//example.org/").url == "/desk/"


def test_half_an_hour_of_idleness_ends_the_session(clerk):
    assert aged(as_staff(clerk), seen=IDLE_SECONDS - 60).get("/desk/").status_code == 200
    browser = aged(as_staff(clerk), seen=IDLE_SECONDS + 1)
    assert browser.get("/desk/").status_code == 302
    assert "离开的时间较长" in browser.get("/desk/sign-in/").content.decode()


def test_twelve_hours_end_even_a_busy_session(clerk):
    browser = aged(as_staff(clerk), since=ABSOLUTE_SECONDS + 1)
    assert browser.get("/desk/").status_code == 302


def test_being_busy_keeps_a_session_alive(clerk):
    browser = aged(as_staff(clerk), seen=20 * 60)
    browser.get("/desk/")
    assert time.time() - browser.session["seen"] < 60


def test_signed_in_pages_stay_out_of_caches_and_signing_out_ends_it(clerk):
    browser = as_staff(clerk)
    assert browser.get("/desk/")["Cache-Control"] == "no-store"
    reloaded = browser.get("/desk/sign-out/")
    assert reloaded.status_code == 405
    assert "请从上一页进入" in reloaded.content.decode()
    assert browser.post("/desk/sign-out/").url == "/desk/sign-in/"
    assert browser.get("/desk/").status_code == 302


def test_a_form_from_elsewhere_is_refused(clerk):
    browser = as_staff(clerk, Client(enforce_csrf_checks=True))
    assert browser.post("/desk/sign-out/").status_code == 403
    assert browser.get("/desk/").status_code == 200


def test_a_role_that_was_taken_away_opens_nothing_more(clerk):
    browser = as_staff(clerk)
    clerk.is_active = False
    clerk.save()
    answer = browser.get("/desk/")
    assert answer.status_code == 302
    assert answer.url.startswith("/desk/roles/")
    assert "还没有任何角色" in browser.get("/desk/roles/").content.decode()


def test_who_has_several_roles_chooses_one(client, clerk):
    users.grant(user=clerk.user, code="cadre", organisation=clerk.organisation.parent)
    assert sign_in(client).url == "/desk/roles/?next=/desk/"
    page = client.get("/desk/roles/").content.decode()
    assert "单位经办人" in page
    assert "包联干部" in page
    chosen = client.post("/desk/roles/", {"role": clerk.pk, "next": "/desk/rosters/"})
    assert chosen.url == "/desk/rosters/"
    assert client.session["role"] == clerk.pk


def test_nobody_can_choose_the_role_of_another(client, clerk):
    other = a_role("administrator")
    sign_in(client)
    assert client.post("/desk/roles/", {"role": other.pk}).status_code == 404
    session = client.session
    session["role"] = other.pk
    session.save()
    assert client.get("/desk/").status_code == 302


def test_a_login_that_is_switched_off_is_out_at_once(clerk):
    browser = as_staff(clerk)
    clerk.user.is_active = False
    clerk.user.save()
    assert browser.get("/desk/").status_code == 302


# ── members ─────────────────────────────────────────────────────────────────────────────────────────


def ask(client, member, phone="13900000001"):
    return client.post("/my/sign-in/", {"id_number": member.id_number, "phone": phone})


def the_code():
    return re.search(r"\d{6}", Notice.objects.latest("created_at").text)[0]


def test_a_stranger_and_a_member_hear_the_same_and_no_code_goes_to_a_wrong_phone(client):
    member = a_member()
    wrong = ask(client, member, "13900009999").content.decode()
    assert Notice.objects.count() == 0
    right = ask(client, member).content.decode()
    assert Notice.objects.count() == 1
    tidy = [re.sub(r'value="[^"]*"', "", page) for page in (wrong, right)]
    assert tidy[0] == tidy[1]


def test_id_phone_and_code_open_the_phone_page(client):
    member = a_member()
    ask(client, member)
    typed = {"id_number": member.id_number, "phone": "13900000001", "code": the_code()}
    assert client.post("/my/sign-in/", typed).url == "/my/"
    assert "刘女士，您好" in client.get("/my/").content.decode()
    assert client.post("/my/sign-in/", typed).status_code == 422  # once is once


def test_a_wrong_code_opens_nothing_and_says_so_at_the_field(client):
    member = a_member()
    ask(client, member)
    code = f"{(int(the_code()) + 1) % 1_000_000:06d}"
    typed = {"id_number": member.id_number, "phone": "13900000001", "code": code}
    answer = client.post("/my/sign-in/", typed)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert client.get("/my/").status_code == 302


def test_an_empty_form_is_told_what_is_missing(client):
    answer = client.post("/my/sign-in/", {"id_number": "", "phone": ""})
    assert answer.status_code == 422
    assert "都要填" in answer.content.decode()


def test_no_number_of_a_member_is_kept_in_the_session(client):
    member = a_member()
    ask(client, member)
    assert member.id_number not in str(dict(client.session))


# ── the demo ────────────────────────────────────────────────────────────────────────────────────────


def test_without_the_demo_there_is_no_switch(client, clerk):
    assert client.post("/demo/as/", {"who": clerk.pk}).status_code == 404
    assert "可以用这些人的身份" not in client.get("/desk/sign-in/").content.decode()


def test_the_demo_lets_anybody_be_anybody(client, clerk, settings):
    settings.HUZHU_DEMO = True
    a_member()
    assert "赵经办" in client.get("/desk/sign-in/").content.decode()
    assert client.post("/demo/as/", {"who": clerk.pk}).url == "/desk/"
    page = client.get("/desk/").content.decode()
    assert "业务时间" in page
    assert client.post("/demo/as/", {"who": "member"}).url == "/my/"
    assert "刘女士，您好" in client.get("/my/").content.decode()
    assert client.get("/desk/").status_code == 302


def test_the_demo_is_closed_beside_a_real_person(client, clerk, settings):
    settings.HUZHU_DEMO = True
    member = a_member()
    type(member).objects.update(is_synthetic=False)
    assert client.post("/demo/as/", {"who": clerk.pk}).status_code == 404
    assert "可以用这些人的身份" not in client.get("/desk/sign-in/").content.decode()


def test_the_demo_knows_only_people_who_are_there(client, settings):
    settings.HUZHU_DEMO = True
    a_user()
    for who in ("", "0", "-1", "x", "99999999"):
        assert client.post("/demo/as/", {"who": who}).status_code == 404
