"""huzhu setup-code: the one-time code for the first start of a blank site."""

import argparse
import sys
from datetime import UTC, datetime
from typing import Any

from huzhu.cli import site


def register(verbs: Any) -> None:
    """Adds the verb to the parser."""
    verb = verbs.add_parser(
        "setup-code", help="印一个开业码，给空的数据库第一次开业用；24 小时内有效，只用一次"
    )
    verb.set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Prints the code alone on standard output; 1 where somebody is here already."""
    try:
        site.ready()
        code = site.new_setup_code(datetime.now(UTC))
    except site.SiteClosed as closed:
        print(closed, file=sys.stderr)
        return 1
    print(code)
    print("在浏览器打开 /start/ ，填这个开业码。24 小时内有效，只能用一次；先前印的作废。", file=sys.stderr)
    return 0
