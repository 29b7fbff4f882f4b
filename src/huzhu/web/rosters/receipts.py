"""The official receipt (收据) of one transfer as PDF; from the second print on it says 补打."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from huzhu.contributions import queries, receipts
from huzhu.core import money
from huzhu.enrolment.paper import GlyphMissing, pdf
from huzhu.web.access import staff, told
from huzhu.web.claims.shown import pdf_response
from huzhu.web.desks.spoken import in_words

SOURCE = """
#let ink = rgb("#0F5B78")
#let soft = luma(90)
#set page(margin: (x: 22mm, y: 22mm))
#align(center)[
  #text(11pt, fill: ink)[#data.office]
  #v(1mm)
  #text(22pt, tracking: 6pt, fill: ink)[#data.title]
]
#v(2mm)
#grid(columns: (1fr, auto),
  [编号 #text(weight: "bold")[#data.number]#if data.again [　#box(stroke: 0.8pt, inset: 1.2mm)[补打]]],
  [开具日期 #data.issued_on])
#v(3mm)
#rect(width: 100%, stroke: 0.8pt + ink, inset: 6mm)[
  #grid(columns: (24mm, 1fr), row-gutter: 5mm,
    text(fill: soft)[#data.opening], text(weight: "bold")[#data.payer],
    text(fill: soft)[到账日], [#data.received_on],
    text(fill: soft)[银行流水号], [#data.reference],
    text(fill: soft)[金额], text(14pt, weight: "bold")[¥ #data.amount],
    text(fill: soft)[大写], text(weight: "bold")[#data.words])
  #v(4mm)
  #table(columns: (1.2fr, 1.6fr, 1fr, auto), stroke: 0.5pt + luma(170), inset: 2.2mm, align: (left, left, left, right),
    ..("方案", "缴费方", "保障起日", "金额（元）").map(word => text(9pt, weight: "bold")[#word]),
    ..data.rows.flatten().map(cell => text(9.5pt)[#cell]))
  #text(9pt, fill: soft)[收款事由：职工互助保障会费]
]
#v(12mm)
#grid(columns: (1fr, 1fr), [收款人：#data.issued_by], align(right)[#data.office（盖章）])
#v(6mm)
#text(8.5pt, fill: soft)[收据按代办处和年度连续编号，不能涂改；有误的由代办处冲销后另开。第 #data.times 次打印。]
"""


@require_POST
@staff("employer_clerk", "county_clerk", "agency_clerk", "payment_maker")
def receipt(request: Any, pk: int) -> HttpResponse:
    """Print it, and note that it was printed."""
    paper = get_object_or_404(queries.official_visible_to(request.by), pk=pk)
    parts = queries.receipts_of(paper)
    try:
        data = pdf(SOURCE, contents(paper, parts, again=paper.printed_count > 0))
    except GlyphMissing as refused:
        told(request, refused)
        return redirect("web:receipts")
    receipts.printed(receipt=paper, within=paper.employer or paper.agency, by=request.by, at=request.now)
    return pdf_response(data, f"收据-{paper}.pdf")


def contents(paper: Any, parts: list[Any], *, again: bool) -> dict[str, Any]:
    """What the receipt says, before it is set."""
    names = {one.share.payer_name for one in parts}
    red, employer = paper.red_of, paper.employer.name
    rest = paper.amount_fen - sum(one.amount_fen for one in parts)
    rows = [
        [
            one.share.due.edition.short,
            one.share.payer_name,
            one.share.due.roster.cover_starts_on.isoformat(),
            money.spoken(one.amount_fen),
        ]
        for one in parts
    ]
    return {
        "title": "会费收据（红字）" if red else "会费收据",
        "opening": f"冲销 {red}" if red else "今收到",
        "office": paper.agency.name,
        "number": str(paper),
        "again": again,
        "times": str(paper.printed_count + 1),
        "issued_on": timezone.localdate(paper.issued_at).isoformat(),
        "issued_by": paper.issued_by,
        "payer": _payer(employer, names),
        "received_on": (parts[0].received_on if parts else timezone.localdate(paper.issued_at)).isoformat(),
        "reference": paper.bank_reference,
        "amount": money.spoken(paper.amount_fen),
        "words": ("负" if red else "") + in_words(abs(paper.amount_fen)),
        "rows": [*rows, ["多缴，待抵缴或退还", employer, "—", money.spoken(rest)]] if rest else rows,
    }


def _payer(employer: str, names: set[str]) -> str:
    """The one who paid, or the employer that handed in several payers' money."""
    only = names.pop() if len(names) == 1 else employer
    return f"{employer}职工" if only == "职工" else only
