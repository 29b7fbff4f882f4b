"""The pages of the bank: a statement is taken in, credits are claimed, refunds go out, books and bank are compared."""

import io
from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from python_calamine import CalamineWorkbook

from factories.bank import as_csv, rows_of, told
from factories.contributions import a_split, an_accepted_roster
from factories.enrolment import UPLOADED_AT, some_workers
from factories.organisations import a_city, a_province, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from factories.web import as_staff, set_aside
from huzhu.audit.models import Event
from huzhu.bank.models import OwnAccount, Statement, StatementLine, Stop
from huzhu.contributions import matching
from huzhu.contributions.given_back import Refund, RefundList
from huzhu.contributions.models import LineUse, Prepaid, Receipt, Share
from huzhu.enrolment.models import Enrolment
from huzhu.files.models import StoredFile
from huzhu.ledger.models import Voucher
from huzhu.reconciliation.models import Difference, Run
from huzhu.web import clock

pytestmark = pytest.mark.django_db
NOW = datetime(2022, 12, 1, 10, tzinfo=timezone.get_default_timezone())
START = NOW.date().replace(day=20)


@pytest.fixture(autouse=True)
def _today(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(clock, "now", lambda: NOW)


class Site:
    """A province with its agency, three people at their browsers, one roster that waits for 360.00."""

    def __init__(self):
        self.province = a_province()
        self.city = a_city(self.province)
        people = {
            "maker": a_role("payment_maker", self.province),
            "releaser": a_role("payment_releaser", self.province),
            "agency": a_role("agency_clerk", self.city),
        }
        self.agency_role = people["agency"]
        self.employer = an_employer(self.city, name="美溪林业局公司")
        a_split(self.employer, by=self.agency_role, basis_points=10_000)
        self.roster = an_accepted_roster(
            self.employer,
            [the_inpatient_scheme()],
            some_workers(3),
            by=self.agency_role,
            starts_on=START,
            at=UPLOADED_AT,
        )
        self.maker, self.releaser, self.agency = (as_staff(one) for one in people.values())

    def opens(self):
        self.maker.post(
            reverse("web:bank-account"),
            {
                "place": self.city.pk,
                "holder": "伊春代办处",
                "bank_name": "龙江银行",
                "number": "9900 0000 0001",
                "form": "two-columns",
                "since": "2022-11-01",
            },
        )
        return OwnAccount.objects.get()


@pytest.fixture
def site(db):
    return Site()


def text(answer):
    return answer.content.decode()


def test_a_statement_is_previewed_in_words_and_taken_in_once(site):
    file = io.BytesIO(as_csv(rows_of((told("2022-11-20", "A1", "360.00", "美溪林业局公司"),))))
    file.name = "明细.csv"
    account = site.opens()
    address = reverse("web:bank-take", args=[account.pk])
    shown = text(site.maker.post(address, {"file": file}))
    assert "期初 0.00 ＋ 收入 360.00 － 支出 0.00 ＝ 期末 360.00，相符。" in shown
    assert not Statement.objects.exists()
    for status in (302, 422):
        assert site.maker.post(address, set_aside(shown)).status_code == status
    assert not StoredFile.objects.filter(purpose__startswith="aside").exists()
    assert (Statement.objects.count(), StatementLine.objects.count()) == (1, 1)
    for page in ("bank", "bank-lines", "credits"):
        assert "360.00" in text(site.agency.get(reverse(f"web:{page}")))


def test_a_bad_file_is_told_by_its_lines_and_nothing_is_taken_in(site):
    account = site.opens()
    file = io.BytesIO(as_csv([["2022-11-20", "A1", "x", "", "1.00", "", "", ""]]))
    file.name = "明细.csv"
    answer = site.maker.post(reverse("web:bank-take", args=[account.pk]), {"file": file})
    assert answer.status_code == 422
    assert "第 2 行：收入“x”不是金额" in text(answer)
    for asked in ({}, {"confirmed": "1", "file": "?"}, {"file": file, "opening": "many"}):
        assert site.maker.post(reverse("web:bank-take", args=[account.pk]), asked).status_code == 422
    assert not Statement.objects.exists()


def likeliest(site, line):
    """What the button of the best guess sends."""
    return matching.guesses(line, matching.owed(site.agency_role, [line]))[0].key


def taken(site, *lines):
    account = OwnAccount.objects.first() or site.opens()
    last = account.lines.order_by("-position").first()
    opening = f"{last.balance_fen // 100}.{last.balance_fen % 100:02d}" if last else "0.00"
    file = io.BytesIO(as_csv(rows_of(lines, opening)))
    file.name = "a.csv"
    address = reverse("web:bank-take", args=[account.pk])
    site.maker.post(address, set_aside(text(site.maker.post(address, {"file": file}))))
    return [StatementLine.objects.get(reference=one[1]) for one in lines]


def test_one_key_claims_what_is_clear_and_a_doubtful_one_is_not(site):
    clear, doubtful = taken(
        site, told("2022-11-20", "A1", "360.00", "美溪林业局公司"), told("2022-11-21", "A2", "11.00", "路人")
    )
    page = text(site.agency.get(reverse("web:credits")))
    assert "✓ 清楚" in page
    assert 'data-key="a"' in page
    site.agency.post(reverse("web:credit-claim", args=[doubtful.pk]), {"guess": "1:1"})
    assert not Receipt.objects.exists()
    site.agency.post(reverse("web:credit-claim", args=[clear.pk]), {"guess": likeliest(site, clear)})
    assert Receipt.objects.get().amount_fen == 36_000
    assert set(Enrolment.objects.values_list("state", flat=True)) == {"in_force"}
    shown = text(site.agency.get(reverse("web:credit", args=[clear.pk])))
    assert "已认作会费" in shown
    site.agency.post(reverse("web:credit-post", args=[doubtful.pk]), {"kind": "suspense"})
    assert "待查收款" in text(site.agency.get(reverse("web:credits")))


def test_an_over_payment_is_shown_used_and_a_claim_taken_back(site):
    [line] = taken(site, told("2022-11-20", "A1", "500.00", "某人"))
    share = site.roster.dues.get().shares.get(payer="employer")
    page = text(site.agency.get(reverse("web:credit", args=[line.pk]), {"q": "美溪"}))
    assert f'name="amount-{share.pk}"' in page
    site.agency.post(reverse("web:credit-claim", args=[line.pk]), {f"amount-{share.pk}": "360.00"})
    rest = Prepaid.objects.get()
    assert rest.left_fen == 14_000
    assert "140.00" in text(site.agency.get(reverse("web:prepaid", args=[rest.pk])))
    undo = reverse("web:credit-undo", args=[LineUse.objects.get().pk])
    assert undo in text(site.agency.get(reverse("web:credit", args=[line.pk])))
    site.agency.post(undo, {"reason": "认错了"})
    assert "已撤销或转出" in text(site.agency.get(reverse("web:credit", args=[line.pk])))
    assert sum(Receipt.objects.values_list("amount_fen", flat=True)) == 0
    papers = text(site.agency.get(reverse("web:receipts")))
    assert "红字" in papers
    for paper in rest.paper, rest.paper.reds.get():
        answer = site.agency.post(reverse("web:receipt", args=[paper.pk]))
        assert answer.content.startswith(b"%PDF")


def test_what_was_laid_on_the_wrong_due_is_taken_back_on_the_page_of_the_rest(site):
    [line] = taken(site, told("2022-11-20", "A1", "400.00", "某人"))
    share = site.roster.dues.get().shares.get(payer="employer")
    site.agency.post(reverse("web:credit-claim", args=[line.pk]), {f"amount-{share.pk}": "360.00"})
    rest = Prepaid.objects.get()
    other = an_accepted_roster(
        site.employer, [the_inpatient_scheme()], some_workers(1), by=site.agency_role, starts_on=START
    )
    share = other.dues.get().shares.get(payer="employer")
    site.agency.post(reverse("web:prepaid-use", args=[rest.pk]), {f"amount-{share.pk}": "40.00"})
    receipt, address = rest.receipts.get(), reverse("web:prepaid", args=[rest.pk])
    undo = reverse("web:prepaid-undo", args=[rest.pk, receipt.pk])
    assert undo in text(site.agency.get(address))
    assert undo not in text(site.releaser.get(address))
    assert site.releaser.post(undo, {"reason": "抵错了"}).status_code == 404
    stranger = as_staff(a_role("agency_clerk", a_city()))
    assert stranger.post(undo, {"reason": "抵错了"}).status_code == 404
    assert site.agency.post(reverse("web:prepaid-undo", args=[rest.pk, 999_999])).status_code == 404
    assert "没有写撤销的原因" in text(site.agency.post(undo, {"reason": ""}, follow=True))
    assert "这笔钱回到多缴" in text(site.agency.post(undo, {"reason": "抵错了"}, follow=True))
    rest.refresh_from_db()
    assert (rest.left_fen, undo in text(site.agency.get(address))) == (4_000, False)
    asked = {"payee": "美溪林业局公司", "bank_name": "工行", "number": "62220000", "reason": "多汇了"}
    site.agency.post(f"{reverse('web:refund-propose')}?prepaid={rest.pk}", asked)
    assert reverse("web:refund", args=[Refund.objects.get().pk]) in text(site.agency.get(address))


def test_money_that_nobody_claimed_is_told_to_have_gone_back(site):
    came, gone = taken(
        site, told("2022-11-20", "A1", "11.00", "路人"), told("2022-11-22", "A2", "-11.00", "路人")
    )
    site.agency.post(reverse("web:credit-post", args=[came.pk]), {"kind": "suspense"})
    assert reverse("web:credit", args=[gone.pk]) in text(site.agency.get(reverse("web:credits")))
    assert "退回了这笔待查收款" in text(site.agency.get(reverse("web:credit", args=[gone.pk])))
    address = reverse("web:credit-send-back", args=[gone.pk])
    assert site.agency.post(address, {"use": "x"}).status_code == 404
    site.agency.post(address, {"use": str(LineUse.objects.get().pk)})
    page = text(site.agency.get(reverse("web:credit", args=[gone.pk])))
    assert "已认作待查收款退回" in page
    assert reverse("web:credit-undo", args=[LineUse.objects.get(line=gone).pk]) in page
    assert "认错了，撤销" not in text(site.agency.get(reverse("web:credit", args=[came.pk])))
    assert "路人" not in text(site.agency.get(reverse("web:credits")))
    for reference in ("suspense:A1:1", "suspense-back:A2:1"):
        voucher = Voucher.objects.get(source=reference)
        shown = text(site.maker.get(reverse("web:voucher", args=[voucher.number])))
        assert reverse("web:credit", args=[(came if "A1" in reference else gone).pk]) in shown


def test_a_refund_goes_through_three_hands_and_the_bank(site):
    [line] = taken(site, told("2022-11-20", "A1", "360.00", "美溪林业局公司"))
    site.agency.post(reverse("web:credit-claim", args=[line.pk]), {"guess": likeliest(site, line)})
    assert "整份名册退出、退费" in text(site.agency.get(reverse("web:roster", args=[site.roster.pk])))
    asked = {"payee": "美溪林业局公司", "bank_name": "工行", "number": "62220000", "reason": "单位撤销"}
    address = f"{reverse('web:refund-propose')}?roster={site.roster.pk}"
    assert "360.00" in text(site.agency.get(address))
    assert site.agency.post(address, asked | {"number": "1"}).status_code == 422
    site.agency.post(address, asked)
    refund = Refund.objects.get()
    site.maker.post(reverse("web:refund-list"), {"refund": [str(refund.pk), "x"]})
    listed = RefundList.objects.get()
    release = reverse("web:refund-settle", args=[listed.pk, "release"])
    site.maker.post(reverse("web:payouts-stop"), {"reason": "银行少一笔"})
    assert "互助金和退费都不制单" in text(site.releaser.post(release, follow=True))
    assert "发放已停止" in text(site.maker.get(reverse("web:refunds")))
    stop = Stop.objects.get()
    site.releaser.post(reverse("web:payouts-resume", args=[stop.pk]), {"reason": "银行补来了"})
    site.releaser.post(release)
    assert set(Enrolment.objects.values_list("state", flat=True)) == {"void"}
    file = site.maker.post(reverse("web:refund-file", args=[listed.pk]))
    assert "62220000" in file.content.decode("gb18030")
    [paid] = taken(site, told("2022-12-01", "B1", "-360.00", "美溪林业局公司"))
    assert "付出了这笔退费" in text(site.maker.get(reverse("web:credit", args=[paid.pk])))
    site.maker.post(reverse("web:credit-refund", args=[paid.pk]), {"refund": str(refund.parts.get().pk)})
    assert "已退" in text(site.releaser.get(reverse("web:refunds")))
    page = text(site.releaser.get(reverse("web:refund", args=[refund.pk])))
    vouchers = Voucher.objects.filter(source__startswith="refund")
    assert [one.number in page for one in vouchers] == [True, True]
    for one in vouchers:
        assert reverse("web:refund", args=[refund.pk]) in text(
            site.releaser.get(reverse("web:voucher", args=[one.number]))
        )
    assert list(
        Event.objects.filter(verb__startswith="refunds.").order_by("pk").values_list("verb", flat=True)
    ) == [
        "refunds.propose",
        "refunds.list",
        "refunds.release",
        "refunds.hand_out",
        "refunds.paid",
    ]
    undo = reverse("web:credit-undo", args=[LineUse.objects.get(line=paid).pk])
    assert undo in text(site.maker.get(reverse("web:credit", args=[paid.pk])))
    site.maker.post(undo, {"reason": "认错了"})
    assert "待银行付出" in text(site.releaser.get(reverse("web:refund", args=[refund.pk])))
    site.maker.post(reverse("web:credit-refund", args=[paid.pk]), {"refund": str(refund.parts.get().pk)})


def test_what_the_bank_did_not_take_is_given_another_account_and_what_was_typed_stays(site, monkeypatch):
    [line] = taken(site, told("2022-11-20", "A1", "360.00", "美溪林业局公司"))
    site.agency.post(reverse("web:credit-claim", args=[line.pk]), {"guess": likeliest(site, line)})
    asked = {"payee": "美溪林业局公司", "bank_name": "工行", "number": "62220000", "reason": "单位撤销"}
    site.agency.post(f"{reverse('web:refund-propose')}?roster={site.roster.pk}", asked)
    refund = Refund.objects.get()
    site.maker.post(reverse("web:refund-list"), {"refund": [str(refund.pk)]})
    site.releaser.post(reverse("web:refund-settle", args=[RefundList.objects.get().pk, "release"]))
    address, part = reverse("web:refund", args=[refund.pk]), refund.parts.get()
    not_paid = reverse("web:refund-part", args=[part.pk, "not-paid"])
    assert not_paid in text(site.agency.get(address))
    assert not_paid not in text(site.releaser.get(address))
    assert site.releaser.post(not_paid).status_code == 404
    stranger = as_staff(a_role("agency_clerk", a_city()))
    assert stranger.post(not_paid).status_code == 404
    other = {"payee": "美溪林业局", "bank_name": "建行", "number": "62170000", "reason": "户名不符"}
    refused = site.agency.post(not_paid, other)
    assert refused.status_code == 422
    assert "还没有取走给银行" in text(refused)
    assert 'value="62170000"' in text(refused)
    site.maker.post(reverse("web:refund-file", args=[RefundList.objects.get().pk]))
    assert "还没有过完" in text(site.agency.post(not_paid, other))
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=2))
    assert "请先导入到 2022-12-02 的对账单" in text(site.agency.post(not_paid, other))
    taken(site, told("2022-12-02", "A2", "1.00", "路人"))
    assert "换了账户的这一份等出纳" in text(site.agency.post(not_paid, other, follow=True))
    page = text(site.agency.get(address))
    after_all = reverse("web:refund-part", args=[part.pk, "paid"])
    assert ("银行未付" in page, "代替银行没有付给" in page, after_all in page) == (True, True, True)
    assert "待制单" in page
    assert "美溪林业局" in text(site.maker.get(reverse("web:refunds")))
    assert "仍等银行付出" in text(site.agency.post(after_all, follow=True))
    assert "没有改回" in text(site.agency.post(after_all))
    assert site.agency.post(reverse("web:refund-part", args=[part.pk, "other"])).status_code == 404


