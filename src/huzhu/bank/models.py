"""The office's own accounts and what the bank says of them: statements, and lines that are each there once and never change."""

from django.db import models

from huzhu.db.fields import BlindIndexField, EncryptedTextField
from huzhu.db.models import SealedModel
from huzhu.files.models import StoredFile
from huzhu.organisations.models import Organisation


class OwnAccount(models.Model):
    """An account of the fund at a bank; the bank entries of its organisation's branch lie on it."""

    class Purpose(models.TextChoices):
        COLLECTING = "collecting", "收款户"
        PAYING = "paying", "发放户"

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="机构")
    purpose = models.CharField("用途", max_length=10, choices=Purpose)
    holder = models.CharField("户名", max_length=80)
    bank_name = models.CharField("开户行", max_length=80)
    number = models.CharField("账号", max_length=40)
    form = models.CharField("对账单格式", max_length=40)
    since = models.DateField("从哪天起对账")
    opened_by = models.CharField("登记人编号", max_length=60)
    opened_by_name = models.CharField("登记人", max_length=80)
    opened_at = models.DateTimeField("登记时间")
    ended_at = models.DateTimeField("停用时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "本会银行账户"
        constraints = (
            models.UniqueConstraint(
                fields=("organisation",),
                condition=models.Q(ended_at__isnull=True),
                name="one_bank_account_an_office",
            ),
            models.UniqueConstraint(
                fields=("number",), condition=models.Q(ended_at__isnull=True), name="a_bank_account_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.bank_name} 尾号 {self.number[-4:]}"


class Statement(models.Model):
    """One file of the bank, taken in whole: opening + movements = closing."""

    account = models.ForeignKey(
        OwnAccount, models.PROTECT, related_name="statements", verbose_name="银行账户"
    )
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name="文件")
    sha256 = models.CharField("摘要", max_length=64)
    first_on = models.DateField("从")
    last_on = models.DateField("到")  # days up to and with this one are known in full
    opening_fen = models.BigIntegerField("期初余额（分）")
    closing_fen = models.BigIntegerField("期末余额（分）")
    lines_count = models.PositiveIntegerField("行数")
    new_count = models.PositiveIntegerField("新的行数")
    taken_by = models.CharField("导入人编号", max_length=60)
    taken_by_name = models.CharField("导入人", max_length=80)
    taken_at = models.DateTimeField("导入时间")

    class Meta:
        verbose_name = verbose_name_plural = "银行对账单"
        constraints = (
            models.UniqueConstraint(fields=("account", "sha256"), name="a_statement_is_taken_once"),
            models.CheckConstraint(
                condition=models.Q(first_on__lte=models.F("last_on")), name="a_statement_runs_forward"
            ),
        )


class StatementLine(SealedModel):
    """One movement on the bank's paper: positive came in, negative went out."""

    account = models.ForeignKey(OwnAccount, models.PROTECT, related_name="lines", verbose_name="银行账户")
    statement = models.ForeignKey(Statement, models.PROTECT, related_name="lines", verbose_name="对账单")
    position = models.PositiveIntegerField("账户内序号")  # from 1, in the bank's order, over all statements
    key = models.CharField("识别号", max_length=80)
    booked_on = models.DateField("记账日", db_index=True)
    amount_fen = models.BigIntegerField("金额（分）")
    balance_fen = models.BigIntegerField("余额（分）")
    # by which it is called: the bank's number, made unique, or made of the line where the bank gives none
    reference = models.CharField("银行流水号", max_length=60, db_index=True)
    # the bank's number as a person would copy it, which it may use again; see core.serials
    serial = models.CharField("银行给的流水号", max_length=60, blank=True, db_index=True)
    name = models.CharField("对方户名", max_length=80, blank=True)
    number = EncryptedTextField("对方账号", null=True)
    number_index = BlindIndexField("对方账号索引", source="number")
    remark = EncryptedTextField("摘要附言", null=True)  # payers write anything there, identity numbers too

    class Meta:
        verbose_name = verbose_name_plural = "对账单明细"
        constraints = (
            models.UniqueConstraint(fields=("account", "key"), name="a_statement_line_once"),
            models.UniqueConstraint(fields=("account", "position"), name="a_statement_position_once"),
            models.CheckConstraint(condition=~models.Q(amount_fen=0), name="a_line_moves_money"),
        )

    def __str__(self) -> str:
        return f"银行流水 {self.reference}"


class Stops(models.QuerySet["Stop"]):
    def open(self) -> "Stops":
        """Not lifted yet."""
        return self.filter(resumed_at__isnull=True)


class Stop(models.Model):
    """No money leaves from here on until somebody says why it may. Actors by id and name: one may be the system."""

    reason = models.CharField("为什么停", max_length=400)
    source = models.CharField("由什么发现", max_length=80, blank=True)
    stopped_id = models.CharField("停发人编号", max_length=60)
    stopped_name = models.CharField("停发人", max_length=80)
    stopped_at = models.DateTimeField("停发时间")
    resumed_id = models.CharField("恢复人编号", max_length=60, blank=True)
    resumed_name = models.CharField("恢复人", max_length=80, blank=True)
    resumed_at = models.DateTimeField("恢复时间", null=True)
    resumed_reason = models.CharField("恢复的理由", max_length=400, blank=True)

    objects = Stops.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "停发"
        constraints = (
            models.UniqueConstraint(
                fields=("source",),
                condition=models.Q(resumed_at__isnull=True) & ~models.Q(source=""),
                name="one_open_stop_a_source",
            ),
            models.CheckConstraint(
                condition=models.Q(resumed_at__isnull=True, resumed_id="", resumed_reason="")
                | (
                    models.Q(resumed_at__isnull=False)
                    & ~models.Q(resumed_id="")
                    & ~models.Q(resumed_reason="")
                ),
                name="what_was_resumed_has_a_person_and_a_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(stopped_id="system") | ~models.Q(resumed_id=models.F("stopped_id")),
                name="another_person_resumes",
            ),
        )

    def __str__(self) -> str:
        return f"停发 {self.pk}"
