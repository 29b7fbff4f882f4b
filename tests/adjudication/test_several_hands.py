"""A run by several hands: the same lines and sums whoever takes which part, and never by what has changed meanwhile."""

import threading
from datetime import date, timedelta

import pytest
from django.db import connection

from factories.bureau import SMALL, a_bureau_claim, quietly
from factories.claims import HOUR, WEDNESDAY, a_covered_member, yichun
from factories.crashing import KILLED, WELL, forked
from factories.enrolment import an_enrolment
from factories.schemes import a_published, the_capped_scheme, the_inpatient_scheme
from factories.users import a_role
from huzhu.adjudication import automatic, deciding, queries, services
from huzhu.adjudication.models import (
    Adjudication,
    AutomaticLine,
    AutomaticRun,
    BenefitResult,
    Decision,
    RunningTotal,
)
from huzhu.audit.models import Event
from huzhu.claims.models import Claim, Settlement
from huzhu.cli.checks import CHECKS
from huzhu.cli.verify import compared
from huzhu.config.work import KINDS
from huzhu.enrolment.models import Enrolment
from huzhu.jobs import services as jobs
from huzhu.jobs.models import JobRun
from huzhu.jobs.working import Clock, do_next
from huzhu.members.models import Member
from huzhu.notices.models import Notice
from huzhu.users.permissions import NotAllowed

LATER = WEDNESDAY + 2 * HOUR
MONTHS = (5, 3, 4)  # not in the order of the events


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(automatic, "SLICE", 2)
    monkeypatch.setattr(automatic, "TOGETHER", 2)


@pytest.fixture
def place():
    return yichun()


def people_with_stays(place, count, scheme=None):
    """Each with three stays, which share a yearly total; of every fourth the second pays nothing."""
    people = [
        a_covered_member(place, f"王{n}", *([scheme] if scheme else []), sex="male") for n in range(count)
    ]
    for number, member in enumerate(people):
        for month in MONTHS:
            paid = "12000.00" if number % 4 == 0 and month == 3 else "10000.00"
            days = {"admitted_on": date(2022, month, 1), "discharged_on": date(2022, month, 9)}
            a_bureau_claim(place, member, figures=SMALL | {"hifp_pay": paid}, **days)
    return people


def backwards(act, by):
    """The last part first, as if others had taken the ones before."""

    def share(parts):
        for part in reversed(parts()):
            act(part=part, by=by, tell=quietly)

    return share


def reviewed(place, by, share=None):
    run = automatic.start(by=by, at=WEDNESDAY)
    return automatic.review(run=run, by=by, at=WEDNESDAY, tell=quietly, share=share)


def confirmed(run, second):
    shown = run.found_count, run.found_fen
    return automatic.settle(run=run, agree=True, reason="", shown=shown, by=second, at=LATER)


def lines_of(run):
    return list(
        run.lines.order_by("place").values_list("place", "claim", "outcome", "amount_fen", "ground", "reason")
    )


