"""huzhu: the one door of the shell. 0 done, 1 what was asked is wrong or refused, 2 not understood, 3 restored but to be migrated."""

import sys

from huzhu.cli import adjudicate, backup, demo, explain, restore, scheme, setup_code, simulate, verify
from huzhu.cli.words import Parser


def main(words: list[str] | None = None) -> int:
    """Runs one command; returns its exit status."""
    parser = Parser(prog="huzhu", description="职工互助保障：方案、算账单、核对")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="命令")
    adjudicate.register(verbs)
    backup.register(verbs)
    demo.register(verbs)
    explain.register(verbs)
    restore.register(verbs)
    scheme.register(verbs)
    setup_code.register(verbs)
    simulate.register(verbs)
    verify.register(verbs)
    asked = parser.parse_args(words)
    try:
        return int(asked.run(asked))
    except BrokenPipeError:
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    sys.exit(main())
