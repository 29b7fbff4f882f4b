"""Photographs of papers from the phone: kept at once, questioned where they cannot be read, deleted or replaced."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase

from huzhu.claims import services as claims
from huzhu.claims.papers import pages_of
from huzhu.web.access import View
from huzhu.web.claims.shown import REFUSALS, papers_of


def shows_progress(view: View) -> View:
    """The page's script sends the form itself to show how far it is; where to go next is then told, not followed."""

    @wraps(view)
    def told(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer = view(request, *args, **kwargs)
        if answer.status_code == 302 and "X-Progress" in request.headers:
            return HttpResponse(status=204, headers={"X-Next": answer["Location"]})
        return answer

    return told


def asked_papers(claim: Any) -> list[Any]:
    """Papers to photograph: not what the house itself knows."""
    return [paper for paper in papers_of(claim) if paper.evidence.kind not in {"form", "certificate"}]


def in_question(claim: Any) -> int:
    """How many photographs wait for the person's word."""
    return pages_of(claim).filter(is_settled=False).count()


def take_files(request: Any, claim: Any) -> dict[str, str]:
    """Keep every file that was chosen, drop or keep the page asked about; a sentence for each that could not be."""
    errors: dict[str, str] = {}
    for name in request.FILES:
        for upload in request.FILES.getlist(name):
            _take(request, claim, name, upload, errors)
    for word, verb in (("drop", claims.drop_page), ("keep", claims.keep_page)):
        if wanted := request.POST.get(word):
            page = _page(claim, wanted)
            _try(errors, page.paper.kind, partial(verb, page=page, **_act(request)))
    return errors


def _take(request: Any, claim: Any, name: str, upload: Any, errors: dict[str, str]) -> None:
    sent = {"name": upload.name, "data": upload.read(), **_act(request)}
    if name.startswith("replace_"):
        page = _page(claim, name.removeprefix("replace_"))
        _try(errors, page.paper.kind, partial(claims.replace_page, page=page, **sent))
        return
    kind = name.removeprefix("paper_")
    _try(errors, kind, partial(claims.hand_in, claim=claim, kind=kind, **sent))


def _page(claim: Any, key: str) -> Any:
    """A page of this claim; anything else looks missing."""
    found = next((page for page in pages_of(claim) if str(page.pk) == key), None)
    if found is None:
        raise Http404
    return found


def _act(request: Any) -> dict[str, Any]:
    return {"by": request.member, "at": request.now}


def _try(errors: dict[str, str], kind: str, work: Callable[[], Any]) -> None:
    try:
        work()
    except REFUSALS as refused:
        errors[kind] = str(refused)
