"""States of a roster and of an enrolment: exits, and who brings a thing out of each."""

from huzhu.enrolment.models import Enrolment, Roster

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
