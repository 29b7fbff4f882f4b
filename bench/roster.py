"""A roster of a city: python bench/roster.py [rows …], for example 1000 20000 200000. Uses DATABASE_URL, or a SQLite file
of its own in a temporary folder; on PostgreSQL an empty database that may be written to.

For each size: rows a second to open and count (read), to check in memory, and to check and store in slices (stage);
to accept; seconds from the money to cover in force; the p99 of another process's small writes meanwhile; SQL
statements per 1,000 people and CPU milliseconds a person for stage and accept together. Beside it the figures of an
open-source peer (constants, measured there once), and our own verbs one person at a time, in the same run. No time
here is a test.
"""

import base64
import io
import os
import resource
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

PEER_STATEMENTS, PEER_CPU_MS = 64, 57  # a person, an open-source enrolment module, measured once elsewhere
NAIVE = 300  # people one by one

if __name__ == "__main__":
    FOLDER = tempfile.TemporaryDirectory(prefix="huzhu-bench-")
    os.environ["HUZHU_SECRET_KEY"] = secrets.token_urlsafe(48)
    os.environ["HUZHU_KEYS"] = "1:" + base64.b64encode(secrets.token_bytes(32)).decode()
    os.environ.setdefault("DATABASE_URL", f"sqlite:///{FOLDER.name}/bench.sqlite3")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huzhu.config.settings")

import django  # noqa: E402  the environment first

django.setup()

import xlsxwriter  # noqa: E402  Django first
from beside import somebody_writes, waits  # noqa: E402  Django first
from django.conf import settings  # noqa: E402  Django first
from django.core.management import call_command  # noqa: E402  Django first
from django.db import connection  # noqa: E402  Django first
from stdnum.iso7064 import mod_11_2  # noqa: E402  Django first

from huzhu.contributions import services as contributions  # noqa: E402  Django first
from huzhu.enrolment import beginning, services, sheet  # noqa: E402  Django first
from huzhu.enrolment.line import Line  # noqa: E402  Django first
from huzhu.enrolment.repeats import Repeats  # noqa: E402  Django first

START, AT = date(2022, 1, 28), datetime(2022, 1, 20, 2, tzinfo=UTC)
HEADER = ("姓名", "身份证号", "手机", "性别", "开户行", "银行账号")


def people(count: int, first: int = 0) -> Iterator[tuple[str, ...]]:
    """Rows of generated persons, whose numbers cannot be real."""
    for at in range(first, first + count):
        born = date(1972, 1, 1) + timedelta(days=at % 9_000)
        number = f"99{at // 1_000_000:04d}{born:%Y%m%d}{at // 9_000 % 500 * 2:03d}"
        number += str(mod_11_2.calc_check_digit(number))
        name = f"王{chr(0x4E00 + at % 20_000)}"
        yield (name, number, f"139{at % 10**8:08d}", "女", "工商银行", f"6222{at:015d}")


