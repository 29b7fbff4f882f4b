"""What the fund decides and why: opinion, evaluation of every covering enrolment, decision, second decision."""

from django.db import models

from huzhu.claims.models import Claim, SettlementChange
from huzhu.db.fields import EncryptedTextField
from huzhu.db.models import SealedModel
from huzhu.enrolment.models import Enrolment
from huzhu.members.models import Member
from huzhu.organisations.models import Organisation
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


class Decisions(models.QuerySet["Decision"]):
    def standing(self) -> "Decisions":
        """That hold: proposed or final, neither overruled nor corrected."""
        return self.exclude(state__in=("overruled", "corrected"))


class Decision(models.Model):
    """What the province decides on a claim, by a person; above a limit a second person confirms it.

    One that `corrects` another came of a replay (Correction) and always has two persons.
    """

    class Verdict(models.TextChoices):
        PAY = "pay", "给付"
        REFUSE = "refuse", "不予给付"

    class State(models.TextChoices):
        PROPOSED = "proposed", "待复核"
        FINAL = "final", "已生效"
        OVERRULED = "overruled", "复核未通过"
        CORRECTED = "corrected", "已更正"

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
    corrects = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="corrected_by", verbose_name="更正哪一次核定"
    )
    correction = models.ForeignKey(
        "Correction", models.PROTECT, null=True, related_name="decisions", verbose_name="更正"
    )

    objects = Decisions.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "核定"
        constraints = (
            models.UniqueConstraint(
                fields=("claim",),
                condition=~models.Q(state__in=("overruled", "corrected")),
                name="one_standing_decision_a_claim",
            ),
            models.CheckConstraint(
                condition=models.Q(corrects__isnull=True, correction__isnull=True)
                | models.Q(corrects__isnull=False, correction__isnull=False, second_by__isnull=False),
                name="a_correction_has_two_persons",
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

    decision = models.ForeignKey(
        Decision, models.PROTECT, related_name="adjudications", verbose_name="核定", db_index=False
    )
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="+", verbose_name="参保")
    edition = models.ForeignKey(SchemeEdition, models.PROTECT, related_name="+", verbose_name="方案版次")
    facts = EncryptedTextField("事实")  # canonical JSON, huzhu-facts/1
    # canonical JSON, huzhu-reasoning/1; null until the worker has written down what facts and edition give (ADR 0042)
    reasoning = EncryptedTextField("计算过程", null=True)
    total_fen = models.BigIntegerField("合计（分）")

    class Meta:
        verbose_name = verbose_name_plural = "核定明细"
        constraints = (
            models.UniqueConstraint(fields=("decision", "enrolment"), name="an_enrolment_once_a_decision"),
        )
        indexes = (
            models.Index(
                fields=("decision",), condition=models.Q(reasoning__isnull=True), name="workings_to_write"
            ),
        )


class BenefitResult(models.Model):
    """One benefit's amount."""

    adjudication = models.ForeignKey(
        Adjudication, models.PROTECT, related_name="results", verbose_name="核定明细", db_index=False
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
    """What a member has used in one cover period of one scheme; who changes it has locked the member."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name="会员", db_index=False)
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


class Correction(models.Model):
    """A member's claims reckoned again after a settlement changed: proposed by one person, confirmed by another."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "待确认"
        CONFIRMED = "confirmed", "已更正"
        DECLINED = "declined", "未同意"

    change = models.ForeignKey(
        SettlementChange, models.PROTECT, related_name="corrections", verbose_name="医保结算变动"
    )
    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name="会员")
    state = models.CharField("状态", max_length=10, choices=State, default=State.PROPOSED)
    reason = models.CharField("理由", max_length=400)
    was_fen = models.BigIntegerField("原核定（分）")
    now_fen = models.BigIntegerField("重算（分）")
    ground = models.CharField("依据的摘要", max_length=64)
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="提出人")
    proposed_at = models.DateTimeField("提出时间")
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="确认人")
    settled_at = models.DateTimeField("确认时间", null=True)
    settled_reason = models.CharField("确认意见", max_length=400, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "更正"
        constraints = (
            models.UniqueConstraint(
                fields=("member",),
                condition=models.Q(state="proposed"),
                name="one_open_correction_a_member",
            ),
            models.CheckConstraint(
                condition=models.Q(state="proposed", settled_by__isnull=True, settled_at__isnull=True)
                | (
                    ~models.Q(state="proposed") & models.Q(settled_by__isnull=False, settled_at__isnull=False)
                ),
                name="a_settled_correction_has_a_person",
            ),
            models.CheckConstraint(
                condition=~models.Q(settled_by=models.F("proposed_by")) | models.Q(state="declined"),
                name="another_person_confirms_a_correction",
            ),
        )

    def __str__(self) -> str:
        return f"{self.change.claim} 的更正"


class AutomaticRun(models.Model):
    """Claims from the bureau's records decided together: one person starts, another confirms what was found."""

    class State(models.TextChoices):
        REVIEWING = "reviewing", "核算中"
        PROPOSED = "proposed", "待确认"
        CONFIRMED = "confirmed", "办理中"
        DONE = "done", "已办结"
        SENT_BACK = "sent_back", "未同意"
        DROPPED = "dropped", "已作废"

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="机构")
    state = models.CharField("状态", max_length=10, choices=State, default=State.REVIEWING)
    started_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="发起人")
    started_at = models.DateTimeField("发起时间")
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="确认人")
    settled_at = models.DateTimeField("确认时间", null=True)
    reason = models.CharField("理由", max_length=200, blank=True)
    found_count = models.PositiveIntegerField("可以自动给付", default=0)
    found_fen = models.BigIntegerField("可以自动给付（分）", default=0)
    finished_at = models.DateTimeField("办结时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "免申即享"
        constraints = (
            models.UniqueConstraint(
                fields=("organisation",),
                condition=models.Q(state__in=("reviewing", "proposed", "confirmed")),
                name="one_open_run_an_organisation",
            ),
            models.CheckConstraint(
                condition=~models.Q(settled_by=models.F("started_by")) | models.Q(state="dropped"),
                name="who_confirms_a_run_is_another",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=("confirmed", "done", "sent_back"))
                | models.Q(settled_by__isnull=False, settled_at__isnull=False),
                name="a_settled_run_says_by_whom",
            ),
        )

    def __str__(self) -> str:
        return f"第 {self.pk} 批"


