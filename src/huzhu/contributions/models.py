"""What is due for a roster, who pays which part, and what was received."""

from django.db import models

from huzhu.enrolment.models import Roster
from huzhu.ledger.models import Voucher
from huzhu.organisations.models import Organisation
from huzhu.schemes.models import SchemeEdition


class Payer(models.TextChoices):
    EMPLOYER = "employer", "单位"
    UPPER_UNION = "upper_union", "上级工会"
    SPONSOR = "sponsor", "资助人"
    WORKER = "worker", "职工"


class SplitTerms(models.Model):
    """How an employer and everyone below it shares the fee of a scheme from a day on; what changes is a new row."""

    employer = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name="单位（及下属）"
    )
    scheme_slug = models.CharField("方案", max_length=40)
    valid_from = models.DateField("起用日")  # for rosters whose cover starts on this day or later
    inherits = models.BooleanField("恢复沿用上级", default=False)
    least_own_fen = models.PositiveIntegerField("职工至少缴（分）", default=0)
    set_by = models.CharField("设定人编号", max_length=60)
    set_by_name = models.CharField("设定人", max_length=80)
    set_at = models.DateTimeField("设定时间")

    class Meta:
        verbose_name = verbose_name_plural = "分担办法"
        indexes = (models.Index(fields=("employer", "scheme_slug"), name="terms_of_an_employer"),)


class SplitRule(models.Model):
    """One payer of the terms who is not the worker, in the order in which they are asked; the worker pays the rest."""

    class Basis(models.TextChoices):
        PERCENT = "percent", "按比例"
        FIXED = "fixed", "每人定额"
        CASH_BACK = "cash_back", "先缴后补现金"

    terms = models.ForeignKey(SplitTerms, models.PROTECT, related_name="rules", verbose_name="分担办法")
    payer = models.CharField("缴费方", max_length=12, choices=Payer)
    payer_name = models.CharField("缴费方名称", max_length=80)
    basis = models.CharField("方式", max_length=10, choices=Basis)
    basis_points = models.PositiveIntegerField("比例（万分之一）", default=0)
    fixed_fen = models.PositiveIntegerField("每人定额（分）", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "分担办法的缴费方"
        constraints = (
            models.UniqueConstraint(fields=("terms", "payer", "payer_name"), name="a_payer_once_in_terms"),
            models.CheckConstraint(
                condition=models.Q(basis_points__lte=10_000), name="at_most_the_whole_fee"
            ),
        )


class ContributionDue(models.Model):
    """What one roster owes for one edition: heads × fee."""

    roster = models.ForeignKey(Roster, models.PROTECT, related_name="dues", verbose_name="名册")
    edition = models.ForeignKey(SchemeEdition, models.PROTECT, related_name="+", verbose_name="方案版次")
    heads = models.PositiveIntegerField("人数")
    amount_fen = models.BigIntegerField("应缴（分）")

    class Meta:
        verbose_name = verbose_name_plural = "应缴"
        constraints = (
            models.UniqueConstraint(fields=("roster", "edition"), name="a_roster_owes_once_a_scheme"),
            models.CheckConstraint(condition=models.Q(amount_fen__gte=0), name="due_is_not_negative"),
        )

    @property
    def fee_fen(self) -> int:
        """What each head owes."""
        return self.edition.fee_for(self.roster.way)

    @property
    def left_fen(self) -> int:
        """What has not come in yet."""
        return sum(share.left_fen for share in self.shares.all())


class Share(models.Model):
    """One payer's part of a due; the shares of a due sum to it. Cash-back is a memo beside them."""

    due = models.ForeignKey(ContributionDue, models.PROTECT, related_name="shares", verbose_name="应缴")
    payer = models.CharField("缴费方", max_length=12, choices=Payer)
    payer_name = models.CharField("缴费方名称", max_length=80)
    amount_fen = models.BigIntegerField("应缴（分）")
    received_fen = models.BigIntegerField("已收（分）", default=0)
    cash_back_fen = models.BigIntegerField("单位补给职工的现金（分，备查）", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "分担"
        constraints = (
            models.UniqueConstraint(fields=("due", "payer", "payer_name"), name="a_payer_once_a_due"),
            models.CheckConstraint(
                condition=models.Q(received_fen__gte=0, received_fen__lte=models.F("amount_fen")),
                name="received_is_at_most_the_share",
            ),
        )

    @property
    def left_fen(self) -> int:
        """What has not come in yet."""
        return self.amount_fen - self.received_fen


class Receipt(models.Model):
    """Money that came for a share, posted; a transfer is recorded once: its parts are counted from 1."""

    share = models.ForeignKey(Share, models.PROTECT, related_name="receipts", verbose_name="分担")
    amount_fen = models.BigIntegerField("金额（分）")
    received_on = models.DateField("到账日")
    bank_reference = models.CharField("银行流水号", max_length=60)
    part = models.PositiveSmallIntegerField("第几笔", default=1)  # one transfer may pay several shares
    voucher = models.OneToOneField(Voucher, models.PROTECT, related_name="+", verbose_name="凭证")
    recorded_by = models.CharField("登记人编号", max_length=60)
    recorded_at = models.DateTimeField("登记时间")

    class Meta:
        verbose_name = verbose_name_plural = "到账"
        constraints = (
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="a_receipt_is_positive"),
            models.UniqueConstraint(fields=("bank_reference", "part"), name="a_transfer_is_recorded_once"),
        )
