"""The payment notice: who pays how much, to which account, with which reference; a page to print, and A4 as PDF."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from huzhu.contributions import queries
from huzhu.core import money
from huzhu.enrolment import queries as enrolment
from huzhu.enrolment.paper import GlyphMissing, pdf
from huzhu.organisations.queries import agency_of
from huzhu.web.access import staff, told
from huzhu.web.claims.shown import pdf_response
from huzhu.web.desks.spoken import in_words
from huzhu.web.rosters.code import code
from huzhu.web.rosters.roster import READERS

SOURCE = """
#let ink = rgb("#0F5B78")
#let soft = luma(90)
#set page(margin: (x: 22mm, y: 20mm))
#set par(leading: 0.8em)
#align(center)[
  #text(11pt, fill: ink)[#data.office]
  #v(1mm)
  #text(22pt, tracking: 4pt, fill: ink)[缴费通知单]
  #v(1mm)
  #text(9.5pt, fill: soft)[编号 #data.number　#data.printed_on]
]
#v(5mm)
#text(weight: "bold")[#data.to：]
#v(1mm)
#data.opening
#v(3mm)
#table(columns: (1.3fr, auto, auto, 1.8fr, auto, auto), stroke: 0.5pt + luma(170), inset: 2.2mm,
  align: (left, right, right, left, right, right),
  ..("方案", "人数", "每人（元）", "由谁缴", "应缴（元）", "还差（元）").map(word => text(9pt, weight: "bold")[#word]),
  ..data.rows.flatten().map(cell => text(9.5pt)[#cell]))
#v(2mm)
#for one in data.payers [
  #block(below: 2.2mm)[#one.name 还应缴 #text(weight: "bold")[#one.amount 元]（#one.words）]
]
#line(length: 100%, stroke: 0.8pt + ink)
#text(13pt, weight: "bold")[合计还应缴 #data.total 元]
#linebreak()
大写：#text(weight: "bold")[#data.words]
#v(4mm)
#rect(width: 100%, stroke: 0.8pt + ink, inset: 5mm, radius: 2mm)[
  #grid(columns: (1fr, 30mm), gutter: 6mm,
    [
      #if data.account.len() > 0 [
        #grid(columns: (20mm, 1fr), row-gutter: 3.5mm, ..data.account.flatten().map(cell => [#cell]))
      ] else [#text(fill: rgb("#8a4b00"))[代办处还没有登记收款账户，请先电话询问，不要汇到别处看到的账号。]]
      #v(2mm)
      #text(9.5pt, fill: soft)[汇款附言请照写编号，代办处凭它认出这笔款。付好后把银行回单上传到系统，或交给代办处。]
    ],
    align(center)[#image(bytes(data.code), format: "svg", width: 28mm) #text(8pt, fill: soft)[扫码得编号]])
]
#v(10mm)
#align(right)[#data.office #linebreak() #data.printed_on]
"""


@dataclass(frozen=True, slots=True)
class PayerLine:
    """What one payer still owes for a roster, over all schemes."""

    number: int
    name: str
    left_fen: int


@dataclass(slots=True)
class Notice:
    """A notice for everybody, or for one payer."""

    roster: Any
    payer: PayerLine | None
    payers: list[PayerLine]
    dues: list[tuple[Any, list[Any]]]
    office: Any
    account: Any

    @property
    def number(self) -> str:
        """The reference that payers write on the transfer."""
        day = timezone.localtime(self.roster.settled_at)
        whole = f"{day:%Y%m%d}-{str(self.roster.pk)[:8].upper()}"
        return f"{whole}-{self.payer.number}" if self.payer else whole

    @property
    def to(self) -> str:
        return self.payer.name if self.payer else str(self.roster.employer.name)

    @property
    def left(self) -> int:
        return sum(one.left_fen for one in self.shown)

    @property
    def shown(self) -> list[PayerLine]:
        """Whom the notice is for, where they still owe."""
        chosen = [self.payer] if self.payer else self.payers
        return [one for one in chosen if one.left_fen]

    @property
    def purpose(self) -> str:
        return f"职工互助会费 {self.number}"

    @property
    def code(self) -> str:
        return code(self.number)


def notice_of(roster: Any, payer: str = "") -> Notice:
    """The notice of a roster, for the payer of this number or for all."""
    found = queries.dues_of(roster)
    left: dict[tuple[str, str], int] = {}
    for due in found:
        for share in due.shares.all():
            key = (share.payer, share.payer_name)
            left[key] = left.get(key, 0) + share.left_fen
    payers = [PayerLine(at, name, fen) for at, ((_, name), fen) in enumerate(left.items(), 1)]
    chosen = next((one for one in payers if str(one.number) == payer), None)
    dues = [
        (due, [share for share in due.shares.all() if chosen is None or share.payer_name == chosen.name])
        for due in found
    ]
    office = agency_of(roster.employer)
    return Notice(roster, chosen, payers, dues, office, queries.account_of(office))


@require_safe
@staff(*READERS)
def notice(request: Any, pk: Any) -> HttpResponse:
    """A payment notice on one page: who pays what, in figures and in words."""
    found = notice_of(_accepted(request, pk), request.GET.get("payer", ""))
    return render(request, "web/rosters/notice.html", {"roster": found.roster, "notice": found})


@require_safe
@staff(*READERS)
def notice_pdf(request: Any, pk: Any) -> HttpResponse:
    """The same as A4."""
    found = notice_of(_accepted(request, pk), request.GET.get("payer", ""))
    try:
        data = pdf(SOURCE, contents(found, request.today.isoformat()))
    except GlyphMissing as refused:
        told(request, refused)
        return redirect("web:roster-notice", found.roster.pk)
    return pdf_response(data, f"缴费通知单-{found.number}.pdf")


def contents(found: Notice, printed_on: str) -> dict[str, Any]:
    """What the paper says, before it is set."""
    roster, account = found.roster, found.account
    lines = (
        [
            ("户名", account.holder),
            ("开户行", account.bank_name),
            ("账号", grouped(account.number)),
            ("附言", found.purpose),
        ]
        if account
        else []
    )
    return {
        "office": found.office.name,
        "number": found.number,
        "printed_on": printed_on,
        "to": found.to,
        "opening": f"{roster.employer.name}于 {timezone.localtime(roster.settled_at):%Y-%m-%d} 确认参加职工互助保障，"
        f"保障期 {roster.cover_starts_on} 起一年。请按下表缴纳会费，会费到齐后保障生效。",
        "rows": [
            [
                due.edition.short,
                due.counted.removesuffix(" 人"),
                money.spoken(due.fee_fen),
                share.payer_name
                + (
                    f"（另补给职工现金 {money.spoken(share.cash_back_fen)} 元）"
                    if share.cash_back_fen
                    else ""
                ),
                money.spoken(share.amount_fen),
                money.spoken(share.left_fen),
            ]
            for due, shares in found.dues
            for share in shares
        ],
        "payers": [
            {"name": one.name, "amount": money.spoken(one.left_fen), "words": in_words(one.left_fen)}
            for one in found.shown
        ],
        "total": money.spoken(found.left),
        "words": in_words(found.left),
        "account": lines,
        "code": found.code,
    }


def grouped(number: str) -> str:
    """An account number in fours, as people copy it."""
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def _accepted(request: Any, pk: Any) -> Any:
    return get_object_or_404(enrolment.rosters_visible_to(request.by), pk=pk, state="accepted")