@pytest.mark.django_db
class TestTheSame:
    def test_lines_are_the_same_in_whatever_order_parts_are_taken(self, place):
        people_with_stays(place, 5)
        by = place.reviewer()
        alone = reviewed(place, by)
        automatic.drop(run=alone, by=by, at=LATER)
        before = [(*line[:2], line[-1]) for line in lines_of(alone)]
        AutomaticLine.objects.all().delete()
        again = reviewed(place, by)
        one = lines_of(again)
        automatic.drop(run=again, by=by, at=LATER)
        AutomaticLine.objects.all().delete()
        other = lines_of(reviewed(place, by, backwards(automatic.review_part, by)))
        assert one == other
        assert [line[:2] for line in before] == [line[:2] for line in other]
        assert {line[2] for line in one} == {"pays", "left"}

    def test_decisions_are_the_same_in_whatever_order_parts_are_taken(self, place):
        by, second, found = place.reviewer(), place.second(), []
        for share in (None, backwards(automatic.decide_part, second)):
            people = people_with_stays(place, 5, the_capped_scheme())
            run = confirmed(reviewed(place, by), second)
            automatic.take_effect(run=run, by=second, at=LATER, tell=quietly, share=share)
            found.append([self.told(member) for member in people])
            assert AutomaticRun.objects.latest("pk").state == "done"
        assert found[0] == found[1]
        assert len(found[0][1][1]) == 1

    def told(self, member):
        claims = Claim.objects.filter(member=member).order_by("number")
        lines = AutomaticLine.objects.filter(claim__member=member).order_by("place")
        return (
            [
                (claim.state, queries.standing(claim) and queries.standing(claim).total_fen)
                for claim in claims
            ],
            list(
                RunningTotal.objects.filter(member=member).values_list("benefit", "used_fen", "claims_count")
            ),
            list(lines.values_list("outcome", "amount_fen", "reason")),
        )

    def test_one_members_claims_are_in_one_slice(self, place):
        people_with_stays(place, 4)
        run = confirmed(reviewed(place, place.reviewer()), place.second())
        homes = {}
        for number, (first, last, count) in enumerate(automatic._slices_to_decide(run)):
            lines = run.lines.filter(outcome="pays", place__range=(first, last))
            assert lines.count() == count
            for member in lines.values_list("claim__member", flat=True):
                assert homes.setdefault(member, number) == number
        assert len(homes) == 4

    def test_a_claim_that_came_after_the_work_was_parted_waits_for_the_next_run(self, place):
        people_with_stays(place, 3)
        by = place.reviewer()

        def share(parts):
            todo = parts()
            days = {"admitted_on": date(2022, 2, 1), "discharged_on": date(2022, 2, 9)}
            for member in Member.objects.filter(claims__isnull=False).distinct():
                a_bureau_claim(place, member, **days)
            for part in todo:
                automatic.review_part(part=part, by=by, tell=quietly)

        run = reviewed(place, by, share)
        places = list(run.lines.values_list("place", flat=True))
        assert sorted(places) == list(range(1, 10))
        assert automatic.waiting(place.province).exclude(automatic_lines__run=run).count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["agency_clerk", "payment_maker", "auditor"])
def test_a_part_is_done_in_the_name_of_who_may_do_the_whole(place, code):
    people_with_stays(place, 1)
    run = automatic.start(by=place.reviewer(), at=WEDNESDAY)
    stranger = a_role(code, place.province)
    [part] = automatic._parts(run, WEDNESDAY, automatic._slices_to_review)
    for act in (automatic.review_part, automatic.decide_part):
        with pytest.raises(NotAllowed):
            act(part=part, by=stranger, tell=quietly)
    assert not AutomaticLine.objects.exists()


# ── what changes between the reading and the locks ──


def a_person_decides(claim):
    services.decide(claim=claim, verdict="pay", reason="", by=claim.reviewer, at=LATER)


def an_earlier_one_is_decided(claim):
    other = Claim.objects.filter(member=claim.member).exclude(pk=claim.pk).get()
    services.decide(claim=other, verdict="pay", reason="", by=claim.reviewer, at=LATER)


def a_total_grows(claim):
    RunningTotal.objects.create(
        member=claim.member, scheme_slug="harbin-80", cover_starts_on=date(2022, 1, 28), benefit="inpatient",
        used_fen=799_999, cap_fen=800_000,
    )  # fmt: skip


def other_figures(claim):
    sheet = Settlement.objects.get(claim=claim)
    sheet.figures = sheet.figures.replace("10000.00", "9000.00")
    sheet.save(update_fields=["figures"])


def of(claim):
    return Enrolment.objects.filter(member=claim.member)


def moved(claim, edition):
    of(claim).update(edition=edition, scheme_slug=edition.slug)


