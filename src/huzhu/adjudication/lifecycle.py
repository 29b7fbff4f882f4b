"""States of a decision, of a correction and of a run over the bureau's records: exits, and who brings it out of each."""

from huzhu.adjudication.models import AutomaticRun, Correction, Decision

DECISION = {
    Decision.State.PROPOSED: {Decision.State.FINAL: "复核人", Decision.State.OVERRULED: "复核人"},
    Decision.State.FINAL: {Decision.State.CORRECTED: "更正的提出人和确认人"},
    Decision.State.OVERRULED: {},
    Decision.State.CORRECTED: {},
}
CORRECTION = {
    Correction.State.PROPOSED: {Correction.State.CONFIRMED: "复核人", Correction.State.DECLINED: "复核人"},
    Correction.State.CONFIRMED: {},
    Correction.State.DECLINED: {},
}
AUTOMATIC_RUN = {
    AutomaticRun.State.REVIEWING: {
        AutomaticRun.State.PROPOSED: "后台",
        AutomaticRun.State.DROPPED: "审核人",
    },
    AutomaticRun.State.PROPOSED: {
        AutomaticRun.State.CONFIRMED: "复核人",
        AutomaticRun.State.SENT_BACK: "复核人",
        AutomaticRun.State.DROPPED: "审核人",
    },
    AutomaticRun.State.CONFIRMED: {AutomaticRun.State.DONE: "后台"},
    AutomaticRun.State.DONE: {},
    AutomaticRun.State.SENT_BACK: {},
    AutomaticRun.State.DROPPED: {},
}
