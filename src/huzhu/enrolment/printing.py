"""Certificates of many as one file: a zip of PDFs of 500, made by the worker."""

import io
import zipfile
from datetime import datetime
from typing import Any

from huzhu.enrolment import certifying, queries
from huzhu.enrolment.certificate import MOST, NotInForce, certificates
from huzhu.enrolment.models import Enrolment
from huzhu.enrolment.slices import Tell
from huzhu.files import services as files
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role


def certificates_of(*, by: Role, roster: Any, address: str, at: datetime, tell: Tell) -> dict[str, Any]:
    """The certificates in force of a roster (its id), or of everybody the asker sees today; `address` ends before a token.

    NotInForce where there is none, GlyphMissing where one cannot be drawn; the stored file's key in the result.
    """
    held = certifying.printable(queries.visible_to(by).in_force())
    day = at.astimezone(SHANGHAI).date()
    held = held.filter(roster=roster) if roster else held.covering(day)
    keys = list(held.order_by("certificate_no").values_list("pk", flat=True))
    if not keys:
        raise NotInForce("会费还没有到齐，保障没有生效，所以还没有保障书。到账登记后就可以打印。")
    out, printed = io.BytesIO(), list[Enrolment]()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:  # what is in a PDF is packed already
        for part, start in enumerate(range(0, len(keys), MOST), start=1):
            tell(start, len(keys), f"正在制作第 {part} 个文件")
            mine = queries.visible_to(by).filter(pk__in=keys[start : start + MOST])
            some = list(mine.order_by("certificate_no"))
            first, last = start + 1, min(start + MOST, len(keys))
            packed.writestr(
                f"保障书 {first}-{last}.pdf",
                certificates(some, address_of=lambda token: f"{address}{token}/"),
            )
            printed += some
    tell(len(keys), len(keys), "正在存放文件")
    stored = files.keep_made(
        name=f"保障书 {len(keys)} 份.zip", data=out.getvalue(), purpose="certificates", by=by, at=at
    )
    certifying.note_prints(enrolments=printed, by=by, at=at)
    return {"file": str(stored.pk), "words": f"{len(keys):,} 份保障书做好了。"}
