"""Which dues a credit may be for: what the bank's paper says held against what is still owed, best guess first. A person decides."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from huzhu.bank.models import OwnAccount, StatementLine
from huzhu.bank.queries import lines_visible_to
from huzhu.contributions.by_hand import with_by_hand
from huzhu.contributions.models import BankSlip, LineUse, Prepaid, Receipt, Share
from huzhu.contributions.queries import slips_waiting, unpaid
from huzhu.contributions.repaying import released_sums
from huzhu.contributions.services import Money
from huzhu.core import serials
from huzhu.users.models import Role
from huzhu.users.permissions import may

NOTICE = re.compile(r"(?<![0-9A-Z])\d{8}-([0-9A-F]{8})(?![0-9A-F])", re.ASCII)
INTEREST, CHARGE = re.compile("利息|结息"), re.compile("手续费|工本费|管理费|汇费|服务费")
# what names of employers have in common, and says nothing of which it is
_COMMON = re.compile(
    r"(?:有限责任公司|股份有限公司|有限公司|总公司|公司|工会委员会|总工会|工会|委员会|（[^）]*）|\([^)]*\)|\s)"
)
SURE = 60
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Guess:
    """Dues that a credit may be for, why, and how sure that is (0 … 100)."""

    parts: tuple[Money, ...]
    why: tuple[str, ...]
    score: int
    over_fen: int
    slip: BankSlip | None = None
    is_alone: bool = True  # nothing else is as likely

    @property
    def is_clear(self) -> bool:
        """Whether one key is enough: sure, to the fen, and no other is as sure."""
        return self.score >= SURE and not self.over_fen and self.is_alone

    @property
    def key(self) -> str:
        """What a person who takes it has seen: each share and its amount."""
        return ",".join(f"{one.share.pk}:{one.amount_fen}" for one in self.parts)

    @property
    def employers(self) -> list[str]:
        return list(dict.fromkeys(one.share.due.roster.employer.name for one in self.parts))


@dataclass(slots=True)
class Owed:
    """What the branch still owes, by roster and by payer; read once for many lines."""

    by_roster: dict[Any, list[Share]]
    by_payer: dict[str, list[Share]]
    slips: dict[str, BankSlip]  # by the bank's number
    known: dict[str, set[int]] = field(default_factory=dict)  # employers by the account they paid from

    def on(self, account: OwnAccount) -> Self:
        """What may be paid to an account: an agency collects its own fees, and nobody else's."""
        place = account.organisation
        collects = account.purpose == OwnAccount.Purpose.COLLECTING

        def here(shares: list[Share]) -> list[Share]:
            return [one for one in shares if collects and place.contains(one.due.roster.employer)]

        by_roster = {key: here(held[:1]) and held for key, held in self.by_roster.items()}
        by_payer = {key: here(held) for key, held in self.by_payer.items()}
        return replace(
            self,
            by_roster={key: held for key, held in by_roster.items() if held},
            by_payer={key: held for key, held in by_payer.items() if held},
        )

    def rosters_of(self, employers: Iterable[int]) -> list[list[Share]]:
        wanted = set(employers)
        return [held for held in self.by_roster.values() if held[0].due.roster.employer_id in wanted]


def owed(by: Role, lines: Sequence[StatementLine]) -> Owed:
    """Everything that a guess needs, in a handful of statements."""
    by_roster: dict[Any, list[Share]] = defaultdict(list)
    by_payer: dict[str, list[Share]] = defaultdict(list)
    for share in unpaid(by):
        by_roster[share.due.roster_id].append(share)
        by_payer[share.payer_name].append(share)
    slips = {serials.normal(one.bank_reference): one for one in slips_waiting(by)}
    return Owed(by_roster, by_payer, slips, _known(lines))


def _known(lines: Sequence[StatementLine]) -> dict[str, set[int]]:
    numbers = {one.number for one in lines if one.number}
    found: dict[str, set[int]] = defaultdict(set)
    earlier = Receipt.objects.filter(use__line__number_index__in=list(numbers), reversed_by=None)
    for one in earlier.select_related("use__line", "share__due__roster"):
        if one.use and one.use.line.number:
            found[one.use.line.number].add(one.share.due.roster.employer_id)
    return found


