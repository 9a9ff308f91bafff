"""Workflow commands: what GitHub reads from a line, and that a plan cannot write one."""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egp.output.report.github import MOST, render
from egp.output.report.model import Report
from egp.plan.finding import Advice, Failure, Finding
from egp.stats.values import replace
from tests.report.scenes import PLAN, SCENES, Scene, report_of, scene_rules

COMMAND = re.compile(r"::(?P<name>[a-z]+) (?P<properties>.*?)::(?P<message>.*)")


def lines_of(scene: Scene) -> list[str]:
    with scene_rules():
        return render(report_of(scene)).splitlines()


def unescaped(text: str) -> str:
    for written, meant in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(written, meant)
    return text


def read(line: str) -> tuple[str, dict[str, str], str]:
    """A command as GitHub's runner reads it: name, properties, message."""
    match = COMMAND.fullmatch(line)
    assert match, line
    pairs = (each.split("=", 1) for each in match["properties"].split(","))
    return match["name"], {key: unescaped(value) for key, value in pairs}, unescaped(match["message"])


def test_a_finding_is_an_annotation_of_its_line() -> None:
    error, warning, summary = lines_of(SCENES["error-and-warning"])
    assert read(error) == (
        "error",
        {
            "file": "experiments/buy-now.yaml", "line": "3", "endLine": "3", "col": "36", "endColumn": "46",
            "title": "agreed-value",
        },
        "the plan runs 5 days at full exposure; the policy requires 14 (5 days; needs 14 days); set `end: 2023-02-05`",
    )  # fmt: skip
    assert read(warning)[0] == "warning"
    assert (
        summary
        == "1 plan judged: 1 error, 1 warning (0 checks passed; policy egp.yaml 2026.2, as of 2023-01-18)"
    )


def test_columns_count_within_one_line_only() -> None:
    annotation, _ = lines_of(SCENES["span-of-the-text"])
    assert not {"col", "endColumn"} & read(annotation)[1].keys()
    assert (read(annotation)[1]["line"], read(annotation)[1]["endLine"]) == ("3", "4")


def test_what_does_not_reject_is_not_annotated() -> None:
    assert len(lines_of(SCENES["waived"])) == 1
    annotation, _ = lines_of(SCENES["shadow"])
    _, properties, message = read(annotation)
    assert properties["title"] == "tidy-value"
    assert message.endswith("becomes an error on 2026-12-01")


def test_what_was_not_checked_is_annotated_where_nothing_else_speaks_of_it() -> None:
    name, properties, message = read(lines_of(SCENES["not-checked"])[0])
    assert (name, properties["title"], message) == (
        "warning", "tidy-value is not checked", "needs /statistics/power",
    )  # fmt: skip
    assert len(lines_of(SCENES["missing-input"])) == 2


@pytest.mark.parametrize(("count", "annotations"), [(MOST, MOST), (MOST + 1, MOST + 1), (3 * MOST, MOST + 1)])
def test_at_most_ten_and_then_how_many_more(count: int, annotations: int) -> None:
    scene = Scene(PLAN, agreed=[Finding(("id",), f"number {number}") for number in range(count)])
    *commands, _ = lines_of(scene)
    assert len(commands) == annotations
    if count > MOST:
        assert read(commands[-1])[0] == "notice"
        assert read(commands[-1])[1]["title"].startswith(f"{count - MOST} further finding")


def test_the_weightiest_come_first() -> None:
    scene = Scene(
        PLAN,
        agreed=[Finding(("type",), "an error")],
        tidy=[Finding(("id",), f"number {number}") for number in range(MOST)],
        failures=[Failure("plans", "no plan in this folder")],
    )
    *commands, _ = lines_of(scene)
    assert [read(line)[0] for line in commands] == ["error", "error", *["warning"] * (MOST - 2), "notice"]
    assert "plans" in commands[0]


def test_hostile_text_is_read_as_it_stands() -> None:
    *commands, _ = lines_of(SCENES["hostile"])
    for line in commands:
        _, properties, _ = read(line)
        assert properties.keys() <= {"file", "line", "endLine", "col", "endColumn", "title"}


@cache
def report_with_a_finding() -> Report:
    with scene_rules():
        return report_of(Scene(PLAN, agreed=[Finding(("id",), "a finding")]))


@given(text=st.text())
def test_nothing_in_a_plan_becomes_a_command(text: str) -> None:
    report = report_with_a_finding()
    report.diagnostics = [
        replace(each, message=text, observed=text, required=text, advice=Advice((), (), text), coming=text)
        for each in report.diagnostics
    ]
    annotation, summary = render(report).splitlines()
    name, properties, message = read(annotation)
    assert (name, properties["title"]) == ("error", "agreed-value")
    assert "##[" not in annotation + summary
    assert message.isprintable()
