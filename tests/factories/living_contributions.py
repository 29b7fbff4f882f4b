"""The contributions of a fund that lives: each act is done by the services as its people do it, and put down on paper."""

from collections import Counter
from collections.abc import Iterable
from copy import copy, deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self

from factories.applications import an_application
from factories.bank import a_statement, an_own_account, told
from factories.contributions import a_split, an_accepted_roster
from factories.enrolment import some_workers
from factories.members import an_account
from factories.organisations import a_city, a_province, an_employer
from factories.schemes import the_inpatient_scheme, the_women_scheme
from factories.users import a_role
from huzhu.bank.models import StatementLine
from huzhu.contributions import claiming, individuals, refunds, services, unclaimed, undoing, unpaid
from huzhu.contributions.given_back import Refund, RefundPart
from huzhu.contributions.models import LineUse, OfficialReceipt, Prepaid, Receipt, Share
from huzhu.contributions.services import Money
from huzhu.core.money import yuan
from huzhu.core.periods import a_year_after
from huzhu.enrolment.models import Enrolment
from huzhu.rules.units import SHANGHAI
from reference import plain_books as plain
from reference.plain_books import COMMON
from reference.plain_fund import Part, PlainFund, Roster, Sum, Transfer
from reference.plain_fund import Share as Due

