"""huzhu simulate: the same claims under other rules; cost, who gains and who loses, exact to the fen."""

import argparse
import csv
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from huzhu.batch.run import Asked
from huzhu.batch.simulation import AGAIN, Answer, Simulated, simulate
from huzhu.cli.adjudicate import REFUSED, add_input, add_scheme, path_of, told
from huzhu.cli.progress import steps
from huzhu.cli.shelf import shelf
from huzhu.core import money

ASSUMED = "照算的是同一批申请：没有推测谁会参保、生病、住院；这些随方案怎么变，由人判断。"
HEADS = (
    "情景",
    "分组",
    "组",
    "给付合计",
    "有给付的人次",
    "人均",
    "多得的人次",
    "共多得",
    "少得的人次",
    "共少得",
)
TENTHS = tuple(f"第{number}十分位" for number in "一二三四五六七八九")


def register(verbs: Any) -> None:
    """Adds the verb to the parser."""
    verb = verbs.add_parser(
        "simulate",
        help="测算：同一批申请，换几条规则",
        description="情景文件：format: huzhu-scenario/1、label: 名称、overlay: 照方案的层次写要改的几项。一人一个保障期算一人次。",
    )
    add_scheme(verb)
    add_input(verb)
    verb.add_argument("--scenario", nargs="+", required=True, metavar="情景.yaml", help="一个或几个情景文件")
    verb.add_argument("--by", nargs="+", default=[], metavar="列", help="按这些列分组，如 sex、county")
    verb.add_argument("--format", choices=WRITERS, default="table", help="table（默认）、csv 或 json")
    verb.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Prints the answers; 1 where the scheme, a scenario or the table is refused."""
    try:
        library = shelf()
        path = path_of(library, asked)
        edition = library.read(path, asked.variant)
        scenarios = [library.supposing(path, asked.variant, Path(name)) for name in asked.scenario]
        labels = [label for label, _ in scenarios]
        if len({*labels, "基准"}) <= len(labels):
            raise LookupError(f"情景的 label 有重复，或写成了“基准”：{'、'.join(labels)} → 各写一个名称")
        given = Asked(
            Path(asked.source),
            Path(asked.source).with_name("simulate.csv"),
            memory=asked.memory,
            threads=asked.threads,
        )
        with steps() as say:
            found = simulate(edition, given, scenarios, asked.by, say)
    except (*REFUSED, KeyboardInterrupt) as refused:
        return told(refused)
    print(WRITERS[asked.format](found), end="")
    return 0


def _cells(answer: Answer) -> list[str]:
    counts = (answer.beneficiaries, answer.winners, answer.losers)
    people, winners, losers = (str(count) for count in counts)
    amounts = (answer.cost_fen, answer.mean_fen, answer.won_fen, answer.lost_fen)
    cost, mean, won, lost = (money.yuan(amount) for amount in amounts)
    tenths = [money.yuan(amount) for amount in answer.deciles_fen] or [""] * 9
    return [
        answer.scenario,
        answer.group,
        answer.value,
        cost,
        people,
        mean,
        winners,
        won,
        losers,
        lost,
        *tenths,
    ]


def as_csv(found: Simulated) -> str:
    """A line an answer, money in yuan."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*HEADS, *TENTHS])
    writer.writerows(_cells(answer) for answer in found.answers)
    return text.getvalue()


def as_json(found: Simulated) -> str:
    """Everything, money in fen, with how each benefit was answered."""
    names = [
        "scenario",
        "group",
        "value",
        "cost_fen",
        "beneficiaries",
        "mean_fen",
        "deciles_fen",
        "winners",
        "won_fen",
        "losers",
        "lost_fen",
    ]
    body = {
        "claims": found.claims,
        "member_years": found.member_years,
        "assumed": ASSUMED,
        "answers": [{name: getattr(answer, name) for name in names} for answer in found.answers],
        "how": {
            label: [{"benefit": how.benefit, "way": how.way, "why": how.why} for how in ways]
            for label, ways in found.how.items()
        },
    }
    return json.dumps(body, ensure_ascii=False, indent=2) + "\n"


def as_table(found: Simulated) -> str:
    """For people: a block a group, a line a scenario; then how each was answered and what was assumed."""
    lines = [f"{found.claims:,} 件，{found.member_years:,} 人次（一人一个保障期）"]
    for place in dict.fromkeys((answer.group, answer.value) for answer in found.answers):
        lines += ["", f"{place[0]} {place[1]}".rstrip()]
        for answer in found.answers:
            if (answer.group, answer.value) == place:
                lines += _told(answer)
    lines.append("")
    for label, ways in found.how.items():
        for how in ways:
            why = f"，因为{how.why}" if how.way == AGAIN else ""
            lines.append(f"{label}：{how.benefit} {how.way}{why}")
    return "\n".join([*lines, ASSUMED]) + "\n"


def _told(answer: Answer) -> Iterable[str]:
    cost, mean = money.spoken(answer.cost_fen), money.spoken(answer.mean_fen)
    yield f"  {answer.scenario}：合计 {cost} 元，{answer.beneficiaries:,} 人次有给付，人均 {mean} 元"
    if answer.winners or answer.losers:
        won, lost = money.spoken(answer.won_fen), money.spoken(answer.lost_fen)
        yield f"      比基准多得 {answer.winners:,} 人次共 {won} 元，少得 {answer.losers:,} 人次共 {lost} 元"
    if answer.deciles_fen:
        yield f"      十分位 {'  '.join(money.spoken(amount) for amount in answer.deciles_fen)}"


WRITERS: dict[str, Callable[[Simulated], str]] = {"table": as_table, "csv": as_csv, "json": as_json}
