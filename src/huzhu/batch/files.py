"""Tables on disk: parquet, csv in UTF-8 or GB18030, and xlsx come in; parquet, csv and xlsx go out, whole or not at all."""

import codecs
import csv
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import xlsxwriter  # type: ignore[import-untyped]
from python_calamine import CalamineError, CalamineWorkbook

READS = (".parquet", ".csv", ".xlsx")
ROW = "huzhu_row"  # no name a table of claims would have
MOST_SHEET_ROWS = 1_048_575
_BLOCK = 1 << 20


class CannotRead(ValueError):
    """The file cannot be read as a table; the message says why and what to do."""


class CannotWrite(ValueError):
    """The output cannot be written there; the message says why and what to do."""


def text(path: Path) -> str:
    """A path as an SQL literal."""
    return "'" + str(path).replace("'", "''") + "'"


def open_table(con: duckdb.DuckDBPyConnection, path: Path, scratch: Path, name: str) -> dict[str, str]:
    """Makes the file a relation of that name with its row numbers; returns its columns with their DuckDB types."""
    if not path.is_file():
        raise CannotRead(f"{path}: 没有这个文件 → 检查路径")
    if path.suffix.lower() not in READS:
        raise CannotRead(f"{path}: 只读 {'、'.join(READS)} → 另存为其中一种")
    try:
        if path.suffix.lower() == ".parquet":
            con.execute(
                f"CREATE VIEW {name} AS SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS {ROW}"
                f" FROM read_parquet({text(path)}, file_row_number = true)"
            )
        else:
            _load_text(con, path, scratch, name)
    except duckdb.OutOfMemoryException:
        raise  # not the file's fault
    except duckdb.Error as error:
        raise CannotRead(
            f"{path}: 读不下去（{first_line(error)}） → 检查文件是否完整、每行的列数是否一样"
        ) from None
    columns = {str(row[0]): str(row[1]) for row in con.execute(f"DESCRIBE {name}").fetchall()}
    del columns[ROW]
    return columns


def first_line(error: duckdb.Error) -> str:
    return str(error).split("\n", 1)[0][:200]


def _load_text(con: duckdb.DuckDBPyConnection, path: Path, scratch: Path, name: str) -> None:
    """All cells as text, in the file's order; row 1 is the heading, as a sheet counts."""
    plain = scratch / f"{name}.csv"
    if path.suffix.lower() == ".xlsx":
        _from_sheet(path, plain)
    else:
        _as_utf8(path, plain)
    con.execute(
        f"CREATE TABLE {name} AS SELECT *, row_number() OVER () + 1 AS {ROW} FROM read_csv({text(plain)}, header = true,"
        " all_varchar = true, delim = ',', quote = '\"', escape = '\"', strict_mode = true, null_padding = false,"
        " normalize_names = false)"
    )
    plain.unlink()


def _as_utf8(path: Path, plain: Path) -> None:
    """A copy in UTF-8 without a mark; what is not UTF-8 is read as GB18030, as office programs write it."""
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as source, plain.open("w", encoding="utf-8", newline="") as target:
                while block := source.read(_BLOCK):
                    target.write(decoder.decode(block))
                target.write(decoder.decode(b"", final=True))
        except UnicodeDecodeError:
            continue
        return
    raise CannotRead(f"{path}: 既不是 UTF-8 也不是 GB18030 编码 → 另存为“CSV UTF-8”")


def _from_sheet(path: Path, plain: Path) -> None:
    """The first sheet as csv; a number keeps the digits the sheet shows."""
    try:
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
    except (CalamineError, OSError, IndexError):
        raise CannotRead(f"{path}: 打不开 → 检查是不是 Excel 工作簿，有没有设密码") from None
    with plain.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        for row in sheet.iter_rows():
            writer.writerow([_cell(value) for value in row])


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


# --- out ---


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for what is needed on the way; gone afterwards, whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="huzhu-batch-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name beside the output to write to; it takes the output's name when all is done, or is removed."""
    if not path.parent.is_dir():
        raise CannotWrite(f"{path.parent}: 没有这个文件夹 → 先建好，或换一个路径")
    if path.is_dir():
        raise CannotWrite(f"{path}: 是文件夹 → 写一个文件名")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink()


def check_output(path: Path, *read: Path | None) -> None:
    """Refuses an output of a kind nobody writes, or one that would replace a table to be read; raises CannotWrite."""
    if path.exists() and any(source and source.exists() and path.samefile(source) for source in read):
        raise CannotWrite(f"{path}: 和要读的表是同一个文件，写出会盖掉它 → 换一个文件名")
    if path.suffix.lower() not in READS:
        raise CannotWrite(f"{path}: 只写 {'、'.join(READS)} → 换一个扩展名")


def write(con: duckdb.DuckDBPyConnection, body: str, path: Path, kind: str) -> None:
    """The rows of a statement into a file of that kind (an extension)."""
    if kind == ".xlsx":
        _to_sheet(con, body, path)
        return
    how = "FORMAT parquet" if kind == ".parquet" else "FORMAT csv, HEADER true"
    con.execute(f"COPY ({body}) TO {text(path)} ({how})")


def _to_sheet(con: duckdb.DuckDBPyConnection, body: str, path: Path) -> None:
    con.execute(body)
    book = xlsxwriter.Workbook(
        str(path), {"constant_memory": True, "strings_to_formulas": False, "in_memory": False}
    )
    try:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [column[0] for column in con.description or []])
        number = 0
        while rows := con.fetchmany(10_000):
            for row in rows:
                number += 1
                if number > MOST_SHEET_ROWS:
                    raise CannotWrite(
                        f"超过 {MOST_SHEET_ROWS:,} 行，一张工作表放不下 → 改写成 .parquet 或 .csv"
                    )
                for place, value in enumerate(row):
                    if isinstance(value, str):
                        sheet.write_string(number, place, value)
                    else:
                        sheet.write(number, place, value)
    finally:
        book.close()
