"""The payment desk of every test here."""

import pytest


@pytest.fixture
def desk(db):
    from factories.payouts import Desk  # noqa: PLC0415  this file is read before the tables are, when the folder is asked for

    return Desk()
