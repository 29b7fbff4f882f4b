"""huzhu verify: every stored total recomputed from its rows, by SQL of its own; the differences, which should be 0."""

import argparse
import hashlib
import json
import sys
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from huzhu.cli import site
from huzhu.cli.checks import CHECKS, Check
from huzhu.core import money

SHOWN = 20
_BEFORE = {"source", "entries", "total_fen"}
HEAD = ("核对", "条数", "账面", "重算", "差额", "")


@dataclass(frozen=True, slots=True)
class Found:
    """One check's sums, and every key on which the two sides differ: (key, stored, recomputed)."""

    title: str
    unit: str
    count: int
    stored: int
    recomputed: int
    differing: list[tuple[str, int, int]]

    @property
    def difference(self) -> int:
        """All differences by size, so that they cannot cancel each other."""
        return sum(abs(stored - again) for _, stored, again in self.differing)


def register(verbs: Any) -> None:
    """Adds the verb to the parser."""
    verb = verbs.add_parser("verify", help="从明细重算每一个存下来的合计，打印差额；有差额时退出码为 1")
    verb.add_argument(
        "--anchors", metavar="文件", help="在库外保存的审计锚点，一行一个；链尾被截掉时靠它看出来"
    )
    verb.add_argument("--anchor", action="store_true", help="只印出现在的锚点，供抄到库外")
    verb.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Prints the table; 1 where anything differs, or the site cannot be read."""
    try:
        site.ready()
        with site.snapshot():
            if asked.anchor:
                print(site.anchor())
                return 0
            found = [*map(compared, CHECKS), *_said(_anchors(asked.anchors))]
    except site.SiteClosed as closed:
        print(closed, file=sys.stderr)
        return 1
    print("\n".join(_table(found)))
    bad = [one for one in found if one.differing]
    for one in bad:
        print("\n".join(_differences(one)))
    print(_verdict(found, bad))
    return 1 if bad else 0


def compared(check: Check) -> Found:
    """Both sides of a check, held against each other key by key; a key on one side only counts as 0 on the other."""
    stored, again = _side(check.stored, check.field), _side(check.recomputed)
    keys = sorted(stored.keys() | again.keys())
    pairs = [(key, stored.get(key, 0), again.get(key, 0)) for key in keys]
    differing = [pair for pair in pairs if pair[1] != pair[2]]
    return Found(check.title, check.unit, len(keys), sum(stored.values()), sum(again.values()), differing)


def _side(statement: str, field: str = "") -> dict[str, int]:
    """Key → amount; `field` picks the amount out of a column of JSON."""
    sums: dict[str, int] = {}
    for *key, amount in site.rows(statement):
        if field:
            kept = json.loads(amount) if isinstance(amount, str) else amount
            amount = kept[field]  # noqa: PLW2901
        sums[" ".join(map(str, key))] = int(amount or 0)
    return sums


def _anchors(path: str | None) -> list[str]:
    """The anchors that were kept; SiteClosed where the file cannot be read."""
    if not path:
        return []
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise site.SiteClosed(f"读不到锚点文件 {path}：请给出每天抄下来的那一个文本文件。") from None
    return [line for line in lines if line.strip()]


def _said(anchors: list[str]) -> Iterable[Found]:
    """What is not a sum: the chain of the trail and its kept anchors, the guards, the keys, the uploads."""
    for title, sentences in (
        ("审计记录的链", site.broken_links()),
        ("凭证的日期和分录", _altered()),
        ("库外的锚点", site.lost_anchors(anchors)),
        ("防改保护", site.unguarded()),
        ("密钥与数据库", site.wrong_keys()),
        ("附件都在磁盘上", site.lost_files()),
    ):
        said = list(sentences)
        yield Found(title, "处", len(said), len(said), 0, [(one, 1, 0) for one in said])


def _altered() -> Iterable[str]:
    """Vouchers whose day or entries are not those that the trail told of when they were posted."""
    entries = site.rows(
        "SELECT v.id, v.number, v.posted_on, l.debit_id, l.credit_id, l.amount_fen, l.scheme_slug, l.fund_year, l.office_id "
        "FROM ledger_voucher v JOIN ledger_ledgerentry l ON l.voucher_id = v.id ORDER BY v.id, l.id"
    )
    told = dict(site.rows("SELECT object_id, detail FROM audit_event WHERE verb = 'ledger.post'"))
    for (key, number, day), rows in groupby(entries, key=itemgetter(0, 1, 2)):
        kept = told.get(str(key), "{}")
        said = json.loads(kept) if isinstance(kept, str) else kept
        spelled = json.dumps(
            [str(day), [list(row[3:]) for row in rows]], separators=(",", ":"), ensure_ascii=False
        )
        # the trail of earlier versions held the count and the sum alone
        if said.get("rows", "") != hashlib.sha256(spelled.encode()).hexdigest() and set(said) != _BEFORE:
            yield f"凭证 {number}：日期或分录和记账时不一样"


def _table(found: list[Found]) -> list[str]:
    rows = [HEAD, *(_row(one) for one in found)]
    widths = [max(_width(row[column]) for row in rows) for column in range(len(HEAD))]
    return [
        "  ".join(_padded(cell, widths[at], left=at in {0, 5}) for at, cell in enumerate(row)).rstrip()
        for row in rows
    ]


def _row(one: Found) -> tuple[str, ...]:
    amounts = [_figure(amount, one.unit) for amount in (one.stored, one.recomputed, one.difference)]
    word = f"✕ {len(one.differing)} 条不符" if one.differing else "✓"
    return (f"{one.title}（{one.unit}）", f"{one.count:,}", *amounts, word)


def _differences(one: Found) -> list[str]:
    lines = ["", f"{one.title}：{len(one.differing)} 条不符"]
    for key, stored, again in one.differing[:SHOWN]:
        told = (
            ""
            if one.unit == "处"
            else (
                f"：账面 {_figure(stored, one.unit)}，重算 {_figure(again, one.unit)}，"
                f"差 {_figure(stored - again, one.unit)}"
            )
        )
        lines.append(f"  {key or '合计'}{told}")
    if len(one.differing) > SHOWN:
        lines.append(f"  ……还有 {len(one.differing) - SHOWN} 条")
    return lines


def _verdict(found: list[Found], bad: list[Found]) -> str:
    if not bad:
        return f"\n{len(found)} 项核对全部相符，差额 0。"
    return (
        f"\n{len(found)} 项核对中 {len(bad)} 项不符。请停止发放，用备份和审计记录查清原因；"
        "账目不能改，查清后另记一笔更正。"
    )


def _figure(amount: int, unit: str) -> str:
    return money.spoken(amount) if unit == "元" else f"{amount:,}"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(text: str, width: int, *, left: bool) -> str:
    gap = " " * (width - _width(text))
    return text + gap if left else gap + text
