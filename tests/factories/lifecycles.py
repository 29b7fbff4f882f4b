"""The tables of states that the rooms keep, whichever way each writes them down."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.db import models

Table = dict[str, tuple[str, ...]]  # state → where it can go


def with_states() -> Iterator[type[models.Model]]:
    """Every table of the house whose rows have a state."""
    for model in apps.get_models():
        if model.__module__.startswith("huzhu.") and any(one.name == "state" for one in model._meta.fields):
            yield model


def states_of(model: type[models.Model]) -> set[str]:
    return {value for value, _ in model._meta.get_field("state").choices or ()}


def lifecycle_of(model: type[models.Model]) -> Mapping[Any, Any] | None:
    """The table of a model, known by the class of its states; none where its room keeps none."""
    room = f"huzhu.{model._meta.app_label}.lifecycle"
    if find_spec(room) is None:
        return None
    for found in vars(import_module(room)).values():
        if isinstance(found, dict) and found and _is_of(type(next(iter(found))), model):
            return found
    return None


def _is_of(states: type, model: type[models.Model]) -> bool:
    """Claims keep theirs beside the model, everybody else within."""
    return states is getattr(model, "State", None) or (
        states.__module__ == model.__module__
        and states.__qualname__ == "State"
        and not hasattr(model, "State")
    )


def exits_of(table: Mapping[Any, Any]) -> Table:
    return {str(state): tuple(str(one) for one in _exits(stage)) for state, stage in table.items()}


def _exits(stage: Any) -> Any:
    return stage if isinstance(stage, dict) else stage.exits


def owners_of(stage: Any) -> list[str]:
    """Who brings a thing out of this state: one for all ways, or one for each."""
    return list(stage.values()) if isinstance(stage, dict) else [stage.owner]


def reachable(exits: Table) -> dict[str, set[str]]:
    """State → everywhere it can come in any number of steps."""
    found = {state: set(to) for state, to in exits.items()}
    for through in exits:
        for state in exits:
            if through in found[state]:
                found[state] |= found[through]
    return found
