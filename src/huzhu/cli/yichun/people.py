"""Generated workers. Their ID numbers cannot be real, and read well all the same.

An ID number begins with the place; no place in the country has a code beginning with 99, so no person has such
a number. Birthday and check digit are right, so every page and parser treats them like any other. Phones begin
with 140, a range that is not given to people; bank accounts begin with 9900, which is no bank's.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from huzhu.core.identity import Identity
from huzhu.members.services import Person

PLACE = "990700"
FAMILY = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆"
    "郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
GIVEN_MALE = "伟强磊军勇涛明超刚平辉鹏华飞波斌宇浩凯健俊帆旭宁鑫林峰建国志海东洪振学文永春立成"
GIVEN_FEMALE = "芳娜敏静秀丽艳娟霞燕玲桂英红梅兰凤洁云莲真雪荣爱妹萍玉华慧巧美淑惠珠翠雅芝"
PLEDGED = "刘东艳"
CAST = {"刘女士", "王小明", PLEDGED}
OLDEST, YOUNGEST = date(1963, 1, 1), date(2001, 12, 31)


class Registry:
    """Hands out people, none twice."""

    def __init__(self, seed: Random) -> None:
        self.seed = seed
        self.used: dict[date, set[int]] = {}
        self.phones = 0
        self.accounts = 0

    def people(self, count: int, women: int | None = None) -> Iterator[Person]:
        """This many workers, a little under half of them women unless it is said."""
        women = round(count * self.seed.randint(40, 50) / 100) if women is None else women
        sexes = ["female"] * women + ["male"] * (count - women)
        self.seed.shuffle(sexes)
        for sex in sexes:
            yield self.person(sex)

    def person(self, sex: str, name: str = "", born_on: date | None = None) -> Person:
        born = born_on or OLDEST + timedelta(days=self.seed.randrange((YOUNGEST - OLDEST).days))
        return Person(self.identity(born, sex), name or self.name(sex), self.phone())

    def identity(self, born: date, sex: str) -> Identity:
        taken = self.used.setdefault(born, set())
        order = next(n for n in range(1 if sex == "male" else 2, 1000, 2) if n not in taken)
        taken.add(order)
        body = f"{PLACE}{born:%Y%m%d}{order:03}"
        return Identity.read(body + check_digit(body))

    def name(self, sex: str) -> str:
        given = GIVEN_FEMALE if sex == "female" else GIVEN_MALE
        return self.seed.choice(FAMILY) + "".join(self.seed.choices(given, k=self.seed.choice((1, 2, 2))))

    def phone(self) -> str:
        self.phones += 1
        return f"140{self.phones:08}"

    def account(self) -> str:
        self.accounts += 1
        return f"9900{self.accounts:012}"


def check_digit(body: str) -> str:
    """The last character of an ID number, by ISO 7064 MOD 11-2."""
    weighed = sum(int(digit) * 2 ** (17 - at) for at, digit in enumerate(body))
    return "10X98765432"[weighed % 11]
