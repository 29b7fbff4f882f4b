"""Persons: workers who join. Identity and account are sealed; a worker counts once."""

from django.db import models

from huzhu.db.fields import BlindIndexField, EncryptedTextField
from huzhu.db.models import SealedModel
from huzhu.files.models import StoredFile
from huzhu.organisations.models import Organisation
from huzhu.users.models import User


class Sex(models.TextChoices):
    FEMALE = "female", "女"
    MALE = "male", "男"


class Leaving(models.TextChoices):
    RETIRED = "retired", "退休"
    RESIGNED = "resigned", "离职"
    DIED = "died", "去世"


class Member(SealedModel):
    """A worker. `is_synthetic` marks generated people, whose ID numbers cannot be real."""

    name = models.CharField("姓名", max_length=40, db_index=True)
    initials = models.CharField("拼音首字母", max_length=20, blank=True, db_index=True)
    id_number = EncryptedTextField("身份证号")
    id_number_index = BlindIndexField("身份证号索引", source="id_number", unique=True)
    id_number_last4 = BlindIndexField("身份证号末四位索引", source="id_number", part="last4")
    phone = EncryptedTextField("手机", null=True)
    phone_index = BlindIndexField("手机索引", source="phone")
    sex = models.CharField("性别", max_length=6, choices=Sex)
    born_on = models.DateField("出生日期")
    employer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="单位")
    in_hardship = models.BooleanField("困难职工", default=False)
    leaving = models.CharField("离开", max_length=10, choices=Leaving, blank=True)  # cover runs to its end
    left_on = models.DateField("离开日期", null=True)
    is_synthetic = models.BooleanField("生成的演示人员", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "会员"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(leaving="", left_on=None)
                | (~models.Q(leaving="") & models.Q(left_on__isnull=False)),
                name="who_left_did_so_on_a_day",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def actor_id(self) -> str:
        return f"member:{self.pk}"

    @property
    def actor_name(self) -> str:
        return f"{self.name}（会员）"


class Consent(models.Model):
    """The member's word that the bureau's data may be used: to which text, how and when; and when it was taken back."""

    class Channel(models.TextChoices):
        PHONE = "phone", "手机"
        COUNTER = "counter", "柜台（签字）"
        LIST = "list", "单位名单（签字）"

    member = models.ForeignKey(Member, models.PROTECT, related_name="consents", verbose_name="会员")
    edition = models.CharField("同意书版次", max_length=20)
    channel = models.CharField("途径", max_length=8, choices=Channel)
    paper = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, related_name="+", verbose_name="签字的同意书"
    )
    given_by = models.CharField("登记人编号", max_length=60)
    given_by_name = models.CharField("登记人", max_length=80)
    given_at = models.DateTimeField("同意时间")
    withdrawn_by = models.CharField("撤回登记人编号", max_length=60, blank=True)
    withdrawn_by_name = models.CharField("撤回登记人", max_length=80, blank=True)
    withdrawn_at = models.DateTimeField("撤回时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "使用医保数据的同意"
        ordering = ("-given_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("member",),
                condition=models.Q(withdrawn_at__isnull=True),
                name="a_member_consents_once",
            ),
            models.CheckConstraint(
                condition=models.Q(channel="phone", paper__isnull=True)
                | models.Q(channel__in=("counter", "list"), paper__isnull=False),
                name="consent_on_paper_is_signed",
            ),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at__isnull=True, withdrawn_by="")
                | (models.Q(withdrawn_at__isnull=False) & ~models.Q(withdrawn_by="")),
                name="who_withdrew_is_known",
            ),
        )


