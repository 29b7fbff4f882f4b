"""What a tile or a row counts is what the page says that it opens to."""

import re
from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from factories.bank import told
from factories.enrolment import an_enrolment
from factories.members import a_member
from factories.office import Office as Collecting
from factories.organisations import a_city, a_county, an_employer
from factories.payouts import ANSWERED_AT, HOUR, Desk, a_batch, a_payout, a_released, an_answered
from factories.schemes import the_inpatient_scheme, the_women_scheme
from factories.users import a_role
from factories.web import as_staff, text_of
from huzhu.insight import waiting
from huzhu.members import services as members
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.services import apply_reply
from huzhu.web import clock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
MANY = 23


def tile(browser, words, address="/desk/"):
    page = browser.get(address).content.decode()
    found = re.search(rf"<span>{re.escape(words)}</span><b>([^<]*)", page)
    return found[1].strip() if found else None


def standing_on(monkeypatch, *day):
    monkeypatch.setattr(clock, "now", lambda: datetime(*day, 2, tzinfo=UTC))


# ── the payment desk ────────────────────────────────────────────────────────────────────────────────


def test_all_payments_in_doubt_are_counted():
    desk = Desk()
    batch = a_released(desk, *(a_payout(desk, 1_000, name=f"王小{n}") for n in range(MANY)))
    data = reply_for(batch, ANSWERED_AT, (), set(range(1, MANY + 1)))
    apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT + HOUR)
    assert tile(as_staff(desk.maker), "存疑，等查明") == str(MANY)


def test_all_payments_that_were_sent_back_are_counted_and_the_rest_is_a_page_away():
    desk = Desk()
    payouts = [a_payout(desk, 1_000, name=f"王小{n}") for n in range(MANY)]
    an_answered(desk, *payouts, fail_lines=set(range(1, MANY + 1)))
    browser = as_staff(desk.maker)
    assert tile(browser, "银行退回") == str(MANY)
    assert f"看全部 {MANY} 笔" in text_of(browser.get("/desk/"))


def test_all_batches_are_counted_and_their_money_is_summed(monkeypatch):
    monkeypatch.setattr(waiting, "FIRST", 2)
    desk = Desk()
    for n in range(3):
        a_released(desk, a_payout(desk, 1_000, name=f"李{n}"))
    for n in range(3):
        a_batch(desk, a_payout(desk, 1_000, name=f"王{n}"))
    browser = as_staff(desk.releaser)
    page = text_of(browser.get("/desk/"))
    assert (tile(browser, "等放行的批次"), tile(browser, "已送银行，等回盘")) == ("3", "3")
    assert "等放行的批次 3 批 30.00 元" in page
    assert page.count("看全部 3 批") == 2


def test_what_cannot_be_paid_is_counted_apart_on_the_desk_as_on_its_page(office, wang, monkeypatch):
    decision = office.decided(wang)
    office.scheduled()
    monkeypatch.setattr(clock, "now", lambda: office.at)
    maker = as_staff(office.maker)
    assert (tile(maker, "待发放"), tile(maker, "现在不能发放")) == ("1,200.00", None)
    office.changed(decision.claim)
    assert (tile(maker, "待发放"), tile(maker, "现在不能发放")) == ("0.00", "1")
    assert "0 笔，等制单" in text_of(maker.get("/desk/"))
    page = text_of(maker.get(reverse("web:payouts")))
    assert page.count("不能发放") == 1
    assert "待发放：" not in page


def test_what_waits_for_a_changed_account_cannot_be_paid_yet(monkeypatch):
    desk = Desk()
    a_payout(desk)
    payout = a_payout(desk, name="王小明")
    member = payout.decision.claim.member
    members.add_account(
        member=member, holder=member.name, bank_name="建设银行", number="6217000010001234567", by=member,
        at=ANSWERED_AT,
    )  # fmt: skip
    monkeypatch.setattr(clock, "now", lambda: ANSWERED_AT + HOUR)
    maker = as_staff(desk.maker)
    assert (tile(maker, "待发放"), tile(maker, "现在不能发放")) == ("1,714.00", "1")
    assert "待发放：1 笔，1,714.00 元" in text_of(maker.get(reverse("web:payouts")))


# ── what expires ────────────────────────────────────────────────────────────────────────────────────


def expiring(employer, role="employer_clerk"):
    """On the desk, on the record, and on the page of renewals."""
    clerk = as_staff(a_role(role, employer))
    record = tile(clerk, "60 天内到期", reverse("web:employer", args=[employer.pk]))
    renewals = re.search(r"还没有续保的一共 (\d+) 人", text_of(clerk.get(reverse("web:renewals"))))
    return tile(clerk, "60 天内到期"), record, renewals[1] if renewals else "0"


