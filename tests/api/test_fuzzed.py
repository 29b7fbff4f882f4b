"""Schemathesis asks the API what its own document allows, and what it does not: no server error, nothing undocumented."""

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from factories.adjudication import a_decided
from factories.claims import a_covered_member, yichun
from factories.contributions import all_paid, an_accepted_roster
from factories.enrolment import some_workers
from factories.schemes import the_inpatient_scheme
from factories.tokens import Program
from huzhu.claims import queries

pytestmark = pytest.mark.django_db
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
QUIET = [
    HealthCheck.function_scoped_fixture,
    HealthCheck.too_slow,
    HealthCheck.filter_too_much,
    HealthCheck.data_too_large,
]
schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())


@pytest.fixture
def programs():
    """An office with rows in every list, and two programs that together hold every scope."""
    place = yichun()
    clerk = place.agency()
    all_paid(
        an_accepted_roster(place.employer, [the_inpatient_scheme()], some_workers(2), by=clerk), by=clerk
    )
    a_decided(place, a_covered_member(place))
    return {"agency": Program("agency_clerk", place.city), "maker": Program("payment_maker", place.province)}


@pytest.fixture(autouse=True)
def _one_connection():
    """As Django's own test client has it: a request does not close the connection of the test."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


def asked(case, programs):
    """With a token most of the time; the books are the maker's."""
    for name in [name for name in case.headers or () if name.lower() == "host"]:
        del case.headers[name]  # another site's name is answered before the API is asked
    who = "maker" if "/ledger" in case.operation.path else "agency"
    case.call_and_validate(headers={"Authorization": f"Bearer {programs[who].text}"}, checks=CHECKS)


@schema.parametrize()
@settings(max_examples=10, suppress_health_check=QUIET)
def test_nothing_that_the_document_allows_or_forbids_is_a_server_error(case, programs):
    asked(case, programs)


@pytest.mark.long
@schema.parametrize()
@settings(max_examples=300, suppress_health_check=QUIET)
def test_neither_in_three_hundred_tries_each(case, programs):
    asked(case, programs)


def test_a_server_error_would_be_found(programs, monkeypatch):
    """The search is not blind: a fault behind one operation is seen."""
    monkeypatch.setattr(queries, "timed", lambda *_: 1 // 0)
    operation = schema["/api/v1/claims"]["GET"]
    with pytest.raises(FailureGroup):
        asked(operation.Case(), programs)
