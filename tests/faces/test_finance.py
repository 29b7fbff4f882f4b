"""The pages of the payment desk and the books: first who may not, then the walk of a batch."""

import io

import pytest
from django.urls import reverse
from python_calamine import CalamineWorkbook

from factories.ledger import a_row, a_voucher
from factories.members import an_account
from factories.organisations import a_province
from factories.payouts import (
    ANSWERED_AT,
    DECIDED_AT,
    Desk,
    a_batch,
    a_final_decision,
    a_payout,
    a_released,
    an_answered,
)
from factories.users import a_role, a_user
from factories.web import as_member, as_staff, set_aside
from huzhu.audit.models import Event
from huzhu.bank.files import digest
from huzhu.bank.models import Stop
from huzhu.config.worker import work_off
from huzhu.members.models import BankAccount
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.models import Payout, PayoutBatch
from huzhu.users.models import Role
from huzhu.web import clock
from huzhu.web.workbooks import plain

PAYERS = ("payment_maker", "payment_releaser", "auditor")
MAKER, RELEASER = ("payment_maker",), ("payment_releaser",)
# page → who opens it, and whether it is asked by POST
PAGES = {
    "payouts": (PAYERS, "get"),
    "batches": (PAYERS, "get"),
    "batch": (PAYERS, "get"),
    "payout": (PAYERS, "get"),
    "batch-make": (MAKER, "post"),
    "batch-release": (RELEASER, "post"),
    "batch-back": ((*MAKER, *RELEASER), "post"),
    "batch-file": ((*MAKER, *RELEASER), "post"),
    "batch-reply": (MAKER, "get"),
    "batch-demo-reply": (MAKER, "post"),
    "payout-again": (MAKER, "post"),
    "payouts-stop": ((*MAKER, *RELEASER), "post"),
    "books": ((*PAYERS, "leader"), "get"),
    "books-export": ((*PAYERS, "leader"), "get"),
    "books-entries": ((*PAYERS, "leader"), "get"),
    "voucher": ((*PAYERS, "leader"), "get"),
}


@pytest.fixture
def desk(db, monkeypatch) -> Desk:
    monkeypatch.setattr(clock, "now", lambda: ANSWERED_AT)
    return Desk()


@pytest.fixture
def batch(desk) -> PayoutBatch:
    return a_batch(desk, a_payout(desk, 3_171_400), a_payout(desk, 5_000, name="王小明"))


def address(page: str, batch: PayoutBatch) -> str:
    about = {"payout": "payout", "payout-again": "payout", "voucher": "voucher"}
    if page in {"payouts", "batches", "batch-make", "books", "books-export", "books-entries", "payouts-stop"}:
        return reverse(f"web:{page}")
    found = {"payout": batch.payouts.first().pk, "voucher": f"{DECIDED_AT:%Y%m%d}-00001"}
    return reverse(f"web:{page}", args=[found.get(about.get(page), batch.pk)])


def text(answer) -> str:
    return answer.content.decode()


@pytest.mark.parametrize(
    ("page", "code"),
    [(page, code) for page, (opens, _) in PAGES.items() for code in Role.Code if code not in opens],
)
def test_who_may_not_open_it(desk, batch, page, code):
    browser = as_staff(a_role(code, desk.province))
    ask = getattr(browser, PAGES[page][1])
    assert ask(address(page, batch)).status_code == 404
    batch.refresh_from_db()
    assert batch.state == "made"


@pytest.mark.parametrize("page", PAGES)
def test_nobody_opens_it_without_signing_in(desk, batch, client, page):
    answer = getattr(client, PAGES[page][1])(address(page, batch))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("web:sign-in"))


@pytest.mark.parametrize(
    "page",
    [
        page
        for page in PAGES
        if page
        not in {"payouts", "batches", "books", "books-export", "books-entries", "batch-make", "payouts-stop"}
    ],
)
def test_another_branchs_batch_looks_missing(desk, batch, page):
    opens, how = PAGES[page]
    stranger = as_staff(a_role(opens[0], a_province(name="吉林省办事处")))
    assert getattr(stranger, how)(address(page, batch)).status_code == 404


