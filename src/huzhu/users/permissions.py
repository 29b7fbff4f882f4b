"""Who may do what: one table, asked by buttons and by verbs alike."""

from typing import Any

from huzhu.organisations.models import Organisation
from huzhu.users.models import Role

Kind = Organisation.Kind
EMPLOYER, COUNTY, AGENCY = Role.Code.EMPLOYER_CLERK, Role.Code.COUNTY_CLERK, Role.Code.AGENCY_CLERK
REVIEWER, SECOND = Role.Code.REVIEWER, Role.Code.SECOND_REVIEWER
MAKER, RELEASER = Role.Code.PAYMENT_MAKER, Role.Code.PAYMENT_RELEASER
AUDITOR, LEADER, CADRE = Role.Code.AUDITOR, Role.Code.LEADER, Role.Code.CADRE
POLICY, ADMINISTRATOR = Role.Code.POLICY, Role.Code.ADMINISTRATOR

# verb: (as it is said to a person, the roles that may)
_TABLE: dict[str, tuple[str, set[Role.Code]]] = {
    "rosters.upload": ("上传名册", {EMPLOYER, COUNTY, AGENCY}),
    "rosters.accept": ("确认名册", {EMPLOYER, COUNTY, AGENCY}),
    "rosters.cancel": ("作废名册", {EMPLOYER, COUNTY, AGENCY}),
    "applications.see": ("查看个人参加申请", {AGENCY, AUDITOR}),
    "applications.review": ("审核个人参加申请", {AGENCY}),
    "rosters.approve": ("审批名册", {COUNTY, AGENCY}),
    "rosters.approval_rule": ("设定名册审批", {AGENCY}),
    "certificates.void": ("作废和换发保障书", {AGENCY}),
    "enrolments.end": ("退出还没有开始的保障", {AGENCY}),
    "contributions.split": ("设定会费分担", {COUNTY, AGENCY}),
    "contributions.receive": ("登记到账", {AGENCY, MAKER}),
    "contributions.slip": ("上传银行回单", {EMPLOYER, COUNTY}),
    "contributions.paper": ("打印收据", {EMPLOYER, COUNTY, AGENCY, MAKER}),
    "contributions.account": ("登记代办处的收款账户", {AGENCY}),
    "contributions.confirm_account": ("确认代办处的收款账户", {AGENCY, MAKER}),
    "contributions.pledge": ("登记资助承诺", {COUNTY, AGENCY}),
    "sponsors.see": ("查看资助人是谁", {AGENCY, CADRE}),
    "members.see": (
        "查看会员",
        {EMPLOYER, COUNTY, AGENCY, REVIEWER, SECOND, MAKER, AUDITOR, CADRE},
    ),
    "members.reveal": ("查看完整的身份证号、账号或手机", {AGENCY, REVIEWER, SECOND, MAKER}),
    "members.account": ("登记收款账户", {AGENCY}),
    "members.confirm_account": ("确认账户变更", {AGENCY}),
    "members.correct": ("核对会员资料更正", {AGENCY}),
    "members.approve_correction": ("批准会员资料更正", {COUNTY, AGENCY}),
    "members.consent": ("登记使用医保数据的同意", {AGENCY}),
    "consents.see": ("查看使用医保数据的同意", {AGENCY, AUDITOR}),
    "members.move": ("登记调动、退休或离职", {EMPLOYER, COUNTY, AGENCY}),
    "claims.take": ("在柜台受理申请", {AGENCY}),
    "claims.papers": ("登记申请材料", {AGENCY}),
    "claims.return": ("退回补正", {AGENCY}),
    "claims.urgent": ("设为加急", {AGENCY}),
    "claims.opinion": ("给出初审意见", {AGENCY}),
    "claims.decide": ("核定申请", {REVIEWER}),
    "claims.confirm": ("复核", {SECOND}),
    "settlements.import": ("导入医保结算数据", {AGENCY}),
    "settlements.reverse": ("登记医保结算的作废和更正", {AGENCY}),
    "corrections.see": ("查看更正", {AGENCY, REVIEWER, SECOND, AUDITOR}),
    "corrections.propose": ("重算并提出更正", {REVIEWER}),
    "corrections.confirm": ("确认更正", {SECOND}),
    "automatic.start": ("发起免申即享", {REVIEWER}),
    "automatic.confirm": ("确认免申即享", {SECOND}),
    "automatic.see": ("查看免申即享", {REVIEWER, SECOND, AUDITOR}),
    "claims.see": ("查看申请", {EMPLOYER, COUNTY, AGENCY, REVIEWER, SECOND, AUDITOR}),
    "payouts.batch": ("制作发放批次", {MAKER}),
    "payouts.release": ("放行发放批次", {RELEASER}),
    "payouts.reply": ("导入银行回盘", {MAKER}),
    "payouts.again": ("重新发放", {MAKER}),
    "payouts.doubt": ("查明存疑的款", {MAKER, RELEASER}),
    "payouts.return": ("登记和确认银行退回的已到账款", {MAKER, RELEASER}),
    "receivables.see": ("查看待收回的款", {MAKER, RELEASER, AUDITOR}),
    "receivables.return": ("登记会员退回的款", {MAKER}),
    "receivables.write_off": ("提出不再收回", {MAKER}),
    "receivables.confirm": ("确认退回和不再收回的款", {RELEASER}),
    "stops.see": ("查看停发", {MAKER, RELEASER, AUDITOR}),
    "payouts.stop": ("停止发放", {MAKER, RELEASER}),
    "payouts.resume": ("恢复发放", {RELEASER}),
    "refunds.propose": ("提出退费", {AGENCY, MAKER}),
    "refunds.list": ("制作退费清单", {MAKER}),
    "refunds.release": ("放行退费清单", {RELEASER}),
    "bank.account": ("登记本会的银行账户", {MAKER}),
    "bank.post": ("把银行流水记入利息、手续费或待查收款", {AGENCY, MAKER}),
    "bank.see": ("查看银行对账单", {AGENCY, MAKER, RELEASER, AUDITOR}),
    "bank.take": ("导入银行对账单", {MAKER}),
    "reconciliation.see": ("查看对账", {MAKER, RELEASER, AUDITOR, LEADER}),
    "reconciliation.run": ("对账", {MAKER, RELEASER}),
    "reconciliation.explain": ("说明对账差异", {MAKER, RELEASER}),
    "employers.see": ("查看单位档案", {EMPLOYER, COUNTY, AGENCY, LEADER}),
    "employers.record": ("登记单位的行业和意愿", {COUNTY, AGENCY}),
    "employers.contacts": ("登记单位联系人", {EMPLOYER, COUNTY, AGENCY}),
    "employers.count": ("登记职工人数", {EMPLOYER, COUNTY, AGENCY}),
    "employers.prove": ("核实职工人数", {COUNTY, AGENCY}),
    "employers.insured": ("导入医保统计", {AGENCY}),
    "outreach.see": ("查看走访", {COUNTY, AGENCY, LEADER}),
    "outreach.log": ("登记走访", {COUNTY, AGENCY}),
    "outreach.assign": ("指定负责人", {COUNTY, AGENCY}),
    "outreach.occasion": ("登记讲座和宣传日", {COUNTY, AGENCY}),
    "outreach.target": ("设定年度目标", {AGENCY}),
    "lists.export": (
        "导出列表",
        {EMPLOYER, COUNTY, AGENCY, REVIEWER, SECOND, MAKER, RELEASER, AUDITOR, LEADER, ADMINISTRATOR},
    ),
    "lists.approve": ("批准导出", {COUNTY, AGENCY, REVIEWER, SECOND, MAKER, RELEASER}),
    "books.see": ("查看账目", {MAKER, RELEASER, AUDITOR, LEADER}),
    "books.lock": ("锁账", {MAKER}),
    "books.close": ("关账", {RELEASER}),
    "books.reopen": ("重新开放锁着的月份", {MAKER, RELEASER}),
    "books.day": ("日结签字", {MAKER}),
    "books.reserve": ("提出备付金比例", {MAKER}),
    "books.reserve_confirm": ("确认备付金比例", {RELEASER}),
    "books.year": ("提出年度结转", {MAKER}),
    "books.year_confirm": ("确认年度结转", {RELEASER}),
    "vouchers.propose": ("提出手工凭证", {MAKER}),
    "vouchers.confirm": ("确认手工凭证", {RELEASER}),
    "remittances.see": ("查看上解", {AGENCY, MAKER, RELEASER, AUDITOR, LEADER}),
    "remittances.send": ("登记上解", {AGENCY}),
    "remittances.arrive": ("确认上解到账", {MAKER}),
    "disclosure.propose": ("提出公示", {MAKER}),
    "disclosure.publish": ("公布公示", {RELEASER}),
    "numbers.see": ("查看统计数字", {LEADER, AUDITOR, POLICY, COUNTY, AGENCY, REVIEWER}),
    "audit.see": ("查看审计记录", {AUDITOR, ADMINISTRATOR}),
    "outbox.see": ("查看发件箱", {ADMINISTRATOR, AGENCY}),
    "jobs.watch": ("查看别人的后台任务", {ADMINISTRATOR}),
    "schemes.propose": ("提出公布方案", {POLICY}),
    "schemes.publish": ("公布方案", {POLICY}),
    "calendar.change": ("修改工作日历", {ADMINISTRATOR}),
    "organisations.change": ("修改机构", {ADMINISTRATOR}),
    "users.change": ("管理人员和角色", {ADMINISTRATOR}),
    "tokens.change": ("管理接口令牌", {ADMINISTRATOR}),
}
# verbs whose effect does not end with a branch: only where one looks over the whole
EVERYWHERE = frozenset({"schemes.propose", "schemes.publish", "calendar.change"})
# where a role may be given: what it may do reaches over the place's whole branch
_ABOVE = frozenset({Kind.ASSOCIATION, Kind.PROVINCE, Kind.CITY})
_CENTRAL = frozenset({Kind.ASSOCIATION, Kind.PROVINCE})
_UNIONS = frozenset({Kind.COUNTY, Kind.GROUP})
PLACES: dict[str, frozenset[str]] = {
    EMPLOYER: frozenset({Kind.EMPLOYER}),
    COUNTY: _UNIONS,
    AGENCY: frozenset({Kind.CITY}),
    REVIEWER: frozenset({Kind.PROVINCE}),
    SECOND: frozenset({Kind.PROVINCE}),
    MAKER: frozenset({Kind.PROVINCE}),
    RELEASER: frozenset({Kind.PROVINCE}),
    AUDITOR: _ABOVE,
    LEADER: _ABOVE | _UNIONS,
    CADRE: _UNIONS | {Kind.CITY},
    POLICY: _CENTRAL,
    ADMINISTRATOR: _ABOVE,
}
ALLOWED: dict[str, frozenset[str]] = {verb: frozenset(codes) for verb, (_, codes) in _TABLE.items()}


