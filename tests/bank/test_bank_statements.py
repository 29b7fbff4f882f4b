"""A bank's file is taken in whole or not at all; a line is known again however often and in whatever file it comes."""

import io
import tracemalloc
import zipfile
from datetime import UTC, date, datetime

import pytest

from factories.bank import (
    HEADS,
    TAKEN_AT,
    a_statement,
    an_own_account,
    as_csv,
    as_xlsx,
    rows_of,
    told,
)
from factories.organisations import a_city, a_province, an_employer
from factories.users import a_role
from huzhu.bank import formats, services
from huzhu.bank.models import OwnAccount, Statement, StatementLine
from huzhu.bank.queries import known_until
from huzhu.bank.services import AccountRefused, StatementRefused, TakenBefore, Typed
from huzhu.bank.statements import gaps, keyed, parse
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
JULY = (
    told("2022-07-01", "L1", "6000.00", "美溪林业局公司", "6222000011112222", "会费"),
    told("2022-07-15", "L2", "-1714.00", "刘女士", "6222000011113333", "互助金 20220715-001"),
    told("2022-07-15", "L3", "120.00", "铁力市第一小学"),
)
AUGUST = (
    told("2022-08-02", "L4", "240.00", "友好区医院"),
    told("2022-08-03", "L5", "-5.00", "", "", "手续费"),
)


@pytest.fixture
def office():
    province = a_province()
    return a_city(province), a_role("payment_maker", province)


@pytest.fixture
def account(office):
    return an_own_account(office[0], by=office[1])


def take(account, by, data, name="对账单.csv", **typed):
    return services.take(account=account, name=name, data=data, typed=Typed(**typed), by=by, at=TAKEN_AT)


def references(account):
    return list(account.lines.order_by("position").values_list("reference", flat=True))


@pytest.mark.parametrize("code", ["agency_clerk", "payment_releaser", "auditor"])
def test_only_the_payment_maker_takes_statements_in(code, account, office):
    by = a_role(code, office[0] if code == "agency_clerk" else office[1].organisation)
    with pytest.raises(NotAllowed):
        take(account, by, as_csv(rows_of(JULY)))
    with pytest.raises(NotAllowed):
        an_own_account(office[0], by=by)
    assert not Statement.objects.exists()


def test_a_maker_of_another_branch_takes_nothing_in(account):
    with pytest.raises(NotAllowed):
        take(account, a_role("payment_maker", a_province()), as_csv(rows_of(JULY)))


def test_an_account_belongs_to_one_office_and_to_no_employer(account, office):
    city, maker = office
    with pytest.raises(AccountRefused, match="单位的账户"):
        an_own_account(an_employer(city), by=maker)
    again = an_own_account(city, by=maker)
    account.refresh_from_db()
    assert account.ended_at
    assert OwnAccount.objects.get(ended_at=None) == again


def test_a_statement_is_taken_in_with_its_balances(account, office):
    statement = take(account, office[1], as_csv(rows_of(JULY, "500.00")))
    assert (statement.opening_fen, statement.closing_fen) == (50_000, 490_600)
    assert (statement.first_on, statement.last_on) == (date(2022, 7, 1), date(2022, 7, 15))
    balances = account.lines.order_by("position").values_list("balance_fen", flat=True)
    assert list(balances) == [650_000, 478_600, 490_600]
    line = StatementLine.objects.get(reference="L2")
    assert (line.amount_fen, line.name, line.number, line.remark) == (
        -171_400,
        "刘女士",
        "6222000011113333",
        "互助金 20220715-001",
    )


@pytest.mark.parametrize("form", sorted(formats.forms()))
def test_every_form_reads_its_own_example(form):
    """The same three movements, written as each bank would."""
    shape = formats.forms()[form]
    rows = []
    for day, reference, came, went, balance, name, number, remark in rows_of(JULY, "500.00"):
        cells = {"day": day, "reference": reference, "in": came, "out": went, "balance": balance}
        cells |= {"name": name, "number": number, "remark": remark, "side": "贷" if came else "借"}
        cells["amount"] = came or (went if shape.sides else f"-{went}")
        columns = {head: what for what, heads in shape.columns.items() for head in heads}
        rows.append([cells[columns[head]] for head in shape.example])
    if shape.order == "newest":
        rows.reverse()
    found = parse(as_csv(rows, shape.example), "a.csv", shape)
    assert [one.amount_fen for one in found] == [600_000, -171_400, 12_000]
    assert found[1].booked_on == date(2022, 7, 15)
    assert found[1].name == "刘女士"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_csv_in_any_encoding_says_the_same(encoding, account, office):
    take(account, office[1], as_csv(rows_of(JULY), encoding=encoding))
    assert StatementLine.objects.filter(name="美溪林业局公司").exists()


def test_a_workbook_with_numbers_and_a_letterhead_says_the_same(account, office):
    rows = [
        [day, ref, float(came) if came else None, float(went) if went else None, float(balance), *rest]
        for day, ref, came, went, balance, *rest in rows_of(JULY)
    ]
    data = as_xlsx([["账号：9900"], [], HEADS, *rows, ["合计", "", 6120, 1714]], ["龙江银行 账户明细"])
    take(account, office[1], data, "对账单.xlsx")
    assert references(account) == ["L1", "L2", "L3"]


