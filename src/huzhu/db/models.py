"""The row that sealed columns need, and the proof that the database and the keys belong together."""

import uuid

from django.db import models


class SealedModel(models.Model):
    """A row whose key is known before it is inserted, so that text can be sealed to it."""

    id = models.UUIDField("编号", primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class KeyProof(models.Model):
    """A known sentence under one key version; whoever opens it holds the key of this database."""

    version = models.PositiveIntegerField("密钥版本", primary_key=True)
    token = models.TextField("密文")
    proved_at = models.DateTimeField("首次验证时间")

    class Meta:
        verbose_name = verbose_name_plural = "密钥凭证"

    def __str__(self) -> str:
        return f"密钥第 {self.version} 版"

    @property
    def place(self) -> tuple[str, str, str]:
        """What the sentence is bound to: table, column, row."""
        return (self._meta.db_table, "token", str(self.version))


class BackupMade(models.Model):
    """A backup that was finished: when, under which name, how large; the health page asks for the newest."""

    name = models.CharField("名称", max_length=80, unique=True)
    made_at = models.DateTimeField("完成时间", db_index=True)
    bytes = models.BigIntegerField("字节数")
    sha256 = models.CharField("清单的摘要", max_length=64)

    class Meta:
        verbose_name = verbose_name_plural = "备份"


class DrillDone(models.Model):
    """A backup was restored into a scratch place and everything agreed."""

    name = models.CharField("哪一份备份", max_length=80)
    done_at = models.DateTimeField("完成时间", db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = "恢复演练"
