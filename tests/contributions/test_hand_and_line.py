"""What a person registered held against the bank's line: by its number, its day and its sum; nothing twice, nothing hidden."""

from datetime import date

import pytest

from factories.bank import HEADS, TAKEN_AT, as_csv, told
from factories.files import a_png
from factories.office import AT, Office, all_of, held, shares, states
from factories.users import a_role
from huzhu.bank.services import Typed, take
from huzhu.contributions import claiming, matching, services, slips, unclaimed, undoing
from huzhu.contributions.claiming import ClaimRefused
from huzhu.contributions.models import BankSlip, LineUse, OfficialReceipt, Prepaid
from huzhu.contributions.services import ReceiptRefused, RecordedBefore
from huzhu.reconciliation import services as reconciliation
from huzhu.reconciliation.models import Difference

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files", "totals_verified")]
DAY, NEXT = date(2022, 11, 28), date(2022, 11, 29)


@pytest.fixture
def office(db):
    return Office()


def by_hand(office, roster, reference="B9", on=DAY):
    return services.record_transfer(
        parts=all_of(roster), received_on=on, bank_reference=reference, by=office.agency, at=AT
    )


def waiting(office):
    return list(matching.waiting(office.agency))


def claimed(office, line, roster):
    return claiming.claim(line=line, parts=all_of(roster), by=office.agency, at=AT)


def posted(office, line, kind="suspense"):
    return claiming.post_line(line=line, kind=kind, by=office.agency, at=AT)


def undone(office, use):
    undoing.undo(use=use, reason="认错了", by=office.agency, at=AT)


def differences(office):
    reconciliation.run_all(at=AT)
    return list(Difference.objects.filter(state="open").values_list("kind", flat=True))


# ── another sum than the bank's ──


@pytest.fixture
def one(office):
    return office.owes(heads=1)


@pytest.fixture
def rest(office, one):
    """120.00 were registered by hand of a transfer of 360.00."""
    by_hand(office, one)
    [line] = office.bank(told("2022-11-28", "B9", "360.00", "美溪林业局公司"))
    return line


@pytest.mark.parametrize("heads", [1, 5])
def test_another_sum_than_the_banks_is_not_registered_by_hand(office, heads):
    [line] = office.bank(told("2022-11-28", "B9", "360.00"))
    with pytest.raises(ReceiptRefused, match=r"2022-11-28 到账 360\.00 元，这里登记的是 .* 元，没有登记"):
        by_hand(office, office.owes(heads=heads))
    assert waiting(office) == [line]


def test_the_sum_of_the_line_is_registered_by_hand_and_no_more_waits(office):
    office.bank(told("2022-11-28", "B9", "360.00"))
    by_hand(office, office.owes())
    assert (waiting(office), differences(office)) == ([], [])


def test_the_rest_of_a_line_pays_other_dues_of_the_same_employer(office, one, rest):
    assert waiting(office) == [rest]
    two = office.owes(heads=2, employer=one.employer)
    with pytest.raises(ClaimRefused, match=r"还有 240\.00 元"):
        claimed(office, rest, office.owes(heads=3))
    use = claimed(office, rest, two)
    assert (use.amount_fen, states(two), held("1003"), waiting(office)) == (24_000, {"in_force"}, 36_000, [])
    assert differences(office) == []
    [paper] = OfficialReceipt.objects.filter(bank_reference="B9")
    with pytest.raises(ClaimRefused, match="其余部分已经从对账单认领"):
        undoing.undo_transfer(paper=paper, reason="抄错了", by=office.agency, at=AT)
    undone(office, use)
    undoing.undo_transfer(paper=paper, reason="抄错了", by=office.agency, at=AT)
    assert (held("1003"), matching.waiting(office.agency).get().by_hand_fen) == (0, 0)


def test_the_rest_of_a_line_rests_with_the_employer(office, one, rest):
    use = claiming.keep_rest(line=rest, by=office.agency, at=AT)
    kept = Prepaid.objects.get()
    assert (kept.left_fen, kept.employer, held("2101"), waiting(office)) == (24_000, one.employer, 24_000, [])
    assert differences(office) == []
    with pytest.raises(Exception, match="不能"):
        undoing.undo(use=use, reason="认错了", by=a_role("agency_clerk", Office().city), at=AT)
    undone(office, use)
    assert (held("2101"), waiting(office)) == (0, [rest])


def test_of_a_line_that_nobody_registered_there_is_no_rest(office):
    [line] = office.bank(told("2022-11-28", "B9", "360.00"))
    with pytest.raises(ClaimRefused, match="没有手工登记过"):
        claiming.keep_rest(line=line, by=office.agency, at=AT)


def test_the_rest_of_a_line_waits_to_be_known_and_is_claimed_or_sent_back(office, one, rest):
    with pytest.raises(ClaimRefused, match="已经登记过"):
        posted(office, rest, "interest")
    use = posted(office, rest)
    assert (use.amount_fen, held("2102")) == (24_000, 24_000)
    [gone] = office.bank_more(told("2022-11-30", "B10", "-240.00"))
    assert list(matching.sent_back_by(office.agency, gone)) == [use]
    back = unclaimed.send_back(waiting=use, line=gone, by=office.agency, at=AT)
    assert (held("2102"), held("1003")) == (0, 12_000)
    undone(office, back)
    claimed(office, rest, office.owes(heads=2))
    assert (held("2102"), held("1003")) == (0, 36_000)


