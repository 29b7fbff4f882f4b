"""The frame of the desks and the landing page of every role: what waits, and nothing of anybody else's branch."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

import huzhu
from factories.claims import HOUR, WEDNESDAY, a_covered_member, a_draft, a_submitted, yichun
from factories.enrolment import an_enrolment
from factories.members import a_member, an_account
from factories.organisations import a_city, a_county, a_group, a_province, an_employer
from factories.payouts import Desk, a_batch, an_answered
from factories.schemes import a_published, the_inpatient_scheme
from factories.users import a_role
from factories.web import as_staff
from huzhu.claims import services as claims
from huzhu.contributions import collecting
from huzhu.notices import services as notices
from huzhu.users.models import Role
from huzhu.web import clock
from huzhu.web.access import ROLES
from huzhu.web.desks.verbs import WORDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def july(monkeypatch):
    """The business clock stands in the story's week."""
    monkeypatch.setattr(clock, "now", lambda: WEDNESDAY + 6 * HOUR)


def shown(role, address="/desk/"):
    answer = as_staff(role).get(address)
    assert answer.status_code == 200, (role.code, address, answer.status_code)
    return answer.content.decode()


def text_of(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def figure(page, words):
    """The number on the tile with these words."""
    found = re.search(rf"<span>{re.escape(words)}</span><b>([^<]*)", page)
    assert found, f"no tile “{words}”"
    return found[1].strip()


def test_every_role_has_a_landing_page_even_in_an_empty_house():
    assert set(ROLES) == set(Role.Code.values)
    for code in ROLES:
        page = shown(a_role(code))
        assert "<h1>" in page
        assert 'aria-current="page">工作台' in page


def test_the_menu_shows_only_pages_that_open_to_the_role():
    for code in ROLES:
        role = a_role(code)
        browser = as_staff(role)
        menu = re.search(r'<nav id="menu".*?</nav>', browser.get("/desk/").content.decode(), re.DOTALL)[0]
        for address in re.findall(r'href="([^"]+)"', menu):
            assert browser.get(address).status_code in {200, 302}, (code, address)


def test_one_entry_of_the_menu_is_where_the_page_stands():
    page = shown(a_role("payment_maker"), "/books/months/")
    assert re.findall(r'aria-current="page">([^<]+)', page) == ["会计月份"]


def test_every_tile_opens_to_a_page_that_is_there(july):
    place = yichun()
    a_submitted(a_covered_member(place))
    for role in (
        place.clerk(),
        place.agency(),
        place.reviewer(),
        a_role("leader", place.city),
        a_role("auditor", place.province),
    ):
        browser = as_staff(role)
        for address in re.findall(
            r'<a class="tile[^>]*href="([^"]+)"', browser.get("/desk/").content.decode()
        ):
            assert address.startswith("#") or browser.get(address).status_code == 200, (role.code, address)


# ── employers and counties ──────────────────────────────────────────────────────────────────────────


def test_an_employers_clerk_counts_their_own_people_only(july):
    place = yichun()
    place.employer.staff_count = 8
    place.employer.save()
    a_covered_member(place)
    a_covered_member(place, "王小明", the_inpatient_scheme(), sex="male")
    neighbour = an_employer(a_county(place.city), sector="county", staff_count=50, name="铁力市第一中学")
    an_enrolment(a_member("李某", employer=neighbour), the_inpatient_scheme())
    page = shown(place.clerk())
    assert figure(page, "已参保 ÷ 在职") == "2 / 8"
    assert "铁力市第一中学" not in page


def test_a_county_sees_each_of_its_employers_and_no_other_countys(july):
    city = a_city()
    here, there = a_county(city), a_county(city, name="嘉荫县总工会")
    an_employer(here, sector="county", staff_count=50, name="铁力市第一中学")
    an_employer(there, sector="county", staff_count=50, name="嘉荫县第一中学")
    page = shown(a_role("county_clerk", here))
    assert "铁力市第一中学" in page
    assert "嘉荫县第一中学" not in page


def test_a_clerk_sees_the_state_of_a_claim_and_nothing_of_the_illness(july):
    place = yichun()
    a_submitted(a_covered_member(place))
    page = shown(place.clerk())
    assert "已提交" in page
    assert "C50" not in page


def test_a_clerk_who_searches_does_not_learn_what_papers_are_lacking(july):
    place = yichun()
    claim = a_submitted(a_covered_member(place))
    claims.return_for_papers(claim=claim, reason="缺病理报告", by=place.agency(), at=WEDNESDAY + HOUR)
    page = shown(place.clerk(), f"/desk/search/?q={claim.number}")
    assert "等补材料" in page
    assert "病理报告" not in page


# ── the agency and the province ─────────────────────────────────────────────────────────────────────


def test_the_agency_sees_what_waits_for_it_and_a_foreign_agency_does_not(july):
    place = yichun()
    claim = a_submitted(a_covered_member(place))
    page = shown(place.agency())
    assert figure(page, "等您初审") == "1"
    assert claim.number in page
    assert claim.number not in shown(a_role("agency_clerk", a_city(place.province, "大庆代办处")))


def test_an_agency_without_an_account_hears_it_and_the_one_who_did_not_propose_it_confirms():
    city = a_city()
    one, other = a_role("agency_clerk", city), a_role("agency_clerk", city)
    assert "还没有登记收款账户" in shown(one)
    account = collecting.propose(
        agency=city, holder="代办处", bank_name="工行", number="6222020903000012345", by=one, at=WEDNESDAY
    )
    assert "收款账户" not in text_of(shown(one))
    assert "收款账户有人登记，等您确认" in shown(other)
    collecting.confirm(account=account, by=other, at=WEDNESDAY)
    assert "收款账户" not in text_of(shown(other))


def test_an_employer_of_whom_nobody_has_joined_hears_what_comes_first():
    page = text_of(shown(a_role("employer_clerk", an_employer(a_city()))))
    assert "还没有人参加。上传名册、确认以后，这里写应缴多少。" in page
    assert "都缴清了" not in page


def test_an_overdue_claim_stands_first_in_red_words(july, monkeypatch):
    place = yichun()
    a_submitted(a_covered_member(place))
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=7))
    page = shown(place.agency())
    assert figure(page, "已超时") == "1"
    assert "✕ 已超时" in page


