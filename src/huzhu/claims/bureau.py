"""Settlement records of the insurance bureau, many at once: each becomes a complete claim, or a line that says why not.

The columns bear the bureau's names. Figures that do not add up are taken as they are: the scheme's own checks say so later.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from huzhu.claims import facts, numbers, reversed_records
from huzhu.claims.checklist import SETTLEMENT, wanted
from huzhu.claims.checks import freed, overlap
from huzhu.claims.lifecycle import CLAIMED
from huzhu.claims.models import Claim, Evidence, Settlement, SettlementChange, State
from huzhu.claims.settlement import KEY_FIGURES, SETL_ID, tidy_money
from huzhu.core.hashing import canonical_json
from huzhu.core.identity import tidy
from huzhu.db.rows import insert
from huzhu.enrolment.queries import Cover, covers_of
from huzhu.files.tables import TableRefused, pages, text
from huzhu.members import consents
from huzhu.members.models import BankAccount, Member
from huzhu.organisations.models import Organisation
from huzhu.rules.edition import FactDef
from huzhu.rules.units import SHANGHAI
from huzhu.schemes import queries as schemes
from huzhu.users.models import Role

KIND = "inpatient"
NEEDED = ("setl_id", "certno", "psn_name", "begntime", "endtime", *KEY_FIGURES)
LABELS = {
    "setl_id": "结算编号",
    "certno": "证件号码",
    "psn_name": "姓名",
    "begntime": "入院时间",
    "endtime": "出院时间",
    "setl_time": "结算时间",
    "fixmedins_name": "医院名称",
    "hosp_lv": "医院等级",
    "refd_setl_flag": "退费结算标志",
    "init_setl_id": "原结算编号",
}
GRADES = {"三级": "three", "二级": "two", "一级": "one", "3": "three", "2": "two", "1": "one"}
NOT_AGREED = "会员没有同意使用医保数据：请本人在手机“我的”里同意，或到柜台签字；同意后再导入一次"
WAIVED = "医保结算数据，免交"
CLAIM = (
    *("id", "number", "member", "employer", "office", "state", "channel", "kinds", "hospital_name"),
    *("hospital_grade", "admitted_on", "discharged_on", "account"),
    *("drafted_at", "submitted_at", "complete_at", "reported_at"),
)
READ = [f"{name}_id" if name in {"member", "employer", "office", "account"} else name for name in CLAIM]
SHEET = ("id", "claim", "setl_id", "figures", "settled_at")
PAPER = ("id", "claim", "kind", "label", "state", "reason")


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the bureau's file; `fault` says what cannot be read."""

    row: int
    setl_id: str
    certno: str
    name: str
    admitted_on: date | None = None
    discharged_on: date | None = None
    settled_at: datetime | None = None
    hospital: str = ""
    grade: str = ""
    figures: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    is_reversal: bool = False
    reverses: str = ""  # the settlement that it takes back, where the record names it


@dataclass(slots=True)
class Entered:
    """What became of some records: new claims, sheets that changed, how many were there before, and (row, why) of the others."""

    claims: list[Claim] = field(default_factory=list)
    changed: int = 0
    known: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


def records(data: bytes, name: str) -> list[Record]:
    """The lines of an .xlsx, .xls or .csv whose first row bears the bureau's names; else TableRefused."""
    seen = [page for page in pages(data, name) if page.is_seen]
    rows: Iterator[Sequence[object]] = seen[0].rows() if seen else iter(())
    header = {text(cell).lower(): place for place, cell in enumerate(next(rows, []))}
    if missing := [name for name in NEEDED if name not in header]:
        words = facts.labels(missing) | LABELS
        listed = "、".join(f"{name}（{words.get(name, '')}）" for name in missing)
        raise TableRefused(f"第一行缺这些列：{listed}。列名请用国家医保信息平台的名称，一行一次住院结算。")
    money = facts.money_names() & header.keys()
    found = [
        _record(number, {name: cells[place] for name, place in header.items() if place < len(cells)}, money)
        for number, cells in enumerate(rows, start=2)
        if any(text(cell) for cell in cells)
    ]
    if not found:
        raise TableRefused("表里只有列名，没有结算记录。请核对选对了文件。")
    return reversed_records.cancelled(found)


