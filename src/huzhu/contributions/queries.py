"""Questions about dues and money received, always asked for someone."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import BigIntegerField, Count, F, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from huzhu.contributions.models import (
    BankSlip,
    CollectingAccount,
    ContributionDue,
    OfficialReceipt,
    Payer,
    Receipt,
    Share,
    SplitRule,
    SplitTerms,
)
from huzhu.contributions.splits import (
    WORKER,
    Part,
    Promise,
    Rule,
    counted,
    gifts,
    in_words,
    merged,
    split,
    sponsored,
)
from huzhu.contributions.sponsors import promises_of
from huzhu.core import serials
from huzhu.enrolment.models import Renewal, Roster, RosterRow
from huzhu.enrolment.queries import heads_by_shares
from huzhu.organisations.models import Organisation
from huzhu.schemes.models import SchemeEdition
from huzhu.users.models import Role
from huzhu.users.permissions import may

PAYERS = [choice for choice in Payer.choices if choice[0] != Payer.WORKER]
ALL_PAYERS = Payer.choices
BASES = SplitRule.Basis.choices


@dataclass(frozen=True, slots=True)
class Plan:
    """What one scheme will cost a roster, and who pays it."""

    edition: SchemeEdition
    heads: int
    units: int  # shares: the fee is paid for each
    fee_fen: int
    parts: tuple[Part, ...]
    terms: SplitTerms | None = None
    given: Mapping[str, Mapping[Promise, int]] = field(default_factory=dict)  # by identity number

    @property
    def amount_fen(self) -> int:
        return self.fee_fen * self.units

    @property
    def counted(self) -> str:
        return counted(self.heads, self.units)

    @property
    def said(self) -> str:
        return in_words(self.parts)


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way to cover; without a time it is still to come."""

    word: str
    at: dt.datetime | None


def visible_to(by: Role) -> QuerySet[ContributionDue]:
    """Dues of the asker's branch."""
    if not may(by, "members.see"):
        return ContributionDue.objects.none()
    dues = ContributionDue.objects.filter(roster__employer__path__startswith=by.organisation.path)
    return dues.select_related("roster__employer", "edition").prefetch_related("shares")


def unpaid(by: Role) -> QuerySet[Share]:
    """Shares of the branch whose money is not all in, oldest first."""
    shares = Share.objects.filter(due__in=visible_to(by), received_fen__lt=F("amount_fen"))
    return shares.select_related("due__roster__employer", "due__edition").order_by(
        "due__roster__settled_at", "due_id", "pk"
    )


def dues_of(roster: Roster) -> list[ContributionDue]:
    """A roster's dues with their shares."""
    return list(roster.dues.select_related("edition").prefetch_related("shares").order_by("pk"))


def slips_visible_to(by: Role) -> QuerySet[BankSlip]:
    """Bank slips of the branch, newest first."""
    if not may(by, "members.see"):
        return BankSlip.objects.none()
    slips = BankSlip.objects.filter(roster__employer__path__startswith=by.organisation.path)
    return slips.select_related("roster__employer", "file").order_by("-uploaded_at", "pk")


def slips_waiting(by: Role) -> QuerySet[BankSlip]:
    """Slips whose money this person may register, oldest first."""
    if not may(by, "contributions.receive"):
        return BankSlip.objects.none()
    return slips_visible_to(by).filter(state=BankSlip.State.WAITING).order_by("uploaded_at", "pk")


def official_visible_to(by: Role) -> QuerySet[OfficialReceipt]:
    """Official receipts of transfers for the asker's branch."""
    if not may(by, "members.see"):
        return OfficialReceipt.objects.none()
    found = OfficialReceipt.objects.filter(employer__path__startswith=by.organisation.path)
    return found.select_related("agency", "employer", "red_of__agency")


def receipts_of(paper: OfficialReceipt) -> list[Receipt]:
    """The parts that stand on a paper, in order; a red one's are below zero."""
    parts = Receipt.objects.filter(paper=paper).order_by("part")
    return list(parts.select_related("share__due__edition", "share__due__roster__employer"))


def transfers_of(roster: Roster) -> list[tuple[OfficialReceipt, list[Receipt]]]:
    """What came in for a roster and what was taken back, paper by paper, oldest first."""
    parts = Receipt.objects.filter(share__due__roster=roster).exclude(paper=None)
    found: dict[OfficialReceipt, list[Receipt]] = {}
    for one in parts.select_related("share", "paper__agency").order_by("pk"):
        if one.paper:
            found.setdefault(one.paper, []).append(one)
    return list(found.items())


