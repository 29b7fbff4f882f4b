"""Files to and from the bank, as a person would read them."""

from datetime import timedelta

import pytest

from factories.payouts import ANSWERED_AT, DECIDED_AT, HOUR, a_batch, a_payout, a_released
from huzhu.audit.models import Event
from huzhu.bank.files import Answer, NotForTheBank, ReplyRefused, digest, write_reply
from huzhu.bank.sealing import SealBroken, kept
from huzhu.core import money
from huzhu.ledger.models import Voucher
from huzhu.members.models import BankAccount
from huzhu.payouts import bankfile, services
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.lifecycle import CannotMove
from huzhu.payouts.models import Payout, ReplyFile
from huzhu.payouts.replies import preview


def test_the_bank_file_is_this_text(desk):
    payouts = [a_payout(desk, 3_171_400), a_payout(desk, 5, name="王𬎆明")]
    batch = a_batch(desk, *payouts)
    first, second = (payout.decision.claim.number for payout in payouts)
    accounts = [payout.account_number for payout in payouts]
    assert bankfile.render(batch).decode("gb18030") == (
        "职工互助代发文件/1,20220714-001,2022-07-14,2,31714.05\r\n"
        "序号,户名,账号,开户行,金额,附言\r\n"
        f"1,刘女士,{accounts[0]},工商银行伊春支行,31714.00,互助金 {first}\r\n"
        f"2,王𬎆明,{accounts[1]},工商银行伊春支行,0.05,互助金 {second}\r\n"
        "合计,2,31714.05\r\n"
    )


def test_there_is_no_file_before_the_release(desk):
    batch = a_batch(desk)
    with pytest.raises(CannotMove, match="还没有放行"):
        services.hand_out(batch=batch, by=desk.maker, at=DECIDED_AT)


def test_the_file_is_sealed_at_release_and_is_the_same_until_the_bank_answers(desk):
    batch = a_released(desk)
    first = services.hand_out(batch=batch, by=desk.maker, at=ANSWERED_AT)
    again = services.hand_out(batch=batch, by=desk.releaser, at=ANSWERED_AT + HOUR)
    assert first == again
    assert digest(first) == batch.sha256
    assert Event.objects.filter(verb="payouts.hand_out", kind="reveal").count() == 2


@pytest.mark.parametrize("paid", [True, False, None])
def test_what_was_answered_is_not_given_again_to_a_bank_that_would_pay_it_twice(desk, paid):
    """Of two lines the second has no answer yet; the file would bring the first once more all the same."""
    batch = a_released(desk, a_payout(desk, 100), a_payout(desk, 250))
    one = Answer(0, 1, 100, paid, "" if paid else "账号与户名不符", ANSWERED_AT)
    data = write_reply(bankfile.form_of(batch), batch.number, [one])
    services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT)
    assert batch.payouts.get(line=2).state == "sent"
    with pytest.raises(services.NeverSentAgain, match="可能付两次"):
        services.hand_out(batch=batch, by=desk.maker, at=ANSWERED_AT + HOUR)
    assert not Event.objects.filter(verb="payouts.hand_out").exists()


@pytest.mark.parametrize("said", [{}, {"fail_lines": [1]}, {"unclear_lines": [1]}])
def test_to_a_bank_that_tells_them_apart_the_file_is_the_same_for_ever(desk, said):
    batch = services.make_batch(payouts=[a_payout(desk)], by=desk.maker, at=DECIDED_AT, form="fixed-txt")
    batch = services.release(batch=batch, by=desk.releaser, at=DECIDED_AT + HOUR)
    first = services.hand_out(batch=batch, by=desk.maker, at=ANSWERED_AT)
    data = reply_for(batch, ANSWERED_AT, **said)
    services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT)
    assert services.hand_out(batch=batch, by=desk.releaser, at=ANSWERED_AT + HOUR) == first


def test_a_file_that_is_not_the_sealed_one_is_not_handed_out(desk):
    batch = a_released(desk)
    batch.payouts.update(holder="别的人")
    assert kept(bankfile.seal_of(batch)) is None
    with pytest.raises(SealBroken, match="文件没有给出"):
        services.hand_out(batch=batch, by=desk.maker, at=ANSWERED_AT)


