"""Is the site well: one check each for database, migrations, guards, disk, queue, worker, chain, payments in doubt, backups.

`now` is real time, by which machines go; `at` is the business instant, by which people and the trail go.
"""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Min

from huzhu.audit.models import Event, Seal
from huzhu.db import guards, safety
from huzhu.db import queries as database
from huzhu.jobs import queries as jobs
from huzhu.payouts.models import Payout

GOOD, WARN, BAD = "good", "warn", "bad"
GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: its word for machines, its title, how it is, what was found, what to do."""

    name: str
    title: str
    state: str
    said: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on an age is a warning, and from when on it is bad."""

    warn: timedelta
    bad: timedelta

    def state(self, age: timedelta) -> str:
        return BAD if age >= self.bad else WARN if age >= self.warn else GOOD


QUEUE = Limits(timedelta(minutes=2), timedelta(minutes=10))
WORKER = Limits(timedelta(seconds=60), timedelta(seconds=120))
CHAIN = Limits(timedelta(minutes=5), timedelta(minutes=15))
BACKUP = Limits(timedelta(hours=26), timedelta(hours=50))
DRILL = Limits(timedelta(days=100), timedelta(days=200))
DOUBT = Limits(timedelta(days=1), timedelta(days=3))


def state_of(checks: Iterable[Check]) -> str:
    """The worst of them."""
    states = {check.state for check in checks}
    return BAD if BAD in states else WARN if WARN in states else GOOD


def looked_at(*, now: datetime, at: datetime) -> list[Check]:
    """Every check; where the database does not answer, that alone and the disk."""
    try:
        first = _database()
        return [first, *(check(now, at) for check in CHECKS), _disk()]
    except DatabaseError as problem:
        said = f"数据库没有回答：{type(problem).__name__}"
        remedy = "请看数据库是否在运行、磁盘是否满、DATABASE_URL 是否正确。"
        return [Check("database", "数据库", BAD, said, remedy), _disk()]


def answers() -> bool:
    """Whether the database answers at all."""
    try:
        _database()
    except DatabaseError:
        return False
    return True


def _database() -> Check:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    if unsafe := safety.objections():
        return Check("database", "数据库", BAD, "；".join(unsafe), "改好以后重新启动。")
    return Check(
        "database", "数据库", GOOD, "PostgreSQL" if connection.vendor == "postgresql" else "SQLite，WAL"
    )


def _migrations(_: datetime, __: datetime) -> Check:
    missing = database.pending_migrations()
    if not missing:
        return Check("migrations", "表结构", GOOD, "与程序一致")
    remedy = "停下服务，备份，执行 migrate，再启动（见正式部署的“升级”）。"
    return Check("migrations", "表结构", BAD, f"有 {len(missing)} 步没有升级：{missing[0]}", remedy)


def _guards(_: datetime, __: datetime) -> Check:
    if tables := guards.missing():
        remedy = "先查明是谁动了数据库，再执行 migrate 装回保护，然后运行 huzhu verify。"
        return Check("guards", "防改保护", BAD, f"不在或被动过：{'、'.join(tables)}", remedy)
    return Check("guards", "防改保护", GOOD, f"{len(guards.APPEND_ONLY)} 张表都在")


def _queue(now: datetime, at: datetime) -> Check:
    since = jobs.waits_since(now)
    if since is None:
        return Check("queue", "后台任务", GOOD, "没有等着的")
    age = at - since
    remedy = "后台进程（huzhu.config.worker）可能停了或太忙：看它的日志，需要时再开一个。"
    return _aged("queue", "后台任务", QUEUE, age, f"最早的一件等了 {spoken(age)}", remedy)


def _worker(now: datetime, _: datetime) -> Check:
    seen = jobs.worker_seen_at()
    remedy = (
        "启动后台进程：python -m huzhu.config.worker（./run 会自己带一个）。没有它，给付不排款，审计不封存。"
    )
    if seen is None:
        return Check("worker", "后台进程", BAD, "从来没有来过", remedy)
    return _aged("worker", "后台进程", WORKER, now - seen, f"{spoken(now - seen)}前还在", remedy)


