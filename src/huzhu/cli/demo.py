"""huzhu demo: the demonstration, loaded once into an empty database."""

import argparse
import sys
from datetime import UTC, datetime
from typing import Any

from huzhu.cli import site


def register(verbs: Any) -> None:
    """Adds the verb to the parser."""
    verb = verbs.add_parser("demo", help="演示数据：伊春的机构、生成的职工、刘女士的一件申请")
    verb.add_argument("act", choices=("load",), metavar="load", help="装入空的数据库；已装过的不再装")
    verb.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:  # noqa: ARG001  there is one act
    """Brings the tables up to date, then loads."""
    site.ready()
    from huzhu.cli.yichun.loading import DemoRefused, make_tables  # noqa: PLC0415  only this verb pays for Django

    try:
        make_tables()
        load_once(datetime.now(UTC))
    except DemoRefused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


def load_once(at: datetime) -> None:
    """Loads the demonstration where it is not there yet, and says the logins; for the door ./run as well."""
    from huzhu.cli.yichun import loading  # noqa: PLC0415  Django is ready only now

    loading.load_once(at, say=lambda text: print(text, flush=True))