def test_another_branchs_lists_are_empty(desk, batch):
    stranger = as_staff(a_role("payment_maker", a_province(name="吉林省办事处")))
    for page in ("payouts", "batches", "books", "books-entries"):
        said = text(stranger.get(reverse(f"web:{page}")))
        assert batch.number not in said
        assert "刘女士" not in said
    answer = stranger.post(reverse("web:batch-make"), {"pay": [str(a_payout(desk).pk)]}, follow=True)
    assert "没有勾选任何一笔" in text(answer)


@pytest.mark.parametrize("page", [page for page, (_, how) in PAGES.items() if how == "post"])
def test_nothing_is_changed_by_following_a_link(desk, batch, page):
    browser = as_staff(desk.maker if "payment_maker" in PAGES[page][0] else desk.releaser)
    assert browser.get(address(page, batch)).status_code == 405


def test_an_auditor_sees_everything_and_has_no_button(desk):
    released, waiting = a_released(desk), a_batch(desk)
    a_payout(desk, 70)
    an_answered(desk, fail_lines=[1])
    browser = as_staff(desk.auditor)
    pages = [
        reverse("web:payouts"),
        reverse("web:batches"),
        reverse("web:batch", args=[released.pk]),
        reverse("web:batch", args=[waiting.pk]),
        reverse("web:payout", args=[released.payouts.get().pk]),
        reverse("web:books"),
    ]
    for page in pages:
        said = text(browser.get(page)).partition("<main")[2]
        assert 'method="post"' not in said
        assert "checkbox" not in said
    assert Event.objects.get(verb="claims.read").actor_id == desk.auditor.actor_id


def test_the_walk_of_a_batch(desk):
    """Chosen, agreed to with count and sum, released by another, taken as a file, answered, in the books."""
    a_final_decision(desk, 3_171_400)
    a_final_decision(desk, 5_000, name="王小明")
    maker, releaser = as_staff(desk.maker), as_staff(desk.releaser)
    page = text(maker.get(reverse("web:payouts")))
    assert page.count("正在排款") == 2
    assert 'name="pay"' not in page
    work_off()
    page = text(maker.get(reverse("web:payouts")))
    assert "待发放：2 笔，31,764.00 元" in page
    chosen = [part.split('"')[0] for part in page.split('name="pay" value="')[1:]]
    asked = text(maker.post(reverse("web:batch-make"), {"pay": chosen}))
    assert "叁万壹仟柒佰陆拾肆元整" in asked
    assert not PayoutBatch.objects.exists()
    keys = [str(payout.pk) for payout in Payout.objects.all()]
    agreed = {"pay": keys, "count": "2", "total_fen": "3176400"}
    made = maker.post(reverse("web:batch-make"), agreed, follow=True)
    batch = PayoutBatch.objects.get()
    assert f"批次 {batch.number} 已做好" in text(made)
    assert "确认放行 31,764.00 元" not in text(made)
    here = reverse("web:batch", args=[batch.pk])
    assert "确认放行 31,764.00 元" in text(releaser.get(here))
    releaser.post(reverse("web:batch-release", args=[batch.pk]))
    batch.refresh_from_db()
    file = maker.post(reverse("web:batch-file", args=[batch.pk]))
    assert digest(file.content) == batch.sha256
    assert "attachment" in file["Content-Disposition"]
    _answer_and_check(maker, batch)


def _answer_and_check(maker, batch):
    number = batch.number
    lines = [
        "批次号,序号,金额,结果,说明,时间",
        f"{number},1,31714.00,成功,已入账,2022-07-15 16:24:00",
        f"{number},2,50.00,失败,账号已销户,2022-07-15 16:24:01",
        "合计,2,31764.00",
    ]
    where = reverse("web:batch-reply", args=[batch.pk])
    file = io.BytesIO("\r\n".join(lines).encode("gb18030"))
    file.name = "回盘.csv"
    shown = text(maker.post(where, {"file": file}))
    assert "账号已销户" in shown
    assert set(batch.payouts.values_list("state", flat=True)) == {"sent"}
    done = maker.post(where, set_aside(shown), follow=True)
    assert "的回盘已入账" in text(done)
    assert sorted(batch.payouts.values_list("state", flat=True)) == ["failed", "paid"]
    file.seek(0)
    assert "再导入什么也不会变" in text(maker.post(where, {"file": file}))
    page = text(maker.get(reverse("web:payouts")))
    assert "✕ 账号已销户" in page
    assert "仍按原账户重新排款" in page


