"""CUPED, caps, shares of visits and several looks, on the history whose truth is known: right is found right, and each planted
fault is found."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest

from egp import stats
from egp.advice.rehearsal.tally import Rate, RunTally
from egp.advice.rehearsal.timeline import timeline
from egp.gate import boundary
from egp.gate.checks import runtime_complete
from egp.plan.catalogue import MetricCatalogue
from egp.plan.experiment import Experiment, read_experiment
from egp.plan.typed_reader import changed
from egp.record.sources.warehouse.facts import defined_in
from egp.record.sources.warehouse.measures import ComputedMetric
from egp.yaml import read_text
from tests.rules.examples import catalogue_of

from . import history
from .past import PastLives, lives_of, rehearsed, spreads

CAP = 120
SLOPE_OF_AFTER = 1.0
"""What a regression of the outcomes on themselves says."""
RUNS, OF_ONE_LOOK = 150, 90
ICC = 1 / (0.6 + 2.4 + 1)
"""Of visits with a purchase: the chance of a user is drawn from a beta distribution of these parameters."""
CATALOGUE = """
facts:
  visits: {table: visits, unit: user_id, at: visited_at}
  buys: {table: buys, unit: user_id, at: bought_at}
populations: {everyone: {fact: visits}}
metrics:
  spend: {kind: mean, direction: increase, fact: buys, value: amount, value_unit: USD, cap: 120 USD, outcome_window: 6d}
  visits_with_a_buy: {kind: proportion, direction: increase, numerator: {fact: buys}, denominator: {fact: visits}, outcome_window: 6d}
"""
PLAN = """
id: simulated
type: superiority
unit: user
analysis_unit: visit
population: {of: everyone}
variants: [{id: control, weight: 50%, control: true}, {id: new, weight: 50%}]
schedule: {start: 2023-01-02, end: 2023-01-15, exposure: 100%, timezone: America/Los_Angeles}
eligible_units: {distinct_over_run: 3_700, per_day: 1_100}
primary_metric: {id: spend, kind: mean, direction: increase, outcome_window: 6d, cap: 120 USD, judged_on: matured_cohort, baseline: {mean:.4f} USD, std_dev: {spread:.4f} USD, mde: 11%}
guardrail_metrics:
  - {id: visits_with_a_buy, kind: proportion, direction: increase, outcome_window: 6d, baseline: 20%, non_inferiority_margin: 14%, judged_on: matured_cohort, action: hold}
statistics:
  alpha: 20%
  sides: two
  power: 80%
  method: fixed_horizon
  looks: [2023-01-22]
  guardrail_alpha: 20%
  correction: none
  srm_alpha: 0.1%
  variance_reduction: {method: cuped, correlation: {correlation:.4f}, pre_period: 28d}
  clustering: {method: delta_method, mean_size: {size:.4f}, icc: {icc}, cv: {cv:.4f}}
sample_size_per_variant: 1_800
decision_rule: {min_ci_lower: 0%, otherwise: keep_control}
ramp: [{treated: 70%, min_dwell: 24h}]
holdout: {share: 30%, until: 2023-03-31}
rollback: {method: feature_flag, to: control, owner: "@oncall", max_minutes: 15}
"""
LOOKS = "  method: group_sequential\n  spending: pocock\n  looks: [2023-01-09, 2023-01-10, 2023-01-12, 2023-01-15, 2023-01-22]"
TRUTH = """
WITH local AS (SELECT user_id, timezone('America/Los_Angeles', visited_at AT TIME ZONE 'UTC')::DATE AS day FROM visits),
entered AS (SELECT user_id, min(day) AS day FROM local WHERE day BETWEEN $first AND $first + 13 GROUP BY user_id),
bought AS (SELECT user_id, amount, timezone('America/Los_Angeles', bought_at AT TIME ZONE 'UTC')::DATE AS day FROM buys)
SELECT
  (SELECT least(coalesce(sum(amount), 0), $cap) FROM bought b WHERE b.user_id = e.user_id AND b.day BETWEEN e.day AND e.day + 6) AS after,
  (SELECT least(coalesce(sum(amount), 0), $cap) FROM bought b WHERE b.user_id = e.user_id AND b.day BETWEEN e.day - 28 AND e.day - 1) AS before,
  (SELECT count(*) FROM local v WHERE v.user_id = e.user_id AND v.day BETWEEN e.day AND e.day + 6) AS visits
FROM entered e
"""


def catalogue() -> MetricCatalogue:
    return catalogue_of(CATALOGUE)


def plan(history_db: Path, text: str = PLAN) -> Experiment:
    """A plan that declares the truth, taken from the rows by SQL and numpy."""
    with duckdb.connect(str(history_db), read_only=True) as connection:
        first = history.FIRST + timedelta(days=30)
        found = connection.execute(TRUTH, {"first": first, "cap": CAP}).fetchnumpy()
    after, before, visits = (np.asarray(found[name], dtype=float) for name in ("after", "before", "visits"))
    truth = {
        "mean": after.mean(), "spread": after.std(), "correlation": np.corrcoef(after, before)[0, 1],
        "size": visits.mean(), "cv": visits.std() / visits.mean(), "icc": ICC,
    }  # fmt: skip
    for name, value in truth.items():
        text = text.replace(f"{{{name}:.4f}}", f"{value:.4f}").replace(f"{{{name}}}", str(value))
    read, problems = read_experiment(read_text(text, "plan.yaml")[0].value)
    assert not problems
    return read


@pytest.fixture(scope="module")
def lives(history_db: Path) -> PastLives:
    return lives_of(history_db, plan(history_db), catalogue(), of_test_alone=True)


@pytest.fixture(autouse=True, scope="module")
def early_looks_may_ship() -> Iterator[None]:
    """Most of the units of this history are there in the first week."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime_complete, "SHORTEST_RUN", 5)
        yield


