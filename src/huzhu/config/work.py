"""What a worker does: the kinds of long work, and what it takes at intervals, each a verb of a room."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.urls import reverse
from django.utils import timezone

from huzhu.adjudication import automatic, workings
from huzhu.adjudication import bureau as taking
from huzhu.adjudication.models import AutomaticRun
from huzhu.audit import idempotency
from huzhu.audit import services as audit
from huzhu.claims import bureau
from huzhu.contributions import approving, lapsing
from huzhu.contributions import services as contributions
from huzhu.contributions.splits import SplitOverFee
from huzhu.enrolment import approval, beginning, difference, errors, printing, reminding, renewal
from huzhu.enrolment import services as enrolment
from huzhu.enrolment.certificate import NotInForce
from huzhu.enrolment.models import Renewal, Roster
from huzhu.enrolment.paper import GlyphMissing
from huzhu.files import queries as kept
from huzhu.files import services as files
from huzhu.files.contents import NotAccepted
from huzhu.files.tables import TableRefused
from huzhu.jobs.models import JobRun
from huzhu.jobs.working import Clock, Kind, Tell, Work
from huzhu.members import signed_lists
from huzhu.members.consents import ConsentRefused
from huzhu.payouts import services as payouts
from huzhu.reconciliation import services as reconciliation
from huzhu.setup import tree_sheet
from huzhu.users.permissions import NotAllowed
from huzhu.web import clock


def read_roster(run: JobRun, at: datetime, tell: Tell) -> dict[str, Any]:
    """A large sheet becomes rows to look at."""
    enrolment.read_in(roster=_roster(run), by=run.asked_by, at=at, tell=tell)
    return {}


def accept_roster(run: JobRun, at: datetime, tell: Tell) -> dict[str, Any]:
    """A large roster becomes cover; where its rows have changed meanwhile, they are judged again."""
    roster, good_only = _roster(run), bool(run.arguments.get("good_only"))
    try:
        dues = contributions.accept_roster(
            roster=roster, good_only=good_only, by=run.asked_by, at=at, tell=tell
        )
    except enrolment.RowsChanged:
        enrolment.judge_again(roster=roster, by=run.asked_by, at=at)
        raise
    heads = max((due.heads for due in dues), default=0)
    return {"words": f"已确认，{heads:,} 人参加。会费到齐后保障生效。"}


def approve_roster(run: JobRun, at: datetime, tell: Tell) -> dict[str, Any]:
    """The last office's word on a large roster, and its acceptance."""
    try:
        dues = approving.approve_roster(roster=_roster(run), by=run.asked_by, at=at, tell=tell)
    except enrolment.RowsChanged:
        raise enrolment.RosterRefused(approval.CHANGED_MEANWHILE) from None
    heads = max((due.heads for due in dues), default=0)
    return {"words": f"已同意，{heads:,} 人参加。会费到齐后保障生效。"}


def judge_roster(run: JobRun, at: datetime, tell: Tell) -> dict[str, Any]:
    """Every row of a large roster that came back is looked at again."""
    enrolment.judge_again(roster=_roster(run), by=run.asked_by, at=at, tell=tell)
    return {}


def mend_roster(run: JobRun, at: datetime, tell: Tell) -> dict[str, Any]:
    """A large workbook of errors that came back."""
    roster, file = _roster(run), kept.by_key(run.arguments["file"])
    tell(0, 0, "正在打开文件")
    changes = errors.mended(roster, files.read(file), file.name)
    left = enrolment.mend(roster=roster, changes=changes, by=run.asked_by, at=at, tell=tell)
    return {"words": f"错误表里的 {len(changes):,} 行已更新。还有 {left:,} 行有问题。"}


def write_errors(run: JobRun, at: datetime, tell: Tell) -> dict[str, Any]:
    """The workbook of a large roster's errors, to be fetched by who asked for it."""
    roster = _roster(run)
    enrolment.note_reading(roster=roster, by=run.asked_by, at=at)
    data, name = errors.workbook(roster, tell), f"错误表 {roster.employer.name}.xlsx"
    stored = files.store(name=name, data=data, purpose="roster errors", by=run.asked_by, at=at)
    return {"file": str(stored.pk), "words": "错误表做好了：改好标红的格子，再从名册那一页传回来。"}


