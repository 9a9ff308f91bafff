"""A small warehouse with everything that goes wrong in one, and its aggregates counted with pandas.

Nothing here shares code with what is tested: days come from the time zones of pandas, units from its groups, and the
standard error of a quantile from covariances of numpy over sorted values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from egp.plan.experiment import Experiment, read_experiment
from egp.plan.typed_reader import read
from egp.record.sources.tables import WarehouseTables
from egp.yaml import read_file

ZONE = "America/Los_Angeles"
FIRST = date(2023, 3, 6)
DAYS = 14
THROUGH = date(2023, 3, 21)
AS_OF = "2023-03-22T08:00:00-07:00"
USERS = 2_400
Z = 1.959963984540054

SOURCES: dict[str, dict[str, Any]] = {
    "exposures": {
        "table": "exposures", "unit": "user_id", "at": "served_at", "partition": "ds",
        "segments": {"new_users": "is_new", "device": "device"},
    },
    "events": {"table": "events", "unit": "user_id", "event": "name", "partition": "ds"},
    "metrics": {
        "order_rate": {"event": "order"},
        "revenue": {"event": "order"},
        "wait": {"event": "wait", "value_unit": "ms"},
        "items_per_order": {"event": "items", "denominator": "order_placed"},
        "p90_page_load": {"event": "page_load", "value_unit": "ms"},
        "late_load": {"event": "page_load", "value_unit": "ms"},
        "new_revenue": {"event": "order"},
        "phone_orders": {"event": "order"},
    },
}  # fmt: skip
TABLES = read(WarehouseTables, SOURCES)

Frame = Any
Key = tuple[str, str, str, str, str]
"""Window, date, variant, metric, segment."""


@dataclass(frozen=True)
class World:
    exposures: Frame
    """user_id, experiment, variant, served_at with a time zone, is_new, device, ds."""
    events: Frame
    """user_id, name, happened_at in UTC without a time zone, value, ds."""


def plan() -> Experiment:
    found, problems = read_experiment(read_file(Path(__file__).parent / "kinds.yaml")[0].value)
    assert not problems
    return found


def plan_of_a_ratio() -> Experiment:
    """A plan whose primary is a ratio that the one of its pre-period adjusts."""
    value = read_file(Path(__file__).parent / "kinds.yaml")[0].value
    assert isinstance(value, dict)
    primary = dict(next(each for each in value["guardrail_metrics"] if each["id"] == "items_per_order"))
    del primary["non_inferiority_margin"]
    kept = {key: each for key, each in value.items() if not key.endswith(("metrics", "segments", "rules"))}
    found, problems = read_experiment({**kept, "primary_metric": {**primary, "mde": "8%", "cap": 9}})
    assert not problems
    return found


def drawn() -> World:
    draw = np.random.default_rng(20230306)
    begin = pd.Timestamp("2023-03-06", tz=ZONE).tz_convert("UTC")
    users = np.arange(USERS)
    variant = np.where(draw.random(USERS) < 0.5, "control", "buy_now")
    is_new, device = (
        draw.random(USERS) < 0.3,
        draw.choice(["phone", "desk", "tablet"], USERS, p=[0.6, 0.3, 0.1]),
    )
    # From a day before the stage to a day after it, and some in the minutes around each midnight of the zone.
    who = draw.choice(users, 7 * USERS)
    seconds = draw.integers(-86_400, (DAYS + 1) * 86_400, len(who)).astype(float)
    midnights = draw.integers(-1, DAYS + 2, len(who)) * 86_400 + draw.integers(-4_000, 4_000, len(who))
    seconds = np.where(draw.random(len(who)) < 0.3, midnights, seconds)
    served = begin + pd.to_timedelta(np.round(seconds * 1e6 + draw.integers(0, 10**6, len(who))), unit="us")
    exposures = pd.DataFrame(
        {"user_id": [f"u{each}" for each in who], "experiment": "every-kind", "variant": variant[who],
         "served_at": served, "is_new": is_new[who], "device": device[who]}
    )  # fmt: skip
    exposures.loc[draw.random(len(who)) < 0.2, "is_new"] = False  # what is seen later is no matter
    exposures.loc[
        exposures.user_id.isin([f"u{each}" for each in range(11)]) & (draw.random(len(who)) < 0.4), "variant"
    ] = "buy_now"
    repeated = exposures[(draw.random(len(who)) < 0.01)]
    exposures = pd.concat(
        [exposures, repeated, repeated.head(20), exposures.head(30).assign(experiment="another")]
    )
    exposures = exposures.reset_index(drop=True)
    exposures.loc[exposures.index[200:212], "user_id"] = None
    exposures.loc[exposures.index[300:305], "variant"] = None
    exposures.loc[exposures.index[400:403], "served_at"] = pd.NaT
    exposures.loc[exposures.index[500:520], "device"] = None

    events = pd.concat([
        _events(draw, begin, "order", 3 * USERS, lambda n: np.round(draw.gamma(1.2, 45, n), 2)),
        _events(draw, begin, "wait", 2 * USERS, lambda n: draw.integers(100, 2_000, n)),
        _events(draw, begin, "items", 4 * USERS, lambda n: draw.integers(1, 6, n)),
        _events(draw, begin, "order_placed", 2 * USERS, lambda n: np.full(n, np.nan)),
        _events(draw, begin, "page_load", 25 * USERS, lambda n: np.round(draw.lognormal(7, 0.6, n), 1)),
        _events(draw, begin, "opinion", USERS, lambda n: draw.integers(1, 6, n)),
        _events(draw, begin, "noise", USERS, lambda n: np.full(n, np.nan)),
    ]).reset_index(drop=True)  # fmt: skip
    events.loc[draw.random(len(events)) < 0.02, "value"] = np.nan
    events.loc[events.index[100:117], "user_id"] = None
    events.loc[events.index[200:204], "happened_at"] = pd.NaT
    for table, column in ((exposures, "served_at"), (events, "happened_at")):
        table["ds"] = table[column].dt.date.where(table[column].notna(), None)
    return World(exposures, events)


def _events(draw: Any, begin: Any, name: str, count: int, values: Any) -> Frame:
    """Of users who were served and of others, from before the pre-period until after the last outcomes."""
    who = draw.integers(0, int(USERS * 1.1), count)
    seconds = draw.integers(-20 * 86_400, (DAYS + 4) * 86_400, count)
    midnights = draw.integers(-20, DAYS + 4, count) * 86_400 + draw.integers(-4_000, 4_000, count)
    seconds = np.where(draw.random(count) < 0.2, midnights, seconds)
    at = begin + pd.to_timedelta(seconds, unit="s")
    return pd.DataFrame(
        {"user_id": [f"u{each}" for each in who], "name": name, "happened_at": at.tz_localize(None), "value": values(count)}
    )  # fmt: skip


class Counted:
    """What pandas says."""

    def __init__(self, world: World) -> None:
        ours = world.exposures[world.exposures.experiment == "every-kind"].copy()
        events = world.events[world.events.name != "noise"].copy()
        ours["day"] = _days(ours.served_at)
        events["at"] = events.happened_at.dt.tz_localize("UTC")
        events["day"] = _days(events["at"])
        inside = ours.day.between(0, DAYS - 1)
        lacking = ours.user_id.isna() | ours.variant.isna() | ours.served_at.isna()
        self.exposures_without = int((lacking & (inside | ours.served_at.isna())).sum())
        last = (THROUGH - FIRST).days
        gone = events.user_id.isna() | events["at"].isna()
        self.events_without = int((gone & (events.day.between(0, last) | events["at"].isna())).sum())
        served = ours[inside & ~lacking].sort_values("served_at", kind="stable")
        self.served = served
        variants = served.groupby("user_id").variant.nunique()
        self.units_seen = len(variants)
        self.crossed = int((variants > 1).sum())
        times = served.groupby(["user_id", "variant", "served_at"]).size()
        self.repeated = times[times > 1].reset_index().user_id.nunique()
        first = served.groupby("user_id").first()  # of the values that are there
        at_first = served.merge(first[["served_at"]].reset_index(), on=["user_id", "served_at"])
        first["device"] = at_first.groupby("user_id").device.first()
        self.units = first[variants.reindex(first.index) == 1]
        events = events[~gone & (events.day <= last)]
        self.events = events.merge(
            self.units[["variant", "served_at", "day"]].rename(columns={"served_at": "first_at", "day": "first_day"}),
            left_on="user_id", right_index=True,
        )  # fmt: skip

    def rows(self) -> dict[Key, dict[str, float]]:
        result: dict[Key, dict[str, float]] = {}
        everyone, fresh = pd.Series(True, self.units.index), self.units.is_new
        phone = self.units.device == "phone"
        revenue = {"event": "order", "cap": 150.0}
        items = {"event": "items", "denominator": "order_placed", "window": 5}
        order = {"event": "order", "is_share": True}
        for metric, options, who, segment in (
            ("order_rate", {**order, "window": 3, "history": 14}, everyone, ""),
            ("order_rate", {**order, "window": 3, "history": 14}, fresh, "new_users"),
            ("revenue", revenue, everyone, ""),
            ("revenue", revenue, fresh, "new_users"),
            ("wait", {"event": "wait", "scale": 0.001}, everyone, ""),
            ("wait", {"event": "wait", "scale": 0.001}, fresh, "new_users"),
            ("items_per_order", items, everyone, ""),
            ("items_per_order", items, fresh, "new_users"),
            ("new_revenue", {"event": "order"}, fresh, "new_users"),
            ("phone_orders", order, phone, "device=phone"),
            ("opinion", {"event": "opinion"}, everyone, ""),
            ("opinion", {"event": "opinion"}, fresh, "new_users"),
        ):  # fmt: skip
            self._cohorts(result, metric, options, who, segment)
        for device in ("phone", "desk", "tablet"):
            who = self.units.device == device
            self._cohorts(result, "revenue", revenue, who, f"device={device}")
            self._cohorts(result, "wait", {"event": "wait", "scale": 0.001}, who, f"device={device}")
            self._cohorts(result, "items_per_order", items, who, f"device={device}")
        guardrails: tuple[tuple[str, dict[str, Any], Any, str], ...] = (
            ("revenue", revenue, everyone, ""),
            ("wait", {"event": "wait", "scale": 0.001}, everyone, ""),
            ("items_per_order", items, everyone, ""),
            ("new_revenue", {"event": "order"}, fresh, "new_users"),
            ("phone_orders", order, phone, "device=phone"),
        )
        for week in (0, 7):
            for metric, options, who, segment in guardrails:
                self._window(result, "week", week, 7, metric, options, who, segment)
            self._window(result, "week", week, 7, "order_rate", order, self.units.day < 7, "first_week")
        for day in range(DAYS):
            self._window(result, "day", day, 1, "revenue", revenue, everyone, "")
            self._window(result, "day", day, 1, "items_per_order", items, everyone, "")
            self._quantile(result, "day", day, 1, "p90_page_load", Fraction(9, 10), everyone, "")
        for week in (0, 7):
            self._quantile(result, "week", week, 7, "p90_page_load", Fraction(9, 10), everyone, "")
        self._quantile(result, "total", 0, 0, "p90_page_load", Fraction(9, 10), everyone, "")
        self._quantile(result, "total", 0, 0, "late_load", Fraction(1, 2), fresh, "new_users", outcome_days=2)
        return result

    def rows_of_a_ratio(self) -> dict[Key, dict[str, float]]:
        result: dict[Key, dict[str, float]] = {}
        everyone = pd.Series(True, self.units.index)
        items = {"event": "items", "denominator": "order_placed", "cap": 9.0}
        self._cohorts(result, "items_per_order", {**items, "window": 5, "history": 14}, everyone, "")
        for week in (0, 7):
            self._window(result, "week", week, 7, "items_per_order", items, self.units.day < 7, "first_week")
        return result

    def _per_unit(self, options: dict[str, Any], event: str, mask: Any) -> Any:
        """Of every unit, what it did: 1 for an event without a value."""
        rows = self.events[(self.events.name == event) & mask]
        sums = rows.assign(value=rows.value.fillna(1)).groupby("user_id").value.sum()
        values = sums.reindex(self.units.index).fillna(0.0).round(6)
        if options.get("is_share"):
            return (rows.groupby("user_id").size().reindex(self.units.index).fillna(0) > 0).astype(float)
        return values

    def _sums(self, options: dict[str, Any], mask: Any, who: Any, history: Any = None) -> dict[str, float]:
        scale = options.get("scale", 1.0)
        y = self._per_unit(options, options["event"], mask).clip(upper=options.get("cap"))[who] * scale
        sums = {"units": float(len(y)), "sum": _sum(y), "sum_squares": _sum(y * y)}
        if "denominator" in options:
            d = self._per_unit({}, options["denominator"], mask)[who]
            sums |= {
                "denominator_sum": _sum(d),
                "denominator_sum_squares": _sum(d * d),
                "cross_sum": _sum(y * d),
            }
        if history is not None:
            x = self._per_unit(options, options["event"], history).clip(upper=options.get("cap"))[who]
            sums |= {
                "covariate_sum": _sum(x),
                "covariate_sum_squares": _sum(x * x),
                "covariate_cross_sum": _sum(x * y),
            }
        if history is not None and "denominator" in options:
            z = self._per_unit({}, options["denominator"], history)[who]
            sums |= {
                "covariate_denominator_sum": _sum(z),
                "covariate_denominator_sum_squares": _sum(z * z),
                "covariates_cross_sum": _sum(x * z),
                "covariate_denominator_cross_sum": _sum(y * z),
                "denominator_covariate_cross_sum": _sum(d * x),
                "denominators_cross_sum": _sum(d * z),
            }
        return sums

    def _cohorts(
        self, result: dict[Key, Any], metric: str, options: dict[str, Any], who: Any, segment: str
    ) -> None:
        events = self.events
        mask = events["at"] >= events.first_at
        if "window" in options:
            mask &= events.day <= events.first_day + options["window"]
        history = None
        if "history" in options:
            history = (events.day < events.first_day) & (events.day >= events.first_day - options["history"])
        for variant in ("control", "buy_now"):
            for day in range(DAYS):
                ours = who & (self.units.variant == variant) & (self.units.day == day)
                if ours.any():
                    key = ("cohort", str(FIRST + timedelta(day)), variant, metric, segment)
                    result[key] = self._sums(options, mask, ours, history)

    def _active(self, first: int, days: int) -> Any:
        there = self.served[self.served.day.between(first, first + days - 1)].user_id.unique()
        return pd.Series(self.units.index.isin(there), self.units.index)

    def _window(
        self, result: dict[Key, Any], window: str, first: int, days: int, metric: str, options: dict[str, Any], who: Any,
        segment: str,
    ) -> None:  # fmt: skip
        events = self.events
        mask = (events["at"] >= events.first_at) & events.day.between(first, first + days - 1)
        for variant in ("control", "buy_now"):
            ours = who & self._active(first, days) & (self.units.variant == variant)
            key = (window, str(FIRST + timedelta(first)), variant, metric, segment)
            result[key] = self._sums(options, mask, ours)

    def _quantile(
        self, result: dict[Key, Any], window: str, first: int, days: int, metric: str, share: Fraction, who: Any,
        segment: str, **more: int,
    ) -> None:  # fmt: skip
        events = self.events
        mask = (events.name == "page_load") & events.value.notna() & (events["at"] >= events.first_at)
        if "outcome_days" in more:
            mask &= events.day <= events.first_day + more["outcome_days"]
        if days:
            mask &= events.day.between(first, first + days - 1)
            who = who & self._active(first, days)
        for variant in ("control", "buy_now"):
            names = self.units.index[who & (self.units.variant == variant)]
            ours = events[mask & events.user_id.isin(names)]
            date_ = str(FIRST + timedelta(first)) if days else ""
            found = _quantile_of(ours, share)
            if found:
                result[window, date_, variant, metric, segment] = found


def _quantile_of(events: Frame, share: Fraction) -> dict[str, float] | None:
    values = np.sort(events.value.to_numpy())
    count = len(values)
    middle = values[math.ceil(share * count) - 1]
    by_unit = events.assign(up_to=events.value <= middle).groupby("user_id").up_to
    n, k = by_unit.size().to_numpy(float), by_unit.sum().to_numpy(float)
    (var_k, cross), (_, var_n) = np.cov(k, n)
    p = k.mean() / n.mean()
    error = math.sqrt((var_k - 2 * p * cross + p * p * var_n) / len(n)) / n.mean()
    low, high = (
        math.floor(count * (float(share) - Z * error)),
        math.floor(count * (float(share) + Z * error)) + 1,
    )
    if low < 1 or high > count:
        return None
    spread = values[high - 1] - values[low - 1]
    return {"units": len(n), "value": middle / 1000, "standard_error": spread / 1000 / (2 * Z)}


def _days(at: Any) -> Any:
    local = at.dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize()
    return (local - pd.Timestamp(FIRST)).dt.days


def _sum(values: Any) -> float:
    return float(sum(Decimal(repr(float(value))) for value in values))
