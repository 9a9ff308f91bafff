"""A registered plan is judged by the settings for the file that it was registered from."""

from __future__ import annotations

from pathlib import Path

import pytest

from .calling import PLAN, call


@pytest.fixture
def strict(repository: Path) -> Path:
    """The registered example, with more asked of the file it is registered from."""
    with (repository / "egp.yaml").open("a") as policy:
        policy.write("  - paths: ['experiments/**']\n    rules: {minimum-runtime: {days: 28}}\n")
    return repository


@pytest.mark.parametrize(
    "elsewhere", ["t/p.yaml", "p.yaml", "experiments-2/pdp-buy-now.yaml", "EXPERIMENTS.yaml"]
)
def test_a_registered_plan_is_judged_where_it_was_registered(strict: Path, elsewhere: str) -> None:
    copy = strict / elsewhere
    copy.parent.mkdir(exist_ok=True)
    copy.write_text((strict / PLAN).read_text())
    results = "results/pdp-buy-now/day-14.yaml"
    for path in (PLAN, elsewhere):
        checked = call(strict, "check", path, "--as-of", "2023-01-18")
        assert "error[minimum-runtime]" in checked.out
        gated = call(
            strict, "gate", path, "--results", results, "--to", "70%", "--as-of", "2023-02-07T12:00:00Z"
        ).out
        assert gated.startswith("hold")
        assert "28" in call(strict, "policy", "show", path).out
    (strict / PLAN).unlink()
    assert "error[minimum-runtime]" in call(strict, "check", elsewhere, "--as-of", "2023-01-18").out
