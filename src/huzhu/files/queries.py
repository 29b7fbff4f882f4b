"""Where a stored file's row is; whoever asks has asked whose it is."""

from typing import Any

from huzhu.files.models import StoredFile


def by_key(key: Any) -> StoredFile:
    """The row of a stored file; raises StoredFile.DoesNotExist."""
    return StoredFile.objects.get(pk=key)
