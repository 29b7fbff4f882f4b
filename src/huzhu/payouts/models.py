"""Money out: one payout a decision, batches made by one person and released by another, the bank's reply; and what is owed back."""

import re

from django.db import models

from huzhu.adjudication.models import Decision
from huzhu.bank.models import StatementLine
from huzhu.db.fields import BlindIndexField, EncryptedTextField
from huzhu.db.models import SealedModel
from huzhu.enrolment.models import Enrolment
from huzhu.files.models import StoredFile
from huzhu.members.models import Member
from huzhu.organisations.models import Organisation
from huzhu.users.models import User

# as it stands in a bank's remark: the day, and the place in it, three figures or more
BATCH_NUMBER = re.compile(r"(?<!\d)\d{8}-(?:\d{3}|[1-9]\d{3,})(?!\d)")


class PayoutBatch(models.Model):
    """Payouts that go to the bank in one file, with control totals; the file's hash is sealed before it is written."""

    class State(models.TextChoices):
        MADE = "made", "待放行"
        RELEASED = "released", "已放行"
        CLOSED = "closed", "已回盘"
        VOID = "void", "已退回"

    number = models.CharField("批次号", max_length=20, unique=True)
    state = models.CharField("状态", max_length=10, choices=State, default=State.MADE)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="制单机构")
    count = models.PositiveIntegerField("笔数")
    total_fen = models.BigIntegerField("合计（分）")
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="制单")
    made_at = models.DateTimeField("制单时间")
    released_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="放行")
    released_at = models.DateTimeField("放行时间", null=True)
    form = models.CharField("代发格式", max_length=40, default="neutral-csv")
    sha256 = models.CharField("文件摘要", max_length=64, blank=True)
    sent_back_reason = models.CharField("退回理由", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "发放批次"
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(released_by=models.F("made_by")), name="the_releaser_is_another"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=("made", "void"))
                | models.Q(released_by__isnull=False, released_at__isnull=False),
                name="what_left_was_released",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=("made", "void"), sha256="")
                | (models.Q(state__in=("released", "closed")) & ~models.Q(sha256="")),
                name="what_left_was_sealed",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="void") | ~models.Q(sent_back_reason=""),
                name="what_was_sent_back_has_a_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(count__gt=0, total_fen__gt=0), name="a_batch_pays_something"
            ),
        )

    def __str__(self) -> str:
        return self.number


class Payout(SealedModel):
    """One payment of one decision to one account. A failed one stays 发放中 until it is mended and paid again."""

    class State(models.TextChoices):
        SCHEDULED = "scheduled", "待发放"
        IN_BATCH = "in_batch", "已入批次"
        SENT = "sent", "已送银行"
        IN_DOUBT = "in_doubt", "存疑"
        PAID = "paid", "已到账"
        FAILED = "failed", "银行退回"
        SET_OFF = "set_off", "已全部抵扣"
        REPLACED = "replaced", "更正后不发"

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="payouts", verbose_name="核定")
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="replaced_by", verbose_name="重发哪一笔"
    )
    amount_fen = models.BigIntegerField("金额（分）")  # what goes to the bank
    set_off_fen = models.BigIntegerField(
        "抵扣（分）", default=0
    )  # what was kept against what the member owes
    holder = models.CharField("户名", max_length=40)
    bank_name = models.CharField("开户行", max_length=60)
    account_number = EncryptedTextField("账号")
    account_last4 = BlindIndexField("账号末四位索引", source="account_number", part="last4")
    state = models.CharField("状态", max_length=10, choices=State, default=State.SCHEDULED, db_index=True)
    batch = models.ForeignKey(
        PayoutBatch, models.PROTECT, null=True, related_name="payouts", verbose_name="批次"
    )
    line = models.PositiveIntegerField("批次内序号", null=True)
    scheduled_at = models.DateTimeField("排款时间")
    answered_at = models.DateTimeField("回盘时间", null=True)
    doubted_at = models.DateTimeField("存疑时间", null=True)
    bank_words = models.CharField("银行的话", max_length=120, blank=True)
    # it was paid, and a later reply says that it was not
    later_words = models.CharField("银行后来的话", max_length=120, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "给付"
        constraints = (
            models.UniqueConstraint(
                fields=("decision",),
                condition=models.Q(replaces__isnull=True),
                name="a_decision_is_paid_once",
            ),
            models.UniqueConstraint(
                fields=("decision",),
                condition=~models.Q(state__in=("failed", "replaced")),
                name="one_living_payout_a_decision",
            ),
            models.UniqueConstraint(fields=("batch", "line"), name="a_line_of_a_batch_once"),
            models.CheckConstraint(
                condition=models.Q(state="set_off", amount_fen=0, set_off_fen__gt=0)
                | (~models.Q(state="set_off") & models.Q(amount_fen__gt=0, set_off_fen__gte=0)),
                name="a_payout_is_positive",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=("scheduled", "set_off"), batch__isnull=True, line__isnull=True)
                | models.Q(state="replaced")
                | (
                    ~models.Q(state__in=("scheduled", "set_off", "replaced"))
                    & models.Q(batch__isnull=False, line__isnull=False)
                ),
                name="what_no_longer_waits_stands_in_a_batch",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=("paid", "failed"), answered_at__isnull=False)
                | models.Q(state="replaced")
                | (~models.Q(state__in=("paid", "failed", "replaced")) & models.Q(answered_at__isnull=True)),
                name="what_was_answered_has_a_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="failed") | ~models.Q(bank_words=""),
                name="what_failed_has_the_banks_words",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="in_doubt") | models.Q(doubted_at__isnull=False),
                name="what_is_in_doubt_has_an_age",
            ),
        )

    def __str__(self) -> str:
        return f"给付 {self.decision.claim.number}"


