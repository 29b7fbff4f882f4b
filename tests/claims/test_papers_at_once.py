"""Papers are marked while the claim is handed in, and two at the same moment: what the claim says of them stays true."""

from functools import partial

import pytest
from django.db import connection

from factories.at_once import in_rounds
from factories.claims import HOUR, WEDNESDAY, a_covered_member, a_draft, with_papers, with_settlement, yichun
from huzhu.adjudication import services as adjudication
from huzhu.adjudication.services import give_opinion
from huzhu.audit.models import Event
from huzhu.claims import papers, services
from huzhu.claims.checklist import is_complete
from huzhu.claims.models import Claim

ROUNDS, NAIVE_ROUNDS = 200, 40
LAST = "diagnosis_proof"
pytestmark = pytest.mark.django_db
only_postgres = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer at a time"
)


def put(claim, clerk, kind=LAST, state="received"):
    return services.put_paper(
        claim=Claim.objects.get(pk=claim.pk), kind=kind, state=state, by=clerk, at=WEDNESDAY
    )


def submit(claim, clerk):
    return services.submit(claim=Claim.objects.get(pk=claim.pk), by=clerk, at=WEDNESDAY)


def drafts(place, rounds, *, lacking):
    """Of one member, of an illness, with the diagnosis and all papers but those lacking."""
    clerk, member = place.agency(), a_covered_member(place)
    found = []
    for _ in range(rounds):
        claim = a_draft(member, by=clerk, channel="counter", kinds=["critical"])
        marks = {kind: ("missing" if kind in lacking else "received", "") for kind in kinds_of(claim)}
        services.put_papers(claim=claim, marks=marks, by=clerk, at=WEDNESDAY)
        found.append(claim)
    return found, clerk


def kinds_of(claim):
    return claim.papers.values_list("kind", flat=True)


def the_last_paper_while_it_is_handed_in(place, rounds):
    found, clerk = drafts(place, rounds, lacking=[LAST])
    return [(partial(submit, one, clerk), partial(put, one, clerk)) for one in found]


def a_paper_found_unclear_while_it_is_handed_in(place, rounds):
    found, clerk = drafts(place, rounds, lacking=[])
    return [(partial(submit, one, clerk), partial(put, one, clerk, state="unclear")) for one in found]


def the_last_two_papers_from_two_desks(place, rounds):
    found, clerk = drafts(place, rounds, lacking=[LAST, "form"])
    for one in found:
        submit(one, clerk)
    return [(partial(put, one, clerk), partial(put, one, clerk, kind="form")) for one in found]


MOMENTS = (
    the_last_paper_while_it_is_handed_in,
    a_paper_found_unclear_while_it_is_handed_in,
    the_last_two_papers_from_two_desks,
)


def untrue(claim):
    """Whether it waits for papers that are there, or went in as complete though a paper had been found unclear before."""
    claim = Claim.objects.get(pk=claim.pk)
    if is_complete(claim):
        return claim.complete_at is None
    return claim.complete_at is not None and last_event(claim, "put_paper") < last_event(claim, "submit")


def last_event(claim, verb):
    return Event.objects.filter(object_id=claim.pk, verb=f"claims.{verb}").latest("pk").pk


def untrue_after(moment, rounds):
    works, claims = moment(yichun(), rounds), Claim.objects.order_by("number")
    answers = in_rounds(works)
    assert [type(one) for pair in answers for one in pair if isinstance(one, Exception)] == []
    return sum(map(untrue, claims))


@pytest.mark.parametrize("moment", MOMENTS)
@only_postgres
@pytest.mark.django_db(transaction=True)
def test_what_a_claim_says_of_its_papers_is_true_in_two_hundred_races(moment):
    assert untrue_after(moment, ROUNDS) == 0


@pytest.mark.parametrize("moment", MOMENTS)
@only_postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_of_the_claim_some_say_what_is_not_so(moment, monkeypatch):
    """The naive twin: read the papers, then write what they said."""
    monkeypatch.setattr(papers, "lock_claim", lambda _: None)
    wrong = untrue_after(moment, NAIVE_ROUNDS)
    print(f"{moment.__name__}: {wrong} of {NAIVE_ROUNDS} claims say what is not so")
    assert wrong > 0


