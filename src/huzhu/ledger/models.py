"""The books: single-row entries, each one debit, one credit, one positive amount, one source; append-only in the database."""

from django.db import models

from huzhu.organisations.models import Organisation
from huzhu.users.models import User


class Account(models.Model):
    """A line of the chart of accounts."""

    class Kind(models.TextChoices):
        ASSET = "asset", "资产"
        LIABILITY = "liability", "负债"
        FUND = "fund", "基金"
        INCOME = "income", "收入"
        EXPENSE = "expense", "支出"

    code = models.CharField("科目代码", max_length=10, primary_key=True)
    name = models.CharField("科目", max_length=40)
    kind = models.CharField("性质", max_length=10, choices=Kind)

    class Meta:
        verbose_name = verbose_name_plural = "科目"
        ordering = ("code",)

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Voucher(models.Model):
    """What groups the entries of one happening; its source is unique, so that nothing is booked twice."""

    number = models.CharField("凭证号", max_length=20, unique=True)
    source = models.CharField("来源", max_length=80, unique=True)
    posted_on = models.DateField("日期", db_index=True)
    happened_on = models.DateField("事情发生在", null=True)  # where that day's month was shut already
    note = models.CharField("摘要", max_length=120)
    actor_id = models.CharField("制单人编号", max_length=60)
    actor_name = models.CharField("制单人", max_length=80)
    posted_at = models.DateTimeField("入账时间")
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by", verbose_name="冲销"
    )

    class Meta:
        verbose_name = verbose_name_plural = "凭证"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(happened_on__isnull=True)
                | models.Q(happened_on__lt=models.F("posted_on")),
                name="what_is_booked_later_happened_before",
            ),
        )

    def __str__(self) -> str:
        return self.number


class VoucherDay(models.Model):
    """The last voucher number of a day; its row is locked while somebody posts on that day."""

    day = models.DateField("日期", primary_key=True)
    last = models.PositiveIntegerField("最后一号", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "凭证编号"


class LedgerEntry(models.Model):
    """One row: balanced by construction. Kept per scheme, fund year, month and office."""

    voucher = models.ForeignKey(Voucher, models.PROTECT, related_name="entries", verbose_name="凭证")
    source = models.CharField("来源", max_length=100, unique=True)
    debit = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name="借方")
    credit = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name="贷方")
    amount_fen = models.BigIntegerField("金额（分）")
    scheme_slug = models.CharField("方案", max_length=40, db_index=True)
    fund_year = models.PositiveSmallIntegerField("基金年度", db_index=True)
    month = models.CharField("会计月份", max_length=7, db_index=True)
    office = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="办事机构")

    class Meta:
        verbose_name = verbose_name_plural = "分录"
        constraints = (
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="an_entry_is_positive"),
            models.CheckConstraint(condition=~models.Q(debit=models.F("credit")), name="debit_is_not_credit"),
            # below 6 mutual aid, then a digit a purse: see `accounts.purse_of`
            models.CheckConstraint(
                condition=models.Q(debit__gte="0", debit__lt="6", credit__gte="0", credit__lt="6")
                | models.Q(debit__gte="6", debit__lt="7", credit__gte="6", credit__lt="7")
                | models.Q(debit__gte="7", debit__lt="8", credit__gte="7", credit__lt="8")
                | models.Q(debit__gte="8", debit__lt="9", credit__gte="8", credit__lt="9"),
                name="between_no_two_purses",
            ),
        )


