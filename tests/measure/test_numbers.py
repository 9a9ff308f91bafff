"""What egp measures of a simulated shop, against pandas, numpy and scipy on the rows themselves."""

from __future__ import annotations

import math
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from egp.plan.analysis.measured import Measured, measured_numbers
from egp.plan.catalogue import MetricCatalogue
from egp.plan.experiment import Experiment, read_experiment
from egp.record.sources.warehouse.asking import Queried
from egp.record.sources.warehouse.history import History, asked, measured
from egp.yaml import read_text
from tests.rules.examples import catalogue_of
from tests.sources.warehouse_of_kinds import _quantile_of

ZONE = "America/Los_Angeles"
AS_OF = date(2023, 1, 10)
PLAN = """
id: measured
type: superiority
unit: user
population: {of: pdp_mobile}
variants: [{id: control, weight: 50%, control: true}, {id: new, weight: 50%}]
schedule: {start: 2023-01-23, end: 2023-02-05, exposure: 90%, timezone: America/Los_Angeles}
eligible_units: {distinct_over_run: 1_000, per_day: 100}
primary_metric: {id: revenue_per_user, kind: mean, direction: increase, cap: 120 USD, baseline: 5 USD, std_dev: 20 USD, skewness: 3, mde: 5%, outcome_window: 3d}
guardrail_metrics:
  - {id: refund_rate, kind: proportion, direction: decrease, baseline: 3%, outcome_window: 7d}
  - {id: items_per_order, kind: ratio, direction: increase, baseline: 2, std_dev: 1, outcome_window: 7d}
  - {id: p95_page_load, kind: quantile, quantile: 95%, direction: decrease, baseline: 1900ms, influence_std_dev: 5200ms, outcome_window: 0d}
statistics: {variance_reduction: {method: cuped, correlation: 0.5, pre_period: 14d}}
"""
WINDOWS = {"revenue_per_user": 3, "refund_rate": 7, "items_per_order": 7, "p95_page_load": 0}
CATALOGUE = """
facts:
  events: {table: events, unit: user_id, at: happened_at}
  orders: {table: orders, unit: user_id, at: ordered_at}
  page_loads: {table: page_loads, unit: user_id, at: loaded_at}
populations: {pdp_mobile: {fact: events, where: {name: pdp_view, device: mobile}}}
metrics:
  revenue_per_user: {kind: mean, direction: increase, fact: orders, where: {status: paid, is_test: false}, value: amount, value_unit: USD, cap: 120 USD, outcome_window: 3d}
  refund_rate: {kind: proportion, direction: decrease, fact: events, where: {name: refund}, outcome_window: 7d}
  items_per_order: {kind: ratio, direction: increase, outcome_window: 7d, numerator: {fact: orders, where: {status: [paid, cancelled]}, value: items}, denominator: {fact: orders}}
  p95_page_load: {kind: quantile, direction: decrease, quantile: 95%, fact: page_loads, value: load_ms, value_unit: ms, outcome_window: 0d}
"""


@pytest.fixture(scope="module")
def catalogue() -> MetricCatalogue:
    return catalogue_of(CATALOGUE)


def plan() -> Experiment:
    found, problems = read_experiment(read_text(PLAN, "plan.yaml")[0].value)
    assert not problems
    return found


@pytest.fixture(scope="module")
def numbers(shop_db: Path, catalogue: MetricCatalogue) -> dict[tuple[str, str], Measured]:
    found, left_out = measured(plan(), catalogue)
    assert not left_out
    about = asked(plan(), found, AS_OF)
    history = History(Queried("duckdb:///" + str(shop_db), str(shop_db.parent)), catalogue, "pdp_mobile")
    runs = list(history.runs(plan(), found, about))
    assert [run.days.first for run in runs] == [date(2022, 12, 20), date(2022, 12, 6)]
    return {(each.metric, each.name): each for each in measured_numbers(plan(), runs)}


class Rows:
    """The rows of one part of the past, in pandas."""

    def __init__(self, shop_db: Path, first: date) -> None:
        with duckdb.connect(str(shop_db), read_only=True) as connection:
            events, orders, loads = (
                connection.execute(f"SELECT * FROM {name}").df()
                for name in ("events", "orders", "page_loads")
            )
        self.first = first
        seen = events[(events.name == "pdp_view") & (events.device == "mobile") & events.user_id.notna()]
        seen = seen.assign(day=self.days(seen.happened_at))
        self.seen = seen[seen.day.between(0, 13)]
        self.units = self.seen.groupby("user_id").agg(first_at=("happened_at", "min"), day=("day", "min"))
        self.orders = self._joined(orders.rename(columns={"ordered_at": "at"}))
        self.refunds = self._joined(events[events.name == "refund"].rename(columns={"happened_at": "at"}))
        self.loads = self._joined(loads.rename(columns={"loaded_at": "at"}))

    def days(self, at: Any) -> Any:
        local = at.dt.tz_localize("UTC").dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize()
        return (local - pd.Timestamp(self.first)).dt.days

    def _joined(self, rows: Any) -> Any:
        rows = rows[rows.user_id.notna()]
        return rows.assign(on=self.days(rows["at"])).merge(self.units, left_on="user_id", right_index=True)

    def after(self, rows: Any, days: int) -> Any:
        return rows[(rows["at"] >= rows.first_at) & (rows.on <= rows.day + days)]

    def before(self, rows: Any) -> Any:
        return rows[(rows.on < rows.day) & (rows.on >= rows.day - 14)]

    def per_unit(self, rows: Any, column: str = "") -> Any:
        grouped = rows.groupby("user_id")
        found = grouped[column].sum() if column else grouped.size()
        return found.astype(float).reindex(self.units.index).fillna(0.0)


