"""A roster is read and accepted in slices: seen whole or not at all, whatever breaks off meanwhile."""

from datetime import timedelta

import pytest

from factories.contributions import all_paid
from factories.enrolment import START, UPLOADED_AT, a_sheet, a_staged_roster, an_enrolment, some_workers
from factories.members import a_member, an_id_number
from factories.organisations import a_city, an_employer
from factories.users import a_role
from huzhu.contributions.models import ContributionDue
from huzhu.contributions.services import accept_roster
from huzhu.enrolment import accepting, queries, services, slices
from huzhu.enrolment.models import Enrolment, Roster, RosterRow
from huzhu.files.tables import TableRefused
from huzhu.members.models import BankAccount, Member
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
HEADER = ("姓名", "身份证号", "手机", "开户行", "银行账号")


@pytest.fixture(autouse=True)
def _small(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(slices, "SLICE", 2)
    monkeypatch.setattr("huzhu.enrolment.rows.SLICE", 2)
    monkeypatch.setattr(accepting, "SLICE", 2)
    monkeypatch.setattr(slices, "PAUSE_SECONDS", 0)


class CalledOff(RuntimeError):
    pass


class Power(BaseException):
    """Nothing that any except clause expects."""


def breaking(at, error):
    """A tell that breaks off at the so-many-eth time."""
    told = []

    def tell(done, total, words=""):
        told.append((done, total))
        if len(told) == at:
            raise error

    tell.told = told
    return tell


def begun(employer, clerk, inpatient, rows, name="名册.csv", header=("姓名", "身份证号", "手机")):
    return services.begin(
        employer=employer,
        editions=[inpatient],
        cover_starts_on=START,
        name=name,
        data=a_sheet(rows, header),
        by=clerk,
        at=UPLOADED_AT,
    )


def read(roster, by, tell=slices.quietly):
    return services.read_in(roster=roster, by=by, at=UPLOADED_AT, tell=tell)


def accept(roster, by, tell=slices.quietly, *, good_only=True):
    return accept_roster(roster=roster, good_only=good_only, by=by, at=UPLOADED_AT, tell=tell)


# ── who may not ─────────────────────────────────────────────────────────────────────────────────────


def test_a_clerk_of_another_employer_neither_begins_nor_reads_nor_names_columns(employer, clerk, inpatient):
    roster = begun(employer, clerk, inpatient, some_workers(1))
    stranger = a_role("employer_clerk", an_employer(a_city()))
    with pytest.raises(NotAllowed):
        begun(employer, stranger, inpatient, some_workers(2))
    with pytest.raises(NotAllowed):
        read(roster, stranger)
    with pytest.raises(NotAllowed):
        services.name_columns(roster=roster, reading=None, by=stranger, at=UPLOADED_AT)
    with pytest.raises(NotAllowed):
        accept(roster, stranger)


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_large_sheet_is_read_in_slices_and_says_how_far_it_is(employer, clerk, inpatient):
    [worker] = some_workers(1)
    roster = begun(employer, clerk, inpatient, [*some_workers(4), worker, worker])
    tell = breaking(99, None)
    read(roster, clerk, tell)
    assert tell.told == [(0, 0), (2, 6), (4, 6), (6, 6)]
    assert roster.state == Roster.State.STAGED
    assert queries.tally(roster) == (5, 1)
    assert "只收第 6 行" in roster.rows.get(number=7).problems["id_number"]


def test_rows_of_a_roster_that_is_being_read_are_seen_by_nobody(employer, clerk, inpatient):
    roster = begun(employer, clerk, inpatient, some_workers(5))
    with pytest.raises(Power):
        read(roster, clerk, breaking(3, Power()))
    assert RosterRow.unread.count() == 4
    assert not RosterRow.objects.exists()
    assert not roster.rows.exists()
    assert queries.tally(roster) == (0, 0)


def test_a_reading_that_was_killed_begins_again_from_the_beginning(employer, clerk, inpatient):
    roster = begun(employer, clerk, inpatient, some_workers(5))
    with pytest.raises(Power):
        read(roster, clerk, breaking(3, Power()))
    read(Roster.objects.get(pk=roster.pk), clerk)
    assert queries.tally(roster) == (5, 0)


def test_a_reading_called_off_leaves_no_row(employer, clerk, inpatient):
    roster = begun(employer, clerk, inpatient, some_workers(5))
    with pytest.raises(CalledOff):
        read(roster, clerk, breaking(3, CalledOff()))
    assert not RosterRow.unread.exists()
    services.cancel(roster=roster, by=clerk, at=UPLOADED_AT)
    with pytest.raises(services.RosterSettled):
        read(Roster.objects.get(pk=roster.pk), clerk)


def test_a_reader_that_lost_the_roster_writes_nothing_more(employer, clerk, inpatient):
    roster = begun(employer, clerk, inpatient, some_workers(5))

    def tell(done, total, words=""):
        if done == 2:
            read(Roster.objects.get(pk=roster.pk), clerk)

    with pytest.raises(slices.TakenOver):
        read(roster, clerk, tell)
    assert queries.tally(roster) == (5, 0)
    assert Roster.objects.get(pk=roster.pk).state == Roster.State.STAGED


def test_a_file_that_is_no_list_ends_the_roster_with_its_sentence(employer, clerk, inpatient):
    roster = begun(employer, clerk, inpatient, [("1", "2", "3")], header=("工号", "岗位", "班组"))
    with pytest.raises(TableRefused, match="这不是名册"):
        read(roster, clerk)
    roster.refresh_from_db()
    assert roster.state == Roster.State.CANCELLED
    assert "这不是名册" in roster.said


# ── accepting ───────────────────────────────────────────────────────────────────────────────────────


def test_an_acceptance_in_slices_comes_to_the_same_as_one_at_once(employer, clerk, inpatient):
    rows = [(*row, "工行", f"62220209030000{n:04d}") for n, row in enumerate(some_workers(5))]
    roster = read(begun(employer, clerk, inpatient, rows, header=HEADER), clerk)
    [due] = accept(roster, clerk)
    assert (due.heads, due.amount_fen) == (5, 60_000)
    held = Enrolment.objects.order_by("certificate_no")
    assert [one.member.name for one in held] == [row[0] for row in rows]
    numbers = [one.certificate_no.rpartition("-")[2] for one in held]
    assert numbers == [f"{n:07d}" for n in range(1, 6)]
    assert BankAccount.objects.count() == 5
    assert accept(roster, clerk) == [due]
    assert Enrolment.objects.count() == 5


def test_numbers_go_on_without_a_gap_after_an_acceptance_that_failed(employer, clerk, inpatient):
    first, second, third = (
        a_staged_roster(employer, [inpatient], some_workers(n), by=clerk) for n in (3, 4, 2)
    )
    accept(first, clerk)
    with pytest.raises(CalledOff):
        accept(second, clerk, breaking(2, CalledOff()))
    accept(third, clerk)
    accept(second, clerk)
    last = [n.rpartition("-")[2] for n in Enrolment.objects.values_list("certificate_no", flat=True)]
    assert sorted(last) == [f"{n:07d}" for n in range(1, 10)]


def test_what_is_prepared_is_seen_by_nobody(employer, clerk, inpatient):
    roster = a_staged_roster(employer, [inpatient], some_workers(5), by=clerk)
    seen = []

    def tell(done, total, words=""):
        member = Member.objects.first()
        seen.append(
            (
                Enrolment.objects.count(),
                queries.visible_to(clerk).count(),
                member.enrolments.count(),
                roster.enrolments.count(),
                ContributionDue.objects.count(),
            )
        )

    accept(roster, clerk, tell)
    assert seen == [(0, 0, 0, 0, 0)] * 3
    assert Enrolment.objects.count() == 5


def test_an_acceptance_called_off_leaves_nobody_covered_and_the_roster_as_it_was(employer, clerk, inpatient):
    roster = a_staged_roster(employer, [inpatient], some_workers(5), by=clerk)
    with pytest.raises(CalledOff):
        accept(roster, clerk, breaking(2, CalledOff()))
    assert not Enrolment.unready.exists()
    assert not ContributionDue.objects.exists()
    roster.refresh_from_db()
    assert (roster.state, roster.draft) == (Roster.State.STAGED, None)


def test_an_acceptance_that_was_killed_begins_again(employer, clerk, inpatient, monkeypatch):
    roster = a_staged_roster(employer, [inpatient], some_workers(5), by=clerk)
    monkeypatch.setattr(services, "put_back", lambda **_: None)  # the process is gone
    with pytest.raises(Power):
        accept(roster, clerk, breaking(2, Power()))
    monkeypatch.undo()
    assert Enrolment.unready.count() == 4
    roster.refresh_from_db()
    with pytest.raises(services.RosterSettled, match="确认中"):
        services.mend(roster=roster, changes={}, by=clerk, at=UPLOADED_AT)
    accept(roster, clerk)
    assert (Enrolment.objects.count(), Enrolment.unready.count()) == (5, 5)
    assert Member.objects.count() == 5


def test_a_changed_row_in_the_last_slice_refuses_the_whole(employer, clerk, inpatient):
    other = an_employer(a_city())
    elder = a_member("王大明", employer=other)
    late = ("王小明", an_id_number(), "13900000001")
    rows = [(elder.name, elder.id_number, "13900000002"), *some_workers(3), late]
    roster = a_staged_roster(employer, [inpatient], rows, by=clerk)
    an_enrolment(a_member("王小明", employer=other, id_number=late[1]), inpatient)
    with pytest.raises(services.RowsChanged):
        accept(roster, clerk)
    assert Enrolment.unready.count() == 1
    elder.refresh_from_db()
    assert elder.employer == other  # who was registered elsewhere moves when nothing can be refused any more
    services.judge_again(roster=roster, by=clerk, at=UPLOADED_AT)
    assert queries.tally(roster) == (4, 1)
    accept(roster, clerk)
    elder.refresh_from_db()
    assert (elder.employer, elder.phone) == (employer, "13900000001")  # whose phone is registered keeps it


def test_who_is_enrolled_elsewhere_meanwhile_refuses_the_whole(employer, clerk, inpatient):
    rows = some_workers(3)
    mine = a_staged_roster(employer, [inpatient], rows, by=clerk)
    other = an_employer(a_city())
    theirs = a_staged_roster(other, [inpatient], rows[2:], by=(stranger := a_role("employer_clerk", other)))

    def tell(done, total, words=""):
        if done == 2:
            accept_roster(roster=theirs, good_only=True, by=stranger, at=UPLOADED_AT)

    with pytest.raises(services.RowsChanged):
        accept(mine, clerk, tell)
    assert Enrolment.unready.get().roster == theirs


def test_who_is_being_enrolled_here_is_not_enrolled_elsewhere_meanwhile(employer, clerk, inpatient):
    rows = some_workers(3)
    mine = a_staged_roster(employer, [inpatient], rows, by=clerk)
    other = an_employer(a_city())
    theirs = a_staged_roster(other, [inpatient], rows[:1], by=(stranger := a_role("employer_clerk", other)))

    def tell(done, total, words=""):
        if done == 2:
            with pytest.raises(services.RowsChanged):
                accept_roster(roster=theirs, good_only=True, by=stranger, at=UPLOADED_AT)

    accept(mine, clerk, tell)
    assert {one.roster for one in Enrolment.unready.all()} == {mine}


def test_who_is_covered_by_another_roster_meanwhile_is_not_covered_twice(city, employer, clerk, inpatient):
    """Theirs begins on another day, so that no row forbids the second."""
    rows, elsewhere = some_workers(3), an_employer(city, name="另一单位")
    roster = a_staged_roster(employer, [inpatient], rows, by=clerk)
    agency = a_role("agency_clerk", city)
    day = START + timedelta(days=14)
    other = a_staged_roster(elsewhere, [inpatient], rows[:1], by=agency, starts_on=day)

    def tell(done, total, words=""):
        if done == 3:
            accept(other, agency)

    with pytest.raises(services.RowsChanged):
        accept(roster, clerk, tell)
    assert Enrolment.objects.get().employer == elsewhere
    services.judge_again(roster=roster, by=clerk, at=UPLOADED_AT)
    accept(roster, clerk)
    held = Enrolment.objects.values_list("member", "employer")
    assert sorted(employer for _, employer in held) == sorted([elsewhere.pk, employer.pk, employer.pk])
    assert len({member for member, _ in held}) == 3


def test_whose_roster_has_its_numbers_joins_nowhere_else(city, employer, clerk, inpatient, monkeypatch):
    """Nobody sees their cover yet, but nothing refuses it any more."""
    rows, elsewhere = some_workers(3), an_employer(city, name="另一单位")
    roster = a_staged_roster(employer, [inpatient], rows, by=clerk)
    monkeypatch.setattr(accepting, "_number", stopped)
    with pytest.raises(Power):
        accept(roster, clerk)
    agency = a_role("agency_clerk", city)
    day = START + timedelta(days=14)
    other = a_staged_roster(elsewhere, [inpatient], rows[:1], by=agency, starts_on=day)
    assert other.rows.get().joins == ""
    monkeypatch.undo()
    accept(roster, clerk)
    assert Enrolment.objects.filter(employer=employer).count() == 3


def test_who_comes_from_elsewhere_comes_also_after_a_kill(city, employer, clerk, inpatient, monkeypatch):
    """The numbers are given, and nobody had moved yet."""
    [row] = some_workers(1)
    known = a_member(row[0], id_number=row[1], employer=an_employer(city))
    roster = a_staged_roster(employer, [inpatient], [row, *some_workers(2)], by=clerk)
    monkeypatch.setattr(accepting._Known, "bring_up_to_date", stopped)
    with pytest.raises(Power):
        accept(roster, clerk)
    known.refresh_from_db()
    assert known.employer != employer
    monkeypatch.undo()
    accept(roster, clerk)
    known.refresh_from_db()
    assert known.employer == employer


def stopped(*_):
    raise Power


def test_an_acceptance_killed_after_its_numbers_goes_on_with_the_same_ones(
    employer, clerk, inpatient, monkeypatch
):
    first, second = (a_staged_roster(employer, [inpatient], some_workers(3), by=clerk) for _ in range(2))

    def killed(*_):
        raise Power

    with monkeypatch.context() as patch:
        patch.setattr(accepting, "_number", killed)
        with pytest.raises(Power):
            accept(first, clerk)
    first.refresh_from_db()
    assert first.state == Roster.State.ACCEPTING
    assert not Enrolment.objects.exists()
    accept(second, clerk)
    accept(first, clerk)
    last = {one.certificate_no.rpartition("-")[2]: one.roster for one in Enrolment.objects.all()}
    assert sorted(last) == [f"{n:07d}" for n in range(1, 7)]
    assert last["0000001"] == first


def test_cover_begins_for_all_of_them_at_once(employer, clerk, inpatient):
    roster = a_staged_roster(employer, [inpatient], some_workers(5), by=clerk)
    accept(roster, clerk)
    all_paid(roster, by=a_role("agency_clerk", employer.parent))
    assert Enrolment.objects.in_force().count() == 5


def test_statements_do_not_grow_with_every_person(
    employer, clerk, inpatient, django_assert_max_num_queries, monkeypatch
):
    monkeypatch.setattr(slices, "SLICE", 2_000)
    monkeypatch.setattr("huzhu.enrolment.rows.SLICE", 2_000)
    monkeypatch.setattr(accepting, "SLICE", 2_000)
    roster = begun(employer, clerk, inpatient, some_workers(1_000))
    with django_assert_max_num_queries(150):
        accept(read(roster, clerk), clerk)
    assert Enrolment.objects.count() == 1_000
