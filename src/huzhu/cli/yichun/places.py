"""The tree as published: 34 municipal units, 8 districts and counties with 194 units, 8 enterprises, the forestry group.

How many units there are, 133,000 workers in all and 24,000 in the group were published; how they are spread was
not: that is made up here, adding up to the published sums. Names of places are real, names of small units are not.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from huzhu.organisations import services as organisations

STORY, SHUT = "美溪林业局公司", "医药公司留守处"
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
    SHUT,
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
OTHERS_SEED = 902
FARMS = ("东山", "青山", "红旗", "永胜", "碧水")
SPREAD = {
    "municipal": (18_000, 3_900),
    "county": (78_000, 5_300),
    "enterprise": (13_000, 1_476),
    "forestry": (24_000, 12_400),
}


# units that have not joined: how many (in a county, or in all), and their part of the staff in hundredths; made up
OTHERS = {"municipal": (46, 40), "county": (65, 60), "enterprise": (72, 60), "forestry": (70, 12)}
OTHER_MUNICIPAL = (
    "发展改革委 工信局 科技局 公安局 生态环境局 住建局 交通局 农业农村局 卫健委 应急局 市场监管局 文旅局 退役军人局 国资委 "
    "粮食局 统战部 党校 科协 残联 红十字会 工商联 第二中学 第三中学 实验中学 师范附小 第一小学 第二小学 实验幼儿园 第二医院 "
    "林业中心医院 康复医院 急救中心 药检所 质检所 殡仪馆 社会福利院 救助站 体育馆 少年宫 文化馆 公证处 仲裁委 机场公司 "
    "客运站 污水处理厂 燃气公司"
)
OTHER_TRADES = (
    "家具 门窗 蓝莓酒业 木耳食品 山野菜 矿泉水 建材 石材 机械 印刷 包装 物流 快递 外卖配送 网约车 客运 商贸 超市 药房连锁 "
    "酒店 宾馆 餐饮 旅行社 滑雪场 漂流 物业 保洁 保安 家政 建筑 装饰 市政工程 劳务 软件 通信 传媒 小额贷款 房地产"
)
OTHER_SMALL = (
    "东升街道办事处 西山街道办事处 朝阳街道办事处 旭日街道办事处 城东社区服务中心 城西社区服务中心 第三中学 第四中学 第五中学 "
    "职业教育中心 特教学校 第二小学 第三小学 第四小学 第五小学 第六小学 第七小学 第二幼儿园 第三幼儿园 第四幼儿园 妇幼保健院 "
    "第二医院 城东卫生院 城西卫生院 城北卫生院 皮防所 急救站 图书馆 文化馆 档案馆 体育中心 博物馆 青少年宫 公安局 司法局 "
    "发展改革局 工信局 科技局 生态环境局 退役军人局 医保局 税务所 气象站 邮政分公司 供电所 燃气站 污水处理厂 园林所 公路站 "
    "客运站 粮库 供销社 农技推广中心 畜牧站 林场 苗圃 种子站 水库管理处 景区管理处 敬老院 救助站 殡仪馆 房产所 不动产登记中心 "
    "政务服务中心 快递行业联合工会 旅游行业联合工会"
)


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
    others: list[Place] = field(default_factory=list)  # have not joined

    @property
    def story(self) -> Place:
        return self._named(STORY)

    @property
    def shut(self) -> Place:
        """The remainder of a works that was shut down."""
        return self._named(SHUT)

    def _named(self, name: str) -> Place:
        return next(place for place in self.employers if place.organisation.name == name)


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
    apart = Random(OTHERS_SEED)  # noqa: S311  so that the workers who joined stay the same people
    for sector, named in _named_others(tree):
        tree.others += _others(apart, sector, named)
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


def _named_others(tree: Tree) -> Iterator[tuple[str, list[tuple[str, str, Any]]]]:
    """Per sector: (name, code, parent) of every employer that has not joined; forest farms stand below their bureaus."""
    units = {sector: number for sector, (number, _) in OTHERS.items()}
    named = [(f"伊春市{name}", f"SZ-{at}", tree.city) for at, name in enumerate(OTHER_MUNICIPAL.split(), 101)]
    yield "municipal", named[: units["municipal"]]
    yield (
        "county",
        [
            (f"{name}{small}", f"{county.code}-{at}", county)
            for name, county in tree.counties.items()
            for at, small in enumerate(OTHER_SMALL.split()[: units["county"]], 101)
        ],
    )
    trades = [f"伊春{brand}{trade}公司" for brand in ("兴安", "小兴岭") for trade in OTHER_TRADES.split()]
    yield (
        "enterprise",
        [(name, f"QY-{at}", tree.city) for at, name in enumerate(trades[: units["enterprise"]], 101)],
    )
    bureaus = [place.organisation for place in tree.employers if place.sector == "forestry"]
    farms = [(bureau, word) for word in FARMS for bureau in bureaus]
    yield (
        "forestry",
        [
            (f"{bureau.name}{word}林场", f"{bureau.code}-{at}", bureau)
            for at, (bureau, word) in enumerate(farms[: units["forestry"]], 101)
        ],
    )


def _others(seed: Random, sector: str, named: list[tuple[str, str, Any]]) -> list[Place]:
    sizes = spread(_staff_of_others(sector), [seed.randint(40, 160) for _ in named])
    return [
        Place(
            organisations.add(
                kind="employer", name=name, code=code, parent=parent, sector=sector, staff_count=size
            ),
            sector,
            size,
            0,
        )
        for (name, code, parent), size in zip(named, sizes, strict=True)
    ]


def _staff_of_others(sector: str) -> int:
    """Their part of the sector's staff, so that all together come to the published sum."""
    return SPREAD[sector][0] * OTHERS[sector][1] // 100


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
    all_staff -= _staff_of_others(sector)
    set_apart = sector == "forestry"
    weights = [seed.randint(40, 160) for _ in range(units - set_apart)]
    staff = spread(all_staff - STORY_STAFF * set_apart, weights)
    keen = [size * seed.randint(70, 130) for size in staff]
    enrolled = spread(all_enrolled - STORY_ENROLLED * set_apart, keen)
    if set_apart:
        return [STORY_STAFF, *staff], [STORY_ENROLLED, *enrolled]
    return staff, enrolled
