"""What a person registered without the bank's line, held against the lines: by the bank's number, its day, else the first that is free."""

import datetime as dt
from typing import Any

from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from huzhu.bank.models import StatementLine
from huzhu.contributions.models import LineUse, OfficialReceipt, Receipt
from huzhu.core import serials
from huzhu.organisations.models import Organisation

Lines = QuerySet[StatementLine]
_STANDS = {"amount_fen__gt": 0, "reversed_by": None}


def with_by_hand(lines: Lines) -> QuerySet[Any]:
    """Lines, each with what was registered of it by hand: as `by_hand_fen`."""
    told = _transfers().filter(
        paper__agency=OuterRef("account__organisation"),
        bank_reference__in=[OuterRef("reference"), OuterRef("serial")],
        line=OuterRef("pk"),
    )
    total = told.order_by().annotate(fen=Func(F("paper__amount_fen"), function="SUM")).values("fen")
    return lines.annotate(by_hand_fen=Coalesce(Subquery(total), Value(0)))


def fen_of(line: StatementLine) -> int:
    """What was registered by hand of one line."""
    one = with_by_hand(StatementLine.objects.filter(pk=line.pk))
    found: int = one.values_list("by_hand_fen", flat=True).get()
    return found


def line_of(number: str, on: dt.date, agency: Organisation) -> StatementLine | None:
    """The line of a transfer that a person tells, where the bank has told it."""
    said = serials.normal(number)
    return _of_the_day(said, on, agency).first() or _free(said, agency).first()


def use_of_rest(paper: OfficialReceipt) -> LineUse | None:
    """What was said of the rest of the line that a transfer by hand belongs to."""
    lines = _transfers().filter(paper=paper).values("line")
    return LineUse.objects.filter(line__in=lines, ended_at=None, by_hand_fen__gt=0).first()


def first_of(line: StatementLine) -> Receipt:
    """The first part of what was registered by hand of a line."""
    told = _transfers().filter(bank_reference__in=[line.reference, line.serial], line=line.pk)
    found: Receipt = told.select_related("share__due__roster__employer", "share__due__edition").order_by(
        "pk"
    )[0]
    return found


def _transfers() -> QuerySet[Any]:
    """Transfers that stand and that a person registered: the first part on each paper, with the line that it belongs to."""
    before = Receipt.objects.filter(paper=OuterRef("paper"), part__lt=OuterRef("part"), amount_fen__gt=0)
    # not as "use IS NULL": by that SQLite would look through all of them for each line, and not by the number
    told = Receipt.objects.alias(of_a_line=Coalesce("use", Value(0))).filter(of_a_line=0)
    parts = told.filter(~Exists(before), paper__isnull=False, **_STANDS)
    number, agency = OuterRef("bank_reference"), OuterRef("paper__agency")
    of_the_day = _of_the_day(number, OuterRef("received_on"), agency).values("pk")[:1]
    return parts.annotate(
        line=Coalesce(Subquery(of_the_day), Subquery(_free(number, agency).values("pk")[:1]))
    )


def _of_the_day(number: str | OuterRef, on: dt.date | OuterRef, agency: Organisation | OuterRef) -> Lines:
    """Credits of a number and a day, in the bank's order."""
    return _named(number, agency).filter(booked_on=on)


def _free(number: str | OuterRef, agency: Organisation | OuterRef) -> Lines:
    """Credits of a number that no money of their own day was booked for, in the bank's order."""
    booked = Receipt.objects.filter(
        paper__agency=OuterRef("account__organisation"), received_on=OuterRef("booked_on"), **_STANDS
    )
    booked = booked.filter(bank_reference__in=[OuterRef("reference"), OuterRef("serial")])
    return _named(number, agency).filter(~Exists(booked.exclude(use__by_hand_fen__gt=0)))


def _named(number: str | OuterRef, agency: Organisation | OuterRef) -> Lines:
    here = StatementLine.objects.filter(account__purpose="collecting", account__organisation=agency)
    named = here.filter(Q(serial=number) | Q(reference=number), amount_fen__gt=0)
    return named.order_by("booked_on", "position")
