"""What a comparison found: differences until they are explained or gone, and the runs that looked for them."""

from django.db import models

from huzhu.bank.models import OwnAccount, StatementLine
from huzhu.ledger.models import Voucher
from huzhu.payouts.models import Payout
from huzhu.reconciliation import facts


class Difference(models.Model):
    """Something on which books, payouts and bank do not agree; until a person has explained it, payouts stand still.

    What one person has said and another must confirm only waits: it stops nothing.
    """

    class Kind(models.TextChoices):
        BANK_MISSING = facts.BANK_MISSING, "账上有，银行没有"
        BANK_EXTRA = facts.BANK_EXTRA, "银行有，账上没有"
        AMOUNT = facts.AMOUNT, "金额不一致"
        TWICE = facts.TWICE, "银行付了两次"
        NOT_PAID = facts.NOT_PAID, "标为已到账，银行没有付"
        NO_VOUCHER = facts.NO_VOUCHER, "已发放，账上没有凭证"
        BOOK_AMOUNT = facts.BOOK_AMOUNT, "凭证金额与发放不一致"
        WRONG_DAY = facts.WRONG_DAY, "日期不一致"
        WRONG_BATCH = facts.WRONG_BATCH, "批次不一致"
        NO_PAYOUT = facts.NO_PAYOUT, "账上付了，没有对应的发放"
        BANK_PAID = facts.BANK_PAID, "银行已付，我方还没有记到账"
        TO_CONFIRM = facts.TO_CONFIRM, "会员或银行退回，还没有确认入账"
        OPENING = facts.OPENING, "起点余额不一致"

    class State(models.TextChoices):
        OPEN = "open", "待说明"
        SAID = "said", "待第二人确认"
        EXPLAINED = "explained", "已说明"
        GONE = "gone", "已消除"

    class Cause(models.TextChoices):
        TIMING = "timing", "时间差，过几天会对上"
        BANK = "bank", "银行的差错，已和银行联系"
        POSTING = "posting", "我方漏记或错记，将冲销补记"
        OTHER = "other", "其他"

    account = models.ForeignKey(OwnAccount, models.PROTECT, related_name="+", verbose_name="银行账户")
    key = models.CharField("识别号", max_length=200)
    kind = models.CharField("类型", max_length=14, choices=Kind)
    on = models.DateField("日期", db_index=True)
    words = models.CharField("说明", max_length=240)
    book_fen = models.BigIntegerField("账面（分）", null=True)
    paid_fen = models.BigIntegerField("发放（分）", null=True)
    bank_fen = models.BigIntegerField("银行（分）", null=True)
    voucher = models.ForeignKey(Voucher, models.PROTECT, null=True, related_name="+", verbose_name="凭证")
    payout = models.ForeignKey(Payout, models.PROTECT, null=True, related_name="+", verbose_name="给付")
    line = models.ForeignKey(
        StatementLine, models.PROTECT, null=True, related_name="+", verbose_name="对账单明细"
    )
    caused_by = models.JSONField("经手人编号", default=list)
    state = models.CharField("状态", max_length=10, choices=State, default=State.OPEN, db_index=True)
    found_at = models.DateTimeField("发现时间")
    cause = models.CharField("原因类别", max_length=10, choices=Cause, blank=True)
    reason = models.CharField("原因", max_length=400, blank=True)
    explained_by = models.CharField("说明人编号", max_length=60, blank=True)
    explained_by_name = models.CharField("说明人", max_length=80, blank=True)
    explained_at = models.DateTimeField("说明时间", null=True)
    gone_at = models.DateTimeField("消除时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "对账差异"
        constraints = (
            models.UniqueConstraint(fields=("account", "key"), name="a_difference_once"),
            models.CheckConstraint(
                condition=~models.Q(state="explained")
                | (
                    models.Q(explained_at__isnull=False)
                    & ~models.Q(reason="")
                    & ~models.Q(cause="")
                    & ~models.Q(explained_by="")
                ),
                name="what_is_explained_has_a_person_and_a_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(state="gone", gone_at__isnull=False)
                | (~models.Q(state="gone") & models.Q(gone_at__isnull=True)),
                name="what_is_gone_says_when",
            ),
        )

    def __str__(self) -> str:
        return f"对账差异 {self.pk}"


class Run(models.Model):
    """One comparison of an account up to a day: what both sides held at its end, and how many differences there were."""

    account = models.ForeignKey(OwnAccount, models.PROTECT, related_name="+", verbose_name="银行账户")
    until = models.DateField("对到哪天")
    book_fen = models.BigIntegerField("账面余额（分）")
    bank_fen = models.BigIntegerField("银行余额（分）")
    vouchers_count = models.PositiveIntegerField("凭证数")
    payouts_count = models.PositiveIntegerField("发放笔数")
    lines_count = models.PositiveIntegerField("银行行数")
    found_count = models.PositiveIntegerField("差异数")
    open_count = models.PositiveIntegerField("待说明")
    run_by_name = models.CharField("对账人", max_length=80)
    run_at = models.DateTimeField("对账时间", db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = "对账"

    def __str__(self) -> str:
        return f"对账到 {self.until}"

    @property
    def difference_fen(self) -> int:
        """Books less bank."""
        return self.book_fen - self.bank_fen
