"""The gate judges by the settings of the day on which the plan was registered, as the check does."""

from __future__ import annotations

from pathlib import Path

import pytest

from .calling import PLAN, call, gate

DATED = "rules: {{stage-dwell: [{{severity: error, hours: 48}}, {{from: 2023-01-18, {}hours: 9000}}]}}\n"


def dwell(repository: Path) -> set[str]:
    """What the gate's check of the dwell comes to."""
    told = gate(repository, "stage-1", "--to", "90%", "--format=json")
    return {each["state"] for each in told.json["checks"] if each["check"] == "dwell"}


@pytest.mark.parametrize(("reach", "state"), [("", "pass"), ("retroactive: true, ", "fail")])
def test_a_later_setting_reaches_a_registered_plan_only_if_it_says_so(
    repository: Path, reach: str, state: str
) -> None:
    policy = repository / "egp.yaml"
    policy.write_text(f"{policy.read_text(encoding='utf-8')}\n{DATED.format(reach)}", encoding="utf-8")
    assert dwell(repository) == {state}


def test_what_is_shown_is_what_judges(repository: Path) -> None:
    policy = repository / "egp.yaml"
    policy.write_text(f"{policy.read_text(encoding='utf-8')}\n{DATED.format('')}", encoding="utf-8")
    for day in ("2023-01-17", "2024-01-01"):
        told = call(repository, "policy", "show", PLAN, f"--as-of={day}")
        assert told.status == 0
        assert "hours     48     egp.yaml:" in told.out
