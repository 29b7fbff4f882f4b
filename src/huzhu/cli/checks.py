"""What `huzhu verify` holds against what: two statements each, of (key…, amount), that must agree key by key.

The statements are written out once more on purpose: they share nothing with the code whose sums they check,
and they run on SQLite and PostgreSQL alike.
"""

# ruff: noqa: S608  nothing in these statements comes from outside this file

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """A stored total and the same from its rows; `field` picks the stored amount out of a JSON column."""

    title: str
    stored: str
    recomputed: str
    unit: str = "元"
    field: str = ""


_FINAL_RESULTS = """
    FROM adjudication_benefitresult r
    JOIN adjudication_adjudication a ON a.id = r.adjudication_id
    JOIN adjudication_decision d ON d.id = a.decision_id
    JOIN claims_claim c ON c.id = d.claim_id
    JOIN enrolment_enrolment e ON e.id = a.enrolment_id
    WHERE d.state = 'final' AND d.verdict = 'pay'
"""
_BY_TOTAL = "c.member_id, e.scheme_slug, e.cover_starts_on, r.name"
_ENTRIES = "FROM ledger_voucher v LEFT JOIN ledger_ledgerentry l ON l.voucher_id = v.id"
_NOT_CLOSING = "debit_id <> '3009' AND credit_id <> '3009'"


def _owed(*codes: str) -> str:
    """Credits less debits of these accounts."""
    wanted = ", ".join(f"'{code}'" for code in codes)
    return (
        f"SUM(CASE WHEN credit_id IN ({wanted}) THEN amount_fen ELSE 0 END "
        f"- CASE WHEN debit_id IN ({wanted}) THEN amount_fen ELSE 0 END)"
    )


# a decision whose payout stands in the books: one was scheduled, and none was replaced after a correction
_BOOKED = (
    "EXISTS (SELECT 1 FROM payouts_payout p WHERE p.decision_id = {0}) AND NOT EXISTS "
    "(SELECT 1 FROM payouts_payout p WHERE p.decision_id = {0} AND p.state = 'replaced')"
)
_IN_FORCE = (
    "FROM contributions_contributiondue d JOIN enrolment_enrolment e "
    "ON e.roster_id = d.roster_id AND e.edition_id = d.edition_id WHERE e.state = 'in_force'"
)

