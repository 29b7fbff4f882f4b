"""Tables of these tests alone, made beside the migrated ones; and keys that can be changed."""

import base64
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

FIRST, SECOND, OTHER = (f"{base64.b64encode(bytes([fill]) * 32).decode()}" for fill in b"123")


@pytest.fixture(scope="session")
def sealed_tables(django_db_setup, django_db_blocker):
    from sealed_tables import TABLES  # noqa: PLC0415  this file is read before Django is ready

    with django_db_blocker.unblock():
        with connection.schema_editor() as editor:
            for model in TABLES:
                editor.create_model(model)
        yield
        with connection.schema_editor() as editor:
            for model in reversed(TABLES):
                editor.delete_model(model)


@pytest.fixture
def as_an_app(settings):
    """What finds a model by its name, as unpickling and loading do, needs its app."""
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "sealed_tables"]


@pytest.fixture
def refused():
    """Like pytest.raises, for a write: the transaction around it goes on."""

    @contextmanager
    def attempt(error, match=None):
        with pytest.raises(error, match=match) as said, transaction.atomic():
            yield said

    return attempt


@pytest.fixture
def set_keys(settings):
    """Give the house these keys, by version."""

    def give(ring: dict[int, str]) -> None:
        settings.HUZHU_KEYS = ",".join(f"{version}:{key}" for version, key in ring.items())

    return give


@pytest.fixture
def first_key(set_keys):
    set_keys({1: FIRST})


@pytest.fixture
def rotated(set_keys):
    """Call it when the second key is to be added."""
    return lambda: set_keys({1: FIRST, 2: SECOND})


@pytest.fixture
def wrong_key(set_keys):
    """Call it when somebody puts another key in the place of the first."""
    return lambda: set_keys({1: OTHER})


@pytest.fixture
def only_second_key(set_keys):
    """Call it when somebody drops the first key."""
    return lambda: set_keys({2: SECOND})
