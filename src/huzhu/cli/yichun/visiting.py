"""How the agency went round: 902 units visited, 8,000 leaflets and more, reasons, next dates; earlier insurance statistics.

902 visits to units, 8,000 leaflets and the four reasons were published; which unit said what was not: made up here,
as are the insured of 2018–2020. The publicity day has the shape of another office's day in the same town.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import cycle
from random import Random
from typing import Any

from huzhu.cli.yichun.cast import Cast
from huzhu.cli.yichun.places import Place, Tree, spread
from huzhu.cli.yichun.rosters import SEASONS, moment
from huzhu.employers import insured
from huzhu.employers import services as records
from huzhu.outreach import services as outreach

SEED = 8_000
NOT_VISITED = 58  # of 960 units, so that 902 are visited
LEAFLETS = 8_260
OPENED_ON, TODAY = date(2021, 12, 13), date(2022, 11, 30)
EVENING = moment(date(2022, 11, 29), 17, 30)
TARGET_FEN = 76_000_000  # published
CAUSES = ("money",) * 8 + ("unaware",) * 6 + ("late_papers",) * 4 + ("policy",) * 2
WILLING = ("waiting", "no", "waiting", "yes")
SAID = {
    "money": (
        "今年工会经费排满了，要等明年预算",
        "职工愿意参加，但不愿自己全出",
        "想问上级工会能不能补一部分",
    ),
    "unaware": ("第一次听说，要向班子汇报", "以为是商业保险，要再看看材料", "想请代办处来讲一次"),
    "late_papers": ("听说二次报销要跑医院开票据，嫌麻烦", "有职工说结算单拿不到"),
    "policy": ("多数是灵活用工，不能随单位参加", "骑手没有劳动合同，问个人能不能参加"),
}
STEPS = ("送方案和测算", "再电话联系", "约主席面谈", "到单位讲一次", "帮忙报经费申请")
# words in a name, and the section of GB/T 4754 they stand for; the first that fits
SECTIONS = (
    ("中学 小学 学院 学校 幼儿园 教育 附小 党校", "P"),
    ("医院 疾控 血站 保健 卫 急救 皮防 康复 敬老 福利 救助 残联 红十字 药检", "Q"),
    ("林业局公司 林场 苗圃 林草 种子 畜牧 农技", "A"),
    ("图书 博物 艺术 文化 体育 广播 日报 融媒体 少年宫 档案 传媒 滑雪", "R"),
    ("供热 供电 自来水 燃气", "D"),
    ("矿业", "B"),
    ("快递 外卖 网约车 客运 公路 公共汽车 物流 机场 邮政 粮库", "G"),
    ("环卫 园林 污水 水库 景区 漂流 旅游 旅行", "N"),
    ("超市 商贸 药房 供销", "F"),
    ("酒店 宾馆 餐饮", "H"),
    ("建筑 装饰 市政工程", "E"),
    ("软件 通信", "I"),
    ("贷款", "J"),
    ("房地产 物业 房产", "K"),
    ("劳务 保安", "L"),
    ("质检 科学院 气象", "M"),
    ("保洁 家政 殡仪", "O"),
)


def tell(tree: Tree, people: Cast) -> None:
    """All of it, by the rooms' own verbs."""
    seed = Random(SEED)  # noqa: S311  the same story every time is the point
    every = [*tree.employers, *tree.others]
    profiles = {place.organisation.pk: (section(place), front(place)) for place in every}
    records.set_profiles(profiles=profiles, place=tree.city, by=people.sun, at=EVENING)
    quiet = {place.organisation.pk for place in seed.sample(tree.others, NOT_VISITED)}
    visited = [place for place in every if place.organisation.pk not in quiet]
    outreach.log_all(entries=_visits(visited, people, seed), place=tree.city, by=people.sun, at=EVENING)
    _proofs(tree, people)
    _occasions(tree, people)
    _targets(tree, people)
    _insured(tree, people, seed)


def section(place: Place) -> str:
    """The industry its name speaks of; public bodies else, and makers of things among enterprises."""
    name = place.organisation.name
    found = next((code for words, code in SECTIONS if any(word in name for word in words.split())), "")
    return found or ("C" if place.sector == "enterprise" else "S")


def front(place: Place) -> str:
    name = place.organisation.name
    if "行业" in name:
        return "industry"
    return "society" if any(word in name for word in ("快递", "外卖", "网约车", "家政")) else "unit"


def _visits(visited: list[Place], people: Cast, seed: Random) -> Iterator[outreach.Entry]:
    leaflets = spread(LEAFLETS, [seed.randint(60, 140) for _ in visited])
    causes, willing = cycle(seed.sample(CAUSES, len(CAUSES))), cycle(WILLING)
    for at, (place, pieces) in enumerate(zip(visited, leaflets, strict=True)):
        if place.enrolled:
            yield _joined(place, pieces, people, seed)
            continue
        first = _weekday(seed, date(2022, 2, 21), date(2022, 9, 30))
        if at % 3 == 0:
            yield outreach.Entry(place.organisation, first, "visit", said="留下材料，主席不在，下次再来")
        cause = "policy" if front(place) != "unit" else next(causes)
        yield _told(place, pieces, (next(willing), cause, at), people, seed)


def _joined(place: Place, pieces: int, people: Cast, seed: Random) -> outreach.Entry:
    """Before its roster came in."""
    first = SEASONS[place.sector][0]
    return outreach.Entry(
        employer=place.organisation,
        on=_weekday(seed, OPENED_ON, first - timedelta(days=2)),
        way=seed.choice(("visit", "visit", "talk", "phone")),
        leaflets=pieces,
        said="愿意组织职工参加",
        willing="yes",
        willing_count=place.enrolled,
        owner=people.sun.user,
    )


