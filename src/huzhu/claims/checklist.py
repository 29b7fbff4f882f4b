"""The papers wanted for the kinds applied for."""

from collections.abc import Iterable
from dataclasses import dataclass

from huzhu.claims.models import Claim, Evidence


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper: its name, and what a good photograph of it shows."""

    kind: str
    label: str
    hint: str


@dataclass(slots=True)
class Line:
    """A paper on the list of one claim, as it stands or is about to be written: what an Evidence says, without a row."""

    kind: str
    label: str
    state: str = Evidence.State.MISSING
    reason: str = ""

    def get_state_display(self) -> str:
        return str(Evidence.State(self.state).label)


Held = Evidence | Line

FORM = Paper("form", "申请表", "手机填报的不用再交；柜台申请请本人或代办人签名")
ID_CARD = Paper("id_card", "身份证", "姓名和号码都看得清的一面")
BANK_CARD = Paper("bank_card", "银行账户", "银行卡有卡号的一面，或存折首页")
CERTIFICATE = Paper("certificate", "互助金保障书", "系统里已有的不用再交")
DISCHARGE = Paper("discharge", "出院记录", "写着入院、出院日期和诊断，有医院的章")
SETTLEMENT = Paper("settlement_sheet", "医保结算单", "有统筹基金支出、起付线的那一张")
RECEIPTS = Paper("receipts", "住院票据", "收费票据，或电子票据")
DIAGNOSIS = Paper("diagnosis_proof", "诊断证明", "附病理报告或手术记录")
STATEMENT = Paper("accident_statement", "意外经过说明", "时间、地点、经过，有单位或证明人签名")
DISABILITY = Paper("disability_proof", "伤残鉴定", "写明伤残等级，有鉴定机构的章")

ALWAYS = (FORM, ID_CARD, BANK_CARD, CERTIFICATE)
BY_KIND = {
    "inpatient": (DISCHARGE, SETTLEMENT, RECEIPTS),
    "critical": (DIAGNOSIS,),
    "women": (DIAGNOSIS,),
    "accident": (STATEMENT, DISABILITY),
}
PAPERS = {
    paper.kind: paper for paper in (*ALWAYS, *(paper for papers in BY_KIND.values() for paper in papers))
}
# papers of which the phone shows a sample: static/web/samples/<kind>.svg
SAMPLES = frozenset(PAPERS) - {FORM.kind, CERTIFICATE.kind}
STANDARD_REASONS = (
    "医保结算单缺少或看不清",
    "住院票据不齐",
    "出院记录没有盖章或看不清",
    "诊断证明没有附病理报告或手术记录",
    "身份证照片看不清",
    "银行账户与本人姓名不一致",
)


def wanted(kinds: list[str]) -> list[Paper]:
    """Papers for these kinds, each once, in the order of the table."""
    found = [*ALWAYS, *(paper for kind in BY_KIND if kind in kinds for paper in BY_KIND[kind])]
    return list(dict.fromkeys(found))


def lacking(claim: Claim, held: Iterable[Held] | None = None) -> list[Held]:
    """Papers of the claim (`held`, where they are known) that are wanted and neither received nor waived."""
    names = [paper.kind for paper in wanted(claim.kinds)]
    settled = {Evidence.State.RECEIVED, Evidence.State.WAIVED}
    papers: dict[str, Held] = {paper.kind: paper for paper in (claim.papers.all() if held is None else held)}
    return [papers[name] for name in names if name in papers and papers[name].state not in settled]


def is_complete(claim: Claim, held: Iterable[Held] | None = None) -> bool:
    return bool(claim.kinds) and not lacking(claim, held)