def test_whoever_expires_twice_is_one_on_desk_record_and_page(monkeypatch):
    standing_on(monkeypatch, 2022, 12, 20)
    employer = an_employer(staff_count=5)
    member = a_member(employer=employer)
    an_enrolment(member, the_inpatient_scheme())
    an_enrolment(member, the_women_scheme(), starts_on=date(2022, 2, 10))
    assert expiring(employer) == ("1", "1", "1")


def test_whoever_has_renewed_or_left_expires_nowhere(monkeypatch):
    standing_on(monkeypatch, 2022, 12, 20)
    employer = an_employer(staff_count=5)
    gone_on, gone = (a_member(name, employer=employer) for name in ("刘女士", "王小红"))
    for member in (gone_on, gone):
        an_enrolment(member, the_inpatient_scheme())
    an_enrolment(gone_on, the_inpatient_scheme(), starts_on=date(2023, 1, 28))
    gone.leaving, gone.left_on = "retired", date(2022, 12, 1)
    gone.save()
    assert expiring(employer) == ("0", "0", "0")
    an_enrolment(a_member("赵某", employer=employer), the_inpatient_scheme())
    assert expiring(employer) == ("1", "1", "1")


# ── leaders and lists of employers ──────────────────────────────────────────────────────────────────


def test_the_row_of_individuals_opens_to_individuals_only(monkeypatch):
    standing_on(monkeypatch, 2022, 7, 13)
    city = a_city()
    library = an_employer(city, sector="municipal", staff_count=5, name="伊春市图书馆")
    an_enrolment(a_member(employer=library), the_inpatient_scheme())
    holder = an_employer(city, sector="flexible", name="伊春个人参加者")
    an_enrolment(a_member("王小明", employer=holder), the_inpatient_scheme())
    leader = as_staff(a_role("leader", city))
    page = leader.get("/desk/").content.decode()
    assert "20.00% 1 人 ÷ 在职 5 人，另有灵活就业 1 人" in text_of(leader.get("/desk/"))
    [where] = re.findall(r'<a href="([^"]+)">灵活就业</a>', page)
    rows = leader.get(where.replace("&amp;", "&")).content.decode()
    assert "伊春个人参加者" in rows
    assert "伊春市图书馆" not in rows
    places = text_of(leader.get("/desk/insured/"))
    assert "5 1 另有灵活就业 1 20.00%" in places


def test_lists_of_employers_sum_a_worker_of_two_employers_once(monkeypatch):
    standing_on(monkeypatch, 2022, 7, 13)
    county = a_county(a_city())
    first, second = (
        an_employer(county, sector="county", staff_count=2, name=name) for name in ("一中", "二中")
    )
    member = a_member(employer=first)
    an_enrolment(member, the_inpatient_scheme())
    member.employer = second
    member.save()
    an_enrolment(member, the_women_scheme())
    clerk = as_staff(a_role("county_clerk", county))
    assert "在职（上报）4 人，已参保 1 人" in text_of(clerk.get("/desk/employers/"))
    assert "4 1 25.00%" in text_of(clerk.get("/desk/insured/"))


def test_pages_with_money_say_that_it_goes_by_the_tree_of_today_and_how_it_is_counted(office, place, wang):
    office.corrected(office.paid(wang).claim)
    office.scheduled()
    leader = as_staff(a_role("leader", place.city))
    for address in ("/desk/", "/desk/numbers/"):
        page = text_of(leader.get(address))
        assert "单位移到别的代办处以后，以前的会费和互助金也跟着它；账簿里的仍在当时的代办处" in page
        assert "减去更正后要收回的" in page
        assert "帮助了 0 人 共 0.00 元" in page
    page = text_of(leader.get("/desk/payments/"))
    assert "账簿里的仍在当时的代办处" in page
    assert "到账 1,200.00 元，减去更正后要收回的 1,200.00 元，帮助的一共 0.00 元。" in page


# ── the agency ──────────────────────────────────────────────────────────────────────────────────────


def test_the_agency_hears_of_money_at_the_bank_that_nobody_has_claimed():
    site = Collecting()
    clerk = as_staff(site.agency)
    assert "来款还没有认领" not in text_of(clerk.get("/desk/"))
    site.bank(told("2022-11-20", "A1", "360.00", "美溪林业局公司"))
    assert "银行有 1 笔来款还没有认领" in text_of(clerk.get("/desk/"))
    assert "共 1 笔" in text_of(clerk.get(reverse("web:credits")))
