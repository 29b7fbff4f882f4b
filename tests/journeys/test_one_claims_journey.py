"""刘女士's story through the pages of a running site: from the employer's roster to 已到账 on her phone, and its cost."""

import hashlib
import io
import re
from datetime import datetime

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from factories.claims import Yichun, yichun
from factories.enrolment import some_workers
from factories.files import a_photo
from factories.members import an_id_number
from factories.schemes import the_inpatient_scheme, the_women_scheme
from factories.users import a_role
from huzhu.adjudication.models import Decision
from huzhu.audit.services import seal
from huzhu.claims.models import Claim, State
from huzhu.cli.main import main
from huzhu.config.worker import work_off
from huzhu.enrolment.models import Enrolment
from huzhu.notices.models import Notice
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.models import PayoutBatch
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import User
from huzhu.web.settlement import LINES, LIU
from journeys.walk import Walk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = "13900000001"
CSV = "text/csv"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FIGURES = [line.name for line in LINES if line.name in LIU]
# the most each part may cost; found by walking it, and it may only get cheaper
MOST = {
    "split": {"pages": 3, "boxes": 2, "clicks": 6},
    "roster of 30": {"pages": 3, "clicks": 6, "files": 1},
    "receipts": {"pages": 5, "boxes": 4, "clicks": 5},
    "phone sign-in": {"pages": 2, "boxes": 3, "clicks": 2},
    "phone claim": {"pages": 6, "boxes": 17, "clicks": 9, "files": 6},
    "first opinion": {"pages": 2, "clicks": 1, "keys": 9},
    "clean review": {"pages": 2, "clicks": 1, "keys": 1},
    "second review": {"pages": 2, "clicks": 1, "keys": 1},
    "batch": {"pages": 3, "clicks": 3},
    "release": {"pages": 2, "clicks": 2},
    "bank file": {"pages": 1, "clicks": 2},
    "bank reply": {"pages": 4, "clicks": 4, "files": 1},
    "phone sign-in again": {"pages": 2, "boxes": 3, "clicks": 2},
}


class Clock:
    """The business clock of the site, set by the story."""

    def __init__(self, monkeypatch):
        monkeypatch.setattr("huzhu.web.clock.now", lambda: self.now)
        self.set("2022-01-28 09:00")

    def set(self, words: str) -> None:
        self.now = datetime.fromisoformat(words).replace(tzinfo=SHANGHAI)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def walk(page, settings) -> Walk:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # seven sign-ins, no secret
    return Walk(page)


@pytest.fixture
def place() -> Yichun:
    the_inpatient_scheme()
    the_women_scheme()
    return yichun()


def test_from_the_roster_to_the_money_on_her_phone(walk, clock, place):
    number = an_id_number()
    zhao, sun, zhang, chen = (
        role.user for role in (place.clerk(), place.agency(), place.reviewer(), place.second())
    )
    li, zhou = (a_role(code, place.province).user for code in ("payment_maker", "payment_releaser"))
    cover_begins(walk, clock, number, zhao, sun)
    clock.set("2022-07-13 09:30")
    walk.phone()
    she_signs_in(walk, number, "phone sign-in")
    she_applies(walk)
    claim = Claim.objects.get()
    assert claim.state == State.SUBMITTED
    it_is_decided(walk, clock, claim, sun, zhang, chen)
    it_is_paid(walk, clock, li, zhou)
    walk.phone()
    she_signs_in(walk, number, "phone sign-in again")
    she_has_her_money(walk)
    five_people_did_it(claim, [sun, zhang, chen, li, zhou])
    seal(at=clock.now)
    assert main(["verify"]) == 0
    walk.told(MOST)


def cover_begins(walk: Walk, clock: Clock, number: str, zhao: User, sun: User) -> None:
    walk.staff(sun)
    the_group_pays_three_quarters(walk)
    walk.staff(zhao)
    a_roster_of_thirty(walk, number)
    clock.set("2022-01-28 11:00")
    walk.staff(sun)
    both_transfers_are_recorded(walk)


def it_is_decided(walk: Walk, clock: Clock, claim: Claim, sun: User, zhang: User, chen: User) -> None:
    clock.set("2022-07-13 14:00")
    walk.staff(sun)
    the_papers_are_checked(walk, claim)
    clock.set("2022-07-14 09:00")
    walk.staff(zhang)
    the_claim_is_decided(walk)
    clock.set("2022-07-14 10:00")
    walk.staff(chen)
    the_second_agrees(walk)