def guesses(line: StatementLine, held: Owed) -> list[Guess]:
    """The best first; none where nothing speaks for any due."""
    held = held.on(line.account)
    if left_of(line) <= 0:
        return []
    found = [one for one in (*_rosters(line, held), *_groups(line, held)) if one.parts]
    best: dict[str, Guess] = {}
    for one in sorted(found, key=lambda guess: -guess.score):
        best.setdefault(one.key, one)
    ranked = list(best.values())[:SHOWN]
    in_part = left_of(line) != line.amount_fen
    if ranked and (in_part or (len(ranked) > 1 and ranked[0].score == ranked[1].score)):
        ranked[0] = replace(ranked[0], is_alone=False)
    return ranked


def _rosters(line: StatementLine, held: Owed) -> Iterable[Guess]:
    """One roster: named by its notice, by an uploaded slip, by the account, by the name, by the very amount."""
    numbers = {found.lower() for found in NOTICE.findall((line.remark or "").upper())}
    amount_fen = left_of(line)
    slip = _slip_of(line, held)
    employers = held.known.get(line.number or "", set())
    for roster, shares in held.by_roster.items():
        score, why = 0, []
        if str(roster)[:8] in numbers:
            score, why = 50, ["附言里有这份名册的缴费编号"]
        if slip and slip.roster_id == roster:
            score, why = score + 50, [*why, "单位上传过同一流水号的回单"]
        employer = shares[0].due.roster.employer
        if employer.pk in employers:
            score, why = score + 25, [*why, "这个账号以前替它付过"]
        points, said = likeness(line.name, [employer.name, *(one.payer_name for one in shares)])
        score, why = score + points, [*why, said] if said else why
        left = sum(one.left_fen for one in shares)
        if left == amount_fen:
            score, why = score + 30, [*why, "正好是这份名册还差的全部"]
        elif any(one.left_fen == amount_fen for one in shares):
            score, why = score + 25, [*why, "正好是其中一项应缴"]
        if score >= 25:
            parts = spread(amount_fen, _in_order(line, shares))
            over = amount_fen - sum(one.amount_fen for one in parts)
            yield Guess(
                tuple(parts),
                tuple(why),
                min(score, 100),
                over,
                slip if slip and slip.roster_id == roster else None,
            )


def left_of(line: StatementLine) -> int:
    """What of a line nobody has registered by hand; below zero where more than the line was."""
    told: int = getattr(line, "by_hand_fen", 0)
    return line.amount_fen - told


def _slip_of(line: StatementLine, held: Owed) -> BankSlip | None:
    """The slip of the line's number; a bank may use a number again, and nobody pays after the money has come."""
    slip = held.slips.get(line.serial) or held.slips.get(serials.normal(line.reference))
    return slip if slip and slip.paid_on <= line.booked_on else None


def _groups(line: StatementLine, held: Owed) -> Iterable[Guess]:
    """One payer for many rosters, whose parts together are the very amount."""
    for payer, shares in held.by_payer.items():
        points, said = likeness(line.name, [payer])
        offices = {one.due.roster.employer_id for one in shares}
        if points >= 20 and len(offices) > 1 and sum(one.left_fen for one in shares) == left_of(line):
            why = (said, f"正好是它替 {len(offices)} 家单位应缴的合计")
            yield Guess(tuple(Money(one, one.left_fen) for one in shares), why, 40 + points, 0)


def _in_order(line: StatementLine, shares: Sequence[Share]) -> list[Share]:
    """First a due of the very amount, then those whose payer the bank names, then the rest."""

    def rank(share: Share) -> tuple[bool, int]:
        return share.left_fen != left_of(line), -likeness(line.name, [share.payer_name])[0]

    exact = sum(one.left_fen for one in shares) == left_of(line)
    return list(shares) if exact else sorted(shares, key=rank)


def spread(amount_fen: int, shares: Iterable[Share]) -> list[Money]:
    """An amount laid on dues in order, each no more than it still owes."""
    parts = []
    for share in shares:
        taken = min(share.left_fen, amount_fen)
        if taken:
            parts.append(Money(share, taken))
            amount_fen -= taken
    return parts


def likeness(said: str, names: Iterable[str]) -> tuple[int, str]:
    """How like a name on the bank's paper is to one of ours: 40 the same, 30 one within the other, 20 an abbreviation."""
    short = _COMMON.sub("", said)
    best = (0, "")
    for name in names:
        core = _COMMON.sub("", name)
        if not short or not core or name == "职工":
            continue
        if said == name:
            return 40, f"户名就是{name}"
        if len(min(short, core, key=len)) >= 2 and (short in core or core in short):
            best = max(best, (30, f"户名和{name}相近"))
        elif len(short) >= 3 and short[0] == core[0] and _within(short, core):
            best = max(best, (20, f"户名像{name}的简称"))
    return best


