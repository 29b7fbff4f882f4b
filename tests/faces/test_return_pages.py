"""The pages of a payment that came back: who may not, the credit that is chosen, the second person, and where it is shown."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from factories.bank import a_statement, an_own_account, told
from factories.organisations import a_province
from factories.payouts import ANSWERED_AT, Desk, a_payout, a_released, an_answered
from factories.users import a_role
from factories.web import as_member, as_staff, set_aside
from huzhu.bank.files import Answer, write_reply
from huzhu.bank.models import OwnAccount, StatementLine
from huzhu.core.money import yuan
from huzhu.payouts import bankfile, services
from huzhu.payouts.models import BankReturn, Payout
from huzhu.users.models import Role
from huzhu.web import clock

MAY = {"payment_maker", "payment_releaser"}
NOW = ANSWERED_AT + timedelta(days=10)


def text(answer) -> str:
    return answer.content.decode()


def page(name: str, one) -> str:
    return reverse(f"web:{name}", args=[one.pk])


@pytest.fixture
def desk(db, settings, tmp_path, monkeypatch) -> Desk:
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return Desk()


@pytest.fixture
def payout(desk) -> Payout:
    """Paid; the account that pays is known, and its paper is not there yet."""
    an_own_account(desk.province, by=desk.maker)
    return an_answered(desk, a_payout(desk)).payouts.get()


@pytest.fixture
def line(desk, payout) -> StatementLine:
    back = told("2022-07-20", "B1", yuan(payout.amount_fen), "龙江银行", "", "退汇 账户已销户")
    a_statement(OwnAccount.objects.get(), back, by=desk.maker, last_on=date(2022, 7, 31))
    return StatementLine.objects.get()


@pytest.fixture
def found(desk, payout, line) -> BankReturn:
    as_staff(desk.maker).post(page("return-say", payout), {"line": str(line.pk), "words": ""})
    return BankReturn.objects.get()


@pytest.mark.parametrize("code", sorted(set(Role.Code) - MAY))
def test_who_may_not(desk, payout, found, code):
    client = as_staff(a_role(code, desk.province))
    for address in (page("return-say", payout), page("return-settle", found)):
        assert client.post(address, {"agree": "yes"}).status_code in {403, 404}
    found.refresh_from_db()
    assert found.state == "said"


def test_another_province_finds_nothing(payout, found):
    stranger = as_staff(a_role("payment_releaser", a_province(name="吉林省办事处")))
    for address in (page("return-say", payout), page("return-settle", found)):
        assert stranger.post(address, {"agree": "yes"}).status_code == 404


@pytest.mark.parametrize("chosen", ["", "x", "2d2f1f4e-0000-4000-8000-000000000000"])
def test_without_a_line_it_is_refused_and_what_was_typed_stays(desk, payout, line, chosen):
    refused = as_staff(desk.maker).post(page("return-say", payout), {"line": chosen, "words": "账户不存在"})
    assert refused.status_code == 422
    assert "请选银行是用哪一笔来款退回的" in text(refused)
    assert 'value="账户不存在"' in text(refused)
    assert not BankReturn.objects.exists()


def test_before_the_paper_is_there_the_page_says_what_to_do(desk, payout):
    assert "请先导入对账单" in text(as_staff(desk.maker).get(page("payout", payout)))
    assert "请先导入对账单" not in text(as_staff(desk.auditor).get(page("payout", payout)))


def test_one_says_it_and_another_confirms_it(desk, payout, line):
    maker, releaser, auditor = map(as_staff, (desk.maker, desk.releaser, desk.auditor))
    claim = payout.decision.claim
    assert page("payout", payout) in text(maker.get(page("credit", line)))
    assert str(line.pk) in text(maker.get(page("payout", payout)))
    said = maker.post(page("return-say", payout), {"line": str(line.pk)}, follow=True)
    assert "等另一个人看过对账单后确认" in text(said)
    found = BankReturn.objects.get()
    assert found.words == "退汇 账户已销户"
    own, seen = text(maker.get(page("payout", payout))), text(auditor.get(page("payout", payout)))
    assert ("登记错了，可以自己撤销" in own, "登记银行退回</button>" in own) == (True, False)
    assert ("待第二人确认" in seen, page("return-settle", found) in seen) == (True, False)
    assert "到账后银行退回，待第二人确认" in text(releaser.get(reverse("web:payouts")))
    settle = page("return-settle", found)
    assert "另一个人" in text(maker.post(settle, {"agree": "yes"}, follow=True))
    assert "款回到账上" in text(releaser.post(settle, {"agree": "yes"}, follow=True))
    for where in (page("payout", payout), page("batch", payout.batch)):
        shown = text(auditor.get(where))
        for words in ("银行已退回", "2022-07-20", "流水 B1", desk.maker.user.name, desk.releaser.user.name):
            assert words in shown
    voucher = BankReturn.objects.get().line.uses.get().voucher
    assert page("payout", payout) in text(auditor.get(reverse("web:voucher", args=[voucher.number])))
    assert voucher.number in text(auditor.get(page("payout", payout)))
    assert "到账后 2022-07-20 退回" in text(maker.get(reverse("web:payouts")))
    mine = text(as_member(claim.member).get(reverse("web:my-claim", args=[claim.pk])))
    assert "换一个收款账户" in mine
    assert "认错了，撤销" not in text(maker.get(page("credit", line)))


def test_taken_back_the_line_can_be_chosen_again(desk, payout, line, found):
    maker = as_staff(desk.maker)
    answer = text(maker.post(page("return-settle", found), {"agree": "no"}, follow=True))
    assert "没有办理退回" in answer
    assert "已撤销" in answer
    assert str(line.pk) in answer


def test_a_reply_that_takes_its_word_back_is_told_and_the_rest_goes_in(desk):
    batch = a_released(desk, a_payout(desk, 100), a_payout(desk, 250))
    form, maker = bankfile.form_of(batch), as_staff(desk.maker)
    paid = Answer(0, 1, 100, True, "", ANSWERED_AT)
    first = write_reply(form, batch.number, [paid])
    services.apply_reply(batch=batch, data=first, by=desk.maker, at=ANSWERED_AT)
    otherwise = Answer(0, 1, 100, False, "退票 已销户", ANSWERED_AT)
    second = write_reply(form, batch.number, [otherwise, Answer(0, 2, 250, True, "", ANSWERED_AT)])
    file = SimpleUploadedFile("回盘.csv", second)
    shown = text(maker.post(page("batch-reply", batch), {"file": file}))
    payout = batch.payouts.get(line=1)
    for words in (
        "1 笔先前已到账，这次不说成功",
        f"{desk.maker.actor_name}先前登记",
        "退票 已销户",
        "以对账单为准",
    ):
        assert words in shown
    assert page("payout", payout) in shown
    maker.post(page("batch-reply", batch), set_aside(shown))
    assert list(batch.payouts.order_by("line").values_list("state", flat=True)) == ["paid", "paid"]
    assert "后来说“退票 已销户”" in text(maker.get(page("batch", batch)))
    assert "银行后来说“退票 已销户”" in text(maker.get(page("payout", payout)))


def test_a_file_that_was_answered_is_not_offered_again(desk, payout):
    maker = as_staff(desk.maker)
    shown = text(maker.get(page("batch", payout.batch)))
    assert ("下载代发文件" in shown, "银行已有答复，不再给出代发文件" in shown) == (False, True)
    assert "再送可能付两次" in text(maker.post(page("batch-file", payout.batch), follow=True))


def test_the_credit_leads_to_its_payment_while_it_waits_and_after(desk, payout, line, found):
    for by in (desk.maker, desk.releaser):
        assert page("payout", payout) in text(as_staff(by).get(page("credit", line)))
    services.confirm_return(found=found, agree=True, by=desk.releaser, at=NOW)
    assert page("payout", payout) in text(as_staff(desk.maker).get(page("credit", line)))