class ReplyFile(models.Model):
    """A bank reply that was taken in, by its hash: the same file twice changes nothing."""

    batch = models.ForeignKey(PayoutBatch, models.PROTECT, related_name="replies", verbose_name="批次")
    sha256 = models.CharField("摘要", max_length=64, unique=True)
    paid_count = models.PositiveIntegerField("成功笔数")
    failed_count = models.PositiveIntegerField("失败笔数")
    doubt_count = models.PositiveIntegerField("不明笔数", default=0)
    taken_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="导入人")
    taken_at = models.DateTimeField("导入时间")

    class Meta:
        verbose_name = verbose_name_plural = "银行回盘"


class SaidByTwo(models.Model):
    """What one person read in the bank's paper about a payout; it counts once another person has confirmed it."""

    class State(models.TextChoices):
        SAID = "said", "待第二人确认"
        CONFIRMED = "confirmed", "已确认"
        DECLINED = "declined", "未同意"

    state = models.CharField("状态", max_length=10, choices=State, default=State.SAID)
    said_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="登记人")
    said_at = models.DateTimeField("登记时间")
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="确认人")
    settled_at = models.DateTimeField("确认时间", null=True)

    class Meta:
        abstract = True


_NAMES_SOMEBODY = models.Q(state="said", settled_by__isnull=True, settled_at__isnull=True) | (
    ~models.Q(state="said") & models.Q(settled_by__isnull=False, settled_at__isnull=False)
)
_BY_ANOTHER = ~models.Q(state="confirmed") | ~models.Q(settled_by=models.F("said_by"))


class DoubtAnswer(SaidByTwo):
    """Whether a payout in doubt was paid."""

    payout = models.ForeignKey(Payout, models.PROTECT, related_name="doubt_answers", verbose_name="给付")
    paid = models.BooleanField("已付")
    bank_at = models.DateTimeField("银行的时间")
    words = models.CharField("凭什么", max_length=120)
    paper = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name="银行的证明")

    class Meta:
        verbose_name = verbose_name_plural = "存疑款的查明"
        constraints = (
            models.UniqueConstraint(
                fields=("payout",), condition=models.Q(state="said"), name="one_open_answer_a_doubt"
            ),
            models.CheckConstraint(condition=_NAMES_SOMEBODY, name="what_was_settled_has_a_person"),
            models.CheckConstraint(condition=_BY_ANOTHER, name="another_person_confirms_a_doubt"),
        )

    def __str__(self) -> str:
        return f"{self.payout} 的查明"


class BankReturn(SaidByTwo):
    """That a payment which had reached the member came back, by this credit."""

    payout = models.ForeignKey(Payout, models.PROTECT, related_name="bank_returns", verbose_name="给付")
    line = models.ForeignKey(StatementLine, models.PROTECT, related_name="+", verbose_name="银行流水")
    words = models.CharField("银行的话", max_length=120)

    class Meta:
        verbose_name = verbose_name_plural = "已到账后银行退回"
        constraints = (
            models.UniqueConstraint(
                fields=("payout",),
                condition=models.Q(state__in=("said", "confirmed")),
                name="a_payout_comes_back_once",
            ),
            models.UniqueConstraint(
                fields=("line",),
                condition=models.Q(state__in=("said", "confirmed")),
                name="a_credit_brings_back_one_payout",
            ),
            models.CheckConstraint(condition=_NAMES_SOMEBODY, name="a_settled_return_has_a_person"),
            models.CheckConstraint(condition=_BY_ANOTHER, name="another_person_confirms_a_return"),
        )

    def __str__(self) -> str:
        return f"{self.payout} 的退回"