BOOKS = (
    Check(
        "凭证号连续",
        "SELECT REPLACE(CAST(day AS TEXT), '-', ''), last FROM ledger_voucherday",
        "SELECT SUBSTR(number, 1, 8), COUNT(*) FROM ledger_voucher GROUP BY 1",
        unit="张",
    ),
    Check(
        "凭证的分录数",
        "SELECT object_id, detail FROM audit_event WHERE verb = 'ledger.post'",
        f"SELECT v.id, COUNT(l.id) {_ENTRIES} GROUP BY v.id",
        unit="条",
        field="entries",
    ),
    Check(
        "凭证的金额",
        "SELECT object_id, detail FROM audit_event WHERE verb = 'ledger.post'",
        f"SELECT v.id, SUM(l.amount_fen) {_ENTRIES} GROUP BY v.id",
        field="total_fen",
    ),
    Check(
        "会计月份与日期",
        "SELECT v.number, COUNT(l.id) FROM ledger_voucher v JOIN ledger_ledgerentry l ON l.voucher_id = v.id GROUP BY 1",
        "SELECT v.number, COUNT(l.id) FROM ledger_voucher v JOIN ledger_ledgerentry l ON l.voucher_id = v.id "
        "AND l.month = SUBSTR(CAST(v.posted_on AS TEXT), 1, 7) GROUP BY 1",
        unit="条",
    ),
    Check(
        "试算平衡：借方与贷方",
        "SELECT l.scheme_slug, l.fund_year, SUM(l.amount_fen) FROM ledger_ledgerentry l "
        "JOIN ledger_account a ON a.code = l.debit_id GROUP BY 1, 2",
        "SELECT l.scheme_slug, l.fund_year, SUM(l.amount_fen) FROM ledger_ledgerentry l "
        "JOIN ledger_account a ON a.code = l.credit_id GROUP BY 1, 2",
    ),
)
# which entries belong to the book of a province: those of offices in its branch
_OF_BOOK = (
    "JOIN organisations_organisation b ON b.id = {0}.book_id "
    "JOIN organisations_organisation o ON o.path LIKE b.path || '%' "
    "JOIN ledger_ledgerentry l ON l.office_id = o.id"
)
KEEPING = (
    Check(
        "冲销凭证：原凭证的分录对调",
        "SELECT v.number, SUM(l.amount_fen) FROM ledger_voucher v "
        "JOIN ledger_ledgerentry l ON l.voucher_id = v.id WHERE v.reverses_id IS NOT NULL GROUP BY 1",
        "SELECT v.number, SUM(l.amount_fen) FROM ledger_voucher v "
        "JOIN ledger_ledgerentry l ON l.voucher_id = v.reverses_id WHERE EXISTS (SELECT 1 FROM ledger_ledgerentry m "
        "WHERE m.voucher_id = v.id AND m.debit_id = l.credit_id AND m.credit_id = l.debit_id "
        "AND m.amount_fen = l.amount_fen AND m.office_id = l.office_id AND m.scheme_slug = l.scheme_slug "
        "AND m.fund_year = l.fund_year) GROUP BY 1",
    ),
    Check(
        "锁账以后没有再记账",
        "SELECT month, book_id, 0 FROM ledger_period",
        f"SELECT p.month, p.book_id, COUNT(*) FROM ledger_period p {_OF_BOOK.format('p')} AND l.month = p.month "
        "AND l.voucher_id > p.upto GROUP BY 1, 2",
        unit="条",
    ),
    Check(
        "上解：汇出、到账和退回的凭证",
        "SELECT id, 'sent', amount_fen FROM ledger_remittance "
        "UNION ALL SELECT id, 'settled', amount_fen FROM ledger_remittance WHERE state <> 'sent'",
        "SELECT r.id, 'sent', SUM(l.amount_fen) FROM ledger_remittance r "
        "JOIN ledger_ledgerentry l ON l.voucher_id = r.sent_voucher_id AND l.debit_id = '1002' "
        "AND l.credit_id = '1003' GROUP BY r.id UNION ALL "
        "SELECT r.id, 'settled', SUM(l.amount_fen) FROM ledger_remittance r "
        "JOIN ledger_ledgerentry l ON l.voucher_id = r.settled_voucher_id AND l.credit_id = '1002' "
        "AND l.debit_id = CASE WHEN r.state = 'arrived' THEN '1001' ELSE '1003' END GROUP BY r.id",
    ),
    Check(
        "手工凭证：凭证的金额",
        "SELECT id, amount_fen FROM ledger_manualvoucher WHERE state = 'posted'",
        "SELECT m.id, SUM(l.amount_fen) FROM ledger_manualvoucher m "
        "JOIN ledger_ledgerentry l ON l.voucher_id = m.voucher_id GROUP BY 1",
    ),
    Check(
        "日结：到那张凭证为止的余额",
        "SELECT close_id, account_id, closing_fen FROM ledger_daybalance",
        "SELECT c.id, d.account_id, SUM(CASE WHEN l.debit_id = d.account_id THEN l.amount_fen ELSE 0 END "
        "- CASE WHEN l.credit_id = d.account_id THEN l.amount_fen ELSE 0 END) FROM ledger_dayclose c "
        f"JOIN ledger_daybalance d ON d.close_id = c.id {_OF_BOOK.format('c')} AND l.voucher_id <= c.upto GROUP BY 1, 2",
    ),
    Check(
        "日结：上日余额接上一个日结",
        "SELECT close_id, account_id, opening_fen FROM ledger_daybalance",
        "SELECT c.id, d.account_id, p.closing_fen FROM ledger_dayclose c "
        "JOIN ledger_daybalance d ON d.close_id = c.id "
        "JOIN ledger_daybalance p ON p.close_id = c.before_id AND p.account_id = d.account_id",
    ),
    Check(
        "年度结转：转入基金的结余",
        "SELECT id, income_fen - expense_fen FROM ledger_yearclosing WHERE state = 'posted'",
        "SELECT y.id, SUM(CASE WHEN l.credit_id = '3001' THEN l.amount_fen ELSE -l.amount_fen END) "
        "FROM ledger_yearclosing y JOIN ledger_ledgerentry l ON l.voucher_id = y.voucher_id "
        "AND ((l.debit_id = '3009' AND l.credit_id = '3001') OR (l.debit_id = '3001' AND l.credit_id = '3009')) "
        "GROUP BY 1",
    ),
    Check(
        "年度结转：转入备付金",
        "SELECT id, reserve_fen FROM ledger_yearclosing WHERE state = 'posted'",
        "SELECT y.id, SUM(CASE WHEN l.credit_id = '3002' THEN l.amount_fen ELSE -l.amount_fen END) "
        "FROM ledger_yearclosing y JOIN ledger_ledgerentry l ON l.voucher_id = y.voucher_id "
        "AND (l.debit_id = '3002' OR l.credit_id = '3002') GROUP BY 1",
    ),
)
_SPAN = (
    f"FROM disclosure_publishedaccounts p {_OF_BOOK.format('p')} AND l.month >= p.first AND l.month <= p.last"
)
DISCLOSED = (
    Check(
        "公示的收入：那几个月的账",
        "SELECT id, 'income', figures FROM disclosure_publishedaccounts WHERE state = 'published'",
        f"SELECT p.id, 'income', SUM(CASE WHEN l.credit_id LIKE '4%' THEN l.amount_fen ELSE 0 END "
        f"- CASE WHEN l.debit_id LIKE '4%' THEN l.amount_fen ELSE 0 END) {_SPAN} "
        "AND l.debit_id <> '3009' AND l.credit_id <> '3009' WHERE p.state = 'published' GROUP BY p.id",
        field="income_fen",
    ),
    Check(
        "公示的支出：那几个月的账",
        "SELECT id, 'expense', figures FROM disclosure_publishedaccounts WHERE state = 'published'",
        f"SELECT p.id, 'expense', SUM(CASE WHEN l.debit_id LIKE '5%' THEN l.amount_fen ELSE 0 END "
        f"- CASE WHEN l.credit_id LIKE '5%' THEN l.amount_fen ELSE 0 END) {_SPAN} "
        "AND l.debit_id <> '3009' AND l.credit_id <> '3009' WHERE p.state = 'published' GROUP BY p.id",
        field="expense_fen",
    ),
    *(
        Check(
            f"公示的{words}：到期末的账",
            f"SELECT id, '{name}', figures FROM disclosure_publishedaccounts WHERE state = 'published'",
            f"SELECT p.id, '{name}', SUM(CASE WHEN {debit} THEN l.amount_fen ELSE 0 END "
            f"- CASE WHEN {credit} THEN l.amount_fen ELSE 0 END) FROM disclosure_publishedaccounts p "
            f"{_OF_BOOK.format('p')} AND l.month <= p.last WHERE p.state = 'published' GROUP BY p.id",
            field=name,
        )
        for words, name, debit, credit in (
            ("累计结余", "surplus_to_date_fen", "l.debit_id < '3'", "l.credit_id < '3'"),
            ("互助基金", "fund_fen", "l.credit_id = '3001'", "l.debit_id = '3001'"),
            ("备付金", "reserve_fen", "l.credit_id = '3002'", "l.debit_id = '3002'"),
        )
    ),
)
FEES = (
    Check(
        "应缴：份数 × 会费",
        "SELECT id, amount_fen FROM contributions_contributiondue",
        "SELECT c.id, c.units * CASE WHEN r.way = 'individual' THEN COALESCE(s.individual_fee_fen, s.fee_fen) "
        "ELSE s.fee_fen END FROM contributions_contributiondue c "
        "JOIN schemes_schemeedition s ON s.id = c.edition_id JOIN enrolment_roster r ON r.id = c.roster_id",
    ),
    Check(
        "应缴份数：没有作废的参保",
        "SELECT id, units FROM contributions_contributiondue",
        "SELECT c.id, SUM(e.shares) FROM contributions_contributiondue c JOIN enrolment_enrolment e "
        "ON e.roster_id = c.roster_id AND e.edition_id = c.edition_id AND e.state <> 'void' GROUP BY c.id",
        unit="份",
    ),
    Check(
        "应缴：各方分担之和",
        "SELECT id, amount_fen FROM contributions_contributiondue",
        "SELECT due_id, SUM(amount_fen) FROM contributions_share GROUP BY due_id",
    ),
    Check(
        "保障中的人：会费到齐的",
        f"SELECT d.id, COUNT(*) {_IN_FORCE} GROUP BY d.id",
        f"SELECT d.id, COUNT(*) {_IN_FORCE} AND NOT EXISTS "
        "(SELECT 1 FROM contributions_share s WHERE s.due_id = d.id AND s.received_fen < s.amount_fen) GROUP BY d.id",
        unit="人",
    ),
    Check(
        "资助：各人之和",
        "SELECT id, amount_fen FROM contributions_share WHERE pledge_id IS NOT NULL",
        "SELECT share_id, SUM(amount_fen) FROM contributions_gift GROUP BY share_id",
    ),
    Check(
        "已收：到账之和",
        "SELECT id, received_fen FROM contributions_share",
        "SELECT share_id, SUM(amount_fen) FROM contributions_receipt GROUP BY share_id",
    ),
    Check(
        "到账和退费：凭证上的会费收入",
        "SELECT voucher_id, SUM(amount_fen) FROM contributions_receipt GROUP BY 1",
        "SELECT l.voucher_id, SUM(CASE WHEN l.credit_id LIKE '40%' THEN l.amount_fen ELSE 0 END "
        "- CASE WHEN l.debit_id LIKE '40%' THEN l.amount_fen ELSE 0 END) FROM ledger_ledgerentry l "
        "WHERE l.voucher_id IN (SELECT voucher_id FROM contributions_receipt) GROUP BY 1",
    ),
    Check(
        "收据：它的各笔到账、多缴和红字",
        "SELECT id, amount_fen FROM contributions_officialreceipt",
        "SELECT paper, SUM(fen) FROM ("
        "SELECT paper_id AS paper, amount_fen AS fen FROM contributions_receipt "
        "UNION ALL SELECT paper_id, amount_fen FROM contributions_prepaid "
        "UNION ALL SELECT red_id, -amount_fen FROM contributions_prepaid "
        "UNION ALL SELECT paper_id, -amount_fen FROM contributions_refund"
        ") t WHERE paper IS NOT NULL GROUP BY paper",
    ),
    Check(
        "收据号连续",
        "SELECT agency_id, year, MAX(number) FROM contributions_officialreceipt GROUP BY 1, 2",
        "SELECT agency_id, year, COUNT(*) FROM contributions_officialreceipt GROUP BY 1, 2",
        unit="张",
    ),
    Check(
        "会费收入：各方案的到账",
        "SELECT scheme_slug, SUM(CASE WHEN credit_id LIKE '40%' THEN amount_fen ELSE 0 END "
        "- CASE WHEN debit_id LIKE '40%' THEN amount_fen ELSE 0 END) FROM ledger_ledgerentry "
        f"WHERE {_NOT_CLOSING} GROUP BY 1",
        "SELECT e.slug, SUM(r.amount_fen) FROM contributions_receipt r "
        "JOIN contributions_share s ON s.id = r.share_id "
        "JOIN contributions_contributiondue d ON d.id = s.due_id "
        "JOIN schemes_schemeedition e ON e.id = d.edition_id GROUP BY e.slug",
    ),
    Check(
        "多缴款：账上的预收会费",
        "SELECT scheme_slug, SUM(left_fen) FROM contributions_prepaid GROUP BY 1",
        f"SELECT scheme_slug, {_owed('2101')} FROM ledger_ledgerentry GROUP BY 1",
    ),
    Check(
        "待查收款：各机构各年还没有查明的流水",
        "SELECT a.organisation_id, CAST(SUBSTR(CAST(l.booked_on AS TEXT), 1, 4) AS INTEGER), SUM(l.amount_fen) "
        "FROM contributions_lineuse u JOIN bank_statementline l ON l.id = u.line_id "
        "JOIN bank_ownaccount a ON a.id = l.account_id "
        "WHERE u.kind = 'suspense' AND u.ended_at IS NULL GROUP BY 1, 2",
        f"SELECT office_id, fund_year, {_owed('2102')} FROM ledger_ledgerentry GROUP BY 1, 2",
    ),
    Check(
        "退费：各收款人之和",
        "SELECT id, amount_fen FROM contributions_refund",
        "SELECT refund_id, SUM(amount_fen) FROM contributions_refundpart WHERE state IN ('waiting', 'paid') GROUP BY 1",
    ),
    Check(
        "应退会费：已放行没有付出的退费",
        "SELECT SUM(p.amount_fen) FROM contributions_refundpart p JOIN contributions_refund r ON r.id = p.refund_id "
        "WHERE p.state = 'waiting' AND EXISTS "
        "(SELECT 1 FROM ledger_voucher v WHERE v.source = 'refund:' || REPLACE(CAST(r.id AS TEXT), '-', ''))",
        f"SELECT {_owed('2103')} FROM ledger_ledgerentry",
    ),
    Check(
        "对账单：逐笔的余额",
        "SELECT id, balance_fen FROM bank_statementline",
        "SELECT id, amount_fen + COALESCE(LAG(balance_fen) OVER (PARTITION BY account_id ORDER BY position), "
        "balance_fen - amount_fen) FROM bank_statementline",
    ),
)
DECISIONS = (
    Check(
        "核定合计：各份参保之和",
        "SELECT id, total_fen FROM adjudication_decision",
        "SELECT decision_id, SUM(total_fen) FROM adjudication_adjudication GROUP BY decision_id",
    ),
    Check(
        "参保的核定：各项之和",
        "SELECT id, total_fen FROM adjudication_adjudication",
        "SELECT adjudication_id, SUM(amount_fen) FROM adjudication_benefitresult GROUP BY 1",
    ),
    Check(
        "累计已用：生效的核定",
        "SELECT member_id, scheme_slug, cover_starts_on, benefit, used_fen FROM adjudication_runningtotal",
        f"SELECT {_BY_TOTAL}, SUM(r.amount_fen) {_FINAL_RESULTS} GROUP BY 1, 2, 3, 4",
    ),
    Check(
        "累计次数：生效的核定",
        "SELECT member_id, scheme_slug, cover_starts_on, benefit, claims_count FROM adjudication_runningtotal",
        f"SELECT {_BY_TOTAL}, COUNT(*) {_FINAL_RESULTS} AND r.amount_fen > 0 GROUP BY 1, 2, 3, 4",
        unit="次",
    ),
    Check(
        "免申即享：待确认的合计",
        "SELECT id, found_fen FROM adjudication_automaticrun WHERE state = 'proposed'",
        "SELECT r.id, SUM(l.amount_fen) FROM adjudication_automaticrun r "
        "JOIN adjudication_automaticline l ON l.run_id = r.id AND l.outcome = 'pays' "
        "WHERE r.state = 'proposed' GROUP BY r.id",
    ),
    Check(
        "免申即享：自动核定的金额",
        "SELECT claim_id, amount_fen FROM adjudication_automaticline WHERE outcome = 'decided'",
        "SELECT d.claim_id, d.total_fen FROM adjudication_decision d "
        "WHERE d.state IN ('final', 'corrected') AND d.corrects_id IS NULL AND EXISTS "
        "(SELECT 1 FROM adjudication_automaticline l WHERE l.claim_id = d.claim_id AND l.outcome = 'decided')",
    ),
)