@pytest.mark.parametrize("holder", ["=HYPERLINK()", "+1", "-1", "@SUM", "刘\n女士", "刘\x07女士", ""])
def test_a_name_that_would_break_the_file_does_not_get_into_a_batch(desk, holder):
    payout = a_payout(desk)
    Payout.objects.filter(pk=payout.pk).update(holder=holder)
    BankAccount.objects.filter(member=payout.decision.claim.member).update(holder=holder)
    with pytest.raises(NotForTheBank, match="户名不能写进代发文件"):
        a_batch(desk, payout)


@pytest.fixture
def batch(desk):
    return a_released(desk, a_payout(desk, 100), a_payout(desk, 250))


def reply(
    batch, *lines: str, count: int | None = None, total: str = "3.50", head: str | None = None
) -> bytes:
    """A reply as typed here; {n} stands for the batch's number."""
    rows = [head or "批次号,序号,金额,结果,说明,时间", *lines]
    rows.append(f"合计,{len(lines) if count is None else count},{total}")
    return "\n".join(rows).replace("{n}", batch.number).encode("gb18030")


GOOD = ("{n},1,1.00,成功,已入账,2022-07-15 16:24:00", "{n},2,2.50,失败,账号已销户,2022-07-15 16:24:00")


def test_a_good_reply_is_shown_before_anything_is_changed(desk, batch):
    shown = preview(batch, reply(batch, *GOOD), ANSWERED_AT)
    assert (len(shown.paid), shown.paid_fen, len(shown.failed), shown.failed_fen) == (1, 100, 1, 250)
    assert shown.failed[0][1].words == "账号已销户"
    assert set(batch.payouts.values_list("state", flat=True)) == {"sent"}


BAD = {
    "an unknown line": (["{n},3,2.50,成功,,2022-07-15 16:24:00"], "没有序号 3（共 2 笔）"),
    "line nought": (["{n},0,2.50,成功,,2022-07-15 16:24:00"], "没有序号 0"),
    "another batch": (["20220101-001,1,2.50,成功,,2022-07-15 16:24:00"], "批次号是“20220101-001”"),
    "a line twice": (["{n},1,1.00,成功,,2022-07-15 16:24:00"], "序号 1 前面已经有过"),
    "another amount": (["{n},2,2.51,成功,,2022-07-15 16:24:00"], "金额是 2.51 元，我们送出的是 2.50 元"),
    "an amount in words": (["{n},2,贰元,成功,,2022-07-15 16:24:00"], "不是金额"),
    "an amount with a sign": (["{n},2,-2.50,成功,,2022-07-15 16:24:00"], "金额是 -2.50 元"),
    "no result": (["{n},2,2.50,,,2022-07-15 16:24:00"], "没有写结果"),
    "no time": (["{n},2,2.50,成功,,"], "时间“”不对"),
    "a day only": (["{n},2,2.50,成功,,2022-07-15"], "要写成 2022-07-15 16:24:00"),
    "before the release": (["{n},2,2.50,成功,,2022-07-14 16:24:00"], "早于放行"),
    "in the future": (["{n},2,2.50,成功,,2022-07-16 16:24:00"], "还没有到"),
    "a line too short": (["{n},2,2.50"], "只有 3 格"),
    "a line that is no number": (["{n},二,2.50,成功,,2022-07-15 16:24:00"], "序号“二”不是整数"),
    "an empty line": (["", "{n},2,2.50,成功,,2022-07-15 16:24:00"], "只有 0 格"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_reply_with_a_line_that_does_not_fit_is_refused_whole(desk, batch, case):
    lines, said = BAD[case]
    data = reply(batch, "{n},1,1.00,成功,已入账,2022-07-15 16:24:00", *lines)
    vouchers = Voucher.objects.count()
    with pytest.raises(ReplyRefused, match="一笔也没有入账") as refused:
        services.apply_reply(batch=batch, data=_balanced(data), by=desk.maker, at=ANSWERED_AT)
    assert said in str(refused.value)
    assert set(batch.payouts.values_list("state", flat=True)) == {"sent"}
    assert Voucher.objects.count() == vouchers
    assert not ReplyFile.objects.exists()


def _balanced(data: bytes) -> bytes:
    """The same with a foot that fits its lines, so that only the line itself is wrong."""
    lines = data.decode("gb18030").split("\n")
    amounts = []
    for line in lines[1:-1]:
        try:
            amounts.append(money.fen(line.split(",")[2]))
        except (IndexError, ValueError):
            continue
    lines[-1] = f"合计,{len(lines) - 2},{money.yuan(sum(amounts))}"
    return "\n".join(lines).encode("gb18030")


def test_all_bad_lines_are_named(desk, batch):
    data = _balanced(
        reply(batch, "{n},7,1.00,成功,,2022-07-15 16:24:00", "{n},2,9.00,成功,,2022-07-15 16:24:00")
    )
    with pytest.raises(ReplyRefused) as refused:
        services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT)
    assert [problem.split("：")[0] for problem in refused.value.problems] == ["第 2 行", "第 3 行"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "不是回盘的表头"),
        (b"\xff\xfe\x00", "文件读不出来"),
        (b"PK\x03\x04" + b"\x00" * 50, "不是回盘的表头"),
        ("批次号,序号,金额,结果,说明,时间\n".encode("gb18030"), "最后一行不是合计"),
        ("批次号,序号,金额,结果,说明,时间".encode(), "要 GB18030 编码的 CSV"),
        (b'"' + b"a" * 200_000, "文件读不出来"),
        (b"a" * (5 * 1024 * 1024 + 1), "超过 5 MB"),
    ],
    ids=["nothing", "no text", "a workbook", "a head alone", "UTF-8", "an endless cell", "too large"],
)
def test_what_is_no_reply_is_refused_with_a_sentence(desk, batch, data, said):
    with pytest.raises(ReplyRefused) as refused:
        services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT)
    assert said in str(refused.value)