def test_the_sum_that_was_agreed_to_must_still_be_the_sum(desk):
    payouts = [a_payout(desk, 100), a_payout(desk, 200)]
    maker = as_staff(desk.maker)
    agreed = {"pay": [str(payout.pk) for payout in payouts], "count": "2", "total_fen": "299"}
    said = text(maker.post(reverse("web:batch-make"), agreed, follow=True))
    assert "您确认的是 2 笔 2.99 元" in said
    assert not PayoutBatch.objects.exists()


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"pay": "not-a-key"},
        {"pay": "-" * 36},
        {"pay": "d:999999999999999999999"},
        {"pay": "d:1", "count": "²", "total_fen": "-1"},
        {"total_fen": ""},
    ],
)
def test_a_nonsense_choice_is_told(desk, form):
    answer = as_staff(desk.maker).post(reverse("web:batch-make"), form, follow=True)
    assert answer.status_code == 200
    assert not PayoutBatch.objects.exists()


def test_a_person_of_the_claim_is_told_why_not(desk):
    person = a_user("张审核")
    a_final_decision(desk, decided_by=person)
    maker = as_staff(a_role("payment_maker", desk.province, user=person))
    payout = a_payout(desk, decided_by=person)
    agreed = {"pay": str(payout.pk), "count": "1", "total_fen": str(payout.amount_fen)}
    said = text(maker.post(reverse("web:batch-make"), agreed, follow=True))
    assert "须由五个不同的人办" in said


def test_a_released_batch_is_told_when_somebody_was_faster(desk, batch):
    first, second = as_staff(desk.releaser), as_staff(a_role("payment_releaser", desk.province, "孙放行"))
    where = reverse("web:batch-release", args=[batch.pk])
    first.post(where)
    assert "可能别人刚刚办过" in text(second.post(where, follow=True))


def test_a_batch_is_sent_back_with_a_reason(desk, batch):
    releaser = as_staff(desk.releaser)
    where = reverse("web:batch-back", args=[batch.pk])
    assert "请写明为什么退回" in text(releaser.post(where, {"reason": ""}, follow=True))
    assert "回到待发放" in text(releaser.post(where, {"reason": "户名有误"}, follow=True))
    assert "已退回：户名有误" in text(releaser.get(reverse("web:batch", args=[batch.pk])))


@pytest.mark.parametrize("name", ["空.csv", "图.png", "没有"])
def test_a_wrong_reply_is_answered_at_the_field(desk, name):
    batch = a_released(desk)
    file = io.BytesIO(b"\x89PNG\r\n" if "图" in name else b"x")
    file.name = name
    form = {} if name == "没有" else {"file": file}
    answer = as_staff(desk.maker).post(reverse("web:batch-reply", args=[batch.pk]), form)
    assert answer.status_code == 422
    assert "一笔也没有入账" in text(answer)
    assert set(batch.payouts.values_list("state", flat=True)) == {"sent"}


def test_a_tampered_confirmation_is_refused(desk):
    batch = a_released(desk)
    for key in ("***", "", "5ZOI", "00000000-0000-0000-0000-000000000000"):
        form = {"file": key, "confirmed": "1"}
        answer = as_staff(desk.maker).post(reverse("web:batch-reply", args=[batch.pk]), form)
        assert answer.status_code == 422


def test_what_one_person_looked_at_another_does_not_take_in(desk):
    batch = a_released(desk)
    where = reverse("web:batch-reply", args=[batch.pk])
    file = io.BytesIO(reply_for(batch, ANSWERED_AT))
    file.name = "回盘.csv"
    asked = set_aside(text(as_staff(desk.maker).post(where, {"file": file})))
    other = as_staff(a_role("payment_maker", desk.province))
    assert other.post(where, asked).status_code == 422
    assert set(batch.payouts.values_list("state", flat=True)) == {"sent"}