def test_one_transfer_for_two_employers_that_nothing_suggests_and_what_is_above_rests(site):
    roster = an_accepted_roster(
        an_employer(site.city, name="铁力木材厂"),
        [the_inpatient_scheme()],
        some_workers(2),
        by=site.agency_role,
        starts_on=START,
        at=UPLOADED_AT,
    )
    [line] = taken(site, told("2022-11-20", "A1", "650.00", "某集团"))
    page = text(site.agency.get(reverse("web:credit", args=[line.pk]) + "?q=美溪、铁力"))
    owing = Share.objects.filter(amount_fen__gt=0)
    assert {str(one.due.roster_id) in page for one in owing} == {True}
    asked = {f"amount-{one.pk}": f"{one.amount_fen // 100}" for one in owing}
    site.agency.post(reverse("web:credit-claim", args=[line.pk]), asked)
    for one in (site.roster, roster):
        assert set(one.enrolments.values_list("state", flat=True)) == {"in_force"}
    rest = Prepaid.objects.get()
    assert rest.left_fen == 65_000 - sum(one.amount_fen for one in owing)
    voucher = text(site.maker.get(reverse("web:voucher", args=[rest.voucher.number])))
    assert reverse("web:prepaid", args=[rest.pk]) in voucher
    assert reverse("web:credit", args=[line.pk]) in voucher
    assert rest.voucher.number in text(site.maker.get(reverse("web:prepaid", args=[rest.pk])))


