"""The reference names every key of plans and policies, and its whole plans pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from egp.cli.key_reference import key_references, whole_plans
from egp.plan.experiment import Experiment, read_experiment
from egp.policy.file import PolicyFile
from egp.yaml import read_file
from tests.gate.calling import call

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(("name", "shape"), [("plan", Experiment), ("policy", PolicyFile)])
def test_every_key_has_a_row(name: str, shape: type[Experiment | PolicyFile]) -> None:
    page = key_references()[f"docs/reference/{name}.md"]
    for key, *_ in shape.fields():
        assert f"| `{key}` |" in page


def test_every_type_has_a_whole_plan_that_says_so() -> None:
    plans = whole_plans()
    assert sorted(plans) == sorted(path.stem for path in (ROOT / "docs/reference/plans").iterdir())
    for name, path in plans.items():
        plan, problems = read_experiment(read_file(ROOT / path)[0].value)
        assert (plan.type, problems) == (name, [])


@pytest.mark.parametrize("path", whole_plans().values())
def test_a_whole_plan_passes_as_it_stands(path: str) -> None:
    told = call(ROOT, "check", path, "--policy", "egp:standard", "--as-of", "2023-01-17")
    assert (told.status, "nothing to report" in told.out) == (0, True)
