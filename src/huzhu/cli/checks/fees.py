"""Fees: dues, receipts, refunds, and the bank's lines."""

# ruff: noqa: S608  nothing in these statements comes from outside this file

from huzhu.cli.checks.check import NOT_CLOSING, Check, owed

_IN_FORCE = (
    "FROM contributions_contributiondue d JOIN enrolment_enrolment e "
    "ON e.roster_id = d.roster_id AND e.edition_id = d.edition_id WHERE e.state = 'in_force'"
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
        f"WHERE {NOT_CLOSING} GROUP BY 1",
        "SELECT e.slug, SUM(r.amount_fen) FROM contributions_receipt r "
        "JOIN contributions_share s ON s.id = r.share_id "
        "JOIN contributions_contributiondue d ON d.id = s.due_id "
        "JOIN schemes_schemeedition e ON e.id = d.edition_id GROUP BY e.slug",
    ),
    Check(
        "多缴款：账上的预收会费",
        "SELECT p.scheme_slug, o.agency_id, SUM(p.left_fen) FROM contributions_prepaid p "
        "JOIN contributions_officialreceipt o ON o.id = p.paper_id GROUP BY 1, 2",
        f"SELECT scheme_slug, office_id, {owed('2101')} FROM ledger_ledgerentry GROUP BY 1, 2",
    ),
    Check(
        "待查收款：各机构各年还没有查明的流水",
        "SELECT a.organisation_id, CAST(SUBSTR(CAST(l.booked_on AS TEXT), 1, 4) AS INTEGER), SUM(l.amount_fen - u.by_hand_fen) "
        "FROM contributions_lineuse u JOIN bank_statementline l ON l.id = u.line_id "
        "JOIN bank_ownaccount a ON a.id = l.account_id "
        "WHERE u.kind = 'suspense' AND u.ended_at IS NULL GROUP BY 1, 2",
        f"SELECT office_id, fund_year, {owed('2102')} FROM ledger_ledgerentry GROUP BY 1, 2",
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
        f"SELECT {owed('2103')} FROM ledger_ledgerentry",
    ),
    Check(
        "对账单：逐笔的余额",
        "SELECT id, balance_fen FROM bank_statementline",
        "SELECT id, amount_fen + COALESCE(LAG(balance_fen) OVER (PARTITION BY account_id ORDER BY position), "
        "balance_fen - amount_fen) FROM bank_statementline",
    ),
)
