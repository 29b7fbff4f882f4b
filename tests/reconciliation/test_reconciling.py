"""Books, payouts and bank in the database: eight faults, each found; payouts stand still until another person has explained."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from factories.bank import told
from factories.payouts import ANSWERED_AT, DECIDED_AT, a_batch, a_payout, a_released
from factories.reconciling import DAY, Month
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.bank.models import Stop
from huzhu.bank.stops import Stopped
from huzhu.core.money import yuan
from huzhu.db import guards
from huzhu.ledger import periods
from huzhu.ledger.models import LedgerEntry, Voucher
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.models import Payout, PayoutBatch
from huzhu.payouts.services import apply_reply
from huzhu.reconciliation import queries, services
from huzhu.reconciliation.models import Difference, Run
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
AT = DECIDED_AT + timedelta(days=20)


@pytest.fixture
def month(db):
    return Month()


def run(month, by=None):
    return services.run(account=month.account, by=by or month.desk.maker, at=AT)


def kinds():
    return set(Difference.objects.exclude(state="gone").values_list("kind", flat=True))


def explain(one, by, reason="银行已承认，八月二日冲回", cause="bank"):
    services.explain(difference=one, cause=cause, reason=reason, by=by, at=AT)


def unguarded(statement, *values):
    """As somebody with the database's own password would."""
    tables = ("ledger_voucher", "ledger_ledgerentry", "bank_statementline")
    connection.check_constraints()  # or PostgreSQL would alter no table before the end of the transaction
    with connection.cursor() as cursor:
        for table in tables:
            if connection.vendor == "postgresql":
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {guards.NAME}")
            else:
                for act in ("update", "delete", "insert"):
                    cursor.execute(f"DROP TRIGGER IF EXISTS {table}_{guards.NAME}_{act}")
        cursor.execute(statement, values)
    connection.check_constraints()
    guards.install()


@pytest.mark.parametrize("code", ["auditor", "leader", "agency_clerk"])
def test_who_only_reads_neither_compares_nor_explains(code, month):
    month.told_by_the_bank(*month.lines[:-1])
    run(month)
    by = a_role(code, month.desk.city if code == "agency_clerk" else month.desk.province)
    with pytest.raises(NotAllowed):
        run(month, by)
    with pytest.raises(NotAllowed):
        explain(Difference.objects.get(), by)
    assert bool(queries.differences(by)) == (code != "agency_clerk")


def test_a_month_on_which_all_agree_is_silent(month):
    month.told_by_the_bank()
    made = run(month)
    assert (made.found_count, made.open_count, made.difference_fen) == (0, 0, 0)
    assert made.book_fen == 10_000_000 - 171_400 - 50_000 - 60_000
    assert services.said(made).endswith("逐笔相符。")
    assert not Stop.objects.exists()
    assert [day.difference_fen for day in queries.days(month.account)] == [0, 0]


def test_a_bank_that_shows_batches_as_sums_is_silent_too(month):
    sums = [
        told(DAY, f"S{at}", yuan(-one.total_fen), "", "", f"代发 {one.number}")
        for at, one in enumerate(month.batches)
    ]
    month.told_by_the_bank(month.lines[0], *sums)
    assert run(month).found_count == 0


def test_a_days_thousandth_batch_is_known_by_its_number(month):
    for one, number in zip(month.batches, ("20220715-1000", "20220715-100"), strict=True):
        PayoutBatch.objects.filter(pk=one.pk).update(number=number)
        one.refresh_from_db()
    test_a_bank_that_shows_batches_as_sums_is_silent_too(month)


def bank_line_missing(month):
    month.told_by_the_bank(*month.lines[1:])


def bank_line_extra(month):
    month.told_by_the_bank(*month.lines, told(DAY, "X", "77.00", "某人"))


def bank_amount_wrong(month):
    *first, last = month.lines
    month.told_by_the_bank(*first, (*last[:2], "-600.01", *last[3:]))


def bank_paid_twice(month):
    last = month.lines[-1]
    month.told_by_the_bank(*month.lines, (last[0], "TWICE", *last[2:]))


def paid_without_a_bank_line(month):
    month.told_by_the_bank(*month.lines[:-1])


def voucher_missing(month):
    month.told_by_the_bank()
    source = f"decision:{month.payouts[0].decision_id}:paid"
    found = Voucher.objects.get(source=source)
    unguarded("DELETE FROM ledger_ledgerentry WHERE voucher_id = %s", found.pk)
    unguarded("DELETE FROM ledger_voucher WHERE id = %s", found.pk)


def voucher_amount_differs(month):
    month.told_by_the_bank()
    entry = LedgerEntry.objects.get(voucher__source=f"decision:{month.payouts[0].decision_id}:paid")
    unguarded("UPDATE ledger_ledgerentry SET amount_fen = amount_fen + 1 WHERE id = %s", entry.pk)


