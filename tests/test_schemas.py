"""The published schemas: sound, and of one mind with the reader that egp judges by."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from egp.cli.generate import schema_files
from egp.cli.schemas import experiment_schema, metrics_schema, model_of, policy_schema, published
from egp.plan.catalogue import MetricsFile
from egp.plan.experiment import Experiment
from egp.plan.typed_reader import TypedMapping, read, required_type
from egp.policy.file import PolicyFile
from egp.policy.shipped import policy_names, policy_path
from egp.rules.rule import index
from egp.stats.hints import get_args, get_origin
from egp.yaml import Document, read_file

ROOT = Path(__file__).parents[1]
SOUND_PLAN = ROOT / "egp" / "rules" / "sound_plan.yaml"
PLANS = [
    SOUND_PLAN,
    *sorted(path for path in (ROOT / "examples").rglob("*.yaml") if "results" not in path.parts),
]

Schema = dict[str, Any]


@cache
def validator(shape: str = "") -> Draft202012Validator:
    """Of the whole plan, or of one of its parts."""
    schema = experiment_schema()
    return Draft202012Validator({"$ref": f"#/$defs/{shape}", "$defs": schema["$defs"]} if shape else schema)


def reader_accepts(shape: type[TypedMapping], value: object) -> bool:
    problems: list[Any] = []
    read(shape, value, (), problems)
    return not problems


def model_accepts(shape: type[TypedMapping], value: object) -> bool:
    try:
        model_of(shape).model_validate(value)
    except ValidationError:
        return False
    return True


def schema_accepts(shape: type[TypedMapping], value: object) -> bool:
    return bool(validator("" if shape is Experiment else shape.__name__).is_valid(value))


def documents(path: Path) -> list[Document]:
    return read_file(path, path.name)


def sound_plan() -> Schema:
    value = documents(SOUND_PLAN)[0].value
    assert isinstance(value, dict)
    return copy.deepcopy(value)


def shapes_below(shape: type[TypedMapping]) -> Iterator[type[TypedMapping]]:
    yield shape
    for _, _, annotation, _ in shape.fields():
        for part in _parts(annotation):
            yield from shapes_below(part)


def _parts(annotation: Any) -> Iterator[type[TypedMapping]]:
    wanted = required_type(annotation)
    if isinstance(wanted, type) and get_origin(wanted) is None and issubclass(wanted, TypedMapping):
        yield wanted
    for argument in get_args(wanted):
        yield from _parts(argument)


SHAPES = {shape.__name__: shape for shape in shapes_below(Experiment)}


@pytest.mark.parametrize("name", published())
def test_every_schema_is_a_schema(name: str) -> None:
    schema = published()[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    json.dumps(schema, allow_nan=False)


def test_every_key_of_a_plan_is_described_for_editors() -> None:
    schema = experiment_schema()
    parts = [schema, *schema["$defs"].values()]
    undescribed = [
        key for part in parts for key, value in part["properties"].items() if not value.get("description")
    ]
    assert undescribed == []


def test_every_pattern_of_a_schema_means_the_same_to_editors() -> None:
    """Editors run patterns as ECMAScript: no possessive quantifiers, no inline flags, no Python names of groups."""
    patterns = re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', json.dumps(published()))
    assert patterns
    for pattern in patterns:
        assert not re.search(r"\(\?[aiLmsux<P]|[*+?]\+|\\[AZ]", pattern), pattern


@pytest.mark.parametrize("name", SHAPES)
def test_the_examples_of_every_key_are_accepted(name: str) -> None:
    shape = SHAPES[name]
    for key, _, _, declared in shape.fields():
        for example in declared.examples:
            value = {**_least(shape), key: example}
            assert reader_accepts(shape, value), (key, example)
            assert schema_accepts(shape, value), (key, example)
            assert model_accepts(shape, value), (key, example)


def _least(shape: type[TypedMapping]) -> Schema:
    if shape is Experiment:
        whole = sound_plan()
        return {key: whole[key] for key in Experiment.needs}
    return dict.fromkeys(shape.needs, "name")


VALUES: tuple[object, ...] = (
    None, True, False, 0, 5, -1, 0.5, 1.5, "", "abc", "5%", "-5%", "0.5", "5pp", "30bps", "14d", "48 h", "250ms", "1.2M",
    "340_000", "0.52 USD", "0.52 usd", "3 abs", "2023-01-23", "2023-01-23T08:00:00-08:00", "2023-01-23/2023-01-24",
    "01/23/2023", "5,000", " 5% ", "+5%", "5 %%", "flat", "none", "two", [], ["abc"], [5], [None], [{}], ["2023-01-23"],
    [{"id": "abc"}], {}, {"id": "abc"}, {"abc": 1}, {"x-abc": 1}, {"abc": None},
)  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_schema_model_and_reader_agree_on_every_kind_of_value_at_every_key(name: str) -> None:
    shape = SHAPES[name]
    disagreements = []
    least = _least(shape)
    for key in [*(key for key, _, _, _ in shape.fields()), "x-own", "unknown"]:
        for value in VALUES:
            plan = {**least, key: value}
            verdicts = (reader_accepts(shape, plan), schema_accepts(shape, plan), model_accepts(shape, plan))
            if len(set(verdicts)) > 1:
                disagreements.append((key, value, *verdicts))
    assert disagreements == []


@pytest.mark.parametrize("name", SHAPES)
def test_what_a_part_needs_it_needs_everywhere(name: str) -> None:
    shape = SHAPES[name]
    for key in shape.needs:
        without: Schema = {k: v for k, v in _least(shape).items() if k != key}
        candidates: list[Schema] = [without, {**without, key: None}]
        for value in candidates:
            assert not reader_accepts(shape, value)
            assert not schema_accepts(shape, value)
            assert not model_accepts(shape, value)


def test_values_that_are_no_mapping_are_no_plan() -> None:
    values: tuple[object, ...] = (None, [], "plan", 5, True)
    for value in values:
        assert not reader_accepts(Experiment, value)
        assert not schema_accepts(Experiment, value)
        assert not model_accepts(Experiment, value)


KNOWN_DIFFERENCES: tuple[tuple[str, Schema, str], ...] = (
    ("a schema has no calendar", {"registered": "2023-02-30"}, "registered"),
    ("a schema has no clock", {"schedule": {"start": "2023-01-23T25:00", "end": "2023-02-05"}}, "schedule"),
    ("a schema does not compare two dates", {"schedule": {"pauses": ["2023-01-29/2023-01-28"]}}, "schedule"),
    ("a pattern does not compare numbers", {"holdout": {"share": "150%"}}, "holdout"),
    ("a pattern does not compute", {"sample_size_per_variant": "1.2345k"}, "sample_size_per_variant"),
    ("a pattern does not compare numbers", {"escalation": {"within": "900_000d"}}, "escalation"),
    (
        "a pattern does not compare numbers",
        {"sample_size_per_variant": "99999999999999999999"},
        "sample_size_per_variant",
    ),
    ("printable is no class of characters in a pattern", {"layer": "pdp", "id": "buy\x07now"}, "id"),
)
"""What the schema accepts and the reader does not, with the reason. There is nothing the other way round."""


@pytest.mark.parametrize(
    ("reason", "change", "key"), KNOWN_DIFFERENCES, ids=[each[0] for each in KNOWN_DIFFERENCES]
)
def test_known_differences_between_schema_and_reader(reason: str, change: Schema, key: str) -> None:
    plan = {**sound_plan(), **change}
    assert schema_accepts(Experiment, plan), f"no longer true: {reason}"
    assert not reader_accepts(Experiment, plan)
    assert not model_accepts(Experiment, plan), "the model reads as the reader does"
    assert reader_accepts(Experiment, {**plan, key: sound_plan()[key]})


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_schema_model_and_reader_agree_on_every_example(path: Path) -> None:
    if path.name == "egp.yaml":
        assert reader_accepts(PolicyFile, documents(path)[0].value)
        Draft202012Validator(policy_schema()).validate(documents(path)[0].value)
        return
    if path.name == "metrics.yaml":
        assert reader_accepts(MetricsFile, documents(path)[0].value)
        assert model_accepts(MetricsFile, documents(path)[0].value)
        Draft202012Validator(metrics_schema()).validate(documents(path)[0].value)
        return
    for document in documents(path):
        accepted = reader_accepts(Experiment, document.value)
        assert schema_accepts(Experiment, document.value) is accepted
        assert model_accepts(Experiment, document.value) is accepted
        if not {"rejected", "transcribed"} & set(path.parts):
            assert accepted


@pytest.mark.parametrize("name", policy_names())
def test_the_shipped_policies_fit_the_schema_of_policies(name: str) -> None:
    path = policy_path(name)
    assert path
    Draft202012Validator(policy_schema()).validate(documents(Path(path))[0].value)


def test_the_schema_of_policies_knows_every_rule_and_its_options() -> None:
    rules = policy_schema()["$defs"]["Rules"]["properties"]
    assert list(rules) == list(index())
    assert rules["minimum-runtime"]["properties"]["days"]["type"] == "integer"


@pytest.mark.parametrize(
    "policy",
    [
        {"rules": {"minimum-runtme": {}}},
        {"rules": {"minimum-runtime": {"dys": 3}}},
        {"rules": {"minimum-runtime": {"severity": "eror"}}},
        {"rules": {"minimum-runtime": {"days": "two"}}},
        {"rules": {"minimum-runtime": "error"}},
        {"overrides": [{"paths": ["a"], "rules": {"zzz": {}}}]},
        {"plans": "experiments"},
        {"calendars": {"sale": ["soon"]}},
        {"rules": {"minimum-runtime": []}},
        {"rules": {"minimum-runtime": [{"severity": "error"}, [{"from": "2026-12-01"}]]}},
        {"rules": {"minimum-runtime": [{"from": "soon", "severity": "error"}]}},
        {"rules": {"valid-yaml": {"severity": "warning"}}},
        {"overrides": [{"when": {"tier": []}}]},
        {"overrides": [{"when": {"tier": ["critical", 3]}}]},
        {"overrides": [{"when": {"owner": "pdp"}}]},
        {"gate": {"complete-date": {"max_silence": "24h"}}},
        {"gate": {"complete-data": {"max_silense": "24h"}}},
        {"gate": {"complete-data": {"max_silence": 24}}},
        {"gate": {"stage-order": {"readout_days": 0}}},
        {"gate": {"complete-data": "24h"}},
    ],
)
def test_mistakes_in_a_policy_are_seen_by_editors(policy: Schema) -> None:
    assert not Draft202012Validator(policy_schema()).is_valid(policy)


@pytest.mark.parametrize(
    "policy",
    [
        {
            "rules": {
                "minimum-runtime": [
                    {"severity": "shadow"},
                    {"from": "2026-12-01", "retroactive": True, "days": 21},
                ]
            }
        },
        {"rules": {"valid-yaml": {"severity": "error", "waivable": False}}},
        {"overrides": [{"when": {"tier": "critical", "surfaces": ["checkout.*", "cart.*"], "team": None}}]},
        {
            "gate": {
                "complete-data": {"max_silence": "24h"},
                "precision": {"tolerance": "0%"},
                "registered": {},
            }
        },
    ],
)
def test_editors_accept_what_the_reader_does(policy: Schema) -> None:
    Draft202012Validator(policy_schema()).validate(policy)
    assert reader_accepts(PolicyFile, policy)


@pytest.mark.parametrize(
    ("rule", "option", "least", "too_small"),
    [
        ("minimum-runtime", "days", 1, 0),
        ("flag-reuse", "days", 0, -1),
        ("rollback-owner", "minutes", 0.5, 0),
        ("power-floor", "floor", 0.01, 0),
    ],
)
def test_editors_see_how_small_an_option_may_be(
    rule: str, option: str, least: float, too_small: float
) -> None:
    validator = Draft202012Validator(policy_schema())
    assert validator.is_valid({"rules": {rule: {option: least}}})
    assert not validator.is_valid({"rules": {rule: {option: too_small}}})


def test_editors_show_how_a_quantity_is_written() -> None:
    metric = experiment_schema()["$defs"]["Metric"]["properties"]
    assert metric["mde"]["description"].endswith(", such as `45bps`, `2%` or `0.8pp`.")
    assert "such as" not in metric["id"]["description"]


def test_a_receipt_describes_the_keys_that_it_has_from_the_verdict() -> None:
    definitions = published()["gate"]["$defs"]
    verdict, receipt = (definitions[each]["properties"] for each in ("GateVerdict", "Receipt"))
    assert verdict["verdict"]["description"]
    assert {**receipt, "call": None} == {**verdict, "call": None}


def test_every_published_schema_has_a_name_of_its_own() -> None:
    schemas = [json.loads(text) for text in schema_files().values()]
    assert [list(schema)[:2] for schema in schemas] == [["$schema", "$id"]] * len(schemas)
    assert len({schema["$id"] for schema in schemas}) == len(schemas)
