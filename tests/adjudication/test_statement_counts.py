"""How many SQL statements an act takes; a number that grows is a read inside a loop. SAVEPOINTs of the tests are not counted."""

from datetime import date, timedelta

import pytest
from django.db import connection

from factories.bureau import SMALL, a_record, consenting, quietly, taken_in
from factories.claims import HOUR, SETTLED_AT, WEDNESDAY, a_covered_member, yichun
from factories.statements import sent
from huzhu.adjudication import automatic, services
from huzhu.claims.checklist import wanted
from huzhu.claims.counter import receive
from huzhu.claims.models import Claim
from huzhu.claims.settlement import Sheet

pytestmark = pytest.mark.django_db
# counter, opinion, decision, whether it is a member's first claim or a later one; SQLite's writers are alone and need no lock
EACH = {"sqlite": (4, 4, 3), "postgresql": (4, 4, 4)}[connection.vendor]
DAY, NO_DAY = timedelta(days=1), timedelta()


def at_the_counter(member, by, number, later=NO_DAY):
    return receive(
        member=member,
        kinds=["inpatient"],
        hospital_name="医院",
        admitted_on=date(2022, 6, 20) + later,
        discharged_on=date(2022, 7, 10) + later,
        sheet=Sheet(number, SMALL, SETTLED_AT),
        marks={paper.kind: ("received", "") for paper in wanted(["inpatient"])},
        by=by,
        at=WEDNESDAY,
    )


def test_one_claim_from_the_counter_to_its_decision():
    place = yichun()
    people = [a_covered_member(place, name, sex="male") for name in ("王小明", "李强")]
    clerk, agency, reviewer = place.agency(), place.agency("孙代办"), place.reviewer()
    walks = [(people[0], NO_DAY), (people[1], NO_DAY), (people[1], -40 * DAY)]  # the first reads the schemes
    found = []
    for number, (member, later) in enumerate(walks):
        with sent() as taking:
            claim = at_the_counter(member, clerk, f"S{number}", later)
        with sent() as opining:
            services.give_opinion(claim=claim, text="材料齐全", supports=True, by=agency, at=WEDNESDAY)
        with sent() as deciding:
            services.decide(claim=claim, verdict="pay", reason="", by=reviewer, at=WEDNESDAY + HOUR)
        found.append((len(taking), len(opining), len(deciding)))
    assert found[1:] == [EACH, EACH]


def test_a_slice_of_a_run_takes_the_same_whatever_its_size():
    place = yichun()
    counts = []
    for size in (1, 12):
        people = [a_covered_member(place, f"王{size}{n}", sex="male") for n in range(size)]
        reviewer, second = place.reviewer(), place.second()
        consenting(*people)
        with sent() as entering:
            taken_in(place, *(a_record(member) for member in people), agreed=False)
        run = automatic.start(by=reviewer, at=WEDNESDAY)
        with sent() as reviewing:
            run = automatic.review(run=run, by=reviewer, at=WEDNESDAY, tell=quietly)
        shown = run.found_count, run.found_fen
        automatic.settle(run=run, agree=True, reason="", shown=shown, by=second, at=WEDNESDAY)
        with sent() as deciding:
            automatic.take_effect(run=run, by=second, at=WEDNESDAY, tell=quietly)
        counts.append((len(entering), len(reviewing), len(deciding)))
    assert Claim.objects.filter(state="decided").count() == 13
    one, many = counts
    assert all(more <= fewer + 1 for fewer, more in zip(one, many, strict=True)), counts
    assert sum(many) / 12 <= 12, counts
