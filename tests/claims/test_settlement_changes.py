"""The bureau takes a settlement back or settles it anew: by its file, or by its paper at the desk."""

from dataclasses import replace
from datetime import timedelta

import pytest

from factories.bureau import SMALL, a_record, taken_in
from factories.claims import a_covered_member
from factories.clawing import LARGE, PAPER
from factories.organisations import a_city, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.claims import reversals
from huzhu.claims.bureau import records
from huzhu.claims.checks import FieldsNeedWork
from huzhu.claims.facts import figures_of
from huzhu.claims.models import Claim, Settlement, SettlementChange
from huzhu.claims.reversals import ChangeRefused
from huzhu.claims.settlement import Sheet
from huzhu.members.models import Member
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
NEGATIVE = {name: f"-{amount}" for name, amount in SMALL.items()}


def came(place, member, **changes):
    """A claim from the bureau's file, and the record that it came from."""
    record = a_record(member, **changes)
    assert taken_in(place, record)["taken"] == 1
    return Claim.objects.get(settlement__setl_id_index=record.setl_id), record


# ── by the bureau's file ──


def test_a_flagged_record_reverses_its_settlement(place, wang):
    claim, record = came(place, wang)
    said = taken_in(place, replace(record, is_reversal=True))
    assert (said["changed"], said["taken"], said["refused"]) == (1, 0, [])
    change = SettlementChange.objects.get()
    assert (change.claim, change.kind, change.source, change.state) == (claim, "reversed", "bureau", "done")
    assert Settlement.objects.get().reversed_at is not None


def test_the_same_reversal_again_is_known(place, wang):
    _, record = came(place, wang)
    back = replace(record, setl_id="T1", reverses=record.setl_id, is_reversal=True)
    assert taken_in(place, back)["changed"] == 1
    again = taken_in(place, back, record)
    assert (again["changed"], again["known"], again["refused"]) == (0, 2, [])
    assert SettlementChange.objects.count() == 1


def test_a_negative_twin_finds_its_stay(place, wang):
    claim, record = came(place, wang)
    twin = replace(record, setl_id="T2", figures=NEGATIVE, is_reversal=True)
    assert taken_in(place, twin)["changed"] == 1
    assert SettlementChange.objects.get().claim == claim


def test_a_twin_of_other_figures_finds_nothing(place, wang):
    _, record = came(place, wang)
    twin = replace(record, setl_id="T2", figures=NEGATIVE | {"hifp_pay": "-1.00"}, is_reversal=True)
    said = taken_in(place, twin)
    assert said["changed"] == 0
    assert "没有找到" in said["refused"][0][1]


def test_a_reversal_of_another_branch_finds_nothing(place, wang):
    _, record = came(place, wang)
    elsewhere = a_role("agency_clerk")
    said = taken_in(place, replace(record, is_reversal=True), by=elsewhere)
    assert (said["changed"], said["refused_count"]) == (0, 1)


def test_a_reversal_is_the_work_of_the_office_that_took_the_claim_wherever_its_member_is(place, wang):
    claim, record = came(place, wang)
    there = a_city(place.province, "鹤岗市代办处")
    Member.objects.filter(pk=wang.pk).update(employer=an_employer(there))
    back = replace(record, setl_id="T1", reverses=record.setl_id, is_reversal=True)
    anew = replace(record, setl_id="T2", figures=LARGE)
    theirs, others = a_role("agency_clerk", there), a_role("agency_clerk", a_city(place.province, "别处"))
    for by, why in ((theirs, f"转给{place.city.name}"), (others, "没有找到")):
        said = taken_in(place, back, by=by)
        assert (said["changed"], why in said["refused"][0][1]) == (0, True)
    Claim.objects.filter(pk=claim.pk).update(state="paid")
    assert taken_in(place, back)["changed"] == 1
    for by, why in ((theirs, f"转给{place.city.name}"), (others, "不是本代办处的会员")):
        said = taken_in(place, anew, by=by)
        assert (said["changed"], why in said["refused"][0][1]) == (0, True)
    assert taken_in(place, anew)["changed"] == 1


