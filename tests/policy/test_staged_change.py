"""A staged change of the policy, end to end: every plan is judged by the version in force when it was registered."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.register.house import House

ROOT = Path(__file__).parents[2]
STAGED = ROOT / "examples" / "staged" / "egp.yaml"
SEQUENTIAL = ROOT / "examples" / "rejected" / "alpha-spending-not-allowed.yaml"

BEFORE, CHANGE = "2023-01-17", "2023-02-01"
AFTER = "2023-02-14"
"""Four weeks after the day before the change, so that every date of a plan can move by as much."""


def sequential(name: str, weeks: int = 0) -> str:
    """The sequential plan of the examples, under an id of its own, some weeks later."""

    def moved(match: re.Match[str]) -> str:
        return (date.fromisoformat(match[0]) + timedelta(weeks=weeks)).isoformat()

    text = re.sub(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", moved, SEQUENTIAL.read_text(encoding="utf-8"))
    return re.sub(r"^(id|layer|feature_flag):.*$", rf"\1: {name}", text, flags=re.MULTILINE)


@pytest.fixture
def staged(house: House) -> House:
    """The example's policy in a repository of its own."""
    house.write("egp.yaml", STAGED.read_text(encoding="utf-8"))
    (house.root / "experiments" / "buy-now.yaml").unlink()
    return house


def rejecting(house: House, as_of: str, *paths: str) -> dict[str, set[str]]:
    """Experiment → the rules that reject it."""
    house.egp("check", *paths, f"--as-of={as_of}", "--format=json")
    report = json.loads(house.out)
    assert report["errors"] == []
    found: dict[str, set[str]] = {}
    for each in report["diagnostics"]:
        if each["severity"] == "error":
            found.setdefault(each["experiment"], set()).add(each["rule"])
    return found


def test_a_sequential_plan_is_not_registered_before_the_change_and_is_after_it(staged: House) -> None:
    staged.write("experiments/early.yaml", sequential("early"))
    assert staged.register("experiments/early.yaml", day=BEFORE) == 1
    assert "error[spending-allowed]" in staged.out
    assert staged.lock_text is None

    staged.write("experiments/late.yaml", sequential("late", weeks=4))
    assert staged.register("experiments/late.yaml", day=AFTER) == 0
    assert staged.lock()["late"].registered == date.fromisoformat(AFTER)


def test_the_day_in_the_lock_judges_whatever_day_it_is(staged: House) -> None:
    """The early plan was registered under another policy; neither plan has been changed since."""
    staged.write(
        "earlier.yaml", "extends: [egp.yaml]\nrules: {spending-allowed: {allowed: [obrien_fleming]}}\n"
    )
    staged.write("experiments/early.yaml", sequential("early"))
    staged.write("experiments/late.yaml", sequential("late", weeks=4))
    assert staged.register("experiments/early.yaml", "--policy=earlier.yaml", day=BEFORE) == 0
    assert staged.register("experiments/late.yaml", day=AFTER) == 0

    for day in (AFTER, "2024-06-01"):
        assert rejecting(staged, day) == {"early": {"spending-allowed"}}


def test_an_entry_to_come_does_not_come_for_a_registered_plan(staged: House) -> None:
    for name, weeks in (("late", 4), ("open", 5)):
        weak = sequential(name, weeks).replace("non_inferiority_margin: 8%", "non_inferiority_margin: 6%")
        staged.write(f"experiments/{name}.yaml", weak)
    assert staged.register("experiments/late.yaml", day=AFTER) == 0
    staged.egp("check", f"--as-of={AFTER}", "--format=json")
    coming = {
        each["experiment"]: each["coming"]
        for each in json.loads(staged.out)["diagnostics"]
        if each["rule"] == "guardrail-power"
    }
    assert coming == {"late": None, "open": "becomes an error on 2023-06-01"}


def test_a_backdated_plan_gains_nothing(staged: House) -> None:
    """A plan that only claims to be from before a stricter day is judged by the day it is judged on."""
    staged.write(
        "egp.yaml",
        'extends: ["egp:standard"]\nrules:\n  power-floor:\n    - {floor: 80%}\n    - {from: 2023-02-01, floor: 99%}\n',
    )
    staged.write("experiments/quick.yaml", sequential("quick"))
    assert f"registered: {BEFORE}" in staged.text("experiments/quick.yaml")
    assert "power-floor" not in rejecting(staged, BEFORE, "experiments/quick.yaml")["quick"]
    assert "power-floor" in rejecting(staged, CHANGE, "experiments/quick.yaml")["quick"]
