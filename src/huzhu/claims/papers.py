"""The checklist of one claim: laid out for its kinds, marked paper by paper; complete papers start the clock."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar
from uuid import uuid4

from django.db import transaction
from django.db.models import Max, QuerySet, prefetch_related_objects

from huzhu.audit import services as audit
from huzhu.claims.checklist import CERTIFICATE, FORM, PAPERS, Held, Line, Paper, is_complete, lacking, wanted
from huzhu.claims.kinds import LABELS
from huzhu.claims.lifecycle import EDITABLE, CannotMove
from huzhu.claims.models import Claim, Evidence, Page, State
from huzhu.db.asked import Asked
from huzhu.db.rows import Ready, composed, insert
from huzhu.enrolment.queries import Cover
from huzhu.files import photos
from huzhu.files.contents import kind_of
from huzhu.files.models import StoredFile
from huzhu.files.services import discard, read, store
from huzhu.members.models import Member
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed, check_may

OPEN = (*EDITABLE, State.REPORTED)
MOST_PAGES = 9
COMPLETE = "claims.papers_complete"
# what others can change before the claim is decided
STANDS = [
    *("state", "complete_at", "reported_at"),
    *("account_id" if name == "account" else name for name in LABELS),
]
Marks = Mapping[str, tuple[str, str]]  # kind → (state, reason)
One = TypeVar("One", Evidence, Line)
SHOWN = ("image/jpeg", "image/png", "application/pdf")  # what a page can show beside the fields


class PapersMissing(ValueError):
    """Papers are still wanted."""


class PaperUnfit(ValueError):
    """The mark cannot be made: no such paper, no file or no reason."""


def lock_claim(claim: Claim) -> None:
    """Until the transaction ends nobody else marks its papers, fills in its fields or moves it; it is read anew.

    Whether papers are complete is asked after this. Whoever locks the member as well does that first.
    """
    found = _STANDS(claim.pk)
    if not found:
        raise Claim.DoesNotExist(f"申请 {claim.number} 已经不在了。")
    for name, value in zip(STANDS, found[0], strict=True):
        setattr(claim, name, value)
    _forget(claim)


_STANDS = Asked(
    lambda claim: Claim.objects.select_for_update(no_key=True).filter(pk=claim).values_list(*STANDS)
)


def lay_out(claim: Claim) -> None:
    """A line for every paper wanted; a line no longer wanted goes, unless something was put there."""
    papers = wanted(claim.kinds)
    held = {kind for (kind,) in _KINDS(claim.pk)}
    new = [(uuid4(), claim.pk, paper.kind, paper.label) for paper in papers if paper.kind not in held]
    insert(Evidence, ("id", "claim", "kind", "label"), new)
    if unwanted := held - {paper.kind for paper in papers}:
        empty = Evidence.objects.filter(claim=claim, kind__in=unwanted, state=Evidence.State.MISSING)
        empty.filter(pages=None).delete()
    _forget(claim)


_KINDS = Asked(lambda claim: Evidence.objects.filter(claim=claim).values_list("kind"))


@transaction.atomic
def put_paper(  # noqa: PLR0913  what is marked, how, by whom and when
    *,
    claim: Claim,
    kind: str,
    file: StoredFile | None = None,
    state: str,
    reason: str = "",
    by: Role | Member,
    at: datetime,
) -> Evidence:
    """Mark one paper, perhaps with one more page. A member can only hand in; a waiver needs a reason."""
    _check_may_mark(claim, by)
    return _put(claim, kind, file, (state, reason), by, at)


def _put(
    claim: Claim, kind: str, file: StoredFile | None, mark: tuple[str, str], by: Role | Member, at: datetime
) -> Evidence:
    """The same for a claim that is locked."""
    paper, state = _marked(claim.papers.filter(kind=kind).first(), kind, *mark), mark[0]
    if isinstance(by, Member) and (state != Evidence.State.RECEIVED or file is None):
        raise PaperUnfit(f"请拍照或选一个“{paper.label}”的文件再交。")
    paper.save(update_fields=["state", "reason"])
    if file is not None:
        _add_page(paper, file)
    _kept(claim, [paper], by, at)
    return paper


@transaction.atomic
def put_papers(*, claim: Claim, marks: Marks, by: Role, at: datetime) -> None:
    """Mark several papers that lie on the counter at once: kind → (state, reason). All of them, or none."""
    if isinstance(by, Member):
        raise NotAllowed("请一份一份地拍照提交材料。")
    _check_may_mark(claim, by)
    held = {paper.kind: paper for paper in claim.papers.all()}
    marked = [_marked(held.get(kind), kind, *mark) for kind, mark in marks.items()]
    for state, reason in {(paper.state, paper.reason) for paper in marked}:
        alike = [paper.pk for paper in marked if (paper.state, paper.reason) == (state, reason)]
        Evidence.objects.filter(pk__in=alike).update(state=state, reason=reason)
    _kept(claim, marked, by, at)


def lines_of(kinds: Iterable[Paper]) -> list[Line]:
    """A line for each of these papers, not written yet."""
    return [Line(paper.kind, paper.label) for paper in kinds]


def laid_out(claim: Claim, marks: Marks) -> tuple[list[Line], dict[str, str]]:
    """The papers of a claim that is being made, as they are marked, not written yet; and a sentence for each bad mark."""
    lines = {line.kind: line for line in lines_of(wanted(claim.kinds))}
    wrong = {}
    for kind, mark in marks.items():
        try:
            _marked(lines.get(kind), kind, *mark)
        except PaperUnfit as unfit:
            wrong[kind] = str(unfit)
    return list(lines.values()), wrong


def ready(claim: Claim, lines: Iterable[Line]) -> Ready:
    """The papers of a claim that is just made, to be written."""
    rows = [(uuid4(), claim.pk, one.kind, one.label, one.state, one.reason) for one in lines]
    return composed(Evidence, ("id", "claim", "kind", "label", "state", "reason"), rows)


def _marked(paper: One | None, kind: str, state: str, reason: str) -> One:
    """The paper with its new mark, not written yet."""
    if paper is None:
        raise PaperUnfit(f"这件申请不要“{PAPERS[kind].label if kind in PAPERS else kind}”，请看材料清单。")
    paper.state, paper.reason = Evidence.State(state), reason.strip()[:120]
    if paper.state == Evidence.State.WAIVED and not paper.reason:
        raise PaperUnfit(f"免交“{paper.label}”要写理由，例如“系统内已有”。")
    return paper


def _kept(claim: Claim, papers: list[Evidence], by: Role | Member, at: datetime) -> None:
    """Written down, and the clock starts where nothing is missing any more."""
    _forget(claim)
    audit.record_each(
        by=by,
        at=at,
        acts=[
            ("claims.put_paper", claim, {"paper": one.kind, "state": str(one.state), "reason": one.reason})
            for one in papers
        ],
    )
    start_clock(claim, by=by, at=at)


@transaction.atomic
def hand_in(*, claim: Claim, kind: str, name: str, data: bytes, by: Role | Member, at: datetime) -> Evidence:
    """One more photograph or PDF of a paper: stored sealed, and the paper is received. The same file again changes nothing."""
    _check_may_mark(claim, by)
    if kind_of(data).mime not in SHOWN:
        raise PaperUnfit(
            f"“{PAPERS[kind].label if kind in PAPERS else kind}”请交照片（JPG、PNG）或 PDF 文件。"
        )
    held = Page.objects.filter(paper__claim=claim, paper__kind=kind).select_related("paper", "file")
    pages = list(held)
    same = next((page for page in pages if page.file.sha256 == hashlib.sha256(data).hexdigest()), None)
    if same and same.paper.state == Evidence.State.RECEIVED:
        return same.paper
    if len(pages) >= MOST_PAGES:
        raise PaperUnfit(
            f"“{PAPERS[kind].label}”已经有 {len(pages)} 页，最多 {MOST_PAGES} 页。请先删掉不要的，或合成一个 PDF。"
        )
    file = store(name=name, data=data, purpose="claim_paper", by=by, at=at)
    paper = _put(claim, kind, file, (Evidence.State.RECEIVED, ""), by, at)
    if doubt := photos.doubt(data):
        settled = not isinstance(by, Member)  # the clerk at the counter has the paper in hand
        Page.objects.filter(paper=paper, file=file).update(doubt=doubt, is_settled=settled)
    return paper


def _add_page(paper: Evidence, file: StoredFile) -> Page:
    last = paper.pages.aggregate(last=Max("place"))["last"] or 0
    return Page.objects.create(paper=paper, file=file, place=last + 1)


@transaction.atomic
def replace_page(*, page: Page, name: str, data: bytes, by: Role | Member, at: datetime) -> Evidence:
    """Another photograph in the place of one that was not handed in for good yet."""
    paper, place = page.paper, page.place
    _check_may_drop(page, by)
    before = set(paper.pages.values_list("pk", flat=True))
    hand_in(claim=paper.claim, kind=paper.kind, name=name, data=data, by=by, at=at)
    new = paper.pages.exclude(pk__in=before).first()
    if new is not None:
        drop_page(page=page, by=by, at=at)
        Page.objects.filter(pk=new.pk).update(place=place)
    return paper


@transaction.atomic
def drop_page(*, page: Page, by: Role | Member, at: datetime) -> Evidence:
    """Take one page out, its file with it: of a draft any page, later only a photograph still in question."""
    _check_may_drop(page, by)
    paper, file = page.paper, page.file
    page.delete()
    if not paper.pages.exists():
        paper.state = Evidence.State.MISSING
        paper.save(update_fields=["state"])
    discard(file=file, by=by, at=at)
    audit.record(by=by, verb="claims.drop_page", on=paper.claim, at=at, detail={"paper": paper.label})
    _forget(paper.claim)
    return paper


@transaction.atomic
def keep_page(*, page: Page, by: Role | Member, at: datetime) -> None:
    """The person says that a doubtful photograph shall do; the doubt stays to be seen by who checks it."""
    _check_may_mark(page.paper.claim, by)
    if Page.objects.filter(pk=page.pk, is_settled=False).update(is_settled=True):
        detail = {"paper": page.paper.label, "doubt": page.doubt}
        audit.record(by=by, verb="claims.keep_page", on=page.paper.claim, at=at, detail=detail)


def _check_may_drop(page: Page, by: Role | Member) -> None:
    claim = page.paper.claim
    _check_may_mark(claim, by)
    if not may_drop(claim, page):
        raise CannotMove(
            f"申请 {claim.number} 已经提交，“{page.paper.label}”交过的这一页不能再删换。可以再加一页清楚的。"
        )


def may_drop(claim: Claim, page: Page) -> bool:
    """Whether this page can still be taken out."""
    waits = claim.state == State.RETURNED or (claim.state == State.SUBMITTED and claim.complete_at is None)
    return claim.state == State.DRAFT or (waits and not page.is_settled)


def pages_of(claim: Claim) -> QuerySet[Page]:
    """The pages of all papers of a claim that the asker was let see."""
    return Page.objects.filter(paper__claim=claim).select_related("paper__claim", "file")


def open_page(*, page: Page, by: Role | Member, at: datetime) -> bytes:
    """The page as it came in; who looked is written down, once per person, page and hour."""
    data = read(page.file)
    detail: dict[str, str | int] = {"paper": page.paper.label}
    if page.place > 1:
        detail["page"] = page.place
    audit.record_read(by=by, verb="claims.read_paper", on=page.paper.claim, at=at, detail=detail)
    return data


def _check_may_mark(claim: Claim, by: Role | Member) -> None:
    """Who marks a paper locks its claim: two who bring the last two papers see each other's, and so does its submission."""
    if isinstance(by, Member):
        if by.pk != claim.member_id:
            raise NotAllowed("这不是您的申请，不能交材料。")
    else:
        check_may(by, "claims.papers", within=claim.office)
    lock_claim(claim)
    if claim.state not in (EDITABLE if isinstance(by, Member) else OPEN):
        raise CannotMove(f"申请 {claim.number} 现在是“{claim.get_state_display()}”，材料不能再改。")


