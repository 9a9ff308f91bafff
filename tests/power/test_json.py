"""The JSON: by its published schema, unrounded, and the same as the text's numbers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.power.asking import POLICY, ROOT, SOUND_PLAN, answer_to, run
from tests.power.transcripts import PLANS, QUESTIONS, command
from tests.published import require_declared, validator


@pytest.mark.parametrize("name", list(QUESTIONS))
def test_answers_follow_the_schema(name: str) -> None:
    result = run(*command(name), "--format", "json")
    assert (result.status, result.err) == (0, "")
    require_declared("power", result.out)


@pytest.mark.parametrize("path", [*(str(ROOT / path) for path in PLANS.values()), str(SOUND_PLAN)])
def test_plans_follow_the_schema(path: str) -> None:
    result = run(path, "--policy", str(POLICY), "--format", "json")
    assert (result.status, result.err) == (0, "")
    require_declared("power", result.out)


@pytest.mark.parametrize("key", ["power_report", "asked", "inputs", "answer", "curve"])
def test_the_schema_is_strict(key: str) -> None:
    report = run(*command("size"), "--format", "json").json
    assert not validator("power").is_valid({name: value for name, value in report.items() if name != key})
    assert not validator("power").is_valid({**report, "further": 1})


def test_numbers_are_not_rounded() -> None:
    report = run(*command("size"), "--format", "json").json
    answer = answer_to(QUESTIONS["size"])
    assert report["answer"]["units"] == answer.units
    assert report["answer"]["days"] == answer.days
    assert report["answer"]["units_per_variant"] == list(answer.units_per_variant)
    assert report["inputs"]["baseline"] == {"value": 0.12, "unit": "share", "text": "12%"}
    assert report["inputs"]["power_assumed"] is True


def test_boundaries_and_inflation() -> None:
    assumptions: dict[str, Any] = run(*command("group-sequential"), "--format", "json").json["assumptions"]
    bounds = [look["z"] for look in assumptions["boundaries"]]
    assert bounds[0] == pytest.approx(4.8769, abs=5e-5)
    assert len(bounds) == 5
    assert assumptions["inflation"] == pytest.approx(1.0219, abs=1e-4)


def test_the_same_input_gives_the_same_bytes() -> None:
    assert run(*command("decision"), "--format", "json") == run(*command("decision"), "--format", "json")
