"""Do the lock files belong to the lists they were made from? Names only, offline; `./fix lock` renews."""

import re
import sys
from pathlib import Path

# a list and its lock; what the development lock shares with the product's must be the very same version
PAIRS = (("requirements.in", "requirements.txt"), ("requirements-dev.in", "requirements-dev.txt"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", re.MULTILINE)
WANT = re.compile(r"^([A-Za-z0-9._-]+)", re.MULTILINE)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, str]:
    return {normal(name): version for name, version in PIN.findall(text)}


def wants(text: str) -> set[str]:
    return {normal(name) for name in WANT.findall(re.sub(r"^[-#].*", "", text, flags=re.MULTILINE))}


def direct(text: str, listed_in: str) -> set[str]:
    """The pins which the lock says the list asked for by name."""
    blocks = re.split(r"^(?=\w)", text, flags=re.MULTILINE)
    asked = re.compile(rf"-r {re.escape(listed_in)}$", re.MULTILINE)
    return {name for block in blocks if asked.search(block) for name in pins(block)}


def complaints(root: Path) -> list[str]:
    found = []
    texts = {name: (root / name).read_text() for pair in PAIRS for name in pair}
    for listed, locked in PAIRS:
        wanted, asked = wants(texts[listed]), direct(texts[locked], listed)
        found += [f"{listed} 要求 {name}，{locked} 里没有" for name in sorted(wanted - asked)]
        found += [f"{locked} 里的 {name} 已不在 {listed} 中" for name in sorted(asked - wanted)]
        if re.search(r"https?://", texts[locked]):
            found.append(f"{locked} 里有下载地址，不应提交")
    product, development = (pins(texts[locked]) for _, locked in PAIRS)
    found += [
        f"{name}: requirements.txt 是 {version}，requirements-dev.txt 是 {development.get(name, '缺失')}"
        for name, version in sorted(product.items())
        if development.get(name) != version
    ]
    return found


if __name__ == "__main__":
    problems = complaints(Path(__file__).resolve().parents[1])
    if problems:
        sys.exit("\n".join([*problems, "请运行 ./fix lock 重新锁定。"]))
