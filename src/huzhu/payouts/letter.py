"""The letter on a correction: what the bureau changed, each benefit before and after, and what becomes of the difference; A4 as PDF."""

from datetime import datetime
from typing import Any

from huzhu.audit import services as audit
from huzhu.claims.kinds import labels_of
from huzhu.core import money
from huzhu.core.identity import masked
from huzhu.enrolment.paper import pdf
from huzhu.members.models import Member
from huzhu.payouts.corrected import Corrected
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role

SOURCE = """
#let ink = rgb("#0F5B78")
#let soft = luma(90)
#set page(margin: (x: 22mm, y: 20mm), numbering: "1 / 1")
#set par(leading: 0.8em)
#align(center)[
  #text(11pt, fill: ink)[#data.office]
  #v(1mm)
  #text(20pt, tracking: 3pt, fill: ink)[互助金更正通知书]
  #v(1mm)
  #text(9.5pt, fill: soft)[申请编号 #data.number　更正日期 #data.day]
]
#v(4mm)
#data.name（身份证号 #data.id_number）：
#v(1mm)
#for line in data.opening [#line #parbreak()]
#v(2mm)
#table(
  columns: (1fr, 1fr, auto, auto, auto), inset: 2.5mm, stroke: 0.5pt + luma(190),
  align: (left, left, right, right, right),
  table.header[方案][项目][原核定（元）][现核定（元）][差额（元）],
  ..data.rows.flatten().map(cell => [#cell]),
  table.cell(colspan: 2)[#text(weight: "bold")[合计]],
  ..data.total.map(cell => text(weight: "bold")[#cell]),
)
#v(3mm)
#for line in data.closing [#line #parbreak()]
#v(8mm)
#align(right)[#data.office #linebreak() #data.day]
"""


def open_letter(*, corrected: Corrected, by: Role | Member, at: datetime) -> bytes:
    """The letter for who asks for it; who looked is written down, once per person, letter and hour."""
    data = pdf(SOURCE, contents(corrected))
    audit.record_read(by=by, verb="corrections.read_letter", on=corrected.decision.claim, at=at)
    return data


def contents(corrected: Corrected) -> dict[str, Any]:
    """What the letter says, before it is set."""
    decision, claim = corrected.decision, corrected.decision.claim
    settled_at = decision.second_at or decision.decided_at
    return {
        "office": claim.office.name,
        "number": claim.number,
        "day": settled_at.astimezone(SHANGHAI).date().isoformat(),
        "name": claim.member.name,
        "id_number": masked(claim.member.id_number),
        "opening": [
            f"您申请的{labels_of(claim)}互助金已重新核定。{corrected.why}",
            f"核定意见：{decision.reason}",
        ],
        "rows": [[one.scheme, one.label, *_figures(one.was_fen, one.now_fen)] for one in corrected.moved],
        "total": _figures(corrected.was_fen, decision.total_fen),
        "closing": [
            corrected.outcome,
            *_how_to_return(corrected),
            f"对结果有疑问，请与{claim.office.name}联系，我们会逐项说明；医保又有变动的，请带新的结算单来，可以再更正。",
        ],
    }


def _how_to_return(corrected: Corrected) -> list[str]:
    if not corrected.left_fen:
        return []
    return [
        "主动退回的，请向代办处要本会的账户，汇款时写明申请编号；有困难的，请向代办处说明，由两个人商定。"
    ]


def _figures(was_fen: int, now_fen: int) -> list[str]:
    """Before, after and the difference, with the minus that the font can draw."""
    return [money.spoken(one).replace("-", "－") for one in (was_fen, now_fen, now_fen - was_fen)]
