"""How the workers join: a roster of every employer, uploaded, accepted and paid by the ordinary verbs."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from django.utils import timezone

from huzhu.cli.yichun.cast import Cast
from huzhu.cli.yichun.people import CAST, PLEDGED, Registry
from huzhu.cli.yichun.places import STORY_WOMEN, Place, Tree
from huzhu.contributions import collecting
from huzhu.contributions import services as contributions
from huzhu.contributions.pledges import pledge
from huzhu.contributions.splits import Rule
from huzhu.contributions.terms import set_split
from huzhu.enrolment import services as enrolment
from huzhu.members import services as members
from huzhu.members.queries import by_numbers

HEADS = ("姓名", "身份证号", "手机", "开户行", "银行账号")
BANKS = ("工商银行伊春支行", "农业银行伊春支行", "建设银行伊春支行", "龙江银行伊春分行", "邮储银行伊春分行")
STORY_DAY = date(2022, 1, 28)
TOO_MUCH_FEN = 24_000  # two people's fee, which the last employer of the year paid twice
PLEDGED_DAY, SHUT_DAY = date(2022, 3, 10), date(2022, 3, 15)
# first and last day on which rosters of a kind begin; every second bureau joined before the end of January
SEASONS = {
    "forestry": (date(2022, 1, 5), date(2022, 1, 27)),
    "later forestry": (date(2022, 2, 14), date(2022, 3, 25)),
    "municipal": (date(2022, 2, 10), date(2022, 5, 20)),
    "enterprise": (date(2022, 3, 15), date(2022, 6, 17)),
    "county": (date(2022, 3, 1), date(2022, 8, 26)),
}


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody who joined and has an account: who may fall ill in this story."""

    number: str
    name: str
    sex: str
    starts_on: date


@dataclass(slots=True)
class Joining:
    """The rosters of the year, and who of them has an account."""

    tree: Tree
    cast: Cast
    editions: dict[str, Any]
    registry: Registry
    seed: Random
    say: Callable[[str], None]
    with_account: list[Joined] = field(default_factory=list)
    heads: int = 0

    def run(self) -> None:
        """Splits and the account to pay to first, then every roster in the order of its day."""
        share_fees(self.tree, self.cast)
        open_account(self.tree, self.cast)
        calendar = self._calendar()
        for at, (day, place) in enumerate(calendar, 1):
            if place is None:
                self._pledged(day)
            else:
                self._join(place, day, over_fen=TOO_MUCH_FEN if at == len(calendar) else 0)
            if at % 50 == 0:
                self.say(f"  已参保 {at} 家单位，{self.heads:,} 人")

    def _calendar(self) -> list[tuple[date, Place | None]]:
        """Every employer's day; nobody's is the day of the one who is pledged for."""
        days = [(self._day(place, at), place) for at, place in enumerate(self.tree.employers)]
        return sorted([*days, (PLEDGED_DAY, None)], key=lambda pair: pair[0])

    def _day(self, place: Place, at: int) -> date:
        if place is self.tree.story:
            return STORY_DAY
        later = place.sector == "forestry" and at % 2
        first, last = SEASONS["later forestry" if later else place.sector]
        return first + timedelta(days=self.seed.randrange((last - first).days + 1))

    def _join(self, place: Place, day: date, *, over_fen: int) -> None:
        is_story = place is self.tree.story
        people = list(self._people(place, is_story=is_story))
        rows = [self._row(person, day, at, often=5 if is_story else 15) for at, person in enumerate(people)]
        slugs = ("yichun-120", "yichun-women") if is_story else ("yichun-120",)
        name, data = ("名册.xlsx", as_excel(rows)) if is_story else ("名册.csv", as_csv(rows))
        by = self.cast.zhao if is_story else self.cast.sun
        roster = self._staged(place, people, day, slugs=slugs, file=(name, data), by=by)
        self._accepted(roster, f"DEMO-{place.organisation.code}", day, by, over_fen)

    def _staged(
        self,
        place: Place,
        people: list[members.Person],
        day: date,
        *,
        slugs: tuple[str, ...],
        file: tuple[str, bytes],
        by: Any,
    ) -> Any:
        roster = enrolment.stage(
            employer=place.organisation,
            editions=[self.editions[slug] for slug in slugs],
            cover_starts_on=day,
            name=file[0],
            data=file[1],
            by=by,
            at=moment(day, 9, 30),
        )
        # after staging, which would otherwise look up everybody; before accepting, which then finds them as generated
        members.register_all(
            people=people, employer=place.organisation, by=by, at=moment(day, 9, 30), is_synthetic=True
        )
        self.heads += len(people)
        return roster

    def _accepted(self, roster: Any, reference: str, day: date, by: Any, over_fen: int = 0) -> None:
        dues = contributions.accept_roster(roster=roster, good_only=False, by=by, at=moment(day, 9, 35))
        pay(dues, reference, self.cast, moment(day, 15, 10), over_fen)

    def _pledged(self, day: date) -> None:
        """She could not pay and had not joined: a cadre pays for her out of his own pocket, and pledges every later year."""
        place = self.tree.shut
        person = self.registry.person("female", PLEDGED)
        data = as_csv([self._row(person, day, 0, often=1)])
        by = self.cast.sun
        roster = self._staged(place, [person], day, slugs=("yichun-120",), file=("名册.csv", data), by=by)
        number = person.identity.number
        pledge(
            member=by_numbers([number])[number],
            sponsor_name="王包联（包联干部）",
            sponsor_kind="person",
            is_named=False,
            from_year=day.year,
            note="承诺每年续缴；承担全部 120 元是演示值，报道没有写金额",
            by=by,
            at=moment(day, 9, 32),
        )
        self._accepted(roster, f"DEMO-{place.organisation.code}-1", day, by)

    def _people(self, place: Place, *, is_story: bool) -> Iterator[members.Person]:
        if not is_story:
            yield from self.registry.people(place.enrolled - (place is self.tree.shut))
            return
        yield self.registry.person("female", "刘女士", date(1979, 4, 12))
        yield self.registry.person("male", "王小明", date(1986, 9, 3))
        yield from self.registry.people(place.enrolled - 2, STORY_WOMEN - 1)

    def _row(self, person: members.Person, day: date, at: int, *, often: int) -> tuple[str, ...]:
        cells = (person.name, person.identity.number, person.phone or "")
        if at % often and person.name not in CAST:
            return (*cells, "", "")
        self.with_account.append(Joined(person.identity.number, person.name, person.identity.sex, day))
        return (*cells, self.seed.choice(BANKS), self.registry.account())


