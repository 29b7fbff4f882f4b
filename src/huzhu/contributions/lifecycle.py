"""States of a bank slip, of a refund, its parts and its list: exits, and who brings it out of each."""

from huzhu.contributions.given_back import Refund, RefundList, RefundPart
from huzhu.contributions.models import BankSlip

SLIP = {
    BankSlip.State.WAITING: {
        BankSlip.State.REGISTERED: "代办处经办",
        BankSlip.State.REFUSED: "代办处经办",
    },
    BankSlip.State.REGISTERED: {BankSlip.State.WAITING: "代办处经办、出纳制单（撤销到账）"},
    BankSlip.State.REFUSED: {},
}
REFUND = {
    Refund.State.PROPOSED: {
        Refund.State.LISTED: "出纳制单",
        Refund.State.DECLINED: "代办处经办、出纳制单",
        Refund.State.RELEASED: "代办处经办、出纳制单（银行还是付了；撤销认错的退汇）",
        Refund.State.PAID: "代办处经办、出纳制单（撤销认错的退汇）",
    },
    Refund.State.LISTED: {Refund.State.RELEASED: "出纳放行", Refund.State.PROPOSED: "出纳放行（退回清单）"},
    Refund.State.RELEASED: {
        Refund.State.PAID: "银行（对账单）",
        Refund.State.PROPOSED: "代办处经办、出纳制单（银行没有付）；银行退汇",
    },
    Refund.State.PAID: {
        Refund.State.PROPOSED: "银行退汇",
        Refund.State.RELEASED: "代办处经办、出纳制单（撤销认错的流水）",
    },
    Refund.State.DECLINED: {},
}
REFUND_PART = {
    RefundPart.State.WAITING: {
        RefundPart.State.PAID: "银行（对账单）",
        RefundPart.State.UNPAID: "代办处经办、出纳制单",
    },
    RefundPart.State.PAID: {
        RefundPart.State.RETURNED: "银行退汇",
        RefundPart.State.WAITING: "代办处经办、出纳制单（撤销认错的流水）",
    },
    RefundPart.State.UNPAID: {RefundPart.State.WAITING: "代办处经办、出纳制单（银行还是付了）"},
    RefundPart.State.RETURNED: {RefundPart.State.PAID: "代办处经办、出纳制单（撤销认错的退汇）"},
}
REFUND_LIST = {
    RefundList.State.MADE: {RefundList.State.RELEASED: "出纳放行", RefundList.State.VOID: "出纳放行"},
    RefundList.State.RELEASED: {},
    RefundList.State.VOID: {},
}
