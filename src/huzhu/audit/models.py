"""Who did what, when, to whom. Actor and object by id and name, no foreign keys; append-only in the database."""

from django.db import models


class Event(models.Model):
    """One act: a change, a read of sensitive data, or a reveal. `detail` never holds sensitive text."""

    class Kind(models.TextChoices):
        CHANGE = "change", "变更"
        READ = "read", "查看"
        REVEAL = "reveal", "显示全文"

    at = models.DateTimeField("时间", db_index=True)
    kind = models.CharField("类别", max_length=8, choices=Kind)
    actor_id = models.CharField("何人编号", max_length=60, db_index=True)
    actor_name = models.CharField("何人", max_length=80)
    verb = models.CharField("做了什么", max_length=60)
    object_type = models.CharField("对象类别", max_length=60)
    object_id = models.CharField("对象编号", max_length=60)
    object_name = models.CharField("对象", max_length=120)
    detail = models.JSONField("细节", default=dict)

    class Meta:
        verbose_name = verbose_name_plural = "审计记录"
        indexes = (models.Index(fields=("object_type", "object_id"), name="events_of_an_object"),)


class Seal(models.Model):
    """One link of the chain: the digest of all events up to `upto`, over the digest before."""

    upto = models.BigIntegerField("封到第几条", unique=True)
    digest = models.CharField("摘要", max_length=64)
    sealed_at = models.DateTimeField("封存时间")

    class Meta:
        verbose_name = verbose_name_plural = "审计封存"


class Handled(models.Model):
    """A request that had an effect, by the key its sender gave it: sent again, it gets the same answer and no effect."""

    key = models.CharField("键", max_length=80)
    actor_id = models.CharField("何人编号", max_length=60)
    what = models.CharField("做什么", max_length=60)
    request = models.CharField("请求的摘要", max_length=80)  # keyed: a request may hold an account number
    answer = models.JSONField("回答", default=dict)
    at = models.DateTimeField("时间", db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = "办过的请求"
        constraints = (models.UniqueConstraint(fields=("actor_id", "key"), name="a_key_is_used_once"),)
