"""The reference of the language in the manual, printed from the tables the engine itself reads by."""

from collections.abc import Iterable, Iterator, Mapping

from huzhu.rules import shape
from huzhu.rules.edition import ENTRY_GROUPS, GROUPS, FactDef
from huzhu.rules.reader import TERMS
from huzhu.rules.units import NAMES, NUMBERS, how_to_write, spoken

_GROUPS = {
    "person": "本人",
    "cover": "保障期",
    "event": "这件事",
    "entrant": "参加时的个人",
    "roster": "参加时的名册",
}
_LEVELS = (
    ("方案（最外层）", shape.TOP),
    ("条款 clauses", shape.CLAUSE),
    ("事实 facts", shape.FACT),
    ("参数 parameters", shape.PARAMETER),
    ("口径 keys", shape.KEY),
    ("行 lines", shape.LINE),
    ("核对 checks", shape.CHECK),
    ("保障项目 benefits", shape.BENEFIT),
    ("条件 when", shape.CONDITION),
    ("合计封顶 caps", shape.CAP),
    ("参加 entry", shape.ENTRY),
    ("名册的条件 roster", shape.ROSTER),
    ("读法 variants", shape.VARIANT),
)


def reference(facts: Iterable[FactDef]) -> str:
    """Every key, unit, word and shared fact, in Markdown."""
    parts = (_head(), _keys(), _units(), _words(), _terms(), _facts(list(facts)))
    return "\n".join(line for part in parts for line in (*part, "")).rstrip() + "\n"


def _head() -> Iterator[str]:
    yield "# 方案语言参考"
    yield ""
    yield "<!-- 由 huzhu scheme chapters 印出，不要手改。 -->"
    yield ""
    yield "怎样用见[方案作者手册](../scheme-author.md)。"


def _table(title: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    columns = list(head)
    yield title
    yield ""
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _keys() -> Iterator[str]:
    yield "## 每一层可以写什么"
    yield ""
    for title, keys in _LEVELS:
        yield from _table(
            f"### {title}", ("写", "是什么"), ((f"`{name}`", words) for name, words in keys.items())
        )


def _units() -> Iterator[str]:
    rows = (
        (f"`{unit.value}`", name, how_to_write(unit), "要写 most" if unit in NUMBERS else "")
        for unit, name in NAMES.items()
    )
    yield from _table("## 单位", ("unit", "是什么", "怎样写", "作事实时"), rows)


def _words() -> Iterator[str]:
    rows = ((f"`{name}`", f"`{example}`", words) for name, (example, words) in shape.WORDS.items())
    yield from _table("## 算式的词", ("词", "例子", "意思"), rows)


def _terms() -> Iterator[str]:
    rows = ((f"`{name}`", unit.value, kind) for name, (unit, kind) in TERMS.items())
    yield from _table("## 参加的约定 terms", ("名称", "参数的 unit", "参数的 shape"), rows)


def _facts(facts: list[FactDef]) -> Iterator[str]:
    yield "## 现成的事实"
    yield ""
    yield "继承 `common/cover`（本人、保障期、事件）、`common/settlement`（再加结算单）或 `common/wide`（再加各地方案用到的）就有；"
    yield "还缺的在自己的 `facts` 里声明。"
    yield ""
    for group in (*GROUPS, *ENTRY_GROUPS):
        rows = (_fact(fact) for fact in facts if fact.group == group)
        yield from _table(
            f"### {group} {_GROUPS[group]}", ("名称", "是什么", "unit", "可能没填", "说明"), rows
        )


def _fact(fact: FactDef) -> tuple[str, ...]:
    kind = fact.type
    codes = "、".join(f"`{code}` {label}" for code, label in kind.codes)
    bounds = f"{spoken(kind.lo, kind)} 到 {spoken(kind.hi, kind)}" if kind.unit in NUMBERS else ""
    notes = "；".join(word for word in (codes, bounds, fact.help) if word)
    return f"`{fact.name}`", fact.label, kind.unit.value, "是" if kind.missing else "", notes


def shared_facts(editions: Iterable[Mapping[str, FactDef]]) -> list[FactDef]:
    """The facts that stand in the shared files, each once, in the order of the files."""
    found = {
        fact.name: fact
        for facts in editions
        for fact in facts.values()
        if "/common/" in f"/{fact.place.file}" and (fact.name != "accident_on" or fact.type.missing)
    }
    return sorted(found.values(), key=lambda fact: (fact.place.file, fact.place.line, fact.place.column))
