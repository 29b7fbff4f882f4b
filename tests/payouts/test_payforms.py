"""Each bank's files by its form: the same bytes everywhere, the words that come back, and what a form must say."""

import io
import os
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest
from python_calamine import CalamineWorkbook

from factories.payouts import ANSWERED_AT, DECIDED_AT, HOUR, a_batch, a_payout, a_released
from huzhu.bank import files, payforms
from huzhu.bank.files import Answer, Line, NotForTheBank, Order, ReplyRefused
from huzhu.bank.payforms import FormBroken, forms
from huzhu.payouts import bankfile, services
from huzhu.payouts.demobank import reply_for

FORMS = list(forms())
LINES = (
    Line(
        1, "刘女士", "6222020903000012345", "工商银行伊春支行", 3_171_400, "互助金 2022-000001", "2022-000001"
    ),
    Line(2, "王𬎆明", "6217000010001234567", "建设银行", 5, "互助金 2022-000002", "2022-000002"),
)
ORDER = Order("20220714-001", date(2022, 7, 14), LINES)
AT = datetime(2022, 7, 15, 8, 24, tzinfo=UTC)
# in another process: its own hash seed, its own clock
APART = """
import hashlib, sys
from datetime import date
from huzhu.bank.files import Line, Order, render
from huzhu.bank.payforms import forms
lines = [Line(1, "刘女士", "6222020903000012345", "工商银行伊春支行", 3171400, "互助金 2022-000001"),
         Line(2, "王𬎆明", "6217000010001234567", "建设银行", 5, "互助金 2022-000002")]
order = Order("20220714-001", date(2022, 7, 14), lines)
for form in forms().values():
    print(form.key, hashlib.sha256(render(form, order)).hexdigest())
"""


def test_there_are_forms_of_every_kind():
    assert {form.order.kind for form in forms().values()} == payforms.KINDS
    assert next(iter(forms())) == payforms.DEFAULT