@dataclass(frozen=True, slots=True)
class Transfer:
    """An official receipt with the parts of its transfer."""

    paper: OfficialReceipt
    parts: list[Receipt]

    @property
    def employer(self) -> Organisation | None:
        return self.paper.employer

    @property
    def roster_id(self) -> object:
        return self.parts[0].share.due.roster_id if self.parts else None

    @property
    def received_on(self) -> dt.date | None:
        return self.parts[0].received_on if self.parts else None

    @property
    def payer(self) -> str:
        """Everybody who paid by this transfer."""
        return "、".join(dict.fromkeys(one.share.payer_name for one in self.parts))

    @property
    def is_by_hand(self) -> bool:
        """It stands, and no line of the bank told of it: a person registered it, and may take it back."""
        stands = self.paper.red_of_id is None and not self.paper.is_void
        return stands and bool(self.parts) and all(one.use_id is None for one in self.parts)

    @property
    def vouchers(self) -> list[str]:
        return list(dict.fromkeys(one.voucher.number for one in self.parts))


def transfers(papers: Iterable[OfficialReceipt]) -> list[Transfer]:
    """Each receipt with its parts, in the order given."""
    held = list(papers)
    parts: dict[object, list[Receipt]] = {}
    found = Receipt.objects.filter(paper__in=held).order_by("part")
    for one in found.select_related("share__due__roster__employer", "voucher"):
        parts.setdefault(one.paper_id, []).append(one)
    return [Transfer(paper, parts.get(paper.pk, [])) for paper in held]


def to_take_back(held: Iterable[Transfer], on: dt.date) -> set[int]:
    """Papers of those that were registered by hand and paid no cover that has begun."""
    by_hand = [one for one in held if one.is_by_hand]
    dues = {part.share.due_id for one in by_hand for part in one.parts}
    begun = set(ContributionDue.objects.begun(on).filter(pk__in=dues).values_list("pk", flat=True))
    return {one.paper.pk for one in by_hand if not any(part.share.due_id in begun for part in one.parts)}


def standing(reference: str, agency: Organisation) -> QuerySet[Receipt]:
    """Parts of a transfer to this agency that were not taken back: another's bank may give the same number."""
    same = {"bank_reference__in": {reference.strip(), serials.normal(reference)}, "paper__agency": agency}
    return Receipt.objects.filter(amount_fen__gt=0, reversed_by=None, **same)


def last_money(roster: Roster) -> dt.date | None:
    """The day on which the last money that was not taken back came for a roster."""
    stands = Receipt.objects.filter(share__due__roster=roster, amount_fen__gt=0, reversed_by=None)
    last: dt.date | None = stands.aggregate(last=Max("received_on"))["last"]
    return last


def receipts_matching(
    papers: QuerySet[OfficialReceipt], text: str, employers: Iterable[Organisation]
) -> QuerySet[OfficialReceipt]:
    """Receipts by number (the whole, or its last part), by the bank's reference, by payer, or of these employers."""
    paid = Receipt.objects.filter(share__payer_name__contains=text).exclude(paper=None)
    said = (
        Q(bank_reference__icontains=text) | Q(pk__in=paid.values("paper")) | Q(employer__in=list(employers))
    )
    if number := re.fullmatch(r"(?:(\w+)-(\d{4})-)?(\d{1,9})", text, re.ASCII):
        agency, year, last = number.groups()
        numbered = Q(number=int(last))
        said |= numbered & Q(agency__code=agency, year=int(year)) if agency else numbered
    return papers.filter(said)


def received_between(
    papers: QuerySet[OfficialReceipt], first: str | None, last: str | None
) -> QuerySet[OfficialReceipt]:
    """Receipts whose money came from the first day on, up to and with the last."""
    paid = Receipt.objects.filter(received_on__gte=first) if first else Receipt.objects.all()
    paid = paid.filter(received_on__lte=last) if last else paid
    return papers.filter(pk__in=paid.exclude(paper=None).values("paper"))


def account_of(agency: Organisation) -> CollectingAccount | None:
    """Where fees of the agency are paid to, confirmed by two persons."""
    return CollectingAccount.objects.filter(agency=agency, ended_at=None).exclude(confirmed_at=None).first()


def accounts_visible_to(by: Role) -> QuerySet[CollectingAccount]:
    """Collecting accounts, in use and before, of the agencies in the asker's branch; newest first."""
    if not (may(by, "contributions.account") or may(by, "contributions.confirm_account")):
        return CollectingAccount.objects.none()
    found = CollectingAccount.objects.filter(agency__path__startswith=by.organisation.path)
    return found.select_related("agency").order_by("-pk")