def _record(number: int, cells: Mapping[str, object], money: frozenset[str] | set[str]) -> Record:
    told = {name: unicodedata.normalize("NFKC", text(cells.get(name))) for name in LABELS}
    figures = {name: tidy_money(text(cells.get(name))) for name in sorted(money)}
    faults: list[str] = []
    days = {name: _instant(cells.get(name), name, faults) for name in ("begntime", "endtime", "setl_time")}
    admitted, discharged = days["begntime"], days["endtime"]
    return Record(
        row=number,
        setl_id=told["setl_id"].replace(" ", "").upper(),
        certno=tidy(told["certno"]),
        name=told["psn_name"],
        admitted_on=admitted and admitted.date(),
        discharged_on=discharged and discharged.date(),
        settled_at=days["setl_time"],
        hospital=told["fixmedins_name"][:80],
        grade=GRADES.get(told["hosp_lv"], told["hosp_lv"] if told["hosp_lv"] in GRADES.values() else ""),
        figures={name: value for name, value in figures.items() if value},
        fault="；".join(faults),
        is_reversal=reversed_records.takes_back(told["refd_setl_flag"], figures),
        reverses=told["init_setl_id"].replace(" ", "").upper(),
    )


def _instant(cell: object, name: str, faults: list[str]) -> datetime | None:
    """A cell of a date, or 2022-06-20 or 2022-06-20 08:30:00 as text, in local time."""
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=SHANGHAI)
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day, tzinfo=SHANGHAI)
    said = text(cell).replace("/", "-")
    if not said:
        return None
    try:
        return datetime.fromisoformat(said).replace(tzinfo=SHANGHAI)
    except ValueError:
        faults.append(f"{LABELS[name]}“{said[:20]}”不是时间，请写成 2022-06-20 或 2022-06-20 08:30:00")
        return None


class Desk:
    """What is known of the people in some records, asked once for all of them; they are locked as for a claim handed in."""

    def __init__(self, found: Sequence[Record], by: Role, at: datetime, read: dict[str, FactDef]) -> None:
        self.by, self.read = by, read
        self.day = at.astimezone(SHANGHAI).date()
        numbers = {one.certno for one in found if one.certno}
        people = Member.objects.select_for_update(of=("self",), no_key=True).select_related("employer")
        found_here = people.filter(id_number_index__in=numbers).annotate(agrees=consents.agrees())
        found_here = found_here.order_by("pk")
        self.members: dict[str, Any] = {member.id_number: member for member in found_here}
        keys = [member.pk for member in self.members.values()]
        accounts = BankAccount.objects.filter(member__in=keys, is_current=True).only("member", "is_current")
        self.accounts = {account.member_id: account for account in accounts}
        self.covers: dict[Any, list[Cover]] = defaultdict(list)
        for cover in covers_of(keys):
            self.covers[cover.member_id].append(cover)
        self.stays: dict[Any, list[Claim]] = defaultdict(list)
        stays = Claim.objects.filter(member__in=keys, state__in=CLAIMED, admitted_on__isnull=False)
        for claim in stays.exclude(freed()):
            self.stays[claim.member_id].append(claim)
        sheets = Settlement.objects.filter(setl_id_index__in=[one.setl_id for one in found if one.setl_id])
        self.sheets = {sheet.setl_id: sheet.claim for sheet in sheets.select_related("claim")}
        changes = SettlementChange.objects.filter(claim__member__in=keys)
        self.records: set[str] = set()  # the bureau's reversals that are known
        self.before: set[str] = set()  # numbers that sheets had before they were settled anew
        self.corrected: set[Any] = set()  # claims whose sheet the bureau settled anew
        self.open: list[SettlementChange] = []
        for change in changes.select_related("claim__settlement", "claim__office").order_by("noted_at"):
            self.learn(change)

    def learn(self, change: SettlementChange) -> None:
        """What this change makes known to the lines after it."""
        if change.state != SettlementChange.State.DROPPED:
            self.records |= {one for one in (change.record_id,) if one}
            if change.kind == SettlementChange.Kind.CORRECTED and change.was_setl_id:
                self.before.add(change.was_setl_id)
            if change.kind == SettlementChange.Kind.CORRECTED and change.record_id:
                self.corrected.add(change.claim_id)
        if change.state == SettlementChange.State.OPEN and change.kind == SettlementChange.Kind.REVERSED:
            self.open.append(change)

    def reopened(self, one: Record) -> list[SettlementChange]:
        """Reversals of this person that wait to be reckoned again, as far as the agency may know of them."""
        member = self.members.get(one.certno)
        if member is None:
            return []
        found = [change for change in self.open if change.claim.member_id == member.pk]
        return [change for change in found if self.is_ours(member) or self.has(change.claim)]

    def knows(self, one: Record) -> bool:
        """Whether this settlement came in before, by such a file, or was the one before it was settled anew."""
        before = self.sheets.get(one.setl_id)
        return one.setl_id in self.before or (
            before is not None and (before.channel == Claim.Channel.BUREAU or before.pk in self.corrected)
        )

    def is_ours(self, member: Member) -> bool:
        return self.by.organisation.contains(member.employer)

    def has(self, claim: Claim) -> bool:
        """Whether the agency has taken this claim, wherever its member stands by now."""
        return self.by.organisation.contains(claim.office)

    def objection(self, one: Record) -> str:
        """Why this record cannot become a claim; the person it belongs to is never named beyond what the line says."""
        if one.fault:
            return one.fault
        if not SETL_ID.fullmatch(one.setl_id):
            return "结算编号空着，或不是数字和字母"
        if one.setl_id in self.sheets:
            return "这张结算单已经用在另一件申请里，请查看那件申请"
        return self._of_person(one) or self._of_stay(one) or self.of_figures(one)

    def _of_person(self, one: Record) -> str:
        member = self.members.get(one.certno)
        if member is None or not self.is_ours(member):
            return "不是本代办处的会员"
        if member.name != one.name:
            return "姓名和登记的不一致，请核对证件号码"
        if not member.agrees:
            return NOT_AGREED
        return "" if member.pk in self.accounts else "会员没有登记收款账户"

    def _of_stay(self, one: Record) -> str:
        if one.admitted_on is None or one.discharged_on is None:
            return "入院时间或出院时间空着"
        if one.discharged_on < one.admitted_on or one.discharged_on > self.day:
            return f"出院日期 {one.discharged_on} 早于入院日期，或还没有到"
        member = self.members[one.certno]
        covers = self.covers[member.pk]
        if not any(cover.cover_starts_on <= one.admitted_on < cover.cover_ends_on for cover in covers):
            return f"入院日期 {one.admitted_on} 不在保障期内"
        stay = Claim(kinds=[KIND], admitted_on=one.admitted_on, discharged_on=one.discharged_on)
        other = next((claim for claim in self.stays[member.pk] if overlap(stay, claim)), None)
        return f"与申请 {other.number} 的住院重叠" if other else ""

    def of_figures(self, one: Record) -> str:
        """What is wrong with the figures."""
        if missing := [name for name in KEY_FIGURES if name not in one.figures]:
            return f"缺{'、'.join(facts.labels(missing).values())}"
        return "；".join(facts.problems(one.figures, self.read).values())


