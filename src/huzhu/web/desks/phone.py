"""The member's own pages on the phone: covered? how much? where is it? what do you need from me?"""

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from huzhu.claims.checklist import lacking
from huzhu.claims.kinds import labels_of
from huzhu.contributions.sponsors import gifts_of
from huzhu.core.identity import mask_account, mask_phone, masked
from huzhu.insight import waiting
from huzhu.insight.looks import looks_at
from huzhu.members.accounts import must_wait
from huzhu.members.consents import standing
from huzhu.members.queries import corrections, current_account
from huzhu.payouts import arrived, owing
from huzhu.payouts import queries as payouts
from huzhu.web.access import member
from huzhu.web.claims.shown import steps_of
from huzhu.web.desks.tiles import address

# what is shown of a claim's way, and the column that says when
ENDED = {"paid", "refused", "withdrawn"}


@require_safe
@member
def home(request: Any) -> HttpResponse:
    """The cover card, then every claim with its way, its sum and what is needed."""
    found = waiting.standing(request.member, request.now, request.today)
    covers: list[Any] = found.covers
    paid_by = gifts_of([*covers, *found.waiting])
    for cover in covers:
        cover.paid_by = paid_by.get(cover.pk, "")
        cover.opens = address("web:certificate", cover.pk)
        cover.last_on = cover.cover_ends_on - timedelta(days=1)
    sent_back = {one.payout.decision.claim_id: one for one in payouts.failed(request.member, request.now)}
    money = arrived.of_claims([claim for claim, _ in found.claims])
    told = [
        _told(claim, clock, money[claim.pk]) | {"failed": sent_back.get(claim.pk)}
        for claim, clock in found.claims
    ]
    shown = {
        "found": found,
        "owing": owing.of_member(request.member),
        "will_pay": "、".join(dict.fromkeys(paid_by.get(one.pk, "") for one in found.waiting)).strip("、"),
        "open": [one for one in told if one["claim"].state not in ENDED],
        "ended": [one for one in told if one["claim"].state in ENDED],
        "apply": address("web:apply"),
        "estimate": address("web:estimate"),
    }
    return render(request, "web/desks/phone_home.html", shown)


def _told(claim: Any, clock: Any, money: arrived.Arrived) -> dict[str, Any]:
    return {
        "claim": claim,
        "clock": clock,
        "what": labels_of(claim),
        "money": money,
        "steps": steps_of(claim, money),
        "needs": lacking(claim) if claim.state in {"draft", "returned"} else [],
        "opens": address("web:my-claim", claim.pk),
    }


@require_safe
@member
def me(request: Any) -> HttpResponse:
    """What is kept about the person, masked; who has looked at it; and the way out."""
    person = request.member
    account = current_account(person)
    shown = {
        "number": masked(person.id_number),
        "phone": mask_phone(person.phone or ""),
        "account": account and mask_account(account.number),
        "bank": account and account.bank_name,
        "waits": account and must_wait(account, request.now),
        "corrections": list(corrections(person))[-5:],
        "consented": bool(standing([person.pk])),
        "looks": looks_at(person),
    }
    return render(request, "web/desks/phone_me.html", shown)
