"""The small language of scheme files, read into syntax; never evaluated as Python.

a + b · a - b · a * b · min(a, b) · max(a, b) · ratio(x, rate) · bands(x, table) · lookup(table, code)
coalesce(x, y) · total(x, key) · change(g) · a if c else b · c and d · c or d · not c
== != < <= > >= · x in list · x is none · x is not none · 500元 60% 30天 2次 "code"
"""

import re
from dataclasses import dataclass

from huzhu.rules.problems import Place, SchemeRefused, refuse
from huzhu.rules.yamltext import Scalar

MOST_CHARACTERS = 4_000
MOST_DEPTH = 20
MOST_WORDS = 300

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<quantity>[0-9]+(?:\.[0-9]+)?(?:万元|元|%|‰|天|日|次|份|人|条|岁)?)"
    r"|(?P<code>\"[^\"]{0,64}\")"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>==|!=|<=|>=|[-+*<>(),])",
    re.ASCII,
)
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_KEYWORDS = frozenset({"if", "else", "and", "or", "not", "in", "is", "none"})
CALLS = {
    "min": (2, 8),
    "max": (2, 8),
    "ratio": (2, 2),
    "bands": (2, 2),
    "lookup": (2, 2),
    "coalesce": (2, 2),
    "total": (2, 2),
    "change": (1, 1),
}


@dataclass(frozen=True, slots=True)
class Syntax:
    """One step of an expression: `op` is a call, a sign, or name, quantity, code, if, and, or, not, in, missing."""

    op: str
    place: Place
    text: str = ""
    args: tuple["Syntax", ...] = ()


def parse(scalar: Scalar) -> Syntax:
    """Read one expression; raises SchemeRefused with the place of the first word that does not fit."""
    if len(scalar.text) > MOST_CHARACTERS:
        raise refuse(scalar.place, "算式太长", "拆成几条有名称的行，每条只说一件事")
    reader = _Reader(scalar)
    tree = reader.choice(0)
    if reader.kind != "end":
        raise reader.unexpected("算式到这里应已结束")
    return tree


class _Reader:
    """Recursive descent with a depth limit; one method a level of precedence."""

    def __init__(self, scalar: Scalar) -> None:
        self.start = scalar.place
        self.text = scalar.text
        self.at = self.next_at = 0
        self.kind = self.word = ""
        self.words = 0
        self.advance()

    def advance(self) -> None:
        self.at = self.next_at
        self.words += 1
        if self.words > MOST_WORDS:
            raise refuse(self.start, "算式太长", "拆成几条有名称的行，每条只说一件事")
        match = _TOKEN.match(self.text, self.at)
        while match and match.lastgroup == "space":
            self.at = match.end()
            match = _TOKEN.match(self.text, self.at)
        if match:
            self.kind, self.word, self.next_at = str(match.lastgroup), match.group(), match.end()
        elif self.at >= len(self.text):
            self.kind, self.word = "end", ""
        else:
            raise refuse(
                self.place(),
                f"算式里有不认识的字符“{self.text[self.at]}”",
                "只用名称、数量、括号和 + - * < > = 等符号（半角）",
            )

    def place(self) -> Place:
        return Place(self.start.file, self.start.line, self.start.column + self.at)

    def unexpected(self, what: str) -> SchemeRefused:
        seen = f"却看到“{self.word}”" if self.word else "却没有下文"
        return refuse(self.place(), f"{what}，{seen}", "检查括号、逗号和运算符；if 要配 else")

    def take(self, word: str) -> bool:
        if self.word == word and self.kind in {"sign", "word"}:
            self.advance()
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.take(word):
            raise self.unexpected(f"这里应是“{word}”")

    def choice(self, depth: int) -> Syntax:
        if depth > MOST_DEPTH:
            raise refuse(self.place(), "算式嵌套太深", "拆成几条有名称的行")
        then = self.either(depth)
        place = self.place()
        if not self.take("if"):
            return then
        condition = self.either(depth)
        self.expect("else")
        return Syntax("if", place, args=(condition, then, self.choice(depth + 1)))

    def either(self, depth: int) -> Syntax:
        left = self.both(depth)
        while (place := self.place()) and self.take("or"):
            left = Syntax("or", place, args=(left, self.both(depth)))
        return left

    def both(self, depth: int) -> Syntax:
        left = self.negation(depth)
        while (place := self.place()) and self.take("and"):
            left = Syntax("and", place, args=(left, self.negation(depth)))
        return left

    def negation(self, depth: int) -> Syntax:
        place = self.place()
        if not self.take("not"):
            return self.comparison(depth)
        if depth > MOST_DEPTH:
            raise refuse(place, "算式嵌套太深", "拆成几条有名称的行")
        return Syntax("not", place, args=(self.negation(depth + 1),))

    def comparison(self, depth: int) -> Syntax:
        left, place, sign = self.sum(depth), self.place(), self.word
        if self.take("is"):
            negated = self.take("not")
            self.expect("none")
            missing = Syntax("missing", place, args=(left,))
            return Syntax("not", place, args=(missing,)) if negated else missing
        if self.take("in"):
            return Syntax("in", place, args=(left, self.atom(depth)))
        if self.kind == "sign" and sign in _COMPARISONS:
            self.advance()
            return Syntax(sign, place, args=(left, self.sum(depth)))
        return left

    def sum(self, depth: int) -> Syntax:
        left = self.product(depth)
        while self.word in {"+", "-"} and self.kind == "sign":
            place, sign = self.place(), self.word
            self.advance()
            left = Syntax(sign, place, args=(left, self.product(depth)))
        return left

    def product(self, depth: int) -> Syntax:
        left = self.atom(depth)
        while self.word == "*" and self.kind == "sign":
            place = self.place()
            self.advance()
            left = Syntax("*", place, args=(left, self.atom(depth)))
        return left

    def atom(self, depth: int) -> Syntax:
        place, word, kind = self.place(), self.word, self.kind
        if self.take("("):
            inner = self.choice(depth + 1)
            self.expect(")")
            return inner
        if kind in {"quantity", "code"}:
            self.advance()
            return Syntax(kind, place, word.strip('"'))
        if kind == "word" and word not in _KEYWORDS:
            self.advance()
            return self.call(word, place, depth) if self.word == "(" else Syntax("name", place, word)
        raise self.unexpected("这里应是名称、数量或括号")

    def call(self, name: str, place: Place, depth: int) -> Syntax:
        if name not in CALLS:
            raise refuse(place, f"没有“{name}”这个算法", "可用：" + "、".join(CALLS))
        self.expect("(")
        args = [self.choice(depth + 1)]
        while self.take(","):
            args.append(self.choice(depth + 1))
        self.expect(")")
        least, most = CALLS[name]
        if not least <= len(args) <= most:
            raise refuse(
                place,
                f"{name} 有 {len(args)} 个部分，应有 {least}{f' 到 {most}' if most > least else ''} 个",
                "检查逗号",
            )
        return Syntax(name, place, args=tuple(args))
