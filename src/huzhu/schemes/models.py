"""Published scheme editions, immutable: what an enrolment was joined under and a decision was made by."""

from django.db import models

from huzhu.users.models import Role


class SchemeEdition(models.Model):
    """One published edition in its reading; `resolved` is its full text, `identity` its hash with the engine's version."""

    slug = models.CharField("方案", max_length=40)
    edition = models.CharField("版次", max_length=20)
    variant = models.CharField("读法", max_length=10, blank=True)
    title = models.CharField("名称", max_length=120)
    short = models.CharField("简称", max_length=40)
    identity = models.CharField("指纹", max_length=64, unique=True)
    resolved = models.TextField("全文")
    fee_fen = models.BigIntegerField("会费（分）")
    individual_fee_fen = models.BigIntegerField("个人参加的会费（分）", null=True)  # none: the same fee
    opens_on = models.DateField("起日")
    closes_on = models.DateField("止日（不含）")
    published_at = models.DateTimeField("公布时间")

    class Meta:
        verbose_name = verbose_name_plural = "方案版次"
        constraints = (
            models.CheckConstraint(condition=models.Q(fee_fen__gte=0), name="a_fee_is_not_negative"),
            models.CheckConstraint(
                condition=models.Q(individual_fee_fen__isnull=True) | models.Q(individual_fee_fen__gte=0),
                name="an_individual_fee_is_not_negative",
            ),
        )

    def fee_for(self, way: str) -> int:
        """What a person pays for one period who comes in this way, in fen."""
        own = self.individual_fee_fen if way == "individual" else None
        return self.fee_fen if own is None else own

    def __str__(self) -> str:
        return f"{self.short}（{self.edition}）"


class Proposal(models.Model):
    """One person's word that an edition be published; another person's word publishes it, or sends it back."""

    class State(models.TextChoices):
        WAITING = "waiting", "待第二人确认"
        PUBLISHED = "published", "已公布"
        SENT_BACK = "sent_back", "已退回"
        WITHDRAWN = "withdrawn", "已撤回"

    slug = models.CharField("方案", max_length=40)
    edition = models.CharField("版次", max_length=20)
    variant = models.CharField("读法", max_length=10, blank=True)
    short = models.CharField("简称", max_length=40)
    identity = models.CharField("指纹", max_length=64)
    note = models.CharField("说明", max_length=200)
    state = models.CharField("状态", max_length=10, choices=State, default=State.WAITING)
    proposed_by = models.ForeignKey(Role, models.PROTECT, related_name="+", verbose_name="提出人")
    proposed_at = models.DateTimeField("提出时间")
    settled_by = models.ForeignKey(Role, models.PROTECT, null=True, related_name="+", verbose_name="第二人")
    settled_at = models.DateTimeField("办结时间", null=True)
    reason = models.CharField("退回理由", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "公布提议"
        constraints = (
            models.UniqueConstraint(
                fields=("identity",), condition=models.Q(state="waiting"), name="an_edition_waits_once"
            ),
            models.CheckConstraint(
                condition=models.Q(state="waiting", settled_by__isnull=True, settled_at__isnull=True)
                | (~models.Q(state="waiting") & models.Q(settled_by__isnull=False, settled_at__isnull=False)),
                name="a_settled_proposal_says_by_whom",
            ),
        )

    def __str__(self) -> str:
        return f"{self.short}（{self.edition}{self.variant and ' 读法' + self.variant}）"

    @property
    def path(self) -> str:
        """Its place on the shelf."""
        return f"{self.slug}/{self.edition}"
