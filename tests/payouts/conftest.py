"""The payment desk of every test here."""

import pytest


@pytest.fixture
def desk(db):
    from factories.payouts import Desk  # noqa: PLC0415  this file is read before the tables are, when the folder is asked for

    return Desk()


@pytest.fixture(autouse=True)
def own_place(settings, tmp_path):
    """Bank files of a test lie beside no other test's, whose batches have the same numbers."""
    settings.VAR_DIR = tmp_path
