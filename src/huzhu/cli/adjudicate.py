"""huzhu adjudicate: a table of claims in, fen per benefit out, by the same scheme file that answers one claim."""

import argparse
import os
import re
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from huzhu.batch import engines
from huzhu.batch.columns import ColumnsMissing
from huzhu.batch.files import CannotRead, CannotWrite
from huzhu.batch.replay import Differences, replay
from huzhu.batch.run import Asked, RowsRefused, Summary, adjudicate_file
from huzhu.cli.progress import steps
from huzhu.cli.shelf import shelf
from huzhu.core import money
from huzhu.rules.edition import Edition
from huzhu.rules.problems import SchemeRefused
from huzhu.schemes.library import Library

REFUSED = (
    SchemeRefused,
    LookupError,
    ColumnsMissing,
    CannotRead,
    CannotWrite,
    RowsRefused,
    engines.EngineMissing,
    engines.TooLarge,
    engines.TooLittleMemory,
)


def register(verbs: Any) -> None:
    """Adds the verb to the parser."""
    verb = verbs.add_parser(
        "adjudicate",
        help="批量核算：一张表进，一张表出",
        description="表里一行一件：member_id、方案要读的列（英文名或中文名；金额以元写，整数分的列名加 _fen）。结果以分写。",
    )
    add_scheme(verb)
    add_input(verb)
    verb.add_argument("--out", required=True, metavar="文件", help="结果：.parquet、.csv 或 .xlsx")
    verb.add_argument("--engine", choices=engines.NAMES, default="duckdb", help="用什么算，默认 duckdb")
    verb.add_argument("--good-only", action="store_true", help="有坏行时仍算好的行；默认一行坏就都不写")
    verb.add_argument(
        "--against",
        metavar="文件",
        help="已入账的结果：重算后只写与它的差额，按人和保障期轧净；--in 用入账时的那张表",
    )
    verb.add_argument(
        "--late",
        metavar="文件",
        help="与 --against 同用：迟到和改正的件（withdrawn 列为 true 的是撤回），只重算这些人",
    )
    verb.set_defaults(run=run)


def add_scheme(verb: argparse.ArgumentParser) -> None:
    """Which edition, in which reading, as it was known on which day."""
    verb.add_argument("--scheme", required=True, metavar="方案", help="名称（如 yichun-120）或文件路径")
    verb.add_argument("--variant", metavar="读法", help="条款的读法，如 A；不写用方案默认的")
    verb.add_argument(
        "--as-known-at",
        type=_day,
        metavar="日期",
        help="用那一天已经起用的最新版次，如 2022-07-15；不写用最新的",
    )


def add_input(verb: argparse.ArgumentParser) -> None:
    """Which table, and how much of the machine it may take."""
    verb.add_argument(
        "--in",
        dest="source",
        required=True,
        metavar="文件",
        help=".parquet、.csv（UTF-8 或 GB18030）或 .xlsx",
    )
    verb.add_argument(
        "--memory",
        type=_memory,
        default="",
        metavar="多少",
        help="最多用多少内存，如 4GB；放不下的写到临时文件夹",
    )
    verb.add_argument("--threads", type=_threads, default=0, metavar="N", help="用几个核；不写用全部")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}”不是日期：写成 2022-07-15") from None


def _memory(text: str) -> str:
    if text and not re.fullmatch(r"[1-9][0-9]{0,4}(MB|GB)", text):
        raise argparse.ArgumentTypeError(f"“{text}”不是内存的大小：写成 4GB 或 800MB")
    return text


def _threads(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,2}", text):
        raise argparse.ArgumentTypeError(f"“{text}”不是核的个数：写成 1 到 999")
    return int(text)


def path_of(library: Library, asked: argparse.Namespace) -> Path:
    """The file of the edition asked for; raises LookupError or SchemeRefused."""
    path = library.find(asked.scheme)
    if asked.as_known_at is None:
        return path
    day = asked.as_known_at.toordinal()
    known = [file for file in library.files(path.parent) if library.read(file).opens_on <= day]
    if not known:
        raise LookupError(f"{asked.scheme} 在 {asked.as_known_at} 还没有起用的版次 → 换一个晚些的日期")
    return max(known, key=lambda file: library.read(file).opens_on)


def run(asked: argparse.Namespace) -> int:
    """Prints the summary; 1 where anything is refused, and then nothing is written but the list of bad rows."""
    started = time.monotonic()
    if asked.late and not asked.against:
        print("--late 要与 --against 同用 → 加上 --against 已入账的结果", file=sys.stderr)
        return 2
    if asked.good_only and asked.against:
        print("--good-only 不能与 --against 同用：差额要由全部的件算出 → 去掉其中一个", file=sys.stderr)
        return 2
    try:
        library = shelf()
        edition = library.read(path_of(library, asked), asked.variant)
        given = Asked(
            source=Path(asked.source),
            out=Path(asked.out),
            engine=asked.engine,
            good_only=asked.good_only,
            memory=asked.memory,
            threads=asked.threads,
            url=os.environ.get("DATABASE_URL", ""),
        )
        with steps() as say:
            if asked.against:
                late = Path(asked.late) if asked.late else None
                _say_differences(replay(edition, given, late, Path(asked.against), say), asked)
                return 0
            summary = adjudicate_file(edition, given, say)
    except (*REFUSED, KeyboardInterrupt) as refused:
        status = told(refused)
        if isinstance(refused, RowsRefused) and not asked.against:
            print(
                "或加 --good-only 只算好的行（坏行不计入累计，同一会员后面的给付可能因此不同）",
                file=sys.stderr,
            )
        return status
    _say(edition, asked, summary, time.monotonic() - started)
    return 0


def told(refused: BaseException) -> int:
    """Says on stderr why not; the exit status of a refusal."""
    if isinstance(refused, KeyboardInterrupt):
        print("中断了，没有写出结果", file=sys.stderr)
    else:
        print(refused.args[0] if isinstance(refused, LookupError) else refused, file=sys.stderr)
    return 1


def _say(edition: Edition, asked: argparse.Namespace, summary: Summary, seconds: float) -> None:
    reading = f" 读法 {edition.variant.name}" if edition.variant else ""
    print(f"{edition.title}（{edition.slug} {edition.edition}{reading}，{edition.identity[:12]}）")
    rate = f"，每秒 {summary.rows / seconds:,.0f} 行" if seconds >= 1 else ""
    print(f"读 {summary.rows:,} 行，写 {summary.written:,} 行 → {asked.out}（{seconds:.1f} 秒{rate}）")
    if summary.bad:
        print(f"不能用的 {summary.bad:,} 行没有算，逐行说明在 {summary.listed}")
    if summary.absent:
        print(f"表里没有、当作未填的列：{'、'.join(summary.absent)}")
    for name, amount in summary.sums.items():
        print(f"    {edition.benefits[name].label}：{money.spoken(amount)} 元")
    print(f"合计 {money.spoken(summary.total_fen)} 元，有给付的 {summary.paid_claims:,} 件")


def _say_differences(found: Differences, asked: argparse.Namespace) -> None:
    print(f"重算 {found.members:,} 人 {found.claims:,} 件，{found.periods:,} 个保障期有差额 → {asked.out}")
    print(f"    应补付：{money.spoken(found.more_fen)} 元")
    print(f"    应在以后给付中抵扣：{money.spoken(-found.less_fen)} 元（要不要追回由人决定）")