def test_the_columns_of_the_bureau_are_read():
    heads = "setl_id,certno,psn_name,begntime,endtime,inscp_scp_amt,act_pay_dedc,hifp_pay,refd_setl_flag,init_setl_id"
    rows = "A1,1,王,2022-06-20,2022-06-30,100,0,50,0,\nA2,1,王,2022-06-20,2022-06-30,-100,0,-50,1,A9\n"
    first, second = records(f"{heads}\n{rows}".encode(), "结算.csv")
    assert (first.is_reversal, second.is_reversal, second.reverses) == (False, True, "A9")


def test_settled_and_reversed_in_one_file_becomes_nothing():
    the_inpatient_scheme()
    heads = "setl_id,certno,psn_name,begntime,endtime,inscp_scp_amt,act_pay_dedc,hifp_pay,init_setl_id"
    rows = "A1,1,王,2022-06-20,2022-06-30,100,0,50,\nA2,1,王,2022-06-20,2022-06-30,-100,0,-50,A1\n"
    first, _ = records(f"{heads}\n{rows}".encode(), "结算.csv")
    assert "相抵" in first.fault


def test_settled_anew_after_a_reversal_is_a_correction_of_the_same_claim(office, place, wang):
    decision = office.decided(wang)
    claim = decision.claim
    stay = {"admitted_on": claim.admitted_on, "discharged_on": claim.discharged_on}
    back = a_record(wang, is_reversal=True, reverses=claim.settlement.setl_id, **stay)
    anew = a_record(wang, figures=LARGE, **stay)
    said = taken_in(place, back, anew, at=office.later())
    assert (said["changed"], said["taken"], said["refused"]) == (2, 0, [])
    change = SettlementChange.objects.get()
    assert (change.kind, change.state) == ("corrected", "open")
    claim.settlement.refresh_from_db()
    assert claim.settlement.setl_id == anew.setl_id
    assert figures_of(claim.settlement) == LARGE
    assert claim.settlement.reversed_at is None
    assert taken_in(place, back, anew, at=office.later())["known"] == 2


def test_what_was_settled_anew_needs_the_consent_that_stands_now(office, place, wang):
    claim = office.decided(wang).claim
    stay = {"admitted_on": claim.admitted_on, "discharged_on": claim.discharged_on}
    back = a_record(wang, is_reversal=True, reverses=claim.settlement.setl_id, **stay)
    anew = a_record(wang, figures=LARGE, **stay)
    said = taken_in(place, back, anew, at=office.later(), agreed=False)
    assert said["changed"] == 1
    assert [(row, "没有收" in why) for row, why in said["refused"]] == [(anew.row, True)]
    change = SettlementChange.objects.get()
    assert (change.kind, change.claim.settlement.setl_id) == ("reversed", claim.settlement.setl_id)
    # by the member's own paper instead
    reversals.drop(change=change, reason="本人带了新结算单", by=place.agency("周登记"), at=office.later())
    by_paper = office.changed(claim, LARGE, setl_id=anew.setl_id)
    assert (by_paper.kind, figures_of(Settlement.objects.get())) == ("corrected", LARGE)


def test_at_the_desk_other_days_are_refused_and_the_time_of_settling_is_kept(office, place, wang):
    claim = office.decided(wang).claim
    sheet, days = claim.settlement, (claim.admitted_on, claim.discharged_on)
    sheet.settled_at = office.at
    sheet.save(update_fields=["settled_at"])
    moved = Sheet("S9", LARGE, None, (claim.admitted_on, claim.discharged_on + timedelta(days=1)))
    with pytest.raises(FieldsNeedWork) as refused:
        noted(office, claim, anew=moved)
    assert "另受理一件申请" in refused.value.problems["admitted_on"]
    noted(office, claim, anew=Sheet("S9", LARGE, None, days))
    assert Settlement.objects.get().settled_at == sheet.settled_at


