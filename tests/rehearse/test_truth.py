"""Rehearsed on a history whose truth is known: what is right is found right, and each planted fault is found."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy
import pytest

from egp import stats
from egp.advice.rehearsal import evidence, judging
from egp.advice.rehearsal.effects import NoEffectError, with_effect
from egp.advice.rehearsal.evidence import stages_of_runs
from egp.advice.rehearsal.tally import Rate, RunTally
from egp.plan.results import TEST
from egp.record.sources.warehouse import bucket_quantiles
from egp.record.sources.warehouse.lives import StageInBuckets

from . import history
from .past import PastLives, rehearsed, spreads


@pytest.fixture(scope="module")
def sound(lives: PastLives) -> RunTally:
    return rehearsed(lives, 120, effects=True)


def test_standard_errors_that_are_right_are_found_right(sound: RunTally) -> None:
    found = spreads(sound)
    assert [*found] == ["buyers", "spend", "buys_per_visit", "p90_load"]
    assert {each.verdict for each in found.values()} == {"as they should"}
    assert all(abs(each.spread - 1) < 3 * each.error for each in found.values())


def test_shares_are_within_their_errors_of_what_is_computed(sound: RunTally) -> None:
    rates = {each.name: each for each in sound.rates()}
    assert not [each for each in rates.values() if each.is_bad]
    level = rates["buyers differs at 5 %"]
    assert level.share is not None
    assert level.error is not None
    assert abs(level.share - 0.05) < 3 * level.error
    for name in ("spend", "buys_per_visit", "p90_load"):
        # At its very margin a guardrail is passed as often as its level says, whatever its kind.
        passed = rates[f"{name}, harmed by its margin, is passed"]
        assert passed.share is not None
        assert passed.error is not None
        assert abs(passed.share - 0.05) < 3 * passed.error
    found = rates["the MDE of buyers, 14%, is found"]
    assert found.share is not None
    assert found.error is not None
    power = stats.two_proportion_power(0.28, 0.28 * 1.14, sound.units or 0.0, sound.units or 0.0, 0.05)
    assert abs(found.share - power) < 3 * found.error


def test_standard_errors_without_clustering_are_caught(
    lives: PastLives, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_visits(sums: stats.ArmSums) -> stats.ArmEstimate:
        """As if each visit were a unit of its own."""
        visits = sums.denominator_sum or 1.0
        share = sums.sum / visits
        return stats.ArmEstimate(share, math.sqrt(share * (1 - share) / visits))

    monkeypatch.setattr(stats, "ratio_of_arm", of_visits, raising=False)
    found = spreads(rehearsed(lives, 80))["buys_per_visit"]
    assert (found.verdict, found.is_bad, found.spread > 1.3) == ("too wide", True, True)


def test_returning_users_who_count_as_new_are_caught(lives: PastLives) -> None:
    def anew_each_day(stage: StageInBuckets) -> StageInBuckets:
        """Cohorts of everybody who was there on the day, with what they did on it."""
        sums, values = stage.sums, stage.sums.values.copy()
        number = next(at for at, each in enumerate(sums.measures) if each.id == "spend")
        for span in sums.spans:
            if span.window == "day":
                values[:, span.number, sums.columns["units"]] = sums.values[
                    :, :, sums.columns[span.units]
                ].sum(axis=1)
                for part in ("sum", "sum_squares"):
                    found = sums.values[:, :, sums.columns[f"{part}_{number}_{span.name}"]].sum(axis=1)
                    for lag in range(3):
                        values[:, span.number, sums.columns[f"{part}_{number}_{lag}"]] = found
        return replace(stage, sums=replace(sums, values=values))

    found = spreads(rehearsed(lives, 80, fault=anew_each_day))["spend"]
    assert (found.verdict, found.is_bad) == ("too wide", True)


def test_a_quantile_with_half_its_noise_is_caught(lives: PastLives, monkeypatch: pytest.MonkeyPatch) -> None:
    right = bucket_quantiles.quantile_of

    def with_half(*sums: Any) -> Any:
        found = right(*sums)
        return found and replace(found, standard_error=found.standard_error / 2)

    monkeypatch.setattr(evidence, "quantile_of", with_half)
    tally = rehearsed(lives, 80, effects="p90_load")
    found = spreads(tally)["p90_load"]
    assert (found.verdict, found.is_bad) == ("too wide", True)
    assert found.spread == pytest.approx(2, abs=4 * found.error)
    (passed,) = (each for each in tally.rates() if each.name == "p90_load, harmed by its margin, is passed")
    assert (passed.verdict, passed.is_bad) == ("more often", True)


def test_every_day_goes_through_the_gate(lives: PastLives) -> None:
    tally = rehearsed(lives, 6, every_day=True)
    assert {name for run in tally.results for name in run.raises} == {"70%", "80%"}
    groups: dict[str, list[Rate]] = {}
    for each in tally.rates():
        groups.setdefault(each.group, []).append(each)
    names = [each.name for each in groups["withdrawn"]]
    assert names == [
        "is rolled back, by anything", "by stop rule dear", "by stop rule poor", "by 2 bad weeks of buys_per_visit",
        "by silence of the treatment", "by harm of spend beyond its margin at the readout",
        "by harm of p90_load beyond its margin at the readout",
    ]  # fmt: skip
    assert all(each.of == 6 for each in groups["withdrawn"])


@pytest.mark.parametrize("name", ["buyers", "spend", "buys_per_visit", "p90_load"])
@pytest.mark.parametrize("change", [0.2, -0.2])
def test_an_effect_moves_its_metric_by_as_much_as_requested(
    lives: PastLives, name: str, change: float
) -> None:
    metric = next(each for _, each in lives.plan.metrics if each.id == name)
    orders = [lives.split.order(7, run) for run in range(8)]
    ranges = lives.split.stages[TEST]
    draw = numpy.random.default_rng(3)
    found = stages_of_runs(lives.stages[0][TEST], TEST, lives.life.first, ranges, orders)
    ratios = [
        _level(with_effect(each, metric, "new", change, draw), name) / _level(each, name) for each in found
    ]
    assert sum(ratios) / len(ratios) == pytest.approx(1 + change, abs=0.02)


def _level(stage: evidence.StageOfRun, name: str) -> float:
    rows = [
        each for each in evidence.rows_of_stage(stage, 16) if each.metric == name and each.variant == "new"
    ]
    totals = [each for each in rows if each.window == "total"]
    if totals:
        return totals[0].value or 0.0
    cohorts = [each for each in rows if each.window == "cohort"]
    return sum(each.sum or 0.0 for each in cohorts) / sum(
        each.denominator_sum or each.units for each in cohorts
    )


def test_a_rate_cannot_be_moved_beyond_all_units(lives: PastLives) -> None:
    (stage,) = stages_of_runs(
        lives.stages[0][TEST], TEST, lives.life.first, lives.split.stages[TEST], [lives.split.order(1, 1)]
    )
    with pytest.raises(NoEffectError):
        with_effect(stage, next(iter(lives.plan.metrics))[1], "new", 9.0, numpy.random.default_rng(1))


def test_the_histogram_has_the_quantile_of_the_values(lives: PastLives) -> None:
    (found,) = lives.compared
    assert found.binned is not None
    assert found.binned.units == found.raw.units
    assert found.binned.value == pytest.approx(found.raw.value, abs=0.1 * found.raw.standard_error)
    assert found.binned.standard_error == pytest.approx(found.raw.standard_error, rel=0.05)


def test_a_day_without_a_raise_needs_the_checks_that_may_roll_back_alone(
    lives: PastLives, monkeypatch: pytest.MonkeyPatch
) -> None:
    twitchy = history.PLAN.replace("harm_exceeds: 35%", "harm_exceeds: 2%")
    there = replace(lives, plan=history.plan(twitchy))
    few = rehearsed(there, 6, every_day=True)
    assert {each.check for run in few.results if run.withdrawn for each in run.withdrawn.triggers}
    monkeypatch.setattr(judging, "_that_withdraw", judging._of_a_raise)
    assert rehearsed(there, 6, every_day=True).results == few.results


def test_a_stage_without_enough_to_judge_is_held_by_no_alarm(
    sound: RunTally, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for more units is held in every harmless run, and says nothing about false alarms."""
    monkeypatch.setattr(RunTally, "_first_raise", lambda _: "the readout's")
    waits = judging.FiredTrigger("guardrail", "spend", is_judged=False)
    alarm = judging.FiredTrigger("guardrail", "spend")
    stage = next(call.move.name for call in reversed(sound.computed.life.calls) if call.move.kind == "stage")

    def held(trigger: judging.FiredTrigger) -> Rate:
        results = [
            replace(run, raises={**run.raises, stage: judging.RaiseAnswer("hold", (trigger,), {})})
            for run in sound.results
        ]
        tally = RunTally(sound.computed, sound.effects, results, sound.lives)
        return next(
            each
            for each in tally.rates()
            if each.group == "held"
            and each.name.startswith(f"at the raise to {stage}: by guardrail of spend")
        )

    assert (held(alarm).verdict, held(alarm).is_bad) == ("more often", True)
    assert (held(waits).name[-12:], held(waits).verdict, held(waits).is_bad) == (
        ", not judged",
        "not compared",
        False,
    )