def readable() -> dict[str, FactDef]:
    """What the published schemes can read, asked once for a whole file."""
    return schemes.facts()


def enter_each(
    *,
    found: Sequence[Record],
    by: Role,
    offices: Mapping[str, Organisation],
    read: dict[str, FactDef],
    at: datetime,
) -> Entered:
    """Complete claims, reported up; in the transaction of the opinion that the upper room gives on them.

    `offices` are the agencies by path. The same records again change nothing. IntegrityError where another worker
    took a number or a settlement in between: try again.
    """
    desk, entered = Desk(found, by, at, read), Entered()
    sheets: list[tuple[Any, ...]] = []
    place = numbers.last_of(desk.day.year)
    for one in found:
        if one.is_reversal:
            reversed_records.take(one, desk, entered, by, at)
            continue
        if desk.knows(one):
            entered.known += 1
            continue
        if reversed_records.anew(one, desk, entered, by, at):
            continue
        if why := desk.objection(one):
            entered.refused.append((one.row, why))
            continue
        place += 1
        claim = _claim(one, desk, offices, numbers.spelled(desk.day.year, place), at)
        entered.claims.append(claim)
        sheets.append((uuid4(), claim.pk, one.setl_id, canonical_json(one.figures), one.settled_at))
        desk.sheets[one.setl_id] = claim
        desk.stays[claim.member_id].append(claim)
    insert(Claim, CLAIM, [[getattr(claim, name) for name in READ] for claim in entered.claims])
    insert(Settlement, SHEET, sheets)
    insert(Evidence, PAPER, [row for claim in entered.claims for row in _papers(claim)])
    return entered


def _claim(one: Record, desk: Desk, offices: Mapping[str, Organisation], number: str, at: datetime) -> Claim:
    member = desk.members[one.certno]
    return Claim(
        number=number,
        member=member,
        employer=member.employer,
        office=next(place for path, place in offices.items() if member.employer.path.startswith(path)),
        state=State.REPORTED,
        channel=Claim.Channel.BUREAU,
        kinds=[KIND],
        hospital_name=one.hospital,
        hospital_grade=one.grade,
        admitted_on=one.admitted_on,
        discharged_on=one.discharged_on,
        account=desk.accounts[member.pk],
        drafted_at=at,
        submitted_at=at,
        complete_at=at,
        reported_at=at,
    )


def _papers(claim: Claim) -> Iterator[tuple[Any, ...]]:
    """The sheet is there, and nothing else is asked for."""
    for paper in wanted(claim.kinds):
        state = Evidence.State.RECEIVED if paper is SETTLEMENT else Evidence.State.WAIVED
        yield uuid4(), claim.pk, paper.kind, paper.label, state, WAIVED