class Difference(models.Model):
    """What a corrected decision moves under one enrolment, against what was booked before; below zero it is owed back."""

    decision = models.ForeignKey(
        Decision, models.PROTECT, related_name="differences", verbose_name="更正后的核定"
    )
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="+", verbose_name="参保")
    # whose amounts stood in the books; none where nothing of this claim was booked
    before = models.ForeignKey(
        Decision, models.PROTECT, null=True, related_name="+", verbose_name="先前入账的核定"
    )
    amount_fen = models.BigIntegerField("差额（分）")
    taken_at = models.DateTimeField("入账时间")

    class Meta:
        verbose_name = verbose_name_plural = "更正的差额"
        constraints = (
            models.UniqueConstraint(
                fields=("decision", "enrolment"), name="a_difference_of_an_enrolment_once"
            ),
        )


class Receivables(models.QuerySet["Receivable"]):
    def open(self) -> "Receivables":
        """Something is still owed."""
        return self.filter(cleared_fen__lt=models.F("amount_fen"))


class Receivable(models.Model):
    """What a member was paid too much, as a correction by two people says, and how much of it has come back."""

    difference = models.OneToOneField(
        Difference, models.PROTECT, related_name="receivable", verbose_name="差额"
    )
    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name="会员")
    amount_fen = models.BigIntegerField("金额（分）")
    cleared_fen = models.BigIntegerField("已收回（分）", default=0)
    since = models.DateTimeField("产生时间")

    objects = Receivables.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "待收回"
        constraints = (
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="a_receivable_is_positive"),
            models.CheckConstraint(
                condition=models.Q(cleared_fen__gte=0, cleared_fen__lte=models.F("amount_fen")),
                name="no_more_is_cleared_than_owed",
            ),
        )

    def __str__(self) -> str:
        return f"待收回 {self.difference.decision.claim.number}"

    @property
    def left_fen(self) -> int:
        return self.amount_fen - self.cleared_fen


class Clearing(models.Model):
    """A part of a receivable: kept from a payout, sent back by the member, or given up by two people."""

    class Kind(models.TextChoices):
        SET_OFF = "set_off", "从互助金抵扣"
        RETURNED = "returned", "会员退回"
        GIVEN_UP = "given_up", "不再收回"

    class State(models.TextChoices):
        SAID = "said", "待第二人确认"
        CONFIRMED = "confirmed", "已入账"
        DECLINED = "declined", "未同意"
        UNDONE = "undone", "已退还"

    receivable = models.ForeignKey(
        Receivable, models.PROTECT, related_name="clearings", verbose_name="待收回"
    )
    kind = models.CharField("怎样收回", max_length=10, choices=Kind)
    state = models.CharField("状态", max_length=10, choices=State)
    amount_fen = models.BigIntegerField("金额（分）")
    # of a set-off: the decision whose payout is smaller for it, and the enrolment whose part
    decision = models.ForeignKey(
        Decision, models.PROTECT, null=True, related_name="set_offs", verbose_name="从哪一次核定"
    )
    enrolment = models.ForeignKey(
        Enrolment, models.PROTECT, null=True, related_name="+", verbose_name="从哪一份参保"
    )
    line = models.ForeignKey(
        StatementLine, models.PROTECT, null=True, related_name="+", verbose_name="银行流水"
    )
    reason = models.CharField("理由", max_length=200, blank=True)
    said_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="登记人")
    said_at = models.DateTimeField("时间")
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="确认人")
    settled_at = models.DateTimeField("确认时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "收回"
        constraints = (
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="a_clearing_is_positive"),
            models.UniqueConstraint(
                fields=("receivable",),
                condition=models.Q(state="said"),
                name="one_open_clearing_a_receivable",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="set_off", decision__isnull=False, enrolment__isnull=False)
                | models.Q(kind="returned", line__isnull=False, said_by__isnull=False)
                | (models.Q(kind="given_up", said_by__isnull=False) & ~models.Q(reason="")),
                name="a_clearing_says_by_what",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="set_off", state__in=("confirmed", "undone"))
                | models.Q(state="said", settled_by__isnull=True)
                | models.Q(state="declined", settled_by__isnull=False)
                | (
                    models.Q(state="confirmed", settled_by__isnull=False)
                    & ~models.Q(settled_by=models.F("said_by"))
                ),
                name="another_person_confirms_a_clearing",
            ),
        )
