"""What bytes are, found from the bytes: the name of an upload says nothing. Nothing here is unpacked into memory."""

import io
import re
import zipfile
import zlib
from dataclasses import dataclass

MOST_UNPACKED = 200 * 1024 * 1024
MOST_PARTS = 2000
PIECE = 1024 * 1024
LOCAL_HEADER = 30

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP = re.compile(r"\s*<(?:!doctype|\?xml|html|head|body|table|script|svg|meta)\b|\s*<!--", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class NotAccepted(ValueError):
    """These bytes are nothing that is taken in; the message says why and what to do."""


@dataclass(frozen=True)
class Kind:
    """A kind of content: its MIME type, how a name ends, and what people call it."""

    mime: str
    endings: tuple[str, ...]
    label: str


PDF = Kind("application/pdf", ("pdf",), "PDF")
JPEG = Kind("image/jpeg", ("jpg", "jpeg"), "JPG 图片")
PNG = Kind("image/png", ("png",), "PNG 图片")
XLSX = Kind(
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ("xlsx",), "Excel 表格（xlsx）"
)
XLS = Kind("application/vnd.ms-excel", ("xls",), "Excel 表格（xls）")
CSV = Kind("text/csv", ("csv",), "CSV 表格")
TXT = Kind("text/plain", ("txt",), "文本")
ZIP = Kind("application/zip", ("zip",), "压缩包")  # made by us, never taken in
KINDS = (PDF, JPEG, PNG, XLSX, XLS, CSV, TXT)
TAKEN = "、".join(kind.label for kind in KINDS)


def kind_of(data: bytes) -> Kind:
    """The kind of these bytes; raises NotAccepted for anything else, locked, dangerous or broken."""
    if data.startswith(b"%PDF-"):
        return PDF
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
        return PNG
    if data.startswith(b"PK\x03\x04"):
        return _zipped(data)
    if data.startswith(OLE):
        return _compound(data)
    return _text(data)


def _zipped(data: bytes) -> Kind:
    try:
        parts = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError):
        raise NotAccepted("文件不完整，打不开，可能没有传完。请在电脑上打开核对，另存一份再上传。") from None
    names = {part.filename.lower() for part in parts}
    if "xl/workbook.xml" not in names or "[content_types].xml" not in names:
        raise NotAccepted(f"这是压缩包或其他格式的文件，不能收。可以收：{TAKEN}。请解压后逐个上传。")
    if any("vbaproject" in name for name in names):
        raise NotAccepted(
            "这个 Excel 文件带有宏，可能夹带程序，不能收。请另存为“Excel 工作簿（*.xlsx）”后再上传。"
        )
    _refuse_bomb(data, parts)
    return XLSX


def _refuse_bomb(data: bytes, parts: list[zipfile.ZipInfo]) -> None:
    """A sheet that unpacks to far more than a roster, or to more than it admits."""
    too_big = len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED
    if too_big or not all(_as_declared(data, part) for part in parts):
        raise NotAccepted(
            "这个 Excel 文件展开后大得不正常，或者内部记录的大小不对，为免拖垮系统不能收。"
            "请把名单复制到新的空白表格，保存后再上传。"
        )


def _as_declared(data: bytes, part: zipfile.ZipInfo) -> bool:
    """Whether the part unpacks to no more than its declared size; piece by piece, each piece thrown away."""
    if part.compress_type == zipfile.ZIP_STORED:
        return part.file_size == part.compress_size
    if part.compress_type != zipfile.ZIP_DEFLATED:
        return False
    header = data[part.header_offset : part.header_offset + LOCAL_HEADER]
    begin = (
        part.header_offset
        + LOCAL_HEADER
        + sum(int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
    )
    return _unpacked_size(data[begin : begin + part.compress_size], most=part.file_size) <= part.file_size


def _unpacked_size(packed: bytes, most: int) -> int:
    """How much this unpacks to; one more than `most` stands for anything above it or broken."""
    unpacker, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    try:
        while packed and size <= most and not unpacker.eof:
            size += len(unpacker.decompress(packed, PIECE))
            packed = unpacker.unconsumed_tail
    except zlib.error:
        return most + 1
    return min(size, most + 1)


def _compound(data: bytes) -> Kind:
    """Excel before 2007, or the locked box that newer Office files lie in when they have a password."""
    if _named(data, "EncryptedPackage"):
        raise NotAccepted(
            "文件有密码保护，系统读不了。请在 Excel 里打开，用“文件 → 信息 → 保护工作簿”去掉密码，保存后再上传。"
        )
    if _named(data, "_VBA_PROJECT"):
        raise NotAccepted(
            "这个 Excel 文件带有宏，可能夹带程序，不能收。请另存为“Excel 工作簿（*.xlsx）”后再上传。"
        )
    if not (_named(data, "Workbook") or _named(data, "Book")):
        raise NotAccepted(f"这不是 Excel 文件（可能是 Word 等其他文件），不能收。可以收：{TAKEN}。")
    return XLS


def _named(data: bytes, name: str) -> bool:
    """Whether the compound file's directory, where names are UTF-16 ended by zeros, has this name."""
    return name.encode("utf-16-le") + b"\0\0" in data


def _text(data: bytes) -> Kind:
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _MARKUP.match(text):
            raise NotAccepted(
                "这是网页格式的文件（有些系统导出的“Excel”其实是网页），不能收。"
                "请用 Excel 打开，另存为“Excel 工作簿（*.xlsx）”后再上传。"
            )
        if not _CONTROL.search(text):
            return CSV if _has_columns(text) else TXT
    raise NotAccepted(f"认不出这是什么文件，不能收。可以收：{TAKEN}。请换成其中一种再上传。")


def _encodings(data: bytes) -> tuple[str, ...]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    return ("utf-8-sig", "gb18030")


def _has_columns(text: str) -> bool:
    """Whether the first lines have the same number, above none, of commas or tabs."""
    lines = [line for line in text.splitlines()[:5] if line.strip()]
    return any(
        len({line.count(comma) for line in lines}) == 1 and comma in lines[0] for comma in ",\t" if lines
    )
