"""What stands of one claim at this moment, as an opinion and a decision ask it: each by one statement."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, Q

from huzhu.adjudication import totals
from huzhu.adjudication.acts import PEOPLE, Done
from huzhu.adjudication.models import Decision
from huzhu.claims import checks, facts
from huzhu.claims.checklist import Line
from huzhu.claims.facts import Known, Told
from huzhu.claims.lifecycle import COUNTED
from huzhu.claims.models import Claim, Settlement
from huzhu.db.asked import Asked, NextKey
from huzhu.enrolment.queries import covers_of
from huzhu.members.models import Member


@dataclass(frozen=True, slots=True)
class HandedIn:
    """Before an opinion: who did what, the papers, the figures of the sheet, and whether there are claims near it."""

    done: Done
    papers: list[Line]
    figures: str
    is_near: bool


def handed_in(claim: Claim) -> HandedIn:
    width = len(PEOPLE)
    rows = _HANDED_IN(claim.pk)
    papers = {row[width]: row[width : width + 3] for row in rows if row[width]}
    sheet, figures, is_near = rows[0][-3:]
    return HandedIn(
        done=[row[:width] for row in rows],
        papers=[Line(*row) for row in papers.values()],
        figures=Settlement._meta.get_field("figures").text_in(figures, sheet) or "",  # noqa: SLF001  Django's documented name for it
        is_near=is_near,
    )


def _handed_in(claim: Any) -> Any:
    columns = (
        *PEOPLE,
        "papers__kind",
        "papers__label",
        "papers__state",
        "settlement__pk",
        "settlement__figures",
    )
    return Claim.objects.filter(pk=claim).order_by("decisions").values_list(*columns, Exists(checks.near()))


_HANDED_IN = Asked(_handed_in)


@dataclass(frozen=True, slots=True)
class Reported:
    """Under the lock of its member, before a decision: the claim, its state, the member's phone, and who did what."""

    told: Told
    state: str
    phone: str
    done: Done
    number: int  # of the decision that is made, if it is
    totals: totals.Totals  # the member's
    counted: list[Told]  # the member's claims that are decided to be paid, by number

    def known(self) -> Known:
        """What an evaluation reads beside the claim."""
        return Known(covers_of([self.told.member_id]), self.counted)


def reported(claim: Claim) -> Reported:
    rows = list(facts.told(_REPORTED(claim.member_id, claim.pk)))
    counted = {told.pk: told for told, state, *_ in rows if state in COUNTED}
    own = [row for row in rows if row[0].pk == claim.pk]
    told, state, phone, paid, number = own[0][:5]
    said = Member._meta.get_field("phone").text_in(phone, told.member_id) or ""  # noqa: SLF001
    done, held = [row[5:] for row in own], totals.read(told.member_id, paid)
    return Reported(told, state, said, done, number, held, list(counted.values()))


def _reported(member: Any, claim: Any) -> Any:
    found = Claim.objects.filter(member=member).filter(Q(pk=claim) | Q(state__in=COUNTED))
    more = "state", "member__phone", totals.paid_to(member), NextKey(Decision), *PEOPLE
    return facts.reading(found.order_by("number", "decisions"), *more)


_REPORTED = Asked(_reported)
