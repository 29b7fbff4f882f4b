"""A table's columns as the facts an edition reads: integers by DuckDB expressions, and what is wrong with a cell.

Money stands in a column of the fact's name in yuan, or in `<fact>_fen` as whole fen. Dates become ordinals, instants UTC
seconds, disease codes their first three characters, as rules/facts.py has them; blank and NULL both mean missing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from huzhu.batch.dialect import DUCKDB
from huzhu.batch.names import Names
from huzhu.batch.sql import CLAIM, MEMBER
from huzhu.rules.edition import Benefit, Edition, FactDef, through_lines
from huzhu.rules.tree import Fact, Node
from huzhu.rules.units import NUMBERS, Unit, how_to_write, spoken

WHOLE = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
)
_INSTANTS = (-2_209_017_600, 7_258_147_200)  # 1900 to 2200, with a day's room for the offset


class ColumnsMissing(ValueError):
    """The table lacks columns the edition reads; the message names them and what there is."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table: where it comes from, its value, and (test, reason) of each thing that can be wrong.

    `plain` is a cheaper value, the same wherever all cells are written in the usual form; the check finds that out.
    """

    name: str
    source: str
    label: str
    value: str
    faults: tuple[tuple[str, str], ...]
    plain: str = ""

    @property
    def raw(self) -> str:
        return identifier(self.source)


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def fact_columns(edition: Edition) -> dict[str, str]:
    """Fact → its column in the relation of facts, as the generated SQL calls it."""
    names = Names()
    return {name: names.new(f"f_{name}") for name in edition.columns}


def columns_of(edition: Edition, table: Mapping[str, str]) -> list[Column]:
    """The member and each fact the edition reads, from a table's columns (name → DuckDB type); raises ColumnsMissing."""
    missing: list[str] = []
    found: list[Column] = []
    member = source_of(table, MEMBER, "会员编号")
    if member is None:
        missing.append(f"{MEMBER}（会员编号）")
    else:
        found.append(_member(member, table[member]))
    for name, column in fact_columns(edition).items():
        fact = edition.facts[name]
        source = _source_of_fact(edition, fact, table)
        if source is None:
            if not fact.type.missing:
                missing.append(f"{name}（{fact.label}）")
                continue
            empty = {
                Unit.CODE: DUCKDB.text,
                Unit.ICD: DUCKDB.text,
                Unit.TEXT: DUCKDB.text,
                Unit.FLAG: "BOOLEAN",
            }
            found.append(
                Column(column, "", fact.label, f"CAST(NULL AS {empty.get(fact.type.unit, 'BIGINT')})", ())
            )
        else:
            found.append(_column(edition, fact, column, source, table[source]))
    if missing:
        raise ColumnsMissing(
            f"缺列：{'、'.join(missing)}。表里有：{'、'.join(table) or '（没有列）'}。"
            "第一行写列名，用方案里的英文名或中文名；必填的列不能少"
        )
    return found


def absent(edition: Edition, columns: list[Column]) -> list[str]:
    """Labels of the facts that payments read, that the table does not have and that are taken as not filled in."""
    reads = [part for benefit in edition.benefits.values() for part in _read_by(edition, benefit)]
    read = {part.name for part in reads if isinstance(part, Fact)} | set(edition.order)
    names = fact_columns(edition)
    wanted = {column for name, column in names.items() if name in read}
    return [column.label for column in columns if not column.source and column.name in wanted]


def _read_by(edition: Edition, benefit: Benefit) -> list[Node]:
    roots = [benefit.pays, *(condition.test for condition in benefit.conditions)]
    return [part for root in roots for part in through_lines(edition, root)]


def source_of(table: Mapping[str, str], *names: str) -> str | None:
    """The table's own name for a column, found without regard to case and outer blanks."""
    there = {name.strip().lower(): name for name in reversed(list(table))}
    return next((there[name.lower()] for name in names if name.lower() in there), None)


def _source_of_fact(edition: Edition, fact: FactDef, table: Mapping[str, str]) -> str | None:
    names = [fact.name, fact.label]
    if fact.type.unit is Unit.MONEY:
        names.insert(0, f"{fact.name}_fen")
    if fact.name == edition.order[-1]:
        names.append(CLAIM)
    return source_of(table, *names)


def _member(source: str, kind: str) -> Column:
    raw = identifier(source)
    value = raw if kind in WHOLE else f"NULLIF(TRIM(CAST({raw} AS VARCHAR)), '')"
    return Column(MEMBER, source, "会员编号", value, ((f"{value} IS NULL", "缺会员编号"),))


