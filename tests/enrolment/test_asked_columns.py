"""What an edition asks of each person beyond name and number: insurance and shares, in the sheet, at the cell, in the fee."""

import io

import pytest
import python_calamine

from factories.contributions import a_split, all_paid
from factories.enrolment import START, UPLOADED_AT, a_sheet, an_enrolment, some_workers
from factories.members import a_member
from factories.organisations import a_city, an_employer
from factories.schemes import a_published, the_flexible_scheme, the_inpatient_scheme
from factories.users import a_role
from huzhu.claims.facts import _cover
from huzhu.contributions import queries as contributions
from huzhu.contributions import withdrawing
from huzhu.contributions.pledges import pledge
from huzhu.contributions.services import accept_roster
from huzhu.enrolment import certificate, errors, queries, services, sheet
from huzhu.enrolment.columns import named
from huzhu.enrolment.entry import asked_columns, most_shares
from huzhu.enrolment.line import Line
from huzhu.enrolment.models import Enrolment, RosterRow
from huzhu.enrolment.suggest import suggestions
from huzhu.files import tables
from huzhu.schemes import queries as schemes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
INSURED = ("姓名", "身份证号", "手机", "医保类型（职工/居民）")
SHARES = ("姓名", "身份证号", "手机", "份数")


@pytest.fixture
def employer():
    return an_employer(a_city())


@pytest.fixture
def clerk(employer):
    return a_role("employer_clerk", employer)


@pytest.fixture
def agency(employer):
    return a_role("agency_clerk", employer.parent)


@pytest.fixture
def per_share():
    """Up to four shares a person."""
    return a_published("changchun-critical")


@pytest.fixture
def insured():
    """Who is known not to be insured does not join."""
    return a_published("jilin-99")


def staged(employer, editions, rows, header, by, **terms):
    return services.stage(
        employer=employer,
        editions=editions,
        cover_starts_on=START,
        name="名册.csv",
        data=a_sheet(rows, header),
        by=by,
        at=UPLOADED_AT,
        **terms,
    )


def with_cells(*cells):
    return [(*worker, cell) for worker, cell in zip(some_workers(len(cells)), cells, strict=True)]


# ── insurance ───────────────────────────────────────────────────────────────────────────────────────


def test_headers_and_words_of_people_are_understood():
    assert named(["姓名", "是否参加职工医保", "参加份数"]) == {"name": 0, "insured": 1, "shares": 2}
    said = {word: Line.of(1, {"insured": word}, starts_on=START).insured_code for word in
            ("职工医保", "是", "城乡居民", "否", "", "y")}  # fmt: skip
    assert said == {"职工医保": "yes", "是": "yes", "城乡居民": "no", "否": "no", "": "unknown", "y": "yes"}


def test_who_is_not_insured_is_refused_at_that_cell(employer, insured, clerk):
    roster = staged(employer, [insured], with_cells("职工", "居民", ""), INSURED, clerk)
    assert queries.tally(roster) == (2, 1)
    [bad] = queries.to_mend(roster)
    assert list(bad.problems) == ["insured"]
    assert "参加了职工医保" in bad.problems["insured"]
    assert (
        services.mend(roster=roster, changes={str(bad.pk): {"insured": "是"}}, by=clerk, at=UPLOADED_AT) == 0
    )


def test_a_word_nobody_understands_comes_back_with_a_suggestion(employer, insured, clerk):
    roster = staged(
        employer, [insured], with_cells("伊春城镇职工基本医保", "村里的居民医保", "？"), INSURED, clerk
    )
    found = [suggestions(row).get("insured") for row in queries.to_mend(roster)]
    assert found == ["是", "否", None]
    assert all("看不懂" in row.problems["insured"] for row in queries.to_mend(roster))


def test_a_missing_column_that_is_needed_is_said_once_for_the_roster(employer, clerk):
    flex = the_flexible_scheme()
    rows, header = some_workers(3), INSURED[:3]
    riders = staged(employer, [flex], rows, header, clerk, way="platform")
    assert (
        queries.not_told(riders, queries.refused_for(riders)) == []
    )  # nobody looked, and this edition lets a platform's people in so
    assert "insured" not in queries.columns_of(riders, queries.refused_for(riders))
    RosterRow.objects.filter(roster=riders, number=2).update(joins="", problems={"insured": "没有核对"})
    assert queries.not_told(riders, queries.refused_for(riders)) == [("职工医保", 1)]
    assert "insured" in queries.columns_of(riders, queries.refused_for(riders))
    told = staged(employer, [flex], with_cells("否"), INSURED, clerk, way="platform")
    assert (queries.tally(told), queries.not_told(told, queries.refused_for(told))) == ((0, 1), [])


# ── shares ──────────────────────────────────────────────────────────────────────────────────────────


