"""The good rows of a roster become members and enrolments that wait for money: prepared in slices, shown at once."""

import secrets
import uuid
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import CharField, Exists, F, Max, OuterRef, Value
from django.db.models.functions import Cast, Concat, LPad

from huzhu.audit import services as audit
from huzhu.db.rows import ready, write
from huzhu.enrolment.entry import Entry
from huzhu.enrolment.line import Line
from huzhu.enrolment.models import CertificateSeries, Enrolment, Roster, RosterRow
from huzhu.enrolment.reading import joined
from huzhu.enrolment.refusals import NobodyToEnrol, RosterLacks, RosterSettled, RowsChanged, RowsToMend
from huzhu.enrolment.rows import in_slices, line_of
from huzhu.enrolment.slices import SLICE, TakenOver, Tell, cleared, hold, pause, take
from huzhu.members import services as members
from huzhu.members.locks import lock_each
from huzhu.members.models import Member
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import agency_of
from huzhu.schemes.models import SchemeEdition
from huzhu.users.models import Role

State = Roster.State


def begin_accepting(*, roster: Roster, before: str = State.STAGED) -> uuid.UUID:
    """From now on this acceptance alone fills the roster; one that was broken off has lost it. RosterSettled."""
    mine = take(roster, [before, State.ACCEPTING], State.ACCEPTING)
    if mine is None:
        current = Roster.objects.get(pk=roster.pk)
        raise RosterSettled(f"这份名册{current.get_state_display()}，没有再确认。请刷新页面查看。")
    return mine


def put_back(*, roster: Roster, mine: uuid.UUID, before: str = State.STAGED) -> None:
    """An acceptance in slices that did not come through: the roster is where it was before, and nothing of it is left.

    Once numbers were given out nothing can be refused any more: then it stays, and goes on at the next attempt.
    """
    accepting = Roster.objects.filter(pk=roster.pk, state=State.ACCEPTING, draft=mine, numbers={})
    if accepting.exists():
        with suppress(TakenOver):
            cleared(roster, mine, Enrolment.unready.filter(roster=roster), "ordinal")
        accepting.update(state=before, draft=None)


def prepare(*, roster: Roster, mine: uuid.UUID, good_only: bool, by: Role, at: datetime, tell: Tell) -> None:
    """Register the people of the good rows and write their enrolments where nobody sees them yet.

    RowsChanged where a row would join something else than the preview said. The caller asks for permission, and either
    wraps this in a transaction or calls `put_back` when it fails.
    """
    known: Iterable[_Known]
    if Roster.objects.get(pk=roster.pk).numbers:
        slices = in_slices(roster.rows.exclude(joins=""))
        known = (_Known.of([line_of(row, roster.cover_starts_on) for row in rows]) for rows in slices)
    else:
        known, heads = _write(roster, mine, good_only, at, tell)
        _give_numbers(roster, mine, heads)
    for some in known:
        some.bring_up_to_date(roster, mine, by, at)
    _number(roster, mine)


def _write(
    roster: Roster, mine: uuid.UUID, good_only: bool, at: datetime, tell: Tell
) -> tuple[list["_Known"], dict[SchemeEdition, int]]:
    """Who was registered before, by slice; and heads by edition."""
    cleared(roster, mine, Enrolment.unready.filter(roster=roster), "ordinal")
    good = roster.rows.exclude(joins="")
    total = good.count()
    _refuse_bad(roster, total, good_only)
    entry = Entry.of(roster)
    numbers = {edition.pk: iter(range(1, total + 1)) for edition in entry.editions}
    known: list[_Known] = []
    heads: Counter[int] = Counter()
    done = 0
    for rows in in_slices(good):
        lines = _as_previewed(rows, roster.cover_starts_on, entry)
        everybody = _Known.of(lines)
        found, new = members.sorted_out(people=everybody.people, employer=roster.employer)
        first = {number: account for number, account in everybody.accounts.items() if number in new}
        added = members.first_accounts(accounts=first, members=new, at=at)
        known.append(everybody.only(found))
        enrolments = list(_enrolments(roster, rows, lines, found | new, entry, numbers))
        heads.update(enrolment.edition_id for enrolment in enrolments)
        made = [*members.ready_to_add(members=new, accounts=added), ready(Enrolment, enrolments)]
        with transaction.atomic():
            hold(roster, mine)
            for one in made:
                write(one)
        done += len(rows)
        tell(done, total, "正在登记人员和保障")
        pause()
    found_heads = {edition: heads[edition.pk] for edition in entry.editions if heads[edition.pk]}
    _refuse_lacking(entry, found_heads)
    return known, found_heads


