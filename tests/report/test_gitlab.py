"""GitLab's code quality artefact: the keys that GitLab reads, and fingerprints that tell issues apart."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from egp.output.report.gitlab import render
from egp.stats.values import replace
from tests.report.scenes import SCENES, Scene, report_of, scene_rules

# As GitLab documents its report: every key that it reads, and the values that it knows.
FORMAT = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["type", "check_name", "description", "severity", "fingerprint", "location"],
        "additionalProperties": False,
        "properties": {
            "type": {"const": "issue"},
            "check_name": {"type": "string", "minLength": 1},
            "description": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "additionalProperties": False,
                "properties": {
                    "path": {"type": "string", "minLength": 1, "pattern": r"^(?!\./)"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "additionalProperties": False,
                        "properties": {
                            "begin": {"type": "integer", "minimum": 1},
                            "end": {"type": "integer", "minimum": 1},
                        },
                    },
                },
            },
        },
    },
}


def issues_of(scene: Scene) -> list[dict[str, Any]]:
    with scene_rules():
        issues = json.loads(render(report_of(scene)))
    assert isinstance(issues, list)
    return issues


@pytest.mark.parametrize("scene", SCENES)
def test_every_report_is_of_the_format(scene: str) -> None:
    Draft202012Validator(FORMAT).validate(issues_of(SCENES[scene]))


def test_a_finding_is_an_issue() -> None:
    warning, error = issues_of(SCENES["error-and-warning"])
    assert (warning["severity"], error["severity"]) == ("minor", "critical")
    assert error["check_name"] == "agreed-value"
    assert error["location"] == {"path": "experiments/buy-now.yaml", "lines": {"begin": 3, "end": 3}}
    assert error["description"].endswith("(5 days; needs 14 days); set `end: 2023-02-05`")


def test_what_is_waived_or_in_shadow_is_no_issue() -> None:
    assert issues_of(SCENES["waived"]) == []
    assert [each["check_name"] for each in issues_of(SCENES["shadow"])] == ["tidy-value"]


def test_what_could_not_be_judged_blocks() -> None:
    assert [each["severity"] for each in issues_of(SCENES["could-not-judge"])] == ["blocker"] * 3


def test_what_was_not_checked_is_an_issue_where_nothing_else_speaks_of_it() -> None:
    assert [each["check_name"] for each in issues_of(SCENES["not-checked"])] == ["tidy-value"]
    assert len(issues_of(SCENES["missing-input"])) == 1


def test_no_two_issues_share_a_fingerprint() -> None:
    with scene_rules():
        report = report_of(SCENES["error-and-warning"])
        first = report.diagnostics[0]
        report.diagnostics += [replace(first, message="again"), replace(first, message="once more")]
        issues = json.loads(render(report))
    fingerprints = [each["fingerprint"] for each in issues]
    assert len(set(fingerprints)) == len(fingerprints) == 4
    assert fingerprints[0] == first.fingerprint