def reckon_renewal(run: JobRun, at: datetime, tell: Tell) -> dict[str, Any]:  # noqa: ARG001  the same for all kinds
    """What a large renewal changes, kept with the run for the page that asked."""
    found = Renewal.objects.select_related("employer").get(pk=run.about)
    kept = difference.difference(found, tell).summed(difference.MOST_KEPT)
    counts = {name: one["count"] for name, one in kept["lists"].items()}
    words = f"算好了：续保 {counts['staying']:,} 人，新增 {counts['joining']:,} 人，退出 {counts['leaving']:,} 人。"
    return {"words": words, "difference": kept}


def submit_renewal(run: JobRun, at: datetime, tell: Tell) -> dict[str, Any]:
    """A large renewal becomes its rosters."""
    found = Renewal.objects.select_related("employer").get(pk=run.about)
    rosters = renewal.submit(renewal=found, by=run.asked_by, at=at, tell=tell)
    return {"words": f"已提交，分成 {len(rosters)} 份名册，请逐份核对并确认。"}


def take_tree(run: JobRun, at: datetime, tell: Tell) -> dict[str, Any]:
    """A large tree from a spreadsheet, all of it or nothing."""
    done = tree_sheet.take(file=kept.by_key(run.about), by=run.asked_by, at=at, tell=tell)
    return {"words": done.said}


def print_certificates(run: JobRun, at: datetime, tell: Tell) -> dict[str, Any]:
    """The certificates of a roster, or of all that the asker sees, as one file."""
    asked = run.arguments
    return printing.certificates_of(
        by=run.asked_by, roster=asked.get("roster"), address=asked["address"], at=at, tell=tell
    )


def take_settlements(run: JobRun, at: datetime, tell: Tell) -> dict[str, Any]:
    """The bureau's settlement records become complete claims."""
    file = kept.by_key(run.about)
    tell(0, 0, "正在打开文件")
    found = bureau.records(files.read(file), file.name)
    done = taking.take_in(found=found, by=run.asked_by, at=at, tell=tell)
    words = (
        f"转入 {done['taken']:,} 件；先前已在的 {done['known']:,} 件；没有转入 {done['refused_count']:,} 行。"
    )
    if done["changed"]:
        words += f"结算作废或更正 {done['changed']:,} 件，在“更正”里等省办重算。"
    return done | {"words": words, "address": reverse("web:settlements-file", args=[run.pk])}


def take_consents(run: JobRun, at: datetime, tell: Tell) -> dict[str, Any]:
    """A long list of members who signed the consent paper, with the scan of their signatures."""
    file, paper = kept.by_key(run.about), kept.by_key(run.arguments["paper"])
    tell(0, 0, "正在打开名单")
    done = signed_lists.take(
        data=files.read(file),
        name=file.name,
        paper=(paper.name, files.read(paper)),
        by=run.asked_by,
        at=at,
        tell=tell,
    )
    return {"words": done.said}


def review_automatic(run: JobRun, at: datetime, work: Work) -> dict[str, Any]:
    """What a machine may pay of what waits, and why not the rest."""
    share = partial(work.together, "automatic.review.part", words="正在核算")
    done = automatic.review(run=_automatic(run), by=run.asked_by, at=at, tell=work, share=share)
    return {"words": f"可以自动给付 {done.found_count:,} 件，等第二人确认。"}


def review_part(run: JobRun, at: datetime, tell: Tell) -> dict[str, Any]:  # noqa: ARG001  the same for all kinds
    """Some of the claims of such a run."""
    automatic.review_part(part=run.arguments, by=run.asked_by, tell=tell)
    return {}


def decide_automatic(run: JobRun, at: datetime, work: Work) -> dict[str, Any]:
    """What was confirmed takes effect."""
    share = partial(work.together, "automatic.effect.part", words="正在核定")
    automatic.take_effect(run=_automatic(run), by=run.asked_by, at=at, tell=work, share=share)
    return {"words": "已核定，正在安排发放。"}


def decide_part(run: JobRun, at: datetime, tell: Tell) -> dict[str, Any]:  # noqa: ARG001  the same for all kinds
    """Some of its decisions."""
    automatic.decide_part(part=run.arguments, by=run.asked_by, tell=tell)
    return {}


def _automatic(run: JobRun) -> AutomaticRun:
    return AutomaticRun.objects.select_related("organisation").get(pk=run.about)


def _roster(run: JobRun) -> Roster:
    return Roster.objects.select_related("employer", "file").get(pk=run.about)


