"""What makes a SQLite set-up unsafe, asked of the open connection and of the disk, never of the settings."""

from pathlib import Path

from django.db import connection

MOUNTS = Path("/proc/self/mounts")
# file systems on which SQLite's locks and shared memory cannot be relied on
NETWORK = (
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "afs",
    "9p",
    "ceph",
    "glusterfs",
    "lustre",
    "beegfs",
    "ncpfs",
)
FUSE = "fuse."
LOCAL_FUSE = ("fuse.fuse-overlayfs",)
FULL = 2


class UnsafeSetup(RuntimeError):
    """Money would not be safe in this database as it is set up."""


def check() -> None:
    """Raise UnsafeSetup with every objection; PostgreSQL has none here."""
    if found := objections():
        raise UnsafeSetup("SQLite 的设置不安全，系统不启动：" + "；".join(found))


def objections() -> list[str]:
    """A sentence for each thing that is unsafe, with what to do."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or ":memory:" in name or "mode=memory" in name:
        return []
    found = [*_pragmas(), *_file_system(Path(name))]
    if getattr(connection, "transaction_mode", None) != "IMMEDIATE":
        found.append("事务不是从开始就取写锁（IMMEDIATE），两个人同时写会报错。请恢复程序自带的数据库设置")
    return found


def _pragmas() -> list[str]:
    with connection.cursor() as cursor:
        said = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    wanted = (
        (said["journal_mode"] == "wal", "日志不是 WAL，读和写会互相挡住。请恢复程序自带的数据库设置"),
        (
            said["synchronous"] >= FULL,
            "提交不等写到磁盘（synchronous 低于 FULL），断电会丢已经办好的事。请恢复程序自带的数据库设置",
        ),
        (said["foreign_keys"] == 1, "外键检查没有打开。请恢复程序自带的数据库设置"),
    )
    return [words for holds, words in wanted if not holds]


def _file_system(file: Path) -> list[str]:
    """The disk that holds the file must be of this machine."""
    kind = file_system_of(file.resolve(), MOUNTS.read_text() if MOUNTS.exists() else "")
    if kind in NETWORK or (kind.startswith(FUSE) and kind not in LOCAL_FUSE):
        said = f"数据库文件在网络盘或转接盘上（{kind}），锁不可靠，两台机器同时写会毁掉账目。"
        return [said + "请把它移到本机磁盘，或改用 PostgreSQL"]
    return []


def file_system_of(file: Path, mounts: str) -> str:
    """The type of the file system that holds the path, by the longest mount point above it; empty when unknown."""
    best, kind = "", ""
    for line in mounts.splitlines():
        parts = line.split(" ")
        point = parts[1].replace("\\040", " ") if len(parts) > 2 else ""
        is_above = point and (file.is_relative_to(point))
        if is_above and len(point) >= len(best):
            best, kind = point, parts[2]
    return kind
