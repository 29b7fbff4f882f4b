"""What only one engine has: plans made anew, and the number that tells whether others wrote."""

import sqlite3

import pytest
from django.db import connection
from django.db.backends.signals import connection_created

from huzhu.db import engines
from huzhu.db.sqlite.base import DatabaseWrapper
from huzhu.organisations.models import Organisation


@pytest.fixture
def _only_here():
    yield
    connection_created.disconnect(dispatch_uid=engines.__name__)
    connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_only_here")
def test_a_worker_keeps_no_plan_of_empty_tables():
    if connection.vendor == "postgresql":
        assert mode() == "auto"
    engines.plan_each_time()
    assert Organisation.objects.count() == 0
    if connection.vendor == "postgresql":
        assert mode() == "force_custom_plan"
        connection.close()
        assert mode() == "force_custom_plan"


def mode():
    with connection.cursor() as cursor:
        cursor.execute("SHOW plan_cache_mode")
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_a_connection_is_kept_while_its_file_stands_there(tmp_path):
    name = tmp_path / "site.sqlite3"
    kept = {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True, "AUTOCOMMIT": True, "TIME_ZONE": None}
    held = DatabaseWrapper({"NAME": str(name), "OPTIONS": {}, **kept}, alias="aside")

    def asked():
        with held.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM sqlite_master")
            found = cursor.fetchone()[0]
        held.close_if_unusable_or_obsolete()  # as at the end of a request
        return found, held.connection

    first = asked()
    assert asked() == first
    name.rename(tmp_path / "aside.sqlite3")  # and a backup is laid down in its place
    with sqlite3.connect(name) as other:
        other.execute("CREATE TABLE brought_back (id)")
    other.close()
    tables, again = asked()
    assert (tables, again is not first[1]) == (1, True)
    held.close()