def test_the_same_order_makes_the_same_bytes_in_every_process():
    here = {key: files.digest(files.render(form, ORDER)) for key, form in forms().items()}
    for seed in ("1", "2"):
        said = subprocess.run(  # noqa: S603  our own words
            [sys.executable, "-c", APART],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        assert dict(line.split() for line in said.splitlines()) == here


def test_a_fixed_line_is_counted_in_bytes():
    rows = files.render(forms()["fixed-txt"], ORDER).split(b"\r\n")
    assert [len(row) for row in rows] == [50, 150, 150, 22, 0]
    assert rows[0] == b"H20220714-001        20220714000002000000003171405"
    assert rows[2][39:79].decode("gb18030").rstrip() == "王𬎆明"
    assert rows[2][115:130] == b"000000000000005"


def test_a_workbook_keeps_every_digit_of_an_account():
    data = files.render(forms()["workbook"], ORDER)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    assert rows[1][2:6] == ["6222 0209 0300 0012 345", "刘女士", "工商银行伊春支行", "31714.00"]
    assert [*rows[-1][:2], rows[-1][5]] == ["合计", "2", "31714.05"]


def test_bars_stand_between_cells_and_never_within_one():
    text = files.render(forms()["bars-utf8"], ORDER).decode()
    assert text.splitlines()[:2] == [
        "20220714-001|20220714|2|31714.05",
        "1|6222020903000012345|刘女士|31714.00|互助金 2022-000001",
    ]
    barred = Order(
        "1", ORDER.made_on, [Line(1, "刘|女士", "6222020903000012345", "工商银行", 1, "", "申请 2022-9")]
    )
    with pytest.raises(NotForTheBank, match=r"申请 2022-9 的户名里有“\|”"):
        files.render(forms()["bars-utf8"], barred)


def test_what_does_not_fit_a_fixed_width_is_said_and_never_cut():
    long = Order(
        "1", ORDER.made_on, [Line(1, "很" * 21, "6222020903000012345", "工商银行", 1, "", "申请 2022-9")]
    )
    with pytest.raises(NotForTheBank, match="超过 40 个字节"):
        files.render(forms()["fixed-txt"], long)
    assert files.render(forms()["workbook"], long)


@pytest.mark.parametrize("key", FORMS)
def test_what_a_bank_writes_is_what_is_read(key):
    form = forms()[key]
    said = [
        Answer(0, 1, 3_171_400, True, "已入账", AT),
        Answer(0, 2, 5, False, "账号已销户", AT),
        Answer(0, 3, 250, None, "系统忙", AT),
    ]
    read = files.read_reply(form, files.write_reply(form, "20220714-001", said), "20220714-001")
    assert [(one.line, one.amount_fen, one.paid, one.at) for one in read] == [
        (one.line, one.amount_fen, one.paid, one.at) for one in said
    ]
    assert [one.words for one in read[:2]] == ["已入账", "账号已销户"]
    assert read[2].words.endswith("系统忙")


@pytest.mark.parametrize("key", FORMS)
@pytest.mark.parametrize(
    "what", ["another batch", "cut off", "another total", "rubbish", "nothing", "another form"]
)
def test_a_reply_that_is_not_this_is_refused_in_words(key, what):
    form = forms()[key]
    said = [Answer(0, 1, 3_171_400, True, "", AT), Answer(0, 2, 5, True, "", AT)]
    data = files.write_reply(form, "20220714-001", said)
    other = forms()["bars-utf8" if key != "bars-utf8" else "neutral-csv"]
    number, data = {
        "another batch": ("20220714-002", data),
        "cut off": ("20220714-001", data[: len(data) // 2]),
        "another total": ("20220714-001", _with_other_total(form, said)),
        "rubbish": ("20220714-001", bytes(range(256)) * 9),
        "nothing": ("20220714-001", b""),
        "another form": ("20220714-001", files.write_reply(other, "20220714-001", said)),
    }[what]
    with pytest.raises(ReplyRefused) as refused:
        files.read_reply(form, data, number)
    assert refused.value.problems


def _with_other_total(form, said):
    """Its lines say one sum, its total another."""
    data = files.write_reply(form, "20220714-001", said)
    if form.reply.kind == payforms.WORKBOOK:
        whole = files._whole("20220714-001", ORDER.made_on, 2, 3_171_406)
        rows = (
            {
                "number": "20220714-001",
                "line": a.line,
                "amount": a.amount_fen,
                "result": "交易成功",
                "words": "",
                "at": a.at,
            }
            for a in said
        )
        return files._written(form.reply, whole, rows, ORDER.made_on)
    for right, wrong in ((b"31714.05", b"31714.06"), (b"3171405", b"3171406")):
        if right in data:
            return data.replace(right, wrong)
    raise AssertionError


def test_a_code_of_the_bank_is_said_in_words():
    form = forms()["fixed-txt"]
    data = files.write_reply(form, "1", [Answer(0, 1, 5, False, "", AT)])
    [one] = files.read_reply(form, data, "1")
    assert one.words == "账号不存在"


def test_a_word_that_no_form_knows_is_neither_paid_nor_failed():
    form = forms()["neutral-csv"]
    data = "批次号,序号,金额,结果,说明,时间\n1,1,1.00,挂账,转人工,2022-07-15 16:24:00\n合计,1,1.00".encode(
        "gb18030"
    )
    [one] = files.read_reply(form, data, "1")
    assert (one.paid, one.words) == (None, "挂账，转人工")


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("is: amount", "is: remark", "不认识或重复|缺 amount"),
        ("deduplicates: no", "deduplicates: maybe", "不完整"),
        ("kind: separated", "kind: papyrus", "kind 只能是"),
        ("unclear: [处理中]", "unclear: []", "各要有自己的词"),
        ("{title: 批次号, is: number}", "{title: 批次号, text: x}", "分不出是哪一批"),
        ("foot: [{text: 合计}, {is: count}, {is: total}]", "foot: [{text: 合计}]", "count 和 total|count"),
        ("name: 通用 CSV", "nama: 通用 CSV", "不完整"),
        ("titles: yes", "title: yes", "不认识 title"),
        ("answers_within_hours: 24", "answers_within_hours: 0", "大于 0"),
    ],
)
def test_a_form_that_is_not_whole_is_refused(was, becomes, said):
    text = (payforms.FOLDER / "neutral-csv.yaml").read_text()
    assert was in text
    with pytest.raises(FormBroken, match=said):
        payforms.parse("neutral-csv", text.replace(was, becomes))


@pytest.mark.parametrize("key", FORMS)
def test_a_batch_goes_to_its_bank_and_comes_back_in_its_form(desk, key):
    payouts = [a_payout(desk, 100), a_payout(desk, 250), a_payout(desk, 300)]
    batch = services.make_batch(payouts=payouts, by=desk.maker, at=DECIDED_AT + HOUR, form=key)
    batch = services.release(batch=batch, by=desk.releaser, at=DECIDED_AT + 2 * HOUR)
    first = services.hand_out(batch=batch, by=desk.maker, at=ANSWERED_AT)
    assert files.digest(first) == batch.sha256 == files.digest(bankfile.render(batch))
    reply = reply_for(batch, ANSWERED_AT, fail_lines={2}, unclear_lines={3})
    taken = services.apply_reply(batch=batch, data=reply, by=desk.maker, at=ANSWERED_AT)
    assert (taken.paid_count, taken.failed_count, taken.doubt_count) == (1, 1, 1)
    assert list(batch.payouts.order_by("line").values_list("state", flat=True)) == [
        "paid",
        "failed",
        "in_doubt",
    ]


def test_a_bank_that_answers_batches_whole_leaves_no_line_out(desk):
    payouts = [a_payout(desk, 100), a_payout(desk, 250), a_payout(desk, 300)]
    batch = services.make_batch(payouts=payouts, by=desk.maker, at=DECIDED_AT, form="workbook")
    services.release(batch=batch, by=desk.releaser, at=DECIDED_AT + HOUR)
    said = [Answer(0, 2, 250, True, "", ANSWERED_AT)]
    data = files.write_reply(forms()["workbook"], batch.number, said)
    with pytest.raises(ReplyRefused) as refused:
        services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT)
    assert [problem.split("（")[0] for problem in refused.value.problems] == ["缺序号 1", "缺序号 3"]
    assert set(batch.payouts.values_list("state", flat=True)) == {"sent"}


