"""The tree as published: 34 municipal units, 8 districts and counties with 194 units, 8 enterprises, the forestry group.

How many units there are, 133,000 workers in all and 24,000 in the group were published; how they are spread was
not: that is made up here, adding up to the published sums. Names of places are real, names of small units are not.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from huzhu.organisations import services as organisations

STORY = "美溪林业局公司"
STORY_STAFF, STORY_ENROLLED, STORY_WOMEN = 1_760, 900, 468
ASSOCIATION, PROVINCE, CITY = "中国职工保险互助会", "哈尔滨办事处", "伊春代办处"
GROUP = "伊春森工集团工会"
COUNTIES = ("伊美区", "乌翠区", "友好区", "金林区", "铁力市", "嘉荫县", "汤旺县", "丰林县")
UNITS_OF_COUNTIES = (25, 24, 24, 24, 27, 24, 23, 23)  # 194
MUNICIPAL = [
    "市教育局",
    "市民政局",
    "市财政局",
    "市水务局",
    "市商务局",
    "市审计局",
    "市统计局",
    "市司法局",
    "市体育局",
    "市信访局",
    "市档案馆",
    "市图书馆",
    "市博物馆",
    "市群众艺术馆",
    "市中心医院",
    "市中医医院",
    "市妇幼保健院",
    "市疾控中心",
    "市中心血站",
    "市第一中学",
    "市职业学院",
    "市特殊教育学校",
    "市广播电视台",
    "市日报社",
    "市公共汽车公司",
    "市环卫中心",
    "市园林中心",
    "市自来水公司",
    "市住房公积金中心",
    "市人社服务中心",
    "市医保服务中心",
    "市公路中心",
    "市气象服务中心",
    "市林业科学院",
]
ENTERPRISES = [
    "伊春鹿鸣矿业公司",
    "伊春建龙西林钢铁公司",
    "伊春供热公司",
    "伊春供电公司",
    "伊春木业公司",
    "伊春制药公司",
    "医药公司留守处",
    "伊春旅游公司",
]
BUREAUS = [
    "美溪",
    "双丰",
    "铁力",
    "桃山",
    "朗乡",
    "南岔",
    "金山屯",
    "乌马河",
    "翠峦",
    "友好",
    "上甘岭",
    "五营",
    "红星",
    "新青",
    "汤旺河",
    "乌伊岭",
]
SMALL = [
    "教育局",
    "民政局",
    "财政局",
    "水务局",
    "住建局",
    "交通局",
    "农业农村局",
    "卫健局",
    "市场监管局",
    "应急局",
    "文旅局",
    "人社局",
    "统计局",
    "审计局",
    "人民医院",
    "中医院",
    "疾控中心",
    "第一中学",
    "第二中学",
    "实验小学",
    "中心幼儿园",
    "林草局",
    "供热站",
    "环卫站",
    "自来水厂",
    "融媒体中心",
    "法院",
    "检察院",
]
# (units, staff, enrolled) of each kind; the sums are the published ones
SPREAD = {
    "municipal": (18_000, 3_900),
    "county": (78_000, 5_300),
    "enterprise": (13_000, 1_476),
    "forestry": (24_000, 12_400),
}


@dataclass(slots=True)
class Place:
    """An employer, and how many of its staff have joined."""

    organisation: Any
    sector: str
    staff: int
    enrolled: int


@dataclass(slots=True)
class Tree:
    """The whole tree, by what the demonstration needs of it."""

    province: Any = None
    city: Any = None
    group: Any = None
    counties: dict[str, Any] = field(default_factory=dict)
    employers: list[Place] = field(default_factory=list)

    @property
    def story(self) -> Place:
        return next(place for place in self.employers if place.organisation.name == STORY)


def spread(total: int, weights: list[int]) -> list[int]:
    """Whole numbers in proportion to the weights that sum to the total; the largest remainders get the odd ones."""
    shares = [divmod(total * weight, sum(weights)) for weight in weights]
    short = total - sum(whole for whole, _ in shares)
    first = sorted(range(len(weights)), key=lambda at: -shares[at][1])[:short]
    return [whole + (at in first) for at, (whole, _) in enumerate(shares)]


def plant(seed: Random) -> Tree:
    """Sets the tree up, top first."""
    root = organisations.add(kind="association", name=ASSOCIATION, code="CN", parent=None)
    tree = Tree()
    tree.province = organisations.add(kind="province", name=PROVINCE, code="HRB", parent=root)
    tree.city = organisations.add(kind="city", name=CITY, code="YC", parent=tree.province)
    tree.group = organisations.add(kind="group", name=GROUP, code="YC-SG", parent=tree.city)
    for at, name in enumerate(COUNTIES, 1):
        county = organisations.add(kind="county", name=f"{name}总工会", code=f"YC-{at:02}", parent=tree.city)
        tree.counties[name] = county
    for sector, named in _named(tree):
        tree.employers += _employers(seed, sector, named)
    return tree


def _named(tree: Tree) -> Iterator[tuple[str, list[tuple[str, str, Any]]]]:
    """Per sector: (name, code, parent) of every employer."""
    yield "municipal", [(f"伊春{name}", f"SZ-{at:03}", tree.city) for at, name in enumerate(MUNICIPAL, 1)]
    yield (
        "county",
        [
            (f"{county}{SMALL[at]}", f"{tree.counties[county].code}-{at + 1:03}", tree.counties[county])
            for county, units in zip(COUNTIES, UNITS_OF_COUNTIES, strict=True)
            for at in range(units)
        ],
    )
    yield "enterprise", [(name, f"QY-{at:03}", tree.city) for at, name in enumerate(ENTERPRISES, 1)]
    yield "forestry", [(f"{name}林业局公司", f"SG-{at:03}", tree.group) for at, name in enumerate(BUREAUS, 1)]


def _employers(seed: Random, sector: str, named: list[tuple[str, str, Any]]) -> list[Place]:
    staff, enrolled = _sizes(seed, sector, len(named))
    return [
        Place(
            organisations.add(
                kind="employer", name=name, code=code, parent=parent, sector=sector, staff_count=size
            ),
            sector,
            size,
            joined,
        )
        for (name, code, parent), size, joined in zip(named, staff, enrolled, strict=True)
    ]


def _sizes(seed: Random, sector: str, units: int) -> tuple[list[int], list[int]]:
    """Staff and enrolled of each unit; of the forestry bureaus the first is the story's, whose figures are set."""
    all_staff, all_enrolled = SPREAD[sector]
    set_apart = sector == "forestry"
    weights = [seed.randint(40, 160) for _ in range(units - set_apart)]
    staff = spread(all_staff - STORY_STAFF * set_apart, weights)
    keen = [size * seed.randint(70, 130) for size in staff]
    enrolled = spread(all_enrolled - STORY_ENROLLED * set_apart, keen)
    if set_apart:
        return [STORY_STAFF, *staff], [STORY_ENROLLED, *enrolled]
    return staff, enrolled