def hand_over(claim: Claim, covers: list[Cover]) -> bool:
    """At its submission, locked: what is known is taken; whether nothing is wanted any more. The papers are asked for once."""
    prefetch_related_objects([claim], "papers")
    for paper in take_what_is_known(claim.papers.all(), claim, covers):
        missing = Evidence.objects.filter(pk=paper.pk, state=Evidence.State.MISSING)
        missing.update(state=paper.state, reason=paper.reason)
    complete = is_complete(claim)
    _forget(claim)
    return complete


def _known(claim: Claim, covers: list[Cover]) -> dict[str, str]:
    """What the system has itself is not asked for: its own certificate, and the form filled in on the phone."""
    known = {}
    if covers:
        known[CERTIFICATE.kind] = "系统内已有：" + "、".join(cover.certificate_no or "" for cover in covers)
    if claim.channel == Claim.Channel.PHONE:
        known[FORM.kind] = "手机填报，提交即申请"
    return known


def take_what_is_known(lines: Iterable[One], claim: Claim, covers: list[Cover]) -> list[One]:
    """Those that were missing and are known: received now, not written yet."""
    known = _known(claim, covers)
    taken = [one for one in lines if one.kind in known and one.state == Evidence.State.MISSING]
    for paper in taken:
        paper.state, paper.reason = Evidence.State.RECEIVED, known[paper.kind][:120]
    return taken


def check_complete(claim: Claim, held: Iterable[Held] | None = None) -> None:
    """Raise PapersMissing with what is still wanted."""
    if missing := lacking(claim, held):
        listed = "、".join(f"{paper.label}（{paper.get_state_display()}）" for paper in missing)
        raise PapersMissing(
            f"申请 {claim.number} 的材料还没有齐：{listed}。补齐或由代办处注明免交后，才能往下办。"
        )


def start_clock(claim: Claim, *, by: Role | Member, at: datetime) -> None:
    """The promise of working days begins once: when a submitted claim's papers are first complete."""
    if claim.complete_at or claim.state in {State.DRAFT, State.WITHDRAWN} or not is_complete(claim):
        return
    if Claim.objects.filter(pk=claim.pk, complete_at=None).update(complete_at=at):
        audit.record(by=by, verb=COMPLETE, on=claim, at=at)
    claim.complete_at = at


def _forget(claim: Claim) -> None:
    """Papers fetched beforehand are no longer what they were."""
    getattr(claim, "_prefetched_objects_cache", {}).pop("papers", None)
