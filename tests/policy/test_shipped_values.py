"""What shipped policies say is known without parsing them, and where they say it is right all the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from egp.policy import reading, shipped
from egp.policy.shipped import ROOT, policy_names, policy_path
from egp.yaml import read_text
from egp.yaml import reading as yaml_reading


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names under which something is parsed."""
    names: list[str] = []
    parse = yaml_reading.read

    def watched(content: str | bytes, path: str, parser: object) -> object:
        names.append(path)
        return parse(content, path, parser)  # type: ignore[arg-type]

    monkeypatch.setattr(yaml_reading, "read", watched)
    monkeypatch.setattr(yaml_reading, "_RECENT", {})
    return names


@pytest.mark.parametrize("name", policy_names())
def test_no_shipped_policy_is_parsed_before_a_place_in_it_is_requested(name: str, parsed: list[str]) -> None:
    policy = reading.shipped_policy(name)
    assert parsed == []
    for layer in policy.layers:
        (document,) = read_text(Path(policy_path(layer.name) or "").read_text(encoding="utf-8"))
        for rule_id, settings in layer.settings.items():
            for key, setting in settings.items():
                place = document.span(("rules", rule_id, key), key=True).start
                assert (setting.origin.line, setting.origin.column) == (place.line, place.column)
    assert set(parsed) >= {layer.name for layer in policy.layers}


def test_a_shipped_policy_that_somebody_edited_says_what_its_file_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(Path(ROOT, "policies"), tmp_path / "policies")
    edited = tmp_path / "policies" / "standard.yaml"
    text = edited.read_text(encoding="utf-8")
    assert 'version: "2026.1"' in text
    edited.write_text(text.replace('version: "2026.1"', 'version: "our own"'), encoding="utf-8")
    monkeypatch.setattr(shipped, "ROOT", str(tmp_path))
    assert reading.shipped_policy("egp:standard").version == "our own"


def test_what_was_read_is_known_by_its_content(parsed: list[str], tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    for text in ("a: 1", "a: 1", "a: 2", "a: 1"):
        plan.write_text(text, encoding="utf-8")
        (document,) = yaml_reading.read_file(plan, "plan.yaml")
        assert document.value == {"a": int(text[-1])}
    assert len(parsed) == 2
    for number in range(9):
        yaml_reading.read_bytes(b"b: %d" % number, "others.yaml")
    yaml_reading.read_file(plan, "plan.yaml")
    assert parsed.count("plan.yaml") == 3
