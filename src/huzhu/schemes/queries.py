"""Published editions, and the engine's edition behind a row."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from huzhu.db.asked import Asked, Rows
from huzhu.rules.edition import Edition, FactDef
from huzhu.schemes.library import Library
from huzhu.schemes.models import Proposal, SchemeEdition
from huzhu.users.permissions import may


class NotTheSameText(LookupError):
    """The shelf holds another text than the one that was published under this row."""


def published() -> QuerySet[SchemeEdition]:
    """Every published edition, newest last."""
    return SchemeEdition.objects.defer("resolved").order_by("slug", "opens_on", "pk")


def short_names() -> dict[str, str]:
    """What people call each published scheme, by its slug."""
    return {row.slug: row.short for row in published()}


def proposals(by: Any) -> QuerySet[Proposal]:
    """What policy staff have proposed, newest first."""
    if not may(by, "schemes.propose"):
        return Proposal.objects.none()
    return Proposal.objects.select_related("proposed_by__user", "settled_by__user").order_by("-pk")


def engine(row: SchemeEdition) -> Edition:
    """The proved edition a row was published from; raises NotTheSameText where the shelf has changed since."""
    if found := shelf().published.get(row.identity):
        return found
    edition = shelf().edition(f"{row.slug}/{row.edition}", row.variant or None)
    if edition.identity != row.identity:  # published by another process from a file this one had read before
        _library.cache_clear()
        edition = shelf().edition(f"{row.slug}/{row.edition}", row.variant or None)
    if edition.identity != row.identity:
        raise NotTheSameText(
            f"方案“{row.short}”{row.edition} 版的文件和公布时不一样（指纹 {edition.identity[:12]}，"
            f"公布时 {row.identity[:12]}）。已经参加的人要按公布的文字计算，所以没有用它。"
            "请把原来的方案文件放回 schemes 文件夹；改动请另立新版次。"
        )
    shelf().published[row.identity] = edition
    return edition


def identities() -> Rows:
    """Those of all published editions, beside what a statement asks for anyway."""
    return Rows(published().values_list("identity"))


def facts(known: str | None = None) -> dict[str, FactDef]:
    """Every fact that a published edition may read, by name; `known` are the `identities`, where they were asked for."""
    read = shelf().published
    found = [identity for (identity,) in (json.loads(known) if known else _IDENTITIES())]
    unread = any(identity not in read for identity in found)
    editions = map(engine, published()) if unread else (read[identity] for identity in found)
    return {name: fact for edition in editions for name, fact in edition.facts.items()}


_IDENTITIES = Asked(lambda: published().values_list("identity"))


def shelf() -> Library:
    """The one shelf of this site; editions are read once and kept."""
    return _library(settings.HUZHU_SCHEMES)


def fresh_shelf() -> Library:
    """The shelf as it lies on the disk at this moment, for whoever is about to publish from it."""
    return _as_it_lies(settings.HUZHU_SCHEMES, _stamps(settings.HUZHU_SCHEMES))


def _stamps(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, time and size of every file: when one of them changes, all is read again."""
    found = ((file, file.stat()) for file in path.rglob("*.yaml"))
    return tuple(sorted((str(file), stat.st_mtime_ns, stat.st_size) for file, stat in found))


@lru_cache(maxsize=2)
def _as_it_lies(path: Path, _stamps: tuple[tuple[str, int, int], ...]) -> Library:
    return Library(path)


@lru_cache(maxsize=4)
def _library(path: Path) -> Library:
    return Library(path)
