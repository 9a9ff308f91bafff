"""The report for programs: its schema, its order, and what it says of every diagnostic."""

from __future__ import annotations

import json
from typing import Any

import pytest

from egp import VERSION
from egp.output.report.json import render
from egp.plan.finding import Failure, Finding
from tests.published import require_declared, validator
from tests.report.scenes import PLAN, SCENES, Scene, report_of, scene_rules


def written(scene: Scene) -> str:
    with scene_rules():
        return render(report_of(scene))


def told(scene: Scene) -> dict[str, Any]:
    result = json.loads(written(scene))
    assert isinstance(result, dict)
    return result


@pytest.mark.parametrize("scene", SCENES)
def test_every_report_is_as_declared(scene: str) -> None:
    require_declared("report", written(SCENES[scene]))


def test_the_schema_knows_every_key_and_nothing_else() -> None:
    report = told(SCENES["related-place"])
    for part in (
        report,
        report["summary"],
        report["policy"],
        report["diagnostics"][0],
        report["diagnostics"][0]["span"],
    ):
        part["more"] = 1
        assert not validator("report").is_valid(report)
        del part["more"]
        for key in list(part):
            value = part.pop(key)
            assert not validator("report").is_valid(report), key
            part[key] = value
    assert validator("report").is_valid(report)


def test_a_diagnostic_says_what_where_and_how_much() -> None:
    report = told(SCENES["error-and-warning"])
    diagnostic = report["diagnostics"][1]
    fingerprint = diagnostic.pop("fingerprint")
    assert len(fingerprint) == 64
    assert diagnostic == {
        "rule": "agreed-value",
        "severity": "error",
        "message": "the plan runs 5 days at full exposure; the policy requires 14",
        "path": "experiments/buy-now.yaml",
        "document": 0,
        "pointer": "/schedule/end",
        "span": {"start": {"line": 3, "column": 36}, "end": {"line": 3, "column": 46}},
        "experiment": "buy-now",
        "missing": None,
        "related": [],
        "observed": "5 days",
        "required": "14 days",
        "help": "set `end: 2023-02-05`",
        "coming": None,
        "waiver": None,
    }


def test_the_head_of_a_report() -> None:
    report = told(SCENES["error-and-warning"])
    del report["diagnostics"]
    policy = {"name": "egp.yaml", "version": "2026.2", "digest": "sha256:" + "0" * 64}
    assert report == {
        "report": 1,
        "tool": {"name": "egp", "version": VERSION},
        "as_of": "2023-01-18",
        "policy": policy,
        "policies": [policy],
        "overrides_owners": False,
        "summary": {
            "plans": 1,
            "error": 1,
            "warning": 1,
            "info": 0,
            "waived": 0,
            "not_checked": 0,
            "passed": 0,
        },
        "not_checked": [],
        "shadow": [],
        "errors": [],
    }


def test_a_missing_key_is_told_apart_from_the_place_that_lacks_it() -> None:
    (diagnostic,) = told(SCENES["missing-key"])["diagnostics"]
    assert (diagnostic["pointer"], diagnostic["missing"]) == ("/schedule", "timezone")


def test_what_was_not_checked_says_what_it_lacks_and_who_speaks_of_it() -> None:
    report = told(SCENES["missing-input"])
    assert report["not_checked"] == [
        {
            "rule": rule,
            "severity": severity,
            "path": "experiments/buy-now.yaml",
            "document": 0,
            "experiment": "buy-now",
            "needs": "/statistics/power",
            "blocked_by": "agreed-value",
            "reason": "",
        }
        for rule, severity in (("agreed-value", "error"), ("tidy-value", "warning"))
    ]


def test_what_kept_egp_from_judging() -> None:
    errors = told(SCENES["could-not-judge"])["errors"]
    assert errors[0] == {
        "path": "nowhere.yaml", "message": "there is no such file or folder", "rule": None, "span": None, "help": "",
    }  # fmt: skip
    assert errors[2]["span"]["start"] == {"line": 12, "column": 3}


def test_columns_count_code_points_and_ends_are_exclusive() -> None:
    (span,) = (
        each["span"]
        for each in told(SCENES["wide-characters"])["diagnostics"]
        if each["pointer"] == "/owner/contact"
    )
    line = SCENES["wide-characters"].plan.splitlines()[span["start"]["line"] - 1]
    assert line[span["start"]["column"] - 1 : span["end"]["column"] - 1] == "'#abc'"


def test_the_bytes_are_ascii_and_the_same_twice() -> None:
    scene = Scene(
        PLAN,
        agreed=[Finding(("id",), "\x1b[31m \u202e 検索 \ud800")],
        failures=[Failure("\udcff.yaml", "\x07")],
    )
    with scene_rules():
        first, second = render(report_of(scene)), render(report_of(scene))
    assert first == second
    assert first.isascii()
    assert first.endswith("}\n")
    assert all(line.isprintable() for line in first.splitlines())
    assert json.loads(first)["diagnostics"][0]["message"] == "\x1b[31m \u202e 検索 \ud800"