def test_more_by_hand_than_the_bank_had_is_told(office):
    by_hand(office, office.owes(heads=5))
    [line] = office.bank(told("2022-11-28", "B9", "360.00"))
    assert waiting(office) == [line]
    with pytest.raises(ClaimRefused, match=r"手工登记了 600\.00 元，银行到账只有 360\.00 元"):
        claimed(office, line, office.owes(heads=1))
    with pytest.raises(ClaimRefused, match="已经登记过"):
        posted(office, line)
    assert differences(office) == ["amount"]


def test_of_a_transfer_registered_in_part_nothing_is_clear(office, one, rest):
    office.owes(heads=2, name="美溪林业局公司")
    [line] = waiting(office)
    guess = matching.guesses(line, matching.owed(office.agency, [line]))[0]
    assert (guess.parts[0].amount_fen, guess.over_fen, guess.is_clear) == (24_000, 0, False)


# ── the bank's number, however it is written ──


@pytest.mark.parametrize("typed", ["t1", "Ｔ１", "T 1"])
def test_a_number_typed_otherwise_is_the_banks_number(office, typed):
    by_hand(office, office.owes(), typed)
    office.bank(told("2022-11-28", "T1", "360.00"))
    assert (waiting(office), differences(office)) == ([], [])
    with pytest.raises(RecordedBefore):
        by_hand(office, office.owes(), "T1")


def test_a_slip_typed_otherwise_tells_of_the_line_and_waits_again_when_it_is_undone(office):
    roster = office.owes()
    slips.upload(
        roster=roster, amount_fen=36_000, paid_on=DAY, bank_reference="ｔ1", name="a.png", data=a_png(),
        by=a_role("employer_clerk", roster.employer), at=AT,
    )  # fmt: skip
    [line] = office.bank(told("2022-11-28", "T1", "360.00"))
    guess = matching.guesses(line, matching.owed(office.agency, [line]))[0]
    assert "单位上传过同一流水号的回单" in guess.why
    use = claiming.claim(line=line, parts=guess.parts, slip=guess.slip, by=office.agency, at=AT)
    undone(office, use)
    assert BankSlip.objects.get().state == "waiting"


def test_a_row_with_two_numbers_is_known_by_the_first(office):
    by_hand(office, office.owes(), "T1")
    heads = ["交易日期", "交易流水号", "凭证号", *HEADS[2:]]
    row = ["2022-11-28", "T1", "00451", "360.00", "", "360.00", "", "", ""]
    data = as_csv([row], heads)
    take(account=office.account, name="a.csv", data=data, typed=Typed(), by=office.maker, at=TAKEN_AT)
    assert (waiting(office), differences(office)) == ([], [])


# ── a number that the bank uses again ──


def used_again(office):
    [first] = office.bank(told("2022-11-28", "0000123", "120.00", "甲公司"))
    data = as_csv([["2022-11-29", "0000123", "120.00", "", "240.00", "乙公司", "", ""]])
    take(account=office.account, name="b.csv", data=data, typed=Typed(), by=office.maker, at=TAKEN_AT)
    return first, office.account.lines.order_by("-position").first()


def test_a_number_used_again_is_told_apart_by_its_day(office):
    two = office.owes(heads=1)
    by_hand(office, two, "0000123", NEXT)
    first, again = used_again(office)
    assert (again.reference, again.serial) == ("0000123@20221129", "0000123")
    assert waiting(office) == [first]
    with pytest.raises(RecordedBefore):
        claimed(office, again, office.owes(heads=1))
    claimed(office, first, office.owes(heads=1, employer=two.employer))
    assert (held("1003"), waiting(office), differences(office)) == (24_000, [], [])


def test_a_number_registered_on_another_day_belongs_to_the_line_that_is_free(office):
    first, again = used_again(office)
    claimed(office, first, office.owes(heads=1))
    assert waiting(office) == [again]
    by_hand_later = office.owes(heads=1)
    with pytest.raises(RecordedBefore, match="来款认领"):
        by_hand(office, by_hand_later, "0000123", date(2022, 11, 30))
    claimed(office, again, by_hand_later)
    assert (waiting(office), differences(office)) == ([], [])


def test_a_day_typed_wrong_hides_the_line_all_the_same_and_the_comparison_tells(office):
    by_hand(office, office.owes(), "B9", NEXT)
    office.bank(told("2022-11-28", "B9", "360.00"), told("2022-11-29", "B10", "1.00"))
    assert [one.reference for one in waiting(office)] == ["B10"]
    assert sorted(differences(office)) == ["bank_extra", "wrong_day"]


def test_a_use_that_was_taken_back_is_no_use_of_the_rest(office, one, rest):
    undone(office, posted(office, rest))
    [paper] = OfficialReceipt.objects.filter(bank_reference="B9")
    undoing.undo_transfer(paper=paper, reason="抄错了", by=office.agency, at=AT)
    assert LineUse.objects.get().ended_at
    assert all(share.received_fen == 0 for share in shares(one))
