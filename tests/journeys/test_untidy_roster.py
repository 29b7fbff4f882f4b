"""赵经办's untidy sheet through the pages of a running site: columns, errors, acceptance, money, certificates; its cost."""

import io
from collections import Counter

import pytest
import xlsxwriter

from enrolment.test_columns import sent_back
from factories.claims import Yichun, yichun
from factories.enrolment import some_workers
from factories.members import an_id_number
from factories.schemes import the_inpatient_scheme
from huzhu.enrolment.models import Enrolment
from journeys.test_one_claims_journey import EXCEL
from journeys.walk import Walk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# the most each part may cost; found by walking it, and it may only get cheaper
MOST = {
    "columns": {"pages": 3, "clicks": 4, "files": 1},
    "mending": {"boxes": 1, "clicks": 1, "keys": 1},
    "errors back": {"pages": 1, "clicks": 1, "files": 1},
    "confirming": {"pages": 1, "clicks": 1},
    "paying": {"pages": 3, "boxes": 1, "clicks": 3},
}


@pytest.fixture
def walk(page, settings) -> Walk:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return Walk(page)


@pytest.fixture
def place() -> Yichun:
    the_inpatient_scheme()
    return yichun()


def an_untidy_sheet() -> bytes:
    """Titles above, columns of its own in an order of its own, and four rows with something wrong."""
    people = some_workers(12)
    wrong_digit = an_id_number()
    people[2] = (people[2][0], wrong_digit[:17] + ("0" if wrong_digit[17] != "0" else "1"), people[2][2])
    people[5] = ("", people[5][1], people[5][2])
    people[7] = (people[7][0], people[7][1], "0458-387")
    people[9] = (people[9][0], people[9][1][:17], people[9][2])
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        page = book.add_worksheet("花名册")
        page.merge_range(0, 0, 0, 4, "美溪林业局公司在职人员")
        page.write_row(1, 0, ("序", "证件", "员工", "班组", "本人联系"))
        for at, (name, number, phone) in enumerate(people, start=2):
            page.write_row(at, 0, (str(at - 1), number, name, "一班", phone))
    return out.getvalue()


def test_from_an_untidy_sheet_to_certificates(walk, place):
    zhao, sun = place.clerk().user, place.agency().user
    walk.staff(zhao)
    with walk.part("columns"):
        walk.follow("上传名册")
        walk.page.locator("[name=edition]").first.check()
        walk.cost["clicks"] += 1
        walk.attach(walk.page.locator("#id_file"), "花名册.xlsx", an_untidy_sheet(), EXCEL)
        walk.press_button("上传并核对")
        assert "哪一列是什么" in walk.page.inner_text("body")
        walk.press_button("按这样读取")
    assert "8 行是好的，4 行有问题" in walk.text
    with walk.part("mending"):
        the_check_digit_is_taken(walk)
        walk.fill(walk.page.get_by_label("第 8 行姓名"), "李大明")
        walk.look("Tab")
        walk.page.locator("#tally", has_text="2 行有问题").wait_for()
    with walk.part("errors back"):
        with walk.page.expect_download() as coming:
            walk.page.get_by_role("link", name="下载错误表（Excel）").click()
        out = coming.value.path().read_bytes()
        back = sent_back(out, {(1, 3): "13900000009", (2, 2): an_id_number()})
        walk.attach(walk.page.locator("#id_errors"), "名册错误表.xlsx", back, EXCEL)
        walk.press_button("传回错误表")
        assert "每一行都好了" in walk.page.inner_text("body"), walk.text
    with walk.part("confirming"):
        walk.press_button("确认 12 人参加")
    assert "1,440.00" in walk.text
    the_fee_comes(walk, sun)
    walk.staff(zhao)
    certificates_are_printed(walk)
    told(walk)


def the_check_digit_is_taken(walk: Walk) -> None:
    """One press on what is offered; the other cells of the page stay as they are."""
    before = walk.page.get_by_label("第 8 行姓名")
    before.evaluate("box => { box.dataset.kept = '1'; }")
    walk.page.get_by_role("button", name="改成").first.click()
    walk.cost["clicks"] += 1
    walk.page.locator("#tally", has_text="3 行有问题").wait_for()
    assert before.get_attribute("data-kept") == "1"


def the_fee_comes(walk: Walk, sun: object) -> None:
    walk.staff(sun)
    with walk.part("paying"):
        walk.follow("会费")
        walk.follow("登记到账：美溪林业局公司")
        walk.fill("银行流水号", "20220128009")
        walk.press_button("登记到账")
    assert Enrolment.objects.in_force().count() == 12


def certificates_are_printed(walk: Walk) -> None:
    walk.follow("名册")
    walk.page.locator("main tbody a").first.click()
    address = walk.page.get_by_role("link", name="全部保障书（PDF）").get_attribute("href")
    answer = walk.page.request.get(address)
    assert answer.body().startswith(b"%PDF")


def told(walk: Walk) -> None:
    for part, cost in walk.parts.items():
        print(part, dict(cost))
        assert not (over := cost - Counter(MOST[part])), (part, over)