def _within(short: str, whole: str) -> bool:
    """Whether the letters of an abbreviation stand in the whole, in their order."""
    rest = iter(whole)
    return all(letter in rest for letter in short)


def waiting(by: Role) -> QuerySet[StatementLine]:
    """Money that came to an agency and that nobody has said anything of, oldest first; by hand, not of its whole sum."""
    came = _unsaid(by).filter(account__purpose="collecting", amount_fen__gt=0)
    found = with_by_hand(came).exclude(by_hand_fen=F("amount_fen"))
    return found.order_by("booked_on", "position")


def small(by: Role) -> list[StatementLine]:
    """What else is not in the books: interest of the paying account, charges, and money that the bank has given back."""
    found = (
        _unsaid(by).exclude(account__purpose="collecting", amount_fen__gt=0).order_by("booked_on", "position")
    )
    back = released_sums(by) | {
        (one.amount_fen, one.line.account.organisation.path) for one in in_suspense(by)
    }
    likely = Q(name="") | Q(name__contains="银行") | Q(amount_fen__in={-fen for fen, _ in back})
    return [one for one in found.filter(likely) if kind_of(one) or _gives_back(one, back)]


def _gives_back(line: StatementLine, sums: Iterable[tuple[int, str]]) -> bool:
    """Whether an agency's account gave out what waited to go back from there."""
    place = line.account.organisation.path
    return line.account.purpose == OwnAccount.Purpose.COLLECTING and any(
        fen == -line.amount_fen and path.startswith(place) for fen, path in sums
    )


def _unsaid(by: Role) -> QuerySet[StatementLine]:
    return unsaid(lines_visible_to(by))


def unsaid(lines: QuerySet[StatementLine]) -> QuerySet[StatementLine]:
    """Those of which nobody has said what they are."""
    return lines.filter(~Exists(LineUse.objects.filter(line=OuterRef("pk"), ended_at=None)))


def kind_of(line: StatementLine) -> str:
    """What a line says it is: interest, a charge, or nothing."""
    remark = line.remark or ""
    if line.amount_fen > 0 and INTEREST.search(remark):
        return LineUse.Kind.INTEREST
    return LineUse.Kind.BANK_FEE if line.amount_fen < 0 and CHARGE.search(remark) else ""


def in_suspense(by: Role) -> QuerySet[LineUse]:
    """Money in the books that nobody has claimed yet, oldest first."""
    return uses(by).filter(kind=LineUse.Kind.SUSPENSE, ended_at=None).order_by("line__booked_on", "pk")


def sent_back_by(by: Role, line: StatementLine) -> QuerySet[LineUse]:
    """Unclaimed money that a payment may have returned: whole, later, from the account that it came to."""
    return in_suspense(by).filter(
        line__account__organisation=line.account.organisation,
        line__amount_fen=F("by_hand_fen") - line.amount_fen,
        line__booked_on__lte=line.booked_on,
    )


def uses(by: Role) -> QuerySet[LineUse]:
    """What lines were found to be, newest first."""
    found = LineUse.objects.filter(line__in=lines_visible_to(by).order_by().values("pk"))
    return found.select_related("line__account__organisation", "voucher").order_by("-used_at", "-pk")


def prepaid(by: Role) -> QuerySet[Prepaid]:
    """What employers of the branch have paid above their dues and not got back, oldest first."""
    return every_prepaid(by).filter(left_fen__gt=0)


def every_prepaid(by: Role) -> QuerySet[Prepaid]:
    """The same with what was used or given back since."""
    if not may(by, "bank.see"):
        return Prepaid.objects.none()
    found = Prepaid.objects.filter(employer__path__startswith=by.organisation.path)
    return found.select_related("employer", "paper__agency", "voucher").order_by("recorded_at", "pk")


def laid_on(held: Prepaid) -> list[Receipt]:
    """The dues that it pays, newest first."""
    standing = held.receipts.filter(amount_fen__gt=0, reversed_by=None).order_by("-pk")
    return list(standing.select_related("share__due__roster", "share__due__edition", "voucher"))


def vouchers_of(held: Prepaid) -> list[str]:
    """Numbers of the vouchers by which it came, and by which it was laid on dues."""
    used = held.receipts.values_list("voucher__number", flat=True)
    return [held.voucher.number, *used]


def age(line: StatementLine, today: dt.date) -> int:
    """Days since the money came."""
    return (today - line.booked_on).days
