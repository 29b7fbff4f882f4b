"""What only one engine has: plans made anew, and the number that tells whether others wrote."""

import pytest
from django.db import DataError, connection, transaction
from django.db.backends.signals import connection_created

from factories.organisations import an_employer
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


@pytest.mark.django_db
def test_a_number_too_large_for_its_column_is_never_cut_to_it():
    """2**32 + 5 in the four bytes of PostgreSQL's driver would be 5."""
    held, told = Organisation.objects.filter(pk=an_employer().pk), 2**32 + 5
    if connection.vendor == "postgresql":
        with pytest.raises(DataError), transaction.atomic():
            held.update(staff_count=told)
    else:
        held.update(staff_count=told)
    assert held.get().staff_count in {0, told}