CHANGES = {
    "figures": (other_figures, "资料有变动"),
    "reversed": (lambda claim: Settlement.objects.filter(claim=claim).update(reversed_at=LATER), "0.00 元"),
    "settled": (
        lambda claim: Settlement.objects.filter(claim=claim).update(settled_at=LATER - timedelta(days=30)),
        "资料有变动",
    ),
    "claim": (
        lambda claim: Claim.objects.filter(pk=claim.pk).update(admitted_on=date(2022, 6, 19)),
        "资料有变动",
    ),
    "state": (lambda claim: Claim.objects.filter(pk=claim.pk).update(state="returned"), "不再等待核定"),
    "account": (lambda claim: Claim.objects.filter(pk=claim.pk).update(account=None), "没有收款账户"),
    "cover": (
        lambda claim: of(claim).update(covered_since_on=date(2021, 1, 28)),
        "资料有变动",
    ),
    "no cover": (lambda claim: of(claim).update(state="ended"), "没有生效的保障"),
    "later cover": (lambda claim: of(claim).update(cover_starts_on=date(2022, 6, 21)), "没有生效的保障"),
    "more cover": (lambda claim: an_enrolment(claim.member, the_inpatient_scheme()), "资料有变动"),
    "scheme": (lambda claim: moved(claim, the_inpatient_scheme()), "资料有变动"),
    "sex": (lambda claim: Member.objects.filter(pk=claim.member_id).update(sex="female"), "资料有变动"),
    "total": (a_total_grows, "封顶 8,000.00 元"),
    "person": (a_person_decides, "已由别人办理"),
    "earlier": (an_earlier_one_is_decided, "资料有变动"),
}


def changed_meanwhile(place, monkeypatch, change, scheme, name=""):
    """The lines of two claims after a run whose first claim was changed between the reading and the locks."""
    wang, other = (a_covered_member(place, who, scheme, sex="male") for who in ("王小明", "李强"))
    claim, beside = a_bureau_claim(place, wang), a_bureau_claim(place, other)
    claim.reviewer = place.reviewer("王另")
    run = confirmed(reviewed(place, place.reviewer()), place.second())
    if name == "earlier":
        days = {"admitted_on": date(2022, 3, 1), "discharged_on": date(2022, 3, 9)}
        a_bureau_claim(place, wang, **days)
    read, wrote, locked = deciding._reading, deciding.others_wrote, []

    def reading(*given, **more):
        found = read(*given, **more)
        if not locked:
            change(claim)
        locked.append(more.get("locks", False))
        return found

    monkeypatch.setattr(deciding, "_reading", reading)
    monkeypatch.setattr(deciding, "others_wrote", lambda: wrote() and wrote() + len(locked))
    automatic.take_effect(run=run, by=place.second("赵二"), at=LATER, tell=quietly)
    assert locked == [False, True]
    line, untouched = run.lines.get(claim=claim), run.lines.get(claim=beside)
    by_run = Decision.objects.filter(claim=claim, decided_by=run.started_by)
    assert by_run.exists() == (line.outcome == "decided")
    return line, untouched


@pytest.mark.django_db
@pytest.mark.parametrize("name", CHANGES)
def test_what_changed_since_it_was_worked_out_is_worked_out_again(place, monkeypatch, name):
    change, why = CHANGES[name]
    line, untouched = changed_meanwhile(place, monkeypatch, change, the_capped_scheme(), name)
    assert why in line.reason
    assert (line.outcome, untouched.outcome) == ("left", "decided")


@pytest.mark.django_db
def test_what_was_moved_to_a_reading_that_pays_the_same_is_left_to_a_person(place, monkeypatch):
    """By reading C the cap of the base is the base; here both come to 1,200 yuan, and are not the same working."""

    def to_reading_c(claim):
        moved(claim, a_published("yichun-120", "C"))
        assert services.evaluate(claim=claim).total_fen == 120_000

    line, untouched = changed_meanwhile(place, monkeypatch, to_reading_c, the_inpatient_scheme())
    assert "资料有变动" in line.reason
    assert (line.outcome, untouched.outcome, untouched.amount_fen) == ("left", "decided", 120_000)


@pytest.mark.django_db
def test_a_new_certificate_is_worked_out_again_and_changes_nothing(place, monkeypatch):
    """Paid by the enrolment as it stands at the commit, with its own facts and edition."""
    again, slices = deciding.Slice, []
    monkeypatch.setattr(deciding, "Slice", lambda *given: slices.append(given[1]) or again(*given))

    def certified_anew(claim):
        of(claim).update(certificate_no="2022-NEU")

    line, untouched = changed_meanwhile(place, monkeypatch, certified_anew, the_capped_scheme())
    assert (line.outcome, untouched.outcome, len(slices)) == ("decided", "decided", 2)
    kept = Adjudication.objects.get(decision__claim=line.claim)
    assert (kept.enrolment, kept.total_fen) == (of(line.claim).get(), line.amount_fen)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("changes", [True, False])
