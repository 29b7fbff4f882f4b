"""Site and worker ask the same before they begin: with wrong keys, open books or the demo beside real people neither starts."""

import base64
import runpy
import secrets
import signal

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.utils import timezone

from factories.at_once import at_once
from factories.members import a_member
from factories.payouts import Desk, a_final_decision
from huzhu.config import start, worker
from huzhu.db import guards
from huzhu.db.models import KeyProof
from huzhu.db.services import prove_keys
from huzhu.members.models import Member
from huzhu.payouts.models import Payout

pytestmark = pytest.mark.django_db


def the_site():
    runpy.run_module("huzhu.config.wsgi")


def the_worker():
    worker.main([])


def a_helper():
    worker.main(["--parts"])


@pytest.fixture(params=[the_site, the_worker, a_helper])
def refused(request, monkeypatch):
    """Starts one of them and gives what it says as it refuses; a worker that begins does no work."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    for loop in ("run", "help_with_parts"):
        monkeypatch.setattr(worker, loop, lambda **_: pytest.fail("the worker began"))

    def attempt() -> str:
        with pytest.raises((ImproperlyConfigured, SystemExit)) as said:
            request.param()
        return str(said.value)

    return attempt


def a_key():
    return base64.b64encode(secrets.token_bytes(32)).decode()


def disarm(table):
    one = (
        f"{guards.NAME} ON {table}" if connection.vendor == "postgresql" else f"{table}_{guards.NAME}_update"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {one}")


def test_whatever_the_one_question_refuses_stops_each_of_them(refused, monkeypatch):
    def no():
        raise ImproperlyConfigured("今天不行")

    monkeypatch.setattr(start, "refuse_unsafe", no)
    assert refused() == "今天不行"


def test_none_starts_with_another_key(refused, settings):
    prove_keys(at=timezone.now())
    settings.HUZHU_KEYS = f"1:{a_key()}"
    assert "这个数据库是用另外的密钥写的" in refused()


def test_a_worker_whose_second_key_is_not_the_sites_writes_no_payout(refused, settings):
    one = settings.HUZHU_KEYS
    settings.HUZHU_KEYS = f"{one},2:{a_key()}"
    prove_keys(at=timezone.now())
    settings.HUZHU_KEYS = one
    a_final_decision(Desk())
    settings.HUZHU_KEYS = f"{one},2:{a_key()}"
    assert "第 2 版缺失或不对" in refused()
    assert not Payout.objects.exists()


def test_none_starts_while_books_can_be_rewritten(refused):
    disarm("ledger_ledgerentry")
    said = refused()
    assert "ledger_ledgerentry" in said
    assert "再执行 migrate" in said


def test_none_starts_as_a_demo_beside_real_people(refused, settings):
    settings.HUZHU_DEMO = True
    a_member()
    Member.objects.update(is_synthetic=False)
    assert "不能打开演示" in refused()


def test_who_is_refused_has_written_nothing(refused):
    disarm("audit_event")
    refused()
    assert not KeyProof.objects.exists()


def test_a_worker_without_a_database_says_so_and_ends(monkeypatch):
    def gone():
        raise DatabaseError("connection refused")

    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(start, "refuse_unsafe", gone)
    with pytest.raises(SystemExit, match="请检查数据库是否在运行"):
        the_worker()


@pytest.mark.django_db(transaction=True)
def test_site_and_workers_may_start_on_a_blank_database_at_once(settings):
    settings.HUZHU_KEYS = f"{settings.HUZHU_KEYS},2:{a_key()}"
    for _ in range(10):
        KeyProof.objects.all().delete()
        assert at_once(*[start.refuse_unsafe] * 4) == [None] * 4
        assert sorted(KeyProof.objects.values_list("version", flat=True)) == [1, 2]