def it_is_paid(walk: Walk, clock: Clock, li: User, zhou: User) -> None:
    work_off()  # what the worker beside the server does every two seconds
    clock.set("2022-07-14 14:00")
    walk.staff(li)
    a_batch_is_made(walk)
    clock.set("2022-07-14 15:00")
    walk.staff(zhou)
    the_batch_is_released(walk)
    walk.staff(li)
    the_bank_is_given_its_file(walk)
    clock.set("2022-07-15 16:24")
    walk.staff(li)
    the_bank_answers(walk, clock)


# ── the employer and its agency ──


def the_group_pays_three_quarters(walk: Walk) -> None:
    with walk.part("split"):
        walk.follow("分担办法")
        walk.choose("单位或上级工会", "伊春森工集团工会")
        walk.choose("哪个方案", "住院＋重疾＋意外")
        walk.press_button("查看或设定")
        walk.choose("第 1 个缴费方", "上级工会")
        walk.fill("第 1 个缴费方的名称", "伊春森工集团工会")
        walk.fill("第 1 个缴费方承担多少", "75")
        walk.press_button("保存，从起用日起执行")
    assert "75%" in walk.text


def filled(template: bytes, rows: list[tuple[str, ...]]) -> bytes:
    """The template as it came, every sheet of it, with people below the sample row."""
    came = CalamineWorkbook.from_filelike(io.BytesIO(template))
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for sheet in came.sheet_names:
            page = book.add_worksheet(sheet)
            lines = came.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
            for at, line in enumerate([*lines, *(rows if sheet == "名册" else [])]):
                for column, cell in enumerate(line):
                    page.write_string(at, column, str(cell))
            if sheet == "huzhu":
                page.very_hidden()
    return out.getvalue()


def a_roster_of_thirty(walk: Walk, number: str) -> None:
    rows = [*some_workers(19), *some_workers(10, sex="male")]
    rows.append(("刘女士", number, PHONE, "女", "工商银行伊春支行", "6222020903000012345"))
    with walk.part("roster of 30"):
        walk.follow("上传名册")
        for box in walk.page.locator("[name=edition]").all():
            box.check()
            walk.cost["clicks"] += 1
        template = walk.download("下载空白模板")
        walk.attach(walk.page.locator("#id_file"), "名册.xlsx", filled(template, rows), EXCEL)
        walk.press_button("上传并核对")
        assert "30 行是好的" in walk.text, walk.text
        assert number not in walk.page.content()
        assert "30 人 × 120.00 元 = 3,600.00 元" in walk.text
        assert "伊春森工集团工会 2,700.00 元，职工 900.00 元" in walk.text
        assert "20 人 × 25.00 元 = 500.00 元。职工 500.00 元" in walk.text
        assert "4,100.00 元（肆仟壹佰元整）" in walk.text
        walk.press_button("确认 30 人参加")
    assert set(Enrolment.objects.values_list("state", flat=True)) == {"awaiting"}


def both_transfers_are_recorded(walk: Walk) -> None:
    """The group's transfer first, then the workers'; cover begins with the second."""
    with walk.part("receipts"):
        walk.follow("会费")
        walk.follow("登记到账：美溪林业局公司")
        walk.fill("银行流水号", "20220128001")
        workers = walk.page.locator("main tbody tr", has_text="职工").locator("input").all()
        for box in workers:
            walk.fill(box, "")
        walk.press_button("登记到账")
        assert "已登记到账 2,700.00 元" in walk.text
        assert not Enrolment.objects.filter(state="in_force").exists()
        walk.follow("登记到账")
        walk.fill("银行流水号", "20220128002")
        walk.press_button("登记到账")
    assert set(Enrolment.objects.values_list("state", flat=True)) == {"in_force"}


# ── on the phone ──


def she_signs_in(walk: Walk, number: str, part: str) -> None:
    with walk.part(part):
        walk.fill("身份证号", number)
        walk.fill("手机号", PHONE)
        walk.press_button("发验证码")
        sent = Notice.objects.filter(purpose="sign_in").latest("created_at").text
        walk.fill("验证码", re.search(r"\d{6}", sent)[0])
        walk.press_button("登录")
    assert "刘女士，您好" in walk.text
    assert "您有保障" in walk.text
    assert walk.fits()


def she_applies(walk: Walk) -> None:
    with walk.part("phone claim"):
        walk.follow("申请互助金")
        walk.tick("重大疾病")
        walk.tick("女性特殊疾病")
        walk.press_button("存下，下一页")
        the_event_is_told(walk)
        walk.press_button("存下，下一页")
        for shade, box in enumerate(walk.page.locator("main input[type=file]").all()):
            walk.attach(box, f"{shade}.jpg", a_photo(240 - shade), "image/jpeg")
        assert walk.fits()
        walk.press_button("存下，下一页")
        assert "2345" in walk.text
        walk.press_button("就用这个账户，下一页")
        assert "31,714.00" in walk.text
        assert "✓ 齐了" in walk.text
        assert walk.fits()
        walk.press_button("确认无误，提交申请")
    assert "已经提交，申请编号" in walk.text
    assert walk.fits()