def progress(roster: Roster, slips: Sequence[BankSlip], dues: Sequence[ContributionDue]) -> list[Step]:
    """How far the money of a roster is: what happened with its time, then what is still to come."""
    came = [paper.issued_at for paper, _ in transfers_of(roster)]
    is_in = not any(due.left_fen for due in dues)
    waiting_at = min((one.uploaded_at for one in slips if one.state == BankSlip.State.WAITING), default=None)
    told_at = min((one.uploaded_at for one in slips if one.state == BankSlip.State.REGISTERED), default=None)
    in_part = came[:1] if not is_in or len(came) > 1 else []
    told = Step("已上传回单，等代办处登记到账", waiting_at or told_at)
    all_in = Step("已到齐，保障生效", (came[-1] if came else roster.settled_at) if is_in else None)
    steps = [Step("待缴", roster.settled_at), told, *(Step("部分到账", at) for at in in_part), all_in]
    done = [step for step in steps if step.at]
    to_come = [] if is_in else [step for step in steps if not step.at]
    return [*sorted(done, key=lambda step: step.at.timestamp() if step.at else 0), *to_come]


def waiting(
    by: Role, *, payer: str = "", place: Organisation | None = None, started_by: dt.date | None = None
) -> QuerySet[Roster]:
    """Accepted rosters of the branch whose money is not all in, oldest first, with their sums.

    Of one kind of payer only; of a county or group, or of the employers right below an agency; or of those
    whose cover should have begun by a day.
    """
    owing = unpaid(by).order_by()
    owing = owing.filter(payer=payer) if payer else owing
    rosters = Roster.objects.filter(pk__in=owing.values("due__roster")).select_related("employer__parent")
    if place:
        right_below = place.kind == Organisation.Kind.CITY
        within = Q(employer__parent=place) if right_below else Q(employer__path__startswith=place.path)
        rosters = rosters.filter(within)
    if started_by:
        rosters = rosters.filter(cover_starts_on__lte=started_by)
    return with_sums(rosters, payer).order_by("settled_at", "pk")


def with_sums(rosters: QuerySet[Roster], payer: str = "") -> QuerySet[Roster]:
    """Each roster with `rows_count`, `people`, `due_fen` and `left_fen` (of one kind of payer), and `slips_count` that wait."""
    shares = Share.objects.filter(due__roster=OuterRef("pk")).order_by()
    shares = shares.filter(payer=payer) if payer else shares
    by_roster = shares.values("due__roster")
    dues = ContributionDue.objects.filter(roster=OuterRef("pk")).order_by("-heads").values("heads")[:1]
    rows = RosterRow.objects.filter(roster=OuterRef("pk")).order_by().values("roster").annotate(n=Count("pk"))
    slips = BankSlip.objects.filter(roster=OuterRef("pk"), state=BankSlip.State.WAITING).order_by()
    return rosters.annotate(
        rows_count=_number(rows.values("n")),
        people=_number(dues),
        due_fen=_number(by_roster.annotate(n=Sum("amount_fen")).values("n")),
        left_fen=_number(by_roster.annotate(n=Sum(F("amount_fen") - F("received_fen"))).values("n")),
        slips_count=_number(slips.values("roster").annotate(n=Count("pk")).values("n")),
    )


def sums_of(rosters: QuerySet[Roster]) -> dict[str, int]:
    """The sums of rosters `with_sums`: how many, `due_fen`, `left_fen`, `came_fen`."""
    found = rosters.order_by().aggregate(count=Count("pk"), due=Sum("due_fen"), left=Sum("left_fen"))
    due, left = found["due"] or 0, found["left"] or 0
    return {"count": found["count"], "due_fen": due, "left_fen": left, "came_fen": due - left}


def _number(query: QuerySet[Any, Any]) -> Coalesce:
    return Coalesce(Subquery(query, output_field=BigIntegerField()), Value(0))


def owed_fen(by: Role) -> int:
    """What the branch still has to pay, in fen."""
    sums = unpaid(by).order_by().aggregate(due=Sum("amount_fen"), got=Sum("received_fen"))
    return (sums["due"] or 0) - (sums["got"] or 0)


def plans(roster: Roster) -> list[Plan]:
    """What accepting the good rows will cost, scheme by scheme."""
    return [plan(roster, edition, people) for edition, people in heads_by_shares(roster).items()]


def plan(roster: Roster, edition: SchemeEdition, people: Mapping[int, int]) -> Plan:
    """One scheme's cost for people of the roster (shares → how many), by the terms of the day on which cover starts."""
    terms = terms_for(roster.employer, edition.slug, roster.cover_starts_on)
    costs, each = _costs(edition, roster.way, terms, people)
    own = {
        shares: sum(part.amount_fen for part in parts if part.payer == WORKER)
        for shares, parts in each.items()
    }
    promises = promises_of(roster, edition) if any(own.values()) else {}
    given = {person: gifts(own[shares], theirs) for person, (shares, theirs) in promises.items()}
    return replace(costs, parts=tuple(sponsored(costs.parts, given.values())), given=given)


