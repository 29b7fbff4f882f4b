"""huzhu verify: nothing differs in an honest house, and each seeded fault is found by name."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction

from factories.bank import a_statement, an_own_account, the_line, told
from factories.clawing import OWED_FAULTS
from factories.contributions import a_split, all_paid, an_accepted_roster
from factories.enrolment import START, UPLOADED_AT, some_workers
from factories.payouts import ANSWERED_AT, HOUR, Desk, a_final_decision, a_payout, an_answered
from factories.schemes import the_inpatient_scheme
from factories.users import a_role, a_user
from huzhu.adjudication.models import AutomaticLine, AutomaticRun
from huzhu.audit.services import seal
from huzhu.cli import site
from huzhu.cli.checks import CHECKS
from huzhu.cli.main import main
from huzhu.cli.verify import _width
from huzhu.contributions import claiming, refunds
from huzhu.contributions.models import Prepaid
from huzhu.contributions.pledges import pledge
from huzhu.contributions.services import Money
from huzhu.disclosure import services as disclosure
from huzhu.ledger import closing, dayclose, manual, periods, remitting
from huzhu.ledger.models import Remittance
from huzhu.members import hardship
from huzhu.members.queries import by_numbers
from huzhu.payouts import services
from huzhu.users.models import Role


@pytest.fixture
def honest(db) -> Desk:
    """Fees came in, one claim was paid, one sent back by the bank and made anew, one waits, one is not scheduled."""
    desk = Desk()
    clerk = a_role("agency_clerk", desk.city)
    a_split(desk.employer, by=clerk)
    all_paid(an_accepted_roster(desk.employer, [the_inpatient_scheme()], some_workers(2), by=clerk), by=clerk)
    a_sponsored_roster(desk, clerk)
    batch = an_answered(desk, a_payout(desk), a_payout(desk, 5_000, name="王小明"), fail_lines=[2])
    services.pay_again(payout=batch.payouts.get(line=2), by=desk.maker, at=ANSWERED_AT + HOUR)
    an_answered(desk, fail_lines=[1])
    a_payout(desk, 700)
    two_runs(desk, a_final_decision(desk, 900))
    a_bank_day(desk, clerk)
    books_are_kept(desk, clerk)
    seal(at=ANSWERED_AT)
    return desk


def two_runs(desk: Desk, decision) -> None:
    """One claim was decided by a run; another waits for the second person's word."""
    other = a_final_decision(desk, 800)
    for outcome, one, state in (("decided", decision, "done"), ("pays", other, "proposed")):
        settled = {"settled_by": a_user("陈复核"), "settled_at": ANSWERED_AT} if state == "done" else {}
        run = AutomaticRun.objects.create(
            organisation=desk.province,
            state=state,
            started_by=one.decided_by,
            started_at=ANSWERED_AT,
            found_count=1,
            found_fen=one.total_fen,
            **settled,
        )
        AutomaticLine.objects.create(
            run=run, claim=one.claim, place=1, outcome=outcome, amount_fen=one.total_fen, ground="x"
        )


def a_bank_day(desk: Desk, clerk: Role) -> None:
    """What the bank says: a transfer of too much, of which the rest is on its way back, and money that nobody knows."""
    account = an_own_account(desk.city, by=desk.maker)
    a_statement(account, told("2022-07-14", "V1", "150.00"), told("2022-07-15", "V2", "9.99"), by=desk.maker)
    later = START.replace(year=2024)
    roster = an_accepted_roster(
        desk.employer, [the_inpatient_scheme()], some_workers(1), by=clerk, starts_on=later
    )
    parts = [Money(one, one.left_fen) for due in roster.dues.all() for one in due.shares.all()]
    claiming.claim(line=the_line("V1"), parts=parts, by=clerk, at=ANSWERED_AT)
    claiming.post_line(line=the_line("V2"), kind="suspense", by=clerk, at=ANSWERED_AT)
    payee = refunds.Payee("某单位", "某银行", "62220000")
    [rest] = Prepaid.objects.all()
    asked = refunds.propose(prepaid=rest, payees=[payee], reason="多汇了", by=clerk, at=ANSWERED_AT)
    listed = refunds.make_list(refunds=[asked], by=desk.maker, at=ANSWERED_AT)
    refunds.release(listed=listed, by=desk.releaser, at=ANSWERED_AT)


