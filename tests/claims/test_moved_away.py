"""A member or a whole employer goes to another agency: whoever took a claim still sees it and brings it to its end."""

import pytest

from factories.adjudication import a_reported
from factories.claims import HOUR, WEDNESDAY, a_draft, a_submitted, with_papers, with_settlement
from factories.clawing import PAPER, Office
from factories.organisations import a_city, a_group, an_employer
from factories.users import a_role
from factories.web import as_staff
from huzhu.adjudication import queries as deciding
from huzhu.adjudication import services as adjudication
from huzhu.claims import reversals, services
from huzhu.claims.models import Claim, State
from huzhu.claims.queries import visible_to
from huzhu.organisations import services as organisations
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(place):
    """Another agency of the same province."""
    return a_city(place.province, "鹤岗市代办处")


def sees(*everybody):
    return [visible_to(by).exists() for by in everybody]


def moved(place, there):
    """The employer as it stands, without asking what is unfinished."""
    organisations.move(place.employer, parent=a_group(there, "鹤岗集团"))
    place.employer.refresh_from_db()


def away(liu, there):
    liu.employer = an_employer(there, name="鹤岗单位")
    liu.save()


def test_the_office_of_a_claim_finishes_it_when_its_member_has_gone_elsewhere(place, there, liu):
    claim = a_submitted(liu)
    away(liu, there)
    new = a_role("agency_clerk", there)
    assert sees(place.agency(), place.clerk(), place.reviewer(), new) == [True, True, True, False]
    services.return_for_papers(claim=claim, reason="缺票据", by=place.agency(), at=WEDNESDAY)
    services.fill(claim=claim, hospital_name="中心医院", by=place.agency(), at=WEDNESDAY)
    services.resume(claim=claim, by=place.agency(), at=WEDNESDAY + HOUR)
    assert deciding.waiting_for(place.agency()).get() == claim
    adjudication.give_opinion(claim=claim, text="齐", supports=True, by=place.agency(), at=WEDNESDAY + HOUR)
    assert deciding.waiting_for(place.reviewer()).get() == claim


def test_the_office_of_a_claim_finishes_it_when_its_employer_stands_elsewhere(place, there, liu):
    """As it stands where an employer was moved before that was refused, or at the moment at which a claim came in."""
    claim = a_submitted(liu)
    moved(place, there)
    old, new = place.agency(), a_role("agency_clerk", there)
    assert sees(old, new, place.clerk(), place.reviewer()) == [True] * 4
    claim = visible_to(old).get()
    assert deciding.waiting_for(old).get() == claim
    assert not deciding.waiting_for(new).exists()
    pages = [as_staff(by).get(f"/desk/claims/{claim.pk}/").content.decode() for by in (old, new)]
    assert ["初审通过，上报省办" in page for page in pages] == [True, False]
    with pytest.raises(NotAllowed):
        adjudication.give_opinion(claim=claim, text="齐", supports=True, by=new, at=WEDNESDAY)
    adjudication.give_opinion(claim=claim, text="齐", supports=True, by=old, at=WEDNESDAY)
    adjudication.return_for_papers(claim=claim, reason="缺票据", by=place.reviewer(), at=WEDNESDAY)
    services.resume(claim=claim, by=old, at=WEDNESDAY)
    assert claim.state == State.REPORTED


def test_what_ended_before_the_move_is_changed_by_the_office_that_took_it(place, there, wang):
    office = Office(place)
    claim = office.paid(wang).claim
    moved(place, there)
    told = {"anew": None, "reason": "医院退费", "name": "退费单.pdf", "data": PAPER, "at": office.later()}
    old, new = place.agency("周登记"), a_role("agency_clerk", there)
    assert sees(old, new) == [True, True]
    with pytest.raises(NotAllowed):
        reversals.note(claim=Claim.objects.get(pk=claim.pk), by=new, **told)
    change = reversals.note(claim=visible_to(old).get(), by=old, **told)
    assert deciding.changes_visible_to(old).get() == change
    assert deciding.changes_waiting_for(office.reviewer).get() == change


def test_a_draft_on_the_phone_goes_to_the_agency_under_which_its_employer_stands_when_it_is_handed_in(
    place, there, liu
):
    draft = with_papers(with_settlement(a_draft(liu)), by=liu)
    moved(place, there)
    new = a_role("agency_clerk", there)
    claim = services.submit(claim=Claim.objects.get(pk=draft.pk), by=liu, at=WEDNESDAY)
    assert (claim.office, Claim.objects.get().office) == (there, there)
    assert sees(place.agency(), new) == [False, True]
    adjudication.give_opinion(claim=claim, text="齐", supports=True, by=new, at=WEDNESDAY)


def test_an_agency_does_not_see_what_another_has_taken(place, there, liu):
    a_reported(place, liu)
    assert sees(a_role("agency_clerk", there), a_role("auditor", there)) == [False, False]
    assert sees(a_role("auditor", place.city)) == [True]
