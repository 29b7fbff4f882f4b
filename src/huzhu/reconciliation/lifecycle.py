"""States of a difference: exits, and who brings it out of each."""

from huzhu.reconciliation.models import Difference

DIFFERENCE = {
    Difference.State.OPEN: {
        Difference.State.EXPLAINED: "出纳（不是经手人）",
        Difference.State.GONE: "下一次对账",
    },
    Difference.State.SAID: {Difference.State.GONE: "下一次对账"},
    Difference.State.EXPLAINED: {Difference.State.GONE: "下一次对账"},
    Difference.State.GONE: {
        Difference.State.OPEN: "下一次对账",
        Difference.State.SAID: "下一次对账",
    },
}
