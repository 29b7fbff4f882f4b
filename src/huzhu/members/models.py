"""Persons: workers who join. Identity and account are sealed; a worker counts once."""

from django.db import models

from huzhu.db.fields import BlindIndexField, EncryptedTextField
from huzhu.db.models import SealedModel
from huzhu.organisations.models import Organisation


class Sex(models.TextChoices):
    FEMALE = "female", "女"
    MALE = "male", "男"


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
    is_synthetic = models.BooleanField("生成的演示人员", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "会员"

    def __str__(self) -> str:
        return self.name

    @property
    def actor_id(self) -> str:
        return f"member:{self.pk}"

    @property
    def actor_name(self) -> str:
        return f"{self.name}（会员）"


class BankAccount(SealedModel):
    """Where money goes; the newest current one is used."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="accounts", verbose_name="会员")
    holder = models.CharField("户名", max_length=40)
    bank_name = models.CharField("开户行", max_length=60)
    number = EncryptedTextField("账号")
    number_last4 = BlindIndexField("账号末四位索引", source="number", part="last4")
    is_current = models.BooleanField("使用中", default=True)
    added_at = models.DateTimeField("登记时间")

    class Meta:
        verbose_name = verbose_name_plural = "银行账户"
        constraints = (
            models.UniqueConstraint(
                fields=("member",), condition=models.Q(is_current=True), name="one_current_account_a_member"
            ),
        )


class SignInCode(models.Model):
    """A code sent to a member's phone; kept as a keyed digest, good once and for minutes."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="+", verbose_name="会员")
    digest = models.CharField("摘要", max_length=80)
    sent_at = models.DateTimeField("发出时间")
    used_at = models.DateTimeField("使用时间", null=True)
    tries = models.PositiveSmallIntegerField("试过次数", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "登录验证码"
