"""The decision letter: what was decided, the slip line by line, the reading and the cautions, in plain words; A4 as PDF."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from huzhu.adjudication.models import Decision
from huzhu.adjudication.queries import slips
from huzhu.audit import services as audit
from huzhu.claims.facts import settlement_of
from huzhu.claims.kinds import days_of, labels_of
from huzhu.claims.severity import raises_of
from huzhu.core import money
from huzhu.core.identity import masked
from huzhu.enrolment.paper import pdf
from huzhu.members.models import Member
from huzhu.rules.reasoning import BenefitWorking, Reasoning
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
  #text(20pt, tracking: 3pt, fill: ink)[#data.title]
  #v(1mm)
  #text(9.5pt, fill: soft)[申请编号 #data.number　核定日期 #data.decided_on]
]
#v(4mm)
#data.name（身份证号 #data.id_number）：
#v(1mm)
#for line in data.opening [#line #parbreak()]
#if data.reason != "" [#text(weight: "bold")[理由：]#data.reason]
#v(3mm)
#for slip in data.slips [
  #block(width: 100%, stroke: (top: 1.2pt + ink, rest: 0.5pt + luma(190)), inset: 4mm, radius: 1mm)[
    #text(12pt, weight: "bold")[算账单　#slip.title]
    #linebreak()
    #text(8.5pt, fill: soft)[#slip.source]
    #if slip.reading != "" [#linebreak() #text(9pt)[#slip.reading]]
    #for benefit in slip.benefits [
      #line(length: 100%, stroke: (paint: luma(170), dash: "dashed"))
      #grid(columns: (1fr, auto), text(weight: "bold")[#benefit.label], text(weight: "bold")[#benefit.paid])
      #for note in benefit.notes [#text(9pt, fill: soft)[#note] #linebreak()]
      #for row in benefit.lines [
        #grid(columns: (1fr, auto), gutter: 4mm,
          [#row.label #linebreak() #text(8.5pt, fill: soft)[＝ #row.how]], align(bottom)[#row.value])
      ]
    ]
    #line(length: 100%, stroke: 0.8pt)
    #grid(columns: (1fr, auto), text(weight: "bold")[本方案合计], text(weight: "bold")[#slip.total 元])
  ]
  #v(2mm)
]
#grid(columns: (1fr, auto), text(13pt, weight: "bold")[#data.sum_label], text(13pt, weight: "bold")[#data.total 元])
#v(2mm)
#if data.notes.len() > 0 [
  #text(9pt, weight: "bold")[说明]
  #for note in data.notes [#linebreak() #text(8.5pt, fill: soft)[· #note]]
]
#v(4mm)
#for line in data.closing [#line #parbreak()]
#v(8mm)
#align(right)[#data.office #linebreak() #data.decided_on]
"""


def open_letter(*, decision: Decision, told: Sequence[str], by: Role | Member, at: datetime) -> bytes:
    """The letter for who asks for it; `told` is what has become of its money, by who pays it. Who looked is written down."""
    data = letter(decision, told)
    audit.record_read(by=by, verb="adjudication.read_letter", on=decision.claim, at=at)
    return data


def letter(decision: Decision, told: Sequence[str] = ()) -> bytes:
    """The letter of one final decision; raises GlyphMissing where a character cannot be drawn."""
    return pdf(SOURCE, contents(decision, told))


def contents(decision: Decision, told: Sequence[str] = ()) -> dict[str, Any]:
    """What the letter says, before it is set: the test reads this as a member would."""
    claim, sheet = decision.claim, settlement_of(decision.claim)
    # of a stay that the bureau took back the working would ask for its dates; the letter on the correction says why
    is_void = bool(sheet and sheet.reversed_at and not decision.total_fen)
    papers = [] if is_void else slips(decision)
    pays = decision.verdict == Decision.Verdict.PAY
    shown = [_slip(slip, pays=pays) for slip in papers]
    return {
        "office": claim.office.name,
        "title": "互助金核定通知书" if pays else "不予给付通知书",
        "number": claim.number,
        "decided_on": decision.decided_at.astimezone(SHANGHAI).date().isoformat(),
        "name": claim.member.name,
        "id_number": masked(claim.member.id_number),
        "opening": _opening(decision, pays=pays),
        "reason": "" if pays else decision.reason,
        "slips": shown,
        "sum_label": "各项互助金合计" if pays else "核定互助金",
        "total": money.spoken(decision.total_fen),
        "notes": list(dict.fromkeys(note for slip in papers for note in (*slip.warnings, *slip.cautions))),
        "closing": [*(told if pays else ()), _ask(decision, pays=pays), "祝您早日康复。"],
    }


def _opening(decision: Decision, *, pays: bool) -> list[str]:
    claim = decision.claim
    days = "，".join(f"{label} {day}" for label, day in days_of(claim).items())
    asked = f"您申请的{labels_of(claim)}互助金（{days}）已经核定。"
    asked += "".join(f"病情类别经省办{one}。" for one in raises_of(claim))
    if pays:
        return [asked, f"互助金共 {money.spoken(decision.total_fen)} 元，计算过程如下，每一步都写明依据。"]
    return [asked, "很抱歉，这次申请不予给付。计算过程附后，请对照。"]


def _ask(decision: Decision, *, pays: bool) -> str:
    """Whom to ask and what can still be done; a refusal is the end of a claim, and a stay is claimed once."""
    claim = decision.claim
    ask = f"对结果有疑问，请与{claim.office.name}联系，我们会逐项说明"
    if pays:
        return f"{ask}；医保后来改了结算单的，请带新的结算单来，可以更正。"
    if "inpatient" in claim.kinds or settlement_of(claim):
        return f"{ask}。这件申请已经办结，同一次住院、同一张结算单不能再申请；以后的住院照常可以申请。"
    return f"{ask}。这件申请已经办结；有新的材料，可以另交一件申请，会重新审核。"


def _slip(slip: Reasoning, *, pays: bool) -> dict[str, Any]:
    return {
        "title": slip.title,
        "source": f"版次 {slip.slug} {slip.edition}，指纹 {slip.identity[:12]}，数字按{slip.picked_by} {slip.picked_on} 取",
        "reading": f"{slip.variant_label}：{slip.variant_text}" if slip.variant else "",
        "benefits": [_benefit(benefit) for benefit in slip.benefits],
        "total": slip.total if pays else f"{slip.total}（仅为计算，未予给付）",
    }


def _benefit(benefit: BenefitWorking) -> dict[str, Any]:
    zero = benefit.zero
    return {
        "label": f"{benefit.label}（{benefit.caution_kind}）" if benefit.caution_kind else benefit.label,
        "paid": benefit.paid,
        "notes": [f"为什么是 0：{zero.why}", f"怎样会改变：{zero.change}"] if zero else [],
        "lines": [
            {"label": line.label, "how": line.how.replace("−", "－"), "value": line.value}  # the font's minus
            for line in benefit.lines
            if benefit.paid_fen
        ],
    }
