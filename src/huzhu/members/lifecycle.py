"""States of a move, of a correction of a person and of a change of account: exits, and who brings it out of each."""

from enum import StrEnum

from huzhu.members.models import Correction, Move

MOVE = {
    Move.State.PROPOSED: {Move.State.CONFIRMED: "接收单位", Move.State.REFUSED: "接收单位"},
    Move.State.CONFIRMED: {},
    Move.State.REFUSED: {},
}
CORRECTION = {
    Correction.State.ASKED: {Correction.State.CHECKED: "核对人", Correction.State.REFUSED: "核对人"},
    Correction.State.CHECKED: {Correction.State.MADE: "批准人", Correction.State.REFUSED: "批准人"},
    Correction.State.MADE: {},
    Correction.State.REFUSED: {},
}


class Changed(StrEnum):
    """How a change of account stands; no column says it, `accounts.standing` does."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    USABLE = "usable"
    UNDONE = "undone"
    FOLLOWED = "followed"


ACCOUNT_CHANGE = {
    Changed.WAITING: {
        Changed.CONFIRMED: "代办处的另一位经办",
        Changed.USABLE: "代办处的另一位经办，已满 24 小时的",
        Changed.UNDONE: "代办处经办",
        Changed.FOLLOWED: "会员或经办又换了账户",
    },
    Changed.CONFIRMED: {
        Changed.USABLE: "满 24 小时",
        Changed.UNDONE: "代办处经办",
        Changed.FOLLOWED: "会员或经办又换了账户",
    },
    Changed.USABLE: {Changed.FOLLOWED: "会员或经办又换了账户"},
    Changed.UNDONE: {},
    Changed.FOLLOWED: {},
}
