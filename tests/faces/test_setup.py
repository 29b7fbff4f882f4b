"""The pages that set up and keep house, as the server answers them: first who may not."""

import io
import re
import shutil
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from python_calamine import CalamineWorkbook

from factories.organisations import a_city, a_county, a_group, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role, a_user
from factories.web import as_staff, html_of
from huzhu.audit.models import Event
from huzhu.files.models import StoredFile
from huzhu.notices.models import Notice
from huzhu.organisations.models import Organisation
from huzhu.schemes.models import Proposal, SchemeEdition
from huzhu.users.models import PasswordLink, Role, SignInTries, User
from huzhu.users.opening import new_code
from huzhu.worktime.models import CalendarDay

pytestmark = pytest.mark.django_db
GOOD = "battery-horse-9"
START = {
    "association": "中国职工保险互助会",
    "province": "黑龙江省办事处",
    "city": "",
    "name": "何管理",
    "username": "he",
    "password": GOOD,
    "again": GOOD,
}


@pytest.fixture(autouse=True)
def _quick_and_apart(settings, tmp_path):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.VAR_DIR = tmp_path


@pytest.fixture
def keeper(city) -> Role:
    return a_role("administrator", city)


@pytest.fixture
def desk(keeper) -> Client:
    return as_staff(keeper)


# ── who may not ─────────────────────────────────────────────────────────────────────────────────────


def test_what_is_not_in_the_branch_looks_missing(desk, city):
    elsewhere = a_city()
    person = a_role("agency_clerk", elsewhere)
    above = a_role("administrator", city.parent)
    for address in (
        f"/desk/places/{elsewhere.pk}/",
        f"/desk/places/{city.parent_id}/",
        f"/desk/places/{an_employer(elsewhere).pk}/move/",
        f"/desk/people/{person.user_id}/",
        f"/desk/people/{above.user_id}/",
        "/desk/people/999999/",
    ):
        assert desk.get(address).status_code == 404, address
    assert desk.post(f"/desk/places/{elsewhere.pk}/switch/").status_code == 404
    for verb in ("link", "off", "on", "grant", "revoke", "anything"):
        answer = desk.post(f"/desk/people/{person.user_id}/do/{verb}/", {"role": person.pk})
        assert answer.status_code == 404, verb
    assert Role.objects.get(pk=person.pk).is_current
    listed = html_of(desk.get("/desk/people/")) + html_of(desk.get("/desk/places/"))
    assert person.user.username not in listed
    assert elsewhere.code not in listed


def test_a_place_or_a_parent_outside_cannot_be_sent_either(desk, city):
    elsewhere = a_county(a_city())
    county = {"kind": "county", "name": "新县", "parent": elsewhere.parent.code}
    assert desk.post("/desk/places/new/", county).status_code == 422
    employer = an_employer(city)
    assert desk.post(f"/desk/places/{employer.pk}/move/", {"parent": elsewhere.code}).status_code == 422
    invited = {"name": "某人", "role": "county_clerk", "place": elsewhere.pk}
    assert desk.post("/desk/people/invite/", invited).status_code == 422
    assert not User.objects.filter(name="某人").exists()
    assert not Event.objects.exists()


def test_a_city_gives_no_role_of_the_province_and_keeps_its_hands_off_shared_logins(desk, city):
    answer = desk.post("/desk/people/invite/", {"name": "某人", "role": "reviewer", "place": city.pk})
    assert answer.status_code == 422
    assert "省办审核设在省办事处" in html_of(answer)
    both = a_role("agency_clerk", city)
    a_role("reviewer", city.parent, user=both.user)
    page = html_of(desk.get(f"/desk/people/{both.user_id}/"))
    assert "之外还有角色" in page
    assert "发链接" not in page
    desk.post(f"/desk/people/{both.user_id}/do/link/")
    assert not PasswordLink.objects.exists()


def test_nobody_gives_themself_a_role(desk, keeper, city):
    page = html_of(desk.get(f"/desk/people/{keeper.user_id}/"))
    assert "这是您自己" in page
    assert "给他这个角色" not in page
    data = {"role": "agency_clerk", "place": city.pk}
    answer = desk.post(f"/desk/people/{keeper.user_id}/do/grant/", data, follow=True)
    assert "自己的角色和登录名不能自己改" in html_of(answer)
    assert Role.objects.filter(user=keeper.user).count() == 1