def test_too_many_shares_and_no_number_are_refused_at_the_cell(employer, per_share, clerk):
    roster = staged(employer, [per_share], with_cells("2份", "9", "两份", "0"), SHARES, clerk)
    assert queries.tally(roster) == (1, 3)
    rows = list(queries.to_mend(roster))
    assert [list(row.problems) for row in rows] == [["shares"]] * 3
    most = most_shares([per_share], START)
    assert (most, [suggestions(row, most)["shares"] for row in rows]) == (4, ["4", "1", "1"])


def test_the_fee_is_paid_for_every_share(employer, per_share, clerk, agency):
    a_split(employer, by=agency, scheme_slug=per_share.slug, basis="fixed", basis_points=0, fixed_fen=10_00)
    roster = staged(employer, [per_share], with_cells("3", "1", ""), SHARES, clerk)
    [plan] = contributions.plans(roster)
    fee = per_share.fee_fen
    assert (plan.heads, plan.units, plan.amount_fen, plan.counted) == (3, 5, 5 * fee, "3 人、5 份")
    [due] = accept_roster(roster=roster, good_only=False, by=clerk, at=UPLOADED_AT)
    assert (due.heads, due.units, due.amount_fen) == (3, 5, 5 * fee)
    parts = {share.payer: share.amount_fen for share in due.shares.all()}
    assert parts == {
        "employer": 30_00,
        "worker": 5 * fee - 30_00,
    }  # so much for each person, not for each share
    assert sorted(Enrolment.objects.values_list("shares", flat=True)) == [1, 1, 3]


def test_who_leaves_takes_their_own_shares_along(employer, per_share, clerk, agency):
    a_split(employer, by=agency, scheme_slug=per_share.slug)
    roster = staged(employer, [per_share], with_cells("3", "1"), SHARES, clerk)
    [due] = accept_roster(roster=roster, good_only=False, by=clerk, at=UPLOADED_AT)
    withdrawing.end_before_start(
        enrolment=Enrolment.objects.get(shares=3), reason="调走了", by=agency, at=UPLOADED_AT
    )
    due.refresh_from_db()
    fee = per_share.fee_fen
    assert (due.heads, due.units, due.amount_fen) == (1, 1, fee)
    assert {one.payer: one.amount_fen for one in due.shares.all()} == {
        "employer": fee * 3 // 4,
        "worker": fee - fee * 3 // 4,
    }


def test_a_pledge_pays_the_part_of_all_shares(employer, per_share, clerk, agency):
    rows = with_cells("2", "1")
    member = a_member(rows[0][0], employer=employer, id_number=rows[0][1])
    pledge(
        member=member,
        sponsor_name="王包联",
        sponsor_kind="person",
        is_named=False,
        from_year=2022,
        by=agency,
        at=UPLOADED_AT,
    )
    roster = staged(employer, [per_share], rows, SHARES, clerk)
    [due] = accept_roster(roster=roster, good_only=False, by=clerk, at=UPLOADED_AT)
    parts = {share.payer: share.amount_fen for share in due.shares.all()}
    assert parts == {"sponsor": 2 * per_share.fee_fen, "worker": per_share.fee_fen}


def test_paper_and_claims_know_the_shares(employer, per_share, clerk, agency):
    roster = staged(employer, [per_share], with_cells("2"), SHARES, clerk)
    accept_roster(roster=roster, good_only=False, by=clerk, at=UPLOADED_AT)
    all_paid(roster, by=agency)
    held = Enrolment.objects.get()
    assert certificate._fee(held).endswith("元（2 份）")
    assert certificate._fee(an_enrolment(a_member(), the_inpatient_scheme())) == "120.00 元"
    engine = schemes.engine(a_published("hubei-2025"))
    assert _cover(held, engine)["cover_shares"] == "2"
    assert "cover_shares" not in _cover(held, schemes.engine(the_inpatient_scheme()))


# ── sheets ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_template_asks_only_for_what_the_editions_ask(employer, per_share, insured):
    assert asked_columns([per_share], START) == ["shares"]
    assert asked_columns([the_inpatient_scheme()], START) == ["insured"]
    assert asked_columns([per_share, insured], START) == ["insured", "shares"]
    data = sheet.template(employer, [per_share], ["shares"])
    head = python_calamine.load_workbook(io.BytesIO(data)).get_sheet_by_index(0).to_python()[0]
    assert head[-1] == "份数（可不填）"
    assert sheet.read(a_sheet(with_cells("2"), SHARES), "名册.csv")[0].shares == "2"


def test_the_workbook_of_errors_has_the_asked_columns_and_takes_them_back(employer, per_share, clerk):
    roster = staged(employer, [per_share], with_cells("9", "1"), SHARES, clerk)
    data = errors.workbook(roster)
    head = [tables.text(cell) for cell in next(tables.pages(data, "错误表.xlsx")[0].rows())]
    assert head[-2:] == ["份数", "要改什么"]
    assert errors.mended(roster, data, "错误表.xlsx").popitem()[1]["shares"] == "9"