class Period(models.Model):
    """A month in the books of a province; a month without a row is open."""

    class State(models.TextChoices):
        OPEN = "open", "开放"
        LOCKED = "locked", "已锁账"
        CLOSED = "closed", "已关账"

    book = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="账本（省）")
    month = models.CharField("会计月份", max_length=7)
    state = models.CharField("状态", max_length=8, choices=State, default=State.OPEN)
    locked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="锁账")
    locked_at = models.DateTimeField("锁账时间", null=True)
    upto = models.BigIntegerField("锁账前最后一张凭证", null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="关账")
    closed_at = models.DateTimeField("关账时间", null=True)
    reopened_reason = models.CharField("重新开放的原因", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "会计月份"
        ordering = ("-month",)
        constraints = (
            models.UniqueConstraint(fields=("book", "month"), name="a_month_of_a_book_once"),
            models.CheckConstraint(
                condition=models.Q(state="open", locked_by__isnull=True, locked_at__isnull=True)
                | (~models.Q(state="open") & models.Q(locked_by__isnull=False, locked_at__isnull=False)),
                name="who_locked_a_month_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state="closed", closed_by__isnull=False, closed_at__isnull=False)
                | (~models.Q(state="closed") & models.Q(closed_by__isnull=True, closed_at__isnull=True)),
                name="who_closed_a_month_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(closed_by__isnull=True) | ~models.Q(closed_by=models.F("locked_by")),
                name="a_month_is_locked_and_closed_by_two",
            ),
        )

    def __str__(self) -> str:
        return f"{self.month} {self.get_state_display()}"


class ReserveRate(models.Model):
    """From a day on, the share of a fund year's income or surplus that goes to the reserve; two persons say so."""

    class Basis(models.TextChoices):
        INCOME = "income", "会费和利息收入"
        SURPLUS = "surplus", "当年结余"

    book = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="账本（省）")
    valid_from = models.DateField("起用日")
    basis = models.CharField("基数", max_length=8, choices=Basis)
    basis_points = models.PositiveIntegerField("比例（万分之）")
    clause = models.CharField("依据", max_length=200)
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="提出")
    proposed_at = models.DateTimeField("提出时间")
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="确认")
    confirmed_at = models.DateTimeField("确认时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "备付金比例"
        ordering = ("-valid_from", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("book", "valid_from"),
                condition=models.Q(confirmed_by__isnull=False),
                name="one_reserve_rate_from_a_day",
            ),
            models.CheckConstraint(
                condition=models.Q(basis_points__lte=10_000), name="a_reserve_rate_is_a_share"
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | models.Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="a_confirmed_rate_has_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_by__isnull=True)
                | ~models.Q(confirmed_by=models.F("proposed_by")),
                name="a_reserve_rate_needs_two",
            ),
        )

    def __str__(self) -> str:
        return f"{self.valid_from} 起 {self.share}"

    @property
    def share(self) -> str:
        """In words."""
        return f"{self.get_basis_display()}的 {self.basis_points // 100}.{self.basis_points % 100:02d}%"


