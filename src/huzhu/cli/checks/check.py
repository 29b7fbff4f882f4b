"""One check, and what several of them say alike."""

from dataclasses import dataclass

NOT_CLOSING = "debit_id <> '3009' AND credit_id <> '3009'"


@dataclass(frozen=True, slots=True)
class Check:
    """A stored total and the same from its rows; `field` picks the stored amount out of a JSON column."""

    title: str
    stored: str
    recomputed: str
    unit: str = "元"
    field: str = ""


def owed(*codes: str) -> str:
    """Credits less debits of these accounts."""
    wanted = ", ".join(f"'{code}'" for code in codes)
    return (
        f"SUM(CASE WHEN credit_id IN ({wanted}) THEN amount_fen ELSE 0 END "
        f"- CASE WHEN debit_id IN ({wanted}) THEN amount_fen ELSE 0 END)"
    )
