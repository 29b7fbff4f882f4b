"""A list of members who signed the consent paper, as the union of an employer hands it in: looked at, then taken with its scan.

It is the signatures that count: the scan is kept for each of them, each is told, and who took the consent back must have
signed since.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from huzhu.core.identity import tidy
from huzhu.files.contents import kind_of
from huzhu.files.services import store
from huzhu.files.tables import TableRefused, read, text
from huzhu.jobs.working import Tell
from huzhu.members import consents
from huzhu.members.consents import EDITION, ConsentRefused
from huzhu.members.models import Consent, Member
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

COLUMNS: dict[str, tuple[str, set[str]]] = {
    "name": ("姓名", {"名字", "职工姓名"}),
    "id_number": ("身份证号", {"身份证号码", "证件号码", "证件号", "身份证"}),
    "signed_on": ("签字日期", {"签名日期", "签字时间", "日期"}),
}
MOST_ROWS = 50_000
AT_ONCE = 2_000  # rows that are taken while the person waits
SLICE = 200
FIRST_ON = date.fromisoformat(f"{EDITION}-01")  # nobody signed this text before


@dataclass(slots=True)
class Line:
    """One row of the list: whom it names, and why it cannot be taken; `is_known` has consented already."""

    row: int
    name: str
    id_number: str
    signed_on: date | None = None
    member: Member | None = None
    problem: str = ""
    is_known: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """How many consents were written down, how many stood before, how many rows were left out."""

    given: int
    known: int
    left_out: int

    @property
    def said(self) -> str:
        """In one sentence."""
        return (
            f"登记了 {self.given:,} 人的同意，并发短信告诉本人；先前已同意的 {self.known:,} 人不变；"
            f"没有登记的 {self.left_out:,} 行。"
        )


def lines(*, data: bytes, name: str, by: Role, at: datetime) -> list[Line]:
    """Each row with its member and what is wrong with it; nothing is written. TableRefused, NotAllowed."""
    check_may(by, "members.consent")
    found = [_line(number, cells) for number, cells in _rows(data, name)]
    seen: dict[str, int] = {}
    for one in found:
        first = seen.setdefault(one.id_number, one.row) if one.id_number else one.row
        if first != one.row and not one.problem:
            one.problem = f"和第 {first} 行是同一个人，请只留一行"
    for start in range(0, len(found), SLICE):
        _judge(found[start : start + SLICE], by, at)
    return found


def take(*, data: bytes, name: str, paper: tuple[str, bytes], by: Role, at: datetime, tell: Tell) -> Taken:
    """Write down the good rows, in slices; the same list again changes nothing. ConsentRefused, TableRefused, NotAccepted."""
    check_paper(paper)
    found = lines(data=data, name=name, by=by, at=at)
    good = [one for one in found if one.member and not one.problem and not one.is_known]
    given = 0
    file = store(name=paper[0], data=paper[1], purpose="consent", by=by, at=at) if good else None
    for start in range(0, len(good), SLICE):
        with transaction.atomic():
            for one in good[start : start + SLICE]:
                given += consents.agree_by_list(member=one.member, paper=file, by=by, at=at)  # type: ignore[arg-type]
        tell(given, len(good), "正在登记")
    known = sum(one.is_known for one in found) + len(good) - given
    return Taken(given, known, sum(bool(one.problem) for one in found))


def check_paper(paper: tuple[str, bytes]) -> None:
    """The scan of the signatures; ConsentRefused, NotAccepted."""
    if not paper[1] or not kind_of(paper[1]).mime.startswith(("image/", "application/pdf")):
        raise ConsentRefused(
            "没有签字页，没有登记：请把职工签了字的那几页扫描成一个 PDF（或一张照片），和名单一起交。"
        )


def _rows(data: bytes, name: str) -> list[tuple[int, dict[str, object]]]:
    table = read(data, name)
    for top, cells in enumerate(table[:10]):
        labels = [unicodedata.normalize("NFKC", text(cell)).replace(" ", "").rstrip("*：:") for cell in cells]
        places = {
            key: labels.index(label)
            for key, (word, also) in COLUMNS.items()
            for label in (word, *sorted(also))
            if label in labels
        }
        if places.keys() == COLUMNS.keys():
            return _under(table, top, places)
    raise TableRefused("前 10 行里没有“姓名”“身份证号”“签字日期”这三列。请下载模板，把内容粘贴进去再上传。")


def _under(
    table: Sequence[Sequence[object]], top: int, places: dict[str, int]
) -> list[tuple[int, dict[str, object]]]:
    rows = [
        (number, {key: cells[at] if at < len(cells) else "" for key, at in places.items()})
        for number, cells in enumerate(table[top + 1 :], start=top + 2)
    ]
    found = [
        (number, cells)
        for number, cells in rows
        if any(text(cell) for cell in cells.values()) and not text(cells["name"]).startswith("示例")
    ]
    if not found:
        raise TableRefused("名单是空的：表头下面一行也没有。请一行一个人填好后再上传。")
    if len(found) > MOST_ROWS:
        raise TableRefused(f"名单有 {len(found):,} 行，一次最多 {MOST_ROWS:,} 行：请分成几份。")
    return found


def _line(number: int, cells: dict[str, object]) -> Line:
    one = Line(number, text(cells["name"])[:40], tidy(text(cells["id_number"])))
    said = text(cells["signed_on"]).replace("/", "-").replace(".", "-")
    try:
        day = cells["signed_on"]
        one.signed_on = day.date() if isinstance(day, datetime) else day if isinstance(day, date) else None
        one.signed_on = one.signed_on or date(*(int(part) for part in said.split("-")))
    except (TypeError, ValueError):
        one.problem = f"签字日期“{said[:20]}”不是日期，请写成 2022-11-08" if said else "签字日期空着"
    if not one.id_number:
        one.problem = "身份证号空着"
    return one


def _judge(some: Sequence[Line], by: Role, at: datetime) -> None:
    """Whom each row names, asked once for all of them."""
    people = Member.objects.filter(id_number_index__in={one.id_number for one in some if one.id_number})
    members = {member.id_number: member for member in people.select_related("employer")}
    keys = [member.pk for member in members.values()]
    known = consents.standing(keys)
    held = Consent.objects.filter(member__in=keys).values_list("member")
    last: dict[Any, datetime | None] = dict(held.annotate(last=Max("withdrawn_at")).order_by())
    for one in some:
        one.member = members.get(one.id_number)
        withdrawn_at = last.get(one.member.pk) if one.member else None
        one.problem = one.problem or _problem(one, by, at, withdrawn_at)
        one.is_known = not one.problem and one.member is not None and one.member.pk in known


def _problem(one: Line, by: Role, at: datetime, withdrawn_at: datetime | None) -> str:
    if one.member is None or not by.organisation.contains(one.member.employer):
        return "不是本代办处的会员，请核对身份证号"
    if one.member.name != one.name:
        return "姓名和登记的不一致，请核对身份证号"
    if one.signed_on is None or not FIRST_ON <= one.signed_on <= at.astimezone(SHANGHAI).date():
        return f"签字日期 {one.signed_on} 早于同意书 {EDITION} 版，或还没有到"
    if withdrawn_at and one.signed_on <= withdrawn_at.astimezone(SHANGHAI).date():
        day = withdrawn_at.astimezone(SHANGHAI).date()
        return f"本人 {day} 撤回过同意，这次签字不在那以后：要本人重新签字"
    return ""
