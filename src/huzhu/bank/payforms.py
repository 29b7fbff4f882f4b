"""How each bank wants its payment files and writes its replies: data under payfiles/; a new bank is a new file.

A form whose files have gone to a bank is not changed any more: a batch is sealed by the bytes that it made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from huzhu.rules.yamltext import plain, read

FOLDER = Path(__file__).parent / "payfiles"
DEFAULT = "neutral-csv"
SEPARATED, FIXED, WORKBOOK = "separated", "fixed", "workbook"
KINDS = frozenset({SEPARATED, FIXED, WORKBOOK})
MEANINGS = ("paid", "failed", "unclear")
LINE_ENDS = {"crlf": "\r\n", "lf": "\n"}
# what a cell may say: of the whole file, of one line of it, of one line of a reply
WHOLE = frozenset({"number", "made_on", "count", "total"})
ORDER = frozenset({"line", "holder", "account", "bank", "amount", "remark", "number"})
REPLY = frozenset({"line", "amount", "result", "words", "at", "number"})
MUST_ORDER = frozenset({"line", "holder", "account", "amount"})
MUST_REPLY = frozenset({"line", "amount", "result", "at"})


class FormBroken(ValueError):
    """A form does not say what a file or a reply needs."""


@dataclass(frozen=True, slots=True)
class Column:
    """One cell: what it says (or a fixed text), how, and in a fixed line how wide in bytes."""

    says: str = ""
    text: str = ""
    title: str = ""
    how: str = ""
    width: int = 0
    right: bool = False
    pad: str = " "


@dataclass(frozen=True, slots=True)
class Sheet:
    """One kind of file: head, perhaps the titles of the columns, a line each, foot."""

    kind: str
    ending: str
    encoding: str
    separator: str
    quotes: bool
    line_end: str
    titles: bool
    head: tuple[Column, ...]
    columns: tuple[Column, ...]
    foot: tuple[Column, ...]

    @property
    def heads(self) -> tuple[str, ...]:
        return tuple(column.title for column in self.columns)


@dataclass(frozen=True, slots=True)
class Form:
    """What one bank takes and gives."""

    key: str
    name: str
    note: str
    deduplicates: bool
    in_parts: bool
    hours: int
    order: Sheet
    reply: Sheet
    results: Mapping[str, str]  # the bank's word → paid, failed or unclear; a word not listed is unclear too
    words: Mapping[str, str] = field(default_factory=dict)  # the bank's code, said in words

    def result_word(self, paid: bool | None) -> str:
        """How this bank says paid, failed, or neither."""
        wanted = "unclear" if paid is None else "paid" if paid else "failed"
        return next(word for word, means in self.results.items() if means == wanted)


@cache
def forms() -> dict[str, Form]:
    """Every form by its key, the neutral one first; raises FormBroken."""
    files = sorted(FOLDER.glob("*.yaml"), key=lambda file: (file.stem != DEFAULT, file.stem))
    return {file.stem: parse(file.stem, file.read_text("utf-8")) for file in files}


def choices() -> list[tuple[str, str]]:
    """(key, name) of every form."""
    return [(form.key, form.name) for form in forms().values()]


def parse(key: str, text: str) -> Form:
    """One form from its text; raises FormBroken where it is not whole."""
    told: Any = plain(read(text, f"{key}.yaml"))
    try:
        results = {word: means for means in MEANINGS for word in told["results"][means] if word.strip()}
        form = Form(
            key=key,
            name=told["name"],
            note=told["note"],
            deduplicates=_yes(told["deduplicates"]),
            in_parts={"in parts": True, "whole": False}[told["answers"]],
            hours=int(told["answers_within_hours"]),
            order=_sheet(told["order"]),
            reply=_sheet(told["reply"]),
            results=results,
            words=dict(told.get("words", {})),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise FormBroken(f"代发格式 {key} 不完整：{problem}。请对照 neutral-csv.yaml 补齐。") from problem
    if objection := _objection(form):
        raise FormBroken(f"代发格式 {key} 不能用：{objection}。")
    return form


def _yes(text: str) -> bool:
    return {"yes": True, "no": False}[text]


def _sheet(told: Any) -> Sheet:
    if unknown := told.keys() - {
        *(
            "kind",
            "ending",
            "encoding",
            "separator",
            "quotes",
            "line_end",
            "titles",
            "head",
            "columns",
            "foot",
        )
    }:
        raise ValueError(f"不认识 {'、'.join(sorted(unknown))}")
    return Sheet(
        kind=told["kind"],
        ending=told["ending"],
        encoding=told.get("encoding", "utf-8"),
        separator=told.get("separator", ""),
        quotes=_yes(told.get("quotes", "no")),
        line_end=LINE_ENDS[told.get("line_end", "crlf")],
        titles=_yes(told.get("titles", "no")),
        head=tuple(map(_column, told.get("head", []))),
        columns=tuple(map(_column, told["columns"])),
        foot=tuple(map(_column, told.get("foot", []))),
    )


def _column(told: Any) -> Column:
    if unknown := told.keys() - {"is", "text", "title", "as", "width", "align", "pad"}:
        raise ValueError(f"不认识 {'、'.join(sorted(unknown))}")
    return Column(
        says=told.get("is", ""),
        text=told.get("text", ""),
        title=told.get("title", ""),
        how=told.get("as", ""),
        width=int(told.get("width", 0)),
        right=told.get("align", "left") == "right",
        pad=told.get("pad", " "),
    )


def _objection(form: Form) -> str:
    """The first thing that is wrong with it; empty when all is well."""
    if set(form.results.values()) != set(MEANINGS) or form.hours <= 0:
        return "results 里 paid、failed、unclear 各要有自己的词，answers_within_hours 要大于 0"
    wrong = _wrong_sheet("order", form.order, ORDER, MUST_ORDER)
    wrong = wrong or _wrong_sheet("reply", form.reply, REPLY, MUST_REPLY)
    numbered = {one.says for one in (*form.reply.head, *form.reply.columns, *form.reply.foot)}
    lacks = "" if "number" in numbered else "reply 里要有批次号 number，否则分不出是哪一批的回盘"
    return wrong or lacks


def _wrong_sheet(name: str, sheet: Sheet, may: frozenset[str], must: frozenset[str]) -> str:
    says = [column.says for column in sheet.columns if column.says]
    around = {column.says for column in (*sheet.head, *sheet.foot) if column.says}
    cells = (*sheet.head, *sheet.columns, *sheet.foot)
    rules = (
        (
            sheet.kind in KINDS and (sheet.kind != SEPARATED or len(sheet.separator) == 1),
            "kind 只能是 separated（带一个 separator）、fixed、workbook",
        ),
        (must <= set(says), f"缺 {'、'.join(sorted(must - set(says)))}"),
        (set(says) <= may and len(says) == len(set(says)), "有不认识或重复的列"),
        (
            {"count", "total"} <= around <= WHOLE,
            f"首行或末行要有 count 和 total，并且只能是 {'、'.join(sorted(WHOLE))}",
        ),
        (sheet.kind != FIXED or all(cell.width > 0 for cell in cells), "是定长的，每一格要有 width"),
    )
    return next((f"{name} {words}" for holds, words in rules if not holds), "")