def test_a_reply_larger_than_a_form_may_be_is_shown_and_taken_in(desk, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 500
    batch = a_released(desk, *(a_payout(desk, 100 + number, name=f"甲{number}") for number in range(12)))
    where, maker = reverse("web:batch-reply", args=[batch.pk]), as_staff(desk.maker)
    file = io.BytesIO(reply_for(batch, ANSWERED_AT))
    file.name = "回盘.csv"
    assert len(file.getvalue()) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    maker.post(where, set_aside(text(maker.post(where, {"file": file}))))
    assert set(batch.payouts.values_list("state", flat=True)) == {"paid"}


def test_a_failed_payment_is_mended_on_the_page(desk):
    payout = an_answered(desk, fail_lines=[1]).payouts.get()
    BankAccount.objects.update(is_current=False)
    maker = as_staff(desk.maker)
    assert "等代办处登记新账户" in text(maker.get(reverse("web:payouts")))
    an_account(payout.decision.claim.member, number="6217000000000054321", bank_name="建设银行")
    assert "✓ 新账户已登记，可以重发" in text(maker.get(reverse("web:payouts")))
    said = text(maker.post(reverse("web:payout-again", args=[payout.pk]), follow=True))
    assert "已重新排款" in said
    assert "↻ 重发" in said


def test_full_account_numbers_stand_on_no_page(desk):
    batch = an_answered(desk, fail_lines=[1])
    number = batch.payouts.get().account_number
    a_payout(desk)
    for role in (desk.maker, desk.releaser, desk.auditor):
        browser = as_staff(role)
        for where in (
            reverse("web:payouts"),
            reverse("web:batch", args=[batch.pk]),
            reverse("web:payout", args=[batch.payouts.get().pk]),
        ):
            assert number not in text(browser.get(where))


def test_the_demo_bank_is_not_there_outside_the_demo(desk, settings):
    batch = a_released(desk)
    maker, where = as_staff(desk.maker), reverse("web:batch-demo-reply", args=[batch.pk])
    settings.HUZHU_DEMO = False
    assert maker.post(where).status_code == 404
    settings.HUZHU_DEMO = True
    answer = maker.post(where, {"fail": ["1", "x"]})
    assert "账号与户名不符" in answer.content.decode("gb18030")


# ── the books ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def booked(desk) -> Desk:
    a_voucher(a_row(9_000, office=desk.city), a_row(3_000, credit="4004", office=desk.city))
    an_answered(desk, a_payout(desk, 5_000))
    return desk


def test_the_books_show_what_came_in_and_went_out_and_balance(booked):
    said = text(as_staff(booked.auditor).get(reverse("web:books")))
    for figure in ("会费收入·单位", "90.00", "互助金支出·住院", "50.00", "✓ 0.00", "70.00"):
        assert figure in said


def test_the_books_are_split_as_asked_and_nonsense_is_all(booked):
    browser = as_staff(booked.auditor)
    july = text(
        browser.get(reverse("web:books"), {"month": "2022-07", "year": "2022", "scheme": "yichun-120"})
    )
    assert "2022 基金年度 · 2022-07" in july
    everything = text(
        browser.get(reverse("web:books"), {"month": "x", "year": "y", "office": "-1", "scheme": "'"})
    )
    assert "全部方案 · 全部基金年度 · 全部月份 · 全部机构" in everything


def test_every_amount_opens_to_its_entries_and_vouchers(booked):
    browser = as_staff(booked.auditor)
    said = text(browser.get(reverse("web:books-entries"), {"account": "2001"}))
    assert "分录 · 2001 应付互助金" in said
    assert "共 2 条" in said
    voucher = text(browser.get(reverse("web:voucher", args=["20220714-00001"])))
    assert "一个来源只记一次账" in voucher
    assert browser.get(reverse("web:voucher", args=["20990101-00001"])).status_code == 404


def test_the_books_as_a_workbook(booked):
    answer = as_staff(booked.auditor).get(reverse("web:books-export"), {"year": "2022"})
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    assert book.sheet_names == ["收支表", "科目余额表", "分录"]
    rows = book.get_sheet_by_name("收支表").to_python()
    assert ["结余", 70.0, 70.0] in rows
    assert len(book.get_sheet_by_name("分录").to_python()) == 2 + 4
    event = Event.objects.get(verb="lists.export")
    assert (event.kind, event.detail) == ("read", {"what": "账簿", "rows": 4, "asked": {"year": "2022"}})


def test_no_cell_of_a_workbook_is_a_formula(booked):
    a_voucher(a_row(office=booked.city), note="=HYPERLINK(1)")
    answer = as_staff(booked.auditor).get(reverse("web:books-export"))
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_name("分录").to_python()
    assert any("'=HYPERLINK(1)" in row for row in rows)
    assert [plain(text) for text in ("+1", "-1", "@a", "=1", "住院")] == ["'+1", "'-1", "'@a", "'=1", "住院"]


def test_empty_books_say_why(desk):
    assert "账上还没有记录" in text(as_staff(desk.auditor).get(reverse("web:books")))
    assert "没有待发放的款" in text(as_staff(desk.maker).get(reverse("web:payouts")))
    assert "还没有做过批次" in text(as_staff(desk.maker).get(reverse("web:batches")))


def test_a_stop_is_said_on_every_page_of_the_desk_and_lifted_by_another(desk, batch):
    maker, releaser = as_staff(desk.maker), as_staff(desk.releaser)
    said = text(maker.post(reverse("web:payouts-stop"), {"reason": "银行少一笔"}, follow=True))
    assert "发放已停止" in said
    assert "银行少一笔" in said
    for page in (reverse("web:payouts"), address("batch", batch), reverse("web:desk")):
        assert "银行少一笔" in text(releaser.get(page))
    answer = releaser.post(address("batch-release", batch), follow=True)
    assert "停止期间，互助金和退费都不制单、不放行" in text(answer)
    stop = Stop.objects.get()
    resumed = reverse("web:payouts-resume", args=[stop.pk])
    assert maker.post(resumed, {"reason": "查明"}).status_code == 404
    assert "已解除" in text(releaser.post(resumed, {"reason": "银行漏传"}, follow=True))
    assert "发放已停止" not in text(maker.get(reverse("web:payouts")))


def test_a_doubt_is_said_by_one_and_confirmed_by_another(desk):
    batch = a_released(desk, a_payout(desk, 3_171_400))
    maker, releaser, auditor = map(as_staff, (desk.maker, desk.releaser, desk.auditor))
    data = reply_for(batch, ANSWERED_AT, unclear_lines={1})
    reply = io.BytesIO(data)
    reply.name = "回盘.csv"
    where = reverse("web:batch-reply", args=[batch.pk])
    nothing = text(maker.post(where, {}))
    assert ("没有选择文件" in nothing, "告诉银行" in nothing) == (True, False)
    shown = text(maker.post(where, {"file": reply}))
    assert "没有说清" in shown
    maker.post(where, set_aside(shown))
    payout = batch.payouts.get()
    page = reverse("web:payout", args=[payout.pk])
    assert "存疑" in text(auditor.get(reverse("web:payouts")))
    claim = payout.decision.claim
    assert "正在向银行查" in text(as_member(claim.member).get(reverse("web:my-claim", args=[claim.pk])))
    assert "登记查明的结果" not in text(auditor.get(page))
    assert "可能付两次" in text(maker.post(address("batch-file", batch), follow=True))
    paper = io.BytesIO(b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
    paper.name = "回单.pdf"
    said = {"paid": "yes", "bank_at": "2022-07-15T16:24", "words": "银行回单 8801"}
    say = reverse("web:doubt-say", args=[payout.pk])
    refused = maker.post(say, said)
    assert (refused.status_code, "请附上银行的回单" in text(refused)) == (422, True)
    for typed in ('value="yes" checked', 'value="2022-07-15T16:24"', 'value="银行回单 8801"'):
        assert typed in text(refused)
    assert "等另一个人" in text(maker.post(say, {**said, "paper": paper}, follow=True))
    answer = payout.doubt_answers.get()
    seen = auditor.get(reverse("web:doubt-paper", args=[answer.pk]))
    assert seen["Content-Type"] == "application/pdf"
    settle = reverse("web:doubt-settle", args=[answer.pk])
    stranger = as_staff(a_role("payment_releaser", a_province(name="吉林省办事处")))
    for foreign in (settle, say):
        assert stranger.post(foreign, {"agree": "yes"}).status_code == 404
    assert "另一个人" in text(maker.post(settle, {"agree": "yes"}, follow=True))
    assert "这一笔查明了" in text(releaser.post(settle, {"agree": "yes"}, follow=True))
    payout.refresh_from_db()
    assert payout.state == "paid"
