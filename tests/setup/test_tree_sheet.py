"""The tree from a spreadsheet: what is wrong is said at the cell, all or nothing, and twice is once."""

import io
from datetime import UTC, datetime

import pytest
import xlsxwriter

from factories.organisations import a_city, a_county, an_employer
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.files.contents import NotAccepted
from huzhu.files.tables import TableRefused
from huzhu.organisations.models import Organisation
from huzhu.setup import sheets, tree_sheet
from huzhu.setup.tree_sheet import TreeRefused
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
NOON = datetime(2022, 7, 13, 4, tzinfo=UTC)
HEAD = ("名称", "代码", "类别", "上级代码或名称", "单位类型", "在职职工数")
TREE = (
    ("美溪林业局公司", "SG-001", "参保单位", "森工集团工会", "森工", "2500"),  # before its parent
    ("森工集团工会", "YC-SG", "集团工会", "", "", ""),
    ("铁力市总工会", "", "县区总工会", "", "", ""),
    ("铁力一中", "", "参保单位", "铁力市总工会", "县区单位", "1,200"),
)


@pytest.fixture
def keeper() -> Role:
    return a_role("administrator", a_city(name="伊春代办处"))


def a_sheet(*rows, head=HEAD) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for at, row in enumerate((head, *rows)):
            page.write_row(at, 0, row)
    return out.getvalue()


def stored(by: Role, *rows):
    return tree_sheet.store(name="机构.xlsx", data=a_sheet(*rows), by=by, at=NOON)


def problems(by: Role, *rows) -> dict[int, dict[str, str]]:
    found = tree_sheet.plan(stored(by, *rows), by=by)
    return {one.row.number: one.row.problems for one in found.bad}


def test_who_is_no_administrator_uploads_no_tree():
    with pytest.raises(NotAllowed):
        stored(a_role("agency_clerk"), *TREE)


def test_another_persons_list_looks_missing(keeper):
    file = stored(keeper, *TREE)
    assert sheets.uploaded(tree_sheet.PURPOSE, by=keeper, key=str(file.pk)) == file
    other = a_role("administrator", keeper.organisation)
    assert sheets.uploaded(tree_sheet.PURPOSE, by=other, key=str(file.pk)) is None


def test_a_file_that_is_no_tree_gets_one_sentence(keeper):
    for data, name, said in (
        (b"", "x.xlsx", "空的"),
        (b"%PDF-1.7", "x.pdf", "不是表格文件"),
        (a_sheet(head=("姓名", "身份证号")), "x.xlsx", "没有“名称”、“类别”"),
        (a_sheet(), "x.xlsx", "一行也没有"),
    ):
        with pytest.raises((TableRefused, NotAccepted), match=said):
            tree_sheet.store(name=name, data=data, by=keeper, at=NOON)


def test_what_is_wrong_is_told_at_row_and_cell(keeper):
    elsewhere = an_employer(name="别处公司")
    a_county(keeper.organisation, name="同名工会")
    a_county(keeper.organisation, name="同名工会")
    found = problems(
        keeper,
        ("", "", "参保单位", "", "企业", ""),
        ("甲", "", "飞船", "", "", ""),
        ("乙", "", "参保单位", "没有的上级", "企业", "3"),
        ("丙", elsewhere.code, "参保单位", "", "企业", "3"),
        ("丁", "", "参保单位", "", "外企", "三千"),
        ("戊", "", "参保单位", "同名工会", "企业", "3"),
        ("己", "", "市代办处", "", "", ""),
        ("庚", "G-1", "县区总工会", "", "", ""),
        ("辛", "G-1", "县区总工会", "", "", ""),
        ("壬", "", "参保单位", "癸", "企业", ""),
        ("癸", "", "参保单位", "壬", "企业", ""),
        ("子", "", "参保单位", "别处公司", "企业", ""),
    )
    assert "名称要填" in found[2]["name"]
    assert "飞船" in found[3]["kind"]
    assert "没有“没有的上级”" in found[4]["parent"]
    assert "已经有机构在用" in found[5]["code"]
    assert {"staff", "sector"} <= found[6].keys()
    assert "有 2 个机构叫" in found[7]["parent"]
    assert "只能设在省办事处之下" in found[8]["parent"]
    assert "写了 2 次" in found[9]["code"]
    assert "写了 2 次" in found[10]["code"]
    assert any("绕回" in found.get(row, {}).get("parent", "") for row in (11, 12))
    assert "没有“别处公司”" in found[13]["parent"]  # of another branch: as if it were not there


def test_one_bad_cell_and_nothing_is_done(keeper):
    file = stored(keeper, *TREE, ("坏行", "", "参保单位", "", "", ""))
    with pytest.raises(TreeRefused, match="有 1 行不对"):
        tree_sheet.take(file=file, by=keeper, at=NOON)
    assert list(Organisation.objects.under(keeper.organisation)) == [keeper.organisation]


def test_a_whole_tree_stands_in_whatever_order_it_is_written(keeper):
    plan = tree_sheet.take(file=stored(keeper, *TREE), by=keeper, at=NOON)
    assert plan.count("new") == 4
    meixi = Organisation.objects.get(code="SG-001")
    assert (meixi.parent.name, meixi.sector, meixi.staff_count) == ("森工集团工会", "forestry", 2500)
    school = Organisation.objects.get(name="铁力一中")
    assert (school.parent.name, school.staff_count) == ("铁力市总工会", 1200)
    assert school.code.startswith(school.parent.code)
    assert Event.objects.filter(verb="organisations.add").count() == 4


def test_the_same_file_twice_changes_nothing(keeper):
    tree_sheet.take(file=stored(keeper, *TREE), by=keeper, at=NOON)
    before, events = list(Organisation.objects.values()), Event.objects.exclude(verb="files.store").count()
    plan = tree_sheet.take(file=stored(keeper, *TREE), by=keeper, at=NOON)
    assert (plan.count("same"), plan.count("new"), plan.count("change")) == (4, 0, 0)
    assert list(Organisation.objects.values()) == before
    assert Event.objects.exclude(verb="files.store").count() == events


def test_new_figures_of_places_that_stand_are_changes_and_moves_are_refused(keeper):
    tree_sheet.take(file=stored(keeper, *TREE), by=keeper, at=NOON)
    file = stored(keeper, ("美溪林业局公司", "SG-001", "参保单位", "", "森工", "2600"))
    plan = tree_sheet.take(file=file, by=keeper, at=NOON)
    assert [one.changes for one in plan.rows] == [[("在职职工数", "2500", "2600")]]
    assert Organisation.objects.get(code="SG-001").staff_count == 2600
    assert (
        "移动请在机构页上办"
        in problems(keeper, ("美溪林业局公司", "SG-001", "参保单位", "铁力市总工会", "森工", ""))[2]["parent"]
    )


def test_the_template_is_read_back_without_its_sample(keeper):
    data = sheets.template("机构", tree_sheet.COLUMNS, tree_sheet.HELP)
    with pytest.raises(TableRefused, match="一行也没有"):
        tree_sheet.store(name="模板.xlsx", data=data, by=keeper, at=NOON)