def _told(
    place: Place, pieces: int, outcome: tuple[str, str, int], people: Cast, seed: Random
) -> outreach.Entry:
    """The last visit to a unit that has not joined; some lack something, as lists do."""
    willing, cause, at = outcome
    vague = at % 9 == 4 and willing == "waiting"
    county = place.organisation.name.startswith("铁力市")
    owner = people.qian.user if county else people.sun.user
    return outreach.Entry(
        employer=place.organisation,
        on=_weekday(seed, date(2022, 10, 8), date(2022, 11, 25)),
        way=seed.choice(("visit", "visit", "visit", "phone", "wechat", "reception")),
        leaflets=pieces,
        said=seed.choice(SAID[cause]),
        willing=willing,
        willing_count=place.staff // 4 if willing == "yes" else None,
        cause="" if vague else cause,
        next_step=seed.choice(STEPS),
        next_on=None if at % 25 == 13 else _next(seed),
        owner=None if at % 20 == 4 else owner,
    )


def _next(seed: Random) -> date:
    """Around today: a few have passed, a few are due, most lie ahead."""
    throw = seed.randrange(40)
    if throw == 0:
        return _weekday(seed, date(2022, 11, 25), date(2022, 11, 29))
    return TODAY if throw == 1 else _weekday(seed, date(2022, 12, 1), date(2022, 12, 28))


def _weekday(seed: Random, first: date, last: date) -> date:
    days = [first + timedelta(days=at) for at in range((last - first).days + 1)]
    return seed.choice([day for day in days if day.weekday() < 5])


def _proofs(tree: Tree, people: Cast) -> None:
    """The story's employer proved its staff; two others only reported it, one waits."""
    story = tree.story
    paper = f"单位,年度,在职职工数\n{story.organisation.name},2022,{story.staff}\n".encode()
    told: dict[str, Any] = {"year": 2022, "on": TODAY}
    count = records.tell_count(
        employer=story.organisation,
        count=story.staff,
        source="insurance",
        name="社保缴费名单（演示数据）.csv",
        data=paper,
        by=people.zhao,
        at=EVENING,
        **told,
    )
    records.prove_count(count=count, by=people.sun, at=EVENING + timedelta(minutes=40), on=TODAY)
    for place in tree.others[:2]:
        records.tell_count(
            employer=place.organisation,
            count=place.staff,
            source="reported",
            by=people.sun,
            at=EVENING,
            **told,
        )
    for place, name in ((story, "高主席"), (tree.others[0], "宋主席"), (tree.others[1], "唐干事")):
        records.add_contact(
            employer=place.organisation,
            name=name,
            post="工会" + name[1:],
            phone="14000000001",
            by=people.sun,
            at=EVENING,
        )


def _occasions(tree: Tree, people: Cast) -> None:
    city = tree.city
    counts = {"boards": 2, "booklets": 120, "posters": 24, "questions": 23, "attendance": 0}
    for told in (
        outreach.Told(
            city,
            "talk",
            date(2022, 3, 18),
            "市职工活动中心",
            {"attendance": 86, "booklets": 90},
            "各单位工会主席，演示数据",
        ),
        outreach.Told(
            tree.counties["铁力市"],
            "talk",
            date(2022, 6, 10),
            "铁力市总工会会议室",
            {"attendance": 42},
            "演示数据",
        ),
        outreach.Told(
            city, "day", date(2022, 10, 15), "新兴广场", counts, "数量按同城另一家单位宣传日的样子，演示数据"
        ),
    ):
        outreach.hold(told=told, by=people.sun, at=EVENING)


def _targets(tree: Tree, people: Cast) -> None:
    """The agency's was published; those of the group and the counties are made up."""
    outreach.aim(organisation=tree.city, year=2022, amount_fen=TARGET_FEN, heads=0, by=people.sun, at=EVENING)
    for place, yuan in ((tree.group, 400_000), *((county, 30_000) for county in tree.counties.values())):
        outreach.aim(
            organisation=place, year=2022, amount_fen=yuan * 100, heads=yuan // 120, by=people.sun, at=EVENING
        )


def _insured(tree: Tree, people: Cast, seed: Random) -> None:
    """A sheet of 2018–2020, uploaded and taken in as any other: employers, and the sums of counties and the group."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(insured.LABELS.values())
    every = [*tree.employers, *tree.others]
    for year, hundredths in ((2018, 107), (2019, 104), (2020, 102)):
        drift = {place.organisation.pk: hundredths + seed.randint(-2, 2) for place in every}
        rows = [(place.organisation, _figures(place, drift[place.organisation.pk])) for place in every]
        for above in (tree.city, tree.group, *tree.counties.values()):
            own = [row for one, row in rows if above.contains(one)]
            rows.append((above, [sum(column) for column in zip(*own, strict=True)]))
        for one, row in rows:
            writer.writerow((year, one.code, one.name, *row))
    sheet = insured.stage(
        name="2018-2020年医保统计（演示数据）.csv", data=out.getvalue().encode(), by=people.sun, at=EVENING
    )
    insured.accept(sheet=sheet, by=people.sun, at=EVENING, on_year=TODAY.year)


def _figures(place: Place, hundredths: int) -> list[int]:
    workers = max(1, place.staff * hundredths // 100)
    stays = workers // 12
    return [workers, stays, stays * 5_800, stays * 1_450]
