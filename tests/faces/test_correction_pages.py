"""Pages of corrections and of what is owed back: who may not, from the agency's note to the member's phone."""

import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from factories.bank import a_statement, an_own_account, the_line, told
from factories.claims import a_covered_member
from factories.clawing import LEAST, PAPER
from factories.users import a_role
from factories.web import as_member, as_staff, html_of
from huzhu.adjudication.models import Correction, Decision
from huzhu.claims.models import SettlementChange
from huzhu.payouts import receivables
from huzhu.payouts.models import Clearing, Receivable

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


@pytest.fixture
def paid(office, wang):
    return office.paid(wang)


@pytest.fixture
def debt(office, paid):
    office.corrected(paid.claim)
    office.scheduled()
    return Receivable.objects.get()


def at(name, *args):
    return reverse(f"web:{name}", args=args)


def key_on(page) -> str:
    return re.search(r'name="once" value="([^"]+)"', html_of(page))[1]


def days_on(page) -> dict[str, str]:
    """The stay as the form shows it."""
    return dict(re.findall(r'name="((?:admitted|discharged)_on)" type="date" value="([^"]+)"', html_of(page)))


# ── who may not ──


def test_what_belongs_to_another_branch_looks_missing(office, debt):
    change = SettlementChange.objects.get()
    for code, name, key in (
        ("agency_clerk", "correction", change.pk),
        ("agency_clerk", "correction-paper", change.pk),
        ("auditor", "receivable", debt.pk),
    ):
        assert as_staff(a_role(code)).get(at(name, key)).status_code == 404
    assert as_staff(a_role("payment_maker")).get(at("receivable", debt.pk)).status_code == 404


def test_a_member_sees_no_letter_of_another(place, paid, debt):
    other = a_covered_member(place, "赵一", sex="male")
    assert as_member(other).get(at("my-correction-letter", paid.claim_id)).status_code == 404


# ── from the note to the confirmation ──


def test_the_agency_notes_one_proposes_another_confirms(office, paid):
    agency = as_staff(office.place.agency("周登记"))
    form = agency.get(at("settlement-change", paid.claim_id))
    told = {"kind": "corrected", "setl_id": "S99", "reason": "医院重新上传", **LEAST}
    told |= {"paper": SimpleUploadedFile("结算单.pdf", PAPER), "once": key_on(form)} | days_on(form)
    page = agency.post(at("settlement-change", paid.claim_id), told, follow=True)
    assert "等省办重算" in html_of(page)
    change = SettlementChange.objects.get()

    reviewer = as_staff(office.reviewer)
    assert paid.claim.number in html_of(reviewer.get(at("corrections") + "?mine=1"))
    shown = reviewer.get(at("correction", change.pk))
    assert "-600.00" in html_of(shown)
    ground = re.search(r'name="shown" value="([0-9a-f]+)"', html_of(shown))[1]
    act = at("correction-act", change.pk, "propose")
    page = reviewer.post(act, {"once": key_on(shown), "shown": ground, "reason": "按新结算单"}, follow=True)
    assert "等另一个人确认" in html_of(page)

    second = as_staff(office.second)
    shown = second.get(at("correction", change.pk))
    page = second.post(at("correction-act", change.pk, "agree"), {"once": key_on(shown)}, follow=True)
    assert "已更正" in html_of(page)
    assert Correction.objects.get().state == "confirmed"
    assert Decision.objects.get(state="final").total_fen == 60_000


def test_the_same_proposal_sent_twice_is_one(office, paid):
    change = office.changed(paid.claim)
    reviewer = as_staff(office.reviewer)
    shown = reviewer.get(at("correction", change.pk))
    ground = re.search(r'name="shown" value="([0-9a-f]+)"', html_of(shown))[1]
    told = {"once": key_on(shown), "shown": ground, "reason": "按退费单"}
    for _ in range(2):
        page = reviewer.post(at("correction-act", change.pk, "propose"), told, follow=True)
    assert "没有重复办理" in html_of(page)
    assert Correction.objects.count() == 1


def test_a_form_without_a_paper_says_what_is_missing_and_changes_nothing(office, paid):
    agency = as_staff(office.place.agency("周登记"))
    form = agency.get(at("settlement-change", paid.claim_id))
    told = {"kind": "reversed", "reason": "退费", "once": key_on(form)}
    page = agency.post(at("settlement-change", paid.claim_id), told)
    assert page.status_code == 422
    assert "请附上" in html_of(page)
    assert not SettlementChange.objects.exists()


