"""The certificate of cover (互助金保障书): one page a participation, with a code that anybody may check."""

import io
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import segno

from huzhu.core.identity import masked
from huzhu.core.money import spoken
from huzhu.enrolment import certifying
from huzhu.enrolment.models import Enrolment
from huzhu.enrolment.paper import pdf
from huzhu.organisations.queries import agency_of

MOST = 500  # pages in one file

SOURCE = """
#set page(margin: (x: 24mm, y: 26mm), footer: align(center, text(8pt, fill: luma(90))[
  扫右侧二维码，可在网上查验真伪和是否在保障期内。本页由系统生成。]))
#let line-of(label, value) = (text(fill: luma(80))[#label], text(12pt)[#value])
#for (place, one) in data.pages.enumerate() [
  #if place > 0 { pagebreak() }
  #align(center)[
    #text(11pt, fill: rgb("#0F5B78"))[#one.office]
    #v(4mm)
    #text(26pt, tracking: 4pt, fill: rgb("#0F5B78"))[互助金保障书]
    #v(2mm)
    #text(10pt, fill: luma(80))[编号 #one.number]
    #if one.again != "" [ #v(1mm) #text(10pt)[#one.again] ]
    #if one.old != "" [ #v(1mm) #text(9pt, fill: luma(80))[换发，原编号 #one.old 已作废] ]
  ]
  #v(8mm)
  #rect(width: 100%, stroke: 0.8pt + rgb("#0F5B78"), inset: 8mm, radius: 2mm)[
    #grid(columns: (1fr, 36mm), gutter: 6mm,
      grid(columns: (28mm, 1fr), row-gutter: 6mm,
        ..line-of("姓名", one.name), ..line-of("身份证号", one.id_number),
        ..line-of("参加单位", one.employer), ..line-of("保障方案", one.title),
        ..line-of("保障期", one.period), ..line-of("连续参加", one.since), ..line-of("会费", one.fee)),
      align(center)[
        #image(bytes(one.code), format: "svg", width: 34mm)
        #text(8pt, fill: luma(80))[扫码查验]
      ])
  ]
  #v(6mm)
  #text(10.5pt)[#set par(leading: 0.9em)
    一、保障期从起日零时起，到止日二十四时止。保障期内退休或调动的，保障到期满为止。\\
    二、住院看入院日期，疾病看首次确诊日期，意外看发生日期，在保障期内的可以申请互助金。\\
    三、申请时请带好医保结算单、诊断材料和本人银行账户，在手机上或到代办处办理；材料齐全后 3 个工作日内到账。]
  #v(14mm)
  #align(right)[#one.office]
]
"""


class NotInForce(ValueError):
    """The fee is not all in, so there is no certificate yet."""


class CertificateIsVoid(NotInForce):
    """The number was voided and no new one was issued."""


class TooManyPages(ValueError):
    """More certificates than one file takes."""


def certificates(enrolments: Iterable[Enrolment], *, address_of: Callable[[str], str]) -> bytes:
    """One PDF, a page for each participation; `address_of` makes the address that a token is checked at."""
    rows = list(enrolments)
    if not rows or any(row.state != Enrolment.State.IN_FORCE for row in rows):
        raise NotInForce("会费还没有到齐，保障没有生效，所以还没有保障书。到账登记后就可以打印。")
    if len(rows) > MOST:
        raise TooManyPages(f"一次最多打印 {MOST} 份，这里有 {len(rows)} 份：请分批打印。")
    if gone := certifying.numbers_void(rows):
        raise CertificateIsVoid(
            f"保障书 {'、'.join(sorted(gone)[:3])} 已经作废，不能再打印；保障不受影响，请代办处换发新的保障书。"
        )
    old = certifying.replaced(rows)
    offices = {row.employer_id: row.employer for row in rows}
    names = {key: agency_of(employer).name for key, employer in offices.items()}
    pages = [
        _page(row, names[row.employer_id], address_of) | {"old": old.get(row.certificate_no or "", "")}
        for row in rows
    ]
    return pdf(SOURCE, {"pages": pages})


def _page(row: Enrolment, office: str, address_of: Callable[[str], str]) -> dict[str, Any]:
    return {
        "office": office,
        "again": f"补打（第 {row.print_count + 1} 次打印）" if row.print_count else "",
        "number": row.certificate_no,
        "name": row.member.name,
        "id_number": masked(row.member.id_number),
        "employer": row.employer.name,
        "title": row.edition.title,
        "period": period(row),
        "since": f"从 {row.covered_since_on} 起",
        "fee": _fee(row),
        "code": _code(address_of(row.verify_token or "")),
    }


def _fee(row: Enrolment) -> str:
    """All of it, and for how many shares where they are several."""
    return f"{spoken(row.fee_fen)} 元" + (f"（{row.shares} 份）" if row.shares > 1 else "")


def period(row: Enrolment) -> str:
    """First and last day, both covered."""
    return f"{row.cover_starts_on} 至 {row.cover_ends_on - timedelta(days=1)}"


def _code(address: str) -> str:
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="svg", border=0, xmldecl=False)
    return out.getvalue().decode()
