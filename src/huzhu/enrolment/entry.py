"""Who may join what: repeats within a sheet, people registered or covered already, schemes closed to them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from huzhu.core.periods import a_year_after
from huzhu.enrolment.line import SEXES, Line
from huzhu.enrolment.models import Enrolment
from huzhu.members.queries import by_numbers
from huzhu.rules import tree
from huzhu.rules.edition import Benefit
from huzhu.schemes import queries as schemes
from huzhu.schemes.models import SchemeEdition

RENEWAL_DAYS = 15
SLICE = 500


@dataclass(frozen=True, slots=True)
class Cover:
    """An earlier participation of somebody, as much of it as entry asks for."""

    scheme_slug: str
    starts_on: date
    ends_on: date
    since_on: date
    in_force: bool
    kind: str  # of schemes of one kind a person may hold one only

    def overlaps(self, starts_on: date) -> bool:
        return self.starts_on < a_year_after(starts_on) and self.ends_on > starts_on


class Entry:
    """What is known about entering these editions on one day."""

    def __init__(self, editions: Sequence[SchemeEdition], starts_on: date) -> None:
        self.editions = sorted(editions, key=lambda row: row.pk)
        self.engines = {row.pk: schemes.engine(row) for row in self.editions}
        self.kinds = {row.pk: self.engines[row.pk].about.get("one_of", "") for row in self.editions}
        self.starts_on = starts_on
        self.covers: dict[str, list[Cover]] = defaultdict(list)
        self.names: dict[str, str] = {}

    def learn(self, lines: Iterable[Line]) -> None:
        """Look up who of these people is registered and what they hold."""
        members = by_numbers([line.identity.number for line in lines if line.identity])
        numbers = {member.pk: number for number, member in members.items()}
        self.names |= {number: member.name for number, member in members.items()}
        keys = list(numbers)
        for start in range(0, len(keys), SLICE):
            held = Enrolment.objects.filter(member__in=keys[start : start + SLICE]).select_related("edition")
            for row in held.exclude(state=Enrolment.State.VOID):
                self.covers[numbers[row.member_id]].append(self._cover(row))

    def _cover(self, row: Enrolment) -> Cover:
        if row.edition_id not in self.kinds:
            self.kinds[row.edition_id] = schemes.engine(row.edition).about.get("one_of", "")
        return Cover(
            row.scheme_slug,
            row.cover_starts_on,
            row.cover_ends_on,
            row.covered_since_on,
            row.state == Enrolment.State.IN_FORCE,
            self.kinds[row.edition_id],
        )

    def judge(self, line: Line) -> list[SchemeEdition]:
        """The editions this person will join; where there is none, the line says why."""
        if line.identity is None or line.problems:
            return []
        registered = self.names.get(line.identity.number, line.name)
        if registered != line.name:
            line.problems["name"] = "这个身份证号已登记在另一个姓名下：请对照身份证核对姓名和号码"
            return []
        return self._open_to(line)

    def _open_to(self, line: Line) -> list[SchemeEdition]:
        assert line.identity is not None  # noqa: S101  judged by the caller
        held = [
            cover for cover in self.covers.get(line.identity.number, ()) if cover.overlaps(self.starts_on)
        ]
        slugs = {cover.scheme_slug for cover in held}
        kinds = {cover.kind for cover in held if cover.kind}
        wanted = [row for row in self.editions if not self.closed(row, line.identity.sex)]
        left = [row for row in wanted if row.slug not in slugs and self.kinds[row.pk] not in kinds]
        if not wanted:
            label = SEXES[line.identity.sex]
            line.problems["id_number"] = f"所选方案不收{label}职工（身份证号是{label}），请核对号码或方案"
        elif not left:
            days = max(cover.ends_on for cover in held)
            line.problems["id_number"] = (
                f"这段时间已经参加了所选方案（或同类方案），保障到 {days - timedelta(days=1)}，不用再报"
            )
        return left

    def closed(self, row: SchemeEdition, sex: str) -> bool:
        """Whether no benefit could ever pay a person of this sex: nobody's fee is taken for nothing."""
        benefits = self.engines[row.pk].benefits.values()
        return all(_asks_for_another(benefit, sex) for benefit in benefits)

    def since(self, number: str, slug: str) -> date:
        """The first day of unbroken cover: earlier cover counts when it ended at most 15 days before."""
        before = [c for c in self.covers.get(number, ()) if c.scheme_slug == slug and c.in_force]
        last = max(before, key=lambda cover: cover.ends_on, default=None)
        if last and last.ends_on <= self.starts_on <= last.ends_on + timedelta(days=RENEWAL_DAYS):
            return last.since_on
        return self.starts_on


def mark_repeats(lines: Iterable[Line]) -> None:
    """The same number again: the later line is refused; where the names differ, every one of them."""
    same: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line.identity:
            same[line.identity.number].append(line)
    for group in same.values():
        rows = "、".join(str(line.number) for line in group)
        if len({line.name for line in group}) > 1:
            for line in group:
                line.problems["id_number"] = f"第 {rows} 行是同一个身份证号、不同的姓名：请对照身份证核对"
        else:
            for line in group[1:]:
                line.problems["id_number"] = f"第 {rows} 行是同一个人：只收第 {group[0].number} 行"


def offered(rows: Iterable[SchemeEdition], starts_on: date) -> list[SchemeEdition]:
    """Of each scheme the newest edition that is open on the day."""
    newest: dict[str, SchemeEdition] = {}
    for row in rows:
        if row.opens_on <= starts_on < row.closes_on:
            newest[row.slug] = row
    return list(newest.values())


def _asks_for_another(benefit: Benefit, sex: str) -> bool:
    """Whether a condition of the benefit is `sex == "<the other>"`."""
    for condition in benefit.conditions:
        match condition.test:
            case tree.Compare(sign="==", left=tree.Fact(name="sex"), right=tree.Constant(value=other)):
                if other != sex:
                    return True
    return False