def test_the_same_file_again_changes_nothing(account, office):
    data = as_csv(rows_of(JULY))
    take(account, office[1], data)
    with pytest.raises(TakenBefore, match="没有再导入"):
        take(account, office[1], data)
    assert (Statement.objects.count(), StatementLine.objects.count()) == (1, 3)


def test_an_overlapping_file_brings_only_what_is_new(account, office):
    take(account, office[1], as_csv(rows_of(JULY)))
    statement = take(account, office[1], as_csv(rows_of((*JULY[1:], *AUGUST), "6000.00")))
    assert (statement.lines_count, statement.new_count) == (4, 2)
    assert references(account) == ["L1", "L2", "L3", "L4", "L5"]


def test_a_number_that_the_bank_uses_again_gets_its_day_beside_it(account, office):
    again = (told("2022-07-01", "SAME", "120.00"), told("2022-07-02", "SAME", "120.00"))
    take(account, office[1], as_csv(rows_of(again)))
    assert references(account) == ["SAME", "SAME@20220702"]


def test_equal_lines_without_a_number_are_counted_not_lost(office):
    """Two workers pay 120 the same day, and the bank gives neither a number nor a balance."""
    account = an_own_account(office[0], by=office[1], form="no-balance")
    heads = formats.forms()["no-balance"].example
    two = [["2022-07-01", "120.00", "", "", "", "会费"]] * 2
    take(account, office[1], as_csv(two, heads), opening_fen=0, closing_fen=24_000)
    take(account, office[1], as_csv([*two, *two[:1]], heads), opening_fen=0, closing_fen=36_000)
    assert StatementLine.objects.count() == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows.pop(1), "第 3 行：上一行余额 6,000.00 加本行 120.00 应是 6,120.00"),
        (lambda rows: rows[1].__setitem__(3, "1,71x"), "第 3 行：支出“171x”不是金额"),
        (lambda rows: rows[1].__setitem__(3, "1714.001"), "不止两位小数"),
        (lambda rows: rows[1].__setitem__(3, "99999999999999999999"), "太大"),
        (lambda rows: rows[1].__setitem__(3, "NaN"), "不是金额"),
        (lambda rows: rows[1].__setitem__(2, "5"), "收入和支出要正好有一个"),
        (lambda rows: rows[1].__setitem__(3, ""), "收入和支出都是空的"),
        (lambda rows: rows[1].__setitem__(0, "2022-02-30"), "日期“2022-02-30”认不出"),
        (lambda rows: rows[1].__setitem__(0, "0001-01-01"), "认不出"),
        (lambda rows: rows[1].__setitem__(4, ""), "没有余额"),
        (lambda rows: rows.reverse(), "次序不对"),
        (lambda rows: rows.clear(), "一笔收支也没有"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_taken_in(change, said, account, office):
    rows = rows_of(JULY)
    change(rows)
    with pytest.raises(StatementRefused, match=said):
        take(account, office[1], as_csv(rows))
    assert not Statement.objects.exists()
    assert not StatementLine.objects.exists()


def test_a_lost_statement_between_two_is_noticed(account, office):
    take(account, office[1], as_csv(rows_of(JULY)))
    with pytest.raises(StatementRefused, match=r"差 5\.00：中间还有没导入的对账单"):
        take(account, office[1], as_csv(rows_of(AUGUST, "4411.00")))


def test_a_line_that_the_bank_has_changed_is_noticed(account, office):
    take(account, office[1], as_csv(rows_of(JULY)))
    changed = (JULY[0], told("2022-07-15", "L2", "-1715.00"), JULY[2])
    with pytest.raises(StatementRefused, match=r"先前导入时是 -1,714\.00 元"):
        take(account, office[1], as_csv(rows_of(changed)))


def test_a_line_put_in_between_afterwards_is_noticed(account, office):
    take(account, office[1], as_csv(rows_of(JULY)))
    later = (JULY[0], told("2022-07-02", "L9", "1.00"), *JULY[1:])
    with pytest.raises(StatementRefused, match="银行补了一笔"):
        take(account, office[1], as_csv(rows_of(later)))


def test_what_a_person_types_must_agree_with_the_file(account, office):
    data = as_csv(rows_of(JULY))
    for typed, said in (
        ({"opening_fen": 1}, "您填的期初余额是 0.01"),
        ({"closing_fen": 1}, "期末写的是 0.01"),
        ({"last_on": date(2023, 7, 14)}, "这一天还没有到"),
    ):
        with pytest.raises(StatementRefused, match=said):
            take(account, office[1], data, **typed)
    assert take(account, office[1], data, last_on=date(2022, 7, 31)).last_on == date(2022, 7, 31)


@pytest.mark.parametrize(
    ("hour", "typed", "last_on"),
    [
        (datetime(2022, 7, 15, 2, tzinfo=UTC), None, date(2022, 7, 14)),  # that morning: more may come
        (
            datetime(2022, 7, 15, 2, tzinfo=UTC),
            date(2022, 7, 15),
            date(2022, 7, 15),
        ),  # a person says otherwise
        (datetime(2022, 7, 15, 17, tzinfo=UTC), None, date(2022, 7, 15)),  # the next day in Yichun
        (datetime(2022, 8, 1, 2, tzinfo=UTC), date(2022, 7, 10), date(2022, 7, 10)),
    ],
)
def test_today_is_not_told_in_full_and_all_lines_are_taken_in(account, office, hour, typed, last_on):
    asked = {
        "account": account,
        "name": "a.csv",
        "data": as_csv(rows_of(JULY)),
        "typed": Typed(last_on=typed),
    }
    assert services.preview(**asked, by=office[1], at=hour).last_on == last_on
    assert services.take(**asked, by=office[1], at=hour).last_on == last_on
    assert (references(account), known_until(account)) == (["L1", "L2", "L3"], last_on)


def test_only_todays_lines_tell_of_no_day_before_them(account, office):
    statement = a_statement(account, JULY[1], by=office[1], at=datetime(2022, 7, 15, 2, tzinfo=UTC))
    assert (statement.first_on, statement.last_on) == (date(2022, 7, 14), date(2022, 7, 14))


def test_without_balances_a_person_must_say_them(office):
    account = an_own_account(office[0], by=office[1], form="no-balance")
    data = as_csv([["2022-07-01", "120.00", "", "", "", "会费"]], formats.forms()["no-balance"].example)
    with pytest.raises(StatementRefused, match="请照银行的纸填期初余额和期末余额"):
        take(account, office[1], data)
    with pytest.raises(StatementRefused, match=r"差 0\.01：文件可能少了行"):
        take(account, office[1], data, opening_fen=0, closing_fen=12_001)


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("xl/workbook.xml", "<workbook/>")
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 230_000_000)
    return out.getvalue()


