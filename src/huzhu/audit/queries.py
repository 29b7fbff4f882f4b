"""What the trail tells: one object's story, and whether anybody has been at the chain."""

from collections.abc import Iterable, Iterator

from django.db import models
from django.db.models import QuerySet

from huzhu.audit import chain
from huzhu.audit.models import Event, Seal

ANCHOR = "huzhu-anchor/1"


def trail_of(obj: models.Model) -> QuerySet[Event]:
    """Everything that was done to this object, oldest first; seeing it is asked where the object is."""
    return events_on(obj._meta.label_lower, [obj.pk])  # noqa: SLF001  Django's documented name for it


def events_on(object_type: str, keys: Iterable[object]) -> QuerySet[Event]:
    """Everything that was done to objects of one kind ("claims.claim"), oldest first."""
    return Event.objects.filter(object_type=object_type, object_id__in=[str(key) for key in keys]).order_by(
        "pk"
    )


def anchor() -> str:
    """One line to keep outside the database: without it, cutting off the newest events and seals goes unseen."""
    last = Seal.objects.order_by("upto").last()
    if last is None:
        return f"{ANCHOR} 0 {chain.START}"
    return f"{ANCHOR} {last.upto} {last.digest}"


def broken_links(anchors: Iterable[str] = ()) -> list[str]:
    """A sentence for each seal that its events no longer bear out, and for each kept anchor the chain has lost."""
    seals = list(Seal.objects.order_by("upto"))
    return [*_broken_seals(seals), *_lost_anchors(seals, anchors)]


def lost_anchors(anchors: Iterable[str]) -> list[str]:
    """A sentence for each kept anchor that the chain has lost."""
    return list(_lost_anchors(list(Seal.objects.order_by("upto")), anchors))


def _broken_seals(seals: list[Seal]) -> Iterator[str]:
    before: Seal | None = None
    for link in seals:
        where = f"第 {before.upto + 1 if before else 1} 至 {link.upto} 条审计记录"
        try:
            wanted = chain.digest(
                before.digest if before else chain.START, link, chain.events_of(link, before)
            )
        except (ValueError, TypeError, AttributeError, OverflowError):
            yield f"{where}里有读不出来的内容：有人改过数据库。请从备份核对。"
        else:
            if wanted != link.digest:
                yield f"{where}和封存的摘要不符：有人改动、删除、插入或调换过记录，或改过封存。请从备份核对。"
        before = link


def _lost_anchors(seals: list[Seal], anchors: Iterable[str]) -> Iterator[str]:
    kept = {(str(seal.upto), seal.digest) for seal in seals} | {("0", chain.START)}
    for line in anchors:
        format_, upto, digest = [*line.split(), "", "", ""][:3]
        if format_ != ANCHOR:
            yield f"“{line.strip()[:60]}”不是审计锚点。锚点是以 {ANCHOR} 开头的一行，请原样抄录。"
        elif (upto, digest) not in kept:
            yield f"在外保存的锚点（到第 {upto} 条）不在现在的链里：链尾被截掉或整条链被重做过。请从备份核对。"
