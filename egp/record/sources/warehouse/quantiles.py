"""The queries of a quantile, whose standard error is that of clustered order statistics.

A unit has several values, as a user has page loads, and they resemble each other. The first query has the quantile and what its
variance requires: sums over units of values, and of those up to the quantile. The second has the order statistics that enclose it
as a confidence interval does (``egp.stats.rank_half_width``). Values are counted, never fetched.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from egp.record.sources.warehouse.instants import InstantSpan, within
from egp.record.sources.warehouse.measures import ComputedMetric
from egp.record.sources.warehouse.opened import AMOUNT, exact
from egp.record.sources.warehouse.units import StageUnits, is_in_segment, spans_of
from egp.stats import quantile_standard_error, rank_half_width

TOTAL = "total"
Group = tuple[str, int, str]
"""Window, its number in the stage, variant."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """What the first query says of a group of values."""

    value: Decimal
    values: int
    units: int
    low: int
    high: int
    """Ranks of the order statistics that enclose the value; 0 where the values are too few for them."""


class QuantileQuery:
    """Both queries of one metric in one stage."""

    def __init__(self, units: StageUnits, measure: ComputedMetric) -> None:
        self._units = units
        self._measure = measure
        self.spans = list(spans_of(measure, units.clock))
        self._share = Fraction(measure.quantile)

    def first(self) -> Any:
        """The quantile of each group, how many values and units it has, and sums over units of values up to it."""
        values = self._values().alias("page_values")
        counts = self._counts(values).alias("counts")
        found = self._at_quantile(counts).alias("quantiles")
        parts = [self._sums(values, found, window) for window in self._windows()]
        return _together(parts).order_by(["in_window", "number", "variant"])

    def second(self, ranked: dict[Group, Ranked]) -> Any:
        """The order statistics of each group, and the values next to the quantile."""
        import ibis

        counts = _cumulated(self._counts(self._values().alias("page_values")))

        def of_group(number: str) -> Any:
            choices = [
                (
                    _is_group(counts, group),
                    exact(each.value) if number == "value" else ibis.literal(getattr(each, number)),
                )
                for group, each in ranked.items()
            ]
            return ibis.cases(*choices, else_=ibis.null(choices[0][1].type()))

        counts = counts.mutate(low=of_group("low"), high=of_group("high"), at=of_group("value"))
        before = counts.up_to - counts.times

        def statistic(rank: Any) -> Any:
            return ((counts.up_to >= rank) & (before < rank)).ifelse(counts.value, ibis.null(AMOUNT)).max()

        keys = ["in_window", "number", "variant"]
        return counts.group_by(keys).aggregate(
            lower=statistic(counts.low), upper=statistic(counts.high),
            below=(counts.value < counts["at"]).ifelse(counts.value, ibis.null(AMOUNT)).max(),
            above=(counts.value > counts["at"]).ifelse(counts.value, ibis.null(AMOUNT)).min(),
        ).order_by(keys)  # fmt: skip

    def unranked(self, variants: Sequence[str]) -> dict[Group, Ranked]:
        """What stands for the ranks of each group as long as nobody knows them."""
        groups = [(TOTAL, 0), *((span.window, span.number) for span in self.spans)]
        return {(*group, variant): Ranked(Decimal(0), 0, 0, 0, 0) for group in groups for variant in variants}

    def _windows(self) -> list[str]:
        return [TOTAL, *dict.fromkeys(span.window for span in self.spans)]

    def _values(self) -> Any:
        """Each value with its unit, and the day and week in which the unit was served and had it."""
        measure, units = self._measure, self._units.units(self.spans, self._measure.all_segments)
        clock, tables = self._units.clock, self._units.tables
        units = units.filter(units.variant == units.other_variant)
        if measure.segment:
            units = units.filter(is_in_segment(units, measure.segment))
        if measure.outcome_days is not None:
            units = units.mutate(until=clock.by_day(units.first_at, measure.outcome_days + 1))
        events = tables.happened([measure], clock)
        joined = units.inner_join(events.filter(events.amount.notnull()), "unit")
        joined = joined.filter(joined.happened_at >= joined.first_at)
        numbers = {TOTAL: _total_number(joined, measure)}
        for window in self._windows()[1:]:
            numbers[window] = _number(joined, [span for span in self.spans if span.window == window])
        return joined.select("unit", "variant", value=joined.amount, **numbers)

    def _counts(self, values: Any) -> Any:
        """How often each group has each value."""
        parts = []
        for window in self._windows():
            inside = values.filter(values[window] >= 0)
            counted = inside.group_by(["variant", window, "value"]).aggregate(times=inside.count())
            parts.append(_in_window(counted, window, "variant", "value", "times"))
        return _together(parts)

    def _at_quantile(self, counts: Any) -> Any:
        """The smallest value of each group that so many of its values do not exceed."""
        found = _cumulated(counts)
        share, of = self._share.numerator, self._share.denominator
        reached = found.up_to * of >= found.of * share
        is_first = (found.up_to - found.times) * of < found.of * share
        return found.filter(reached & is_first).select("in_window", "number", "variant", "value", "of")

    def _sums(self, values: Any, found: Any, window: str) -> Any:
        """Sums over the units of each group of this window: their values, and those up to the quantile."""
        ours = found.filter(found.in_window == window).select(
            group_variant=found.variant, group_number=found.number, at_quantile=found.value, of=found.of
        )
        inside = values.filter(values[window] >= 0)
        joined = inside.inner_join(
            ours, [inside.variant == ours.group_variant, inside[window] == ours.group_number]
        )
        n = joined.count()
        k = (joined.value <= joined.at_quantile).ifelse(1, 0).sum()
        units = joined.group_by(["unit", "variant", window]).aggregate(
            n=n.cast("int64"), k=k.cast("int64"), value=joined.at_quantile.max(), of=joined.of.max()
        )
        sums = units.group_by(["variant", window]).aggregate(
            value=units.value.max(), of=units.of.max(), units=units.count(), n=units.n.sum(), k=units.k.sum(),
            nn=(units.n * units.n).sum(), kk=(units.k * units.k).sum(), nk=(units.n * units.k).sum(),
        )  # fmt: skip
        return _in_window(sums, window, "variant", "value", "of", "units", "n", "k", "nn", "kk", "nk")


def ranked(rows: list[dict[str, Any]], share: Decimal) -> dict[Group, Ranked]:
    """Where in the order of its values the interval of each group ends."""
    found = {}
    for row in rows:
        group = (str(row["in_window"]), int(row["number"]), str(row["variant"]))
        values, units = int(row["of"]), int(row["units"])
        low, high = _ranks(row, share, values, units)
        found[group] = Ranked(Decimal(row["value"]), values, units, low, high)
    return found


def _ranks(row: dict[str, Any], share: Decimal, values: int, units: int) -> tuple[int, int]:
    if units < 2:
        return 0, 0
    n, k, nn, kk, nk = (int(row[name]) for name in ("n", "k", "nn", "kk", "nk"))
    up_to = Fraction(k, n)
    half = rank_half_width(up_to, units=units, nn=nn, kk=kk, nk=nk) * values / n
    middle = float(Fraction(share) * values)
    low, high = math.floor(middle - half), math.floor(middle + half) + 1
    return (low, high) if low >= 1 and high <= values else (0, 0)


def standard_error(found: Ranked, row: dict[str, Any]) -> float | None:
    """Of a group's quantile; None where the values are too few, or do not vary, so that nothing can be said.

    Rounded values repeat, and both order statistics may be the same one: the next values tell how coarse they are.
    """
    if not found.low:
        return None
    lower, upper = row["lower"], row["upper"]
    if lower == upper:
        lower, upper = row["below"], row["above"]
    if lower is None or upper is None:
        return None
    return quantile_standard_error(float(upper - lower))


def _total_number(joined: Any, measure: ComputedMetric) -> Any:
    """0 for what counts in the stage's total, else -1."""
    import ibis

    if measure.outcome_days is None:
        return ibis.literal(0).cast("int64")
    return (joined.happened_at < joined.until).ifelse(0, -1).cast("int64")


def _number(joined: Any, spans: list[InstantSpan]) -> Any:
    """The number of the span in which an event happened and its unit was served, else -1."""
    import ibis

    branches = [
        (within(joined.happened_at, span.begin, span.end) & (joined[span.served] == 1), span.number)
        for span in spans
    ]
    return ibis.cases(*branches, else_=-1).cast("int64")


def _in_window(table: Any, window: str, *columns: str) -> Any:
    import ibis

    return table.select(
        in_window=ibis.literal(window), number=table[window], **{name: table[name] for name in columns}
    )


def _together(parts: list[Any]) -> Any:
    import ibis

    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _cumulated(counts: Any) -> Any:
    """Counts with how many values of the group are no larger, and how many there are."""
    import ibis

    group = [counts.in_window, counts.number, counts.variant]
    ordered = ibis.cumulative_window(group_by=group, order_by=counts.value)
    return counts.mutate(
        up_to=counts.times.sum().over(ordered).cast("int64"),
        of=counts.times.sum().over(ibis.window(group_by=group)).cast("int64"),
    )


def _is_group(table: Any, group: Group) -> Any:
    window, number, variant = group
    return (table.in_window == window) & (table.number == number) & (table.variant == variant)
