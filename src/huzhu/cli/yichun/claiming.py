"""The walk of a claim by the ordinary verbs, so that books, totals and trail are what they would be."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from huzhu.adjudication import services as adjudication
from huzhu.claims import services as claims
from huzhu.cli.yichun import sheets
from huzhu.cli.yichun.cast import Cast
from huzhu.cli.yichun.rosters import Joined, moment
from huzhu.members.queries import by_numbers
from huzhu.payouts import demobank
from huzhu.payouts import services as payouts
from huzhu.worktime.calendar import Calendar
from huzhu.worktime.queries import calendar

PAPERS = ("form", "id_card", "bank_card", "discharge", "settlement_sheet", "receipts", "diagnosis_proof")


@dataclass(slots=True)
class Case:
    """One event to be claimed: who, when, what it comes to."""

    who: Joined
    illness: sheets.Illness
    admitted_on: date
    discharged_on: date
    kinds: tuple[str, ...] = ("inpatient",)
    diagnosed_on: date | None = None
    applicant: str = "self"
    applicant_name: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "kinds": list(self.kinds),
            "hospital_name": self.illness.hospital,
            "hospital_grade": self.illness.grade,
            "admitted_on": self.admitted_on,
            "discharged_on": self.discharged_on,
            "diagnosis": self.illness.diagnosis,
        }
        return told | ({"diagnosed_on": self.diagnosed_on} if self.diagnosed_on else {})


@dataclass(slots=True)
class Walk:
    """Each step of a claim, by the person whose step it is."""

    cast: Cast
    seed: Random
    working: Calendar = field(default_factory=calendar)
    sheets: Any = field(default_factory=lambda: count(1))

    def take(self, case: Case, at: datetime, *, lacking: tuple[str, ...] = ()) -> Any:
        """At the counter: fields, sheet and papers, submitted; the clock starts unless a paper is lacking."""
        by = self.cast.sun
        claim = self.start(case, at)
        for kind in PAPERS:
            if kind not in lacking and (
                kind != "diagnosis_proof" or "critical" in case.kinds or "women" in case.kinds
            ):
                claims.put_paper(claim=claim, kind=kind, state="received", by=by, at=at)
        return claims.submit(claim=claim, by=by, at=at + timedelta(minutes=12))

    def start(self, case: Case, at: datetime) -> Any:
        """A draft with its fields and its settlement sheet."""
        by = self.cast.sun
        claim = claims.start(
            member=by_numbers([case.who.number])[case.who.number],
            channel="counter",
            applicant=case.applicant,
            applicant_name=case.applicant_name,
            by=by,
            at=at,
        )
        claims.fill(claim=claim, by=by, at=at, **case.fields)
        settled = moment(case.discharged_on, 10, 30)
        number = f"2307{case.discharged_on:%Y%m%d}{next(self.sheets):06d}"
        claims.put_settlement(
            claim=claim, setl_id=number, figures=case.illness.figures, settled_at=settled, by=by, at=at
        )
        return claim

    def report(
        self,
        claim: Any,
        at: datetime,
        text: str = "材料齐全，符合保障条件，建议给付。",
        *,
        supports: bool = True,
    ) -> None:
        adjudication.give_opinion(claim=claim, text=text, supports=supports, by=self.cast.sun, at=at)

    def decide(self, claim: Any, at: datetime, *, confirm: bool = True) -> Any:
        """Pay by the scheme; above the limit the second person agrees an hour later."""
        decision = adjudication.decide(claim=claim, verdict="pay", reason="", by=self.cast.zhang, at=at)
        if decision.state == "proposed" and confirm:
            decision = adjudication.confirm(
                decision=decision, agree=True, reason="", by=self.cast.chen, at=at + timedelta(hours=1)
            )
        return decision

    def batch(self, at: datetime, found: Any = None) -> Any:
        """Everything that is decided, in one batch; or only these payouts."""
        return payouts.make_batch(payouts=found or payouts.schedule(at=at), by=self.cast.li, at=at)

    def send(self, batch: Any, at: datetime) -> Any:
        payouts.release(batch=batch, by=self.cast.zhou, at=at)
        return batch

    def answer(self, batch: Any, at: datetime, fail_lines: tuple[int, ...] = ()) -> None:
        """The bank's reply: paid, but for the lines it sends back."""
        reply = demobank.reply_for(batch, at, fail_lines)
        payouts.apply_reply(batch=batch, data=reply, by=self.cast.li, at=at + timedelta(minutes=3))

    def after(self, day: date, days: int) -> date:
        return self.working.add_working_days(day, days)