def test_another_persons_upload_looks_missing(desk, city):
    sent = SimpleUploadedFile("机构.csv", "名称,类别\n铁力市总工会,县区总工会".encode())
    as_staff(a_role("administrator", city)).post("/desk/places/upload/", {"file": sent})
    file = StoredFile.objects.get()
    assert desk.get(f"/desk/places/upload/{file.pk}/").status_code == 404
    assert desk.post(f"/desk/places/upload/{file.pk}/").status_code == 404
    assert desk.get(f"/desk/people/upload/{file.pk}/").status_code == 404


# ── the first start ─────────────────────────────────────────────────────────────────────────────────


def test_a_blank_site_leads_to_the_first_start():
    for address in ("/", "/desk/sign-in/"):
        assert "/start/" in html_of(Client().get(address))
    page = html_of(Client().get("/start/"))
    assert "开业码" in page
    assert 'value="中国职工保险互助会"' in page


def test_a_site_with_anybody_or_with_the_demo_has_no_first_start(settings):
    settings.HUZHU_DEMO = True
    assert Client().get("/start/").status_code == 302
    settings.HUZHU_DEMO = False
    a_user()
    code = "AAAA-AAAA-AAAA-AAAA"
    for ask in (Client().get, lambda address: Client().post(address, START | {"code": code})):
        assert ask("/start/").url == "/desk/sign-in/"
    assert "/start/" not in html_of(Client().get("/"))
    assert not Organisation.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"code": "AAAA"}, "开业码不对"),
        ({"again": "other"}, "两次输的密码不一样"),
        ({"password": "12345678", "again": "12345678"}, "全是数字"),
        ({"username": "何"}, "小写字母和数字"),
        ({"name": ""}, "姓名要填"),
        ({"association": ""}, "机构名称要填"),
        ({"province": "", "city": "伊春代办处"}, "还要填省办事处"),
    ],
)
def test_what_is_wrong_is_said_at_the_box_and_nothing_is_lost(wrong, said):
    code = new_code(at=timezone.now())
    answer = Client().post("/start/", START | {"code": code} | wrong)
    assert answer.status_code == 422
    assert said in html_of(answer)
    assert not User.objects.exists()
    assert GOOD not in html_of(answer)


def test_the_first_administrator_is_in_and_sees_what_is_missing():
    browser, code = Client(), new_code(at=timezone.now())
    page = html_of(browser.post("/start/", START | {"code": code}, follow=True))
    assert "开业还缺" in page
    for words in ("市代办处", "省办审核", "两位政策人员", "公布一个方案"):
        assert words in page
    assert browser.post("/start/", START | {"code": code, "username": "second"}).status_code == 302
    assert User.objects.count() == 1


def test_the_list_of_what_is_missing_vanishes_when_all_is_there(city):
    province = city.parent
    by, employer = a_role("administrator", province), an_employer(city)
    for code in ("reviewer", "second_reviewer", "payment_maker", "policy", "policy"):
        a_role(code, province)
    a_role("agency_clerk", city)
    a_role("employer_clerk", employer)
    a_role("payment_releaser", province, user=Role.objects.get(code="payment_maker").user)
    the_inpatient_scheme()
    assert "制单和放行要两个不同的人" in html_of(as_staff(by).get("/desk/"))
    a_role("payment_releaser", province)
    assert "开业还缺" not in html_of(as_staff(by).get("/desk/"))


# ── the tree ────────────────────────────────────────────────────────────────────────────────────────


def test_the_tree_is_searched_by_name_code_and_initials(desk, city):
    employer = an_employer(a_group(city), staff_count=2500)
    assert "2,500" in html_of(desk.get("/desk/places/"))
    for asked in ("美溪", employer.code, "mxlyj"):
        assert "美溪林业局公司" in html_of(desk.get("/desk/places/", {"q": asked})), asked
    assert "没有找到" in html_of(desk.get("/desk/places/", {"q": "没有"}))


