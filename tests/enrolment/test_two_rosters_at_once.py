"""Two rosters take their numbers at one moment, with somebody who stands on both and cover from different days."""

import threading
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection

from factories.at_once import at_once
from factories.enrolment import START, UPLOADED_AT, a_staged_roster, some_workers
from factories.members import a_member
from factories.organisations import an_employer
from factories.users import a_role
from huzhu.contributions.services import accept_roster
from huzhu.enrolment import accepting, services
from huzhu.enrolment.models import Enrolment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_files")]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_the_second_sees_the_first(city, employer, inpatient, monkeypatch):
    [row] = some_workers(1)
    a_member(row[0], id_number=row[1], employer=employer)
    by, elsewhere = a_role("agency_clerk", city), an_employer(city, name="另一单位")
    rosters = [
        a_staged_roster(place, [inpatient], [row], by=by, starts_on=START + timedelta(days=days))
        for place, days in ((employer, 0), (elsewhere, 14))
    ]
    both, check = threading.Barrier(2, timeout=20), accepting._check_again

    def at_one_moment(roster):
        both.wait()
        check(roster)

    monkeypatch.setattr(accepting, "_check_again", at_one_moment)
    works = [partial(accept_roster, roster=one, good_only=True, by=by, at=UPLOADED_AT) for one in rosters]
    answers = at_once(*works)
    assert [type(one) for one in answers if not isinstance(one, list)] == [services.RowsChanged]
    assert Enrolment.objects.count() == 1