def bank_day_differs(month):
    *first, last = month.lines
    month.told_by_the_bank(*first, ("2022-07-18", *last[1:]))


def bank_batch_differs(month):
    *first, last = month.lines
    month.told_by_the_bank(*first, (*last[:5], f"互助金 {month.batches[0].number}"))


FAULTS = {
    bank_line_missing: "bank_missing",
    bank_line_extra: "bank_extra",
    bank_amount_wrong: "amount",
    bank_paid_twice: "twice",
    paid_without_a_bank_line: "not_paid",
    voucher_missing: "no_voucher",
    voucher_amount_differs: "book_amount",
    bank_day_differs: "wrong_day",
    bank_batch_differs: "wrong_batch",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_injected_fault_is_reported_and_stops_payouts(fault, month):
    fault(month)
    waiting = a_payout(month.desk)
    made = run(month)
    assert kinds() == {FAULTS[fault]}
    assert made.open_count == 1
    with pytest.raises(Stopped, match="对账有 1 条差异没有说明"):
        a_batch(month.desk, waiting)
    assert Payout.objects.get(pk=waiting.pk).state == "scheduled"


def test_a_batch_whose_sum_agrees_and_whose_people_do_not_stops_payouts(month):
    first, liu, wang, zhang = month.lines
    month.told_by_the_bank(
        first, (*liu[:2], wang[2], *liu[3:]), (*wang[:2], "-1714.00", "陌生人", *wang[4:]), zhang
    )
    waiting = a_payout(month.desk)
    made = run(month)
    assert made.difference_fen == 0
    assert kinds() == {"amount", "not_paid", "bank_extra"}
    with pytest.raises(Stopped, match="对账有 3 条差异没有说明"):
        a_batch(month.desk, waiting)


def test_payouts_go_on_when_another_person_has_explained(month):
    bank_paid_twice(month)
    waiting = a_payout(month.desk)
    run(month)
    found = Difference.objects.get()
    with pytest.raises(services.SamePerson):
        explain(found, month.desk.maker)  # took the statement in
    for wrong in ({"reason": " 对 "}, {"cause": "whim"}):
        with pytest.raises(services.ExplanationRefused):
            explain(found, month.second, **wrong)
    explain(found, month.second)
    with pytest.raises(services.ExplanationRefused, match="已说明"):
        explain(found, month.second)
    assert a_batch(month.desk, waiting).count == 1
    assert run(month).open_count == 0
    assert list(
        Event.objects.filter(verb="reconciliation.explain").order_by("pk").values_list("actor_id", flat=True)
    ) == [month.second.actor_id]


def test_whoever_released_the_batch_does_not_explain_its_payment(month):
    paid_without_a_bank_line(month)
    run(month)
    with pytest.raises(services.SamePerson):
        explain(Difference.objects.get(), month.desk.releaser)


def test_a_difference_that_the_next_statement_mends_is_gone_and_payouts_go_on(month):
    paid_without_a_bank_line(month)
    run(month)
    assert Stop.objects.open().exists()
    month.account.statements.all()
    from factories.bank import TAKEN_AT, as_csv, rows_of  # noqa: PLC0415
    from huzhu.bank.services import Typed, take  # noqa: PLC0415

    late = [*month.lines[:-1], month.lines[-1]]
    take(
        account=month.account,
        name="a.csv",
        data=as_csv(rows_of(late)),
        typed=Typed(),
        by=month.desk.maker,
        at=TAKEN_AT,
    )
    made = run(month)
    assert (made.found_count, kinds()) == (0, set())
    assert not Stop.objects.open().exists()
    assert Difference.objects.get().state == "gone"


def test_the_worker_compares_every_account_and_running_again_writes_no_second_difference(month):
    bank_line_extra(month)
    for _ in range(2):
        assert [one.open_count for one in services.run_all(at=AT)] == [1]
    assert (Difference.objects.count(), Run.objects.count(), Stop.objects.count()) == (1, 2, 1)


def test_an_account_without_a_statement_has_nothing_to_compare(month):
    with pytest.raises(services.NothingToCompare):
        run(month)
    assert services.run_all(at=AT) == []


def test_what_came_before_the_first_day_must_agree_too(month):
    month.account.since = date(2022, 7, 15)
    month.account.save()
    from factories.bank import a_statement  # noqa: PLC0415

    a_statement(month.account, *month.lines[1:], by=month.desk.maker, opening="99999.00")
    made = run(month)
    assert made.difference_fen == 10_000_000 - 9_999_900
    assert kinds() == {"opening"}


def test_a_reversed_voucher_and_its_mirror_need_no_bank_line(month):
    from huzhu.ledger import services as ledger  # noqa: PLC0415
    from huzhu.ledger.accounts import BANK, IN_TRANSIT  # noqa: PLC0415

    rows = [ledger.Row(BANK, IN_TRANSIT, 500, "yichun-120", 2022, month.desk.city)]
    wrong = ledger.post(
        source="oops", posted_on=date(2022, 7, 15), note="错", rows=rows, by=month.desk.maker, at=AT
    )
    month.told_by_the_bank()
    assert run(month).found_count == 1
    ledger.reverse(voucher=wrong, reason="记错", posted_on=date(2022, 7, 16), by=month.desk.maker, at=AT)
    assert run(month).found_count == 0


def test_what_a_shut_month_moved_to_the_next_is_held_against_the_day_it_happened(month):
    from factories.ledger import a_row, a_voucher  # noqa: PLC0415

    month.told_by_the_bank(*month.lines, told("2022-07-20", "LATE", "80.00"))
    row = a_row(8_000, debit="1001", credit="1002", office=month.desk.city)
    periods.lock(book=month.desk.province, month="2022-07", by=month.desk.maker, at=AT)
    a_voucher(row, source="remittance:LATE:arrived", on=date(2022, 7, 20), or_later=True)
    late = Voucher.objects.get(source="remittance:LATE:arrived")
    assert (late.posted_on, late.happened_on) == (date(2022, 8, 1), date(2022, 7, 20))
    made = run(month)
    assert (made.found_count, made.difference_fen) == (0, 0)


def test_a_late_voucher_of_another_day_than_the_banks_is_still_a_difference(month):
    from factories.ledger import a_row, a_voucher  # noqa: PLC0415

    month.told_by_the_bank(*month.lines, told("2022-07-20", "LATE", "80.00"))
    row = a_row(8_000, debit="1001", credit="1002", office=month.desk.city)
    periods.lock(book=month.desk.province, month="2022-07", by=month.desk.maker, at=AT)
    a_voucher(row, source="remittance:LATE:arrived", on=date(2022, 7, 19), or_later=True)
    run(month)
    assert kinds() == {"wrong_day"}


@pytest.mark.parametrize(("unclear", "words"), [(True, "登记“已付”"), (False, "请导入回盘")])
def test_what_the_bank_paid_while_we_do_not_know_is_named_and_gone_once_it_is_known(month, unclear, words):
    waiting = a_payout(month.desk, 30_000, name="李四")
    batch = a_released(month.desk, waiting)
    if unclear:
        doubt = reply_for(batch, ANSWERED_AT, unclear_lines={1})
        apply_reply(batch=batch, data=doubt, by=month.desk.maker, at=ANSWERED_AT)
    batch.refresh_from_db()
    month.told_by_the_bank(
        *[one for one in month.lines if one[3] != "李四"],
        told(DAY, "LI", "-300.00", "李四", "", f"互助金 {batch.number}"),
    )
    run(month)
    [found] = Difference.objects.exclude(state="gone")
    assert (found.kind, found.payout_id) == ("bank_paid", waiting.pk)
    assert words in found.words
    apply_reply(batch=batch, data=reply_for(batch, ANSWERED_AT), by=month.desk.maker, at=ANSWERED_AT)
    assert run(month).found_count == 0


def test_what_is_paid_this_afternoon_is_not_missing_in_this_mornings_statement(month):
    from factories.bank import a_statement  # noqa: PLC0415

    morning, evening = (datetime(2022, 7, 15, hour, tzinfo=UTC) for hour in (2, 11))
    a_statement(
        month.account, month.lines[0], told(DAY, "I1", "1.00", "利息"), by=month.desk.maker, at=morning
    )
    made = services.run(account=month.account, by=month.desk.maker, at=evening)
    assert (made.until, made.found_count, made.difference_fen) == (date(2022, 7, 14), 0, 0)
    told_before = [month.lines[0], told(DAY, "I1", "1.00", "利息")]
    a_statement(
        month.account,
        *told_before,
        *month.lines[1:],
        by=month.desk.maker,
        last_on=date(2022, 7, 15),
        at=evening,
    )
    made = services.run(account=month.account, by=month.desk.maker, at=evening)
    assert (made.until, kinds()) == (date(2022, 7, 15), {"bank_extra"})  # the interest is not booked


def test_an_account_of_which_only_today_was_told_begins_with_what_lay_there_before(month):
    from factories.bank import a_statement  # noqa: PLC0415

    month.account.since = date(2022, 7, 15)
    month.account.save()
    morning = datetime(2022, 7, 15, 2, tzinfo=UTC)
    a_statement(month.account, month.lines[1], by=month.desk.maker, opening="100000.00", at=morning)
    made = run(month)
    assert (made.until, made.found_count, made.bank_fen) == (date(2022, 7, 14), 0, 10_000_000)
