"""Whose a file is, and the numbers in it: what a spreadsheet lost is refused, what it only wrapped is read."""

from dataclasses import replace
from datetime import date

import pytest

from factories.bank import HEADS, TAKEN_AT, an_own_account, as_csv, as_xlsx, rows_of, told
from factories.organisations import a_city, a_province
from factories.users import a_role
from huzhu.bank import formats, services
from huzhu.bank.services import StatementRefused, Typed
from huzhu.bank.statements import keyed, parse
from huzhu.core import serials

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
TWO_NUMBERS = ["交易日期", "交易流水号", "凭证号", *HEADS[2:]]
ONE = told("2022-11-28", "A1", "120.00")


@pytest.fixture
def maker():
    return a_role("payment_maker", a_province())


@pytest.fixture
def account(maker):
    return an_own_account(a_city(maker.organisation), by=maker)


def take(account, by, data, name="a.csv"):
    return services.take(account=account, name=name, data=data, typed=Typed(), by=by, at=TAKEN_AT)


def as_once(movements):
    """With the keys of before."""
    return [replace(one, key=one.older, reference=one.older[9:]) for one in keyed(movements)]


def numbers(account):
    return list(account.lines.order_by("position").values_list("reference", "serial"))


@pytest.mark.parametrize(
    "typed", ["t20221128 00017", "Ｔ２０２２１１２８０００１７", " T2022112800017\u200b"]
)
def test_a_number_has_one_form_whoever_wrote_it(typed):
    assert serials.normal(typed) == "T2022112800017"


@pytest.mark.parametrize("shared", ["T1", "t1:2", "T1@20221128", "T1@20221128:2"])
def test_the_banks_own_number_is_without_what_tells_lines_apart(shared):
    assert serials.own(shared) == "T1"


def test_of_two_numbers_in_a_row_the_first_that_is_there_is_its_number(account, maker):
    rows = [
        ["2022-11-28", "t1", "00451", "360.00", "", "360.00", "", "", ""],
        ["2022-11-28", "-", "00452", "1.00", "", "361.00", "", "", ""],
    ]
    take(account, maker, as_csv(rows, TWO_NUMBERS))
    assert numbers(account) == [("T1", "T1"), ("00452", "00452")]


def test_lines_that_kept_both_numbers_together_are_known_again(account, maker, monkeypatch):
    """A transfer and its charge under one serial number, the charge without a voucher's."""
    charge = ["2022-11-28", "t1", "", "", "5.00", "355.00", "", "", "手续费"]
    first = ["2022-11-28", "t1", "00451", "360.00", "", "360.00", "", "", ""]
    with monkeypatch.context() as before:
        before.setattr(services, "keyed", as_once)
        take(account, maker, as_csv([first, charge], TWO_NUMBERS))
    more = ["2022-11-29", "t2", "00452", "1.00", "", "356.00", "", "", ""]
    again = take(account, maker, as_csv([first, charge, more], TWO_NUMBERS))
    assert (again.lines_count, again.new_count) == (3, 1)
    changed = [first, [*charge[:4], "6.00", "354.00", *charge[6:]]]
    with pytest.raises(StatementRefused, match="先前导入时是"):
        take(account, maker, as_csv(changed, TWO_NUMBERS))


def test_a_charge_that_follows_under_the_same_number_is_new(account, maker):
    first = ["2022-11-28", "t1", "00451", "360.00", "", "360.00", "", "", ""]
    charge = ["2022-11-28", "t1", "", "", "5.00", "355.00", "", "", "手续费"]
    take(account, maker, as_csv([first], TWO_NUMBERS))
    assert take(account, maker, as_csv([first, charge], TWO_NUMBERS)).new_count == 1
    assert numbers(account) == [("T1", "T1"), ("T1:2", "T1")]


@pytest.mark.parametrize(("column", "what"), [(1, "流水号"), (6, "对方账号")])
def test_a_number_that_became_a_figure_is_refused_by_row_and_column(column, what, account, maker):
    row = ["2022-11-28", "A1", 120.0, "", 120.0, "甲公司", "6222020903000012345", ""]
    row[column] = 20221128000000012345.0
    with pytest.raises(StatementRefused, match=f"第 2 行：{what}成了 2.02211E.19.*文本"):
        take(account, maker, as_xlsx([row]), "a.xlsx")
    row[column] = "2.02211E+19"  # and saved once more as text
    with pytest.raises(StatementRefused, match=f"第 2 行：{what}成了"):
        take(account, maker, as_csv([row]))
    assert not account.lines.exists()


def test_a_number_kept_as_text_is_the_number(account, maker):
    row = '2022-11-28,="0012345",120.00,,120.00,甲公司,"=""6222020903000012345""",会费\n'
    take(account, maker, f"{','.join(HEADS)}\n{row}".encode("gb18030"))
    [line] = account.lines.all()
    assert (line.reference, line.number) == ("0012345", "6222020903000012345")


@pytest.mark.parametrize(
    "above",
    ["账号：,6222020903000099999,户名：,别的单位", "账户：6222 0209 0300 0099 999", "卡号,6222****9999"],
)
def test_a_file_of_another_account_is_refused(above, account, maker):
    with pytest.raises(StatementRefused, match=rf"账号是 6222\S+，您选的账户尾号是 {account.number[-4:]}"):
        take(account, maker, f"{above}\n".encode() + as_csv(rows_of([ONE])))


@pytest.mark.parametrize(
    "above",
    [
        "账号：,{0}",
        "账号：{0}-01",
        "账号：9900********{1}",
        "对方账号：6222020903000099999",
        "账号：全部 起始日期：20221101 截止日期：20221128",
        "户名：伊春代办处,打印编号 2022112800000017",
    ],
)
def test_a_file_of_this_account_or_of_none_is_taken_in(above, account, maker):
    head = above.format(account.number, account.number[-4:])
    take(account, maker, f"{head}\n".encode() + as_csv(rows_of([ONE])))
    assert account.lines.count() == 1


@pytest.mark.parametrize("above", ["查询期间：2022-11-01,2022-11-28", "a,b,c,d;e;f;g,日期,余额"])
def test_cells_are_told_apart_as_in_the_line_of_the_heads(above, account, maker):
    lines = ["\t".join(row) for row in [list(HEADS), *rows_of([ONE])]]
    take(account, maker, "\n".join([above, *lines]).encode("gb18030"), "a.txt")
    assert account.lines.get().booked_on == date(2022, 11, 28)


def read(*rows):
    heads = ["摘要", "交易日期", "流水号", "收入", "支出", "余额"]
    return parse(as_csv(rows, heads), "a.csv", formats.forms()["two-columns"])


def test_what_moves_money_on_a_day_is_a_line_whatever_it_says_first():
    rows = [
        ["说明会会费", "2022-11-28", "A1", "120.00", "", "120.00"],
        ["打印费", "2022-11-28", "A2", "", "1.00", "119.00"],
    ]
    assert [one.amount_fen for one in read(*rows)] == [12_000, -100]


def test_totals_and_the_banks_words_are_no_lines_and_words_with_money_are_asked_about():
    one = ["会费", "2022-11-28", "A1", "120.00", "", "120.00"]
    feet = [["小计", "", "", "120.00", "", ""], ["打印时间：2022-11-29"], ["说明：仅供参考"]]
    assert len(read(one, *feet)) == 1
    with pytest.raises(StatementRefused, match="第 3 行：日期“”认不出"):
        read(one, ["说明会会费", "", "A2", "1.00", "", "121.00"])