def share_fees(tree: Tree, cast: Cast) -> None:
    """As published: the group pays 75 %, some municipal units 50 %, some county units give 30 yuan back in cash."""
    opening = date(2022, 1, 4)

    def share(place: Any, rule: Rule, slug: str = "yichun-120", day: date = opening) -> None:
        set_split(
            employer=place,
            scheme_slug=slug,
            rules=[rule],
            valid_from=day,
            by=cast.sun,
            at=moment(opening, 10, 0),
        )

    share(tree.group, Rule("employer", "伊春森工集团", "percent", 7_500))
    # assumed: the source does not say who pays the women's scheme
    women = Rule("employer", "美溪林业局公司工会（假定）", "percent", 10_000)
    share(tree.story.organisation, women, "yichun-women")
    places = [place for place in tree.employers if place.sector in {"municipal", "county"}]
    for place in places[::3]:
        half = place.sector == "municipal"
        rule = (
            Rule("employer", "", "percent", 5_000)
            if half
            else Rule("employer", "", "cash_back", fixed_fen=3_000)
        )
        share(place.organisation, rule)
    # assumed: how much the subsidy for all its staff was is not told
    share(tree.shut.organisation, Rule("employer", "", "percent", 10_000), day=SHUT_DAY)


def open_account(tree: Tree, cast: Cast) -> None:
    """Where fees are paid to; the number begins with 9900, which is no bank's."""
    account = collecting.propose(
        agency=tree.city,
        holder="伊春代办处（演示账户）",
        bank_name="龙江银行伊春分行",
        number="9900 2307 0000 0001",
        by=cast.sun,
        at=moment(date(2022, 1, 4), 10, 30),
    )
    collecting.confirm(account=account, by=cast.li, at=moment(date(2022, 1, 4), 11, 0))


def pay(dues: Iterable[Any], reference: str, cast: Cast, at: datetime, over_fen: int = 0) -> None:
    """The whole of a roster's dues in one transfer, and perhaps something above them."""
    parts = [
        contributions.Money(share, share.amount_fen)
        for due in dues
        for share in due.shares.all()
        if share.amount_fen
    ]
    contributions.record_transfer(
        parts=parts,
        received_on=at.date(),
        bank_reference=reference,
        over_fen=over_fen,
        by=cast.sun,
        at=at,
    )


def as_csv(rows: Iterable[tuple[str, ...]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADS)
    writer.writerows(rows)
    return out.getvalue().encode()


def as_excel(rows: Iterable[tuple[str, ...]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page, text = book.add_worksheet("名册"), book.add_format({"num_format": "@"})
        for at, row in enumerate([HEADS, *rows]):
            for column, cell in enumerate(row):
                page.write_string(at, column, cell, text)
    return out.getvalue()


def moment(day: date, hour: int, minute: int) -> datetime:
    """A time of day in the office's own zone."""
    return datetime.combine(day, time(hour, minute), tzinfo=timezone.get_default_timezone())
