"""What was paid before today: 231 members and 刘女士, 548,000.00 yuan together; and one more, who keeps nothing of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from huzhu.cli.yichun import sheets
from huzhu.cli.yichun.claiming import Case, Walk
from huzhu.cli.yichun.people import CAST
from huzhu.cli.yichun.rosters import STORY_DAY, Joined, moment
from huzhu.schemes.example import LIU_SHEET

HELPED, PAID_FEN = 232, 54_800_000
LIU_FEN, LIU_DAY = 3_171_400, date(2022, 7, 13)
GRAVE, GRAVE_FEN = 10, 1_000_000
BACK_FEN, BACK_DAY = 126_000, date(2022, 10, 28)  # of the one more: what, and when admitted
LAST_ADMISSION = date(2022, 10, 30)
RECEPTION = (1, 3)  # Tuesdays and Thursdays
TAKES = (1, 2, 2, 2, 3)  # working days from complete papers to money received


@dataclass(slots=True)
class Year:
    """The claims of the year, in the order in which they were handed in."""

    walk: Walk
    joined: list[Joined]
    seed: Random
    say: Callable[[str], None]

    def run(self) -> list[Joined]:
        """Pays them all; returns who has not claimed yet."""
        ill = [one for one in self.joined if one.name not in CAST]
        self.seed.shuffle(ill)
        days = self._cases(ill)
        days.setdefault(LIU_DAY, [])
        for at, day in enumerate(sorted(days)):
            if day == LIU_DAY:
                self.liu()
            else:
                self._day(day, days[day], TAKES[at % len(TAKES)])
            if at % 15 == 14:
                self.say(f"  已办到 {day}")
        waiting = ill[HELPED - 1 :]
        self._one_more(waiting)
        return waiting

    def _one_more(self, waiting: list[Joined]) -> None:
        """Paid last, and the bureau will take the settlement back (see today): among the helped of the year no more."""
        who = next(one for one in reversed(waiting) if STORY_DAY < one.starts_on < date(2022, 9, 1))
        waiting.remove(who)
        apart = replace(self, seed=Random(BACK_FEN))  # noqa: S311  so that everybody else stays as they were
        case = apart.case(who, BACK_FEN, grave=False, admitted_on=BACK_DAY)
        apart._day(apart._handed_in(case), [case], 2)  # noqa: SLF001  of the same class

    def _cases(self, ill: list[Joined]) -> dict[date, list[Case]]:
        total = PAID_FEN - LIU_FEN - GRAVE * GRAVE_FEN
        amounts = sheets.benefits(self.seed, HELPED - 1, total)
        days: dict[date, list[Case]] = {}
        for at, (who, amount) in enumerate(zip(ill, amounts, strict=False)):
            case = self.case(who, amount, grave=at < GRAVE)
            days.setdefault(self._handed_in(case), []).append(case)
        return days

    def case(self, who: Joined, benefit_fen: int, *, grave: bool, admitted_on: date | None = None) -> Case:
        """A stay inside cover, after the days of observation."""
        first = who.starts_on + timedelta(days=36)
        day = admitted_on or first + timedelta(days=self.seed.randrange((LAST_ADMISSION - first).days + 1))
        illness = sheets.illness(self.seed, benefit_fen, grave=grave)
        left_on = day + timedelta(days=self.seed.randint(4, 11))
        if grave:
            return Case(who, illness, day, left_on, ("inpatient", "critical"), day + timedelta(days=1))
        return Case(who, illness, day, left_on)

    def _handed_in(self, case: Case) -> date:
        day = case.discharged_on + timedelta(days=self.seed.randint(2, 9))
        while day.weekday() not in RECEPTION or not self.walk.working.is_working(day):
            day += timedelta(days=1)
        return day

    def _day(self, day: date, cases: list[Case], takes: int) -> None:
        """One day's claims together: taken and reported, decided the same or the next day, one batch, one reply."""
        taken = [
            self.walk.take(case, moment(day, 9, 0) + timedelta(minutes=25 * at))
            for at, case in enumerate(cases)
        ]
        decided_on = self.walk.after(day, min(1, takes - 1))
        for at, claim in enumerate(taken):
            self.walk.report(claim, moment(day, 14, 30) + timedelta(minutes=6 * at))
            self.walk.decide(claim, moment(decided_on, 15, 0) + timedelta(minutes=4 * at))
        paid_on = self.walk.after(day, takes)
        batch = self.walk.batch(moment(paid_on, 9, 20))
        self.walk.answer(self.walk.send(batch, moment(paid_on, 10, 5)), moment(paid_on, 15, 40))

    def liu(self) -> None:
        """Ms Liu and her husband: three benefits on one illness, 31,714.00 on her account on 07-15 at 16:24."""
        who = next(one for one in self.joined if one.name == "刘女士")
        illness = sheets.Illness("哈尔滨医科大学附属第一医院", "three", "C50.9", LIU_SHEET)
        case = Case(
            who,
            illness,
            date(2022, 6, 20),
            date(2022, 7, 8),
            ("inpatient", "critical", "women"),
            date(2022, 6, 23),
            "relative",
            "刘女士的丈夫",
        )
        claim = self.walk.take(case, moment(LIU_DAY, 9, 40))
        self.walk.report(
            claim,
            moment(LIU_DAY, 14, 20),
            "材料齐全，住院医疗、重大疾病、女性特殊疾病三项都符合条件，建议给付。",
        )
        self.walk.decide(claim, moment(date(2022, 7, 14), 10, 15))
        batch = self.walk.batch(moment(date(2022, 7, 15), 9, 30))
        self.walk.answer(
            self.walk.send(batch, moment(date(2022, 7, 15), 10, 40)), moment(date(2022, 7, 15), 16, 24)
        )