@dataclass(slots=True)
class _Known:
    """Of one slice who was registered before, and the accounts that wait for them."""

    people: list[members.Person]
    accounts: dict[str, tuple[str, str]]  # bank and number by identity number

    @classmethod
    def of(cls, lines: Iterable[Line]) -> "_Known":
        """Whether registered or not: of those who were new nothing changes any more."""
        told = [line for line in lines if line.identity]
        people = [
            members.Person(line.identity, line.name, line.phone or None) for line in told if line.identity
        ]
        accounts = {
            line.id_number: (line.bank_name, line.account) for line in told if line.account and line.bank_name
        }
        return cls(people, accounts)

    def only(self, numbers: Container[str]) -> "_Known":
        people = [one for one in self.people if one.identity.number in numbers]
        return _Known(
            people, {number: account for number, account in self.accounts.items() if number in numbers}
        )

    def bring_up_to_date(self, roster: Roster, mine: uuid.UUID, by: Role, at: datetime) -> None:
        """They move here, with first phone and first account: when no row can be refused any more."""
        if not self.people:
            return
        with transaction.atomic():
            hold(roster, mine)
            registered = members.register_all(people=self.people, employer=roster.employer, by=by, at=at)
            members.add_accounts(accounts=self.accounts, members=registered, at=at)
        pause()


def _refuse_bad(roster: Roster, good: int, good_only: bool) -> None:
    if not good:
        raise NobodyToEnrol("名册里没有一行是好的，没有人可以参加：请先改正标红的格子，或改好表格重新上传。")
    bad = roster.rows.filter(joins="").count()
    if bad and not good_only:
        raise RowsToMend(f"还有 {bad} 行有问题，没有确认：请先改正，或选择只收好的 {good} 行。")


def _refuse_lacking(entry: Entry, heads: Mapping[SchemeEdition, int]) -> None:
    """The roster as a whole may fall short of what an edition must have; a warning stands on the preview only."""
    lacks = [(row, one) for row, one in entry.findings(heads) if one.level == "must"]
    if lacks:
        said = "；".join(f"{row.short}：{one.sentence}" for row, one in lacks)
        raise RosterLacks(f"名册还不能确认。{said}")


def _as_previewed(rows: Sequence[RosterRow], starts_on: date, entry: Entry) -> list[Line]:
    lines = [line_of(row, starts_on) for row in rows]
    entry.learn(lines)
    if any(joined(entry.judge(line)) != row.joins for line, row in zip(lines, rows, strict=True)):
        raise RowsChanged
    return lines


def _enrolments(
    roster: Roster,
    rows: Sequence[RosterRow],
    lines: Sequence[Line],
    people: Mapping[str, Member],
    entry: Entry,
    numbers: Mapping[int, Iterator[int]],
) -> Iterator[Enrolment]:
    starts_on = roster.cover_starts_on
    for row, line in zip(rows, lines, strict=True):
        joins = row.joins.split(",")
        for edition in entry.editions:
            if str(edition.pk) in joins:
                yield Enrolment(
                    member=people[line.id_number],
                    edition=edition,
                    scheme_slug=edition.slug,
                    employer=roster.employer,
                    roster=roster,
                    cover_starts_on=starts_on,
                    cover_ends_on=entry.ends_on(edition),
                    covered_since_on=entry.since(line.id_number, edition),
                    shares=line.share_count,
                    ordinal=next(numbers[edition.pk]),
                    verify_token=secrets.token_urlsafe(16),
                )


