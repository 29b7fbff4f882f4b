"""Sheets of one's own: columns are guessed, named by a person once, and remembered for the next sheet like it."""

import pytest

from enrolment import sheets
from factories.enrolment import START, UPLOADED_AT, some_workers
from factories.organisations import a_city, an_employer
from factories.users import a_role
from huzhu.enrolment import columns, errors, queries, services
from huzhu.enrolment.columns import Reading
from huzhu.enrolment.models import ColumnHabit, Roster
from huzhu.enrolment.suggest import suggestions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
ODD = ("工号", "员工", "证件", "本人电话")
GOOD = "11010519821231006X"


def odd_rows(count):
    return [(f"E{n}", *worker) for n, worker in enumerate(some_workers(count))]


def stage(employer, clerk, inpatient, data, name="花名册.xlsx"):
    return services.stage(
        employer=employer,
        editions=[inpatient],
        cover_starts_on=START,
        name=name,
        data=data,
        by=clerk,
        at=UPLOADED_AT,
    )


def named(roster, clerk, reading):
    roster = services.name_columns(roster=roster, reading=reading, by=clerk, at=UPLOADED_AT)
    return services.read_in(roster=roster, by=clerk, at=UPLOADED_AT)


def test_columns_are_guessed_from_what_stands_in_them():
    rows = [("名单", "", "", "", "", ""), ("a", "b", "c", "d", "e", "f")]
    rows += [
        (f"{n}", name, number, "男", phone, f"622202090300001234{n}")
        for n, (name, number, phone) in enumerate(some_workers(4))
    ]
    found = columns.guess(rows)
    assert found.top == 1
    assert found.columns == {"id_number": 2, "phone": 4, "sex": 3, "account": 5, "name": 1}


def test_what_is_the_same_for_everybody_is_no_name():
    rows = [("a", "b", "c"), *[("一班", name, number) for name, number, _ in some_workers(4)]]
    assert columns.guess(rows).columns == {"id_number": 2, "name": 1}


def test_a_sheet_without_header_has_its_people_from_the_first_row():
    assert columns.guess(some_workers(3)).top == -1


def test_a_sheet_nobody_understands_waits_for_a_person(employer, clerk, inpatient):
    roster = stage(employer, clerk, inpatient, sheets.an_xlsx(odd_rows(3), ODD))
    assert roster.state == Roster.State.MAPPING
    assert not roster.rows.exists()
    roster = named(roster, clerk, Reading("名册", 0, {"name": 1, "id_number": 2, "phone": 3}, "person"))
    assert roster.state == Roster.State.STAGED
    assert queries.tally(roster) == (3, 0)
    assert [row.number for row in roster.rows.all()] == [2, 3, 4]


def test_without_name_or_number_nothing_is_read(employer, clerk, inpatient):
    roster = stage(employer, clerk, inpatient, sheets.an_xlsx(odd_rows(1), ODD))
    with pytest.raises(services.ColumnsRefused, match="身份证号"):
        named(roster, clerk, Reading("名册", 0, {"name": 1}, "person"))
    assert Roster.objects.get().state == Roster.State.MAPPING


def test_the_next_sheet_like_it_is_read_without_asking_and_of_this_employer_only(employer, clerk, inpatient):
    roster = stage(employer, clerk, inpatient, sheets.an_xlsx(odd_rows(2), ODD))
    named(roster, clerk, Reading("名册", 0, {"name": 1, "id_number": 2}, "person"))
    again = stage(employer, clerk, inpatient, sheets.an_xlsx(odd_rows(2), ODD))
    assert (again.state, again.reading["source"]) == (Roster.State.STAGED, "habit")
    other = an_employer(a_city())
    theirs = stage(other, a_role("employer_clerk", other), inpatient, sheets.an_xlsx(odd_rows(2), ODD))
    assert theirs.state == Roster.State.MAPPING


