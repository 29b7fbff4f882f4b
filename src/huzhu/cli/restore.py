"""huzhu restore: a backup laid down in an empty place and verified; --drill does so in a scratch place, and takes it away again."""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from huzhu.cli import backup, site, store

TO_BE_MIGRATED = 3


def register(verbs: Any) -> None:
    """Adds the verb to the parser."""
    verb = verbs.add_parser("restore", help="把一份备份恢复到空的地方，并核对；--drill 只是演练")
    verb.add_argument(
        "folder", metavar="备份", help="huzhu backup 做的文件夹；写 latest 用 var/backups 里最新的一份"
    )
    verb.add_argument("--drill", action="store_true", help="恢复到临时的地方，核对完就删掉，不动现在的数据")
    verb.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Restores or drills; 1 where the backup or the place is not fit, or where anything differs; 3 where migrate is still to be done."""
    try:
        site.ready()
        place = site.place()
        folder = _folder(asked.folder, place)
        manifest = backup.read(folder)
        _refuse_other_engine(manifest["engine"], place.engine)
        _refuse_later_version(manifest)
        return _drilled(place, folder, manifest) if asked.drill else _restored(place, folder, manifest)
    except (site.SiteClosed, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1


def _folder(text: str, place: site.Place) -> Path:
    if text != "latest":
        return Path(text).resolve()
    found = backup.backups(place.var / "backups")
    if not found:
        raise site.SiteClosed(
            f"{place.var / 'backups'} 里没有备份。请先运行 huzhu backup，或给出备份的文件夹。"
        )
    return found[0]


def _refuse_other_engine(made: str, here: str) -> None:
    if made != here:
        raise site.SiteClosed(
            f"这份备份是 {made} 的，而 DATABASE_URL 指向 {here}。请把 DATABASE_URL 设成同一种数据库。"
        )


def _refuse_later_version(manifest: dict[str, Any]) -> None:
    """What was migrated further than this version goes cannot be read by it."""
    if later := sorted(set(manifest.get("migrations", ())) - set(site.migrations_known())):
        raise site.SiteClosed(
            f"这份备份是更新的版本做的：这个版本没有 {later[0]} 等 {len(later)} 步升级。没有恢复，什么也没有改变。"
            "请先把程序换成做备份时的版本（或更新的），再恢复。"
        )


def _is_of_an_earlier_version(manifest: dict[str, Any]) -> bool:
    """Whether it must be migrated before this version can read it; backups that do not say so count as of this one."""
    return "migrations" in manifest and not set(site.migrations_known()) <= set(manifest["migrations"])


def _restored(place: site.Place, folder: Path, manifest: dict[str, Any]) -> int:
    files = place.var / "files"
    if not store.is_empty(place) or (files.is_dir() and any(files.iterdir())):
        raise site.SiteClosed(
            "这里已经有数据，没有恢复，什么也没有改变。恢复只往空的地方：请给一个新的 DATABASE_URL 和 HUZHU_VAR，"
            "或先停下服务和后台进程，再把现在的数据库（SQLite 连同同名的 -wal、-shm 文件）和 var/files 移到别处留着。"
        )
    store.lay_down(place, *backup.parts(folder, place.engine))
    if _is_of_an_earlier_version(manifest):
        print(
            "数据库和附件已恢复，还没有核对：备份是旧版本的。先执行 migrate，再 huzhu verify，全部相符才可以启动。\n"
            f"备份时的锚点，存成文件可以用 --anchors 一起核对：\n{manifest['anchor']}"
        )
        return TO_BE_MIGRATED
    print("数据库和附件已恢复，开始核对。")
    code = _verified(place, manifest)
    print("恢复完成，全部相符。可以启动了。" if code == 0 else "恢复了，但核对不符：不要启动，请换一份备份。")
    return code


def _drilled(place: site.Place, folder: Path, manifest: dict[str, Any]) -> int:
    started = datetime.now(UTC)
    with _scratch(place) as there:
        store.lay_down(there, *backup.parts(folder, there.engine))
        if _is_of_an_earlier_version(manifest):
            print("备份是旧版本的，先在临时的库里执行 migrate。")
            _migrate(there)
        code = _verified(there, manifest)
    seconds = (datetime.now(UTC) - started).total_seconds()
    if code:
        print("演练没有通过：这份备份恢复后核对不符，见上。现在的数据没有动。", file=sys.stderr)
        return code
    print(f"演练通过：{manifest['name']} 恢复并核对用了 {seconds:.0f} 秒，临时的库已删掉，现在的数据没有动。")
    site.note_drill(name=manifest["name"], at=datetime.now(UTC))
    return 0


@contextmanager
def _scratch(place: site.Place) -> Iterator[site.Place]:
    """A place of its own for a drill, gone afterwards whatever happened."""
    with tempfile.TemporaryDirectory(prefix="huzhu-drill-") as var:
        if place.engine == "sqlite":
            name = str(Path(var) / "drill.sqlite3")
            yield replace(place, database=place.database | {"NAME": name}, var=Path(var))
            return
        name = f"huzhu_drill_{secrets.token_hex(4)}"
        try:
            # as pg_restore wants it: nothing of this server's own in it, and nobody can be connected to template0
            store.run_postgres("psql", place, "-q", "-c", f"CREATE DATABASE {name} TEMPLATE template0")
        except site.SiteClosed as problem:
            raise site.SiteClosed(
                f"不能建演练用的临时库：{problem}。请给数据库用户 CREATEDB，或在另一台机器上演练。"
            ) from None
        try:
            yield replace(place, database=place.database | {"NAME": name}, var=Path(var))
        finally:
            _drop(place, name)


def _drop(place: site.Place, name: str) -> None:
    """Without force first: PostgreSQL then ends its autovacuum there itself and waits five seconds for all others.

    FORCE refuses its owner as soon as a process of somebody with more rights is there, and autovacuum is one. SiteClosed.
    """
    try:
        store.run_postgres("psql", place, "-q", "-c", f"DROP DATABASE {name}")
    except site.SiteClosed:
        try:
            store.run_postgres("psql", place, "-q", "-c", f"DROP DATABASE {name} WITH (FORCE)")
        except site.SiteClosed as problem:
            raise site.SiteClosed(
                f"演练用的临时库 {name} 没有删掉，里面是恢复出来的全部数据：{problem}。请断开连着它的程序，再由数据库管理员删除。"
            ) from None


def _migrate(place: site.Place) -> None:
    """SiteClosed where it does not come to its end; what went wrong stands above."""
    if _run_there(place, "django", "migrate", "--no-input", "--verbosity=0"):
        raise site.SiteClosed("演练没有通过：旧版本的备份没有能升级，见上。现在的数据没有动。")


def _verified(place: site.Place, manifest: dict[str, Any]) -> int:
    """`huzhu verify` of that place, with the anchor that the backup was made under."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as anchors:
        anchors.write(manifest["anchor"] + "\n")
        anchors.flush()
        return _run_there(place, "huzhu.cli.main", "verify", "--anchors", anchors.name)


def _run_there(place: site.Place, module: str, *words: str) -> int:
    """A command at that place, by a process of its own."""
    environment = os.environ | {"DATABASE_URL": _address(place), "HUZHU_VAR": str(place.var)}
    return subprocess.run([sys.executable, "-m", module, *words], env=environment, check=False).returncode  # noqa: S603  our own command


def _address(place: site.Place) -> str:
    """DATABASE_URL of a place; where PostgreSQL listens stands in the query, be it a host or a folder."""
    if place.engine == "sqlite":
        return f"sqlite:///{place.database['NAME']}"
    held = {name: quote(value, safe="") for name, value in place.database.items()}
    who = held["USER"] + (f":{held['PASSWORD']}" if held["PASSWORD"] else "")
    asked = {name.lower(): held[name] for name in ("HOST", "PORT", "SSLMODE", "SSLROOTCERT")}
    query = "&".join(f"{name}={value}" for name, value in asked.items() if value)
    return f"postgresql://{who}@/{held['NAME']}?{query}"
