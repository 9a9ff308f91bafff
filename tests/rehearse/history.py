"""A history with a known truth: users who come back and are not alike, over eight weeks, in DuckDB, and a plan for them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa

from egp.plan.catalogue import MetricCatalogue
from egp.plan.experiment import Experiment, read_experiment
from egp.yaml import read_text
from tests.rules.examples import catalogue_of

ZONE = "America/Los_Angeles"
FIRST, DAYS = date(2022, 11, 1), 56
AS_OF = FIRST + timedelta(days=DAYS)
USERS = 4_000
CATALOGUE = """
facts:
  visits: {table: visits, unit: user_id, at: visited_at}
  buys: {table: buys, unit: user_id, at: bought_at}
populations: {everyone: {fact: visits}}
metrics:
  buyers: {kind: proportion, direction: increase, fact: buys, outcome_window: 2d}
  spend: {kind: mean, direction: increase, fact: buys, value: amount, value_unit: USD, outcome_window: 2d}
  buys_per_visit: {kind: ratio, direction: increase, numerator: {fact: buys}, denominator: {fact: visits}, outcome_window: 6d}
  p90_load: {kind: quantile, quantile: 90%, direction: decrease, fact: visits, value: load_ms, value_unit: ms}
"""
PLAN = """
id: simulated
type: superiority
unit: user
population: {of: everyone}
variants: [{id: control, weight: 50%, control: true}, {id: new, weight: 50%}]
schedule: {start: 2023-01-02, end: 2023-01-15, exposure: 100%, timezone: America/Los_Angeles}
eligible_units: {distinct_over_run: 3_700, per_day: 1_100}
primary_metric: {id: buyers, baseline: 28%, mde: 14%}
guardrail_metrics:
  - {id: spend, baseline: 14 USD, std_dev: 43 USD, non_inferiority_margin: 25%, judged_on: matured_cohort, action: rollback}
  - {id: buys_per_visit, baseline: 0.2, std_dev: 0.3, non_inferiority_margin: 15%, judged_on: matured_cohort, action: hold}
  - {id: p90_load, baseline: 1370ms, influence_std_dev: 1000ms, non_inferiority_margin: 10%, action: rollback}
statistics: {alpha: 5%, sides: two, power: 80%, method: fixed_horizon, guardrail_alpha: 5%, looks: [2023-01-18], correction: none, srm_alpha: 0.1%}
sample_size_per_variant: 1_800
decision_rule: {min_ci_lower: 0%, otherwise: keep_control}
ramp: [{treated: 70%, min_dwell: 24h}, {treated: 80%, min_dwell: 24h}]
holdout: {share: 20%, until: 2023-03-31}
stop_rules:
  - {id: dear, metric: spend, harm_exceeds: 35%, for: 2d, min_units_per_variant: 100, action: rollback}
  - {id: poor, metric: spend, significant_harm_for: 2w, min_units_per_variant: 100, action: rollback}
rollback: {method: feature_flag, to: control, owner: "@oncall", max_minutes: 15}
"""
TABLES = """
CREATE TABLE visits (user_id BIGINT, visited_at TIMESTAMP, load_ms DOUBLE);
CREATE TABLE buys (user_id BIGINT, bought_at TIMESTAMP, amount DOUBLE);
"""


def microseconds(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(ZONE)).timestamp() * 1e6


def write_history(file: Path, seed: int = 20230102, users: int = USERS) -> None:
    """Users come every third or fourth day, weekends are busier, and what they do resembles what they did before."""
    draw = np.random.default_rng(seed)
    comes, buys = draw.gamma(3.0, 0.1, users), draw.beta(0.6, 2.4, users)
    waits, spends = draw.normal(0, 0.4, users), draw.normal(0, 0.7, users)
    with duckdb.connect(str(file)) as connection:
        connection.execute(TABLES)
        for number in range(DAYS):
            day = FIRST + timedelta(days=number)
            busy = 1.3 if day.weekday() > 4 else 1.0
            who = np.repeat(np.arange(users), draw.poisson(comes * busy))
            begin, end = microseconds(day), microseconds(day + timedelta(days=1))
            at = (begin + draw.random(len(who)) * (end - begin - 4e6)).astype(np.int64)
            load = np.round(np.exp(6.5 + waits[who] + draw.normal(0, 0.4, len(who))), 1)
            came = pa.table({"user_id": who, "visited_at": pa.array(at, pa.timestamp("us")), "load_ms": load})  # noqa: F841
            bought = draw.random(len(who)) < buys[who]
            amount = np.round(np.exp(3.2 + spends[who] + draw.normal(0, 0.5, len(who))), 2)[bought]
            bought_at = pa.array(at[bought] + 2_000_000, pa.timestamp("us"))
            sold = pa.table({"user_id": who[bought], "bought_at": bought_at, "amount": amount})  # noqa: F841
            connection.execute("INSERT INTO visits SELECT * FROM came")
            connection.execute("INSERT INTO buys SELECT * FROM sold")


def catalogue() -> MetricCatalogue:
    return catalogue_of(CATALOGUE)


def plan(text: str = PLAN) -> Experiment:
    found, problems = read_experiment(_completed(text))
    assert not problems
    return found


def _completed(text: str) -> object:
    """The plan with what the catalogue says of its metrics."""
    of = read_text(CATALOGUE, "metrics.yaml")[0].value["metrics"]  # type: ignore[index]
    kept = ("kind", "direction", "outcome_window", "quantile")
    value: dict[str, object] = read_text(text, "plan.yaml")[0].value  # type: ignore[assignment]
    metrics: list[dict[str, object]] = [value["primary_metric"], *value["guardrail_metrics"]]  # type: ignore[list-item, misc]
    for metric in metrics:
        metric.update({key: of[metric["id"]][key] for key in kept if key in of[metric["id"]]})
    return value
