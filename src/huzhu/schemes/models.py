"""Published scheme editions, immutable: what an enrolment was joined under and a decision was made by."""

from django.db import models


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
