"""What the services do in a second: python bench/service.py [--claims 100000] [--writers 16] [--each 65] [--on sqlite|postgresql]
    [--only one|writers|automatic] [--helping 1] [--beside]

On both databases, each new and temporary (PostgreSQL with fsync on, unlike ./test): SQL statements a claim from entry to
decision; claims decided a CPU-second, one by one and in automatic mode, the database's own CPU included, beside the
figures of the best-known open-source peer; approvals by many writers at once (p50, p99) and paying what they approved;
SQL statements of a batch of 1,000; a run of automatic mode over all claims, by one worker and so many that help it (whose
statements are not counted), with --beside while another process writes. Nothing here is a timed unit test.
"""

import argparse
import contextlib
import os
import platform
import pwd
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import uuid4

from beside import somebody_writes, waits
from machine import fixed_work

# openIMIS, counted and timed on the same kind of machine (2 cores): issue 6, "Money that cannot go wrong"
PEER_STATEMENTS = {1: 137, 5: 288}  # SQL statements for a claim, by lines of the claim
PEER_CLAIMS_A_CPU_SECOND = 11.0  # claims of one line
AT = datetime(2022, 7, 13, 1, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
HISTORY = 1_000  # claims of a site before it is measured one by one
FIGURES = {"inscp_scp_amt": "12000.00", "act_pay_dedc": "0.00", "hifp_pay": "10000.00"}
PAGE = 2_000


# ── two databases ──


@contextlib.contextmanager
def sqlite() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory(prefix="huzhu-bench-") as folder:
        yield {"DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3"}


@contextlib.contextmanager
def postgresql() -> Iterator[dict[str, str]]:
    """A cluster of its own as ./test makes one, but with fsync: a commit is a commit."""
    found = [shutil.which("initdb"), *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")))]
    tools = Path(next(filter(None, found))).parent
    folder = Path(tempfile.mkdtemp(prefix="huzhu-bench-"))
    user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)

    def run(*words: str) -> None:
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([str(tools / words[0]), *words[1:]], check=True, cwd=folder, **quiet, **who)  # noqa: S603

    run("initdb", "-D", "data", "-U", "huzhu", "-A", "trust", "-E", "UTF8", "--no-locale")
    try:
        run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", f"-k '{folder}' -c listen_addresses=''", "start")
        pid = (folder / "data" / "postmaster.pid").read_text().splitlines()[0]
        yield {"DATABASE_URL": f"postgresql://huzhu@/postgres?host={folder}", "BENCH_POSTMASTER": pid}
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            run("pg_ctl", "-D", "data", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


# ── measuring ──


def cpu() -> float:
    """Seconds of this process, its ended children and living hands, and of the database server where there is one."""
    own = os.times()
    return own.user + own.system + own.children_user + own.children_system + _server_cpu() + _cpu_of_hands()


HANDS: list[subprocess.Popen[bytes]] = []


@contextlib.contextmanager
def hands(count: int) -> Iterator[None]:
    """So many workers that help with parts, ready to work."""
    HANDS[:] = [
        subprocess.Popen([sys.executable, "-m", "huzhu.config.worker", "--parts"]) for _ in range(count)
    ]
    time.sleep(10 * bool(count))
    try:
        yield
    finally:
        for one in HANDS:
            one.terminate()
            one.wait()
        HANDS.clear()


def _cpu_of_hands() -> float:
    stats = [Path(f"/proc/{one.pid}/stat").read_text().rpartition(")")[2].split() for one in HANDS]
    return sum(int(ticks) for stat in stats for ticks in stat[11:13]) / os.sysconf("SC_CLK_TCK")


def _server_cpu() -> float:
    """Of the PostgreSQL server: all its living processes, and those that have ended."""
    master = os.environ.get("BENCH_POSTMASTER")
    if not master:
        return 0.0
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, rest = stat.parent.name, stat.read_text().rpartition(")")[2].split()
            if pid == master:
                ticks += sum(int(one) for one in rest[11:15])  # with its ended children
            elif rest[1] == master:
                ticks += sum(int(one) for one in rest[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


class Counted:
    """SQL statements sent meanwhile, without BEGIN and COMMIT, which only SQLite's driver shows."""

    def __enter__(self) -> "Counted":
        from django.db import connection  # noqa: PLC0415

        self.count = 0
        self._hook = connection.execute_wrapper(self._one)
        self._hook.__enter__()
        return self

    def _one(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        self.count += not sql.startswith("BEGIN")
        return execute(sql, *rest)

    def __exit__(self, *error: object) -> None:
        self._hook.__exit__(*error)


class Timed:
    """Seconds by the clock and by the processor."""

    def __enter__(self) -> "Timed":
        self._clock, self._cpu = time.perf_counter(), cpu()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds, self.cpu = time.perf_counter() - self._clock, cpu() - self._cpu


def say(*words: object) -> None:
    print(*words, flush=True)


# ── an office ──


class Office:
    """A province with one agency and employer, the people of the acts, and members with cover and account."""

    def __init__(self, people: int) -> None:
        from huzhu.organisations import services as tree  # noqa: PLC0415
        from huzhu.schemes.queries import shelf  # noqa: PLC0415
        from huzhu.schemes.services import publish  # noqa: PLC0415

        def add(kind: str, parent: Any, **more: Any) -> Any:
            return tree.add(kind=kind, name=kind, code=kind, parent=parent, **more)

        self.province = add("province", add("association", None))
        self.city = add("city", self.province)
        self.employer = add("employer", add("group", self.city), sector="forestry", staff_count=people)
        self.edition = publish(edition=shelf().edition("yichun-120"), at=AT - 400 * 24 * HOUR)
        self.members: list[Any] = []
        for start in range(0, people, PAGE):
            self.members += self._members(start, min(people, start + PAGE))

    def role(self, code: str) -> Any:
        from huzhu.users.models import Role, User  # noqa: PLC0415

        place = self.city if code == "agency_clerk" else self.province
        name = f"{code}-{User.objects.count()}"
        user = User.objects.create(username=name, name=name, password="!")  # noqa: S106  cannot sign in
        return Role.objects.create(user=user, code=code, organisation=place)

    def _members(self, first: int, last: int) -> list[Any]:
        from huzhu.db.rows import insert  # noqa: PLC0415
        from huzhu.enrolment.models import Enrolment  # noqa: PLC0415
        from huzhu.members.models import BankAccount, Member  # noqa: PLC0415

        people = [
            Member(
                name=f"王{number}",
                id_number=f"99{number // 1000:04d}19820506{number % 1000:03d}X",
                phone=f"139{number:08d}",
                sex="male",
                born_on=date(1982, 5, 6),
                employer=self.employer,
                is_synthetic=True,
            )
            for number in range(first, last)
        ]
        Member.objects.bulk_create(people)
        insert(
            BankAccount,
            ("id", "member", "holder", "bank_name", "number", "added_at"),
            [
                (uuid4(), one.pk, one.name, "银行", f"6222{number:015d}", AT - HOUR)
                for number, one in enumerate(people, start=first)
            ],
        )
        cover = self.edition.pk, self.edition.slug, self.employer.pk, "in_force"
        days = date(2022, 1, 28), date(2023, 1, 28), date(2022, 1, 28)
        insert(
            Enrolment,
            (
                *("id", "member", "edition", "scheme_slug", "employer", "state"),
                *("cover_starts_on", "cover_ends_on", "covered_since_on", "certificate_no", "verify_token"),
            ),
            [
                (uuid4(), one.pk, *cover, *days, f"2022-{number:09d}", f"bench-{number:09d}")
                for number, one in enumerate(people, start=first)
            ],
        )
        return people


def settled_down() -> None:
    """What the database would do after so many new rows it does now, and not during the measurement."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def records_of(members: list[Any], dice: random.Random) -> list[Any]:
    """A stay each; one in fifty does not add up, one in a hundred pays nothing."""
    from huzhu.claims.bureau import Record  # noqa: PLC0415

    found = []
    for number, member in enumerate(members, start=1):
        spent = dice.randrange(4_000_00, 30_000_00)
        paid = spent if number % 100 == 0 else spent * 8 // 10
        figures = {"inscp_scp_amt": yuan(spent), "act_pay_dedc": "0.00", "hifp_pay": yuan(paid)}
        if number % 50 == 1:
            figures |= {"psn_part_amt": yuan(spent), "acct_pay": "1.00", "psn_cash_pay": "1.00"}
        day = date(2022, 2, 1) + timedelta(days=dice.randrange(120))
        found.append(
            Record(
                row=number + 1,
                setl_id=f"S{member.pk.hex.upper()}",
                certno=member.id_number,
                name=member.name,
                admitted_on=day,
                discharged_on=day + timedelta(days=9),
                settled_at=AT - 24 * HOUR,
                hospital="医院",
                figures=figures,
            )
        )
    return found


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


# ── one by one ──


def taken(member: Any, clerk: Any, number: int) -> Any:
    """Received at the counter by the verb of the page, each paper marked."""
    from huzhu.claims.checklist import wanted  # noqa: PLC0415
    from huzhu.claims.counter import receive  # noqa: PLC0415
    from huzhu.claims.settlement import Sheet  # noqa: PLC0415

    kinds = [paper.kind for paper in wanted(["inpatient"]) if paper.kind != "certificate"]
    return receive(
        member=member,
        kinds=["inpatient"],
        hospital_name="医院",
        admitted_on=date(2022, 6, 20),
        discharged_on=date(2022, 7, 10),
        sheet=Sheet(f"C{number}", FIGURES, AT - 24 * HOUR),
        marks=dict.fromkeys(kinds, ("received", "")),
        by=clerk,
        at=AT,
    )


def opined(claim: Any, by: Any) -> None:
    from huzhu.adjudication import services  # noqa: PLC0415

    services.give_opinion(claim=claim, text="材料齐全", supports=True, by=by, at=AT + HOUR)


def decided(claim: Any, by: Any) -> None:
    from huzhu.adjudication import services  # noqa: PLC0415

    services.decide(claim=claim, verdict="pay", reason="", by=by, at=AT + 2 * HOUR)


def _some_history(office: Office, clerk: Any, agency: Any, reviewer: Any) -> None:
    """A site has claims already, and its connections are opened anew every minute: statements that were planned for empty
    tables would be measured else."""
    from django.db import connection  # noqa: PLC0415

    for number in range(HISTORY):
        claim = taken(office.members.pop(), clerk, 900_000 + number)
        opined(claim, agency)
        decided(claim, reviewer)
    settled_down()
    connection.close()


def one_by_one(office: Office, count: int) -> None:
    clerk, agency, reviewer = (office.role(code) for code in ("agency_clerk", "agency_clerk", "reviewer"))
    members = [office.members.pop() for _ in range(count)]
    _some_history(office, clerk, agency, reviewer)
    statements = dict.fromkeys(("受理", "初审", "核定"), 0)
    with Timed() as every:
        claims = []
        for number, member in enumerate(members, start=1):
            with Counted() as sent:
                claims.append(taken(member, clerk, number))
            statements["受理"] += sent.count
        for claim in claims:
            with Counted() as sent:
                opined(claim, agency)
            statements["初审"] += sent.count
        with Timed() as deciding:
            for claim in claims:
                with Counted() as sent:
                    decided(claim, reviewer)
                statements["核定"] += sent.count
    each = {name: total / count for name, total in statements.items()}
    said = "、".join(f"{name} {number:.0f}" for name, number in each.items())
    say(
        f"逐件办理 {count} 件：每件 SQL {sum(each.values()):.0f} 条（{said}；目标 12，对照 {PEER_STATEMENTS}）"
    )
    _rate("逐件，从受理到核定", count, every, 20)
    _rate("逐件，只算核定", count, deciding, 20)


def _rate(what: str, count: int, timed: Timed, target: int) -> None:
    a_second = count / timed.cpu
    ratio = a_second / PEER_CLAIMS_A_CPU_SECOND
    say(
        f"{what}：{count / timed.seconds:,.0f} 件/秒，{a_second:,.0f} 件/CPU 秒（含数据库），"
        f"是对照 {PEER_CLAIMS_A_CPU_SECOND} 的 {ratio:.0f} 倍（目标 {target}）"
    )


# ── many writers ──


def _writer(place: int, keys: list[Any], role: Any, gate: Any, told: Any) -> None:
    from django.db import connection  # noqa: PLC0415

    from huzhu.claims.models import Claim  # noqa: PLC0415

    connection.connect()
    claims = list(Claim.objects.filter(pk__in=keys).select_related("office", "member"))
    gate.wait()
    times, faults = [], []
    for claim in claims:
        began = time.perf_counter()
        try:
            decided(claim, role)
        except Exception as error:
            faults.append(f"{type(error).__name__}: {error}")
        times.append((time.perf_counter() - began) * 1000)
    told.put((place, times, faults))
    connection.close()


def many_writers(office: Office, writers: int, each: int) -> None:
    """Every writer is a process and a reviewer of its own; then one batch pays everything."""
    from django.db import connection  # noqa: PLC0415

    clerk, agency = office.role("agency_clerk"), office.role("agency_clerk")
    roles = [office.role("reviewer") for _ in range(writers)]
    claims = []
    for number in range(writers * each):
        claims.append(taken(office.members.pop(), clerk, 100_000 + number))
        opined(claims[-1], agency)
    connection.close()
    fork = get_context("fork")
    gate, told = fork.Barrier(writers + 1), fork.Queue()
    parts = [[claim.pk for claim in claims[place::writers]] for place in range(writers)]
    running = [
        fork.Process(target=_writer, args=(place, parts[place], roles[place], gate, told))
        for place in range(writers)
    ]
    for one in running:
        one.start()
    gate.wait()
    began = time.perf_counter()
    answers = [told.get() for _ in running]
    seconds = time.perf_counter() - began
    for one in running:
        one.join()
    times = sorted(took for _, part, _ in answers for took in part)
    faults = [fault for _, _, part in answers for fault in part]
    cuts = quantiles(times, n=100)
    say(
        f"{writers} 人同时核定 {len(times)} 件：{len(times) / seconds:,.0f} 件/秒，"
        f"p50 {cuts[49]:.0f} ms，p99 {cuts[98]:.0f} ms，出错 {len(faults)} {faults[:2]}"
    )
    paid(office, len(times), seconds)


def paid(office: Office, count: int, approving: float) -> None:
    """Scheduled, batched, released, answered: the statements of the batch, and approve-and-pay a second."""
    from huzhu.payouts import demobank  # noqa: PLC0415
    from huzhu.payouts import services as payouts  # noqa: PLC0415
    from huzhu.payouts.models import Payout  # noqa: PLC0415

    maker, releaser = office.role("payment_maker"), office.role("payment_releaser")
    with Timed() as whole:
        payouts.schedule(at=AT + 3 * HOUR)
        waiting = list(Payout.objects.filter(state="scheduled"))[:1000]
        with Counted() as sent:
            batch = payouts.make_batch(payouts=waiting, by=maker, at=AT + 4 * HOUR)
            batch = payouts.release(batch=batch, by=releaser, at=AT + 5 * HOUR)
            reply = demobank.reply_for(batch, AT + 6 * HOUR)
            payouts.apply_reply(batch=batch, data=reply, by=maker, at=AT + 7 * HOUR)
    rate = count / (approving + whole.seconds)
    say(
        f"排款、制单、放行、回盘 {len(waiting)} 笔：{whole.seconds:.1f} 秒，制单到回盘 SQL {sent.count} 条"
        f"（目标 1,000 笔 60 条）；核定加发放合 {rate:,.0f} 件/秒"
    )


# ── automatic mode ──


def _worked(kind: str, run: Any, by: Any, at: datetime) -> None:
    """As a worker does it."""
    from django.utils import timezone  # noqa: PLC0415

    from huzhu.config.work import KINDS  # noqa: PLC0415
    from huzhu.jobs import services, working  # noqa: PLC0415

    clock = working.Clock(at=lambda: at, real=timezone.now)
    services.ask(kind=kind, about=run.pk, title="bench", by=by, at=at)
    job = working.do_next(KINDS, worker="bench", clock=clock)
    if job is None or job.state != "done":
        sys.exit(f"{kind}: {job and job.words}")


def automatic_mode(office: Office, count: int, helping: int, *, watched: bool) -> None:
    from huzhu.adjudication import automatic, bureau, workings  # noqa: PLC0415
    from huzhu.adjudication.models import AutomaticLine  # noqa: PLC0415
    from huzhu.db.engines import plan_each_time  # noqa: PLC0415
    from huzhu.members import consents  # noqa: PLC0415
    from huzhu.members.models import Consent  # noqa: PLC0415

    plan_each_time()  # as a worker does
    importer, reviewer, second = (
        office.role(code) for code in ("agency_clerk", "reviewer", "second_reviewer")
    )
    people = [office.members.pop() for _ in range(count)]
    said = {"edition": consents.EDITION, "channel": "phone", "given_by": "bench", "given_at": AT}
    Consent.objects.bulk_create((Consent(member=one, **said) for one in people), batch_size=1000)
    found = records_of(people, random.Random(2022))  # noqa: S311

    def quietly(done: int, total: int, words: str = "") -> None:
        pass

    with Timed() as entering, Counted() as entered:
        said = bureau.take_in(found=found, by=importer, at=AT, tell=quietly)
    say(
        f"导入医保结算数据 {said['taken']:,} 件：{entering.seconds:.1f} 秒，"
        f"{said['taken'] / entering.seconds:,.0f} 件/秒，每 1,000 件 SQL {entered.count * 1000 / count:.0f} 条"
    )
    settled_down()
    run = automatic.start(by=reviewer, at=AT + HOUR)
    with hands(helping), somebody_writes() if watched else contextlib.nullcontext([]) as waited:
        with Timed() as reviewing, Counted() as looked:
            _worked("automatic.review", run, reviewer, AT + HOUR)
        run.refresh_from_db()
        shown = (run.found_count, run.found_fen)
        automatic.settle(run=run, agree=True, reason="", shown=shown, by=second, at=AT + 2 * HOUR)
        with Timed() as deciding, Counted() as written:
            _worked("automatic.effect", run, second, AT + 2 * HOUR)
    done = AutomaticLine.objects.filter(run=run, outcome="decided").count()
    say(f"免申即享 {count:,} 件：自动核定 {done:,} 件，交人工 {count - done:,} 件")
    alone = "（只数了这一个进程的）" if helping else ""
    for what, timed, sent in (("核算", reviewing, looked), ("核定", deciding, written)):
        say(
            f"  {what} {timed.seconds:.1f} 秒，{count / timed.seconds:,.0f} 件/秒，"
            f"{timed.cpu * 1e6 / count:.0f} µs CPU/件，每 1,000 件 SQL {sent.count * 1000 / count:.0f} 条{alone}"
        )
    if watched:
        say(f"  同时另一个进程每 50 ms 写一次：{waits(waited)}")
    both = Timed()
    both.seconds, both.cpu = reviewing.seconds + deciding.seconds, reviewing.cpu + deciding.cpu
    _rate("  核算和核定合计", count, both, 100)
    each = (entered.count + looked.count + written.count) / count
    say(f"  从导入到核定，每件 SQL {each:.2f} 条（目标 12，对照 {PEER_STATEMENTS}）{alone}")
    with Timed() as writing:
        wrote = workings.write(most=2_000)
    say(f"  事后写下算账过程：{wrote / writing.cpu:,.0f} 件/CPU 秒")


PARTS = ("one", "writers", "automatic")


def measure(words: argparse.Namespace) -> None:
    import django  # noqa: PLC0415

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    from huzhu.config.memory import keep_what_is_loaded  # noqa: PLC0415
    from huzhu.schemes.queries import shelf  # noqa: PLC0415

    shelf()
    keep_what_is_loaded()
    office = Office(words.claims + words.writers * words.each + 2 * HISTORY + 400)
    settled_down()
    if words.only in {None, "one"}:
        one_by_one(office, 1_000)
    if words.only in {None, "writers"}:
        many_writers(office, words.writers, words.each)
    if words.only in {None, "automatic"}:
        automatic_mode(office, words.claims, words.helping, watched=words.beside)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--claims", type=int, default=100_000)
    asked.add_argument("--writers", type=int, default=16)
    asked.add_argument("--each", type=int, default=65)
    asked.add_argument("--on", choices=("sqlite", "postgresql"))
    asked.add_argument("--helping", type=int, default=1, help="workers that help with a run (default 1)")
    asked.add_argument("--only", choices=PARTS, help="one of the three parts alone")
    asked.add_argument(
        "--beside", action="store_true", help="somebody else writes during the run of automatic mode"
    )
    asked.add_argument(
        "--here", action="store_true", help="on the database of DATABASE_URL, which must be empty"
    )
    words = asked.parse_args()
    if words.here:
        measure(words)
        return 0
    say(f"{platform.machine()}，{os.cpu_count()} 核，Python {platform.python_version()}")
    for name, database in (("sqlite", sqlite), ("postgresql", postgresql)):
        if words.on in {None, name}:
            say(f"\n── {name}，负载 {os.getloadavg()[0]:.1f}，固定的一段计算 {fixed_work():.0f} ms ──")
            with database() as environment:
                again = [sys.executable, __file__, "--here", *sys.argv[1:]]
                subprocess.run(again, check=True, env=_environment() | environment)  # noqa: S603
    return 0


def _environment() -> dict[str, str]:
    """Secrets of its own, and a folder for what is stored on the disk."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUZHU_")}
    secrets = {"HUZHU_SECRET_KEY": os.urandom(32).hex(), "HUZHU_KEYS": f"1:{'A' * 42}8="}
    return kept | secrets | {"DJANGO_SETTINGS_MODULE": "huzhu.config.settings", "PYTHONUTF8": "1"}


if __name__ == "__main__":
    sys.exit(main())
