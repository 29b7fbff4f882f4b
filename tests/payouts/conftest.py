"""The payment desk of every test here."""

import pytest

from factories.payouts import Desk


@pytest.fixture
def desk(db) -> Desk:
    return Desk()