def test_a_place_is_added_changed_moved_closed_and_opened(desk, city):
    old, new = a_county(city, name="铁力市总工会"), a_county(city, name="嘉荫县总工会")
    typed = {
        "kind": "employer",
        "parent": old.code,
        "name": "铁力一中",
        "sector": "county",
        "staff_count": "1,200",
    }
    assert desk.post("/desk/places/new/", typed).status_code == 302
    school = Organisation.objects.get(name="铁力一中")
    changed = {"name": "铁力第一中学", "sector": "county", "staff_count": "x"}
    assert "整数" in html_of(desk.post(f"/desk/places/{school.pk}/", changed))
    desk.post(f"/desk/places/{school.pk}/", changed | {"staff_count": "1300"})
    asked = html_of(desk.get(f"/desk/places/{school.pk}/move/", {"parent": new.code}))
    assert "看得到" in asked
    assert Organisation.objects.get(pk=school.pk).parent == old
    desk.post(f"/desk/places/{school.pk}/move/", {"parent": new.code})
    desk.post(f"/desk/places/{school.pk}/switch/")
    school.refresh_from_db()
    assert (school.name, school.staff_count, school.parent, school.is_open) == (
        "铁力第一中学", 1300, new, False,
    )  # fmt: skip
    desk.post(f"/desk/places/{school.pk}/switch/", {"on": "1"})
    assert Organisation.objects.get(pk=school.pk).is_open
    a_role("employer_clerk", school)
    answer = desk.post(f"/desk/places/{school.pk}/switch/", follow=True)
    assert "1 个角色还在用" in html_of(answer)


def test_before_an_employer_changes_its_agency_it_is_told_what_the_old_one_keeps(city):
    employer, other = an_employer(city), a_city(city.parent, "鹤岗市代办处")
    page = as_staff(a_role("administrator", city.parent)).get(
        f"/desk/places/{employer.pk}/move/", {"parent": other.code}
    )
    assert f"{city.name}受理过的申请仍由它看到" in html_of(page)


def test_a_tree_is_uploaded_looked_at_and_taken(desk):
    for data, said in ((b"", "空的"), ("姓名\n某".encode(), "没有“名称”")):
        answer = desk.post("/desk/places/upload/", {"file": SimpleUploadedFile("x.csv", data)})
        assert answer.status_code == 422
        assert said in html_of(answer)
    assert "请选择填好的表格" in html_of(desk.post("/desk/places/upload/"))
    sheet = (
        "名称,类别,上级,单位类型,职工数\n铁力市总工会,县区总工会,,,\n铁力一中,参保单位,铁力市总工会,县区,120"
    )
    sent = SimpleUploadedFile("机构.csv", sheet.encode())
    address = desk.post("/desk/places/upload/", {"file": sent}).url
    assert "新加 <b>2</b> 个" in html_of(desk.get(address))
    assert not Organisation.objects.filter(name="铁力一中").exists()
    assert "加了 2 个机构" in html_of(desk.post(address, follow=True))
    assert "没有一处不同" in html_of(desk.get(address))


def test_the_templates_are_workbooks(desk):
    for address, column in (("places", "上级代码或名称"), ("people", "登录名")):
        book = CalamineWorkbook.from_filelike(io.BytesIO(desk.get(f"/desk/{address}/template/").content))
        assert column in book.get_sheet_by_index(0).to_python()[0]


# ── people ──────────────────────────────────────────────────────────────────────────────────────────


def link_in(page: str) -> str:
    return re.search(r"<code>https?://[^/]+(/password/[^<]+)</code>", page)[1]


def test_an_invited_person_sets_a_password_once_and_is_in(desk, city):
    invited = {"name": "孙代办", "role": "agency_clerk", "place": city.pk, "phone": "13900000001"}
    answer = desk.post("/desk/people/invite/", invited)
    assert answer["Cache-Control"] == "no-store"
    link = link_in(html_of(answer))
    assert link.split("/")[2] not in str(list(PasswordLink.objects.values()))
    notice = Notice.objects.get()
    assert link in notice.text
    outbox = html_of(as_staff(a_role("agency_clerk", city)).get("/desk/outbox/"))
    assert "设密码的链接，不在这里显示" in outbox
    assert link not in outbox
    browser = Client()
    assert "孙代办，请设一个密码" in html_of(browser.get(link))
    assert browser.post(link, {"password": "sundaiban1", "again": "sundaiban1"}).status_code == 422
    page = html_of(browser.post(link, {"password": GOOD, "again": GOOD}, follow=True))
    assert "您的登录名是 sundaiban" in page
    for ask in (Client().get, Client().post):
        assert ask(link).status_code == 404


def test_a_wrong_and_a_used_link_are_told_the_same():
    city = a_city()
    desk, clerk = as_staff(a_role("administrator", city)), a_role("agency_clerk", city)
    links = [link_in(html_of(desk.post(f"/desk/people/{clerk.user_id}/do/link/"))) for _ in range(2)]
    said = {html_of(Client().get(link)) for link in (links[0], "/password/nothing/")}
    assert len(said) == 1
    assert Client().get(links[1]).status_code == 200


