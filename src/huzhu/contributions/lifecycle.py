"""States of a bank slip: exits, and who brings it out of each."""

from huzhu.contributions.models import BankSlip

SLIP = {
    BankSlip.State.WAITING: {
        BankSlip.State.REGISTERED: "代办处经办",
        BankSlip.State.REFUSED: "代办处经办",
    },
    BankSlip.State.REGISTERED: {},
    BankSlip.State.REFUSED: {},
}