@pytest.fixture(scope="module")
def sound(lives: PastLives) -> RunTally:
    return rehearsed(lives, OF_ONE_LOOK, effects=True)


def of_several_looks(lives: PastLives, history_db: Path) -> PastLives:
    """Of the primary alone, since guardrails would be most of the work, in one life, of which every run is independent."""
    text = PLAN.replace("  method: fixed_horizon\n  looks: [2023-01-22]", LOOKS)
    sequential = changed(plan(history_db, text), guardrail_metrics=())
    return replace(lives, plan=sequential, life=timeline(sequential, 1), stages=lives.stages[:1])


def rates(tally: RunTally) -> dict[str, Rate]:
    return {each.name: each for each in tally.rates()}


FOUND, SHIPPED = "the MDE of spend, 11%, is found", "is shipped"
RULED_OUT = "harm of the margin of visits_with_a_buy is ruled out, where there is none"


def is_as_computed(rate: Rate) -> bool:
    assert rate.share is not None
    assert rate.error is not None
    assert rate.computed is not None
    return not rate.is_bad and abs(rate.share - rate.computed) < 3 * rate.error


def test_what_is_right_is_found_right(sound: RunTally) -> None:
    found = spreads(sound)
    assert [*found] == ["spend", "visits_with_a_buy"]
    assert {each.verdict for each in found.values()} == {"as they should"}
    seen = rates(sound)
    assert not [each for each in seen.values() if each.is_bad]
    for name in (FOUND, RULED_OUT):
        assert is_as_computed(seen[name]), seen[name]


def test_a_slope_from_the_wrong_period_is_caught(lives: PastLives, monkeypatch: pytest.MonkeyPatch) -> None:
    """CUPED takes away what a regression on the days after the exposure says, with the standard error of the right slope."""
    right = stats.cuped_of_arms

    def with_slope_of_after(control: stats.ArmSums, treatment: stats.ArmSums) -> stats.CupedEstimates:
        found = right(control, treatment)
        for arm, sums in (("control", control), ("treatment", treatment)):
            plain, before = stats.mean_of_arm(sums).value, (sums.covariate_sum or 0.0) / sums.units
            adjusted = getattr(found, arm)._replace(value=plain - SLOPE_OF_AFTER * before)
            found = found._replace(**{arm: adjusted})
        return found

    monkeypatch.setattr(stats, "cuped_of_arms", with_slope_of_after, raising=False)
    found = spreads(rehearsed(lives, OF_ONE_LOOK))["spend"]
    assert (found.verdict, found.is_bad) == ("too wide", True)


def test_visits_that_count_as_units_are_caught(lives: PastLives, monkeypatch: pytest.MonkeyPatch) -> None:
    def of_visits(sums: stats.ArmSums) -> stats.ArmEstimate:
        visits = sums.denominator_sum or 1.0
        share = sums.sum / visits
        return stats.ArmEstimate(share, math.sqrt(share * (1 - share) / visits))

    monkeypatch.setattr(stats, "ratio_of_arm", of_visits, raising=False)
    found = spreads(rehearsed(lives, OF_ONE_LOOK))["visits_with_a_buy"]
    assert (found.verdict, found.is_bad) == ("too wide", True)


def test_a_cap_that_is_not_applied_is_caught(history_db: Path, lives: PastLives) -> None:
    def without_cap(each: ComputedMetric) -> ComputedMetric:
        return replace(each, cap=None)

    uncapped = lives_of(history_db, lives.plan, catalogue(), without_cap, of_test_alone=True)
    found = rates(rehearsed(uncapped, OF_ONE_LOOK, effects=True))[FOUND]
    assert (found.verdict, found.is_bad) == ("less often", True)


def test_looks_share_their_level(history_db: Path, lives: PastLives) -> None:
    shipped = rates(rehearsed(of_several_looks(lives, history_db), RUNS))[SHIPPED]
    assert is_as_computed(shipped), shipped


def test_looks_without_their_boundary_are_caught(
    history_db: Path, lives: PastLives, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boundary, "_spent", lambda test, *_: test.alpha / test.sides)
    found = rates(rehearsed(of_several_looks(lives, history_db), RUNS))[SHIPPED]
    assert (found.verdict, found.is_bad) == ("more often", True)


def test_a_share_is_computed_for_plans_that_analyse_its_units(history_db: Path) -> None:
    of_visits = plan(history_db)
    found, left_out = defined_in(catalogue(), of_visits)
    assert ([(each.id, each.kind) for each in found], left_out) == (
        [("spend", "mean"), ("visits_with_a_buy", "ratio")],
        [],
    )
    found, (missing,) = defined_in(catalogue(), changed(of_visits, analysis_unit=None))
    assert ([each.id for each in found], missing.metric) == (["spend"], "visits_with_a_buy")
    assert missing.why == "the catalogue has a share of analysis units, and the plan names no `analysis_unit`"
    plain = catalogue_of(
        CATALOGUE.replace("numerator: {fact: buys}, denominator: {fact: visits}", "fact: buys")
    )
    _, (missing,) = defined_in(plain, of_visits)
    assert (
        missing.why
        == "the plan analyses each visit, and the catalogue has no `numerator` and `denominator` of it"
    )
