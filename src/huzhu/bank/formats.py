"""How each bank writes its statements: data under forms/, one file a form; a new bank is a new file."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent / "forms"
NEEDED = ("day",)
OLDEST, NEWEST = "oldest", "newest"


class FormBroken(ValueError):
    """A form does not say what a statement needs."""


@dataclass(frozen=True, slots=True)
class Form:
    """Which heads a column may have, how dates are written, which side is money in, and in what order lines stand."""

    key: str
    name: str
    note: str
    example: tuple[str, ...]
    dates: tuple[str, ...]
    order: str
    columns: dict[str, tuple[str, ...]]
    sides: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def has_balance(self) -> bool:
        return "balance" in self.columns

    @property
    def must(self) -> list[str]:
        """Columns without which no line can be read."""
        amounts = [name for name in ("in", "out", "amount", "side") if name in self.columns]
        return [*NEEDED, *amounts, *(["balance"] if self.has_balance else [])]


@cache
def forms() -> dict[str, Form]:
    """Every form by its key; raises FormBroken."""
    return {file.stem: read(file.stem, file.read_text("utf-8")) for file in sorted(FOLDER.glob("*.yaml"))}


def read(key: str, text: str) -> Form:
    """One form from its text; raises FormBroken where it is not whole."""
    told = yaml.safe_load(text)
    columns = {name: tuple(heads) for name, heads in told["columns"].items()}
    form = Form(
        key=key,
        name=told["name"],
        note=told["note"],
        example=tuple(told["example"]),
        dates=tuple(told["dates"]),
        order=told["order"],
        columns=columns,
        sides={name: tuple(words) for name, words in told.get("sides", {}).items()},
    )
    two = {"in", "out"} <= columns.keys() and "amount" not in columns
    one = "amount" in columns and not {"in", "out"} & columns.keys()
    if "day" not in columns or not (two or one) or form.order not in {OLDEST, NEWEST}:
        raise FormBroken(
            f"对账单格式 {key} 不完整：要有日期，金额要么收支两列、要么一列，次序是 oldest 或 newest。"
        )
    if ("side" in columns) != ({"in", "out"} <= form.sides.keys()):
        raise FormBroken(f"对账单格式 {key} 的借贷标志和它的写法要一起给出。")
    return form