def _column(edition: Edition, fact: FactDef, column: str, source: str, kind: str) -> Column:
    raw, unit = identifier(source), fact.type.unit
    given = f"NULLIF(TRIM({raw}), '') IS NOT NULL" if kind == "VARCHAR" else f"{raw} IS NOT NULL"
    in_fen = unit is Unit.MONEY and source.strip().lower() == f"{fact.name}_fen".lower()
    value = _VALUES[Unit.COUNT if in_fen else unit](raw, kind, fact)
    wrong = [(f"{given} AND {value} IS NULL", _unreadable(fact, in_fen=in_fen))]
    if not fact.type.missing:
        wrong.insert(0, (f"NOT ({given})", f"缺{fact.label}"))
    wrong += _beyond(fact, value)
    if fact.name == edition.version_by:
        first, last = edition.opens_on, edition.closes_on
        wrong.append(
            (
                f"{value} < {first} OR {value} >= {last}",
                f"{fact.label}不在本版次之内（从 {spoken(first, fact.type)} 起，到 {spoken(last, fact.type)} 止，不含）",
            )
        )
    return Column(
        column, source, fact.label, value, tuple(wrong), _PLAIN.get((unit, kind), "").format(raw=raw)
    )


def _unreadable(fact: FactDef, *, in_fen: bool) -> str:
    if in_fen:
        return f"{fact.label}不是整数分"
    if fact.type.unit is Unit.MONEY:
        return f"{fact.label}不是金额，或超过两位小数：写成以元为单位的数字，如 1234.50"
    if fact.type.unit is Unit.CODE and fact.type.codes:
        codes = "、".join(f"{code}（{label}）" for code, label in fact.type.codes)
        return f"{fact.label}不在代码表中：可写 {codes}"
    if fact.type.unit in {Unit.TEXT, Unit.CODE}:
        return f"{fact.label}不能用：1 到 64 个字；编号被当作数字存过的，把这一列设为文本再填"
    how = {Unit.DAYS: "写成整数，如 12", Unit.COUNT: "写成整数，如 2"}
    return f"{fact.label}读不懂：{how.get(fact.type.unit, how_to_write(fact.type.unit))}"


def _beyond(fact: FactDef, value: str) -> list[tuple[str, str]]:
    kind = fact.type
    if kind.unit is Unit.INSTANT:
        return [(f"{value} NOT BETWEEN {_INSTANTS[0]} AND {_INSTANTS[1]}", f"{fact.label}超出范围")]
    if kind.unit not in NUMBERS | {Unit.DATE}:
        return []
    between = f"{fact.label}超出范围：填 {spoken(kind.lo, kind)} 到 {spoken(kind.hi, kind)} 之间的值"
    if kind.lo == 0 and kind.unit in NUMBERS:
        return [(f"{value} < 0", f"{fact.label}是负数"), (f"{value} > {kind.hi}", between)]
    return [(f"{value} NOT BETWEEN {kind.lo} AND {kind.hi}", between)]


# --- values by unit: (raw column, DuckDB type, fact) → expression; NULL where the cell cannot be read ---


def _text_of(raw: str, kind: str) -> str:
    """The cell as trimmed text; a float that is whole loses its `.0`."""
    text = f"TRIM(CAST({raw} AS VARCHAR))"
    return f"REGEXP_REPLACE({text}, '\\.0$', '')" if kind in {"DOUBLE", "FLOAT"} else text


def _matching(text: str, pattern: str, value: str) -> str:
    return f"CASE WHEN REGEXP_FULL_MATCH({text}, '{pattern}') THEN {value} END"


def _money(raw: str, kind: str, _: FactDef) -> str:
    if kind in WHOLE:
        return f"TRY_CAST(CAST({raw} AS HUGEINT) * 100 AS BIGINT)"
    if kind.startswith("DECIMAL"):
        exact = f"TRY_CAST({raw} AS DECIMAL(38, 2))"
        return f"CASE WHEN {exact} = {raw} THEN TRY_CAST({exact} * 100 AS BIGINT) END"
    text = _text_of(raw, kind)
    return _matching(
        text, "-?[0-9]{1,13}(\\.[0-9]{1,2})?", f"TRY_CAST(TRY_CAST({text} AS DECIMAL(18, 2)) * 100 AS BIGINT)"
    )


def _whole(raw: str, kind: str, _: FactDef) -> str:
    if kind in WHOLE:
        return f"TRY_CAST({raw} AS BIGINT)" if kind in {"HUGEINT", "UBIGINT"} else f"CAST({raw} AS BIGINT)"
    text = _text_of(raw, kind)
    return _matching(text, "-?[0-9]{1,18}(\\.0+)?", f"TRY_CAST(TRY_CAST({text} AS DECIMAL(38, 6)) AS BIGINT)")


def _rate(raw: str, kind: str, fact: FactDef) -> str:
    if kind in WHOLE or kind.startswith("DECIMAL") or kind in {"DOUBLE", "FLOAT"}:
        text, power = _text_of(raw, "DOUBLE"), 10**fact.type.scale
        return _matching(
            text,
            "-?[0-9]{1,9}(\\.[0-9]{1,6}0*)?",
            f"CAST(TRY_CAST({text} AS DECIMAL(30, 12)) * {power} AS BIGINT)",
        )
    text = _text_of(raw, kind)
    number = f"TRY_CAST(RTRIM({text}, '%‰') AS DECIMAL(30, 12))"
    percent = _matching(
        text, "-?[0-9]{1,9}(\\.[0-9]{1,4}0*)?%", f"CAST({number} * {10 ** (fact.type.scale - 2)} AS BIGINT)"
    )
    mille = _matching(
        text, "-?[0-9]{1,9}(\\.[0-9]{1,3}0*)?‰", f"CAST({number} * {10 ** (fact.type.scale - 3)} AS BIGINT)"
    )
    return f"COALESCE({percent}, {mille})"


