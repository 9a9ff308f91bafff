"""The deployments in pages and tests are what the operators take: their published schemas accept the parts that egp reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from egp.record.rollouts.page import examples
from egp.record.rollouts.reading import format_module
from egp.yaml import read_text
from tests.rollouts.test_mutations import ARGO, FLAGGER

FOLDER = Path(__file__).parent / "crds"


def schema(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def texts(format: str, own: str) -> list[str]:
    """Every file of the format that is stated to be read, and the clean one of the mutations."""
    shown = [each.text for each in examples(format_module(format).__doc__ or "") if each.read]
    return [*shown, own]


def values(text: str, kind: str) -> Iterator[dict[str, Any]]:
    for document in read_text(text):
        value = document.value
        if isinstance(value, dict) and value.get("kind") == kind:
            yield value["spec"]


@pytest.mark.parametrize("text", texts("argo-rollouts", ARGO))
def test_steps_and_analyses_are_those_of_argo_rollouts(text: str) -> None:
    rollouts, templates = list(values(text, "Rollout")), list(values(text, "AnalysisTemplate"))
    assert rollouts
    for spec in rollouts:
        jsonschema.validate(spec["strategy"]["canary"], schema("argo-canary"))
    for spec in templates:
        jsonschema.validate(spec, schema("argo-analysis"))


@pytest.mark.parametrize("text", texts("flagger", FLAGGER))
def test_analyses_are_those_of_flagger(text: str) -> None:
    canaries = list(values(text, "Canary"))
    assert canaries
    for spec in canaries:
        jsonschema.validate(spec["analysis"], schema("flagger-analysis"))


def test_the_schemas_refuse_what_no_operator_takes() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"steps": [{"setWeight": "many"}]}, schema("argo-canary"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"stepWeights": ["many"]}, schema("flagger-analysis"))
