"""Writers on SQLite queue at a gate: nobody is told “locked” for being unlucky, and a dead holder holds nobody up."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, transaction

from factories.at_once import PATIENCE, at_once
from factories.organisations import a_city
from huzhu.db.sqlite.base import Gate
from huzhu.organisations.models import Organisation

HOLDER = """
import sys, time
from huzhu.db.sqlite.base import Gate
Gate(sys.argv[1], 1).enter()
print("in", flush=True)
time.sleep(60)
"""


def test_the_second_waits_for_the_first_and_gives_up_when_patience_runs_out(tmp_path):
    first, second = (Gate(str(tmp_path / "gate"), patience) for patience in (1, 0.05))
    first.enter()
    with pytest.raises(OperationalError, match="locked"):
        second.enter()
    first.leave()
    second.enter()
    second.leave()
    second.leave()  # twice is the same as once


def test_the_gate_opens_when_its_holder_is_killed(tmp_path):
    place = str(tmp_path / "gate")
    holder = subprocess.Popen(  # noqa: S603  the lines above
        [sys.executable, "-c", HOLDER, place], stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"in\n"
    with pytest.raises(OperationalError):
        Gate(place, 0.05).enter()
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(timeout=PATIENCE)
    holder.stdout.close()
    mine = Gate(place, 1)
    mine.enter()
    mine.leave()


def numbers_drawn(place) -> int:
    return int.from_bytes(place.read_bytes()[:8])


def test_they_are_let_in_in_the_order_in_which_they_came(tmp_path):
    place, order = tmp_path / "gate", []
    first = Gate(str(place), 5)
    first.enter()

    def come(number):
        gate = Gate(str(place), 0.05 if number == 1 else 5)
        try:
            gate.enter()
            order.append(number)
            gate.leave()
        except OperationalError:
            order.append(f"{number} gave up")

    with ThreadPoolExecutor(5) as pool:
        for number in range(5):
            pool.submit(come, number)
            while numbers_drawn(place) < number + 2:
                time.sleep(0.001)
        while not order:
            time.sleep(0.001)
        first.leave()
        first.enter()  # at once, and behind everybody who waits
        order.append("again")
        first.leave()
    assert order == ["1 gave up", 0, 2, 3, 4, "again"]


def test_one_who_dies_waiting_holds_nobody_up(tmp_path):
    place = tmp_path / "gate"
    first, mine = Gate(str(place), 1), Gate(str(place), 5)
    first.enter()
    waiting = subprocess.Popen([sys.executable, "-c", HOLDER.replace(", 1)", ", 60)"), str(place)])  # noqa: S603
    while numbers_drawn(place) < 2:
        time.sleep(0.01)
    os.kill(waiting.pid, signal.SIGKILL)
    waiting.wait()
    first.leave()
    mine.enter()
    mine.leave()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has many writers")
@pytest.mark.django_db(transaction=True)
class TestOnTheDatabase:
    def test_sixteen_writers_are_all_let_in(self):
        city = a_city()

        def write():
            for _ in range(5):
                with transaction.atomic():
                    held = Organisation.objects.get(pk=city.pk)
                    Organisation.objects.filter(pk=city.pk).update(staff_count=held.staff_count + 1)

        at_once(*[write] * 16)
        city.refresh_from_db()
        assert city.staff_count == 80

    def test_a_statement_outside_a_transaction_waits_its_turn_and_reading_does_not(self):
        city, seen = a_city(), []

        def write():
            Organisation.objects.filter(pk=city.pk).update(name="改了")
            seen.append("written")
            connection.close()

        with transaction.atomic():
            Organisation.objects.filter(pk=city.pk).update(staff_count=1)
            other = threading.Thread(target=write)
            other.start()
            reader = ThreadPoolExecutor(1)
            assert reader.submit(self.read, city.pk).result(timeout=5) == 0
            time.sleep(0.1)
            assert seen == []
        other.join(5)
        reader.shutdown()
        assert seen == ["written"]

    def read(self, pk):
        try:
            return Organisation.objects.get(pk=pk).staff_count
        finally:
            connection.close()

    def test_the_gate_is_open_again_after_a_failure(self):
        with pytest.raises(RuntimeError, match="fell"), transaction.atomic():
            raise RuntimeError("fell")
        mine = Gate(f"{connection.settings_dict['NAME']}.gate", 0.05)
        mine.enter()
        mine.leave()
