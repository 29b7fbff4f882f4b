"""huzhu explain: the slip of one event under one or several schemes."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from huzhu.cli.shelf import shelf
from huzhu.core import money
from huzhu.rules import entry
from huzhu.rules.about import clashing
from huzhu.rules.adjudicate import explain
from huzhu.rules.edition import Edition
from huzhu.rules.facts import FactsRefused, document_of
from huzhu.rules.problems import SchemeRefused
from huzhu.rules.reasoning import as_json
from huzhu.rules.slip import entry_slip, slip
from huzhu.schemes.library import Library


def register(verbs: Any) -> None:
    """Adds the verb to the parser."""
    verb = verbs.add_parser("explain", help="一件事按一个或几个方案算账，列出每一步")
    verb.add_argument(
        "--scheme",
        nargs="+",
        action="extend",
        required=True,
        metavar="方案",
        help="名称（如 yichun-120）或文件路径",
    )
    verb.add_argument("--variant", metavar="读法", help="条款的读法，如 A；不写用方案默认的")
    verb.add_argument(
        "--entry", action="store_true", help="看一个人能不能参加（事实文件的格式是 huzhu-entry/1），不算给付"
    )
    verb.add_argument("--json", action="store_true", help="输出 JSON，不输出算账单")
    verb.add_argument("facts", nargs="?", metavar="FACTS.json", help="事实文件，写在最后；写 - 从标准输入读")
    verb.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Prints the slip or its JSON."""
    words: list[str] = [*asked.scheme, asked.facts] if asked.facts else asked.scheme
    *names, facts = words
    if not names:
        print("缺方案或事实文件 → 写成 huzhu explain --scheme yichun-120 FACTS.json", file=sys.stderr)
        return 2
    try:
        library = shelf()
        editions = _editions(library, names, asked.variant)
        if asked.entry:
            return _entries(editions, document_of(_text(facts)), as_text=not asked.json)
        reasonings = explain(editions, document_of(_text(facts)), among=library.editions())
    except (SchemeRefused, FactsRefused, LookupError, OSError, UnicodeDecodeError) as error:
        print(_complaint(error, facts), file=sys.stderr)
        return 1
    if clash := clashing(editions):
        print(f"注意：{clash}；这里的合计只供比较", file=sys.stderr)
    if asked.json:
        total = money.yuan(sum(reasoning.total_fen for reasoning in reasonings))
        body = {"schemes": [as_json(reasoning) for reasoning in reasonings], "total": total}
        print(json.dumps(body, ensure_ascii=False, indent=2))
    else:
        print(slip(reasonings), end="")
    return 0


def _entries(editions: list[Edition], document: object, *, as_text: bool) -> int:
    """Prints the decision of each edition on one person, and on the roster where the document tells of one."""
    for edition in editions:
        found = entry.admission(edition, entry.read_person(edition, document))
        has_roster = isinstance(document, dict) and "roster" in document
        lacks = entry.findings(edition, entry.read_roster(edition, document)) if has_roster else ()
        if as_text:
            print(entry_slip(found, lacks), end="")
        else:
            body = entry.as_json(found) | {"roster": [{**asdict(lack)} for lack in lacks]}
            print(json.dumps(body, ensure_ascii=False, indent=2))
    return 0


def _editions(library: Library, names: list[str], variant: str | None) -> list[Edition]:
    editions = [library.edition(name) for name in dict.fromkeys(names)]
    if variant is None:
        return editions
    if not any(edition.variants for edition in editions):
        raise LookupError("所选方案都没有读法可选，去掉 --variant")
    return [
        library.edition(name, variant) if edition.variants else edition
        for name, edition in zip(dict.fromkeys(names), editions, strict=True)
    ]


def _text(path: str) -> str:
    return sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")


def _complaint(error: Exception, path: str) -> str:
    if isinstance(error, FactsRefused):
        return "\n".join(f"{path}: {problem}" for problem in error.problems)
    if isinstance(error, UnicodeDecodeError):
        return f"{path}: 文件不是 UTF-8 编码 → 用 UTF-8 重新保存"
    if isinstance(error, OSError):
        return f"{path}: 文件打不开（{error.strerror}） → 检查路径"
    return str(error.args[0]) if isinstance(error, LookupError) else str(error)
