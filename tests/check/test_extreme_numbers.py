"""Numbers at the ends of what a computer holds: a finding, or not checked; no command ends in a traceback."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from egp.cli.main import main
from egp.plan.experiment import Experiment, read_experiment
from egp.plan.meaning import meaningless
from tests.rules.examples import merged, sound_value
from tests.rules.test_hostile_values import leaves, replaced

TINY, HUGE = 5e-324, 10**15
NO_UNITS = {"eligible_units": {"distinct_over_run": -0.0}}
A_RAMP_OF_NOBODY = {"ramp": {0: {"treated": TINY}, 1: {"treated": None}}}
NO_SPREAD = {"guardrail_metrics": {1: {"std_dev": TINY}, 2: {"influence_std_dev": TINY}}}
NO_TRAFFIC = {"schedule": {"exposure": "0.0000000000000000000000000000000001%"}}
AT_THE_END = {
    "schedule": {"start": "0001-01-01", "end": "9999-12-31"},
    "statistics": {"looks": ["9999-12-31"]},
}
FOR_EVER = {"stop_rules": {0: {"min_units_per_variant": HUGE}}, "sample_size_per_variant": HUGE}

COMMANDS = ("check", "explain", "power", "brief")


def asked(command: str, plan: object, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says of a plan, on whichever stream."""
    (folder / "egp.yaml").write_text('extends: ["egp:standard"]\n', encoding="utf-8")
    path = folder / "plan.yaml"
    path.write_text(json.dumps(plan), encoding="utf-8")
    day = () if command == "power" else ("--as-of", "2023-01-17")
    main([command, str(path), *day])
    told = capsys.readouterr()
    return told.out + told.err


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "change",
    [NO_UNITS, A_RAMP_OF_NOBODY, NO_SPREAD, NO_TRAFFIC, AT_THE_END, FOR_EVER],
    ids="/".join,
)
def test_no_command_crashes(
    command: str,
    change: dict[str, object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    said = asked(command, merged(sound_value(), change), tmp_path, capsys)
    assert said
    assert "crashed" not in said
    assert "bug of egp" not in said


VALUES = (
    "0%", "100%", "0.0000000000000000000000000000000001%", "99.99999999999999%", TINY, 1e-300, -0.0, 0, 1, 1e300, HUGE,
    "9007199254740990ms", "9007199254740990%", "0d", "1us", "36525d", "0.00000000000000000000000000001bps", "9999-12-31", "0001-01-01",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_nor_with_any_of_them_anywhere(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    chance, plan = random.Random(seed), sound_value()
    paths = list(leaves(plan))
    value: object = plan
    for path in chance.sample(paths, 3):
        if _is_there(value, path):  # unless another replacement took it away
            value = replaced(value, path, chance.choice(VALUES))
    for command in ("check", "explain"):
        said = asked(command, value, tmp_path, capsys)
        assert "crashed" not in said
        assert "bug of egp" not in said


def _is_there(value: object, path: tuple[str | int, ...]) -> bool:
    return path in list(leaves(value))


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"guardrail_metrics": {1: {"skewness": 1e300}}}, "/guardrail_metrics/1/skewness"),
        ({"guardrail_metrics": {1: {"skewness": -2e6}}}, "/guardrail_metrics/1/skewness"),
        ({"guardrail_metrics": {1: {"std_dev": 1e9}}}, "/guardrail_metrics/1/std_dev"),
        ({"guardrail_metrics": {2: {"influence_std_dev": "5200000000ms"}}}, "/guardrail_metrics/2/influence_std_dev"),
        ({"eligible_units": {"distinct_over_run": 34 * 10**12}}, "/eligible_units/distinct_over_run"),
        ({"eligible_units": {"per_day": 4 * 10**15}}, "/eligible_units/per_day"),
        ({"sample_size_per_variant": 147 * 10**12}, "/sample_size_per_variant"),
        ({"stop_rules": {0: {"min_units_per_variant": 2 * 10**13}}}, "/stop_rules/0/min_units_per_variant"),
    ],
)  # fmt: skip
def test_a_number_that_nobody_could_have_counted_is_refused(change: dict[str, object], pointer: str) -> None:
    found = [finding for finding in meaningless(plan_of(change)) if finding.at == tuple(steps(pointer))]
    assert len(found) == 1
    assert found[0].help


@pytest.mark.parametrize(
    "change",
    [
        {"guardrail_metrics": {1: {"skewness": 1e6}}},
        {"eligible_units": {"distinct_over_run": 10**12, "per_day": 10**12}},
        {"guardrail_metrics": {1: {"std_dev": 0.042e6}}},
    ],
)
def test_a_number_that_is_merely_large_is_not(change: dict[str, object]) -> None:
    assert list(meaningless(plan_of(change))) == []


def steps(pointer: str) -> list[str | int]:
    return [int(step) if step.isdigit() else step for step in pointer.split("/")[1:]]


def plan_of(change: dict[str, object]) -> Experiment:
    return read_experiment(merged(sound_value(), change))[0]