class YearClosing(models.Model):
    """Income and expense of a fund year carried to the fund and its reserve: proposed by one, posted by another."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "待确认"
        POSTED = "posted", "已结转"
        WITHDRAWN = "withdrawn", "已退回"

    book = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="账本（省）")
    fund_year = models.PositiveSmallIntegerField("基金年度")
    state = models.CharField("状态", max_length=10, choices=State, default=State.PROPOSED)
    rate = models.ForeignKey(ReserveRate, models.PROTECT, related_name="+", verbose_name="备付金比例")
    income_fen = models.BigIntegerField("结转的收入（分）")
    expense_fen = models.BigIntegerField("结转的支出（分）")
    reserve_fen = models.BigIntegerField("转入备付金（分）")
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="提出")
    proposed_at = models.DateTimeField("提出时间")
    posted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="确认")
    posted_at = models.DateTimeField("确认时间", null=True)
    voucher = models.OneToOneField(
        Voucher, models.PROTECT, null=True, related_name="year_closing", verbose_name="凭证"
    )

    class Meta:
        verbose_name = verbose_name_plural = "年度结转"
        ordering = ("-fund_year", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("book", "fund_year"),
                condition=models.Q(state="proposed"),
                name="one_open_proposal_a_fund_year",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state="posted", posted_by__isnull=False, posted_at__isnull=False, voucher__isnull=False
                )
                | (~models.Q(state="posted") & models.Q(voucher__isnull=True)),
                name="a_posted_closing_has_its_voucher",
            ),
            models.CheckConstraint(
                condition=models.Q(posted_by__isnull=True) | ~models.Q(posted_by=models.F("proposed_by")),
                name="a_year_is_closed_by_two",
            ),
        )

    def __str__(self) -> str:
        return f"{self.fund_year} 基金年度结转"


class Remittance(models.Model):
    """What an agency sends up to the province of the fees it collected; seen to arrive by somebody there."""

    class State(models.TextChoices):
        SENT = "sent", "在途"
        ARRIVED = "arrived", "已到省"
        RETURNED = "returned", "已退回"

    office = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="代办处")
    amount_fen = models.BigIntegerField("金额（分）")
    bank_reference = models.CharField("银行流水号", max_length=60, unique=True)
    state = models.CharField("状态", max_length=10, choices=State, default=State.SENT)
    sent_on = models.DateField("汇出日")
    sent_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="汇出")
    sent_at = models.DateTimeField("登记时间")
    sent_voucher = models.OneToOneField(Voucher, models.PROTECT, related_name="+", verbose_name="汇出凭证")
    settled_on = models.DateField("到账日或退回日", null=True)
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="确认")
    settled_voucher = models.OneToOneField(
        Voucher, models.PROTECT, null=True, related_name="+", verbose_name="到账或退回凭证"
    )

    class Meta:
        verbose_name = verbose_name_plural = "上解"
        ordering = ("-sent_on", "-pk")
        constraints = (
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="a_remittance_is_positive"),
            models.CheckConstraint(
                condition=models.Q(
                    state="sent",
                    settled_on__isnull=True,
                    settled_by__isnull=True,
                    settled_voucher__isnull=True,
                )
                | (
                    ~models.Q(state="sent")
                    & models.Q(
                        settled_on__isnull=False, settled_by__isnull=False, settled_voucher__isnull=False
                    )
                ),
                name="what_arrived_has_its_voucher",
            ),
            models.CheckConstraint(
                condition=models.Q(settled_by__isnull=True) | ~models.Q(settled_by=models.F("sent_by")),
                name="a_remittance_is_seen_by_another",
            ),
        )

    def __str__(self) -> str:
        return f"{self.office} {self.sent_on} 上解"


class ManualVoucher(models.Model):
    """A voucher by hand, or the taking back of one: proposed by one person, posted by another. What kinds there are: `manual.WAYS`."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "待确认"
        POSTED = "posted", "已入账"
        SENT_BACK = "sent_back", "已退回"

    book = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="账本（省）")
    way = models.CharField("记什么", max_length=20)
    state = models.CharField("状态", max_length=10, choices=State, default=State.PROPOSED)
    amount_fen = models.BigIntegerField("金额（分）")
    posted_on = models.DateField("日期")
    scheme_slug = models.CharField("方案", max_length=40, blank=True)
    fund_year = models.PositiveSmallIntegerField("基金年度")
    basis = models.CharField("依据", max_length=100)
    reverses = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="taken_back", verbose_name="冲销哪一张"
    )
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="提出")
    proposed_at = models.DateTimeField("提出时间")
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="确认")
    settled_at = models.DateTimeField("确认时间", null=True)
    voucher = models.OneToOneField(
        Voucher, models.PROTECT, null=True, related_name="manual", verbose_name="凭证"
    )

    class Meta:
        verbose_name = verbose_name_plural = "手工凭证"
        ordering = ("-proposed_at", "-pk")
        constraints = (
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="a_manual_voucher_is_positive"),
            models.UniqueConstraint(
                fields=("reverses",), condition=~models.Q(state="sent_back"), name="taken_back_by_hand_once"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state="posted",
                    voucher__isnull=False,
                    settled_by__isnull=False,
                    settled_at__isnull=False,
                )
                | models.Q(
                    state="sent_back",
                    voucher__isnull=True,
                    settled_by__isnull=False,
                    settled_at__isnull=False,
                )
                | models.Q(
                    state="proposed", voucher__isnull=True, settled_by__isnull=True, settled_at__isnull=True
                ),
                name="a_posted_manual_voucher_has_its_voucher",
            ),
            models.CheckConstraint(
                condition=models.Q(settled_by__isnull=True) | ~models.Q(settled_by=models.F("proposed_by")),
                name="a_manual_voucher_needs_two",
            ),
        )

    def __str__(self) -> str:
        return f"手工凭证 {self.pk}"


class DayClose(models.Model):
    """A day signed by the cashier: every voucher since the one before, whatever its date; append-only."""

    book = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="账本（省）")
    day = models.DateField("日期")
    before = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="after", verbose_name="上一个日结"
    )
    upto = models.BigIntegerField("到第几张凭证为止")
    voucher_count = models.PositiveIntegerField("凭证张数")
    signed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="签字")
    signed_at = models.DateTimeField("签字时间")

    class Meta:
        verbose_name = verbose_name_plural = "日结"
        ordering = ("-day",)
        constraints = (
            models.UniqueConstraint(fields=("book", "day"), name="a_day_of_a_book_is_signed_once"),
        )

    def __str__(self) -> str:
        return f"{self.day} 日结"


class DayBalance(models.Model):
    """One money account in a day close; its closing balance is the next one's opening; append-only."""

    close = models.ForeignKey(DayClose, models.PROTECT, related_name="balances", verbose_name="日结")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name="科目")
    opening_fen = models.BigIntegerField("上日余额（分）")
    in_fen = models.BigIntegerField("收入（分）")
    out_fen = models.BigIntegerField("付出（分）")
    closing_fen = models.BigIntegerField("本日余额（分）")

    class Meta:
        verbose_name = verbose_name_plural = "日结余额"
        ordering = ("account",)
        constraints = (
            models.UniqueConstraint(fields=("close", "account"), name="an_account_of_a_day_once"),
            models.CheckConstraint(
                condition=models.Q(
                    closing_fen=models.F("opening_fen") + models.F("in_fen") - models.F("out_fen")
                ),
                name="a_day_adds_up",
            ),
        )
