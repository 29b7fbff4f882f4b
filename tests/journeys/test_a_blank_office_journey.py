"""From a blank database to an employer's clerk who may upload a roster, through pages alone, and what it costs."""

import io
from collections import Counter

import pytest
import xlsxwriter
from django.utils import timezone

from huzhu.audit.models import Event
from huzhu.cli.main import main
from huzhu.organisations.models import Organisation
from huzhu.schemes.models import SchemeEdition
from huzhu.users.models import Role, User
from huzhu.users.opening import new_code
from journeys.walk import DESK, PHONE, Walk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TREE = (
    ("名称", "代码", "类别", "上级代码或名称", "单位类型", "在职职工数"),
    ("伊春森工集团工会", "YC-SG", "集团工会", "伊春代办处", "", ""),
    ("铁力市总工会", "", "县区总工会", "伊春代办处", "", ""),
    ("美溪林业局公司", "SG-001", "参保单位", "YC-SG", "森工", "2500"),
    ("铁力一中", "", "参保单位", "铁力市总工会", "县区单位", "120"),
)
PEOPLE = (
    ("姓名", "登录名", "角色", "机构代码", "手机"),
    ("孙代办", "", "代办处经办", "YC", ""),
    ("张审核", "", "省办审核", "HLJ", ""),
    ("陈复核", "", "省办复核", "HLJ", ""),
    ("李会计", "", "出纳制单", "HLJ", ""),
    ("周放行", "", "出纳放行", "HLJ", ""),
    ("赵经办", "", "单位经办人", "SG-001", ""),
)
# the most each part may cost; found by walking it, and it may only get cheaper
MOST = {
    "first start": {"pages": 3, "boxes": 7, "clicks": 2},
    "tree": {"pages": 3, "clicks": 3, "files": 1},
    "policy people": {"pages": 6, "boxes": 2, "clicks": 10},
    "people": {"pages": 4, "clicks": 4, "files": 1},
    "passwords of 冯政策、韩政策": {"pages": 4, "boxes": 4, "clicks": 2},
    "publishing": {"pages": 6, "boxes": 3, "clicks": 5},
    "passwords of 赵经办": {"pages": 2, "boxes": 2, "clicks": 1},
}


@pytest.fixture
def walk(page, settings, tmp_path) -> Walk:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.VAR_DIR = tmp_path
    return Walk(page)


def test_a_blank_database_becomes_an_office_through_pages_alone(walk):
    walk.page.set_viewport_size(DESK)
    it_is_opened(walk)
    the_tree_comes_from_a_sheet(walk)
    links = two_policy_people_are_invited(walk) | the_others_come_from_a_sheet(walk)
    set_passwords(walk, {name: links[name] for name in ("冯政策", "韩政策")})
    two_people_publish(walk)
    set_passwords(walk, {"赵经办": links["赵经办"]})
    the_clerk_sees_the_scheme(walk)
    what_was_missing_is_there(walk)
    assert main(["verify"]) == 0
    told(walk)


def password(name: str) -> str:
    return f"{name}的密码-2022"


def a_book(rows) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for at, row in enumerate(rows):
            page.write_row(at, 0, row)
    return out.getvalue()


def it_is_opened(walk: Walk) -> None:
    code = new_code(at=timezone.now())
    with walk.part("first start"):
        walk.page.goto("/")
        walk.follow("第一次开业")
        for label, text in (
            ("开业码", code),
            ("省办事处名称（可以以后再填）", "黑龙江省办事处"),
            ("市代办处名称（可以以后再填）", "伊春代办处"),
            ("您的姓名", "何管理"),
            ("登录名", "he"),
            ("密码", password("何管理")),
            ("再输一次密码", password("何管理")),
        ):
            walk.fill(label, text)
        walk.press_button("开业")
    assert "开业还缺 8 样" in walk.text


