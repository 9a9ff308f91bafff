"""Harmless lives through the checks that can withdraw them. The whole run is in ``docs/statistics.md``."""

from __future__ import annotations

import re

import numpy
import pytest

from egp.plan.analysis.alarm_levels import LEVELS
from egp.plan.analysis.stop_rules import weekly_level
from egp.plan.wording import percent, significant
from egp.rules.rule import load
from egp.stats import alike_windows_probability, z_upper

from .lives import SCENARIOS, STAGES, Tally, broken_promises, judge, live, predicted, tally
from .simulations import PAGE, block
from .worlds import plan_of

SLICE = 12


@pytest.mark.parametrize("at", range(len(SCENARIOS)))
def test_hair_trigger_passes_the_plans_that_are_lived(at: int) -> None:
    rule, plan = load("hair-trigger"), SCENARIOS[at].plan
    assert list(rule.check(plan, rule.params())) == []
    assert sum(predicted(plan).values()) <= 0.05


@pytest.mark.parametrize("at", range(len(SCENARIOS)))
def test_a_slice_of_lives_keeps_the_promise(at: int) -> None:
    tallies = [Tally() for _ in SCENARIOS]
    tallies[at] = tally(at, SLICE, [20230124, at])
    assert list(broken_promises(tallies)) == []


@pytest.mark.parametrize("at", [0, 1, 3])
def test_asking_on_every_morning_finds_no_more(at: int) -> None:
    generator = numpy.random.default_rng([20230125, at])
    for _ in range(2):
        life = live(SCENARIOS[at], generator)
        assert judge(life) == judge(life, everywhere=True)


def test_persons_are_the_same_in_every_window_of_a_life() -> None:
    """Of persons whose propensity stays neighbouring weeks resemble each other, and no more than the policy takes for
    granted."""
    generator, weeks = numpy.random.default_rng(20230126), []
    for _ in range(40):
        seen = live(SCENARIOS[1], generator).sums["load_time", STAGES[-1].name, "week"]
        control, treatment = seen.sum / seen.units
        weeks.append(treatment - control)
    correlations = numpy.corrcoef(numpy.array(weeks).T)
    neighbours = float(numpy.mean([correlations[at, at + 1] for at in range(len(correlations) - 1)]))
    assert 0.05 < neighbours < 0.25


def test_the_page_says_what_hair_trigger_computes() -> None:
    found = block("harmless lives").search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    rows = re.findall(r"^\| (.+?) \| ([0-9.]+ %) \| ([0-9.]+) %", found[0], re.MULTILINE)
    assert [name for name, *_ in rows] == [*(scenario.name for scenario in SCENARIOS), "all"]
    promised = [percent(sum(predicted(scenario.plan).values()), 2) for scenario in SCENARIOS]
    assert [most for _, most, _ in rows] == [*promised, "5.00 %"]
    assert float(rows[-1][2]) <= 5


def test_the_page_says_what_likeness_does_to_two_bad_days() -> None:
    bound = z_upper(0.02)
    times = [alike_windows_probability([bound, bound], 2, likeness) / 0.02**2 for likeness in (0.1, 0.3)]
    told = f"come {significant(times[0], 2)} times as often as independent ones, at 0.3 {significant(times[1], 2)} times"
    assert told in PAGE.read_text(encoding="utf-8")
    level = percent(weekly_level(plan_of(), 2, LEVELS), 1)
    assert f"{level} for the example" in PAGE.read_text(encoding="utf-8")