def test_a_draft_on_a_members_phone_is_nobodys_work(july):
    place = yichun()
    claim = a_draft(a_covered_member(place))
    assert claim.number not in shown(place.agency())


def test_an_empty_queue_says_why():
    assert "没有等核定的申请" in shown(a_role("reviewer"))
    assert "没有等复核的核定" in shown(a_role("second_reviewer"))


# ── money ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_releaser_sees_batches_of_their_own_province_only():
    desk = Desk()
    batch = a_batch(desk)
    assert batch.number in shown(desk.releaser)
    assert batch.number not in shown(a_role("payment_releaser"))


def test_what_the_bank_sent_back_is_told_in_the_banks_words():
    desk = Desk()
    an_answered(desk, fail_lines=(1,))
    page = shown(desk.maker)
    assert figure(page, "银行退回") == "1"
    assert "账号与户名不符" in page


# ── leader, auditor, the others ─────────────────────────────────────────────────────────────────────


def test_the_leaders_four_figures_come_from_the_rows(july):
    desk = Desk()
    desk.employer.staff_count = 4
    desk.employer.save()
    an_answered(desk)
    page = text_of(shown(a_role("leader", desk.city)))
    assert "25.00% 1 人 ÷ 在职 4 人" in page
    assert "共 1,714.00 元" in page
    assert "1.0 个工作日" in page


def test_a_figure_opens_to_its_branch_and_a_foreign_branch_is_not_there():
    city = a_city()
    group = a_group(city)
    leader = a_role("leader", city)
    assert "伊春森工集团工会" in shown(leader, f"/desk/numbers/{group.pk}/")
    foreign = a_group(a_city(name="大庆代办处"), name="大庆集团工会")
    assert as_staff(leader).get(f"/desk/numbers/{foreign.pk}/").status_code == 404
    assert as_staff(leader).get(f"/desk/payments/{foreign.pk}/").status_code == 404


def test_every_heading_of_the_ranking_opens_to_its_employers():
    city = a_city()
    an_employer(a_group(city), staff_count=10)
    an_employer(city, sector="municipal", staff_count=10, name="伊春市图书馆")
    leader = a_role("leader", city)
    page = shown(leader)
    for address in re.findall(r'<td>\d+\. <a href="([^"]+)"', page):
        rows = shown(leader, address.replace("&amp;", "&"))
        assert ("伊春市图书馆" in rows) != ("美溪林业局公司" in rows), address
    assert len(re.findall(r"<td>\d+\. <a ", page)) == 4


def test_payments_are_shown_without_names():
    desk = Desk()
    an_answered(desk)
    page = shown(a_role("leader", desk.city), "/desk/payments/")
    assert "1,714.00" in page
    assert "刘女士" not in page


def test_who_sees_states_only_learns_no_illness_from_single_payments(july):
    desk = Desk()
    an_answered(desk)
    county = desk.employer.parent
    clerk = as_staff(a_role("county_clerk", county))
    for address in ("/desk/payments/", f"/desk/payments/{desk.employer.pk}/"):
        assert clerk.get(address).status_code == 404
    page = clerk.get(f"/desk/numbers/{county.pk}/").content.decode()
    assert "/desk/payments/" not in page
    assert "共 1,714.00 元" in page
    opens = re.search(r'<a class="tile[^>]*href="([^"]+)"[^>]*><span>帮助了', page)[1]
    assert "美溪林业局公司" in clerk.get(opens).content.decode()