@pytest.fixture(scope="module")
def parts(shop_db: Path) -> list[Rows]:
    return [Rows(shop_db, date(2022, 12, 20)), Rows(shop_db, date(2022, 12, 6))]


def revenue(part: Rows, *, is_before: bool = False) -> Any:
    paid = part.orders[(part.orders.status == "paid") & ~part.orders.is_test]
    rows = part.before(paid) if is_before else part.after(paid, 3)
    return part.per_unit(rows, "amount").clip(upper=120.0)


def test_units(numbers: dict[tuple[str, str], Measured], parts: list[Rows]) -> None:
    assert numbers["", "units over the run"].parts == tuple(float(len(part.units)) for part in parts)
    by_day = [part.seen.groupby("day").user_id.nunique() for part in parts]
    assert numbers["", "units a day"].parts == pytest.approx([each.mean() for each in by_day], rel=1e-12)
    swings = []
    for part, each in zip(parts, by_day, strict=True):
        weekday = [(part.first + timedelta(int(day))).weekday() for day in each.index]
        means = each.groupby(weekday).mean()
        swings.append((means.max() - means.min()) / means.mean())
    assert numbers["", "weekday swing"].parts == pytest.approx(swings, rel=1e-9)


def test_a_mean_with_its_cap(numbers: dict[tuple[str, str], Measured], parts: list[Rows]) -> None:
    values = [revenue(part) for part in parts]
    both = pd.concat(values)
    of = "revenue_per_user"
    assert numbers[of, "baseline"].value == pytest.approx(both.mean(), rel=1e-12)
    assert numbers[of, "standard deviation"].value == pytest.approx(both.std(), rel=1e-9)
    assert numbers[of, "standard deviation"].parts == pytest.approx([each.std() for each in values], rel=1e-9)
    assert numbers[of, "skewness"].value == pytest.approx(scipy_stats.skew(both), rel=1e-9)
    before = pd.concat([revenue(part, is_before=True) for part in parts])
    found = numbers[of, "correlation with the pre-period"]
    assert found.value == pytest.approx(np.corrcoef(both, before)[0, 1], rel=1e-9)
    assert found.path == ("statistics", "variance_reduction", "correlation")


def test_a_proportion(numbers: dict[tuple[str, str], Measured], parts: list[Rows]) -> None:
    shares = [part.per_unit(part.after(part.refunds, 7)) > 0 for part in parts]
    assert numbers["refund_rate", "baseline"].value == pytest.approx(pd.concat(shares).mean(), rel=1e-12)


def test_a_ratio(numbers: dict[tuple[str, str], Measured], parts: list[Rows]) -> None:
    rows = [part.after(part.orders, 7) for part in parts]
    y = pd.concat([part.per_unit(each, "items") for part, each in zip(parts, rows, strict=True)])
    d = pd.concat([part.per_unit(each) for part, each in zip(parts, rows, strict=True)])
    ratio = y.sum() / d.sum()
    assert numbers["items_per_order", "baseline"].value == pytest.approx(ratio, rel=1e-12)
    spread = ((y - ratio * d) / d.mean()).std()
    assert numbers["items_per_order", "standard deviation"].value == pytest.approx(spread, rel=1e-9)


def test_a_quantile(numbers: dict[tuple[str, str], Measured], parts: list[Rows]) -> None:
    of = [
        _quantile_of(part.after(part.loads, 0).rename(columns={"load_ms": "value"}), Fraction(95, 100)) or {}
        for part in parts
    ]
    values = [each["value"] for each in of]
    assert numbers["p95_page_load", "baseline"].parts == pytest.approx(values, rel=1e-12)
    spreads = [each["standard_error"] * math.sqrt(each["units"]) for each in of]
    assert numbers["p95_page_load", "influence standard deviation"].parts == pytest.approx(spreads, rel=1e-9)


def test_differences_of_arms_are_alike_from_day_to_day_as_random_splits_of_users_have_them(
    numbers: dict[tuple[str, str], Measured], parts: list[Rows]
) -> None:
    """Users are split one by one here, and in buckets there: one correlation in two ways, both with an error."""
    draw = np.random.default_rng(3)
    found = []
    for part in parts:
        paid = part.orders[(part.orders.status == "paid") & ~part.orders.is_test]
        paid = paid[paid["at"] >= paid.first_at]
        days = []
        for week in range(2):
            there = part.units.index.isin(part.seen[part.seen.day // 7 == week].user_id)
            value = part.per_unit(paid[paid.on // 7 == week], "amount").clip(upper=120.0).to_numpy()
            days.append((np.where(there, value, 0.0), there.astype(float)))
        arms = draw.random((3_000, len(part.units))) < 0.5
        differences = [(arms @ y) / (arms @ n) - (~arms @ y) / (~arms @ n) for y, n in days]
        found.append(scipy_stats.pearsonr(*differences)[0])
    measured_ = numbers["revenue_per_user", "correlation of differences between weeks"]
    assert measured_.value == pytest.approx(np.mean(found), abs=4 * 1.5 / math.sqrt(2 * 1024))
