"""The Reviewdog Diagnostic Format: the published schema, columns in bytes, and suggestions that give what `--fix` writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from egp.cli.main import main
from egp.output.report.rdjson import render
from egp.plan.finding import Finding, Related
from tests.check.workspace import Workspace, workspace
from tests.fix.test_files import SOUND_PLAN, slipped
from tests.report.scenes import SCENES, Scene, report_of, scene_rules

__all__ = ["workspace"]

PUBLISHED = json.loads((Path(__file__).parent / "schemas" / "rdjson.json").read_text(encoding="utf-8"))
# What the published schema leaves open and reviewdog needs: where a comment goes, and from when numbers count.
POSITION = {
    "type": "object",
    "required": ["line"],
    "properties": {"line": {"minimum": 1}, "column": {"minimum": 1}},
    "additionalProperties": False,
}
RANGE = {
    "type": "object",
    "required": ["start", "end"],
    "properties": {"start": POSITION, "end": POSITION},
    "additionalProperties": False,
}
LOCATION = {
    "type": "object",
    "required": ["path"],
    "properties": {"path": {"minLength": 1}, "range": RANGE},
    "additionalProperties": False,
}
PROMISED = {
    "type": "object",
    "required": ["source", "diagnostics"],
    "additionalProperties": False,
    "properties": {
        "source": {"enum": [{"name": "egp"}]},
        "diagnostics": {
            "items": {
                "required": ["message", "location", "severity", "code"],
                "additionalProperties": False,
                "properties": {
                    "message": {"minLength": 1},
                    "location": LOCATION,
                    "severity": {"enum": ["ERROR", "WARNING", "INFO"]},
                    "code": {"required": ["value"], "properties": {"value": {"minLength": 1}}},
                    "suggestions": {"minItems": 1, "items": {"required": ["range", "text"]}},
                    "related_locations": {"minItems": 1, "items": {"required": ["message", "location"]}},
                },
            }
        },
    },
}


def valid(text: str) -> list[dict[str, Any]]:
    """The diagnostics of a report that is of the format."""
    result = json.loads(text)
    Draft4Validator(PUBLISHED).validate(result)
    Draft4Validator(PROMISED).validate(result)
    found = result["diagnostics"]
    assert isinstance(found, list)
    return found


def said_of(scene: Scene) -> list[dict[str, Any]]:
    with scene_rules():
        return valid(render(report_of(scene)))


def between(line: int, first: int, last: int) -> dict[str, dict[str, int]]:
    return {"start": {"line": line, "column": first}, "end": {"line": line, "column": last}}


@pytest.mark.parametrize("scene", SCENES)
def test_every_report_is_of_the_format(scene: str) -> None:
    said_of(SCENES[scene])


def test_a_finding_is_a_diagnostic() -> None:
    warning, error = said_of(SCENES["error-and-warning"])
    assert (warning["severity"], error["severity"]) == ("WARNING", "ERROR")
    assert error["code"] == {"value": "agreed-value"}
    assert error["location"] == {"path": "experiments/buy-now.yaml", "range": between(3, 36, 46)}
    assert error["message"].endswith("(5 days; needs 14 days); set `end: 2023-02-05`")


@pytest.mark.parametrize(
    ("before", "width"), [("ab", 2), ("é", 2), ("購入", 6), ("𐐀", 4), ("e\u0301", 3)], ids=ascii
)
def test_columns_count_bytes(before: str, width: int) -> None:
    plan = f"id: buy-now\nowner: {{team: {before}, dri: {before}}}\n"
    scene = Scene(plan, agreed=[Finding(("owner", "dri"), "it is there")])
    first = 1 + len("owner: {team: , dri: ") + width
    [said] = said_of(scene)
    assert said["location"]["range"] == between(2, first, first + width)


def test_a_stretch_of_several_lines_is_whole_lines() -> None:
    [said] = said_of(SCENES["span-of-the-text"])
    assert said["location"]["range"] == {"start": {"line": 3}, "end": {"line": 4}}


def test_related_places_are_told() -> None:
    scene = Scene(
        "id: buy-now\nlayer: é\nfeature_flag: é\n",
        agreed=[Finding(("feature_flag",), "twice", related=(Related(("layer",), "the layer"),))],
    )
    [said] = said_of(scene)
    place = {"path": "experiments/buy-now.yaml", "range": between(2, 8, 10)}
    assert said["related_locations"] == [{"message": "the layer", "location": place}]


def test_what_is_waived_or_in_shadow_is_left_out() -> None:
    assert said_of(SCENES["waived"]) == []
    assert [each["code"]["value"] for each in said_of(SCENES["shadow"])] == ["tidy-value"]


def test_what_kept_egp_from_judging_is_an_error() -> None:
    assert [each["severity"] for each in said_of(SCENES["could-not-judge"])] == ["ERROR"] * 3


def test_what_was_not_checked_is_told_where_nothing_else_speaks_of_it() -> None:
    assert [each["code"]["value"] for each in said_of(SCENES["not-checked"])] == ["tidy-value"]
    assert len(said_of(SCENES["missing-input"])) == 1


@pytest.mark.parametrize(
    "link", ["[x](", "![x](", "[x][", "<script", "<img ", "https://", "@everyone", "#1", "www."]
)
def test_nothing_that_a_plan_says_is_markup_in_a_comment(link: str) -> None:
    """reviewdog writes the message as Markdown into its comment."""
    [said] = said_of(Scene("id: a\n", agreed=[Finding(("id",), f"it says {link}evil.example")]))
    assert link not in said["message"]
    assert said["message"].replace("\N{ZERO WIDTH NON-JOINER}", "") == f"it says {link}evil.example"


class TestSuggestions:
    @pytest.fixture
    def told(self, workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> Callable[[str], list[Any]]:
        workspace.write("egp.yaml", 'extends: ["egp:standard"]\n')

        def call(text: str) -> list[Any]:
            (workspace.root / "plan.yaml").write_bytes(text.encode())
            capsys.readouterr()
            main(("check", "plan.yaml", "--as-of", "2023-01-18", "--format", "rdjson"))
            return valid(capsys.readouterr().out)

        return call

    @pytest.mark.parametrize("mark", ["", "\ufeff"])
    @pytest.mark.parametrize("line_end", ["\n", "\r\n"])
    def test_they_give_what_fix_writes(
        self, told: Callable[[str], list[Any]], line_end: str, mark: str
    ) -> None:
        def written(text: str) -> str:
            return mark + text.replace("\n", line_end)

        before = written(slipped())
        suggestions = [each for said in told(before) for each in said.get("suggestions", [])]
        assert suggestions
        after = applied(before.encode(), suggestions).decode()
        assert after == written(SOUND_PLAN.replace("type: superiority", "type: superiority   # why"))

    @pytest.mark.parametrize("word", ["why", "für", "理由"])
    def test_behind_characters_of_several_bytes(self, told: Callable[[str], list[Any]], word: str) -> None:
        text = SOUND_PLAN + f'x-note: "{word}"\n'
        start = text.index("schedule: {") + len("schedule: {")
        plan = f"{text[:start]}x-note: {word}, {text[start:]}".replace("2023-01-23", "2023/1/23", 1)
        before = plan.encode()
        suggestions = [each for said in told(plan) for each in said.get("suggestions", [])]
        assert suggestions
        assert applied(before, suggestions).decode() == plan.replace("2023/1/23", "2023-01-23")

    def test_what_decides_something_is_none(self, told: Callable[[str], list[Any]]) -> None:
        said = told(SOUND_PLAN.replace("hypothesis:", "hypothsis:"))
        assert said
        assert not [each for each in said if "suggestions" in each]


def applied(text: bytes, suggestions: list[Any]) -> bytes:
    """The text after the suggestions, as reviewdog makes them: between columns of bytes."""

    def offset(position: dict[str, int]) -> int:
        lines = text.split(b"\n")[: position["line"] - 1]
        return sum(len(line) + 1 for line in lines) + position["column"] - 1

    for each in sorted(suggestions, key=lambda each: offset(each["range"]["start"]), reverse=True):
        start, end = (offset(each["range"][side]) for side in ("start", "end"))
        text = text[:start] + each["text"].encode() + text[end:]
    return text


@pytest.mark.parametrize("folder", [".", "shop"])
def test_paths_are_those_that_reviewdog_puts_its_folder_before(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    workspace.write("egp.yaml", 'extends: ["egp:standard"]\n')
    workspace.write("shop/plan.yaml", SOUND_PLAN.replace("hypothesis:", "hypothsis:"))
    monkeypatch.chdir(workspace.root / folder)
    path = "plan.yaml" if folder == "shop" else "shop/plan.yaml"
    main(("check", path, "--as-of", "2023-01-18", "--format", "rdjson"))
    assert {each["location"]["path"] for each in valid(capsys.readouterr().out)} == {path}
