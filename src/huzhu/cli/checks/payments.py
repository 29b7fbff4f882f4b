"""Aid: decisions, payouts, what is owed back, and who did what."""

# ruff: noqa: S608  nothing in these statements comes from outside this file

from huzhu.cli.checks.check import NOT_CLOSING, Check, owed

_FINAL_RESULTS = """
    FROM adjudication_benefitresult r
    JOIN adjudication_adjudication a ON a.id = r.adjudication_id
    JOIN adjudication_decision d ON d.id = a.decision_id
    JOIN claims_claim c ON c.id = d.claim_id
    JOIN enrolment_enrolment e ON e.id = a.enrolment_id
    WHERE d.state = 'final' AND d.verdict = 'pay'
"""
_BY_TOTAL = "c.member_id, e.scheme_slug, e.cover_starts_on, r.name"
# a decision whose payout stands in the books: one was scheduled, and none was replaced after a correction
_BOOKED = (
    "EXISTS (SELECT 1 FROM payouts_payout p WHERE p.decision_id = {0}) AND NOT EXISTS "
    "(SELECT 1 FROM payouts_payout p WHERE p.decision_id = {0} AND p.state = 'replaced')"
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
        f"SELECT office_id, {owed(code)} FROM ledger_ledgerentry GROUP BY 1",
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
        f"WHERE {NOT_CLOSING} GROUP BY 1",
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
        f"+ (SELECT COALESCE({owed('2101', '2102', '2103', '4101', '5101')}, 0) FROM ledger_ledgerentry "
        f"WHERE {NOT_CLOSING}) "
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
        f"SELECT scheme_slug, office_id, -{owed('1101')} FROM ledger_ledgerentry GROUP BY 1, 2",
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
