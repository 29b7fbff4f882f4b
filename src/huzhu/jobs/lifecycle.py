"""States of a piece of long work: exits, and who brings it out of each."""

from huzhu.jobs.models import JobRun

State = JobRun.State
LIFECYCLE = {
    State.WAITING: {State.RUNNING: "后台", State.CANCELLED: "提出人"},
    State.RUNNING: {
        State.DONE: "后台",
        State.WAITING: "后台（出错后再试）",
        State.FAILED: "后台",
        State.CANCELLED: "提出人",
    },
    State.DONE: {},
    State.FAILED: {State.WAITING: "提出人（再试一次）"},
    State.CANCELLED: {State.WAITING: "提出人（再试一次）"},
}