def _chain(_: datetime, at: datetime) -> Check:
    last = Seal.objects.order_by("-upto").values_list("upto", flat=True).first() or 0
    first = Event.objects.filter(pk__gt=last).order_by("pk").values_list("at", flat=True).first()
    if first is None:
        return Check("chain", "审计封存", GOOD, "都已封存")
    age = max(at - first, timedelta())
    remedy = "封存由后台进程每分钟做：看它是否在运行、日志里有没有错。"
    return _aged("chain", "审计封存", CHAIN, age, f"最早没有封存的一条是 {spoken(age)}前的", remedy)


def _doubt(_: datetime, at: datetime) -> Check:
    title = "银行没有说清的款"
    sent = Payout.objects.filter(state__in=(Payout.State.SENT, Payout.State.IN_DOUBT))
    first = dict(sent.order_by().values_list("state").annotate(Min("batch__released_at")))
    doubts = sent.filter(state=Payout.State.IN_DOUBT).count()
    since = {
        f"存疑 {doubts} 笔，最早的放行后等了": first.get("in_doubt"),
        "没有回盘的最早一批放行后等了": first.get("sent"),
    }
    ages = {words: at - released_at for words, released_at in since.items() if released_at}
    if not ages:
        return Check("doubt", title, GOOD, "没有")
    said = "；".join(f"{words} {spoken(age)}" for words, age in ages.items())
    remedy = "请出纳向银行查清：有回盘的导入，存疑的凭银行的证明由两个人办；不要重新发送。"
    return _aged("doubt", title, DOUBT, max(ages.values()), said, remedy)


def _backup(now: datetime, _: datetime) -> Check:
    made = database.backed_up_at()
    remedy = "运行 huzhu backup，并放进每天的定时任务；备份再抄到另一台机器。"
    if made is None:
        if settings.HUZHU_DEMO:
            return Check("backup", "备份", GOOD, "演示数据，不用备份")
        return Check("backup", "备份", BAD, "还没有备份过", remedy)
    return _aged("backup", "备份", BACKUP, now - made, f"最近一次在 {spoken(now - made)}前", remedy)


def _drill(now: datetime, _: datetime) -> Check:
    done = database.drilled_at()
    remedy = "运行 huzhu restore latest --drill：没有恢复过的备份不算备份。"
    if done is None:
        state = GOOD if settings.HUZHU_DEMO else WARN
        said = "演示数据，不用演练" if state == GOOD else "还没有演练过"
        return Check("drill", "恢复演练", state, said, "" if state == GOOD else remedy)
    return _aged("drill", "恢复演练", DRILL, now - done, f"最近一次在 {spoken(now - done)}前", remedy)


CHECKS: tuple[Callable[[datetime, datetime], Check], ...] = (
    _migrations,
    _guards,
    _worker,
    _queue,
    _chain,
    _doubt,
    _backup,
    _drill,
)


def _disk() -> Check:
    """The disk of the uploads, and that of the database file where it is another one."""
    places = [Path(settings.VAR_DIR)]
    if connection.vendor == "sqlite":
        places.append(Path(str(connection.settings_dict["NAME"])).parent)
    free, total = min((usage.free, usage.total) for usage in map(_usage, places))
    share = free * 100 // max(total, 1)
    state = BAD if free < GIB or share < 3 else WARN if share < 10 else GOOD
    remedy = "" if state == GOOD else "请腾出空间或加磁盘；满了以后什么也存不进，已经存的不会坏。"
    return Check("disk", "磁盘", state, f"还有 {free // GIB} GB（{share}%）", remedy)


def _usage(place: Path) -> shutil._ntuple_diskusage:
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place)


def _aged(name: str, title: str, limits: Limits, age: timedelta, said: str, remedy: str) -> Check:
    state = limits.state(age)
    return Check(name, title, state, said, "" if state == GOOD else remedy)


def spoken(age: timedelta) -> str:
    """An age in its largest unit."""
    seconds = max(0, int(age.total_seconds()))
    for unit, size in (("天", 86400), ("小时", 3600), ("分钟", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} 秒"