def the_event_is_told(walk: Walk) -> None:
    page = walk.page
    said = {
        "hospital_name": "伊春林业中心医院",
        "admitted_on": LIU["admitted_on"],
        "discharged_on": "2022-07-10",
        "diagnosis": LIU["diagnosis"],
        "diagnosed_on": LIU["diagnosed_on"],
        "setl_id": "S20220711001",
    }
    page.get_by_text("结算单上的其他数字").click()
    walk.cost["clicks"] += 1
    for name, text in (said | {name: LIU[name] for name in FIGURES}).items():
        walk.fill(page.locator(f"#id_{name}"), text)
    assert walk.fits()


def she_has_her_money(walk: Walk) -> None:
    assert "31,714.00 元，2022-07-15 16:24 到账" in walk.text
    assert "已到账" in walk.text
    walk.follow("怎么算出来的")
    assert "31,714.00" in walk.text
    assert "2022-07-15 16:24 到账" in walk.text
    assert walk.fits()


# ── the agency and the province ──


def the_papers_are_checked(walk: Walk, claim: Claim) -> None:
    with walk.part("first opinion"):
        walk.follow(claim.number)
        for place, paper in enumerate(claim.papers.order_by("pk"), 1):
            walk.look(str(place))
            assert walk.page.locator(f"#v{place}").is_checked(), paper.kind
            picture = walk.page.locator(f".p{place} img")
            if picture.count():
                picture.scroll_into_view_if_needed()
                walk.page.wait_for_function(
                    "place => document.querySelector(`.p${place} img`).naturalWidth > 0", arg=place
                )
        walk.key("a")
    claim.refresh_from_db()
    assert claim.state == State.REPORTED, walk.text


def the_claim_is_decided(walk: Walk) -> None:
    with walk.part("clean review"):
        walk.follow("从最急的一件开始")
        assert "核定给付 31,714.00 元" in walk.text
        walk.key("a")
    assert Decision.objects.get().state == Decision.State.PROPOSED
    assert "交复核" in walk.text


def the_second_agrees(walk: Walk) -> None:
    with walk.part("second review"):
        walk.follow("从最急的一件开始")
        assert "31,714.00" in walk.text
        walk.key("a")
    assert Decision.objects.get().state == Decision.State.FINAL


# ── the money ──


def a_batch_is_made(walk: Walk) -> None:
    with walk.part("batch"):
        walk.follow("发放")
        walk.press_button("把勾选的做成一批")
        assert "1 笔互助金、合计 31,714.00 元（叁万壹仟柒佰壹拾肆元整）" in walk.text
        walk.press_button("确认制单")
    assert "请另一个人放行" in walk.text
    assert walk.page.get_by_role("button", name="确认放行").count() == 0


def the_batch_is_released(walk: Walk) -> None:
    batch = PayoutBatch.objects.get()
    with walk.part("release"):
        walk.follow(batch.number)
        walk.press_button("确认放行 31,714.00 元")
    assert "已放行" in walk.text


def the_bank_is_given_its_file(walk: Walk) -> None:
    batch = PayoutBatch.objects.get()
    with walk.part("bank file"):
        walk.follow(batch.number)
        data = walk.download("下载代发文件")
    assert hashlib.sha256(data).hexdigest() == batch.sha256
    assert "刘女士" in data.decode("gb18030")


def the_bank_answers(walk: Walk, clock: Clock) -> None:
    batch = PayoutBatch.objects.get()
    with walk.part("bank reply"):
        walk.follow(batch.number)
        walk.follow("导入银行回盘")
        walk.attach(walk.page.locator("#id_file"), "回盘.csv", reply_for(batch, clock.now), CSV)
        walk.press_button("看看银行说了什么")
        assert "1 笔成功，合计 31,714.00 元" in walk.text
        walk.press_button("确认入账")
    assert "回盘已入账" in walk.text


# ── afterwards ──


def five_people_did_it(claim: Claim, people: list) -> None:
    decision = Decision.objects.get(claim=claim)
    batch = PayoutBatch.objects.get()
    acted = [
        claim.opinion.given_by_id,
        decision.decided_by_id,
        decision.second_by_id,
        batch.made_by_id,
        batch.released_by_id,
    ]
    assert acted == [one.pk for one in people]
    assert len(set(acted)) == 5
