"""The books: single-row entries, each one debit, one credit, one positive amount, one source; append-only in the database."""

from django.db import models

from huzhu.organisations.models import Organisation


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
    note = models.CharField("摘要", max_length=120)
    actor_id = models.CharField("制单人编号", max_length=60)
    actor_name = models.CharField("制单人", max_length=80)
    posted_at = models.DateTimeField("入账时间")
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by", verbose_name="冲销"
    )

    class Meta:
        verbose_name = verbose_name_plural = "凭证"

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
