"""huzhu scheme new, diff, schema, chapters: what the author of a scheme asks for."""

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from huzhu.cli.shelf import shelf
from huzhu.core import money
from huzhu.rules.cases import Case, paid_of
from huzhu.rules.chapter import chapter
from huzhu.rules.differences import differences
from huzhu.rules.edition import Edition
from huzhu.rules.facts import FactsRefused
from huzhu.rules.problems import SchemeRefused
from huzhu.rules.reference import reference, shared_facts
from huzhu.rules.shape import json_schema
from huzhu.schemes.drafting import FAMILIES, NotAName, drafted, drafted_examples, nearest
from huzhu.schemes.library import Library, NoSuchScheme

MANUAL = Path("docs/manual")
MARK = "由 huzhu scheme chapters 印出"  # stands in every printed chapter


def register(verbs: Any) -> None:
    """Adds the verbs below `scheme`."""
    new = verbs.add_parser("new", help="照最近的方案起稿一个新方案")
    new.add_argument("slug", metavar="名称", help="新方案的名称，例如 suzhou-60")
    new.add_argument("--like", required=True, metavar="方案或族", help="照哪个起稿：方案名称，或 F1 到 F15")
    new.add_argument("--edition", default=str(date.today().year), metavar="版次", help="不写是今年")  # noqa: DTZ011
    new.add_argument("--into", type=Path, metavar="文件夹", help="放在哪里，不写是方案文件夹")
    new.set_defaults(run=run_new)
    diff = verbs.add_parser("diff", help="新版次和旧版次哪里不同、涉及谁，并算两边的例题")
    diff.add_argument("old", metavar="旧", help="名称/版次，或文件路径")
    diff.add_argument("now", metavar="新", help="名称/版次，或文件路径")
    diff.set_defaults(run=run_diff)
    verbs.add_parser("schema", help="印出方案文件的 JSON Schema，给编辑器用").set_defaults(run=run_schema)
    chapters = verbs.add_parser("chapters", help="由方案和例题印出手册的各章")
    chapters.add_argument("--into", type=Path, default=MANUAL / "schemes", metavar="文件夹")
    chapters.set_defaults(run=run_chapters)


# --- new ---


def run_new(asked: argparse.Namespace) -> int:
    """Writes the file and its examples; 1 where the name is taken or nothing like it is there."""
    library = shelf()
    try:
        source = library.find(nearest(asked.like))
        name = f"{source.parent.name}/{source.stem}"
        text = drafted(library.text(source)[0], slug=asked.slug, edition=asked.edition, source=name)
    except NoSuchScheme as missing:
        print(f"{missing}；或写 {'、'.join(FAMILIES)} 之一", file=sys.stderr)
        return 1
    except (NotAName, SchemeRefused) as refused:
        print(refused, file=sys.stderr)
        return 1
    folder = (asked.into or library.shelf) / asked.slug
    if folder.exists():
        print(
            f"{folder}: 已经有了 → 换一个名称，或直接改它；新版次在里面另放一个 <版次>.yaml", file=sys.stderr
        )
        return 1
    path = folder / f"{asked.edition}.yaml"
    try:
        (folder / "cases").mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        for examples in sorted((source.parent / "cases").glob("*.yaml")):
            body = drafted_examples(library.text(examples)[0], source=name)
            (folder / "cases" / examples.name).write_text(body, encoding="utf-8")
    except OSError as error:
        return _cannot_write(folder, error)
    print(
        f"{path}: 由 {name} 起稿，现在和它算得一样。先改 cases/ 里的例题，再改方案，运行 huzhu scheme check {path}"
    )
    return 0


def _cannot_write(folder: Path, error: OSError) -> int:
    print(f"{folder}: 写不进去（{error.strerror}） → 换一个文件夹", file=sys.stderr)
    return 1


# --- diff ---