class AutomaticLine(models.Model):
    """One claim of a run: what was found, and what became of it."""

    class Outcome(models.TextChoices):
        PAYS = "pays", "可以自动给付"
        LEFT = "left", "交人工"
        DECIDED = "decided", "已自动核定"

    run = models.ForeignKey(
        AutomaticRun, models.PROTECT, related_name="lines", verbose_name="批", db_index=False
    )
    claim = models.ForeignKey(Claim, models.PROTECT, related_name="automatic_lines", verbose_name="申请")
    place = models.PositiveIntegerField("次序")  # one member's claims follow each other
    outcome = models.CharField("结果", max_length=8, choices=Outcome)
    amount_fen = models.BigIntegerField("金额（分）")
    ground = models.CharField("依据的摘要", max_length=64, blank=True)  # Evaluation.ground
    reason = models.CharField("原因", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "免申即享的申请"
        constraints = (
            models.UniqueConstraint(fields=("run", "claim"), name="a_claim_once_a_run"),
            models.UniqueConstraint(
                fields=("claim",), condition=models.Q(outcome="pays"), name="a_claim_waits_in_one_run"
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="left") | models.Q(amount_fen__gt=0), name="machines_only_pay"
            ),
            models.CheckConstraint(
                condition=~models.Q(outcome="left") | ~models.Q(reason=""), name="what_is_left_says_why"
            ),
        )
        indexes = (
            models.Index(fields=("run", "place"), name="lines_of_a_run"),
            models.Index(fields=("run", "place"), condition=models.Q(outcome="pays"), name="lines_to_decide"),
        )
