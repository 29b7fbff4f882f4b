"""Where DuckDB, PostgreSQL and Spark say the same thing differently; all else of the generated SQL is common."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """One engine's words. `halved` divides two non-negative integers; `fence` keeps a layer from being computed twice."""

    name: str
    number: str
    text: str
    divided: str
    fence: str
    inlined: str  # between AS and the body of a common table expression
    narrow: bool  # whether sorts gain by short keys, and windows by two totals in one sum of 128 bits

    def integer(self, value: int) -> str:
        """A literal of 64 bits, so that two literals multiplied cannot overflow 32."""
        return f"CAST({value} AS BIGINT)"

    def quoted(self, text: str) -> str:
        """A literal of text; Spark alone reads a backslash as an escape."""
        escaped = text.replace("\\", "\\\\") if self.name == "spark" else text
        return "'" + escaped.replace("'", "''") + "'"

    def quotient(self, dividend: str, divisor: int) -> str:
        return f"({dividend} {self.divided} {self.integer(divisor)})"


DUCKDB = Dialect("duckdb", "BIGINT", "VARCHAR", "//", "", "NOT MATERIALIZED ", narrow=True)
POSTGRES = Dialect(
    "postgres", "BIGINT", 'TEXT COLLATE "C"', "/", " OFFSET 0", "NOT MATERIALIZED ", narrow=False
)
SPARK = Dialect("spark", "BIGINT", "STRING", "div", "", "", narrow=False)