@transaction.atomic
def _give_numbers(roster: Roster, mine: uuid.UUID, heads: Mapping[SchemeEdition, int]) -> None:
    """From here on the acceptance comes through: the next certificate numbers are taken for it, without a gap."""
    hold(roster, mine)
    _check_again(roster)
    agency = agency_of(roster.employer)
    Organisation.objects.select_for_update(no_key=True).get(pk=agency.pk)  # one after the other
    numbers = {}
    for edition, count in heads.items():
        prefix = _prefix(roster, edition.pk, agency)
        series, _ = CertificateSeries.objects.select_for_update().get_or_create(
            prefix=prefix, defaults={"last": _last_given(prefix)}
        )
        numbers[str(edition.pk)] = [series.last + 1, count]
        CertificateSeries.objects.filter(pk=series.pk).update(last=F("last") + count)
    Roster.objects.filter(pk=roster.pk).update(numbers=numbers)


def _check_again(roster: Roster) -> None:
    """Whoever is covered by another roster since their row was looked at: their rows once more. RowsChanged.

    Under the locks of the people, so that of two rosters that take their numbers at once the second sees the first.
    """
    mine, entry = Enrolment.unready.filter(roster=roster), Entry.of(roster)
    lock_each(mine.values("member"))
    meanwhile = Enrolment.coming.exclude(state=Enrolment.State.VOID).filter(
        scheme_slug__in=entry.rivals(),
        cover_starts_on__lt=OuterRef("cover_ends_on"),
        cover_ends_on__gt=OuterRef("cover_starts_on"),
        member=OuterRef("member"),
    )
    covered = Member.objects.filter(pk__in=mine.filter(Exists(meanwhile)).values("member"))
    rows = roster.rows.filter(id_number_index__in=[one.id_number for one in covered])
    for some in in_slices(rows):
        _as_previewed(some, roster.cover_starts_on, entry)


def _prefix(roster: Roster, edition: int, agency: Organisation) -> str:
    """Year, agency, edition."""
    return f"{roster.cover_starts_on:%Y}-{agency.pk}-{edition}-"


def _last_given(prefix: str) -> int:
    """Before there was a series: what stands on certificates."""
    last = Enrolment.unready.filter(certificate_no__startswith=prefix).aggregate(last=Max("certificate_no"))[
        "last"
    ]
    return int(last.rpartition("-")[2]) if last else 0


def _number(roster: Roster, mine: uuid.UUID) -> None:
    """Each enrolment its number, in slices, in the order of the sheet; the same number however often it is begun."""
    agency = agency_of(roster.employer)
    for edition, (first, heads) in Roster.objects.get(pk=roster.pk).numbers.items():
        running = LPad(Cast(F("ordinal") + (first - 1), CharField()), 7, Value("0"))
        number = Concat(Value(_prefix(roster, edition, agency)), running, output_field=CharField())
        mine_of = Enrolment.unready.filter(roster=roster, edition=edition)
        for start in range(1, heads + 1, SLICE):
            with transaction.atomic():
                hold(roster, mine)
                mine_of.filter(ordinal__range=(start, start + SLICE - 1)).update(certificate_no=number)
            pause()


@transaction.atomic
def enrol(*, roster: Roster, mine: uuid.UUID, by: Role, at: datetime) -> dict[SchemeEdition, int]:
    """One change of state makes what was prepared visible; heads by edition. In the caller's transaction."""
    hold(roster, mine)
    Roster.objects.filter(pk=roster.pk).update(state=State.ACCEPTED, draft=None, sample=None, settled_at=at)
    numbers = Roster.objects.get(pk=roster.pk).numbers
    editions = roster.editions.filter(pk__in=list(numbers)).order_by("pk")
    heads = {edition: numbers[str(edition.pk)][1] for edition in editions}
    detail = {"heads": {edition.slug: number for edition, number in heads.items()}}
    audit.record(by=by, verb="rosters.accept", on=roster, at=at, detail=detail)
    return heads