def reported_with_an_unclear_paper(rounds):
    """An opinion and a paper found unclear at one moment; how many claims went up although the paper was marked before."""
    place = yichun()
    found, clerk = drafts(place, rounds, lacking=[])
    sun, works = place.agency("孙代办"), []
    for one in found:
        submit(one, clerk)
        held = Claim.objects.get(pk=one.pk)
        opinion = partial(
            give_opinion, claim=held, text="材料齐全", supports=True, by=sun, at=WEDNESDAY + HOUR
        )
        works.append((opinion, partial(put, one, clerk, state="unclear")))
    in_rounds(works)
    reported = [one for one in Claim.objects.filter(state="reported") if not is_complete(one)]
    return sum(last_event(one, "put_paper") < last_event(one, "advance") for one in reported)


@only_postgres
@pytest.mark.django_db(transaction=True)
def test_no_opinion_passes_over_a_paper_that_is_found_unclear_at_its_moment():
    assert reported_with_an_unclear_paper(ROUNDS) == 0


@only_postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_of_the_claim_some_opinions_do(monkeypatch):
    monkeypatch.setattr(adjudication, "lock_claim", lambda _: None)
    wrong = reported_with_an_unclear_paper(NAIVE_ROUNDS)
    print(f"{wrong} of {NAIVE_ROUNDS} opinions passed over a paper that was marked unclear before")
    assert wrong > 0


# ── what somebody still sees as it was ──


def test_a_paper_marked_by_who_still_sees_a_draft_starts_the_clock(place, liu):
    claim = with_papers(a_draft(liu, kinds=["critical"]), by=liu, but=[LAST])
    clerk, stale = place.agency(), Claim.objects.get(pk=claim.pk)
    services.submit(claim=claim, by=liu, at=WEDNESDAY)
    services.put_paper(claim=stale, kind=LAST, state="received", by=clerk, at=WEDNESDAY + HOUR)
    assert Claim.objects.get(pk=claim.pk).complete_at == WEDNESDAY + HOUR


def test_what_is_handed_in_is_asked_as_it_stands(place, liu):
    """Another kind was added in another window: its papers are wanted, and its fields."""
    claim = with_papers(a_draft(liu, kinds=["critical"]), by=liu)
    stale = Claim.objects.get(pk=claim.pk)
    services.fill(claim=claim, by=liu, at=WEDNESDAY, kinds=["critical", "accident"])
    with pytest.raises(services.FieldsNeedWork, match="意外"):
        services.submit(claim=stale, by=liu, at=WEDNESDAY)
    services.fill(claim=claim, by=liu, at=WEDNESDAY, accident_on="2022-06-20", disability_grade="9")
    assert services.submit(claim=stale, by=liu, at=WEDNESDAY).complete_at is None


def fills(claim, by):
    services.fill(claim=claim, by=by, at=WEDNESDAY, hospital_name="另一家医院")


def puts_the_sheet(claim, by):
    with_settlement(claim, by=by, setl_id="S2")


def drops_a_page(claim, by):
    page = papers.pages_of(claim).first()
    page.paper.claim = claim
    services.drop_page(page=page, by=by, at=WEDNESDAY)


@pytest.mark.parametrize("act", [fills, puts_the_sheet, drops_a_page])
def test_nothing_changes_behind_an_opinion_for_who_still_sees_a_draft(place, liu, act):
    claim = a_draft(liu)
    stale = Claim.objects.get(pk=claim.pk)
    with_papers(with_settlement(claim), by=liu)
    services.submit(claim=claim, by=liu, at=WEDNESDAY)
    give_opinion(claim=claim, text="材料齐全", supports=True, by=place.agency(), at=WEDNESDAY)
    with pytest.raises(services.CannotMove, match="已上报"):
        act(stale, liu)
