"""What only one engine has: plans made anew, and the number that tells whether others wrote."""

import pytest
from django.db import connection
from django.db.backends.signals import connection_created

from huzhu.db import engines
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
