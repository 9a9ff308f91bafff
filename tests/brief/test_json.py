"""The brief for programs: as it is declared, at every moment, with nothing of a metric that is withheld."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.brief.asking import BUY_NOW, RANKING
from tests.gate.calling import call, taken
from tests.gate.worlds import ROOT
from tests.published import require_declared

MOMENTS = {
    "day-05": "running", "day-14": "readout", "late-data": "readout", "srm": "readout", "stage-1": "ramp",
    "stage-2": "after", "monitor": "after", "ramp-harm": "harm", "two-bad-weeks": "harm",
}  # fmt: skip


def test_each_of_the_examples_has_a_moment() -> None:
    assert {each.stem for each in (ROOT / "examples/results/pdp-buy-now").glob("*.yaml")} == set(MOMENTS)


@pytest.mark.parametrize("results", MOMENTS)
def test_it_is_as_declared_at_every_moment(repository: Path, results: str) -> None:
    path = f"results/pdp-buy-now/{results}.yaml"
    out = call(
        repository,
        "brief",
        BUY_NOW,
        f"--results={path}",
        f"--as-of={taken(repository, path)}",
        "--format=json",
    ).out
    require_declared("brief", out)
    said = json.loads(out)
    assert said["moment"] in (MOMENTS[results], "running"), (
        "without a look that is open the test is still on its way"
    )
    assert (said["result"] is None) == (said["withheld"] is not None)
    assert [each["state"] for each in said["options"] if each["letter"] == "B"] == ["open"]


def test_before_the_launch(repository: Path) -> None:
    out = call(repository, "brief", RANKING, "--as-of=2023-08-30", "--format=json").out
    require_declared("brief", out)
    said = json.loads(out)
    by_option = {each["what"]: each["middle"] for each in said["amounts"] if each["kind"] == "launch"}
    weeks, per_week = 82 / 7, 3.2e6 * 0.95
    assert by_option["launch now, until 2023-12-15"] == pytest.approx(
        (0.7 * (0.16597 - 0.160) + 0.3 * (0.13057 - 0.142)) * per_week * weeks
    )
    assert [each["who"] for each in said["positions"]] == [
        "swe_manager", "pm_director", "finance_partner", "marketing_lead",
    ]  # fmt: skip
    assert said["result"] is said["gate"] is said["shipping_opens"] is None