def test_a_wrong_reading_is_changed_and_the_rows_are_read_again(employer, clerk, inpatient):
    rows = [(row[0], f"旧{row[1]}", row[1], row[2], row[3]) for row in odd_rows(3)]
    header = ("工号", "曾用名", "姓名", "身份证号", "手机")
    roster = stage(employer, clerk, inpatient, sheets.an_xlsx(rows, header))
    roster = named(roster, clerk, Reading("名册", 0, {"name": 1, "id_number": 3}, "person"))
    assert all(row.name.startswith("旧") for row in roster.rows.all())
    assert roster.rows.count() == 3
    assert ColumnHabit.objects.get().columns == {"name": 1, "id_number": 3}
    services.cancel(roster=roster, by=clerk, at=UPLOADED_AT)
    with pytest.raises(services.RosterSettled):
        services.name_columns(
            roster=roster, reading=Reading("名册", 0, {"name": 1, "id_number": 3}), by=clerk, at=UPLOADED_AT
        )


# ── what a cell should say ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (f"{GOOD[:17]}1", {"id_number": GOOD}),
        ("1101051982I231006X", {"id_number": GOOD}),
        ("11O1O5198212310O6X", {"id_number": GOOD}),
        ("110105194912310000", {}),
        ("11010519491231002", {}),
        ("2022-01-28", {}),
    ],
)
def test_a_number_that_tells_itself_what_is_wrong_is_offered_right(
    employer, clerk, inpatient, typed, offered
):
    roster = stage(employer, clerk, inpatient, sheets.an_xlsx([("王小明", typed, "")]))
    assert suggestions(roster.rows.get()) == offered


def test_sex_is_offered_as_the_number_says(employer, clerk, inpatient):
    data = sheets.an_xlsx([("王小明", GOOD, "男")], ("姓名", "身份证号", "性别"))
    assert suggestions(stage(employer, clerk, inpatient, data).rows.get()) == {"sex": "女"}


# ── the workbook of errors ──────────────────────────────────────────────────────────────────────────


def a_faulty_roster(employer, clerk, inpatient):
    rows = [*some_workers(2), ("王小明", f"{GOOD[:17]}1", ""), ("", some_workers(1)[0][1], "")]
    return stage(employer, clerk, inpatient, sheets.an_xlsx(rows))


def sent_back(data, changes):
    """The workbook with other text in cells {(row, column): text}, as a spreadsheet program saves it."""
    import io  # noqa: PLC0415

    import xlsxwriter  # noqa: PLC0415
    from python_calamine import CalamineWorkbook  # noqa: PLC0415

    book, out = CalamineWorkbook.from_filelike(io.BytesIO(data)), io.BytesIO()
    with xlsxwriter.Workbook(out) as new:
        for name in book.sheet_names:
            page = new.add_worksheet(name)
            for at, row in enumerate(book.get_sheet_by_name(name).to_python(skip_empty_area=False)):
                for place, cell in enumerate(row):
                    page.write_string(
                        at, place, changes.get((at, place), str(cell)) if name != "huzhu" else cell
                    )
            if name == "huzhu":
                page.very_hidden()
    return out.getvalue()


def test_errors_go_out_with_reasons_and_come_back_to_their_own_rows(employer, clerk, inpatient):
    roster = a_faulty_roster(employer, clerk, inpatient)
    out = errors.workbook(roster)
    back = sent_back(out, {(1, 2): GOOD, (2, 1): "李大明"})
    changes = errors.mended(roster, back, "错误表.xlsx")
    assert len(changes) == 2
    assert services.mend(roster=roster, changes=changes, by=clerk, at=UPLOADED_AT) == 0
    assert roster.rows.get(number=4).id_number == GOOD
    assert roster.rows.get(number=5).name == "李大明"
    assert queries.tally(roster) == (4, 0)


def test_a_workbook_of_another_roster_changes_nothing(employer, clerk, inpatient):
    mine, other = (a_faulty_roster(employer, clerk, inpatient) for _ in range(2))
    with pytest.raises(errors.NotItsErrors):
        errors.mended(mine, errors.workbook(other), "错误表.xlsx")
    with pytest.raises(errors.NotItsErrors):
        errors.mended(mine, sheets.an_xlsx([("王小明", GOOD, "")]), "名册.xlsx")


def test_rows_that_are_good_already_are_left_alone(employer, clerk, inpatient):
    roster = a_faulty_roster(employer, clerk, inpatient)
    out = errors.workbook(roster)
    services.mend(
        roster=roster,
        changes={str(roster.rows.get(number=5).pk): {"name": "李大明"}},
        by=clerk,
        at=UPLOADED_AT,
    )
    back = sent_back(out, {(2, 1): "别的名"})
    assert len(errors.mended(roster, back, "错误表.xlsx")) == 1