def of_two_payers(site):
    """The employer paid 270.00 and the workers 90.00; where to ask for it back."""
    share = Share.objects.get(payer="employer")
    Share.objects.filter(pk=share.pk).update(amount_fen=27_000)
    workers = {"payer_name": "职工本人", "amount_fen": 9_000}
    Share.objects.update_or_create(due=share.due, payer="worker", defaults=workers)
    [line] = taken(site, told("2022-11-20", "A1", "360.00", "美溪林业局公司"))
    shares = {f"amount-{one.pk}": f"{one.amount_fen // 100}" for one in Share.objects.all()}
    site.agency.post(reverse("web:credit-claim", args=[line.pk]), shares)
    return f"{reverse('web:refund-propose')}?roster={site.roster.pk}"


def test_a_refund_of_two_payers_goes_to_two_accounts(site):
    address = of_two_payers(site)
    assert "职工本人缴的" in text(site.agency.get(address))
    row = {"payee": ["公司", "王小明"], "bank_name": ["工行", "工行"], "number": ["62220001", "62220002"]}
    answer = site.agency.post(address, row | {"amount": ["270", "80"], "reason": "单位撤销"})
    assert "加起来是 350.00 元，应退 360.00 元" in text(answer)
    site.agency.post(address, row | {"amount": ["270", "90"], "reason": "单位撤销"})
    assert list(Refund.objects.get().parts.values_list("amount_fen", flat=True)) == [27_000, 9_000]