READ_ON = "已经停下，没有人参加。分出的名册在“名册”里，可以接着读，也可以作废。"
KINDS: Mapping[str, Kind] = {
    "rosters.read": Kind(read_roster, refusals=(TableRefused, enrolment.RosterRefused, NotAllowed)),
    "rosters.accept": Kind(accept_roster, refusals=(enrolment.RosterRefused, SplitOverFee, NotAllowed)),
    "rosters.approve": Kind(approve_roster, refusals=(enrolment.RosterRefused, SplitOverFee, NotAllowed)),
    "rosters.judge": Kind(judge_roster, refusals=(enrolment.RosterRefused, NotAllowed)),
    "rosters.mend": Kind(
        mend_roster,
        refusals=(TableRefused, enrolment.RosterRefused, NotAllowed),
        called_off="已经停下：改好的行保留，其余没有动。再试一次会接着改。",
    ),
    "rosters.errors": Kind(write_errors, refusals=(NotAccepted,)),
    "renewals.difference": Kind(reckon_renewal, refusals=(enrolment.RosterRefused,)),
    "renewals.submit": Kind(
        submit_renewal, refusals=(enrolment.RosterRefused, NotAllowed), called_off=READ_ON
    ),
    "setup.tree": Kind(take_tree, refusals=(tree_sheet.TreeRefused, TableRefused, NotAllowed)),
    "settlements.import": Kind(
        take_settlements,
        refusals=(TableRefused, NotAllowed),
        called_off="已经停下：已转入的申请保留，其余没有动。再试一次会接着转入。",
    ),
    "consents.take": Kind(
        take_consents,
        refusals=(TableRefused, NotAccepted, ConsentRefused, NotAllowed),
        called_off="已经停下：登记过的同意保留，其余没有动。再试一次会接着登记。",
    ),
    "automatic.review": Kind(
        review_automatic,
        refusals=(*automatic.REFUSALS, NotAllowed),
        called_off="已经停下，还没有核定任何申请。再试一次会接着核算，也可以作废这一批。",
    ),
    "automatic.effect": Kind(
        decide_automatic,
        refusals=(*automatic.REFUSALS, NotAllowed),
        called_off="已经停下：核定过的有效，其余没有动。再试一次会接着核定。",
    ),
    "automatic.review.part": Kind(review_part, refusals=(*automatic.REFUSALS, NotAllowed)),
    "automatic.effect.part": Kind(decide_part, refusals=(*automatic.REFUSALS, NotAllowed)),
    "certificates.print": Kind(print_certificates, refusals=(NotInForce, GlyphMissing)),
}


def _business_time() -> datetime:
    return clock.now()  # looked up at each call: a test moves it


CLOCK = Clock(at=_business_time, real=timezone.now)


def schedule_payouts(at: datetime) -> None:
    """Final decisions get their payouts."""
    payouts.schedule(at=at)


def write_workings(at: datetime) -> None:  # noqa: ARG001  the same for all that is done at intervals
    """Workings that an automatic run has put off are written down."""
    workings.write()


def hold_payouts(at: datetime) -> None:
    """What a bank has not answered in time is in doubt."""
    payouts.hold_unanswered(at=at)


def seal_trail(at: datetime) -> None:
    """What was audited since the last time is chained."""
    audit.seal(at=at)


def begin_cover(at: datetime) -> None:
    """Large rosters whose money is in come in force."""
    beginning.begin_what_waits(at=at)


def forget_keys(at: datetime) -> None:
    """Keys of requests that nobody will send again."""
    idempotency.forget(at=at)


def remind_members(at: datetime) -> None:
    """Whose cover ends hears of it, once for each step."""
    reminding.remind(at=at)


def reconcile(at: datetime) -> None:
    """Books, payouts and bank are held against each other, whether anybody asks or not."""
    reconciliation.run_all(at=at)


def lapse_applications(at: datetime) -> None:
    """Who was approved and has not paid hears of it, and loses the place when the days are over."""
    lapsing.lapse_what_nobody_paid(at=at)


# seconds between two times, and the verb
INTERVALS: tuple[tuple[float, Callable[[datetime], object]], ...] = (
    (2.0, schedule_payouts),
    (2.0, begin_cover),
    (2.0, write_workings),
    (60.0, seal_trail),
    (600.0, hold_payouts),
    (3600.0, lapse_applications),
    (6 * 3600.0, remind_members),
    (24 * 3600.0, reconcile),
    (6 * 3600.0, forget_keys),
)
