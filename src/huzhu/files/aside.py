"""An upload that was shown and waits for its word: kept sealed on the disk instead of travelling through the page and back."""

from datetime import datetime
from uuid import UUID

from huzhu.audit.services import Actor
from huzhu.files import services
from huzhu.files.models import StoredFile


class AsideGone(LookupError):
    """It is not there any more, or somebody else's."""


def put_aside(*, name: str, data: bytes, about: str, by: Actor, at: datetime) -> StoredFile:
    """Keep it for this person; what they had put aside before for the same is thrown away. NotAccepted as `store`."""
    file = services.store(name=name, data=data, purpose=_purpose(about), by=by, at=at)
    for old in StoredFile.objects.filter(purpose=_purpose(about), stored_by=by.actor_id).exclude(pk=file.pk):
        services.discard(file=old, by=by, at=at)
    return file


def taken(*, key: str, about: str, by: Actor) -> StoredFile:
    """What this person put aside; raises AsideGone."""
    try:
        held = StoredFile.objects.filter(pk=UUID(key), purpose=_purpose(about), stored_by=by.actor_id).first()
    except ValueError:
        held = None
    if held is None:
        raise AsideGone("先前看过的文件已经不在了（可能在别的页面又选了一个），请重新选择文件")
    return held


def _purpose(about: str) -> str:
    return f"aside:{about}"[:40]
