"""The engine named in the settings. SQLite lets one writer in at a time and makes the others guess when to come back:
after a quarter of a second it asks ten times a second only, so whoever writes slice after slice starves the rest. Here a
transaction first draws a number at a file beside the database, and is let in when all with smaller numbers have left.
"""

import fcntl
import os
import struct
import time
from functools import lru_cache
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base, features, schema

from huzhu.db.sqlite import together

ASKED_EVERY = 0.001  # seconds, for who is next; others ask as much less often as they stand behind
SELDOM = 0.01
NUMBERS = 16  # the file: the next number, the number that is in, and from here on a byte of each number, locked by its holder
READS = (
    "select",
    "pragma",
    "explain",
    "savepoint",
    "release",
    "rollback",
    "begin",
    "commit",
    "values",
    "with",
)


class Gate:
    """One writer at a time on this database file, across threads and processes, in the order in which they came.

    The locks are those of an open file (OFD): whoever dies, waiting or inside, holds nothing any more.
    """

    def __init__(self, path: str, patience: float) -> None:
        self.path, self.patience = path, patience
        self._file: int | None = None

    def enter(self) -> None:
        """Wait for one's turn; raises OperationalError, as SQLite does, when patience runs out."""
        if self._file is not None:
            return
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._wait(file, time.monotonic() + self.patience)
        except BaseException:
            os.close(file)
            raise
        self._file = file

    def _wait(self, file: int, end: float) -> None:
        while not _locked(file, 0, 1):  # for the moment of drawing a number
            _sleep(ASKED_EVERY, end)
        mine = _number(file, 0)
        os.pwrite(file, (mine + 1).to_bytes(8), 0)
        _locked(file, NUMBERS + mine, 1)
        _lock(file, fcntl.F_OFD_SETLK, fcntl.F_UNLCK, 0, 1)
        while mine and not _is_free(file, NUMBERS, mine):
            _sleep(min(ASKED_EVERY * max(mine - _number(file, 8), 1), SELDOM), end)
        os.pwrite(file, mine.to_bytes(8), 8)

    def leave(self) -> None:
        """Let the next one in; twice is the same as once."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _number(file: int, place: int) -> int:
    return int.from_bytes(os.pread(file, 8, place))


def _sleep(seconds: float, end: float) -> None:
    if time.monotonic() >= end:
        raise OperationalError("database is locked")
    time.sleep(seconds)


def _locked(file: int, start: int, length: int) -> bool:
    """Whether these bytes could be locked, without waiting."""
    try:
        _lock(file, fcntl.F_OFD_SETLK, fcntl.F_WRLCK, start, length)
    except BlockingIOError:
        return False
    return True


def _is_free(file: int, start: int, length: int) -> bool:
    """Whether nobody else has locked one of these bytes."""
    kind, *_ = struct.unpack(FLOCK, _lock(file, fcntl.F_OFD_GETLK, fcntl.F_WRLCK, start, length))
    return bool(kind == fcntl.F_UNLCK)


FLOCK = "hhqqi4x"  # struct flock of 64-bit Linux: kind, whence, start, length, pid


def _lock(file: int, command: int, kind: int, start: int, length: int) -> bytes:
    return fcntl.fcntl(file, command, struct.pack(FLOCK, kind, os.SEEK_SET, start, length, 0))


class NoGate(Gate):
    """A database in memory has one connection."""

    def enter(self) -> None:
        pass


class Cursor(base.SQLiteCursorWrapper):
    """A statement outside any transaction goes through the gate too, when it may write."""

    wrapper: "DatabaseWrapper"

    def execute(self, query: str, params: Any = None) -> Any:
        with self.wrapper.gated(query):
            return super().execute(query, params)

    def executemany(self, query: str, param_list: Any) -> Any:
        with self.wrapper.gated(query):
            return super().executemany(query, param_list)

    def convert_query(self, query: str, *, param_names: Any = None) -> Any:
        if param_names:
            return super().convert_query(query, param_names=param_names)
        return _with_question_marks(query)


@lru_cache(maxsize=512)
def _with_question_marks(query: str) -> str:
    """As Django does it, once for each of our statements."""
    return str(base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%"))


class Statement:
    """The gate around one statement, or nothing."""

    def __init__(self, gate: Gate | None) -> None:
        self.gate = gate

    def __enter__(self) -> None:
        if self.gate:
            self.gate.enter()

    def __exit__(self, *_: object) -> None:
        if self.gate:
            self.gate.leave()


class Features(features.DatabaseFeatures):
    """SQLite has taken this many parameters since 2020; Django still cuts at 999, and a thousand rows into a dozen inserts."""

    max_query_params = 32_766


class SchemaEditor(schema.DatabaseSchemaEditor):
    """Tables are rebuilt where no trigger of this connection names them."""

    def __enter__(self) -> "SchemaEditor":
        together.forget(self.connection)
        super().__enter__()
        return self


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own, with the gate before BEGIN and after COMMIT or ROLLBACK."""

    features_class = Features
    SchemaEditorClass = SchemaEditor

    @property
    def gate(self) -> Gate:
        name = str(self.settings_dict["NAME"])
        if name != self.__dict__.get("_gated_name"):
            in_memory = ":memory:" in name or "mode=memory" in name
            patience = self.settings_dict["OPTIONS"].get("timeout", 10)
            self._gate = NoGate("", 0) if in_memory else Gate(f"{name}.gate", patience)
            self._gated_name = name
        return self._gate

    def gated(self, query: str) -> Statement:
        writes = not self.in_atomic_block and not query.lstrip(" \n\t(").lower().startswith(READS)
        return Statement(self.gate if writes else None)

    def create_cursor(self, name: str | None = None) -> Any:  # noqa: ARG002  named cursors are PostgreSQL's
        cursor = self.connection.cursor(factory=Cursor)
        cursor.wrapper = self
        return cursor

    def _start_transaction_under_autocommit(self) -> None:
        self.gate.enter()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # its stub leaves it out
        except BaseException:
            self.gate.leave()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]  # its stub leaves it out
        self.gate.leave()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]  # its stub leaves it out
        finally:
            self.gate.leave()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]  # its stub leaves it out
        finally:
            self.gate.leave()
