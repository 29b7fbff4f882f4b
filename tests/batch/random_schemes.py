"""Schemes at random in the small language, on the facts of rules/builders.py; what the proofs refuse is drawn again."""

from random import Random

from huzhu.rules.edition import Edition
from huzhu.rules.problems import SchemeRefused
from rules.builders import HEAD, named, read

PARAMETERS = {
    "cap": "{label: 封顶, unit: money, clause: c1, values: {2020-01-01: 2000元, 2022-02-01: 1500.05元}}",
    "ded": "{label: 起付, unit: money, clause: c1, values: {2020-01-01: 100元}}",
    "half": "{label: 另一比例, unit: rate, clause: c1, values: {2020-01-01: 50%, 2023-01-01: 33.3%}}",
    "most": "{label: 次数, unit: count, clause: c1, values: {2020-01-01: 2次, 2022-02-01: 3次}}",
    "daily": "{label: 每天, unit: money, clause: c1, values: {2020-01-01: 40元, 2022-02-01: 50元}}",
    "open": '{label: 开放, unit: flag, clause: c1, values: {2020-01-01: "true", 2023-01-01: "false"}}',
    "tiers": "{label: 分段, unit: rate, shape: bands, clause: c1, values: {2020-01-01: [{to: 1000元, rate: 50%}, {to: 5000元, rate: 12.5%}, {rate: 70%}], 2022-02-01: [{to: 300元, rate: 40%}, {to: 900元, rate: 80%}]}}",  # noqa: E501
    "aids": "{label: 定额, unit: money, shape: table, clause: c1, values: {2020-01-01: {three: 300元, two: 220元}, 2022-02-01: {three: 0元, two: 1.01元}}}",  # noqa: E501
    "ills": "{label: 病种, unit: icd, shape: list, clause: c1, values: {2020-01-01: [C00-C97, D45], 2023-01-01: [C50, C0A, D45-D46]}}",
    "near": "{label: 近处, unit: code, shape: list, clause: c1, values: {2020-01-01: [yc, ts]}}",
}