def test_what_one_of_two_payers_leaves_blank_goes_to_the_first(site):
    address = of_two_payers(site)
    row = {"payee": ["公司", ""], "bank_name": ["工行", ""], "number": ["62220001", ""]}
    site.agency.post(address, row | {"amount": ["270", "90"], "reason": "单位撤销"})
    assert list(Refund.objects.get().parts.values_list("amount_fen", flat=True)) == [36_000]


def test_the_desk_says_what_differs_and_another_person_explains_it(site):
    taken(site, told("2022-11-20", "A1", "360.00", "路人"))
    account = OwnAccount.objects.get()
    site.maker.post(reverse("web:reconcile", args=[account.pk]))
    found = Difference.objects.get()
    page = text(site.maker.get(reverse("web:reconciliation")))
    assert "银行有，账上没有" in page
    assert "要由另一个人查明后说明" in page
    assert "发放已停止" in text(site.maker.get(reverse("web:desk")))
    answer = {"cause": "other", "reason": "正在问银行是谁汇的"}
    site.maker.post(reverse("web:difference-explain", args=[found.pk]), answer)
    assert Difference.objects.get().state == "open"
    site.releaser.post(reverse("web:difference-explain", args=[found.pk]), answer)
    assert Difference.objects.get().state == "explained"
    assert "发放已停止" not in text(site.maker.get(reverse("web:desk")))
    days = text(site.maker.get(reverse("web:reconciled-days", args=[account.pk])))
    assert "-360.00" in days
    for page in (reverse("web:differences"), reverse("web:reconciled-days", args=[account.pk])):
        book = CalamineWorkbook.from_filelike(io.BytesIO(site.maker.get(page, {"as": "xlsx"}).content))
        assert len(book.get_sheet_by_index(0).to_python()) >= 3