def a_workbook(rows: Iterator[tuple[str, ...]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        page = book.add_worksheet("名册")
        page.write_row(0, 0, HEADER)
        for at, row in enumerate(rows, start=1):
            for place, cell in enumerate(row):
                page.write_string(at, place, cell)
    return out.getvalue()


class Meter:
    """Seconds, CPU seconds of this process, and statements of what happens inside."""

    def __enter__(self) -> "Meter":
        self.statements = 0
        self._count = connection.execute_wrapper(self._counted)
        self._count.__enter__()
        self._began, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds, self.cpu = time.perf_counter() - self._began, time.process_time() - self._cpu
        self._count.__exit__(None, None, None)

    def _counted(self, execute: Callable[..., object], *words: object) -> object:
        self.statements += 1
        return execute(*words)


def told(done: int, total: int, words: str = "") -> None:
    """The worker's page, for whom nobody looks."""


def measured(
    count: int, employer: object, edition: object, by: object, agency: object
) -> tuple[float, float]:
    """Statements per 1,000 people and CPU ms a person, after printing the line of this size."""
    first = measured.given  # type: ignore[attr-defined]
    measured.given += count  # type: ignore[attr-defined]
    data = a_workbook(people(count, first))
    with Meter() as opening:
        book = sheet.opened(data, "名册.xlsx")
        reading = book.understood()
        assert reading
        book.count(reading, Repeats())
    with Meter() as checking:
        for number, cells in book.rows(reading):
            Line.of(number, cells, starts_on=START)
    del book
    terms = {"employer": employer, "editions": [edition], "cover_starts_on": START, "name": "名册.xlsx"}
    with somebody_writes() as staging_writes, Meter() as staging:
        roster = services.begin(**terms, data=data, by=by, at=AT)
        roster = services.read_in(roster=roster, by=by, at=AT, tell=told)
    with somebody_writes() as accepting_writes, Meter() as accepting:
        dues = contributions.accept_roster(roster=roster, good_only=False, by=by, at=AT, tell=told)
    parts = [contributions.Money(share, share.amount_fen) for due in dues for share in due.shares.all()]
    with somebody_writes() as paying_writes, Meter() as paying:
        contributions.record_transfer(
            parts=parts, received_on=AT.date(), bank_reference=f"BENCH-{count}", by=agency, at=AT
        )
        begun = beginning.begin_what_waits(at=AT)
    assert begun in {0, count}  # a small roster begins with the transfer itself
    statements = (staging.statements + accepting.statements) * 1000 / count
    cpu = (staging.cpu + accepting.cpu) * 1000 / count
    print(
        f"{count:>9,}{count / opening.seconds:>11,.0f}{count / checking.seconds:>11,.0f}"
        f"{count / staging.seconds:>11,.0f}{staging.seconds:>8.1f} s{count / accepting.seconds:>11,.0f}"
        f"{accepting.seconds:>8.1f} s{statements:>12.0f}{cpu:>10.2f}"
    )
    print(
        f"{'':>9}  others' writes: {waits(staging_writes)} while staging, {waits(accepting_writes)} while accepting"
    )
    print(f"{'':>9}  paid and in force in {paying.seconds:.1f} s, others' writes: {waits(paying_writes)}")
    return statements, cpu


def one_by_one(employer: object, edition: object, by: object) -> tuple[float, float]:
    """The same verbs for a roster of one person each: what a loop over persons costs."""
    first = measured.given  # type: ignore[attr-defined]
    with Meter() as meter:
        for row in people(NAIVE, first):
            roster = services.stage(
                employer=employer,  # type: ignore[arg-type]
                editions=[edition],  # type: ignore[list-item]
                cover_starts_on=START,
                name="一人.csv",
                data="\n".join(map(",".join, (HEADER, row))).encode(),
                by=by,  # type: ignore[arg-type]
                at=AT,
            )
            contributions.accept_roster(roster=roster, good_only=False, by=by, at=AT)  # type: ignore[arg-type]
    return meter.statements * 1000 / NAIVE, meter.cpu * 1000 / NAIVE


def main(sizes: list[int]) -> None:
    settings.VAR_DIR = Path(FOLDER.name)
    call_command("migrate", verbosity=0)
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from factories.organisations import a_city, an_employer  # noqa: PLC0415  after the database
    from factories.schemes import the_inpatient_scheme  # noqa: PLC0415
    from factories.users import a_role  # noqa: PLC0415

    employer, edition = an_employer(a_city()), the_inpatient_scheme()
    by, agency = a_role("employer_clerk", employer), a_role("agency_clerk", employer.parent)
    measured.given = 0  # type: ignore[attr-defined]
    print(
        f"{connection.vendor}, Python {sys.version.split()[0]}, {os.cpu_count()} cores; rows a second, seconds"
    )
    print(
        f"{'rows':>9}{'read':>11}{'check':>11}{'stage':>11}{'':>10}{'accept':>11}{'':>10}{'SQL/1,000':>12}{'CPU ms/p':>10}"
    )
    for count in sizes:
        statements, cpu = measured(count, employer, edition, by, agency)
    naive = one_by_one(employer, edition, by)
    print(f"\n{'':<34}{'SQL/1,000 people':>18}{'CPU ms/person':>16}")
    print(f"{'ours, the last size above':<34}{statements:>18,.0f}{cpu:>16.2f}")
    peer = (PEER_STATEMENTS * 1000, PEER_CPU_MS)
    for words, (much, long) in (
        ("our verbs one person at a time", naive),
        ("open-source peer (constants)", peer),
    ):
        print(
            f"{words:<34}{much:>18,.0f}{long:>16.2f}   {much / statements:,.0f}× statements, {long / cpu:,.0f}× CPU"
        )
    print(f"\nmost memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [1_000, 20_000])