def test_a_switched_off_login_is_out_at_once(desk, city):
    clerk = a_role("agency_clerk", city)
    theirs = as_staff(clerk)
    assert theirs.get("/desk/").status_code == 200
    desk.post(f"/desk/people/{clerk.user_id}/do/off/")
    assert theirs.get("/desk/").status_code == 302
    desk.post(f"/desk/people/{clerk.user_id}/do/on/")
    assert User.objects.get(pk=clerk.user_id).is_active


def test_roles_are_given_and_taken_and_one_person_for_two_halves_is_pointed_out(city):
    province = city.parent
    desk, maker = as_staff(a_role("administrator", province)), a_role("payment_maker", province)
    address = f"/desk/people/{maker.user_id}/"
    data = {"role": "payment_releaser", "place": province.pk}
    page = html_of(desk.post(f"{address}do/grant/", data, follow=True))
    assert "制单和放行必须是两个人" in page
    desk.post(f"{address}do/revoke/", {"role": maker.pk})
    assert not Role.objects.get(pk=maker.pk).is_active
    assert desk.post(f"{address}do/revoke/", {"role": 999999}).status_code == 404
    assert "请选择角色和机构" in html_of(desk.post(f"{address}do/grant/", {"role": "x"}, follow=True))


def test_the_list_is_filtered_in_the_address_and_exported_in_the_trail(desk, city):
    county = a_county(city)
    a_role("county_clerk", county, name="=钱县工")
    a_role("agency_clerk", city, name="孙代办")
    for query, seen, unseen in (
        ({"role": "county_clerk"}, "钱县工", "孙代办"),
        ({"place": county.pk}, "钱县工", "孙代办"),
        ({"q": "孙"}, "孙代办", "钱县工"),
        ({"off": "1"}, "没有符合", "孙代办"),
    ):
        page = html_of(desk.get("/desk/people/", query))
        assert seen in page, query
        assert unseen not in page.split("<table")[-1], query
    answer = desk.get("/desk/people/?role=county_clerk&as=xlsx")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert rows[2][0] == "'=钱县工"
    event = Event.objects.get(verb="lists.export")
    assert (event.kind, event.detail["rows"]) == ("read", 1)


def test_many_people_come_by_a_sheet_all_or_none(desk, city):
    head = "姓名,登录名,角色,机构代码,手机\n"
    bad = head + f"孙代办,,代办处经办,NOWHERE,\n李会计,,出纳制单,{city.code},123\n"
    address = desk.post("/desk/people/upload/", {"file": SimpleUploadedFile("人.csv", bad.encode())}).url
    page = html_of(desk.get(address))
    for said in ("您管的机构里没有“NOWHERE”", "出纳制单设在省办事处", "手机"):
        assert said in page
    assert "有 2 行不对" in html_of(desk.post(address, follow=True))
    assert User.objects.count() == 1
    good = head + f"孙代办,,代办处经办,{city.code},\n孙代办,,领导,{city.name},\n"
    address = desk.post("/desk/people/upload/", {"file": SimpleUploadedFile("人.csv", good.encode())}).url
    page = html_of(desk.post(address))
    assert page.count("<code>") == 1
    assert set(User.objects.get(username="sundaiban").roles.values_list("code", flat=True)) == {
        "agency_clerk", "leader",
    }  # fmt: skip
    assert "不用办理" in html_of(desk.get(address))


def test_a_person_changes_their_own_password_and_stays_in(keeper, desk):
    keeper.user.set_password(GOOD)
    keeper.user.save()
    browser = as_staff(keeper)
    new = {"password": "another-horse-9", "again": "another-horse-9"}
    assert "现在的密码不对" in html_of(browser.post("/desk/password/", new | {"old": "no"}))
    assert browser.post("/desk/password/", new | {"old": GOOD}).status_code == 302
    assert browser.get("/desk/").status_code == 200
    assert desk.get("/desk/").status_code == 302  # a session of before
    assert not SignInTries.objects.exists()


# ── the calendar ────────────────────────────────────────────────────────────────────────────────────


