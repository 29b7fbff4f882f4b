"""What a renewal changes against the period before: who stays, joins, leaves, differs, and who starts anew."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Case, QuerySet, When

from huzhu.core.identity import mask_phone
from huzhu.enrolment.expiring import grace_of
from huzhu.enrolment.models import Renewal, RenewalLine
from huzhu.enrolment.renewal import editions_of, openings
from huzhu.enrolment.slices import Tell, quietly
from huzhu.schemes.models import SchemeEdition
from huzhu.users.models import Role
from huzhu.users.permissions import may

LISTS = ("staying", "joining", "leaving", "changed", "anew", "wrong")
MOST_KEPT = 200  # rows of a list that a large difference shows
TOLD_EVERY = 1_000


@dataclass(slots=True)
class Difference:
    """Lists of (line, what is to be said of it)."""

    staying: list[tuple[RenewalLine, str]] = field(default_factory=list)
    joining: list[tuple[RenewalLine, str]] = field(default_factory=list)
    leaving: list[tuple[RenewalLine, str]] = field(default_factory=list)
    changed: list[tuple[RenewalLine, str]] = field(default_factory=list)
    anew: list[tuple[RenewalLine, str]] = field(default_factory=list)  # lose their unbroken cover
    wrong: list[tuple[RenewalLine, str]] = field(default_factory=list)  # to be mended on the roster
    heads: dict[SchemeEdition, Counter[int]] = field(default_factory=dict)  # shares → people

    def summed(self, most: int | None = None) -> dict[str, Any]:
        """As the page shows it and as it is kept: each list with its count and its first rows, heads by scheme."""
        lists = {
            name: {
                "count": len(rows := getattr(self, name)),
                "rows": [[line.name, said] for line, said in rows[:most]],
            }
            for name in LISTS
        }
        heads = {row.slug: {str(shares): n for shares, n in sums.items()} for row, sums in self.heads.items()}
        return {"lists": lists, "heads": heads}


def visible_to(by: Role) -> QuerySet[Renewal]:
    """Renewals of the asker's branch."""
    if not may(by, "rosters.upload"):
        return Renewal.objects.none()
    found = Renewal.objects.filter(employer__path__startswith=by.organisation.path)
    return found.select_related("employer").order_by("-begun_at", "pk")


def list_of(renewal: Renewal, asked: str = "") -> QuerySet[RenewalLine]:
    """Joiners, then last period's list in its order; or those whose name was looked for."""
    lines = renewal.lines.select_related("member").order_by(
        Case(When(member=None, then=0), default=1), "number"
    )
    return lines.filter(name__contains=asked) if asked else lines


def heads_of(renewal: Renewal, kept: dict[str, Any]) -> dict[SchemeEdition, dict[int, int]]:
    """Shares → people by edition, as `summed` keeps them."""
    found = {row.slug: row for row in editions_of(renewal, renewal.starts_on)}
    return {
        found[slug]: {int(n): people for n, people in sums.items()} for slug, sums in kept["heads"].items()
    }


def difference(renewal: Renewal, tell: Tell = quietly) -> Difference:
    """Everything at once, for the page before submission; of a large list the worker reckons it."""
    lines = list(renewal.lines.select_related("member"))
    editions = editions_of(renewal, renewal.starts_on)
    going = [line for line in lines if not line.reason]
    tell(0, len(lines), "正在和去年的名单核对")
    open_to = openings(renewal, going, renewal.starts_on)
    found = Difference(heads={row: Counter() for row in editions})
    for number, line in enumerate(lines):
        if number % TOLD_EVERY == 0:
            tell(number, len(lines), "正在分出续保、新增、退出和变更")
        if line.reason:
            found.leaving.append((line, line.get_reason_display()))
            continue
        joins, unbroken, read = open_to[line.number]
        wanted = [row for row in joins if row.slug in line.schemes.split(",")]
        for row in wanted:
            found.heads[row][read.share_count] += 1
        said = "、".join(row.short for row in wanted)
        (found.staying if line.member_id else found.joining).append((line, said))
        if read.problems:
            found.wrong.append((line, "；".join(read.problems.values())))
        _compare(found, line, [row for row in wanted if row.slug not in unbroken], renewal.starts_on)
    found.heads = {row: people for row, people in found.heads.items() if people}
    return found


def _compare(found: Difference, line: RenewalLine, broken: list[SchemeEdition], day: date) -> None:
    member: Any = line.member
    if member is None:
        return
    said = []
    if member.name != line.name:
        said.append(f"姓名 {member.name} → {line.name}（登记里还是{member.name}，请代办处先更正）")
    if line.phone and not member.phone:
        said.append(f"手机 没有 → {mask_phone(line.phone)}")
    elif line.phone and line.phone != member.phone:
        known = mask_phone(member.phone or "")
        said.append(
            f"手机表里是 {mask_phone(line.phone)}，登记的 {known} 不改（请本人在手机上换，或到代办处办理）"
        )
    if said:
        found.changed.append((line, "；".join(said)))
    if broken:
        said = [f"{row.short}间断超过 {grace_of(row, day)} 天" for row in broken]
        found.anew.append((line, f"{'、'.join(said)}，观察期从 {day} 起重新计算"))
