"""The slip (算账单) as Chinese text: label, how it was got, figure right-aligned, a rule above each total."""

import re
from collections.abc import Iterable, Iterator
from unicodedata import east_asian_width

from huzhu.core import money
from huzhu.rules.entry import Admission, Finding
from huzhu.rules.reasoning import Asked, BenefitWorking, Reasoning, Used

WIDTH = 76
_WORDS = re.compile(
    r"[!-~−]+[，。；：、）”]*\s*|.[，。；：、）”]*\s*"
)  # a figure stays whole; no line starts with a comma


def width(text: str) -> int:
    """Columns a text takes on a terminal; wide characters take two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def slip(reasonings: Iterable[Reasoning]) -> str:
    """One slip for one event under one or several schemes, with the sum over all of them."""
    papers = list(reasonings)
    lines = [line for paper in papers for line in (*_scheme(paper), "")]
    if len(papers) > 1:
        total = sum(paper.total_fen for paper in papers)
        lines += ["=" * WIDTH, _row("各项互助金合计", f"{money.spoken(total)} 元"), "=" * WIDTH]
    return "\n".join(lines).rstrip() + "\n"


def entry_slip(found: Admission, lacks: Iterable[Finding] = ()) -> str:
    """The slip of an entry decision: every condition in order, what stands in the way, what the roster lacks."""
    return "\n".join(_admission(found, lacks)) + "\n"


def _admission(found: Admission, lacks: Iterable[Finding]) -> Iterator[str]:
    yield from _wrapped(f"参加审核单  {found.title}", "")
    yield f"版次 {found.slug} {found.edition}  指纹 {found.identity[:12]}  保障起日 {found.picked_on}"
    yield "-" * WIDTH
    yield from _asked(found.conditions)
    yield "-" * WIDTH
    yield _row("结论", "可以参加" if found.joins else "不能参加")
    if found.zero:
        yield from _wrapped(f"为什么不能：{found.zero.why}（{found.clause}）", "  ")
        yield from _wrapped(f"怎样会改变：{found.zero.change}", "  ")
    for lack in lacks:
        mark = "名册不能确认" if lack.level == "must" else "名册提醒"
        yield from _wrapped(f"{mark}：{lack.sentence}", "  ")
    yield from _notes("说明（不是办事处公布的数字）", found.cautions)


def _scheme(paper: Reasoning) -> Iterator[str]:
    yield from _wrapped(f"算账单  {paper.title}", "")
    yield f"版次 {paper.slug} {paper.edition}  指纹 {paper.identity[:12]}  参数按{paper.picked_by} {paper.picked_on} 取"
    if paper.variant:
        yield from _wrapped(f"{paper.variant_label}（{paper.variant}）：{paper.variant_text}", "")
    for benefit in paper.benefits:
        yield "-" * WIDTH
        yield from _benefit(benefit)
    yield "-" * WIDTH
    yield _row("本方案合计", f"{paper.total} 元")
    yield from _notes("注意（数字之间对不上，请核对结算单）", paper.warnings)
    yield from _notes("说明（不是办事处公布的数字）", paper.cautions)


def _benefit(benefit: BenefitWorking) -> Iterator[str]:
    yield from _wrapped(f"【{benefit.label}】", "")
    if benefit.caution:
        yield from _wrapped(f"（{benefit.caution_kind}：{benefit.caution}）", "  ")
    yield from _asked(benefit.conditions)
    for line in benefit.lines:
        yield _row(f"  {line.label}", line.value)
        yield from _wrapped(f"= {line.how}", "      ")
        yield from _used(line.parameters)
        for total in () if line.how.startswith("之前") else line.totals:
            yield from _wrapped(f"{total.label}：之前 {total.before}，本次后 {total.after}", "      ")
    if benefit.zero:
        yield from _wrapped(f"为什么是 0：{benefit.zero.why}", "  ")
        yield from _wrapped(f"怎样会改变：{benefit.zero.change}", "  ")
    yield _row(f"  {benefit.label} 小计", f"{benefit.paid} 元")


def _asked(conditions: Iterable[Asked]) -> Iterator[str]:
    for condition in conditions:
        mark = {True: "√", False: "×", None: "·"}[condition.holds]
        yield from _wrapped(f"{mark} {condition.label}", "  ", condition.states)
        yield from _used(condition.parameters)


def _used(parameters: tuple[Used, ...]) -> Iterator[str]:
    for used in parameters:
        mark = f"（{used.caution_kind}）" if used.caution_kind else ""
        yield from _wrapped(f"{used.label} {used.value}，{used.since} 起，{used.clause}{mark}", "      ")


def _row(label: str, figure: str) -> str:
    """Label left, figure right; a label too long for the line stands above its figure."""
    *above, last = _wrapped(label.lstrip(), label[: len(label) - len(label.lstrip())])
    if width(last) + width(figure) + 1 > WIDTH:
        above, last = [*above, last], ""
    return "\n".join([*above, last + " " * (WIDTH - width(last) - width(figure)) + figure])


def _notes(title: str, notes: tuple[str, ...]) -> Iterator[str]:
    if notes:
        yield title
    for note in notes:
        yield from _wrapped(f"· {note}", "  ")


def _wrapped(text: str, indent: str, more: str = "") -> Iterator[str]:
    """Text cut to the slip's width between words, its rest and `more` indented two columns deeper."""
    for piece, margin in ((text, indent), (more, f"{indent}    ")):
        line = margin
        for word in _WORDS.findall(piece):
            if width(line + word.rstrip()) > WIDTH and line.strip():
                yield line.rstrip()
                line = f"{margin}  "
            line += word
        if piece:
            yield line.rstrip()