def test_an_unknown_form_makes_no_batch(desk):
    with pytest.raises(NotForTheBank, match="没有这种代发格式"):
        services.make_batch(payouts=[a_payout(desk)], by=desk.maker, at=DECIDED_AT, form="papyrus")


def test_the_file_is_written_after_its_hash_whole_and_sealed(desk, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    batch = a_batch(desk)
    assert not list(tmp_path.rglob("*"))
    account = batch.payouts.get().account_number.encode()
    batch = services.release(batch=batch, by=desk.releaser, at=DECIDED_AT + HOUR)
    assert not list(tmp_path.rglob("*"))  # a hash, and no file yet
    data = services.hand_out(batch=batch, by=desk.maker, at=ANSWERED_AT)
    [place] = (tmp_path / "bank").iterdir()
    assert account in data
    assert account not in place.read_bytes()
    (place.parent / f"{place.name}.part").write_text("half")  # a writer that died before the rename
    place.write_text("half")
    assert services.hand_out(batch=batch, by=desk.maker, at=ANSWERED_AT) == data
    assert {one.name for one in (tmp_path / "bank").iterdir()} == {place.name, f"{place.name}.part"}


def test_a_file_as_first_written_outlives_a_change_of_the_renderer(desk, monkeypatch):
    batch = a_released(desk)
    first = services.hand_out(batch=batch, by=desk.maker, at=ANSWERED_AT)
    monkeypatch.setattr(bankfile, "render", lambda *_: b"another")
    assert services.hand_out(batch=batch, by=desk.maker, at=ANSWERED_AT) == first