def test_the_stay_of_other_days_comes_as_a_claim_of_its_own_after_the_reversal(office, place, wang):
    claim = office.paid(wang).claim
    office.corrected(claim)  # to nothing: what was paid is owed
    office.scheduled()
    stay = {"admitted_on": claim.admitted_on, "discharged_on": claim.discharged_on + timedelta(days=1)}
    again = office.decided(wang, LARGE, number=2, **stay)
    [payout] = [one for one in office.scheduled() if one.decision_id == again.pk]
    assert (payout.amount_fen, payout.set_off_fen) == (120_000, 120_000)


def test_settled_anew_after_the_reckoning_is_a_claim_of_its_own(office, place, wang):
    decision = office.decided(wang)
    claim = decision.claim
    office.corrected(claim)
    stay = {"admitted_on": claim.admitted_on, "discharged_on": claim.discharged_on}
    said = taken_in(place, a_record(wang, **stay), at=office.later())
    assert (said["taken"], said["refused"]) == (1, [])


# ── at the desk ──


def noted(office, claim, *, by=None, anew=None, data=PAPER, reason="医院退费"):
    return reversals.note(
        claim=claim,
        anew=anew,
        reason=reason,
        name="退费单.pdf",
        data=data,
        by=by or office.place.agency("周登记"),
        at=office.later(),
    )


def test_who_may_not_note_a_change(office, wang):
    claim = office.decided(wang).claim
    for code in set(Role.Code) - {"agency_clerk"}:
        with pytest.raises(NotAllowed):
            noted(office, claim, by=a_role(code, office.place.province))


def test_a_change_needs_a_reason_and_a_paper(office, wang):
    claim = office.decided(wang).claim
    with pytest.raises(ValueError, match="请写明"):
        noted(office, claim, reason=" ")
    with pytest.raises(ChangeRefused, match="请附上"):
        noted(office, claim, data=b"")
    assert not SettlementChange.objects.exists()


def test_a_figure_that_cannot_be_read_changes_nothing(office, wang):
    claim = office.decided(wang).claim
    with pytest.raises(FieldsNeedWork):
        noted(office, claim, anew=Sheet("S1", {"hifp_pay": "abc"}, None))
    assert not SettlementChange.objects.exists()


def test_what_was_not_reported_needs_no_change(office, wang):
    claim = office.decided(wang).claim
    Claim.objects.filter(pk=claim.pk).update(state="refused")
    claim.refresh_from_db()
    with pytest.raises(ChangeRefused):
        noted(office, claim)


def test_a_settlement_is_reversed_once(office, wang):
    claim = office.decided(wang).claim
    noted(office, claim)
    claim = Claim.objects.get(pk=claim.pk)
    with pytest.raises(ChangeRefused):
        noted(office, claim)


def test_noted_by_mistake_it_is_taken_back(office, wang):
    claim = office.decided(wang).claim
    before = figures_of(claim.settlement)
    change = noted(office, claim, anew=Sheet("S77", LARGE, None))
    reversals.drop(change=change, reason="看错了人", by=office.place.agency(), at=office.later())
    sheet = Settlement.objects.get()
    assert (figures_of(sheet), sheet.setl_id) == (before, "S2022000001")
    with pytest.raises(ChangeRefused):
        reversals.drop(change=change, reason="再撤一次", by=office.place.agency(), at=office.later())
    verbs = set(Event.objects.values_list("verb", flat=True))
    assert {"settlements.change", "settlements.drop_change"} <= verbs


def test_a_number_that_a_sheet_had_before_is_not_claimed_by_another(office, place, wang):
    claim = office.decided(wang).claim
    noted(office, claim, anew=Sheet("S77", LARGE, None))
    other = a_covered_member(place, "赵一", sex="male")
    with pytest.raises(ValueError, match="只能申请一次"):
        office.decided(other)
