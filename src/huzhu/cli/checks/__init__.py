"""What `huzhu verify` holds against what: two statements each, of (key…, amount), that must agree key by key.

The statements are written out once more on purpose: they share nothing with the code whose sums they check,
and they run on SQLite and PostgreSQL alike.
"""

from huzhu.cli.checks.books import BOOKS, DISCLOSED, KEEPING
from huzhu.cli.checks.check import Check
from huzhu.cli.checks.fees import FEES
from huzhu.cli.checks.payments import DECISIONS, OWED, PAYMENTS, PEOPLE

__all__ = ["CHECKS", "FEES", "Check"]
CHECKS = (*BOOKS, *KEEPING, *DISCLOSED, *FEES, *DECISIONS, *PAYMENTS, *OWED, *PEOPLE)
