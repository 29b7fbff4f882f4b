"""A scheme may extend another and be read in a variant: both are overlays on the tree, never copies.

Mappings merge key by key; anything else replaces what was there; the word `removed` takes a key away.
Every node keeps the place it was written at, so that a problem names the right file.
"""

from collections.abc import Callable

from huzhu.rules.problems import refuse
from huzhu.rules.yamltext import Mapping, Node, Scalar, read

REMOVED = "removed"
MOST_PARENTS = 5
_FIXED = frozenset({"format", "slug", "edition", "variants", "default_variant", "extends", "abstract"})
Parent = Callable[
    [str], tuple[str, str]
]  # name after `extends` → (text, file); LookupError where there is none


def merged(base: Mapping, over: Mapping) -> Mapping:
    """A new mapping: the base with the overlay laid on it."""
    result = Mapping(over.place, dict(base.items), dict(base.keys))
    for key, value in over.items.items():
        below = result.items.get(key)
        result.keys[key] = over.keys[key]
        if isinstance(value, Scalar) and value.text == REMOVED:
            if below is None:
                raise refuse(value.place, f"要去掉的“{key}”本来就没有", "检查名称，或删去这一行")
            del result.items[key], result.keys[key]
        elif isinstance(value, Mapping) and isinstance(below, Mapping):
            result.items[key] = merged(below, value)
        else:
            result.items[key] = value
    return result


def extended(tree: Mapping, parent: Parent, depth: int = 0) -> Mapping:
    """The tree with everything it extends below it; `extends` and the parents' `abstract` are gone."""
    named = tree.items.pop("extends", None)
    if named is None:
        return tree
    if not isinstance(named, Scalar):
        raise refuse(named.place, "extends 后面要一个名称", "写成 extends: common/settlement")
    if depth == MOST_PARENTS:
        raise refuse(named.place, "extends 层数太多或绕成了圈", f"最多 {MOST_PARENTS} 层")
    try:
        text, file = parent(named.text)
    except LookupError as error:
        raise refuse(named.place, f"找不到要继承的“{named.text[:60]}”", str(error.args[0])) from None
    below = extended(read(text, file), parent, depth + 1)
    below.items.pop("abstract", None)
    return merged(below, tree)


def in_variant(tree: Mapping, name: str | None) -> tuple[Mapping, str | None]:
    """The tree in the named variant, or in its default one; LookupError for a name it does not have."""
    variants: Node | None = tree.items.get("variants")
    default: Node | None = tree.items.pop("default_variant", None)
    if default is not None and variants is None:
        raise refuse(default.place, "写了 default_variant 却没有 variants", "删去这一行，或写出各种读法")
    if not isinstance(variants, Mapping):
        if name is not None:
            raise LookupError("这个方案没有读法可选")
        return tree, None
    if not isinstance(default, Scalar) or default.text not in variants.items:
        raise refuse(
            variants.place,
            "有 variants 却没有说默认用哪一个",
            "加一行 default_variant: " + next(iter(variants.items), "A"),
        )
    chosen = name or default.text
    if chosen not in variants.items:
        raise LookupError(f"没有读法“{chosen}”，可选：{'、'.join(variants.items)}")
    body = variants.items[chosen]
    overlay = body.items.get("overlay") if isinstance(body, Mapping) else None
    if isinstance(overlay, Mapping):
        for key in overlay.items.keys() & _FIXED:
            raise refuse(overlay.keys[key], f"读法不能改 {key}", "只改 parameters、lines、benefits 等内容")
        tree = merged(tree, overlay)
    elif overlay is not None:
        raise refuse(overlay.place, "overlay 下面要写“键: 值”", "照方案本身的层次写要改的几项")
    return tree, chosen


def supposed(tree: Mapping, scenario: Node) -> Mapping:
    """The tree with a scenario's overlay laid on it; raises SchemeRefused where the scenario is not one."""
    overlay = scenario.items.get("overlay") if isinstance(scenario, Mapping) else None
    if not isinstance(scenario, Mapping) or not isinstance(overlay, Mapping):
        raise refuse(scenario.place, "情景里没有 overlay", "写 overlay:，下面照方案的层次写要改的几项")
    for key in overlay.items.keys() & _FIXED:
        raise refuse(overlay.keys[key], f"情景不能改 {key}", "只改 parameters、lines、benefits 等内容")
    return merged(tree, overlay)