def forecast(renewal: Renewal, heads: Mapping[SchemeEdition, Mapping[int, int]]) -> list[Plan]:
    """What the roster of a renewal would cost, scheme by scheme; pledges are counted when it is confirmed."""
    return [
        _costs(edition, renewal.way, terms_for(renewal.employer, edition.slug, renewal.starts_on), people)[0]
        for edition, people in heads.items()
    ]


def _costs(
    edition: SchemeEdition, way: str, terms: SplitTerms | None, people: Mapping[int, int]
) -> tuple[Plan, dict[int, list[Part]]]:
    """The whole, without pledges; and what one person with so many shares pays by whom."""
    fee_fen = edition.fee_for(way)
    each = {shares: parts_of(terms, fee_fen * shares) for shares in people}
    parts = merged(part.times(people[shares]) for shares, some in each.items() for part in some)
    units = sum(shares * number for shares, number in people.items())
    return Plan(edition, sum(people.values()), units, fee_fen, tuple(parts), terms), each


def by_payer(plans: Iterable[Plan]) -> dict[str, int]:
    """Fen by who pays, over all schemes."""
    parts = [part for plan in plans for part in plan.parts]
    return {
        name: sum(part.amount_fen for part in parts if part.payer_name == name)
        for name in dict.fromkeys(part.payer_name for part in parts if part.amount_fen)
    }


def terms_for(employer: Organisation, scheme_slug: str, day: dt.date) -> SplitTerms | None:
    """The terms of the day: of the nearest organisation at or above that has its own; none means that the worker pays all."""
    return _nearest([int(pk) for pk in employer.path.split("/") if pk], scheme_slug, day)


def terms_above(employer: Organisation, scheme_slug: str, day: dt.date) -> SplitTerms | None:
    """What would hold if the employer had no terms of its own."""
    return _nearest([int(pk) for pk in employer.path.split("/") if pk][:-1], scheme_slug, day)


def _nearest(above: list[int], scheme_slug: str, day: dt.date) -> SplitTerms | None:
    found = SplitTerms.objects.filter(employer__in=above, scheme_slug=scheme_slug, valid_from__lte=day)
    rows = sorted(
        found.select_related("employer"), key=lambda row: (len(row.employer.path), row.valid_from, row.pk)
    )
    newest = {row.employer_id: row for row in rows}  # the last one of each, nearer ones later
    return next((row for row in reversed(newest.values()) if not row.inherits), None)


def parts_of(terms: SplitTerms | None, fee_fen: int) -> list[Part]:
    """Who pays what for one person; without terms the worker pays all."""
    return split(fee_fen, rules_of(terms), terms.least_own_fen) if terms else split(fee_fen, [])


def rules_of(terms: SplitTerms) -> list[Rule]:
    """The payers of the terms, in order."""
    return [
        Rule(row.payer, row.payer_name, row.basis, row.basis_points, row.fixed_fen)
        for row in sorted(terms.rules.all(), key=lambda row: row.pk)
    ]


def history_of(employer: Organisation, scheme_slug: str) -> list[SplitTerms]:
    """Everything that was ever set for this very organisation and scheme, newest first."""
    rows = SplitTerms.objects.filter(employer=employer, scheme_slug=scheme_slug)
    return list(rows.prefetch_related("rules").order_by("-pk"))


def usual_heads(place: Organisation, scheme_slug: str) -> int:
    """How many the newest accepted roster at or below the place had in the scheme; 0 where there is none."""
    dues = ContributionDue.objects.filter(
        roster__employer__path__startswith=place.path, edition__slug=scheme_slug
    )
    return dues.order_by("-pk").values_list("heads", flat=True).first() or 0


def terms_visible_to(by: Role, day: dt.date) -> list[SplitTerms]:
    """The terms that hold on the day, set in the asker's branch."""
    if not may(by, "contributions.split"):
        return []
    found = SplitTerms.objects.filter(employer__path__startswith=by.organisation.path, valid_from__lte=day)
    rows = found.select_related("employer").prefetch_related("rules").order_by("valid_from", "pk")
    newest = {(row.employer.path, row.scheme_slug): row for row in rows}
    return [row for _, row in sorted(newest.items()) if not row.inherits]


def total_fen(plans: Sequence[Plan]) -> int:
    return sum(plan.amount_fen for plan in plans)
