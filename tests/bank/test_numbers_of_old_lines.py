"""Lines of before they kept the bank's own number are told it, and are guarded again."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from factories.bank import a_statement, an_own_account, told
from factories.organisations import a_city, a_province
from factories.users import a_role
from huzhu.bank.models import StatementLine
from huzhu.db import guards

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


def test_old_lines_are_told_the_banks_number_and_no_other_line_changes():
    maker = a_role("payment_maker", a_province())
    account = an_own_account(a_city(maker.organisation), by=maker)
    statement = a_statement(account, told("2022-11-28", "A1", "1.00"), by=maker)
    keys = {"20221128:t1 00451": "T1", "20221128:T2:2": "T2", "20221128:T3": "T3"}
    for at, key in enumerate(keys, 2):
        StatementLine.objects.create(
            account=account,
            statement=statement,
            position=at,
            key=key,
            booked_on="2022-11-28",
            amount_fen=1,
            balance_fen=100 + at,
            reference=key[9:],
        )

    def execute(statement):
        with connection.cursor() as cursor:
            cursor.execute(statement)

    tell = import_module("huzhu.bank.migrations.0004_numbers_of_old_lines").tell
    tell(apps, SimpleNamespace(connection=connection, execute=execute))
    connection.check_constraints()  # or rows that are new in this transaction would wait for it
    guards.install()
    guards.check()
    found = dict(StatementLine.objects.values_list("key", "serial"))
    assert found == {**keys, "20221128:A1": "A1"}
    assert set(StatementLine.objects.values_list("reference", flat=True)) == {"A1", "t1 00451", "T2:2", "T3"}