MORNING = datetime(2022, 3, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FEES = {"yichun-120": 12_000, "yichun-women": 2_500, "yichun-flex": 14_000}
SPLITS = {
    0: {"yichun-120": {"employer": 9_000, "worker": 3_000}},
    1: {"yichun-120": {"employer": 0, "worker": 12_000}},
}
CASH_BACK = 3_600  # to each worker of the second employer, beside the fund
PAYEE = refunds.Payee("美溪林业局公司", "工商银行伊春支行", "6222000011112222")


class LivingContributions:
    """A province, two agencies, and everybody who acts; of three employers one pays 75 % of the fee, one gives 30 % of it back in cash."""

    def __init__(self) -> None:
        self.paper = PlainFund()
        self.at = MORNING
        self.province = a_province()
        self.cities = [a_city(self.province), a_city(self.province, "黑河市代办处")]
        self.employers = [an_employer(self.cities[at]) for at in (0, 0, 1)]
        self.agents = {city.pk: a_role("agency_clerk", city) for city in self.cities}
        self.maker = a_role("payment_maker", self.province)
        self.releaser = a_role("payment_releaser", self.province)
        self.reviewer = a_role("reviewer", self.province)
        self.second = a_role("second_reviewer", self.province)
        since = date(2022, 1, 1)
        self.accounts = {city.pk: an_own_account(city, by=self.maker, since=since) for city in self.cities}
        self.editions = [the_inpatient_scheme(), the_women_scheme()]
        self.colleagues = {city.pk: a_role("agency_clerk", city) for city in self.cities}
        a_split(self.employers[0], by=self.agents[self.cities[0].pk])
        a_split(self.employers[1], by=self.agents[self.cities[0].pk], basis="cash_back", basis_points=3_000)
        self.on_paper: Counter[int] = Counter()  # what each agency's bank says it holds
        self.stays: Counter[Any] = Counter()
        self.people: dict[
            object, tuple[int, list[tuple[str, ...]], int]
        ] = {}  # by roster: where, who, schemes
        self.number = 0

    def again(self) -> Self:
        """The same fund, to go on from here without changing this one."""
        other = copy(self)
        held = self.paper, self.on_paper, self.stays, self.people
        other.paper, other.on_paper, other.stays, other.people = deepcopy(held)
        return other

    # ── time ────────────────────────────────────────────────────────────────────────────────────────

    @property
    def today(self) -> date:
        return self.at.astimezone(SHANGHAI).date()

    def later(self) -> datetime:
        """A minute: what several people do one after the other is done before midnight."""
        self.at += MINUTE
        return self.at

    def days_pass(self, days: int) -> None:
        """To the morning of a later day."""
        self.at = datetime.combine(self.today + timedelta(days), time(9), SHANGHAI)

    def next_number(self) -> int:
        self.number += 1
        return self.number

    # ── joining ─────────────────────────────────────────────────────────────────────────────────────

    def enrols(self, at: int, heads: int, schemes: int, in_days: int) -> None:
        self._enrols(at, some_workers(heads), schemes, self.today + timedelta(in_days))

    def to_renew(self) -> list[object]:
        """Rosters whose year ends soon, once each."""
        ends = {number: a_year_after(self.paper.rosters[number].first_day) for number in self.people}
        return [number for number, day in ends.items() if 0 <= (day - self.today).days <= 90]

    def renews(self, number: object) -> None:
        """The same people for another year, from the day on which the one before ends."""
        at, rows, schemes = self.people.pop(number)
        self._enrols(at, rows, schemes, a_year_after(self.paper.rosters[number].first_day))

    def _enrols(self, at: int, rows: list[tuple[str, ...]], schemes: int, starts_on: date) -> None:
        employer, heads = self.employers[at], len(rows)
        city = employer.parent
        roster = an_accepted_roster(
            employer,
            self.editions[:schemes],
            rows,
            by=self.agents[city.pk],
            starts_on=starts_on,
            at=self.later(),
        )
        split = SPLITS.get(at, {})
        self.people[roster.pk] = at, rows, schemes
        held = roster.enrolments.filter(edition=self.editions[0], member__accounts=None)
        for enrolment in held.select_related("member"):
            an_account(enrolment.member, number=f"6222020903{self.next_number():09d}")
        slugs = [one.slug for one in self.editions[:schemes]]
        self._owes(roster, slugs, heads, {slug: split.get(slug, {"worker": FEES[slug]}) for slug in slugs})
        if at == 1:
            self.paper.cash_back[roster.pk, "yichun-120"] = CASH_BACK

    def joins_alone(self, at: int) -> None:
        city = self.cities[at]
        phone = f"138{self.next_number():08d}"
        application = an_application(city, at=self.later(), phone=phone)
        [due] = individuals.approve(application=application, by=self.agents[city.pk], at=self.at)
        self._owes(due.roster, ["yichun-flex"], 1, {"yichun-flex": {"worker": FEES["yichun-flex"]}})

    def _owes(self, roster: Any, slugs: list[str], heads: int, split: dict[str, dict[str, int]]) -> None:
        office = roster.employer.parent_id
        self.paper.rosters[roster.pk] = Roster(
            office,
            roster.employer_id,
            roster.cover_starts_on,
            roster.way == "individual",
            Counter(dict.fromkeys(slugs, heads)),
        )
        found = Share.objects.filter(due__roster=roster).values_list("due__edition__slug", "payer", "pk")
        numbers = {(slug, payer): number for slug, payer, number in found}
        for slug, payers in split.items():
            for payer, fen in payers.items():
                self.paper.shares[numbers[slug, payer]] = Due(roster.pk, slug, payer, fen * heads)

    # ── money in ────────────────────────────────────────────────────────────────────────────────────

    def office_of(self, share: int) -> int:
        return self.paper.rosters[self.paper.shares[share].roster].office

    def unpaid(self, office: int | None = None) -> list[int]:
        found = [number for number, one in self.paper.shares.items() if one.left]
        return [number for number in found if office in {None, self.office_of(number)}]

    def pays_in(self, parts: dict[int, int], days_ago: int) -> None:
        """By hand, from a slip, some days after the bank had it."""
        [office] = {self.office_of(number) for number in parts}
        day, reference = self.today - timedelta(days_ago), f"H{self.next_number()}"
        services.record_transfer(
            parts=_money(parts),
            received_on=day,
            bank_reference=reference,
            by=self.agents[office],
            at=self.later(),
        )
        self.paper.typed_in[reference] = dict(parts)
        for number, fen in parts.items():
            self.paper.receives(number, fen, day, day, reference)
        self.paper.notes_cash_back(self.today)

    def bank_says(self, office: int, fen: int) -> StatementLine:
        """A line on the paper of an agency's bank, taken in."""
        reference = f"B{self.next_number()}"
        a_statement(
            self.accounts[office],
            told(f"{self.today}", reference, yuan(fen)),
            last_on=self.today,
            by=self.maker,
            opening=yuan(self.on_paper[office]),
            at=self.later(),
        )
        self.on_paper[office] += fen
        line = StatementLine.objects.select_related("account__organisation").get(reference=reference)
        self.paper.transfers[line.pk] = Transfer(office, fen, self.today)
        return line

    def banks_tell_the_day(self, office: int) -> None:
        """All of an agency's banks do; something came that has nothing to do with what is asked."""
        self.bank_says(office, 1_00)

    def lines(self, *kinds: str) -> list[int]:
        return [number for number, one in self.paper.transfers.items() if one.kind in kinds]

    def says_of_line(self, number: int, kind: str) -> None:
        """Interest, or money that nobody knows yet."""
        line = self.paper.transfers[number]
        claiming.post_line(line=_line(number), kind=kind, by=self.agents[line.office], at=self.later())
        line.kind = kind
        self._moves_line(line, line.day, comes_in=True)

    def _moves_line(self, line: Transfer, day: date, *, comes_in: bool) -> None:
        other = plain.INTEREST if line.kind == "interest" else plain.UNCLAIMED
        pair = (plain.COLLECTED, other) if comes_in else (other, plain.COLLECTED)
        self.paper.move(*pair, line.fen, (line.office, COMMON, line.day.year), day)

    def claims_line(self, number: int, parts: dict[int, int]) -> None:
        """It was the fee of these shares, and what is above them rests."""
        line = self.paper.transfers[number]
        use = claiming.claim(
            line=_line(number), parts=_money(parts), by=self.agents[line.office], at=self.later()
        )
        booked_on = self.today if line.kind else line.day
        if line.kind == "suspense":
            self._moves_line(line, self.today, comes_in=False)
        line.kind, line.parts = "fees", parts
        for share, fen in parts.items():
            self.paper.receives(share, fen, line.day, booked_on, number)
        if over := line.fen - sum(parts.values()):
            key = self.paper.key_of(self.paper.shares[next(iter(parts))])
            line.over = use.prepaid.get().pk
            self.paper.prepaid[line.over] = Sum(key, over)
            self.paper.move(plain.COLLECTED, plain.PREPAID, over, key, booked_on)
        self.paper.notes_cash_back(self.today)

    def may_be_taken_back(self) -> list[int]:
        """Lines of which something was said that can still be unsaid."""
        return [
            *self.lines("interest", "suspense"),
            *(number for number in self.lines("fees") if self._is_untouched(self.paper.transfers[number])),
        ]

    def _is_untouched(self, line: Transfer) -> bool:
        whole = line.over is None or self.paper.prepaid[line.over].fen == line.fen - sum(line.parts.values())
        return whole and self._have_not_begun(line.parts)

    def _have_not_begun(self, shares: Iterable[int]) -> bool:
        """Nor was anything of their rosters given back."""
        rosters = {self.paper.shares[number].roster for number in shares}
        return not rosters & self._gave_back() and all(
            self.paper.rosters[one].first_day > self.today for one in rosters
        )

    def mistaken(self) -> list[str]:
        """Transfers registered by hand that can still be taken back."""
        return [reference for reference, parts in self.paper.typed_in.items() if self._have_not_begun(parts)]

    def never_came(self, reference: str) -> None:
        """A transfer that was registered by hand was another one's."""
        parts = self.paper.typed_in.pop(reference)
        found = OfficialReceipt.objects.filter(bank_reference=reference, red_of=None)
        paper = found.select_related("agency").first()
        [office] = {self.office_of(number) for number in parts}
        undoing.undo_transfer(paper=paper, reason="抄错了", by=self.agents[office], at=self.later())
        for share, fen in parts.items():
            self.paper.never_came(share, fen, self.today, reference)
        self.paper.notes_cash_back(self.today)

    def laid_wrongly(self) -> list[int]:
        """Uses of what was paid too much that can still be taken back."""
        return [
            number for number, (_, share, _) in self.paper.laid_on.items() if self._have_not_begun([share])
        ]

    def not_laid_on(self, number: int) -> None:
        """What was paid too much was laid on the wrong due."""
        rest, share, fen = self.paper.laid_on.pop(number)
        held = self.paper.prepaid[rest]
        told = {"by": self.agents[held.key[0]], "at": self.later()}
        undoing.undo_prepaid_use(receipt=Receipt.objects.get(pk=number), reason="抵错了", **told)
        held.fen += fen
        self.paper.move(plain.COLLECTED, plain.PREPAID, fen, held.key, self.today)
        self.paper.never_came(share, fen, self.today, ("prepaid", number))
        self.paper.notes_cash_back(self.today)

    def _gave_back(self) -> set[object]:
        return {number for number, one in self.paper.rosters.items() if +one.left}

    def takes_back(self, number: int) -> None:
        """What was said of a line is unsaid: its vouchers are reversed."""
        line = self.paper.transfers[number]
        use = LineUse.objects.get(line=number, ended_at=None)
        undoing.undo(use=use, reason="认错了", by=self.agents[line.office], at=self.later())
        if line.kind != "fees":
            self._moves_line(line, self.today, comes_in=False)
        for share, fen in line.parts.items():
            self.paper.never_came(share, fen, self.today, number)
        if line.over is not None:
            rest = self.paper.prepaid[line.over]
            self.paper.move(plain.PREPAID, plain.COLLECTED, rest.fen, rest.key, self.today)
            rest.fen = 0
        line.kind, line.parts, line.over = "", {}, None
        self.paper.notes_cash_back(self.today)

    def sends_unclaimed_back(self, number: int) -> None:
        """Nobody has claimed it: the bank pays it back, and says so on its paper."""
        line = self.paper.transfers[number]
        back = self.bank_says(line.office, -line.fen)
        use = LineUse.objects.get(line=number, ended_at=None)
        unclaimed.send_back(waiting=use, line=back, by=self.agents[line.office], at=self.later())
        self._moves_line(line, self.today, comes_in=False)
        line.kind = self.paper.transfers[back.pk].kind = "sent_back"

    def could_pay(self, number: int) -> list[int]:
        """Shares that wait for their money, of the employer that paid too much."""
        [line] = [one for one in self.paper.transfers.values() if one.over == number]
        first = self.paper.rosters[self.paper.shares[next(iter(line.parts))].roster]
        rosters = [key for key, one in self.paper.rosters.items() if one.employer == first.employer]
        return [one for one in self.unpaid(first.office) if self.paper.shares[one].roster in rosters]

    def uses_prepaid(self, number: int, share: int, fen: int) -> None:
        rest = self.paper.prepaid[number]
        [receipt] = claiming.use_prepaid(
            prepaid=Prepaid.objects.get(pk=number),
            parts=_money({share: fen}),
            by=self.agents[rest.key[0]],
            at=self.later(),
        )
        rest.fen -= fen
        self.paper.laid_on[receipt.pk] = number, share, fen
        self.paper.move(plain.PREPAID, plain.COLLECTED, fen, rest.key, self.today)
        self.paper.receives(share, fen, self.today, self.today, ("prepaid", receipt.pk))
        self.paper.notes_cash_back(self.today)

    # ── money back before cover begins ──────────────────────────────────────────────────────────────

    def gives_back_roster(self, roster: object, *, hesitates: bool) -> None:
        found = self.paper.shares_of(roster)
        key = self.paper.rosters[roster].office, COMMON, 0
        got = {number: one.got for number, one in found.items()}
        refund = self._released(key, sum(got.values()), hesitates=hesitates, roster=_roster_of(roster))
        self._owed_back(refund, got)
        for one in found.values():
            one.owes = 0
        people = self.paper.rosters[roster]
        people.left, people.heads = people.left + people.heads, Counter(dict.fromkeys(people.heads, 0))
        self.paper.notes_cash_back(self.today)

    def gives_back_worker(self, roster: object, scheme: str, *, hesitates: bool) -> None:
        people = self.paper.rosters[roster]
        shares = {number: one for number, one in self.paper.shares_of(roster).items() if one.scheme == scheme}
        each = {number: one.owes // people.heads[scheme] for number, one in shares.items()}
        enrolment = (
            Enrolment.objects.filter(roster=roster, edition__slug=scheme).exclude(state="void").first()
        )
        key = people.office, COMMON, 0
        refund = self._released(key, sum(each.values()), hesitates=hesitates, enrolment=enrolment)
        self._owed_back(refund, each)
        for number, fen in each.items():
            shares[number].owes -= fen
        people.heads[scheme] -= 1
        people.left[scheme] += 1
        self.paper.notes_cash_back(self.today)

    def _owed_back(self, refund: Any, shares: dict[int, int]) -> None:
        self.paper.owes_back(refund, shares)
        for number, fen in shares.items():
            self.paper.gives_back(number, fen, plain.REFUNDABLE, self.today)

    def gives_back_prepaid(self, number: int, *, hesitates: bool) -> None:
        rest = self.paper.prepaid[number]
        refund = self._released(
            rest.key, rest.fen, hesitates=hesitates, prepaid=Prepaid.objects.get(pk=number)
        )
        self.paper.owed[refund] = [(rest.key, rest.fen)]
        self.paper.move(plain.PREPAID, plain.REFUNDABLE, rest.fen, rest.key, self.today)
        rest.fen = 0

    def _released(self, key: plain.Key, fen: int, *, hesitates: bool, **about: Any) -> Any:
        """Proposed at the agency, listed by the maker, released by another.

        Where somebody hesitates, the money goes to two payees, and the list comes back once.
        """
        some = fen // 3
        payees = (
            [replace(PAYEE, amount_fen=part) for part in (some, fen - some)]
            if hesitates and some
            else [PAYEE]
        )
        refund = refunds.propose(
            payees=payees, reason="单位来函退费", by=self.agents[key[0]], at=self.later(), **about
        )
        self._lists(refund, hesitates=hesitates)
        self.paper.refunds[refund.pk] = Sum(key, fen, "released")
        for part in refund.parts.order_by("place"):
            self.paper.parts[part.pk] = Part(refund.pk, part.amount_fen)
        return refund.pk

    def _lists(self, refund: Refund, *, hesitates: bool) -> None:
        listed = refunds.make_list(refunds=[refund], by=self.maker, at=self.later())
        if hesitates:
            refunds.send_back(listed=listed, reason="账号再核对", by=self.releaser, at=self.later())
            listed = refunds.make_list(refunds=[refund], by=self.maker, at=self.later())
        listed = refunds.release(listed=listed, by=self.releaser, at=self.later())
        refunds.hand_out(listed=listed, by=self.maker, at=self.later())

    def bank_refunds(self, numbers: Iterable[Any]) -> None:
        """One line out of the bank pays these parts of refunds of an office."""
        parts = [self.paper.parts[number] for number in numbers]
        office, fen = self.paper.refunds[parts[0].refund].key[0], sum(one.fen for one in parts)
        line = self.bank_says(office, -fen)
        held = list(RefundPart.objects.filter(pk__in=numbers))
        refunds.pay(parts=held, line=line, by=self.maker, at=self.later())
        self.paper.transfers[line.pk].kind = "refund"
        way = plain.REFUNDABLE, plain.COLLECTED
        for one in parts:
            self.paper.pays_back(one.refund, self.paper.gone(one.refund), one.fen, *way, self.today)
            one.state = "paid"
            waits = any(self.paper.parts_of(one.refund, "waiting"))
            self.paper.refunds[one.refund].state = "released" if waits else "paid"

    def refund_came_back(self, number: Any) -> None:
        """The bank sent a part back: to another account, on another list, released once more."""
        old = RefundPart.objects.select_related("refund").get(pk=number)
        part = self.paper.parts[number]
        held = self.paper.refunds[part.refund]
        office = held.key[0]
        line = self.bank_says(office, part.fen)
        unpaid.returned(part=old, line=line, payee=PAYEE, by=self.agents[office], at=self.later())
        self.paper.transfers[line.pk].kind = "returned"
        self._lists(Refund.objects.get(pk=part.refund), hesitates=False)
        gone = self.paper.gone(part.refund) - part.fen
        self.paper.pays_back(part.refund, gone, part.fen, plain.COLLECTED, plain.REFUNDABLE, self.today)
        part.state, held.state = "returned", "released"
        self.paper.parts[RefundPart.objects.get(replaces=old).pk] = Part(part.refund, part.fen)

    def refund_not_paid(self, number: Any, *, it_did: bool) -> None:
        """The bank says that it did not take a part: to another account on another list, unless it did after all."""
        old = RefundPart.objects.select_related("refund__employer").get(pk=number)
        part = self.paper.parts[number]
        office = self.paper.refunds[part.refund].key[0]
        self.days_pass(1)
        self.banks_tell_the_day(office)
        self.days_pass(1)
        told = {"by": self.agents[office], "at": self.later()}
        unpaid.not_paid(part=old, payee=PAYEE, reason="户名账号不符", **told)
        if it_did:
            unpaid.paid_after_all(part=old, **told)
            return
        self._lists(Refund.objects.get(pk=part.refund), hesitates=False)
        part.state = "unpaid"
        self.paper.parts[RefundPart.objects.get(replaces=old).pk] = Part(part.refund, part.fen)


def _money(parts: dict[int, int]) -> list[Money]:
    shares = Share.objects.select_related("due__roster__employer", "due__edition").in_bulk(list(parts))
    return [Money(shares[number], fen) for number, fen in parts.items()]


def _line(number: int) -> StatementLine:
    return StatementLine.objects.select_related("account__organisation").get(pk=number)


def _roster_of(number: object) -> Any:
    return Share.objects.select_related("due__roster__employer").filter(due__roster=number).first().due.roster
