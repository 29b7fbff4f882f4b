"""Where a stored file's row is; whoever asks has asked whose it is."""

from pathlib import Path
from typing import Any

from django.conf import settings

from huzhu.files.models import StoredFile


def by_key(key: Any) -> StoredFile:
    """The row of a stored file; raises StoredFile.DoesNotExist."""
    return StoredFile.objects.get(pk=key)


def lost() -> list[str]:
    """A sentence for each row whose bytes are not on the disk."""
    folder = Path(settings.VAR_DIR) / "files"
    there = {file.name for file in folder.iterdir()} if folder.is_dir() else set()
    kept = StoredFile.objects.order_by("stored_at").values_list("pk", "stored_at")
    return [
        f"{stored_at:%Y-%m-%d} 存入的附件 {pk} 不在 {folder} 里。请从备份取回。"
        for pk, stored_at in kept.iterator()
        if str(pk) not in there
    ]
