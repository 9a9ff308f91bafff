"""What could not be read is unknown, and not absent: no rule passes because a list that was refused reads as an empty one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from egp.plan.experiment import read_experiment
from egp.plan.finding import NotChecked
from egp.plan.misread import without_misread
from egp.yaml.bounds import MAX_ITEMS
from tests.rules.examples import merged, sound_value

MANY = MAX_ITEMS + 1
LISTS = [
    ({"statistics": {"looks": [f"2023-01-24T00:{at // 60:02d}:{at % 60:02d}-08:00" for at in range(MANY)]}}, "no-unplanned-looks"),
    ({"segments": [f"s{at}" for at in range(MANY)]}, "segments-declared"),
    ({"stop_rules": [{"id": f"r{at}"} for at in range(MANY)]}, "hair-trigger"),
    ({"guardrail_metrics": [{"id": f"m{at}"} for at in range(MANY)]}, "guardrail-margin"),
    ({"ramp": "at once"}, "stage-dates"),
    ({"segments": "everybody"}, "segments-declared"),
    ({"statistics": {"looks": ["tomorrow"]}}, "no-unplanned-looks"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "rule"), LISTS)
def test_rules_that_look_at_a_list_that_was_refused_are_not_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, change: dict[str, object], rule: str
) -> None:  # fmt: skip
    from egp.cli.main import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.yaml").write_text(json.dumps({**sound_value(), **_within(change)}), encoding="utf-8")
    status = main(
        ["check", "plan.yaml", "--policy", "egp:strict", "--as-of", "2023-01-18", "--format", "json"]
    )
    told = json.loads(capsys.readouterr().out)
    assert status == 1
    assert rule in [each["rule"] for each in told["not_checked"]]
    assert {each["blocked_by"] for each in told["not_checked"] if each["rule"] == rule} == {"valid-plan"}


def _within(change: dict[str, object]) -> dict[str, object]:
    sound: dict[str, Any] = dict(sound_value())
    return {
        key: {**sound[key], **value} if isinstance(value, dict) else value for key, value in change.items()
    }


def test_what_lies_beside_a_misread_value_is_seen_as_before() -> None:
    value = merged(
        sound_value(), {"guardrail_metrics": {1: {"baseline": "much"}}, "schedule": {"exposure": "all"}}
    )
    plan, problems = read_experiment(value)
    seen = without_misread(plan, problems)
    assert seen.guardrail_metrics[0].baseline == plan.guardrail_metrics[0].baseline
    assert seen.schedule is not None
    assert plan.schedule is not None
    assert seen.schedule.start == plan.schedule.start
    for look, at in (
        (lambda: seen.guardrail_metrics[1].baseline, ("guardrail_metrics", 1, "baseline")),
        (lambda: seen.schedule and seen.schedule.exposure, ("schedule", "exposure")),
    ):
        with pytest.raises(NotChecked) as missing:
            look()
        assert missing.value.path == at
    assert without_misread(plan, []) is plan
