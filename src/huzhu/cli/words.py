"""The parser of the shell in Chinese: what was typed wrong, and how it is written."""

import argparse
import re
from typing import NoReturn

_HELP = {
    "usage: ": "用法：",
    "positional arguments:": "要写的：",
    "options:": "可加的：",
    "show this help message and exit": "印出这段说明",
}
_ERRORS = (
    (r"the following arguments are required: (.*)", r"还缺 \1 → 补上"),
    (r"argument (.*?): invalid choice: (.*) \(choose from (.*)\)", r"\1 不能写 \2 → 可写 \3"),
    (r"argument (.*?): expected (?:one|at least one) argument", r"\1 后面没有内容 → 补上"),
    (r"argument (.*?): invalid \w+ value: (.*)", r"\1 不能写 \2 → 写一个整数"),
    (r"unrecognized arguments: (.*)", r"不认识 \1 → 用 -h 看可写什么"),
    (r"ambiguous option: (.*) could match (.*)", r"\1 说不清是哪一个 → 写全：\2"),
    (r"argument (.*?): (.*)", r"\1 \2"),
)


class Parser(argparse.ArgumentParser):
    """Says the words of argparse in Chinese; the parsers below it are of this kind, too."""

    def format_usage(self) -> str:
        return in_chinese(super().format_usage())

    def format_help(self) -> str:
        return in_chinese(super().format_help())

    def error(self, message: str) -> NoReturn:
        told = next(
            (re.sub(says, ours, message) for says, ours in _ERRORS if re.fullmatch(says, message)), message
        )
        self.exit(2, f"{self.format_usage()}{told}\n")


def in_chinese(text: str) -> str:
    for theirs, ours in _HELP.items():
        text = text.replace(theirs, ours)
    return text