def _liability(title: str, code: str, which: str) -> Check:
    """What lies on an account of the payouts, by office, against the payouts in these states."""
    return Check(
        title,
        f"SELECT office_id, {_owed(code)} FROM ledger_ledgerentry GROUP BY 1",
        "SELECT c.office_id, SUM(p.amount_fen) FROM payouts_payout p "
        "JOIN adjudication_decision d ON d.id = p.decision_id JOIN claims_claim c ON c.id = d.claim_id "
        f"WHERE {which} GROUP BY 1",
    )


PAYMENTS = (
    Check(
        "给付金额：核定合计",
        "SELECT id, amount_fen + set_off_fen FROM payouts_payout",
        "SELECT p.id, CASE WHEN d.corrects_id IS NULL THEN d.total_fen ELSE (SELECT SUM(f.amount_fen) "
        "FROM payouts_difference f WHERE f.decision_id = d.id AND f.amount_fen > 0) END FROM payouts_payout p "
        "JOIN adjudication_decision d ON d.id = p.decision_id AND d.state IN ('final', 'corrected') "
        "AND d.verdict = 'pay'",
    ),
    Check(
        "批次笔数：批次里的给付",
        "SELECT number, count FROM payouts_payoutbatch WHERE state <> 'void'",
        "SELECT b.number, COUNT(*) FROM payouts_payout p JOIN payouts_payoutbatch b ON b.id = p.batch_id GROUP BY 1",
        unit="笔",
    ),
    Check(
        "批次合计：批次里的给付",
        "SELECT number, total_fen FROM payouts_payoutbatch WHERE state <> 'void'",
        "SELECT b.number, SUM(p.amount_fen) FROM payouts_payout p "
        "JOIN payouts_payoutbatch b ON b.id = p.batch_id GROUP BY 1",
    ),
    Check(
        "回盘笔数：有回音的给付",
        "SELECT b.number, SUM(r.paid_count + r.failed_count) FROM payouts_replyfile r "
        "JOIN payouts_payoutbatch b ON b.id = r.batch_id GROUP BY 1",
        "SELECT b.number, COUNT(*) FROM payouts_payout p JOIN payouts_payoutbatch b ON b.id = p.batch_id "
        "WHERE p.answered_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM payouts_doubtanswer a "
        "WHERE a.payout_id = p.id AND a.state = 'confirmed') GROUP BY 1",
        unit="笔",
    ),
    _liability("应付互助金：在途的给付", "2001", "p.state IN ('scheduled', 'in_batch', 'sent')"),
    _liability(
        "银行退回待重发：退回而没有重发的给付",
        "2002",
        "p.state = 'failed' AND NOT EXISTS (SELECT 1 FROM payouts_payout q WHERE q.replaces_id = p.id)",
    ),
    _liability("存疑待查：存疑的给付", "2003", "p.state = 'in_doubt'"),
    Check(
        "互助金支出：排过款的核定",
        "SELECT scheme_slug, SUM(CASE WHEN debit_id LIKE '50%' THEN amount_fen ELSE 0 END "
        "- CASE WHEN credit_id LIKE '50%' THEN amount_fen ELSE 0 END) FROM ledger_ledgerentry "
        f"WHERE {_NOT_CLOSING} GROUP BY 1",
        "SELECT slug, SUM(fen) FROM (SELECT e.scheme_slug AS slug, r.amount_fen AS fen "
        "FROM adjudication_benefitresult r JOIN adjudication_adjudication a ON a.id = r.adjudication_id "
        "JOIN adjudication_decision d ON d.id = a.decision_id JOIN enrolment_enrolment e ON e.id = a.enrolment_id "
        f"WHERE d.corrects_id IS NULL AND {_BOOKED.format('d.id')} UNION ALL "
        "SELECT e.scheme_slug, f.amount_fen FROM payouts_difference f "
        "JOIN enrolment_enrolment e ON e.id = f.enrolment_id "
        f"WHERE f.amount_fen < 0 OR ({_BOOKED.format('f.decision_id')})) t GROUP BY slug",
    ),
    Check(
        "已到账：付款凭证",
        "SELECT decision_id, SUM(amount_fen) FROM payouts_payout WHERE state = 'paid' "
        "OR id IN (SELECT payout_id FROM payouts_bankreturn WHERE state = 'confirmed') GROUP BY 1",
        "SELECT d.id, SUM(l.amount_fen) FROM (SELECT id, 'decision:' || id || ':paid' AS source "
        "FROM adjudication_decision UNION ALL SELECT p.decision_id, 'decision:' || p.decision_id || ':paid:' || r.id "
        "FROM payouts_bankreturn r JOIN payouts_payout p ON p.id = r.payout_id) d JOIN ledger_voucher v "
        "ON v.source = d.source JOIN ledger_ledgerentry l ON l.voucher_id = v.id AND l.credit_id = '1001' GROUP BY d.id",
    ),
    Check(
        "银行退回的已到账款：来款和凭证",
        "SELECT u.voucher_id, s.amount_fen FROM payouts_bankreturn r JOIN bank_statementline s ON s.id = r.line_id "
        "JOIN contributions_lineuse u ON u.line_id = s.id AND u.ended_at IS NULL WHERE r.state = 'confirmed'",
        "SELECT voucher_id, SUM(amount_fen) FROM ledger_ledgerentry "
        "WHERE debit_id = '1001' AND credit_id = '2002' GROUP BY 1",
    ),
    Check(
        "银行存款：到账减已付，加还在账上的",
        "SELECT SUM(CASE WHEN debit_id LIKE '100%' THEN amount_fen ELSE 0 END "
        "- CASE WHEN credit_id LIKE '100%' THEN amount_fen ELSE 0 END) FROM ledger_ledgerentry",
        "SELECT (SELECT COALESCE(SUM(amount_fen), 0) FROM contributions_receipt) "
        f"+ (SELECT COALESCE({_owed('2101', '2102', '2103', '4101', '5101')}, 0) FROM ledger_ledgerentry "
        f"WHERE {_NOT_CLOSING}) "
        "+ (SELECT COALESCE(SUM(CASE WHEN reverses_id IS NULL THEN amount_fen ELSE -amount_fen END), 0) "
        "FROM ledger_manualvoucher WHERE state = 'posted' AND way = 'fund_opening') "
        "+ (SELECT COALESCE(SUM(amount_fen), 0) FROM payouts_clearing WHERE kind = 'returned' AND state = 'confirmed') "
        "- (SELECT COALESCE(SUM(amount_fen), 0) FROM payouts_payout WHERE state = 'paid')",
    ),
    Check(
        "已到账的申请：有到账的给付",
        "SELECT number, 1 FROM claims_claim WHERE state = 'paid'",
        "SELECT c.number, COUNT(DISTINCT c.number) FROM payouts_payout p "
        "JOIN adjudication_decision d ON d.id = p.decision_id JOIN claims_claim c ON c.id = d.claim_id "
        "WHERE p.state IN ('paid', 'set_off') GROUP BY c.number",
        unit="件",
    ),
)
OWED = (
    Check(
        "更正的差额：更正前后的核定",
        "SELECT decision_id, enrolment_id, amount_fen FROM payouts_difference",
        "SELECT f.decision_id, f.enrolment_id, COALESCE(n.total_fen, 0) - COALESCE(w.total_fen, 0) "
        "FROM payouts_difference f LEFT JOIN adjudication_adjudication n ON n.decision_id = f.decision_id "
        "AND n.enrolment_id = f.enrolment_id LEFT JOIN adjudication_adjudication w "
        "ON w.decision_id = f.before_id AND w.enrolment_id = f.enrolment_id",
    ),
    Check(
        "待收回：更正少了的差额",
        "SELECT difference_id, amount_fen FROM payouts_receivable",
        "SELECT id, -amount_fen FROM payouts_difference WHERE amount_fen < 0",
    ),
    Check(
        "已收回：抵扣、退回和不再收回之和",
        "SELECT id, cleared_fen FROM payouts_receivable",
        "SELECT receivable_id, SUM(amount_fen) FROM payouts_clearing WHERE state = 'confirmed' GROUP BY 1",
    ),
    Check(
        "应收追回：多发减抵扣、退回和不再收回",
        f"SELECT scheme_slug, office_id, -{_owed('1101')} FROM ledger_ledgerentry GROUP BY 1, 2",
        "SELECT slug, office, SUM(fen) FROM (SELECT e.scheme_slug AS slug, c.office_id AS office, "
        "-f.amount_fen - COALESCE((SELECT SUM(k.amount_fen) FROM payouts_clearing k WHERE k.receivable_id = r.id "
        "AND k.state = 'confirmed'), 0) AS fen FROM payouts_difference f "
        "JOIN enrolment_enrolment e ON e.id = f.enrolment_id JOIN adjudication_decision d ON d.id = f.decision_id "
        "JOIN claims_claim c ON c.id = d.claim_id LEFT JOIN payouts_receivable r ON r.difference_id = f.id "
        "WHERE f.amount_fen < 0) t GROUP BY slug, office",
    ),
    Check(
        "给付的抵扣：各笔抵扣之和",
        "SELECT decision_id, set_off_fen FROM payouts_payout p WHERE state <> 'replaced' AND NOT EXISTS "
        "(SELECT 1 FROM payouts_payout q WHERE q.replaces_id = p.id)",
        "SELECT decision_id, SUM(amount_fen) FROM payouts_clearing "
        "WHERE kind = 'set_off' AND state = 'confirmed' GROUP BY 1",
    ),
    Check(
        "给付减抵扣：银行代发的金额",
        "SELECT b.number, b.total_fen FROM payouts_payoutbatch b WHERE b.state <> 'void'",
        "SELECT b.number, SUM(CASE WHEN d.corrects_id IS NULL THEN d.total_fen ELSE (SELECT SUM(f.amount_fen) "
        "FROM payouts_difference f WHERE f.decision_id = d.id AND f.amount_fen > 0) END - p.set_off_fen) "
        "FROM payouts_payout p JOIN payouts_payoutbatch b ON b.id = p.batch_id "
        "JOIN adjudication_decision d ON d.id = p.decision_id GROUP BY 1",
    ),
)
_ACTS = """
    SELECT claim_id, 'opinion' AS act, given_by_id AS person FROM adjudication_firstopinion
    UNION SELECT claim_id, 'decision', decided_by_id FROM adjudication_decision
    UNION SELECT claim_id, 'second', second_by_id FROM adjudication_decision WHERE second_by_id IS NOT NULL
    UNION SELECT d.claim_id, 'maker', b.made_by_id FROM payouts_payoutbatch b
        JOIN payouts_payout p ON p.batch_id = b.id JOIN adjudication_decision d ON d.id = p.decision_id
    UNION SELECT d.claim_id, 'releaser', b.released_by_id FROM payouts_payoutbatch b
        JOIN payouts_payout p ON p.batch_id = b.id JOIN adjudication_decision d ON d.id = p.decision_id
        WHERE b.released_by_id IS NOT NULL
"""
PEOPLE = (
    Check(
        "五件事、五个人：一件申请上没有人出现两次",
        f"SELECT c.number, COUNT(*) FROM ({_ACTS}) t JOIN claims_claim c ON c.id = t.claim_id GROUP BY c.number",
        f"SELECT c.number, COUNT(DISTINCT t.person) FROM ({_ACTS}) t "
        "JOIN claims_claim c ON c.id = t.claim_id GROUP BY c.number",
        unit="人",
    ),
)
CHECKS = (*BOOKS, *KEEPING, *DISCLOSED, *FEES, *DECISIONS, *PAYMENTS, *OWED, *PEOPLE)