@pytest.mark.parametrize("foot", [{"count": 3}, {"total": "3.51"}, {"total": "0"}])
def test_a_total_that_differs_is_refused(desk, batch, foot):
    with pytest.raises(ReplyRefused, match=r"各行相加是 2、3\.50"):
        services.apply_reply(batch=batch, data=reply(batch, *GOOD, **foot), by=desk.maker, at=ANSWERED_AT)


def test_a_reply_that_was_cut_off_is_refused(desk, batch):
    data = reply(batch, *GOOD).rsplit(b"\n", 1)[0]
    with pytest.raises(ReplyRefused, match="可能没有传完"):
        services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT)


def test_a_bank_may_answer_in_parts(desk, batch):
    first = reply(batch, GOOD[0], total="1.00")
    services.apply_reply(batch=batch, data=first, by=desk.maker, at=ANSWERED_AT)
    batch.refresh_from_db()
    assert batch.state == "released"
    taken = services.apply_reply(batch=batch, data=reply(batch, *GOOD), by=desk.maker, at=ANSWERED_AT)
    assert (taken.paid_count, taken.failed_count) == (0, 1)
    batch.refresh_from_db()
    assert batch.state == "closed"


def test_a_bank_that_contradicts_itself_is_not_believed(desk, batch):
    services.apply_reply(batch=batch, data=reply(batch, GOOD[0], total="1.00"), by=desk.maker, at=ANSWERED_AT)
    other = reply(batch, GOOD[0].replace("成功", "失败"), GOOD[1])
    services.apply_reply(batch=batch, data=other, by=desk.maker, at=ANSWERED_AT)
    said = batch.payouts.order_by("line").values_list("state", flat=True)
    assert list(said) == ["paid", "failed"]


def test_a_batch_that_was_not_released_has_no_reply(desk):
    batch = a_batch(desk)
    with pytest.raises(CannotMove):
        services.apply_reply(batch=batch, data=reply(batch, *GOOD), by=desk.maker, at=ANSWERED_AT)
    with pytest.raises(CannotMove):
        preview(batch, reply(batch, *GOOD), ANSWERED_AT)


def test_the_clocks_of_bank_and_house_may_differ_a_little(desk, batch):
    data = reply(batch, GOOD[0], total="1.00")
    services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT - timedelta(minutes=4))


def test_the_banks_words_come_without_controls(desk, batch):
    data = reply(batch, GOOD[0], "{n},2,2.50,失败,账\x00号\x07错,2022-07-15 16:24:00")
    services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT)
    assert batch.payouts.get(line=2).bank_words == "账号错"


def test_a_failure_without_words_says_so(desk, batch):
    data = reply(batch, GOOD[0], "{n},2,2.50,失败,,2022-07-15 16:24:00")
    services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT)
    assert batch.payouts.get(line=2).bank_words == "银行没有说明原因"
