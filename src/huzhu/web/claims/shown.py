"""What the pages show of a claim: its way with times, its papers, its account; and the refusals a person can mend."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header

from huzhu.adjudication import services as deciding
from huzhu.claims import counter
from huzhu.claims import services as claims
from huzhu.claims.checklist import BY_KIND, PAPERS, SAMPLES, wanted
from huzhu.claims.papers import may_drop, pages_of
from huzhu.files.contents import NotAccepted
from huzhu.files.services import FileLost
from huzhu.members.services import NotAnAccount
from huzhu.payouts.arrived import KEPT, Arrived, words_of
from huzhu.rules.facts import FactsRefused
from huzhu.users.permissions import NotAllowed

REFUSALS = (
    claims.CannotMove,
    claims.ClaimedBefore,
    claims.FieldsNeedWork,
    claims.NotARaise,
    claims.NotYours,
    claims.OutsideCover,
    claims.PaperUnfit,
    claims.PapersMissing,
    claims.ReasonNeeded,
    deciding.AlreadyDecided,
    deciding.NoPersonTwice,
    deciding.NothingToPay,
    deciding.OutcomeChanged,
    deciding.OverTheCap,
    NotAccepted,
    NotAllowed,
    NotAnAccount,
)
# what was done, when, and what is being done while it is not
WAY = (
    ("开始填写", "drafted_at", "填写中"),
    ("已提交", "submitted_at", "等提交"),
    ("材料齐全，开始计时", "complete_at", "等材料齐全"),
    ("已上报省办", "reported_at", "代办处初审中"),
    ("已核定", "decided_at", "省办核定中"),
    ("已到账", "paid_at", "发放中"),
)


@dataclass(frozen=True, slots=True)
class PaperShown:
    """One line of the checklist."""

    evidence: Any
    hint: str
    place: int
    pages: list[Any]
    sample: bool

    @property
    def is_image(self) -> bool:
        return any(page.is_image for page in self.pages)


def papers_of(claim: Any) -> list[PaperShown]:
    """The papers wanted, in the order of the checklist, then what else was put there."""
    held = {paper.kind: paper for paper in claim.papers.prefetch_related("pages__file")}
    order = [paper.kind for paper in wanted(claim.kinds)]
    kinds = [*(kind for kind in order if kind in held), *(kind for kind in held if kind not in order)]
    return [
        PaperShown(held[kind], PAPERS[kind].hint, place, _pages(claim, held[kind]), kind in SAMPLES)
        for place, kind in enumerate(kinds, 1)
    ]


@dataclass(frozen=True, slots=True)
class PaperOffered:
    """A paper of an application that nobody has begun yet, and the word by which the page shows or hides it."""

    evidence: Any
    word: str
    state: str
    reason: str
    error: str


def offered(typed: Mapping[str, str], errors: Mapping[str, str]) -> list[PaperOffered]:
    """All papers that may be wanted, as they were marked; the page shows those of the kinds ticked on it."""
    words = {"inpatient": "inpatient", "critical": "illness", "women": "illness", "accident": "accident"}
    of_kind = {paper.kind: words[kind] for kind, wanted_ in BY_KIND.items() for paper in wanted_}
    return [
        PaperOffered(
            evidence=one,
            word=of_kind.get(one.kind, ""),
            state=typed.get(f"state_{one.kind}", ""),
            reason=typed.get(f"reason_{one.kind}", ""),
            error=errors.get(one.kind, ""),
        )
        for one in counter.every_paper()
    ]


def _pages(claim: Any, paper: Any) -> list[Any]:
    pages = list(paper.pages.all())
    for page in pages:
        page.may_drop = may_drop(claim, page)
    return pages


def steps_of(claim: Any, money: Arrived) -> list[tuple[str, Any, str]]:
    """Word, instant, and done, now, stop, fail or todo."""
    if claim.state in {"refused", "withdrawn"}:
        return _ended(claim)
    first = next((place for place, (_, column, _) in enumerate(WAY) if not getattr(claim, column)), len(WAY))
    steps = []
    for place, (done, column, doing) in enumerate(WAY):
        if place == first and claim.state == "returned":
            steps.append(("等补材料，停表", None, "stop"))
        elif place == first:
            steps.append((doing, None, "now"))
        else:
            steps.append((done, getattr(claim, column), "done" if place < first else "todo"))
    if money.is_kept:
        steps[-1] = (money.word, *steps[-1][1:])
    return steps


def _ended(claim: Any) -> list[tuple[str, Any, str]]:
    """Of what came to an end without money: the steps it took, and the last word."""
    word = str(claim.get_state_display())
    done = [(said, getattr(claim, column), "done") for said, column, _ in WAY if column != "decided_at"]
    return [*(step for step in done if step[1]), (word, claim.decided_at, "fail")]


def worded(claims: Iterable[Any]) -> None:
    """Rows of a list say where each claim stands; of what was kept against a debt not that it arrived, or how fast."""
    found = list(claims)
    words = words_of(found)
    for one in found:
        one.word = words[one.pk]
        one.is_kept = one.word == KEPT


def account_words(money: Arrived) -> str:
    """Where the money went or will go, masked."""
    return "没有转账，全部抵扣" if money.is_kept_whole else "；".join(one.words for one in money.accounts)


def problems_of(error: Exception) -> dict[str, str]:
    """A sentence for each box, or nothing where the refusal is about the whole."""
    return error.problems if isinstance(error, claims.FieldsNeedWork) else {}


def evaluated(claim: Any) -> tuple[Any, str]:
    """The evaluation, or the sentence why there is none."""
    try:
        return deciding.evaluate(claim=claim), ""
    except FactsRefused as refused:
        return None, "；".join(f"{problem.what}，{problem.remedy}" for problem in refused.problems)


def page_response(request: Any, claim: Any, kind: str, by: Any) -> HttpResponse:
    """A page of a paper as it came in (?page=2, else the first), kept in no cache; where it is not, nothing is there."""
    wanted = request.GET.get("page", "")
    found = pages_of(claim).filter(paper__kind=kind)
    page = (found.filter(place=int(wanted)) if re.fullmatch("[1-9][0-9]?", wanted) else found).first()
    if page is None:
        raise Http404
    try:
        data = claims.open_page(page=page, by=by, at=request.now)
    except FileLost:
        raise Http404 from None
    return file_response(page.file, data)


def file_response(file: Any, data: bytes) -> HttpResponse:
    """A stored file as it came in, shown in the page or a window of its own, kept in no cache."""
    response = HttpResponse(data, content_type=file.kind)
    response["Content-Disposition"] = (
        content_disposition_header(as_attachment=False, filename=file.name) or "inline"
    )
    response["Cache-Control"] = "no-store"
    return response


def pdf_response(data: bytes, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = (
        content_disposition_header(as_attachment=False, filename=name) or "inline"
    )
    response["Cache-Control"] = "no-store"
    return response
