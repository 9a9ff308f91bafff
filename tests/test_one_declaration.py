"""A key of a plan is declared once: what it is, what a change of it means, and all that follows from that."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from egp.plan.experiment import declarations
from egp.policy.shipped import ROOT

KEY = """
    quiet_hours: int | None = field(
        "Hours after the start in which nobody looks.", 8,
        weight="operational", because="keeps people from acting on noise", stricter="more", measured=True,
    )
    calm: str | None = field("Why nobody looks.", weight="benign", because="no analysis reads it", prose=True)

    @property
    def control_position("""

ASKED = """
import json, sys
from egp.advice.options.offered import measured
from egp.cli.schemas import experiment_schema
from egp.plan.digest import plan_digest
from egp.plan.experiment import read_experiment
from egp.record.changes import changes
from egp.yaml import read_text

def plan(more):
    text = "id: a\\ntype: rollout\\nvariants: []\\nschedule: {}\\nprimary_metric: {id: m}\\n" + more
    plan, problems = read_experiment(read_text(text)[0].value)
    return plan, [each.message for each in problems]

eight, problems = plan("quiet_hours: 8\\n")
four, _ = plan("quiet_hours: 4\\n")
calm, _ = plan("quiet_hours: 8\\ncalm: one\\n  two\\n")
properties = experiment_schema()["properties"]
print(json.dumps({
    "problems": problems,
    "misread": plan("quiet_hours: many\\n")[1],
    "misspelt": plan("quiet_hour: 8\\n")[1],
    "material": [plan_digest(eight) != plan_digest(four), plan_digest(eight) != plan_digest(calm)],
    "changes": [[each.name, each.before, each.after, each.weight, each.effect] for each in changes(eight, four)],
    "benign": [[each.name, each.weight] for each in changes(eight, calm)],
    "schema": properties["quiet_hours"].get("description"),
    "measured": "quiet_hours" in measured(),
}))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a copy of egp knows of two keys that one place declares."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("egp", "policies"):
        shutil.copytree(Path(ROOT, name), root / name, ignore=shutil.ignore_patterns("__pycache__"))
    file = root / "egp/plan/experiment.py"
    text = file.read_text(encoding="utf-8")
    before = "\n    @property\n    def control_position("
    assert text.count(before) == 1
    file.write_text(text.replace(before, KEY), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-c", ASKED],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, object] = json.loads(ended.stdout)
    return found


def test_a_new_key_is_read_and_its_slips_are_told(told: dict[str, object]) -> None:
    assert told["problems"] == []
    assert told["misread"] == ["quiet_hours: many is not a whole number"]
    assert told["misspelt"] == ["unknown key `quiet_hour`, did you mean `quiet_hours`?"]


def test_a_new_key_is_in_the_digest_if_it_is_material(told: dict[str, object]) -> None:
    assert told["material"] == [True, False]


def test_a_change_of_a_new_key_has_its_weight_and_its_direction(told: dict[str, object]) -> None:
    assert told["changes"] == [["/quiet_hours", "8", "4", "operational", "loosens"]]
    assert told["benign"] == [["/calm", "benign"]]


def test_the_schema_and_the_options_know_a_new_key(told: dict[str, object]) -> None:
    assert told["schema"] == "Hours after the start in which nobody looks."
    assert told["measured"] is True


def test_what_weighs_has_a_reason() -> None:
    assert [keys for keys, each in declarations().items() if each.weight and not each.because] == []