def books_are_kept(desk: Desk, clerk: Role) -> None:
    """Money was sent up and came back, a voucher was reversed, every month is closed, days are signed, the year is closed."""
    day, at = date(2023, 3, 1), datetime(2023, 3, 1, 4, tzinfo=UTC)
    for reference, fen in (("S-1", 1_000), ("S-2", 500), ("S-3", 100)):
        remitting.send(
            office=desk.city, amount_fen=fen, sent_on=day, bank_reference=reference, by=clerk, at=at
        )
    first, second = Remittance.objects.order_by("pk")[:2]
    remitting.arrive(remittance=first, arrived_on=day, by=desk.maker, at=at)
    remitting.give_back(remittance=second, reason="银行退回", by=desk.maker, at=at)
    given = manual.propose(
        book=desk.province,
        way="union_in",
        amount_fen=100,
        posted_on=day,
        basis="省总拨款",
        by=desk.maker,
        at=at,
    )
    manual.confirm(manual=given, by=desk.releaser, at=at)
    for month in months_to("2022-12", desk):
        period = periods.lock(book=desk.province, month=month, by=desk.maker, at=at)
        periods.close(period=period, by=desk.releaser, at=at)
    for signed in (date(2022, 7, 15), day):
        dayclose.sign(book=desk.province, day=signed, by=desk.maker, at=at)
    span = {"book": desk.province, "first": "2022-01", "last": "2022-12"}
    asked = disclosure.propose(**span, by=desk.maker, at=at)
    disclosure.publish(accounts=asked, by=desk.releaser, at=at)
    rate = closing.propose_rate(
        book=desk.province,
        valid_from=date(2022, 1, 1),
        basis="income",
        basis_points=500,
        clause="办法",
        by=desk.maker,
        at=at,
    )
    closing.confirm_rate(rate=rate, by=desk.releaser, at=at)
    proposed = closing.propose(book=desk.province, fund_year=2022, by=desk.maker, at=at)
    closing.confirm(closing=proposed, by=desk.releaser, at=at)


def months_to(last: str, desk: Desk) -> Iterator[str]:
    while (month := periods.next_to_lock(desk.province)) <= last:
        yield month


def a_sponsored_roster(desk: Desk, clerk: Role) -> None:
    """A worker in hardship whose part of the fee somebody pledged."""
    rows = some_workers(1)
    an_accepted_roster(desk.employer, [the_inpatient_scheme()], rows, by=clerk)
    hardship.mark(members=by_numbers([rows[0][1]]).values(), by=clerk, at=UPLOADED_AT)
    pledge(
        sponsor_name="王包联",
        sponsor_kind="person",
        is_named=False,
        place=desk.employer,
        from_year=2023,
        by=clerk,
        at=UPLOADED_AT,
    )
    next_year = START.replace(year=2023)
    an_accepted_roster(desk.employer, [the_inpatient_scheme()], rows, by=clerk, starts_on=next_year)


