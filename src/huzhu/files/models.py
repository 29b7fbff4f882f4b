"""Stored uploads: sealed on disk, known by hash."""

from django.db import models

from huzhu.db.fields import EncryptedTextField
from huzhu.db.models import SealedModel


class StoredFile(SealedModel):
    """One upload: its bytes lie encrypted under var/files/<id>; the name may hold a person's name, so it is sealed."""

    name = EncryptedTextField("文件名")
    kind = models.CharField("类型", max_length=100)
    size = models.PositiveIntegerField("字节数")
    sha256 = models.CharField("摘要", max_length=64, db_index=True)
    purpose = models.CharField("用途", max_length=40)
    stored_at = models.DateTimeField("存入时间")
    stored_by = models.CharField("存入人编号", max_length=60)

    class Meta:
        verbose_name = verbose_name_plural = "文件"
