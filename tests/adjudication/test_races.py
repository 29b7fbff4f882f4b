"""Two people at the same moment: one claim, one cap. Threads, on both databases."""

from collections.abc import Callable
from datetime import date
from threading import Barrier, Thread

import pytest
from django.db import connection

from factories.adjudication import a_reported
from factories.claims import HOUR, WEDNESDAY, a_covered_member, a_draft, with_settlement, yichun
from factories.schemes import the_capped_scheme
from huzhu.adjudication import services, totals
from huzhu.adjudication.models import Decision, RunningTotal
from huzhu.claims import services as claims
from huzhu.claims.models import Claim, State

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5
rounds_of = pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(200, marks=pytest.mark.long)])
LATER = WEDNESDAY + 2 * HOUR


def together(*works: Callable[[], object]) -> list[object]:
    """Run them at the same moment, each with its own connection; what each gave or raised."""
    found: list[object] = [None] * len(works)
    ready = Barrier(len(works))

    def run(place: int, work: Callable[[], object]) -> None:
        try:
            ready.wait(timeout=10)
            found[place] = work()
        except Exception as error:
            found[place] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=(place, work)) for place, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return found


def decide(claim, by, **more):
    return services.decide(
        claim=Claim.objects.get(pk=claim.pk), verdict="pay", reason="", by=by, at=LATER, **more
    )


def a_capped_claim(place, member, number, first, last):
    return a_reported(
        place,
        member,
        kinds=["inpatient"],
        setl_id=f"S{number}",
        admitted_on=first,
        discharged_on=last,
        figures={"inscp_scp_amt": "20000", "act_pay_dedc": "0", "hifp_pay": "10000"},
    )


@rounds_of
def test_two_reviewers_on_one_claim_make_one_decision(rounds):
    place = yichun()
    reviewers = [place.reviewer("张审核"), place.reviewer("李审核")]
    for number in range(rounds):
        liu = a_covered_member(place)
        claim = a_reported(
            place,
            liu,
            kinds=["inpatient"],
            setl_id=f"R{number}",
            admitted_on=date(2022, 3, 1),
            discharged_on=date(2022, 3, 2),
        )
        found = together(*(lambda by=by, claim=claim: decide(claim, by) for by in reviewers))
        kinds = sorted(type(one).__name__ for one in found)
        assert kinds == ["AlreadyDecided", "Decision"]
        assert Decision.objects.filter(claim=claim).count() == 1


@rounds_of
def test_two_claims_against_one_cap_never_pay_above_it(rounds):
    place = yichun()
    for number in range(rounds):
        wang = a_covered_member(place, f"王小明{number}", the_capped_scheme(), sex="male")
        pair = [
            a_capped_claim(place, wang, f"{number}a", date(2022, 3, 1), date(2022, 3, 9)),
            a_capped_claim(place, wang, f"{number}b", date(2022, 5, 1), date(2022, 5, 9)),
        ]
        shown = [services.evaluate(claim=claim) for claim in pair]
        assert [one.total_fen for one in shown] == [500_000, 500_000]
        reviewers = [place.reviewer("张审核"), place.reviewer("李审核")]
        found = together(
            *(
                lambda claim=claim, by=by, seen=seen: decide(claim, by, shown=seen.digest)
                for claim, by, seen in zip(pair, reviewers, shown, strict=True)
            )
        )
        assert sorted(type(one).__name__ for one in found) in (
            ["Decision", "OutcomeChanged"],
            ["Decision", "OverTheCap"],
        )
        row = RunningTotal.objects.get(member=wang, benefit="inpatient")
        assert row.used_fen == 500_000


def test_without_the_locks_the_database_itself_refuses_what_is_above_the_cap(monkeypatch):
    """The naive twin: on PostgreSQL both work from the old sum, and the row's CHECK stops the second."""
    monkeypatch.setattr(claims, "lock_member", lambda claim: claim.member)
    monkeypatch.setattr(totals, "_locked", lambda members: RunningTotal.objects.filter(member__in=members))
    place = yichun()
    stopped = []
    for number in range(ROUNDS):
        wang = a_covered_member(place, f"王小明{number}", the_capped_scheme(), sex="male")
        pair = [
            a_capped_claim(place, wang, f"{number}a", date(2022, 3, 1), date(2022, 3, 9)),
            a_capped_claim(place, wang, f"{number}b", date(2022, 5, 1), date(2022, 5, 9)),
        ]
        found = together(
            lambda pair=pair: decide(pair[0], place.reviewer("张审核"), shown=seen(pair[0])),
            lambda pair=pair: decide(pair[1], place.reviewer("李审核"), shown=seen(pair[1])),
        )
        stopped += [type(one).__name__ for one in found if not isinstance(one, Decision)]
        assert RunningTotal.objects.get(member=wang, benefit="inpatient").used_fen <= 800_000
    if connection.vendor == "postgresql":
        assert "IntegrityError" in stopped


def seen(claim) -> str:
    return services.evaluate(claim=claim).digest


def test_one_claim_submitted_twice_at_once_is_submitted_once():
    place = yichun()
    liu = a_covered_member(place)
    claim = with_settlement(a_draft(liu))

    def submit():
        return claims.submit(claim=Claim.objects.get(pk=claim.pk), by=liu, at=WEDNESDAY)

    found = together(submit, submit)
    assert sorted(type(one).__name__ for one in found) == ["CannotMove", "Claim"]


def test_two_drafts_of_one_stay_handed_in_at_once_become_one_claim():
    place = yichun()
    liu = a_covered_member(place)
    drafts = [a_draft(liu), a_draft(liu, admitted_on=date(2022, 7, 1))]

    def submit(draft):
        return claims.submit(claim=Claim.objects.get(pk=draft.pk), by=liu, at=WEDNESDAY)

    found = together(*(lambda draft=draft: submit(draft) for draft in drafts))
    assert sorted(type(one).__name__ for one in found) == ["Claim", "ClaimedBefore"]
    assert Claim.objects.filter(state=State.SUBMITTED).count() == 1


def test_the_same_settlement_put_in_twice_at_once_is_kept_once():
    place = yichun()
    people = [a_covered_member(place, name) for name in ("刘女士", "王小明")]
    drafts = [a_draft(person) for person in people]
    found = together(*(lambda draft=draft: with_settlement(draft, setl_id="S1") for draft in drafts))
    assert sorted(type(one).__name__ for one in found) == ["Claim", "ClaimedBefore"]


def test_numbers_taken_at_once_are_all_different():
    place = yichun()
    liu = a_covered_member(place)

    def start():
        return claims.start(
            member=liu, channel="phone", applicant="self", applicant_name="", by=liu, at=WEDNESDAY
        )

    found = together(*[start] * 6)
    assert sorted(claim.number for claim in found) == [f"2022-{n:06d}" for n in range(1, 7)]
