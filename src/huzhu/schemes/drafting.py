"""A new scheme begins from the nearest that is there: its text under a new name, with a comment above each part."""

import re

from huzhu.rules.shape import TOP

# the families of benefits: what each is, and the scheme that shows it most plainly
FAMILIES: dict[str, tuple[str, str]] = {
    "F1": ("自付的固定比例", "hubei-2025"),
    "F2": ("按第几次递减的比例", "qingyang"),
    "F3": ("统筹支付额按医院级别的比例，有最低额", "jilin-99"),
    "F4": ("自付分段累进", "yunnan-8"),
    "F5": ("先扣起付，再按比例", "beijing-second"),
    "F6": ("按医疗费总额", "yunnan-22"),
    "F7": ("按天，有免付天数和天数上限", "beijing-daily"),
    "F8": ("一次性：病种、轻重、份数、观察期", "guangdong-women"),
    "F9": ("按医院等级定额", "gansu-2010"),
    "F10": ("年终对剩余负担二次给付", "yunnan-22"),
    "F11": ("意外按伤残等级；身故；两者不重复", "accident-2011"),
    "F12": ("以统筹支付额的一部分为上限", "yichun-120"),
    "F13": ("按身份上浮", "beijing-second"),
    "F14": ("每次最低额", "jilin-99"),
    "F15": ("次数和各种封顶", "hangzhou"),
}
_SLUG = re.compile(r"[a-z][a-z0-9-]{1,38}[a-z0-9]", re.ASCII)
_PART = re.compile(r"([a-z_]+):", re.ASCII)
_OF_ELSEWHERE = ("  gallery:", "  families:", "  place:")
_COMMENTED = frozenset(TOP) - {"format", "slug", "edition", "title", "closes_on", "default_variant"}


class NotAName(ValueError):
    """The new scheme's name or edition cannot be used."""


def nearest(like: str) -> str:
    """The slug that a family, or a slug itself, stands for."""
    family = FAMILIES.get(like.upper())
    return family[1] if family else like


def drafted(text: str, *, slug: str, edition: str, source: str) -> str:
    """The text of a scheme under a new name and edition, with a Chinese comment above each of its parts."""
    if not _SLUG.fullmatch(slug):
        raise NotAName(
            f"“{slug[:40]}”不能作方案名称：用 3 到 40 个小写字母、数字和连字符，字母开头，例如 suzhou-60"
        )
    if not re.fullmatch(r"[0-9A-Za-z-]{1,20}", edition):
        raise NotAName(f"“{edition[:20]}”不能作版次：用年份，例如 2024")
    lines = [
        f"# 由 {source} 起稿。从上往下逐段改成自己的条款：先写 clauses 的原文和出处，再改 parameters 的数字，最后改算法。",
        "# 没有公布的地方标 unpublished、demonstration 或 assumed。写法见 docs/manual/scheme-author.md。",
        f"# 改好例题（cases/ 下）和方案，运行 huzhu scheme check {slug}",
    ]
    for line in text.splitlines():
        found = _PART.match(line)
        if found and found[1] in _COMMENTED:
            lines.append(f"# {TOP[found[1]]}")
        if found and found[1] in {"slug", "edition"}:
            lines.append(f"slug: {slug}" if found[1] == "slug" else f'edition: "{edition}"')
        elif not line.startswith(_OF_ELSEWHERE):
            lines.append(line)
    return "\n".join(lines) + "\n"


def drafted_examples(text: str, *, source: str) -> str:
    """The examples of the scheme it began from, to be worked anew."""
    return f"# 由 {source} 的例题起稿：改成自己条款的数字，note 里写笔算。先改例题，再改方案。\n{text}"
