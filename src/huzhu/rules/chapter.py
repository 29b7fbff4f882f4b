"""The chapter of a scheme in the manual: printed from the file and its worked examples, in Markdown."""

from collections.abc import Iterable, Iterator
from datetime import date

from huzhu.rules.about import amount, figure, filled, labels
from huzhu.rules.cases import Case
from huzhu.rules.edition import Edition
from huzhu.rules.entry import in_words, terms_in_words
from huzhu.rules.entry_cases import EntryCase
from huzhu.rules.yamltext import Mapping, Node, Scalar


def chapter(edition: Edition, cases: Iterable[Case | EntryCase]) -> str:
    """The chapter's text; the same file and examples always print the same."""
    told = list(cases)
    parts = [
        _head(edition),
        _joining(edition),
        *(_benefit(edition, name) for name in edition.benefits),
        _caps(edition),
        _figures(edition),
        _clauses(edition),
        _readings(edition),
        _examples(edition, [case for case in told if isinstance(case, Case)]),
        _entry_examples([case for case in told if isinstance(case, EntryCase)]),
    ]
    return "\n".join(line for part in parts for line in (*part, "")).rstrip() + "\n"


def _head(edition: Edition) -> Iterator[str]:
    about = {name: filled(edition, text, edition.opens_on) for name, text in edition.about.items()}
    yield f"# {edition.title}"
    yield ""
    yield f"<!-- 由 huzhu scheme chapters 印出，不要手改；改 schemes/{edition.slug}/ 里的文件。 -->"
    yield ""
    yield f"`{edition.slug}/{edition.edition}` · {date.fromordinal(edition.opens_on)} 起 · {about.get('office', '')}"
    yield ""
    words = {
        "fee": "会费",
        "fee_note": "",
        "term": "保多久",
        "joins": "谁可以参加",
        "already_ill": "已经患病的",
        "source": "出处",
    }
    for name, label in words.items():
        if name in about and label:
            note = f"（{about['fee_note']}）" if name == "fee" and "fee_note" in about else ""
            yield f"- {label}：{about[name]}{note}"
    for label, caution in edition.cautions():
        yield f"- **{caution.kind}**：{label}，{caution.text}"


def _joining(edition: Edition) -> Iterator[str]:
    if edition.entry is None:
        return
    yield "## 参加"
    yield ""
    for condition, words in in_words(edition, edition.opens_on):
        warn = "（名册，只提醒）" if condition.level == "warn" else "（名册）" if condition.level else ""
        yield f"- {condition.label}{warn}：{words}"
    yield "- " + "，".join(f"{label} {value}" for label, value in terms_in_words(edition, edition.opens_on))


def _benefit(edition: Edition, name: str) -> Iterator[str]:
    benefit, speaker = edition.benefits[name], labels(edition)
    yield f"## {benefit.label}（`{name}`）"
    yield ""
    yield filled(edition, benefit.plain, edition.opens_on) + "。"
    yield ""
    for number, condition in enumerate(benefit.conditions, 1):
        yield f"{number}. {condition.label}：{speaker.say(condition.test)}"
    yield ""
    yield f"算法：{amount(edition, name)}"


def _caps(edition: Edition) -> Iterator[str]:
    for cap in edition.caps.values():
        names = "、".join(edition.benefits[name].label for name in cap.pays)
        yield f"{cap.label}：{names}合起来，按写的先后，用完为止。"


def _figures(edition: Edition) -> Iterator[str]:
    yield "## 数字"
    yield ""
    yield "| 名称 | 数字 | 起 | 条款 | 说明 |"
    yield "|---|---|---|---|---|"
    for one in edition.parameters.values():
        note = f"{one.caution.kind}：{one.caution.text}" if one.caution else ""
        for day, value in one.values:
            clause = edition.clauses[one.clause].label
            yield f"| {one.label} | {figure(edition, one, value)} | {date.fromordinal(day)} | {clause} | {note} |"


def _clauses(edition: Edition) -> Iterator[str]:
    yield "## 条款"
    yield ""
    for clause in edition.clauses.values():
        yield f"- **{clause.label}**：{clause.text}（{clause.source}）"


def _readings(edition: Edition) -> Iterator[str]:
    if edition.variants:
        yield "## 读法和档次"
        yield ""
    for variant in edition.variants.values():
        yield f"- `{variant.name}` {variant.label}：{variant.text}"


def _examples(edition: Edition, cases: list[Case]) -> Iterator[str]:
    yield "## 例题"
    yield ""
    yield "| 例题 | 笔算 | 应付（元） |"
    yield "|---|---|---|"
    for case in cases:
        paid = " → ".join(_paid(edition, claim.pays) for claim in case.claims)
        yield f"| {case.name} | {case.note} | {paid} |"


def _paid(edition: Edition, pays: Node) -> str:
    """What one claim is paid, in the default reading; benefits that pay nothing are left out."""
    reading = edition.variant.name if edition.variant else ""
    found = []
    for name, node in pays.items.items() if isinstance(pays, Mapping) else ():
        leaf = node.items.get(reading) if isinstance(node, Mapping) else node
        text = leaf.text if isinstance(leaf, Scalar) else ""
        found.append(f"{edition.benefits[name].label} {text}" if len(edition.benefits) > 1 else text)
    return "，".join(found)


def _entry_examples(cases: list[EntryCase]) -> Iterator[str]:
    if not cases:
        return
    yield "## 参加的例题"
    yield ""
    yield "| 例题 | 说明 | 结果 |"
    yield "|---|---|---|"
    for case in cases:
        result = {"true": "可以参加", "": ""}.get(case.joins, f"不符合 {case.joins}")
        if case.finds is not None:
            result = f"名册：{'、'.join(case.finds) or '没有问题'}"
        yield f"| {case.name} | {case.note} | {result} |"
