"""The books: vouchers and their entries, months, days, years, what was published."""

# ruff: noqa: S608  nothing in these statements comes from outside this file

from huzhu.cli.checks.check import Check

_ENTRIES = "FROM ledger_voucher v LEFT JOIN ledger_ledgerentry l ON l.voucher_id = v.id"

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
