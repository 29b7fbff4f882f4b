"""What phone, desk and letter say of the money of a claim: the sum that came and the account it came to, and nothing else."""

import re
from datetime import date

import pytest
from django.urls import reverse

from factories.clawing import LARGE, LEAST
from factories.payouts import ANSWERED_AT, DECIDED_AT, HOUR, Desk, a_final_decision, an_answered
from factories.users import a_role
from factories.web import as_member, as_staff, text_of
from huzhu.adjudication.letter import contents
from huzhu.adjudication.models import Decision
from huzhu.members import services as members
from huzhu.members.accounts import COOLING
from huzhu.payouts import services
from huzhu.payouts.arrived import of_claim
from huzhu.payouts.models import Payout

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
NEW = "6217000010001234567"


def a_new_account(desk, member, at):
    account = members.add_account(
        member=member, holder=member.name, bank_name="建设银行", number=NEW, by=member, at=at
    )
    return members.confirm_account(account=account, by=a_role("agency_clerk", desk.city), at=at + HOUR)


def letter_of(decision):
    found = Decision.objects.get(pk=decision.pk)
    return "".join(contents(found, of_claim(found.claim).told)["closing"])


def home_of(member):
    return text_of(as_member(member).get("/my/"))


def page_of(claim):
    return text_of(as_member(claim.member).get(reverse("web:my-claim", args=[claim.pk])))


def desk_of(claim):
    by = a_role("agency_clerk", claim.office)
    return text_of(as_staff(by).get(reverse("web:claim", args=[claim.pk])))


def listed(claim, address="/desk/claims/"):
    by = a_role("agency_clerk", claim.office)
    return text_of(
        as_staff(by).get(address, {"q": claim.number if address == "/desk/claims/" else claim.number[:-1]})
    )


# ── to which account ──


def test_a_payment_is_said_to_have_gone_where_it_went_and_not_where_the_claim_asked_for_it():
    desk = Desk()
    decision = a_final_decision(desk)
    claim = decision.claim
    a_new_account(desk, claim.member, DECIDED_AT)
    services.schedule(at=DECIDED_AT + COOLING)
    an_answered(desk, Payout.objects.get())
    for said in (page_of(claim), desk_of(claim), letter_of(decision)):
        assert "建设银行" in said
        assert NEW[-4:] in said
        assert "工商银行" not in said


def test_what_failed_and_was_paid_again_is_said_to_have_gone_to_the_second_account():
    desk = Desk()
    decision = a_final_decision(desk)
    claim = decision.claim
    services.schedule(at=DECIDED_AT)
    an_answered(desk, Payout.objects.get(), fail_lines={1})
    a_new_account(desk, claim.member, DECIDED_AT)
    assert f"互助金将付到您的账户：建设银行 **** {NEW[-4:]}" in letter_of(decision)
    services.pay_again(payout=Payout.objects.get(), by=desk.maker, at=DECIDED_AT + COOLING)
    an_answered(desk, Payout.objects.get(state="scheduled"))
    said = page_of(claim)
    assert re.search(rf"1,714\.00 元，2022-07-15 16:24 到账，刘女士\s建设银行 \*{{4}}\s{NEW[-4:]}", said)
    assert said.count("16:24 到账，") == 1
    assert "工商银行" not in said


def test_an_account_that_is_changed_after_the_payment_changes_nothing_of_what_was_paid():
    desk = Desk()
    decision = a_final_decision(desk)
    old = decision.claim.account.number[-4:]
    services.schedule(at=DECIDED_AT)
    an_answered(desk, Payout.objects.get())
    a_new_account(desk, decision.claim.member, ANSWERED_AT + 2 * HOUR)
    assert f"1,714.00 元已于 2022-07-15 付到您的账户：工商银行伊春支行 **** {old}。" in letter_of(decision)
    assert old in page_of(decision.claim)
    assert NEW[-4:] not in desk_of(decision.claim)


# ── how much ──


@pytest.fixture
def debtor(office, wang):
    """Who was paid 1,200.00 too much."""
    office.corrected(office.paid(wang).claim)
    office.scheduled()
    return wang


def another_stay(office, member, figures):
    days = {"admitted_on": date(2022, 7, 11), "discharged_on": date(2022, 7, 12)}
    return office.decided(member, figures, number=2, **days)


def test_what_was_kept_against_a_debt_has_not_arrived(office, debtor):
    decision = another_stay(office, debtor, LEAST)
    office.scheduled()
    claim = decision.claim
    for said in (home_of(debtor), page_of(claim), desk_of(claim), letter_of(decision)):
        assert "这次没有转账：600.00 元全部抵扣以前多发的。" in said
        assert not re.search(r"600\.00 元，[^元]{0,40}到账", said)
    assert "没有转账，全部抵扣" in desk_of(claim)
    for said in (
        home_of(debtor),
        page_of(claim),
        desk_of(claim),
        listed(claim),
        listed(claim, "/desk/search/"),
    ):
        assert "已抵扣" in said
    assert "到账" not in page_of(claim).partition("核定互助金")[2].partition("算账单")[0]
    assert "已到账，用了" not in listed(claim)


def test_what_was_kept_in_part_is_told_apart_from_what_arrived(office, debtor):
    decision = another_stay(office, debtor, LARGE)
    office.answered(office.sent())
    for said in (home_of(debtor), page_of(decision.claim), desk_of(decision.claim), letter_of(decision)):
        assert "应付 2,400.00 元，其中 1,200.00 元抵扣以前多发的。" in said
        assert re.search(r"1,200\.00 元(，\s?2022-07-\d\d \d\d:\d\d 到账|已于)", said)
        assert not re.search(r"2,400\.00 元 ?，[^元]{0,30}到账", said)


def test_what_is_more_after_a_correction_has_not_arrived_before_it_is_paid(office, wang):
    paid = office.paid(wang)
    office.corrected(paid.claim, LARGE)
    office.scheduled()
    for said in (home_of(wang), page_of(paid.claim), desk_of(paid.claim)):
        assert "还有 1,200.00 元没有到账，正在发放。" in said
        assert not re.search(r"2,400\.00 元 ?，[^元]{0,30}到账", said)
    office.answered(office.sent())
    assert re.search(r"2,400\.00 元，[-\d: ]+到账", home_of(wang))
    assert page_of(paid.claim).count("1,200.00 元，2022-07-") == 2
    assert "没有到账" not in page_of(paid.claim)


def test_what_was_too_much_is_said_beside_what_arrived(debtor):
    said = home_of(debtor)
    assert re.search(r"1,200\.00 元，[-\d: ]+到账 后来更正为 0\.00 元，多发了 1,200\.00 元。", said)