def test_all_agree_and_the_page_says_nought(site):
    [line] = taken(site, told("2022-11-20", "A1", "360.00", "美溪林业局公司"))
    site.agency.post(reverse("web:credit-claim", args=[line.pk]), {"guess": likeliest(site, line)})
    site.maker.post(reverse("web:reconcile", args=[OwnAccount.objects.get().pk]))
    assert (Run.objects.get().difference_fen, Difference.objects.count()) == (0, 0)
    assert "逐笔相符" in text(site.maker.get(reverse("web:reconciliation")))


def test_no_link_leads_a_leader_to_lines_that_are_not_theirs(site):
    taken(site, told("2022-11-20", "A1", "360.00", "美溪林业局公司"))
    days = reverse("web:reconciled-days", args=[OwnAccount.objects.get().pk])
    lines = reverse("web:bank-lines")
    leader = as_staff(a_role("leader", site.province))
    assert lines in text(site.maker.get(days))
    assert lines not in text(leader.get(days))
    assert leader.get(lines).status_code == 404
    bank = f'href="{reverse("web:bank")}"'
    assert bank in text(site.maker.get(reverse("web:reconciliation"))).split("<main", 1)[1]
    assert bank not in text(leader.get(reverse("web:reconciliation")))


def test_cash_given_back_is_listed_person_by_person_and_stands_beside_the_books(site):
    employer = an_employer(site.city)
    a_split(employer, by=site.agency_role, basis="cash_back", basis_points=0, fixed_fen=3_000)
    roster = an_accepted_roster(
        employer,
        [the_inpatient_scheme()],
        some_workers(2),
        by=site.agency_role,
        starts_on=START,
        at=UPLOADED_AT,
    )
    [line] = taken(site, told("2022-11-20", "A1", "240.00"))
    share = roster.dues.get().shares.get(payer="worker")
    site.agency.post(reverse("web:credit-claim", args=[line.pk]), {f"amount-{share.pk}": "240.00"})
    page = text(site.agency.get(reverse("web:cashback")))
    assert "应补" in page
    people = text(site.agency.get(reverse("web:cashback-people", args=[roster.dues.get().pk])))
    assert people.count("30.00") >= 3
    assert "60.00" in people
    clerk = as_staff(a_role("employer_clerk", site.employer))
    assert clerk.get(reverse("web:cashback-people", args=[roster.dues.get().pk])).status_code == 404


def test_what_belongs_to_another_branch_is_not_found(site):
    [line] = taken(site, told("2022-11-20", "LJ-2022112001", "360.00"))
    stranger = as_staff(a_role("agency_clerk", a_city()))
    for address in (
        reverse("web:credit", args=[line.pk]),
        f"{reverse('web:refund-propose')}?roster={site.roster.pk}",
    ):
        assert stranger.get(address).status_code == 404
    assert "LJ-2022112001" not in text(stranger.get(reverse("web:bank-lines")))
    assert stranger.post(reverse("web:credit-claim", args=[line.pk]), {}).status_code == 404