def test_it_is_read_again_unless_the_engine_knows_that_nobody_has_written(place, monkeypatch, changes):
    people_with_stays(place, 2)
    run = confirmed(reviewed(place, place.reviewer()), place.second())
    claim = run.lines.filter(outcome="pays").first().claim
    read, locked = deciding._reading, []

    def reading(*given, **more):
        found = read(*given, **more)
        if changes and not locked:
            in_another_connection(lambda: other_figures(claim))
        locked.append(more.get("locks", False))
        return found

    monkeypatch.setattr(deciding, "_reading", reading)
    automatic.take_effect(run=run, by=place.second("赵二"), at=LATER, tell=quietly)
    assert run.lines.get(claim=claim).outcome == ("left" if changes else "decided")
    knows = connection.vendor == "sqlite"
    assert locked[:2] == ([False, False] if knows and not changes else [False, True])
    assert any(locked) != (knows and not changes)


def in_another_connection(act):
    def work():
        act()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


# ── as work of the queue ──


def as_work(kind, run, by):
    return jobs.ask(kind=kind, about=run.pk, title="免申即享", by=by, at=WEDNESDAY)


def clock(minutes=0):
    from django.utils import timezone  # noqa: PLC0415

    return Clock(at=lambda: LATER, real=lambda: timezone.now() + timedelta(minutes=minutes))


@pytest.mark.django_db
def test_dropped_while_parts_are_done_nothing_is_decided_and_the_work_says_why(place, monkeypatch):
    people_with_stays(place, 4)
    by = place.reviewer()
    run = automatic.start(by=by, at=WEDNESDAY)
    job = as_work("automatic.review", run, by)
    reviewed_so_far, act = [], automatic._reviewed

    def reviewing(*given):
        if len(reviewed_so_far) == 1:
            automatic.drop(run=AutomaticRun.objects.get(pk=run.pk), by=by, at=LATER)
        reviewed_so_far.append(given)
        act(*given)

    monkeypatch.setattr(automatic, "_reviewed", reviewing)
    do_next(KINDS, worker="w", clock=clock())
    job.refresh_from_db()
    assert job.state == "failed"
    assert "已作废" in job.words
    assert not JobRun.objects.unfinished().exists()
    assert set(run.lines.values_list("outcome", flat=True)) == {"left"}


@pytest.mark.django_db(transaction=True)
def test_two_workers_killed_again_and_again_decide_every_claim_once(place):
    people_with_stays(place, 4)
    by, second = place.reviewer(), place.second()
    run = automatic.start(by=by, at=WEDNESDAY)
    claims = Claim.objects.count()
    ends = by_two_hands(as_work("automatic.review", run, by))
    run.refresh_from_db()
    assert run.lines.count() == claims
    confirmed(run, second)
    ends += by_two_hands(as_work("automatic.effect", run, second))
    assert ends.count(KILLED) >= 4
    assert AutomaticRun.objects.get().state == "done"
    decided = set(run.lines.filter(outcome="decided").values_list("claim", flat=True))
    assert len(decided) == run.found_count == 11
    assert sorted(Decision.objects.values_list("claim", flat=True)) == sorted(decided)
    assert Event.objects.filter(verb="automatic.decide").count() == len(decided)
    assert Notice.objects.filter(purpose="decision").count() == len(decided)
    assert BenefitResult.objects.count() == len(decided)
    assert not [one.title for one in map(compared, CHECKS) if one.differing]


def by_two_hands(job):
    """Two workers at a time, each killed a little later than the two before, until the work has ended; how they ended."""
    ends = []
    for minutes, fuses in enumerate(((13, 19), (31, 47), (63, 90), (10_000, 160), (10_000, 10_000))):
        names = iter((f"a{minutes}", f"b{minutes}"))

        def work(minutes=minutes, names=names):
            while JobRun.objects.get(pk=job.pk).state not in {"done", "failed"}:
                do_next(KINDS, worker=f"{next(names, 'c')}{minutes}", clock=clock(minutes))

        ends += forked(work, *fuses)
        if WELL in ends:
            break
    job.refresh_from_db()
    assert job.state == "done", job.words
    return ends
