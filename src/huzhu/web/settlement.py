"""The insurance settlement sheet as people hold it: its lines, and where each stands on the picture."""

from dataclasses import dataclass

from huzhu.schemes.example import LIU_SHEET


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One figure: the bureau's name, its number on the picture, and whether the estimate needs it."""

    name: str
    mark: int
    key: bool = False


LINES = (
    SheetLine("inscp_scp_amt", 1, key=True),
    SheetLine("act_pay_dedc", 2, key=True),
    SheetLine("hifp_pay", 3, key=True),
    SheetLine("medfee_sumamt", 4),
    SheetLine("fulamt_ownpay_amt", 5),
    SheetLine("overlmt_selfpay", 6),
    SheetLine("preselfpay_amt", 7),
    SheetLine("above_ceiling_amt", 8),
    SheetLine("cvlserv_pay", 9),
    SheetLine("hifes_pay", 10),
    SheetLine("hifob_pay", 11),
    SheetLine("fund_pay_sumamt", 12),
    SheetLine("psn_part_amt", 13),
    SheetLine("acct_pay", 14),
    SheetLine("psn_cash_pay", 15),
)

ILLNESSES = (
    ("C50", "乳腺恶性肿瘤"),
    ("C53", "宫颈恶性肿瘤"),
    ("D06", "宫颈原位癌"),
    ("C56", "卵巢恶性肿瘤"),
    ("C34", "肺恶性肿瘤"),
    ("C16", "胃恶性肿瘤"),
    ("C22", "肝恶性肿瘤"),
    ("C73", "甲状腺恶性肿瘤"),
    ("I21", "急性心肌梗死"),
    ("I61", "脑出血"),
    ("N18", "慢性肾衰竭"),
    ("K35", "急性阑尾炎"),
)

LIU = {
    "sex": "female",
    "cover_starts_on": "2022-01-28",
    "admitted_on": "2022-06-20",
    "hospital_grade": "three",
    **LIU_SHEET,
    "diagnosis": "C50.9",
    "diagnosed_on": "2022-06-23",
}