def test_other_days_are_another_stay_and_no_correction(office, paid):
    agency, where = as_staff(office.place.agency("周登记")), at("settlement-change", paid.claim_id)
    for changed, words in (
        ({"admitted_on": "2022-05-01"}, "日期不同就是另一次住院"),
        ({"discharged_on": ""}, "请照新的结算单填写日期"),
        ({"admitted_on": "昨天"}, "不是日期"),
    ):
        form = agency.get(where)
        told = {"kind": "corrected", "setl_id": "S99", "reason": "重新上传", **LEAST, **days_on(form)}
        told |= {"paper": SimpleUploadedFile("结算单.pdf", PAPER), "once": key_on(form)} | changed
        page = agency.post(where, told)
        assert (page.status_code, words in html_of(page)) == (422, True)
    assert not SettlementChange.objects.exists()


def test_empty_lists_say_what_will_stand_there(office):
    assert "没有更正" in html_of(as_staff(office.reviewer).get(at("corrections")))
    assert "没有待收回" in html_of(as_staff(office.maker).get(at("receivables")))


# ── what the others see ──


def test_the_claim_and_the_phone_say_why_in_plain_words(office, paid, wang, debt):
    page = html_of(as_staff(office.place.agency("周登记")).get(at("claim", paid.claim_id)))
    assert "作废了（已退费）" in page
    assert "还有 1,200.00 元待收回" in page
    phone = html_of(as_member(wang).get(at("my-claim", paid.claim_id)))
    assert "为什么改过" in phone
    assert "多发了 1,200.00 元" in phone
    letter = as_member(wang).get(at("my-correction-letter", paid.claim_id))
    assert letter.content.startswith(b"%PDF")


def test_the_phone_says_what_is_owed_why_and_how_it_can_be_returned(office, place, paid, wang, debt):
    home = html_of(as_member(wang).get(at("phone")))
    card = home[home.index('id="owing"') :]
    assert "1,200.00" in card
    assert f"{at('my-claim', paid.claim_id)}#why" in card
    assert f"请向{place.city.name}要本会的账户" in card
    assert 'id="why"' in html_of(as_member(wang).get(at("my-claim", paid.claim_id)))
    account = an_own_account(place.province, by=office.maker)
    assert account.number in html_of(as_member(wang).get(at("phone")))
    other = a_covered_member(place, "赵一", sex="male")
    assert 'id="owing"' not in html_of(as_member(other).get(at("phone")))
    a_statement(account, told(f"{timezone.localdate(office.at)}", "R1", "1200.00"), by=office.maker)
    receivables.record_return(receivable=debt, line=the_line("R1"), by=office.maker, at=office.later())
    assert "您退回的 1,200.00 元已到，正在入账" in html_of(as_member(wang).get(at("phone")))
    receivables.settle(clearing=Clearing.objects.get(), agree=True, by=office.releaser, at=office.later())
    assert 'id="owing"' not in html_of(as_member(wang).get(at("phone")))


def test_the_desk_lists_what_is_owed_with_its_age_and_opens_to_its_working(office, paid, debt):
    maker = as_staff(office.maker)
    page = html_of(maker.get(at("receivables")))
    assert at("receivable", debt.pk) in page
    assert "1,200.00" in page
    opened = html_of(maker.get(at("receivable", debt.pk)))
    assert "怎么来的：多发 1,200.00 元" in opened
    assert maker.get(at("receivables") + "?as=xlsx")["Content-Type"].startswith("application/vnd")


def test_the_maker_says_that_money_came_back_and_the_releaser_confirms(office, place, debt):
    account = an_own_account(place.province, by=office.maker)
    day = timezone.localdate(office.at)
    a_statement(account, told(f"{day}", "R1", "1200.00", "王小明"), by=office.maker)
    maker = as_staff(office.maker)
    shown = maker.get(at("receivable", debt.pk))
    told_ = {"once": key_on(shown), "line": str(the_line("R1").pk)}
    page = maker.post(at("receivable-say", debt.pk, "returned"), told_, follow=True)
    assert "等另一个人确认" in html_of(page)
    releaser = as_staff(office.releaser)
    shown = releaser.get(at("receivable", debt.pk))
    said = Clearing.objects.get()
    page = releaser.post(at("clearing-settle", said.pk), {"once": key_on(shown), "agree": "yes"}, follow=True)
    assert "已结清" in html_of(page)


def test_a_payout_shows_gross_kept_and_net(office, wang, debt):
    office.decided(wang, LEAST, number=2, admitted_on=date(2022, 7, 11), discharged_on=date(2022, 7, 12))
    [payout] = office.scheduled()
    page = html_of(as_staff(office.maker).get(at("payout", payout.pk)))
    assert "抵扣以前多发的" in page
    assert "-600.00" in page
    assert "全部抵扣" in page