def _date(raw: str, kind: str, _: FactDef) -> str:
    if kind == "DATE":
        day = f"CASE WHEN ISFINITE({raw}) THEN {raw} END"
    elif kind.startswith("TIMESTAMP") and "TIME ZONE" not in kind:
        day = f"CASE WHEN {raw} = DATE_TRUNC('day', {raw}) THEN CAST({raw} AS DATE) END"
    else:
        text = _text_of(raw, kind)
        day = _matching(text, "[0-9]{4}-[0-9]{2}-[0-9]{2}", f"TRY_CAST({text} AS DATE)")
    return f"CAST(({day}) - DATE '0001-01-01' + 1 AS INTEGER)"


def _instant(raw: str, kind: str, _: FactDef) -> str:
    """Seconds of UTC; a moment without an offset is local, and local is Shanghai."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return _seconds(raw)
    if kind.startswith("TIMESTAMP"):
        return f"({_seconds(f'CAST({raw} AS TIMESTAMP)')} - 28800)"
    text = _text_of(raw, kind)
    moment = "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6})?)?"
    abroad = _matching(
        text, moment + "(Z|[+-][0-9]{2}:?[0-9]{2})", _seconds(f"TRY_CAST({text} AS TIMESTAMPTZ)")
    )
    here = _matching(text, moment, f"{_seconds(f'TRY_CAST({text} AS TIMESTAMP)')} - 28800")
    return f"COALESCE({abroad}, {here})"


def _seconds(moment: str) -> str:
    return f"CAST(FLOOR(EPOCH({moment})) AS BIGINT)"


def _code(raw: str, kind: str, fact: FactDef) -> str:
    text = f"NULLIF({_text_of(raw, kind)}, '')"
    if not fact.type.codes:
        return f"CASE WHEN LENGTH({text}) <= 64 AND NOT {_blurred(text)} THEN {text} END"
    same = ", ".join(DUCKDB.quoted(code) for code, _ in fact.type.codes)
    labels = {label: code for code, label in fact.type.codes if label not in dict(fact.type.codes)}
    told = " ".join(
        f"WHEN {text} = {DUCKDB.quoted(label)} THEN {DUCKDB.quoted(code)}" for label, code in labels.items()
    )
    return f"CASE WHEN {text} IN ({same}) THEN {text} {told} END"


def _blurred(text: str) -> str:
    """A number so long that a float has lost its last digits."""
    return f"REGEXP_FULL_MATCH({text}, '[0-9.]+e\\+?[0-9]+')"


def _icd(raw: str, kind: str, _: FactDef) -> str:
    text = _text_of(raw, kind)
    pattern = "[A-Za-z][0-9][0-9A-Za-z]\\.?[0-9A-Za-z.+*-]{0,12}"
    return _matching(text, pattern, f"UPPER(SUBSTR({text}, 1, 3))")


def _text(raw: str, kind: str, _: FactDef) -> str:
    text = (
        f"NULLIF(CAST({raw} AS VARCHAR), '')" if kind == "VARCHAR" else f"NULLIF({_text_of(raw, kind)}, '')"
    )
    if kind in WHOLE:
        return text
    printable = f"NOT REGEXP_MATCHES({text}, '[[:cntrl:]]')"
    return f"CASE WHEN LENGTH({text}) <= 64 AND {printable} AND NOT {_blurred(text)} THEN {text} END"


def _flag(raw: str, kind: str, _: FactDef) -> str:
    if kind == "BOOLEAN":
        return raw
    text = f"LOWER({_text_of(raw, kind)})"
    return f"CASE WHEN {text} IN ('true', '是', '1') THEN TRUE WHEN {text} IN ('false', '否', '0') THEN FALSE END"


_PLAIN = {
    (Unit.CODE, "VARCHAR"): "{raw}",
    (Unit.TEXT, "VARCHAR"): "{raw}",
    (Unit.ICD, "VARCHAR"): "SUBSTR({raw}, 1, 3)",
    (Unit.DATE, "DATE"): "CAST({raw} - DATE '0001-01-01' + 1 AS INTEGER)",
}

_VALUES: Mapping[Unit, Callable[[str, str, FactDef], str]] = {
    Unit.MONEY: _money,
    Unit.RATE: _rate,
    Unit.COUNT: _whole,
    Unit.DAYS: _whole,
    Unit.DATE: _date,
    Unit.INSTANT: _instant,
    Unit.CODE: _code,
    Unit.ICD: _icd,
    Unit.TEXT: _text,
    Unit.FLAG: _flag,
}