def run_diff(asked: argparse.Namespace) -> int:
    """Prints what differs, for whom, and what the examples of both come to."""
    library = shelf()
    try:
        paths = [library.find(name) for name in (asked.old, asked.now)]
        old, now = (library.read(path) for path in paths)
        told = {
            str(case.place): case for path in paths for case in library.cases(path) if isinstance(case, Case)
        }
    except (NoSuchScheme, SchemeRefused) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"旧：{old.title}（{old.slug} {old.edition}）\n新：{now.title}（{now.slug} {now.edition}）\n")
    found = differences(old, now)
    for one in found:
        print(f"{one.what}\n    旧：{one.before}\n    新：{one.now}")
        if one.whom:
            print(f"    涉及：{one.whom}")
    print("" if found else "两版说的一样。\n", end="")
    print("\n例题（笔算的各件，两版各算一遍）")
    for line in _examples(old, now, list(told.values())):
        print(line)
    return 0


def _examples(old: Edition, now: Edition, cases: list[Case]) -> Iterator[str]:
    same = more = less = unread = 0
    for case in cases:
        for number, (before, after) in enumerate(
            zip(paid_of(old, case), paid_of(now, case), strict=False), 1
        ):
            sums = [
                paid[1] if isinstance(paid[1], FactsRefused) else sum(paid[1].values())
                for paid in (before, after)
            ]
            if isinstance(sums[0], FactsRefused) or isinstance(sums[1], FactsRefused):
                unread += 1
                yield f"    {case.name} 第 {number} 件：{'旧' if isinstance(sums[0], FactsRefused) else '新'}版读不了这件事的事实"
                continue
            gap = sums[1] - sums[0]
            same, more, less = same + (gap == 0), more + (gap > 0), less + (gap < 0)
            if gap:
                word = "多" if gap > 0 else "少"
                yield f"    {case.name} 第 {number} 件：{money.spoken(sums[0])} → {money.spoken(sums[1])} 元，{word} {money.spoken(abs(gap))} 元"
    yield f"一样的 {same} 件，多付的 {more} 件，少付的 {less} 件" + (
        f"，有一版读不了的 {unread} 件" if unread else ""
    )


# --- schema and chapters ---


def run_schema(_: argparse.Namespace) -> int:
    print(json.dumps(json_schema(), ensure_ascii=False, indent=1))
    return 0


def printed_chapters(library: Library) -> dict[str, str]:
    """Every chapter by its file's name: one a scheme, the list of them, the reference of the language."""
    slugs = [*library.slugs(), *library.gallery()]
    found = {slug: library.find(slug) for slug in slugs}
    texts = {f"{slug}.md": chapter(library.read(path), library.cases(path)) for slug, path in found.items()}
    lines = ["- [方案语言参考](reference.md)"]
    lines += [f"- [{library.read(path).title}]({slug}.md)" for slug, path in found.items()]
    head = f"# 各方案\n\n<!-- {MARK}，不要手改。 -->\n\n"
    facts = shared_facts(library.read(path).facts for path in found.values())
    return {"README.md": head + "\n".join(lines) + "\n", "reference.md": reference(facts), **texts}


def run_chapters(asked: argparse.Namespace) -> int:
    """Writes the chapters; what no longer has a scheme is taken away."""
    try:
        texts = printed_chapters(shelf())
    except (NoSuchScheme, SchemeRefused) as error:
        print(error, file=sys.stderr)
        return 1
    try:
        asked.into.mkdir(parents=True, exist_ok=True)
        there = {path.name: path for path in asked.into.glob("*.md")}
        ours = {
            name for name, path in there.items() if MARK in path.read_text(encoding="utf-8", errors="replace")
        }
        if foreign := sorted(texts.keys() & there.keys() - ours):
            print(
                f"{asked.into}: 里面的 {'、'.join(foreign)} 不是印出来的，没有改动 → 换一个文件夹",
                file=sys.stderr,
            )
            return 1
        for name in ours - texts.keys():
            there[name].unlink()
        for name, text in texts.items():
            (asked.into / name).write_text(text, encoding="utf-8")
    except OSError as error:
        return _cannot_write(asked.into, error)
    print(f"{asked.into}: 印出 {len(texts)} 个文件")
    return 0
