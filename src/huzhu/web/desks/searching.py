"""The search box: a person by name, initials, ID or its last four, a claim by its number."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from huzhu.claims import queries as claims
from huzhu.core.identity import masked
from huzhu.members import queries as members
from huzhu.users.permissions import may
from huzhu.web.access import staff
from huzhu.web.claims.shown import worded
from huzhu.web.desks.tiles import address

MOST = 50


@require_safe
@staff()
def search(request: Any) -> HttpResponse:
    """One claim found by its number opens at once; everything else is listed."""
    asked = request.GET.get("q", "").strip()[:40]
    every = claims.visible_to(request.by)
    found = list(claims.newest_first(claims.matching(every, asked) if asked else every.none())[:MOST])
    worded(found)
    may_open = claims.opens_details(request.by)
    if may_open and len(found) == 1 and found[0].number == asked:
        return redirect("web:claim", found[0].pk)
    sees_people = may(request.by, "members.see")
    people: list[Any] = list(members.search(request.by, asked)[: MOST + 1]) if asked and sees_people else []
    for person in people:
        person.masked, person.opens = masked(person.id_number), address("web:member", person.pk)
    shown = {
        "asked": asked,
        "people": people[:MOST],
        "more_people": len(people) > MOST,
        "sees_people": sees_people,
        "claims": [(*pair, None) for pair in claims.by_urgency(found, request.now)],
        "closed": not may_open,
    }
    return render(request, "web/desks/found.html", shown)