def test_a_city_looks_at_the_calendar_and_the_province_changes_it(desk, city):
    day = date.today() + timedelta(days=3)  # noqa: DTZ011  the site's own day, or the one beside it
    typed = {"day": day.isoformat(), "works": "0" if day.weekday() < 5 else "1", "note": "抗洪"}
    assert "由全国协会或省办事处" in html_of(desk.get("/desk/calendar/"))
    assert "对所有机构生效" in html_of(desk.post("/desk/calendar/", typed, follow=True))
    assert not CalendarDay.objects.exists()
    above = as_staff(a_role("administrator", city.parent))
    assert "现在是" in html_of(above.get(f"/desk/calendar/{day.year}/?day={day}"))
    above.post("/desk/calendar/", typed)
    assert CalendarDay.objects.get().note == "抗洪"
    assert "请选择日期" in html_of(above.post("/desk/calendar/", {"day": "x"}, follow=True))
    assert above.get("/desk/calendar/1900/").status_code == 404


# ── publishing ──────────────────────────────────────────────────────────────────────────────────────


def test_what_differs_from_the_published_edition_is_listed(settings, tmp_path):
    settings.HUZHU_SCHEMES = shutil.copytree(settings.HUZHU_SCHEMES, tmp_path / "schemes")
    the_inpatient_scheme()
    folder = settings.HUZHU_SCHEMES / "yichun-120"
    text = (folder / "2021.yaml").read_text()
    newer = text.replace('edition: "2021"', 'edition: "2024"').replace("120元", "130元")
    (folder / "2024.yaml").write_text(newer)
    page = html_of(as_staff(a_role("policy")).get("/desk/editions/yichun-120/2024/"))
    assert "120.00 元" in page.split('class="was">', 1)[1]
    assert "130.00 元" in page


def test_two_policy_people_publish_and_the_author_cannot_alone(city):
    feng, han = a_role("policy", city.parent), a_role("policy", city.parent, name="韩政策")
    first, second = as_staff(feng), as_staff(han)
    assert "看过再提出公布" in html_of(first.get("/desk/"))
    page = html_of(first.get("/desk/editions/yichun-120/2021/"))
    for words in ("全部算对", "演示值", "120.00 元", "这个方案还没有公布过"):
        assert words in page
    assert "请写一句说明" in html_of(first.post("/desk/editions/yichun-120/2021/", {"note": ""}))
    first.post("/desk/editions/yichun-120/2021/?reading=B", {"note": "依据办事处文件"})
    proposal = Proposal.objects.get()
    assert proposal.variant == "B"
    answer = first.post(f"/desk/proposals/{proposal.pk}/", {"confirm": "1"}, follow=True)
    assert "自己不能确认自己的" in html_of(answer)
    assert not SchemeEdition.objects.exists()
    assert "等您看" in html_of(second.get("/desk/"))
    second.post(f"/desk/proposals/{proposal.pk}/", {"confirm": "1"})
    assert SchemeEdition.objects.get().variant == "B"
    compared = html_of(second.get("/desk/editions/yichun-120/2021/"))
    assert "起止重叠" in compared
    for missing in (
        "/desk/editions/nobody/2021/",
        "/desk/editions/yichun-120/1999/",
        "/desk/editions/yichun-120/2021/?reading=Z",
    ):
        assert first.get(missing).status_code == 404


def test_a_parent_is_looked_for_and_not_picked_from_a_list_of_all(desk, city):
    near = a_county(city, "铁力市总工会")
    far = a_county(a_city(name="黑河代办处"), "爱辉区总工会")
    an_employer(near, name="铁力一中", sector="county")
    page = html_of(desk.get("/desk/places/new/", {"parent": near.pk}))
    assert f'value="{near.code}"' in page
    assert "铁力一中" not in page
    offered = html_of(desk.get("/desk/places/found/", {"parent": "铁力", "kind": "employer"}))
    assert (near.code in offered, "铁力一中" in offered) == (True, True)
    assert far.code not in html_of(desk.get("/desk/places/found/", {"parent": "爱辉"}))
    assert "铁力一中" not in html_of(desk.get("/desk/places/found/", {"parent": "铁力", "kind": "county"}))
    wanted = {"kind": "employer", "name": "铁力二中", "sector": "county", "staff_count": "20"}
    refused = desk.post("/desk/places/new/", wanted | {"parent": "铁力"})
    assert refused.status_code == 422
    assert "没有找到这一个上级" in html_of(refused)
    desk.post("/desk/places/new/", wanted | {"parent": "铁力市总工会"})
    assert Organisation.objects.get(name="铁力二中").parent == near
