"""Who reads what was sent to whom."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.db import connection, transaction

from factories.organisations import a_city, an_association, an_employer
from factories.users import a_role
from huzhu.notices.models import Notice
from huzhu.notices.queries import outbox
from huzhu.notices.services import send
from huzhu.users.models import Role

pytestmark = pytest.mark.django_db
NOON = datetime(2022, 7, 13, 4, tzinfo=UTC)


def a_notice(about=None, text: str = "验证码 123456") -> Notice:
    before = list(Notice.objects.values_list("pk", flat=True))
    send(phone="13904581234", text=text, purpose="sign_in", about=about, at=NOON)
    return Notice.objects.exclude(pk__in=before).get()


def test_only_the_agency_and_the_administrator_read_the_outbox():
    city = a_city()
    a_notice(city.parent)
    a_notice(city)
    for code in Role.Code:
        seen = outbox(a_role(code, city)).exists()
        assert seen is (code in {"administrator", "agency_clerk"})
    assert list(outbox(None)) == list(outbox(SimpleNamespace(actor_id="member:1"))) == []


def about_employer(employer):
    """Anything that has an employer, as a member has."""
    employer.employer = employer
    return employer


def test_an_agency_reads_what_was_sent_to_its_own_people():
    city = a_city()
    mine = a_notice(about_employer(an_employer(under=city)))
    a_notice(about_employer(an_employer()))
    a_notice()
    assert list(outbox(a_role("agency_clerk", city))) == [mine]


def test_what_belongs_to_no_place_is_for_the_administrator():
    nowhere = a_notice()
    assert list(outbox(a_role("administrator", an_association()))) == [nowhere]
    assert list(outbox(a_role("agency_clerk"))) == []


def test_a_notice_says_what_it_is_about():
    city = a_city()
    notice = Notice.objects.get(pk=a_notice(city).pk)
    assert (notice.about_type, notice.about_id) == ("organisations.organisation", str(city.pk))
    assert (notice.phone, notice.text) == ("13904581234", "验证码 123456")
    assert Notice.objects.get(phone_index="13904581234") == notice


def test_phone_and_text_are_nowhere_in_the_raw_table():
    a_notice()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM notices_notice")
        raw = str(cursor.fetchall())
    assert "13904581234" not in raw
    assert "123456" not in raw


def test_what_was_rolled_back_was_never_sent():
    with transaction.atomic():
        a_notice()
        transaction.set_rollback(True)
    assert not Notice.objects.exists()
