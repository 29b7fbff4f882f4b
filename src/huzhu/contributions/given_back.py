"""Money given back before cover begins: refunds, the people they are paid to, and the lists on which they go to the bank."""

from django.db import models

from huzhu.bank.payforms import DEFAULT
from huzhu.db.fields import EncryptedTextField
from huzhu.db.models import SealedModel
from huzhu.enrolment.models import Enrolment, Roster
from huzhu.organisations.models import Organisation


class RefundList(models.Model):
    """Refunds that go to the bank together: made by one person, released by another, who lets the books move."""

    class State(models.TextChoices):
        MADE = "made", "待放行"
        RELEASED = "released", "已放行"
        VOID = "void", "已退回"

    number = models.CharField("清单号", max_length=20, unique=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="制单机构")
    state = models.CharField("状态", max_length=10, choices=State, default=State.MADE)
    count = models.PositiveIntegerField("笔数")
    total_fen = models.BigIntegerField("合计（分）")
    form = models.CharField("代发格式", max_length=40, default=DEFAULT)
    sha256 = models.CharField("文件摘要", max_length=64, blank=True)  # sealed at release; of older lists not
    made_by = models.CharField("制单人编号", max_length=60)
    made_by_name = models.CharField("制单", max_length=80)
    made_at = models.DateTimeField("制单时间")
    released_by = models.CharField("放行人编号", max_length=60, blank=True)
    released_by_name = models.CharField("放行", max_length=80, blank=True)
    released_at = models.DateTimeField("放行时间", null=True)
    handed_at = models.DateTimeField("第一次取走", null=True)  # by whoever takes it to the bank
    reason = models.CharField("退回理由", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "退费清单"
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(released_by=models.F("made_by")), name="another_releases_the_refunds"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="released")
                | (models.Q(released_at__isnull=False) & ~models.Q(released_by="")),
                name="what_is_refunded_was_released",
            ),
        )

    def __str__(self) -> str:
        return self.number


class Refund(SealedModel):
    """Money to give back before cover begins: of a whole roster, of one who leaves, or what was paid too much.

    Its state is that of its part that is least far; parts go to the bank on lists of their own (see refunds.follow).
    """

    class Kind(models.TextChoices):
        ROSTER = "roster", "整份名册退出"
        WORKER = "worker", "一人退出"
        PREPAID = "prepaid", "多缴"

    class State(models.TextChoices):
        PROPOSED = "proposed", "待制单"
        LISTED = "listed", "待放行"
        RELEASED = "released", "待银行付出"
        PAID = "paid", "已退"
        DECLINED = "declined", "不予办理"

    kind = models.CharField("类别", max_length=8, choices=Kind)
    employer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="单位")
    roster = models.ForeignKey(Roster, models.PROTECT, null=True, related_name="+", verbose_name="名册")
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, null=True, related_name="+", verbose_name="参保")
    prepaid = models.ForeignKey(
        "Prepaid", models.PROTECT, null=True, related_name="refunds", verbose_name="多缴款"
    )
    amount_fen = models.BigIntegerField("金额（分）")
    reason = models.CharField("理由", max_length=200)
    state = models.CharField("状态", max_length=10, choices=State, default=State.PROPOSED, db_index=True)
    proposed_by = models.CharField("提出人编号", max_length=60)
    proposed_by_name = models.CharField("提出人", max_length=80)
    proposed_at = models.DateTimeField("提出时间")
    paper = models.ForeignKey(
        "OfficialReceipt", models.PROTECT, null=True, related_name="+", verbose_name="红字收据"
    )
    paid_on = models.DateField("付出日", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "退费"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(
                    kind="roster", roster__isnull=False, enrolment__isnull=True, prepaid__isnull=True
                )
                | models.Q(kind="worker", roster__isnull=True, enrolment__isnull=False, prepaid__isnull=True)
                | models.Q(
                    kind="prepaid", roster__isnull=True, enrolment__isnull=True, prepaid__isnull=False
                ),
                name="a_refund_is_for_one_thing",
            ),
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="a_refund_is_positive"),
            models.UniqueConstraint(
                fields=("roster",),
                condition=models.Q(state__in=("proposed", "listed")),
                name="one_refund_of_a_roster_under_way",
            ),
            models.UniqueConstraint(
                fields=("prepaid",),
                condition=models.Q(state__in=("proposed", "listed"), paper__isnull=True),
                name="one_refund_of_a_rest_under_way",
            ),
            models.UniqueConstraint(
                fields=("enrolment",),
                condition=~models.Q(state="declined"),
                name="a_worker_is_refunded_once",
            ),
        )

    def __str__(self) -> str:
        return f"退费 {self.pk}"


class RefundPart(SealedModel):
    """What one payee gets of a refund; the parts that no other one replaces sum to it."""

    class State(models.TextChoices):
        WAITING = "waiting", "待付"
        PAID = "paid", "已付"
        RETURNED = "returned", "被银行退回"
        UNPAID = "unpaid", "银行未付"

    refund = models.ForeignKey(Refund, models.PROTECT, related_name="parts", verbose_name="退费")
    place = models.PositiveSmallIntegerField("序号")
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="replaced_by", verbose_name="代替哪一笔"
    )
    amount_fen = models.BigIntegerField("金额（分）")
    payee = models.CharField("收款户名", max_length=80)
    bank_name = models.CharField("开户行", max_length=80)
    number = EncryptedTextField("收款账号")
    state = models.CharField("状态", max_length=8, choices=State, default=State.WAITING)
    proposed_by = models.CharField("提出人编号", max_length=60)  # who told the account
    list = models.ForeignKey(RefundList, models.PROTECT, null=True, related_name="parts", verbose_name="清单")
    paid_on = models.DateField("付出日", null=True)
    paid_by = models.ForeignKey(
        "LineUse", models.PROTECT, null=True, related_name="paid_parts", verbose_name="付出的流水"
    )
    returned_by = models.ForeignKey(
        "LineUse", models.PROTECT, null=True, related_name="returned_parts", verbose_name="退回的流水"
    )

    class Meta:
        verbose_name = verbose_name_plural = "退费的收款人"
        ordering = ("refund", "place")
        constraints = (
            models.UniqueConstraint(fields=("refund", "place"), name="a_place_of_a_refund_once"),
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="a_part_is_positive"),
            models.CheckConstraint(
                condition=models.Q(state="waiting", paid_on__isnull=True)
                | models.Q(state="unpaid", paid_on__isnull=True, list__isnull=False)
                | models.Q(state__in=("paid", "returned"), paid_on__isnull=False, list__isnull=False),
                name="a_paid_part_has_its_day_and_list",
            ),
        )

    def __str__(self) -> str:
        return f"{self.payee} {self.place}"

    @property
    def stands(self) -> str:
        """In words; of one that waits, for what."""
        if self.state != self.State.WAITING:
            return self.get_state_display()
        return str(WAITS[self.list.state if self.list else None].label)


# what a part waits for by the state of its list, the least far first
WAITS: dict[str | None, Refund.State] = {
    None: Refund.State.PROPOSED,
    RefundList.State.MADE: Refund.State.LISTED,
    RefundList.State.RELEASED: Refund.State.RELEASED,
}
