"""The JSON Schema for editors says what the reader reads: every list of keys is held against the reader's own refusal."""

import json
from pathlib import Path

import pytest
import yaml

from huzhu.rules import shape
from rules.builders import problems_of, tiny

STORED = Path(__file__).parents[2] / "docs" / "manual" / "huzhu-scheme.schema.json"
SHELF = Path(__file__).parents[2] / "schemes"
PARAMETER = "odd: {label: 数, unit: money, clause: c1, values: {2020-01-01: 1元}, zzz: 1}"
FACT = "facts: {event: {odd: {label: 数, unit: money, most: 1元, zzz: 1}}}\n"
KEY = "keys: {odd: {label: 口径, by: [], at_most: 9次, zzz: 1}}\n"
VARIANT = "default_variant: A\nvariants: {A: {label: 甲, text: 甲, zzz: 1}}\n"
CAP = "caps: {whole: {label: 合计, clause: c1, key: period, most: 1元, over: [aid], zzz: 1}}\n"
ENTRY = """\
facts: {entrant: {begins_on: {label: 起, unit: date}, way: {label: 方式, unit: code, codes: {group: 随单位}}}}
entry:
  version_by: begins_on
  terms: {ways: ways, fee: fee, months: months}
  %s
"""
TERMS = """\
ways: {label: 方式, unit: code, shape: list, clause: c1, codes: {group: 随单位}, values: {2020-01-01: [group]}}
fee: {label: 会费, unit: money, clause: c1, values: {2020-01-01: 1元}}
months: {label: 月, unit: count, clause: c1, values: {2020-01-01: 12次}}"""
ENTRY_WHEN = ENTRY % "when: {w: {label: 开放, clause: c1, is: way in ways, zzz: 1}}"
ENTRY_ROSTER = ENTRY % "roster: {w: {label: 开放, clause: c1, is: fee > 0元, zzz: 1}}"


def line(text: str) -> str:
    return tiny(lines={"odd": "S"}).replace("label: 标odd", f"label: 标odd\n    {text}")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (tiny(tail="zzz: 1\n"), shape.TOP.keys() - {"extends", "default_variant"}),
        (tiny(("source: 试验}", "source: 试验, zzz: 1}")), shape.CLAUSE.keys()),
        (tiny(parameters=PARAMETER), shape.PARAMETER.keys()),
        (tiny(tail=FACT), shape.FACT.keys()),
        (tiny(tail=KEY), shape.KEY.keys()),
        (line("zzz: 1"), shape.LINE.keys()),
        (
            tiny(checks={"odd": "S > 0元"}).replace("label: 标odd", "label: 标odd\n    zzz: 1"),
            shape.CHECK.keys(),
        ),
        (
            tiny(when={"odd": "urgent"}).replace("label: 标odd", "label: 标odd\n        zzz: 1"),
            shape.CONDITION.keys(),
        ),
        (tiny(("plain: 自付的{rate}", "plain: 自付的{rate}\n    zzz: 1")), shape.BENEFIT.keys()),
        (tiny(tail=CAP), shape.CAP.keys()),
        (tiny(tail=VARIANT), shape.VARIANT.keys()),
        (tiny(parameters=TERMS, tail=ENTRY % "zzz: 1"), shape.ENTRY.keys()),
        (tiny(parameters=TERMS, tail=ENTRY_WHEN), shape.CONDITION.keys()),
        (tiny(parameters=TERMS, tail=ENTRY_ROSTER), shape.ROSTER.keys()),
    ],
    ids=range(14),
)
def test_the_keys_told_to_editors_are_those_the_reader_takes(text, keys):
    (problem,) = [found for found in problems_of(text) if "“zzz”" in found.what]
    assert set(problem.remedy.removeprefix("删去它；可写：").split("、")) == set(keys)


def test_the_stored_schema_is_what_the_shell_prints():
    assert json.loads(STORED.read_text()) == shape.json_schema(), (
        "huzhu scheme schema > docs/manual/huzhu-scheme.schema.json"
    )


def allowed(schema: dict, value: object, path: str) -> list[str]:
    """Complaints of the few words of JSON Schema that ours uses."""
    if "anyOf" in schema:
        tried = [allowed(one, value, path) for one in schema["anyOf"]]
        return [] if [] in tried else tried[-1]
    if "const" in schema:
        return [] if value == schema["const"] else [f"{path}: not {schema['const']}"]
    if "enum" in schema:
        return [] if value in schema["enum"] else [f"{path}: {value!r} is none of {schema['enum']}"]
    if not isinstance(value, dict):
        kinds = {"array": list, "object": dict}
        wanted = kinds.get(schema["type"]) if isinstance(schema["type"], str) else (str, int, float, bool)
        fine = wanted is None or isinstance(value, wanted) or not isinstance(value, dict | list)
        return [] if fine else [f"{path}: {value!r}"]
    if schema.get("type") != "object":
        return [f"{path}: a mapping stands where {schema['type']} is wanted"]
    found, rest = [], schema.get("additionalProperties", True)
    for name, below in value.items():
        one = schema.get("properties", {}).get(name, rest)
        if one is False:
            found.append(f"{path}: no key {name}")
        elif isinstance(one, dict):
            found += allowed(one, below, f"{path}.{name}")
    return found


@pytest.mark.parametrize(
    "path", sorted(SHELF.glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_every_file_of_the_shelf_keeps_to_the_schema(path):
    assert allowed(shape.json_schema(), yaml.safe_load(path.read_text()), "") == []


def test_a_misspelt_key_does_not_keep_to_it():
    body = yaml.safe_load((SHELF / "qingyang" / "undated.yaml").read_text())
    body["benefits"]["inpatient"]["pay"] = body["benefits"]["inpatient"].pop("pays")
    assert allowed(shape.json_schema(), body, "") == [".benefits.inpatient: no key pay"]
