"""Workings that were put off: an automatic run keeps facts and edition, the worker writes the reasoning down afterwards."""

from django.db import transaction

from huzhu.adjudication.models import Adjudication
from huzhu.adjudication.queries import working_of
from huzhu.core.hashing import canonical_json
from huzhu.rules.reasoning import as_json

AT_ONCE = 200


def write(*, most: int = AT_ONCE) -> int:
    """Write down some workings that are not there yet; how many. Written or not, a reader sees the same (queries.working_of)."""
    found = list(Adjudication.objects.filter(reasoning__isnull=True).select_related("edition")[:most])
    for kept in found:
        kept.reasoning = canonical_json(as_json(working_of(kept)))
    with transaction.atomic():
        for kept in found:
            kept.save(update_fields=["reasoning"])
    return len(found)