@contextmanager
def seeded(*faults: str):
    """Somebody at the database prompt, past the guards; all of it is undone afterwards."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            for statement in (*unlocked(), *faults):
                cursor.execute(statement)
        yield
        transaction.set_rollback(True)


def unlocked() -> list[str]:
    tables = ("audit_event", "ledger_voucher", "ledger_ledgerentry", "bank_statementline", "ledger_dayclose",
              "contributions_receipt", "payouts_replyfile")  # fmt: skip
    if connection.vendor == "postgresql":
        return ["SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED"] + [
            f"DROP TRIGGER append_only ON {table}" for table in tables
        ]
    return [
        f"DROP TRIGGER {table}_append_only_{act}"
        for table in tables
        for act in ("update", "delete", "insert")
    ]


def said_by(capsys) -> tuple[int, str]:
    status = main(["verify"])
    return status, capsys.readouterr().out


def test_an_honest_house_shows_noughts(honest, capsys):
    status, said = said_by(capsys)
    assert status == 0, said
    assert said.count("✓") == len(CHECKS) + 6
    assert f"{len(CHECKS) + 6} 项核对全部相符，差额 0。" in said


def test_an_empty_house_shows_noughts(db, capsys):
    assert said_by(capsys)[0] == 0


ONE = "(SELECT MIN(id) FROM {0})"
FAULTS = {
    "凭证号连续": "DELETE FROM ledger_ledgerentry WHERE voucher_id = (SELECT MAX(id) FROM ledger_voucher); "
    "DELETE FROM ledger_voucher WHERE id = (SELECT MAX(id) FROM ledger_voucher)",
    "凭证的分录数": "DELETE FROM ledger_ledgerentry WHERE id = (SELECT MAX(id) FROM ledger_ledgerentry)",
    "凭证的金额": "UPDATE ledger_ledgerentry SET amount_fen = amount_fen + 1 "
    "WHERE id = (SELECT MIN(id) FROM ledger_ledgerentry)",
    "会计月份与日期": "UPDATE ledger_ledgerentry SET month = '2021-12' "
    "WHERE id = (SELECT MIN(id) FROM ledger_ledgerentry)",
    "应缴：份数 × 会费": "UPDATE contributions_contributiondue SET units = units + 1",
    "应缴份数：没有作废的参保": "UPDATE enrolment_enrolment SET shares = shares + 1 WHERE roster_id IS NOT NULL",
    "冲销凭证": "UPDATE ledger_ledgerentry SET fund_year = 2019 WHERE voucher_id = "
    "(SELECT id FROM ledger_voucher WHERE reverses_id IS NOT NULL)",
    "锁账以后": "UPDATE ledger_period SET upto = 0",
    "上解：": "UPDATE ledger_remittance SET amount_fen = amount_fen + 1",
    "手工凭证：": "UPDATE ledger_manualvoucher SET amount_fen = amount_fen + 1",
    "日结：到": "UPDATE ledger_ledgerentry SET debit_id = '1101' WHERE debit_id = '1003' AND credit_id = '4001'",
    "日结：上": "UPDATE ledger_dayclose SET before_id = NULL",
    "公示的收入": "UPDATE ledger_ledgerentry SET credit_id = '1101' WHERE credit_id = '4001'",
    "公示的支出": "UPDATE ledger_ledgerentry SET debit_id = '1101' WHERE debit_id = '5001'",
    "公示的累计结余": "UPDATE ledger_ledgerentry SET debit_id = '5001' WHERE debit_id = '1003'",
    "公示的互助基金": "UPDATE ledger_ledgerentry SET month = '2022-01' WHERE '3001' IN (debit_id, credit_id)",
    "公示的备付金": "UPDATE ledger_ledgerentry SET month = '2022-01' WHERE credit_id = '3002'",
    "年度结转：转入基金": "UPDATE ledger_yearclosing SET income_fen = income_fen + 1",
    "年度结转：转入备": "UPDATE ledger_yearclosing SET reserve_fen = reserve_fen + 1",
    "应缴：各方分担之和": "UPDATE contributions_contributiondue SET amount_fen = amount_fen + 1",
    "保障中的人": "UPDATE contributions_share SET received_fen = received_fen - 1 WHERE received_fen > 0",
    "资助：各人之和": "UPDATE contributions_gift SET amount_fen = amount_fen + 1",
    "已收：到账之和": "UPDATE contributions_receipt SET amount_fen = amount_fen - 1",
    "到账和退费：凭证上的会费收入": "UPDATE contributions_receipt SET amount_fen = amount_fen - 1",
    "收据：它的各笔到账、多缴和红字": "UPDATE contributions_officialreceipt SET amount_fen = amount_fen + 1 "
    "WHERE red_of_id IS NULL",
    "多缴款：账上的预收会费": "UPDATE contributions_prepaid SET left_fen = left_fen + 1",
    "待查收款：各机构各年还没有查明的流水": "UPDATE contributions_lineuse SET kind = 'interest' WHERE kind = 'suspense'",
    "退费：各收款人之和": "UPDATE contributions_refund SET amount_fen = amount_fen + 1",
    "应退会费：已放行没有付出的退费": "UPDATE contributions_refundpart SET amount_fen = amount_fen + 1",
    "对账单：逐笔的余额": "UPDATE bank_statementline SET balance_fen = balance_fen + 1 WHERE position = 2",
    "收据号连续": "UPDATE contributions_officialreceipt SET number = number + 1 "
    "WHERE id = (SELECT MAX(id) FROM contributions_officialreceipt)",
    "会费收入：各方案的到账": "UPDATE ledger_ledgerentry SET credit_id = '3001' WHERE credit_id LIKE '4%'",
    "核定合计：各份参保之和": "UPDATE adjudication_decision SET total_fen = total_fen + 1",
    "参保的核定：各项之和": "UPDATE adjudication_benefitresult SET amount_fen = amount_fen + 1",
    "累计已用：生效的核定": "UPDATE adjudication_runningtotal SET used_fen = used_fen + 1",
    "累计次数：生效的核定": "UPDATE adjudication_runningtotal SET claims_count = claims_count + 1",
    "免申即享：待确认的合计": "UPDATE adjudication_automaticrun SET found_fen = found_fen + 1",
    "免申即享：自动核定的金额": "UPDATE adjudication_automaticline SET amount_fen = amount_fen + 1",
    "给付金额：核定合计": "UPDATE payouts_payout SET amount_fen = amount_fen + 1",
    "批次笔数：批次里的给付": "UPDATE payouts_payoutbatch SET count = count + 1",
    "批次合计：批次里的给付": "UPDATE payouts_payoutbatch SET total_fen = total_fen + 1",
    "回盘笔数：有回音的给付": "UPDATE payouts_replyfile SET paid_count = paid_count + 1",
    "应付互助金：在途的给付": "UPDATE ledger_ledgerentry SET credit_id = '3001' WHERE credit_id = '2001'",
    "银行退回待重发": "UPDATE ledger_ledgerentry SET credit_id = '3001' WHERE credit_id = '2002'",
    "存疑待查": "UPDATE ledger_ledgerentry SET credit_id = '2003' WHERE credit_id = '2001'",
    "互助金支出：排过款的核定": "UPDATE ledger_ledgerentry SET debit_id = '3001' WHERE debit_id = '5001'",
    "已到账：付款凭证": "UPDATE ledger_voucher SET source = 'lost' WHERE source LIKE '%:paid'",
    "银行退回的已到账款": "UPDATE ledger_ledgerentry SET debit_id = '1001' WHERE credit_id = '2002'",
    "银行存款：到账减已付，加还在账上的": "UPDATE ledger_ledgerentry SET credit_id = '3001' WHERE credit_id = '1001'",
    "已到账的申请：有到账的给付": "UPDATE claims_claim SET state = 'paid', paid_at = decided_at",
    "五件事、五个人": "UPDATE payouts_payoutbatch SET released_by_id = "
    "(SELECT MIN(decided_by_id) FROM adjudication_decision d JOIN payouts_payout p ON p.decision_id = d.id "
    "WHERE p.batch_id = payouts_payoutbatch.id)",
    "试算平衡": "UPDATE ledger_ledgerentry SET credit_id = '1999' WHERE credit_id = '2001'",
    "审计记录的链": "UPDATE audit_event SET verb = 'nothing' WHERE id = (SELECT MIN(id) FROM audit_event)",
    "防改保护": "SELECT 1",
}


@pytest.mark.parametrize("title", FAULTS)
def test_a_seeded_fault_is_found(honest, capsys, title):
    with seeded(*FAULTS[title].split("; ")):
        status, said = said_by(capsys)
    assert status == 1
    [line] = [line for line in said.splitlines() if line.startswith(title) and "（" in line and "  " in line]
    assert line.rstrip().endswith("条不符"), said


FEE = "WHERE id = (SELECT MIN(id) FROM ledger_ledgerentry WHERE credit_id = '4001')"
PAY = "WHERE id = (SELECT MIN(id) FROM ledger_ledgerentry WHERE debit_id = '5001')"
LAST = "WHERE id = (SELECT MAX(voucher_id) FROM ledger_ledgerentry WHERE month = '2022-07')"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ("ledger_ledgerentry SET credit_id = '4004'", FEE),
        ("ledger_ledgerentry SET debit_id = '5003'", PAY),
        ("ledger_ledgerentry SET fund_year = fund_year + 1", FEE),
        ("ledger_ledgerentry SET office_id = (SELECT MIN(id) FROM organisations_organisation)", FEE),
        ("ledger_ledgerentry SET scheme_slug = 'other'", FEE),
        ("ledger_voucher SET posted_on = '2022-07-01'", LAST),
    ],
)
def test_an_entry_that_was_moved_to_another_place_is_found(honest, capsys, change, where):
    with seeded(f"UPDATE {change} {where}"):
        status, said = said_by(capsys)
    assert status == 1
    assert "凭证的日期和分录（处）" in said
    assert "日期或分录和记账时不一样" in said


def test_every_check_has_a_fault_that_it_finds():
    for check in CHECKS:
        assert any(check.title.startswith(title) for title in (*FAULTS, *OWED_FAULTS))


def test_differences_are_told_with_their_sums_and_do_not_cancel(honest, capsys):
    faults = (
        "UPDATE payouts_payoutbatch SET total_fen = total_fen + 100 WHERE number LIKE '%001'",
        "UPDATE payouts_payoutbatch SET total_fen = total_fen - 100 WHERE number LIKE '%002'",
    )
    with seeded(*faults):
        _, said = said_by(capsys)
    assert "20220714-001：账面 1,765.00，重算 1,764.00，差 1.00" in said
    assert "20220714-002：账面 1,713.00，重算 1,714.00，差 -1.00" in said
    [line] = [line for line in said.splitlines() if line.startswith("批次合计")][:1]
    assert line.split("✕")[0].split()[-1] == "2.00"


def test_the_columns_stand_under_each_other(honest, capsys):
    _, said = said_by(capsys)
    rows = said.splitlines()[: len(CHECKS) + 6]
    assert len({_width(row.partition("✓")[0].rstrip()) for row in rows[1:]}) == 1


def test_a_site_that_cannot_be_opened_is_said(monkeypatch, capsys):
    def closed():
        raise site.SiteClosed("环境变量 HUZHU_KEYS 没有设置")

    monkeypatch.setattr(site, "ready", closed)
    assert main(["verify"]) == 1
    assert "HUZHU_KEYS 没有设置" in capsys.readouterr().err


@pytest.mark.django_db(transaction=True)
def test_outside_a_test_it_reads_one_moment_and_leaves_nothing_open(capsys):
    assert said_by(capsys)[0] == 0
    assert not connection.in_atomic_block
    with transaction.atomic():
        Desk()
