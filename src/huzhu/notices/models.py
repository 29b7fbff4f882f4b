"""The local outbox: what would be sent by SMS or WeChat, kept where staff and demo can read it."""

from django.db import models

from huzhu.db.fields import BlindIndexField, EncryptedTextField
from huzhu.db.models import SealedModel
from huzhu.organisations.models import Organisation


class Notice(SealedModel):
    """One message to one phone; sealed, since it may carry a code or an amount."""

    phone = EncryptedTextField("手机")
    phone_index = BlindIndexField("手机索引", source="phone")
    text = EncryptedTextField("内容")
    purpose = models.CharField("用途", max_length=40)
    about_type = models.CharField("关于", max_length=60, blank=True)
    about_id = models.CharField("关于编号", max_length=60, blank=True)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, related_name="+", verbose_name="所属机构"
    )
    created_at = models.DateTimeField("时间", db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = "通知"
