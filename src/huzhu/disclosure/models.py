"""Accounts as they were published: the figures of that day, proposed by one person and published by another."""

from django.db import models

from huzhu.organisations.models import Organisation
from huzhu.users.models import User


class PublishedAccounts(models.Model):
    """One span of closed months; what is published stays as it is, a later one may take its place."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "待公布"
        PUBLISHED = "published", "已公布"
        SENT_BACK = "sent_back", "已退回"

    book = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="账本（省）")
    first = models.CharField("从哪个月", max_length=7)
    last = models.CharField("到哪个月", max_length=7)
    state = models.CharField("状态", max_length=10, choices=State, default=State.PROPOSED, db_index=True)
    figures = models.JSONField("数字")
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="提出")
    proposed_at = models.DateTimeField("提出时间")
    published_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="公布")
    published_at = models.DateTimeField("公布时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "账目公示"
        ordering = ("-last", "-first", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("book", "first", "last"),
                condition=~models.Q(state="sent_back"),
                name="one_disclosure_of_a_span",
            ),
            models.CheckConstraint(
                condition=models.Q(state="published", published_by__isnull=False, published_at__isnull=False)
                | (~models.Q(state="published") & models.Q(published_at__isnull=True)),
                name="who_published_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(published_by__isnull=True)
                | ~models.Q(published_by=models.F("proposed_by")),
                name="accounts_are_published_by_two",
            ),
        )

    def __str__(self) -> str:
        return f"{self.first} 至 {self.last} 账目公示"
