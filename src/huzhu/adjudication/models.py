"""What the fund decides and why: opinion, evaluation of every covering enrolment, decision, second decision."""

from django.db import models

from huzhu.claims.models import Claim
from huzhu.db.fields import EncryptedTextField
from huzhu.db.models import SealedModel
from huzhu.enrolment.models import Enrolment
from huzhu.members.models import Member
from huzhu.schemes.models import SchemeEdition
from huzhu.users.models import User


class FirstOpinion(models.Model):
    """The city agency's opinion on one claim."""

    claim = models.OneToOneField(Claim, models.PROTECT, related_name="opinion", verbose_name="申请")
    text = models.CharField("初审意见", max_length=400)
    supports = models.BooleanField("建议给付")
    given_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="初审人")
    given_at = models.DateTimeField("时间")

    class Meta:
        verbose_name = verbose_name_plural = "初审意见"


class Decision(models.Model):
    """What the province decides on a claim, by a person; above a limit a second person confirms it."""

    class Verdict(models.TextChoices):
        PAY = "pay", "给付"
        REFUSE = "refuse", "不予给付"

    class State(models.TextChoices):
        PROPOSED = "proposed", "待复核"
        FINAL = "final", "已生效"
        OVERRULED = "overruled", "复核未通过"

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="decisions", verbose_name="申请")
    verdict = models.CharField("结论", max_length=8, choices=Verdict)
    reason = models.CharField("理由", max_length=400)
    total_fen = models.BigIntegerField("合计（分）")
    state = models.CharField("状态", max_length=10, choices=State)
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="核定人")
    decided_at = models.DateTimeField("核定时间")
    second_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="复核人")
    second_at = models.DateTimeField("复核时间", null=True)
    second_reason = models.CharField("复核意见", max_length=400, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "核定"
        constraints = (
            models.UniqueConstraint(
                fields=("claim",),
                condition=~models.Q(state="overruled"),
                name="one_standing_decision_a_claim",
            ),
            models.CheckConstraint(condition=models.Q(total_fen__gte=0), name="a_decision_is_not_negative"),
            models.CheckConstraint(
                condition=~models.Q(second_by=models.F("decided_by")), name="the_second_person_is_another"
            ),
            models.CheckConstraint(
                condition=~models.Q(verdict="refuse") | models.Q(total_fen=0), name="a_refusal_pays_nothing"
            ),
        )


class Adjudication(SealedModel):
    """One enrolment's evaluation under a decision: facts, reasoning and edition hash, reproducible."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="adjudications", verbose_name="核定")
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="+", verbose_name="参保")
    edition = models.ForeignKey(SchemeEdition, models.PROTECT, related_name="+", verbose_name="方案版次")
    facts = EncryptedTextField("事实")  # canonical JSON, huzhu-facts/1
    reasoning = EncryptedTextField("计算过程")  # canonical JSON, huzhu-reasoning/1
    total_fen = models.BigIntegerField("合计（分）")

    class Meta:
        verbose_name = verbose_name_plural = "核定明细"
        constraints = (
            models.UniqueConstraint(fields=("decision", "enrolment"), name="an_enrolment_once_a_decision"),
        )


class BenefitResult(models.Model):
    """One benefit's amount."""

    adjudication = models.ForeignKey(
        Adjudication, models.PROTECT, related_name="results", verbose_name="核定明细"
    )
    name = models.CharField("项目代码", max_length=40)
    label = models.CharField("项目", max_length=60)
    amount_fen = models.BigIntegerField("金额（分）")

    class Meta:
        verbose_name = verbose_name_plural = "项目结果"
        constraints = (
            models.UniqueConstraint(fields=("adjudication", "name"), name="a_benefit_once"),
            models.CheckConstraint(condition=models.Q(amount_fen__gte=0), name="a_benefit_is_not_negative"),
        )


class RunningTotal(models.Model):
    """What a member has used in one cover period of one scheme; locked while a decision is made final."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name="会员")
    scheme_slug = models.CharField("方案", max_length=40)
    cover_starts_on = models.DateField("保障期起日")
    benefit = models.CharField("项目代码", max_length=40)
    used_fen = models.BigIntegerField("已用（分）", default=0)
    cap_fen = models.BigIntegerField("封顶（分）", null=True)
    claims_count = models.PositiveIntegerField("次数", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "累计"
        constraints = (
            models.UniqueConstraint(
                fields=("member", "scheme_slug", "cover_starts_on", "benefit"), name="one_total_a_benefit"
            ),
            models.CheckConstraint(
                condition=models.Q(cap_fen__isnull=True) | models.Q(used_fen__lte=models.F("cap_fen")),
                name="used_is_within_the_cap",
            ),
            models.CheckConstraint(condition=models.Q(used_fen__gte=0), name="used_is_not_negative"),
        )
