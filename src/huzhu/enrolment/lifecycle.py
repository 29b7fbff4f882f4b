"""States of a roster, of an enrolment and of an application: exits, and who brings a thing out of each."""

from huzhu.enrolment.models import Application, Enrolment, Roster

ROSTER = {
    Roster.State.STAGED: {
        Roster.State.ACCEPTED: "单位经办人",
        Roster.State.CANCELLED: "单位经办人",
    },
    Roster.State.ACCEPTED: {},
    Roster.State.CANCELLED: {},
}
ENROLMENT = {
    Enrolment.State.AWAITING_PAYMENT: {
        Enrolment.State.IN_FORCE: "代办处经办",
        Enrolment.State.VOID: "代办处经办",
    },
    Enrolment.State.IN_FORCE: {Enrolment.State.VOID: "代办处经办"},
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
    Application.State.APPROVED: {},
    Application.State.REFUSED: {},
    Application.State.WITHDRAWN: {},
}