def the_tree_comes_from_a_sheet(walk: Walk) -> None:
    with walk.part("tree"):
        walk.follow("上传机构树")
        walk.attach(walk.page.locator("main input[type=file]"), "机构.xlsx", a_book(TREE), EXCEL)
        walk.press_button("上传并核对")
        assert "新加 4 个" in walk.text
        walk.press_button("全部办理")
    assert "美溪林业局公司" in walk.text
    assert Organisation.objects.get(code="SG-001").parent.name == "伊春森工集团工会"


def two_policy_people_are_invited(walk: Walk) -> dict[str, str]:
    links = {}
    with walk.part("policy people"):
        for name in ("冯政策", "韩政策"):
            walk.follow("人员")
            walk.follow("邀请人员")
            walk.fill("姓名", name)
            walk.choose("角色", "政策人员")
            walk.choose("机构", "黑龙江省办事处（省办事处）")
            walk.press_button("邀请")
            links[name] = walk.page.inner_text(".hand-over code")
    return links


def the_others_come_from_a_sheet(walk: Walk) -> dict[str, str]:
    with walk.part("people"):
        walk.follow("人员")
        walk.follow("上传一批")
        walk.attach(walk.page.locator("main input[type=file]"), "人员.xlsx", a_book(PEOPLE), EXCEL)
        walk.press_button("上传并核对")
        walk.press_button("全部办理")
    names = [name.rsplit("· ", 1)[1] for name in walk.page.locator(".hand-over h2").all_inner_texts()]
    return dict(zip(names, walk.page.locator(".hand-over code").all_inner_texts(), strict=True))


def set_passwords(walk: Walk, links: dict[str, str]) -> None:
    """Each opens their own link on a phone, and is in."""
    with walk.part(f"passwords of {'、'.join(links)}"):
        for name, link in links.items():
            walk.page.context.clear_cookies()
            walk.page.set_viewport_size(PHONE)
            walk.page.goto(link)
            assert walk.fits()
            walk.fill("新密码", password(name))
            walk.fill("再输一次新密码", password(name))
            walk.press_button("设好，进入工作台")
    walk.page.set_viewport_size(DESK)


def two_people_publish(walk: Walk) -> None:
    with walk.part("publishing"):
        walk._click(walk.page.locator("#shelf tr", has_text="住院＋重疾＋意外").get_by_role("link"))
        walk.fill("说明，给第二个人看", "依据办事处的文件")
        walk.press_button("提出公布")
        assert "等别人" in walk.text
        sign_in(walk, "冯政策", "fengzhengce")
        walk._click(walk.page.locator("#waiting table").get_by_role("link"))
        walk.press_button("我看过了，确认公布")
    row = SchemeEdition.objects.get()
    assert (row.slug, row.edition, row.variant) == ("yichun-120", "2021", "A")
    acts = Event.objects.filter(verb__startswith="schemes.").order_by("pk")
    assert [act.actor_name.split("（")[0] for act in acts] == ["韩政策", "冯政策"]


def sign_in(walk: Walk, name: str, login: str) -> None:
    walk.page.context.clear_cookies()
    walk.page.goto("/desk/")
    walk.fill("登录名", login)
    walk.fill("密码", password(name))
    walk.press_button("登录")


def the_clerk_sees_the_scheme(walk: Walk) -> None:
    walk.follow("名册")
    walk.follow("上传名册")
    assert "美溪林业局公司" in walk.text
    assert walk.page.get_by_label("住院＋重疾＋意外").is_visible()
    assert "120.00 元" in walk.text


def what_was_missing_is_there(walk: Walk) -> None:
    sign_in(walk, "何管理", "he")
    assert "开业还缺" not in walk.text
    assert Role.objects.count() == 9
    assert User.objects.filter(last_login__isnull=True).count() == 5


def told(walk: Walk) -> None:
    """Print what every part cost, and hold it against what it cost before."""
    for name, cost in walk.parts.items():
        print(f"{name}: " + ", ".join(f"{count} {what}" for what, count in sorted(cost.items())))
    print(f"all: {dict(sum(walk.parts.values(), Counter()))}")
    dearer = {name: dict(cost) for name, cost in walk.parts.items() if not cost <= Counter(MOST[name])}
    assert dearer == {}
