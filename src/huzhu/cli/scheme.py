"""huzhu scheme: check files, list the shelf; what authors ask for stands in authoring.py."""

import argparse
import os
import sys
from datetime import date
from pathlib import Path
from typing import Any

from huzhu.batch.forms import Forms, NotOfTotals, period_of
from huzhu.cli import authoring
from huzhu.cli.shelf import shelf
from huzhu.rules.edition import Edition
from huzhu.rules.problems import SchemeRefused
from huzhu.schemes.library import Library, NoSuchScheme, Verdict


def register(verbs: Any) -> None:
    """Adds the verbs to the parser."""
    scheme = verbs.add_parser("scheme", help="检查、列出、起稿、比较方案").add_subparsers(
        dest="what", required=True, metavar="做什么"
    )
    check = scheme.add_parser("check", help="检查方案文件：写法、证明、例题")
    check.add_argument("paths", nargs="+", metavar="PATH", help="方案文件、文件夹或名称")
    check.set_defaults(run=run_check)
    scheme.add_parser("list", help="列出现有方案").set_defaults(run=run_list)
    authoring.register(scheme)


def run_check(asked: argparse.Namespace) -> int:
    """Prints a verdict a file; 1 where any file has a problem."""
    library, sound = shelf(), True
    for name in asked.paths:
        try:
            paths = _paths(library, name)
        except (NoSuchScheme, SchemeRefused) as error:
            print(error.args[0], file=sys.stderr)
            sound = False
            continue
        for path in paths:
            verdict = library.check(path)
            _say(verdict)
            sound &= verdict.sound
    return 0 if sound else 1


def _paths(library: Library, name: str) -> list[Path]:
    folder = Path(name)
    if not os.path.isdir(name):  # noqa: PTH112 - unlike Path, it takes a name no disk can hold for what it is
        return [library.find(name)]
    found = [
        path
        for below in (folder, *sorted(folder.iterdir()))
        if below.is_dir()
        for path in library.files(below)
    ]
    if not found:
        raise NoSuchScheme(f"{name}: 文件夹里没有方案文件 → 方案文件是 <名称>/<版次>.yaml")
    return [path for path in found if path.parent.name != "cases"]


def _say(verdict: Verdict) -> None:
    for problem in verdict.problems:
        print(problem, file=sys.stderr)
    if not verdict.sound:
        print(f"{verdict.file}: 不通过，{len(verdict.problems)} 处问题", file=sys.stderr)
        return
    first = verdict.editions[0]
    readings = f"，{len(verdict.editions)} 种读法" if len(verdict.editions) > 1 else ""
    print(f"{verdict.file}: 通过{readings}，例题 {verdict.claims} 件全部相符")
    forms = Forms(first, period_of(first))
    for benefit in first.benefits.values():
        form = forms.parts(benefit)
        how = f"要逐件重算，因为{form.why}" if isinstance(form, NotOfTotals) else "可由全年累计直接测算"
        print(f"    {benefit.label}：{how}")
    for label, caution in first.cautions():
        print(f"    {caution.kind}：{label}，{caution.text}")


def run_list(_: argparse.Namespace) -> int:
    """Prints a line an edition on the shelf."""
    library, sound = shelf(), True
    try:
        slugs = [*library.slugs(), *library.gallery()]
    except NoSuchScheme as error:
        print(error.args[0], file=sys.stderr)
        return 1
    for slug in slugs:
        for path in library.files(library.shelf / slug):
            try:
                print(_line(library.read(path)))
            except SchemeRefused as refused:
                print(refused, file=sys.stderr)
                sound = False
    return 0 if sound else 1


def _line(edition: Edition) -> str:
    first = date.fromordinal(edition.opens_on).isoformat()
    readings = f"  读法 {'、'.join(edition.variants)}" if edition.variants else ""
    return f"{edition.slug:<16}{edition.edition:<8}{first} 起  {edition.identity[:12]}  {edition.title}{readings}"