class NotAllowed(PermissionError):
    """This role may not do this, or not there."""


def may(by: Any, verb: str, within: Organisation | None = None) -> bool:
    """Whether this staff role may do it (there); never for members; an unknown verb is a KeyError."""
    return not _objection(by, verb, within)


def check_may(by: Any, verb: str, within: Organisation | None = None) -> None:
    """Raise NotAllowed, with a sentence for the person, where `may` says no."""
    if objection := _objection(by, verb, within):
        raise NotAllowed(objection)


def _objection(by: Any, verb: str, within: Organisation | None) -> str:
    """Why not; empty when all is well. A place outside the branch is never named: it looks missing."""
    words, _ = _TABLE[verb]
    if not isinstance(by, Role):
        return f"只有工作人员可以{words}。请用工作人员的账号登录。"
    if not by.is_current:
        return f"您的角色“{by.get_code_display()}”已经停用，不能{words}。请联系系统管理员。"
    if by.code not in ALLOWED[verb]:
        keepers = "、".join(code.label for code in Role.Code if code in ALLOWED[verb])
        return (
            f"{by.get_code_display()}不能{words}，这件事由{keepers}办理。"
            "请交给他们；如果您的角色登记有误，请联系系统管理员。"
        )
    if verb in EVERYWHERE and by.organisation.kind not in _CENTRAL:
        return f"{words}对所有机构生效，由全国协会或省办事处的{by.get_code_display()}办理。请告诉他们。"
    if within is not None and not by.organisation.contains(within):
        return f"不能{words}：它不属于{by.organisation.name}及其下属。请交给管辖它的机构办理。"
    return ""
