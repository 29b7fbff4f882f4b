"""The example every face tells. The source gives only the sum of 31,714 yuan; the sheet that comes to it is a demonstration."""

LIU_SHEET = {
    "inscp_scp_amt": "75400.00",
    "act_pay_dedc": "800.00",
    "hifp_pay": "63410.00",
    "medfee_sumamt": "85800.00",
    "fulamt_ownpay_amt": "6180.00",
    "overlmt_selfpay": "1260.00",
    "preselfpay_amt": "2960.00",
    "fund_pay_sumamt": "63410.00",
    "psn_part_amt": "22390.00",
    "acct_pay": "2390.00",
    "psn_cash_pay": "20000.00",
}
