"""Which shelf of schemes the shell speaks of."""

import os
from pathlib import Path

from huzhu.schemes.library import SHELF, Library


def shelf() -> Library:
    """The shelf named by HUZHU_SCHEMES, as for the pages; else the product's own."""
    return Library(Path(os.environ.get("HUZHU_SCHEMES") or SHELF))
