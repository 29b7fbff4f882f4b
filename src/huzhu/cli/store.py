"""How a database is copied while people work, and laid down again: VACUUM INTO, pg_dump and pg_restore; never a plain copy."""

import errno
import hashlib
import os
import shutil
import sqlite3
import subprocess
import tarfile
from contextlib import suppress
from pathlib import Path

from huzhu.cli.site import Place, SiteClosed

BLOCK = 1024 * 1024
PROGRAMS = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt/libpq")


def database_name(engine: str) -> str:
    """The name of the copied database inside a backup."""
    return "database.sqlite3" if engine == "sqlite" else "database.dump"


def copy_database(place: Place, to: Path) -> None:
    """One moment of the database as a file; nobody is kept waiting. SiteClosed."""
    if place.engine == "sqlite":
        _vacuum(Path(place.database["NAME"]), to)
    else:
        # behind a migration it gives up instead of standing in everybody's way
        words = ("--format=custom", "--no-owner", "--lock-wait-timeout=60s", f"--file={to}")
        run_postgres("pg_dump", place, *words)
    to.chmod(0o600)


def lay_down(place: Place, dump: Path, tar: Path) -> None:
    """A backup becomes the data of an empty place, or nothing of it stays there. SiteClosed.

    All of it lies beside its place and is whole before it gets its names, the database last. PostgreSQL's comes in one
    transaction.
    """
    made: list[Path] = []
    try:
        _lay_down(place, dump, tar, made)
    except (SiteClosed, OSError) as problem:
        _take_away(made)
        said = problem if isinstance(problem, SiteClosed) else _why_not_written(problem)
        raise SiteClosed(f"没有恢复成：{said}\n{_what_stays(place, made)}") from None
    except BaseException:
        _take_away(made)
        raise


def _lay_down(place: Place, dump: Path, tar: Path, made: list[Path]) -> None:
    files = (place.var / "files").resolve()
    unpacked = _beside(files, made)
    unpack(tar, unpacked)
    if place.engine == "sqlite":
        database = Path(place.database["NAME"]).resolve()
        copied = _beside(database, made)
        shutil.copyfile(dump, copied)  # the copy is closed and whole, unlike a database in use
        copied.chmod(0o600)
        _check_whole(copied)
        _sync(copied)
        _rename(unpacked, files, made)
        _rename(copied, database, made)
    else:
        _rename(unpacked, files, made)
        # who owned what and might do what on the server of then may not be known to this one
        words = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", str(dump))
        run_postgres("pg_restore", place, *words, into=True)


def _beside(place: Path, made: list[Path]) -> Path:
    """Where it lies until it is whole; what a killed run has left there goes."""
    beside = place.with_name(f".{place.name}.part")
    _take_away([beside])
    place.parent.mkdir(parents=True, exist_ok=True)
    made.append(beside)
    return beside


def _rename(beside: Path, place: Path, made: list[Path]) -> None:
    beside.rename(place)
    made.append(place)
    _sync(place.parent)


def _take_away(made: list[Path]) -> None:
    for path in made:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def _why_not_written(problem: OSError) -> str:
    if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "磁盘满了，放不下这份备份。请腾出空间，或换一个磁盘。"
    return f"读写文件时出错（{problem}）。请检查文件夹的权限和磁盘。"


def _what_stays(place: Place, made: list[Path]) -> str:
    """What a restore that failed could not take away again, and how to go on."""
    left = [str(path) for path in made if path.exists()]
    if place.engine == "postgresql":
        try:
            empty = is_empty(place)
        except SiteClosed:
            empty = False
        left += [] if empty else [f"数据库 {place.database['NAME']}（先 dropdb，再 createdb）"]
    if left:
        return f"可能还留着：{'、'.join(left)}。请先移走，再恢复一次。"
    return "这里什么也没有留下，改正以后可以再恢复一次。"


def is_empty(place: Place) -> bool:
    """Whether nothing would be overwritten there, nor added to what is laid down: a log that was left would be played into it."""
    if place.engine == "sqlite":
        return not any(Path(f"{place.database['NAME']}{end}").exists() for end in ("", "-wal", "-shm"))
    count = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    return run_postgres("psql", place, "-At", "-c", count).strip() == "0"


def pack(folder: Path, to: Path) -> int:
    """The sealed uploads as one tar; how many. What is being written beside them is left out."""
    count = 0
    with tarfile.open(to, "w") as tar:
        for file in sorted(folder.iterdir()) if folder.is_dir() else ():
            if file.is_file() and file.suffix != ".part":
                tar.add(file, arcname=file.name, recursive=False)
                count += 1
    to.chmod(0o600)
    return count


def unpack(tar: Path, folder: Path) -> None:
    """The uploads again, for the owner alone, on the disk; names that lead elsewhere are refused. SiteClosed, OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with tarfile.open(tar) as opened:
            opened.extractall(folder, filter="data")
    except tarfile.TarError as problem:
        raise SiteClosed(f"备份里的附件（{tar.name}）解不开：{problem}。请换一份备份。") from None
    settle(folder)


def digest(file: Path) -> str:
    """SHA-256 of a file of any size."""
    running = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(BLOCK):
            running.update(block)
    return running.hexdigest()


def settle(folder: Path) -> None:
    """Everything in the folder is on the disk before it gets its name."""
    for path in [*folder.iterdir(), folder]:
        _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def run_postgres(program: str, place: Place, *words: str, into: bool = False) -> str:
    """What a program of PostgreSQL says; the password goes by the environment, never by the command line."""
    held = place.database
    names = {"NAME": "DATABASE"}
    told = {f"PG{names.get(key, key)}": value for key, value in held.items() if value}
    target = [f"--dbname={held['NAME']}"] if into else []
    # what somebody likes on their screen would stand in the answer
    plain = ["--no-psqlrc"] if program == "psql" else []
    done = subprocess.run(  # noqa: S603  a program of PostgreSQL, by its whole path
        [_program(program), *plain, *target, *words],
        env={"PGCONNECT_TIMEOUT": "30"} | os.environ | told,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SiteClosed(f"{program} 没有成功：{done.stderr.strip()[-400:]}")
    return done.stdout


def _program(name: str) -> str:
    """On the path, else where packages put it, the newest first."""
    if found := shutil.which(name):
        return found
    places = [path for root in PROGRAMS for path in sorted(Path(root).glob(f"**/bin/{name}"), reverse=True)]
    if not places:
        raise SiteClosed(f"找不到 {name}。请在这台机器上安装与数据库同版本的 PostgreSQL 客户端。")
    return str(places[0])


def _vacuum(source: Path, to: Path) -> None:
    try:
        with sqlite3.connect(f"{source.resolve().as_uri()}?mode=rw", uri=True, timeout=30) as database:
            database.execute("VACUUM INTO ?", [str(to)])
        database.close()
    except sqlite3.Error as problem:
        raise SiteClosed(f"数据库没有备份成：{problem}。请检查数据库文件和磁盘空间。") from None
    _check_whole(to)


def _check_whole(file: Path) -> None:
    try:
        database = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
        said = database.execute("PRAGMA quick_check").fetchone()[0]
        database.close()
    except sqlite3.Error as problem:
        said = str(problem)
    if said != "ok":
        raise SiteClosed(f"数据库文件 {file.name} 是坏的：{said}。请换一份备份。")
