"""States of a roster, a step of its approval, an enrolment, an application and a certificate: exits, and who brings a thing out of each."""

from huzhu.enrolment.models import Application, ApprovalStep, CertificateVoid, Enrolment, Roster

ROSTER = {
    Roster.State.READING: {
        Roster.State.STAGED: "后台",
        Roster.State.MAPPING: "后台（认不出列）",
        Roster.State.CANCELLED: "单位经办人，或后台（读不了）",
    },
    Roster.State.MAPPING: {
        Roster.State.READING: "单位经办人",
        Roster.State.CANCELLED: "单位经办人",
    },
    Roster.State.STAGED: {
        Roster.State.READING: "单位经办人（换一种读法）",
        Roster.State.ACCEPTING: "单位经办人",
        Roster.State.AT_COUNTY: "单位经办人（上级要求审批）",
        Roster.State.AT_AGENCY: "单位经办人（上级要求审批）",
        Roster.State.CANCELLED: "单位经办人",
    },
    Roster.State.AT_COUNTY: {
        Roster.State.AT_AGENCY: "县区工会经办",
        Roster.State.ACCEPTING: "县区工会经办（大名册，最后一个审批的）",
        Roster.State.STAGED: "县区工会经办（同意后确认，或退回）",
    },
    Roster.State.AT_AGENCY: {
        Roster.State.STAGED: "代办处经办（同意后确认，或退回）",
        Roster.State.ACCEPTING: "代办处经办（大名册，最后一个审批的）",
    },
    Roster.State.ACCEPTING: {
        Roster.State.ACCEPTED: "后台",
        Roster.State.STAGED: "后台（没有成）",
        Roster.State.AT_COUNTY: "后台（没有成，等重新审批）",
        Roster.State.AT_AGENCY: "后台（没有成，等重新审批）",
    },
    Roster.State.ACCEPTED: {},
    Roster.State.CANCELLED: {},
}
APPROVAL_STEP = {
    ApprovalStep.State.SUBMITTED: {},
    ApprovalStep.State.WAITING: {
        ApprovalStep.State.APPROVED: "这一级的经办",
        ApprovalStep.State.RETURNED: "这一级的经办",
    },
    ApprovalStep.State.APPROVED: {},
    ApprovalStep.State.RETURNED: {},
}
CERTIFICATE_VOID = {
    CertificateVoid.State.PROPOSED: {
        CertificateVoid.State.VOID: "复核人",
        CertificateVoid.State.KEPT: "复核人",
    },
    CertificateVoid.State.VOID: {},
    CertificateVoid.State.KEPT: {},
}
ENROLMENT = {
    Enrolment.State.AWAITING_PAYMENT: {
        Enrolment.State.IN_FORCE: "代办处经办",
        Enrolment.State.VOID: "代办处经办",
    },
    Enrolment.State.IN_FORCE: {
        Enrolment.State.AWAITING_PAYMENT: "代办处经办（撤销认错的到账，保障开始以前）",
        Enrolment.State.VOID: "代办处经办",
    },
    Enrolment.State.VOID: {},
}
APPLICATION = {
    Application.State.DRAFT: {Application.State.SUBMITTED: "本人"},
    Application.State.SUBMITTED: {
        Application.State.RETURNED: "代办处经办",
        Application.State.APPROVED: "代办处经办",
        Application.State.REFUSED: "代办处经办",
        Application.State.WITHDRAWN: "本人",
    },
    Application.State.RETURNED: {
        Application.State.SUBMITTED: "本人",
        Application.State.WITHDRAWN: "本人",
    },
    Application.State.APPROVED: {Application.State.LAPSED: "后台（到期没有收到会费）"},
    Application.State.LAPSED: {},
    Application.State.REFUSED: {},
    Application.State.WITHDRAWN: {},
}