class Author:
    """Writes expressions; depth shrinks until only names are left."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.money_lines: list[str] = []

    def any_of(self, *ways: str) -> str:
        return self.chance.choice(ways)

    def money(self, depth: int) -> str:
        leaf = self.any_of(
            "S",
            "S",
            "coalesce(x, 0元)",
            "coalesce(y, ded)",
            "cap",
            "ded",
            "max(0元, debt)",
            *self.money_lines,
        )
        if depth <= 0:
            return leaf
        a, b, c = (
            (lambda: self.money(depth - 1)),
            (lambda: self.money(depth - 1)),
            (lambda: self.flag(depth - 1)),
        )
        return self.chance.choice(
            [
                lambda: leaf,
                lambda: f"min({a()}, {b()})",
                lambda: f"max({a()}, {b()})",
                lambda: f"max(0元, {a()} - {b()})",
                lambda: f"max(0元, debt - {a()})",
                lambda: f"ratio({a()}, {self.any_of('rate', 'half', '12.5%', 'rate * half', '100% - half')})",
                lambda: f"bands({a()}, tiers)",
                lambda: f"({a()} if {c()} else {b()})",
                lambda: "coalesce(lookup(aids, grade), 5元)",
                lambda: "max(0天, min(stay, 180天) - 3天) * daily",
                lambda: "shares * ded",
                lambda: f"(x if x is not none and {c()} else {a()})",
                lambda: f"({a()} + {b()})",
            ]
        )()

    def flag(self, depth: int) -> str:
        if depth <= 0:
            return self.any_of(
                "urgent", "open", "x < 5元", "not x >= ded", "x != y", "ill in ills", "not ill in ills", "place in near",
                'grade == "two"', 'grade != "two"', 'not grade == "two"', "hardship is none", "coalesce(hardship, false)",
                "seen_on >= starts_on", "not seen_on > day", "day - starts_on + 1天 > 30天", 'level == "city"', "S > ded",
                "settled_at is none", 'sex == "female"', 'note == note', "stay >= 3天", "day < ends_on", "S == ded",
            )  # fmt: skip
        return self.chance.choice(
            [
                lambda: f"({self.flag(depth - 1)} and {self.flag(depth - 1)})",
                lambda: f"({self.flag(depth - 1)} or {self.flag(depth - 1)})",
                lambda: f"not ({self.flag(depth - 1)})",
                lambda: (
                    f"{self.money(depth - 1)} {self.any_of('<', '<=', '>', '>=', '==', '!=')} {self.money(depth - 1)}"
                ),
                lambda: self.flag(0),
            ]
        )()

    def total(self, depth: int) -> str:
        key = self.any_of("period", "period", "life")
        return f"total({self.money(depth)}, {key})"

    def changed(self, depth: int) -> str:
        used = self.total(depth)
        return (
            "change("
            + self.any_of(
                f"min({used}, cap)",
                f"bands(max(0元, {used} - ded), tiers)",
                f"ratio(max(0元, min({used}, 3000元) - ded), rate)",
                f"min(ratio({used}, half) + {self.total(0)}, cap)",
            )
            + ")"
        )

    def counted(self) -> str:
        return self.any_of(
            "total(1次, period) <= most", "total(1次, life) == 1次", "total(1次, period) < 3次", "total(1次, life) <= most",
            "total(1次, period) >= 2次", f"total({self.money(1)}, period) <= 5000元", f"{self.total(1)} > cap",
            "total(1次, life) <= 2次 and urgent", "not total(1次, period) > 2次",
        )  # fmt: skip

    def pays(self, depth: int) -> str:
        return self.any_of(
            self.money(depth),
            self.changed(depth),
            f"{self.changed(depth)} + {self.changed(1)}",
            f"ratio(min({self.money(depth)}, {self.total(1)}), rate)",
            "1000元",
            f"(50元 if {self.counted()} else {self.money(1)})",
            f"max(0元, cap - total(100元 if {self.counted()} else 3元, life))",
        )

    def benefit(self, name: str) -> str:
        own = {f"{name}_own": self.money(2)} if self.chance.random() < 0.5 else {}
        tests = [self.flag(self.chance.randint(0, 2)) for _ in range(self.chance.randint(0, 2))]
        tests += [self.counted() for _ in range(self.chance.randint(0, 2))]
        if self.chance.random() < 0.3:
            tests.append(self.flag(1))
        before = list(self.money_lines)
        self.money_lines += own
        pays = self.pays(self.chance.randint(1, 3))
        if own and f"{name}_own" not in pays:
            pays = f"{pays} + {name}_own"
        self.money_lines = before
        when = {f"when_{name}_{number}": test for number, test in enumerate(tests)}
        head = f"  {name}:\n    label: 项{name}\n    clause: c1\n    plain: 按条款\n"
        return head + named("when", when, 4) + named("lines", own, 4) + f"    pays: {pays}\n"

    def scheme(self) -> str:
        lines = {"worth": self.money(2), "ran": self.total(1)}
        self.money_lines = ["worth"]
        benefits = "".join(
            self.benefit(name) for name in ("aid", "ill_aid", "third")[: self.chance.randint(1, 3)]
        )
        benefits += "  sure:\n    label: 定\n    clause: c1\n    plain: 定\n    pays: change(min(ran, 100元)) + min(worth, rate * 1元)\n"
        body = named("lines", lines, 0) + "benefits:\n" + benefits
        used = {name: text for name, text in PARAMETERS.items() if name in body}
        order = self.any_of(
            "[day, claim_no]", "[day, settled_at, claim_no]", "[claim_no]", "[seen_on, urgent, claim_no]"
        )
        rounding = self.any_of("四舍五入到分", "四舍五入到分", "舍去到元", "四舍五入到元")
        head = HEAD.replace("order: [day, claim_no]", f"order: {order}\nrounding: {rounding}")
        return head + "".join(f"  {name}: {text}\n" for name, text in used.items()) + body


def scheme(seed: int) -> tuple[str, Edition]:
    """A proved scheme of the seed, with its text."""
    chance = Random(seed)
    while True:
        text = Author(chance).scheme()
        try:
            return text, read(text)
        except SchemeRefused:
            continue