HOSTILE = {
    "empty": (b"", "a.csv"),
    "nulls": (b"\0" * 4096, "a.csv"),
    "picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 64, "a.csv"),
    "page": (b"<html><table><tr><td>1</td></tr></table>", "a.xls"),
    "half a workbook": (as_xlsx(rows_of(JULY))[:900], "a.xlsx"),
    "a bomb": (bomb(), "a.xlsx"),
    "open quotes": (as_csv([]) + b'2022-07-01,"' + b"x" * 300_000, "a.csv"),
    "no heads": (as_csv(rows_of(JULY), ["甲"] * 8), "a.csv"),
    "one long line": (b"," * 400_000, "a.csv"),
    "escapes": (as_csv(rows_of(JULY)) + b"\x1b[2J\x07", "a.csv"),
    "two megabytes": (as_csv(rows_of(JULY)) + b"\n" * (2 * 1024 * 1024), "a.csv"),
    "another encoding": (as_csv(rows_of(JULY)).decode().encode("utf-8").replace(b"\xe5", b"\xff"), "a.csv"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_in_words_and_small_memory(kind, account, office):
    data, name = HOSTILE[kind]
    tracemalloc.start()
    try:
        with pytest.raises(StatementRefused) as refused:
            take(account, office[1], data, name)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refused.value.problems
    assert peak < 256 * 1024 * 1024
    assert not Statement.objects.exists()


def test_a_formula_in_a_name_stays_text_and_unseen_letters_go(account, office):
    take(account, office[1], as_csv(rows_of((told("2022-07-01", "L1", "1.00", "=cmd|'/c'!A1\u202e坏"),))))
    assert StatementLine.objects.get().name == "=cmd|'/c'!A1坏"


def test_lines_cannot_be_changed_or_taken_away(account, office):
    from django.db import IntegrityError, transaction  # noqa: PLC0415

    a_statement(account, *JULY, by=office[1])
    for act in (lambda: account.lines.update(amount_fen=1), lambda: account.lines.all().delete()):
        with pytest.raises(IntegrityError, match="只能追加"), transaction.atomic():
            act()


def test_numbers_and_remarks_are_sealed(account, office):
    from django.db import connection  # noqa: PLC0415

    a_statement(
        account,
        told("2022-07-01", "L1", "1.00", "张三", "6222000011112222", "230123199001011234"),
        by=office[1],
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, remark, number_index FROM bank_statementline")
        text = str(cursor.fetchall())
    assert "6222000011112222" not in text
    assert "230123199001011234" not in text
    assert StatementLine.objects.filter(number_index="6222000011112222").exists()


def test_a_form_that_is_not_whole_is_refused():
    whole = (formats.FOLDER / "flagged.yaml").read_text("utf-8")
    for breach in (
        whole.replace("  side:", "  sight:"),
        whole.replace("newest", "sideways"),
        whole.replace("  day:", "  off:"),
    ):
        with pytest.raises(formats.FormBroken):
            formats.read("x", breach)


def test_gaps_and_keys_are_plain_arithmetic():
    found = parse(as_csv(rows_of(JULY)), "a.csv", formats.forms()["two-columns"])
    assert gaps(found) == []
    assert [one.reference for one in keyed([found[0], found[0]])] == ["L1", "L1:2"]
