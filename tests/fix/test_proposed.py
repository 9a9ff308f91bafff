"""Safe repairs as SARIF carries them: whoever applies the replacements has the plan that `--fix` writes."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from egp.cli.main import main
from egp.yaml import Position
from egp.yaml.edit import replacement
from tests.check.workspace import Workspace, workspace
from tests.fix.test_files import SOUND_PLAN, slipped

__all__ = ["workspace"]

SCHEMA = Path(__file__).parents[1] / "report" / "schemas" / "sarif-2.1.0.json"
COMMAND = ("check", "--as-of", "2023-01-18", "--format", "sarif")


@pytest.fixture(autouse=True)
def policy(workspace: Workspace) -> None:
    workspace.write("egp.yaml", 'extends: ["egp:standard"]\n')


def results(capsys: pytest.CaptureFixture[str], *paths: str) -> list[Any]:
    capsys.readouterr()
    main((*COMMAND, *paths))
    log = json.loads(capsys.readouterr().out)
    Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(log)
    found: list[Any] = log["runs"][0]["results"]
    return found


def offset(text: str, line: int, column: int) -> int:
    return sum(map(len, text.splitlines(keepends=True)[: line - 1])) + column - 1


def applied(text: str, fixes: list[Any]) -> str:
    replaced = [each["artifactChanges"][0]["replacements"][0] for each in fixes]
    spans = [
        (
            offset(text, each["deletedRegion"]["startLine"], each["deletedRegion"]["startColumn"]),
            offset(text, each["deletedRegion"]["endLine"], each["deletedRegion"]["endColumn"]),
            each["insertedContent"]["text"],
        )
        for each in replaced
    ]
    for start, end, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    return text


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_the_replacements_are_what_fix_writes(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], line_end: str
) -> None:
    text = slipped().replace("\n", line_end)
    workspace.write("plan.yaml", text)
    fixes = [fix for each in results(capsys, "plan.yaml") for fix in each.get("fixes", [])]
    expected = SOUND_PLAN.replace("type: superiority", "type: superiority   # why").replace("\n", line_end)
    assert applied(text, fixes) == expected
    assert {each["description"]["text"].partition(" ")[0] for each in fixes} == {"set", "rename"}


def test_what_decides_something_is_not_proposed(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SOUND_PLAN.replace("hypothesis:", "hypothsis:").replace("sample_size_per_variant: 147_000\n", "")
    workspace.write("plan.yaml", text)
    assert not [each for each in results(capsys, "plan.yaml") if "fixes" in each]


def test_what_is_piped_lies_in_no_file(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.write("plan.yaml", SOUND_PLAN)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(slipped().encode())))
    found = results(capsys, "-", "--stdin-filename", "plan.yaml")
    assert found
    assert not [each for each in found if "fixes" in each]


@given(st.text("ab\n\r", max_size=12), st.text("ab\n\r", max_size=12))
def test_a_replacement_leads_from_one_text_to_the_other(before: str, after: str) -> None:
    span, new, _ = replacement(before, after)

    def at(position: Position) -> int:
        ends = [0]
        while len(ends) < position.line:
            rest = before[ends[-1] :]
            first = min(rest.index(mark) + len(mark) for mark in ("\r\n", "\r", "\n") if mark in rest)
            ends.append(ends[-1] + (first + 1 if rest[first - 1 : first + 1] == "\r\n" else first))
        return ends[-1] + position.column - 1

    assert before[: at(span.start)] + new + before[at(span.end) :] == after