def test_the_auditor_sees_what_changed_since_the_last_visit():
    desk = Desk()
    an_answered(desk)
    browser = as_staff(desk.auditor)
    assert "第一次登录" in browser.get("/desk/").content.decode()
    session = browser.session
    session["before"] = "2030-01-01T00:00:00+08:00"
    session.save()
    page = browser.get("/desk/").content.decode()
    assert figure(page, "上次登录以来的变动") == "0"
    assert "导入银行回盘" in shown(desk.auditor, "/desk/trail/")
    assert "没有符合条件的记录" in shown(desk.auditor, "/desk/trail/?who=nobody")


def test_every_verb_of_the_trail_has_words():
    sources = Path(huzhu.__file__).parent.rglob("*.py")
    told = {verb for file in sources for verb in re.findall(r'verb="([a-z_.]+)"', file.read_text())}
    assert told - WORDS.keys() == set()


def test_a_cadre_sees_people_in_hardship_of_the_branch_and_who_lacks_cover(july):
    place = yichun()
    a_covered_member(place, in_hardship=True)
    a_member("王小明", employer=place.employer, sex="male", in_hardship=True)
    a_member("李某", in_hardship=True)
    page = shown(a_role("cadre", place.city))
    assert figure(page, "困难职工") == "2"
    assert figure(page, "没有保障的") == "1"
    assert "李某" not in page


def test_policy_staff_see_what_is_published_and_what_is_not():
    a_published("yichun-120")
    page = shown(a_role("policy"))
    assert "✓ 已公布" in page
    assert "▲ 没有公布" in page


def test_the_administrator_sees_the_tree_of_the_branch_only():
    province = a_province()
    a_city(province, "伊春代办处")
    a_city(name="大庆代办处")
    page = shown(a_role("administrator", province), "/desk/places/")
    assert "伊春代办处" in page
    assert "大庆代办处" not in page


def test_the_outbox_masks_phones_and_never_shows_a_sign_in_code(july):
    place = yichun()
    member = a_covered_member(place)
    for purpose, text in (("sign_in", "验证码 123456"), ("claim", "您的申请已提交")):
        notices.send(phone="13900000001", text=text, purpose=purpose, about=member, at=clock.now())
    page = shown(a_role("administrator", place.province), "/desk/outbox/")
    assert "139****0001" in page
    assert "13900000001" not in page
    assert "123456" not in page


# ── searching ───────────────────────────────────────────────────────────────────────────────────────


def test_a_person_is_found_by_name_initials_and_last_four_but_only_in_the_branch(july):
    place = yichun()
    member = a_covered_member(place)
    stranger = a_role("agency_clerk", a_city(place.province, "大庆代办处"))
    for text in ("刘女士", "lns", member.id_number[-4:], member.id_number):
        page = shown(place.agency(), f"/desk/search/?q={text}")
        assert "刘女士" in page, text
        assert member.id_number not in page.replace(f'value="{text}"', "").replace(f"“{text}”", "")
        assert "没有这个人" in shown(stranger, f"/desk/search/?q={text}")


def test_a_claim_is_opened_by_its_number_and_a_foreign_one_looks_missing(july):
    place = yichun()
    claim = a_submitted(a_covered_member(place))
    found = as_staff(place.agency()).get(f"/desk/search/?q={claim.number}")
    assert found.status_code == 302
    assert str(claim.pk) in found.url
    stranger = a_role("agency_clerk", a_city(place.province, "大庆代办处"))
    assert "没有找到" in shown(stranger, f"/desk/search/?q={claim.number}")


def test_a_role_that_sees_no_members_finds_none(july):
    place = yichun()
    member = a_covered_member(place)
    an_account(a_member("王小明", employer=place.employer, sex="male"))
    page = shown(a_role("policy", place.province), f"/desk/search/?q={member.name}")
    assert "您的角色不查看会员" in page


def test_an_employers_clerk_finds_a_claim_of_own_staff_and_cannot_open_it():
    place = yichun()
    claim = a_submitted(a_covered_member(place))
    page = shown(place.clerk(), f"/desk/search/?q={claim.number}")
    assert claim.number in page
    assert f"/desk/claims/{claim.pk}/" not in page


def test_an_empty_search_says_what_can_be_typed():
    assert "拼音首字母" in shown(a_role("agency_clerk"), "/desk/search/")
    assert as_staff(a_role("agency_clerk")).get("/desk/search/?q=%25%5C'\"<script>").status_code == 200