class Move(models.Model):
    """A member goes to another employer: proposed where they are, confirmed where they go or by the agency."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "待接收"
        CONFIRMED = "confirmed", "已接收"
        REFUSED = "refused", "未接收"

    member = models.ForeignKey(Member, models.PROTECT, related_name="moves", verbose_name="会员")
    source = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="原单位")
    target = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="新单位")
    state = models.CharField("状态", max_length=10, choices=State, default=State.PROPOSED)
    proposed_by = models.CharField("提出人编号", max_length=60)
    proposed_name = models.CharField("提出人", max_length=80)
    proposed_at = models.DateTimeField("提出时间")
    settled_name = models.CharField("接收人", max_length=80, blank=True)
    settled_at = models.DateTimeField("接收时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "调动"
        constraints = (
            models.UniqueConstraint(
                fields=("member",), condition=models.Q(state="proposed"), name="one_open_move_a_member"
            ),
        )


class BankAccount(SealedModel):
    """Where money goes; the newest current one is used, a changed one after a second look (accounts.py)."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="accounts", verbose_name="会员")
    holder = models.CharField("户名", max_length=40)
    bank_name = models.CharField("开户行", max_length=60)
    number = EncryptedTextField("账号")
    number_last4 = BlindIndexField("账号末四位索引", source="number", part="last4")
    is_current = models.BooleanField("使用中", default=True)
    added_at = models.DateTimeField("登记时间")
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", verbose_name="换下哪一个"
    )
    added_by = models.CharField("登记人编号", max_length=60, blank=True)
    added_by_name = models.CharField("登记人", max_length=80, blank=True)
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="确认人")
    confirmed_at = models.DateTimeField("确认时间", null=True)
    undone_reason = models.CharField("撤销理由", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "银行账户"
        constraints = (
            models.UniqueConstraint(
                fields=("member",), condition=models.Q(is_current=True), name="one_current_account_a_member"
            ),
            models.CheckConstraint(
                condition=models.Q(undone_reason="") | models.Q(is_current=False, replaces__isnull=False),
                name="what_was_undone_is_not_in_use",
            ),
        )


class OneTimeCode(models.Model):
    """A code sent to a phone, to sign in or to confirm a change; kept as a keyed digest, good once and for minutes."""

    purpose = models.CharField("用途", max_length=20, default="sign_in")
    member = models.ForeignKey(Member, models.CASCADE, related_name="+", verbose_name="会员")
    digest = models.CharField("摘要", max_length=80)
    sent_at = models.DateTimeField("发出时间")
    used_at = models.DateTimeField("使用时间", null=True)
    tries = models.PositiveSmallIntegerField("试过次数", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "验证码"


class Correction(SealedModel):
    """A request to correct what identifies a member; the old value stays sealed beside the new one."""

    class Field(models.TextChoices):
        NAME = "name", "姓名"
        ID_NUMBER = "id_number", "身份证号"
        PHONE = "phone", "手机号"

    class State(models.TextChoices):
        ASKED = "asked", "待核对"
        CHECKED = "checked", "待批准"
        MADE = "made", "已更正"
        REFUSED = "refused", "未同意"

    member = models.ForeignKey(Member, models.PROTECT, related_name="corrections", verbose_name="会员")
    field = models.CharField("哪一项", max_length=10, choices=Field)
    value = EncryptedTextField("改为")
    was = EncryptedTextField("原来的")
    reason = models.CharField("为什么", max_length=200)
    file = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, related_name="+", verbose_name="身份证照片"
    )
    state = models.CharField("状态", max_length=8, choices=State, default=State.ASKED, db_index=True)
    asked_by = models.CharField("提出人编号", max_length=60)
    asked_by_name = models.CharField("提出人", max_length=80)
    asked_at = models.DateTimeField("提出时间")
    checked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="核对人")
    checked_at = models.DateTimeField("核对时间", null=True)
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="批准人")
    settled_at = models.DateTimeField("办结时间", null=True)
    refusal = models.CharField("不同意的理由", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "资料更正"
        constraints = (
            models.UniqueConstraint(
                fields=("member", "field"),
                condition=models.Q(state__in=("asked", "checked")),
                name="one_open_correction_a_field",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="made")
                | models.Q(checked_by__isnull=False, settled_by__isnull=False)
                & ~models.Q(settled_by=models.F("checked_by")),
                name="who_approves_is_another",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="refused") | ~models.Q(refusal=""),
                name="no_refusal_without_a_reason",
            ),
        )
