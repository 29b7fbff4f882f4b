"""What stands of one claim at this moment, as an opinion and a decision ask it: each by one statement."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef

from huzhu.adjudication import totals
from huzhu.adjudication.acts import PEOPLE, Done
from huzhu.adjudication.models import Decision, RunningTotal
from huzhu.claims import checks, facts
from huzhu.claims.facts import Known, Told, known_of
from huzhu.claims.lifecycle import COUNTED
from huzhu.claims.models import Claim, Evidence, Settlement
from huzhu.claims.papers import as_read
from huzhu.db.asked import Asked, NextKey
from huzhu.enrolment.queries import covers_of
from huzhu.members.models import Member


@dataclass(frozen=True, slots=True)
class HandedIn:
    """Before an opinion: who did what, the papers, the figures of the sheet, and whether the member has other claims."""

    done: Done
    papers: list[Evidence]
    figures: str
    has_others: bool


def handed_in(claim: Claim) -> HandedIn:
    width = len(PEOPLE)
    rows = _HANDED_IN(claim.pk)
    papers = {row[width]: row[width : width + 3] for row in rows if row[width]}
    sheet, figures, has_others = rows[0][-3:]
    return HandedIn(
        done=[row[:width] for row in rows],
        papers=as_read(papers.values()),
        figures=Settlement._meta.get_field("figures").text_in(figures, sheet) or "",  # noqa: SLF001  Django's documented name for it
        has_others=has_others,
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
    others = checks.submitted().filter(member=OuterRef("member")).exclude(pk=OuterRef("pk"))
    return Claim.objects.filter(pk=claim).order_by("decisions").values_list(*columns, Exists(others))


_HANDED_IN = Asked(_handed_in)


@dataclass(frozen=True, slots=True)
class Reported:
    """Under the lock, before a decision: the claim, its state, the member's phone, and who did what."""

    told: Told
    state: str
    phone: str
    done: Done
    has_counted: bool  # claims that are decided to be paid
    has_totals: bool
    number: int  # of the decision that is made, if it is

    def known(self) -> Known:
        """What an evaluation reads beside the claim; claims to reckon with are asked for where there are any."""
        member = self.told.member_id
        return known_of(member) if self.has_counted else Known(covers_of([member]), [])

    def totals(self) -> totals.Totals:
        """The member's totals, locked; where nothing was paid yet there are none, and the member is locked."""
        return totals.lock([self.told.member_id]) if self.has_totals else totals.Totals([])


def reported(claim: Claim) -> Reported:
    rows = list(facts.told(_REPORTED(claim.pk)))
    told, state, phone, has_counted, has_totals, number = rows[0][:6]
    said = Member._meta.get_field("phone").text_in(phone, told.member_id) or ""  # noqa: SLF001
    return Reported(told, state, said, [row[6:] for row in rows], has_counted, has_totals, number)


def _reported(claim: Any) -> Any:
    mine = OuterRef("member")
    counted = Exists(Claim.objects.filter(member=mine, state__in=COUNTED))
    paid = Exists(RunningTotal.objects.filter(member=mine))
    found = Claim.objects.filter(pk=claim).order_by("decisions")
    return facts.reading(found, "state", "member__phone", counted, paid, NextKey(Decision), *PEOPLE)


_REPORTED = Asked(_reported)
