"""Visits, what follows from them, occasions, and targets."""

import uuid

from django.db import models

from huzhu.employers.models import Stance
from huzhu.organisations.models import Organisation
from huzhu.users.models import User


class Visit(models.Model):
    """One visit or call at one employer; undone it stays and no longer counts."""

    class Way(models.TextChoices):
        VISIT = "visit", "走访"
        PHONE = "phone", "电话"
        WECHAT = "wechat", "微信"
        RECEPTION = "reception", "来访"
        TALK = "talk", "讲座"

    key = models.UUIDField("表单编号", unique=True, default=uuid.uuid4)  # a form sent twice is one visit
    employer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="单位")
    on = models.DateField("日期", db_index=True)
    way = models.CharField("方式", max_length=10, choices=Way)
    leaflets = models.PositiveIntegerField("宣传折页", default=0)
    said = models.CharField("对方怎么说", max_length=300, blank=True)
    stance = models.ForeignKey(Stance, models.PROTECT, null=True, related_name="+", verbose_name="当时的意愿")
    next_step = models.CharField("下一步", max_length=100, blank=True)
    next_on = models.DateField("下一步日期", null=True)
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="负责人")
    before = models.JSONField("此前的跟进", default=dict)
    logged_at = models.DateTimeField("登记时间")
    logged_by = models.CharField("登记人编号", max_length=60, db_index=True)
    logged_by_name = models.CharField("登记人", max_length=80)
    undone_at = models.DateTimeField("撤销时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "走访"
        ordering = ("-on", "-pk")


class FollowUp(models.Model):
    """Who looks after an employer, what comes next and when."""

    employer = models.OneToOneField(Organisation, models.PROTECT, related_name="+", verbose_name="单位")
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="负责人")
    next_step = models.CharField("下一步", max_length=100, blank=True)
    next_on = models.DateField("下一步日期", null=True, db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = "跟进"


class Occasion(models.Model):
    """A talk or a publicity day, with what was handed out and how many came."""

    class Kind(models.TextChoices):
        TALK = "talk", "讲座"
        DAY = "day", "宣传日"

    key = models.UUIDField("表单编号", unique=True, default=uuid.uuid4)
    organiser = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="主办")
    kind = models.CharField("类别", max_length=4, choices=Kind)
    on = models.DateField("日期")
    place = models.CharField("地点", max_length=60)
    boards = models.PositiveIntegerField("展板（块）", default=0)
    booklets = models.PositiveIntegerField("手册（份）", default=0)
    posters = models.PositiveIntegerField("海报（张）", default=0)
    questions = models.PositiveIntegerField("解答问题（个）", default=0)
    attendance = models.PositiveIntegerField("到场（人）", default=0)
    notes = models.CharField("记事", max_length=300, blank=True)
    logged_at = models.DateTimeField("登记时间")
    logged_by = models.CharField("登记人编号", max_length=60)
    logged_by_name = models.CharField("登记人", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "讲座和宣传日"
        ordering = ("-on", "-pk")


class Target(models.Model):
    """What an agency or a county means to reach in a fund year."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="机构")
    year = models.PositiveSmallIntegerField("基金年度")
    amount_fen = models.PositiveBigIntegerField("会费目标（分）", default=0)
    heads = models.PositiveIntegerField("人数目标", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "年度目标"
        constraints = (
            models.UniqueConstraint(fields=("organisation", "year"), name="one_target_a_place_and_year"),
            models.CheckConstraint(
                condition=models.Q(amount_fen__gt=0) | models.Q(heads__gt=0),
                name="a_target_aims_at_something",
            ),
        )
