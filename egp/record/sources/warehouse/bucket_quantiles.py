"""Histograms of a quantile's values by bucket of units: what a random half of the buckets has for its quantile and its error.

Values are counted up to edges that lie close around the quantile, with what the standard error over units requires: the sums
over units of n², k² and n k, with n values of a unit and k of them up to the edge. All of them add up over buckets. Below the first
edge lie nearly all values, which each unit counts once; those between the edges are few, and each adds to k², in the order of its
unit's values, what it makes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from egp.record.sources.warehouse.buckets import Hashing, day_of
from egp.record.sources.warehouse.instants import InstantSpan, within
from egp.record.sources.warehouse.measures import ComputedMetric
from egp.record.sources.warehouse.opened import exact
from egp.record.sources.warehouse.units import StageUnits, bucket_of, spans_of
from egp.stats import quantile_standard_error, rank_half_width

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    from egp.record.sources.warehouse.connection import Session

    Floats = NDArray[float64]

EDGES = 20
"""On each side of the quantile."""
_FIRST, _GROWTH = 0.5, 1.15
"""Width of the bin next to the quantile, in its standard errors, and by how much each is wider than the one before."""
WHOLE = ("units", "n", "nn", "k", "kk", "nk")
"""Sums over the units of a bucket: those with a value, their values, and those up to the first edge."""
STEPS = ("k", "kk", "nk")
"""What the values of a bin add to those sums."""


@dataclass(frozen=True, slots=True)
class BucketHistograms:
    """Of each bucket and group of values the sums at the first edge, and what each bin adds.

    Groups are the values of the stage until the end of each of its days, then those of each day or week.
    """

    measure: ComputedMetric
    days: int
    spans: tuple[InstantSpan, ...]
    edges: Floats
    """In the table's units."""
    whole: Floats
    """Bucket × group × sum."""
    steps: Floats
    """Bucket × group × bin × sum."""


def edges_around(value: float, error: float) -> list[float]:
    """Where values are counted up to: close to the quantile, and less so further away."""
    apart = [error * _FIRST * (_GROWTH**at - 1) / (_GROWTH - 1) for at in range(1, EDGES + 1)]
    around = [*(value - each for each in reversed(apart)), value, *(value + each for each in apart)]
    return sorted({round(each, 6) for each in around})


def bucket_histograms(
    session: Session,
    name: str,
    units: StageUnits,
    measure: ComputedMetric,
    edges: Sequence[float],
    hashing: Hashing,
) -> BucketHistograms:
    """One query. Raises ResultsError."""
    import numpy

    query = _Histograms(units, measure, edges, hashing)
    groups, bins = query.days + len(query.spans), len(edges) - 1
    whole = numpy.zeros((hashing.buckets, groups, len(WHOLE)))
    steps = numpy.zeros((hashing.buckets, groups, bins, len(STEPS)))
    table = session.fetch_columns(name, query.sums())
    if table:
        place = [table[each].astype(int) for each in ("bucket", "number", "bin")]
        is_whole = place[2] < 0
        for sums, names, chosen, axes in (
            (whole, WHOLE, is_whole, place[:2]), (steps, STEPS, ~is_whole, place),
        ):  # fmt: skip
            at = numpy.ravel_multi_index(tuple(each[chosen] for each in axes), sums.shape[:-1])
            for number, each in enumerate(names):
                added = numpy.bincount(at, table[each][chosen].astype(float), sums[..., number].size)
                sums[..., number] = added.reshape(sums.shape[:-1])
    # Of the stage so far the query has what each day changes.
    for found in (whole, steps):
        found[:, : query.days] = numpy.cumsum(found[:, : query.days], axis=1)
    return BucketHistograms(measure, query.days, tuple(query.spans), numpy.array(edges), whole, steps)


class _Histograms:
    """The query of one metric in one stage."""

    def __init__(
        self, units: StageUnits, measure: ComputedMetric, edges: Sequence[float], hashing: Hashing
    ) -> None:
        self._units, self._measure, self._hashing = units, measure, hashing
        self._edges = list(edges)
        self.spans = list(spans_of(measure, units.clock))
        self.days = (units.clock.through - units.clock.first).days + 1

    def sums(self) -> Any:
        """Rows of the first edge have the bin -1."""
        # Named, so that engines join units and values once, and not for each of their uses.
        values = self._values().alias("page_values")
        near = values.filter((values.value > self._edge(0)) & (values.value <= self._edge(-1)))
        near = near.mutate(bin=self._bin(near.value)).alias("values_near")
        days = self._days(values).alias("unit_days")
        parts = [self._first_edge(days), *self._bins_so_far(days, near)]
        for at, span in enumerate(self.spans):
            parts += self._of_span(self.days + at, span, values, near)
        return _together(parts)

    def _values(self) -> Any:
        """Each value that counts, with its unit and its day, and whether the unit was there in each span."""
        measure, clock = self._measure, self._units.clock
        units = self._units.units(self.spans)
        if measure.outcome_days is not None:
            units = units.mutate(until=clock.by_day(units.first_at, measure.outcome_days + 1))
        events = self._units.tables.happened([measure], clock)
        joined = units.inner_join(events.filter(events.amount.notnull()), "unit")
        joined = joined.filter(joined.happened_at >= joined.first_at)
        if measure.outcome_days is not None:
            joined = joined.filter(joined.happened_at < joined.until)
        return joined.select(
            "unit", *(span.served for span in self.spans), value=joined.amount, happened_at=joined.happened_at,
            day=day_of(joined.happened_at, clock),
        )  # fmt: skip

    def _days(self, values: Any) -> Any:
        """Each unit on each day with a value: how many it has had by then, how many up to the first edge, and until when."""
        import ibis

        by_day = values.group_by(["unit", "day"]).aggregate(**self._counts(values))
        order = {"group_by": by_day.unit, "order_by": by_day.day}
        so_far = ibis.cumulative_window(**order)
        return by_day.mutate(
            all_n=by_day.n.sum().over(so_far).cast("int64"), all_k=by_day.k.sum().over(so_far).cast("int64"),
            until=by_day.day.lead().over(ibis.window(**order)),
        )  # fmt: skip

    def _counts(self, values: Any) -> dict[str, Any]:
        return {
            "n": values.count().cast("int64"),
            "k": (values.value <= self._edge(0)).ifelse(1, 0).sum().cast("int64"),
        }

    def _first_edge(self, days: Any) -> Any:
        """What each day adds to the sums of the stage so far."""
        n, k, n_before, k_before = days.all_n, days.all_k, days.all_n - days.n, days.all_k - days.k
        return self._summed(
            days, days.day, None,
            units=(n_before == 0).ifelse(1, 0), n=days.n, nn=n * n - n_before * n_before, k=days.k,
            kk=k * k - k_before * k_before, nk=n * k - n_before * k_before,
        )  # fmt: skip

    def _bins_so_far(self, days: Any, near: Any) -> list[Any]:
        """The values between the edges that a unit has had by each of its days: they stand until its next."""
        known = near.select(of_unit=near.unit, since=near.day, value=near.value, bin=near.bin)
        joined = days.inner_join(known, [days.unit == known.of_unit, days.day >= known.since])
        there = joined.select("unit", "day", "until", "value", "bin", n=joined.all_n, before=joined.all_k)
        ranked = self._ranked(there, [there.unit, there.day]).alias("near_values")
        ended = ranked.filter(ranked.until.notnull())
        return [self._bins(ranked, ranked.day), self._bins(ended, ended.until, -1)]

    def _of_span(self, number: int, span: InstantSpan, values: Any, near: Any) -> list[Any]:
        """A day or week, of the units that were there in it."""

        def inside(table: Any) -> Any:
            return within(table.happened_at, span.begin, span.end) & (table[span.served] == 1)

        ours = values.filter(inside(values))
        per_unit = ours.group_by("unit").aggregate(**self._counts(ours))
        n, k = per_unit.n, per_unit.k
        whole = self._summed(per_unit, number, None, units=1, n=n, nn=n * n, k=k, kk=k * k, nk=n * k)
        known = near.filter(inside(near)).select(of_unit="unit", value="value", bin="bin")
        joined = per_unit.inner_join(known, [per_unit.unit == known.of_unit])
        there = joined.select("unit", "value", "bin", n=joined.n, before=joined.k)
        ranked = self._ranked(there, [there.unit])
        return [whole, self._bins(ranked, number)]

    def _ranked(self, values: Any, group: list[Any]) -> Any:
        """Each value with its number among those of its unit, the ones below the first edge included."""
        import ibis

        order = ibis.window(group_by=group, order_by=values.value)
        return values.mutate(k=(values.before + ibis.row_number().over(order) + 1).cast("int64"))

    def _bins(self, ranked: Any, number: Any, sign: int = 1) -> Any:
        """A unit's r-th value makes r² of (r - 1)²."""
        return self._summed(
            ranked, number, ranked.bin,
            units=0, n=0, nn=0, k=sign, kk=sign * (2 * ranked.k - 1), nk=sign * ranked.n,
        )  # fmt: skip

    def _summed(self, table: Any, number: Any, bin: Any, **parts: Any) -> Any:
        import ibis

        def whole(value: Any) -> Any:
            return (ibis.literal(value) if isinstance(value, int) else value).cast("int64")

        bucket = bucket_of(table.unit, self._hashing.salt, self._hashing.buckets)
        rows = table.select(
            bucket=bucket.cast("int64"), number=whole(number), bin=whole(-1 if bin is None else bin),
            **{name: whole(parts[name]) for name in WHOLE},
        )  # fmt: skip
        return rows.group_by(["bucket", "number", "bin"]).aggregate(
            **{name: rows[name].sum().cast("float64") for name in WHOLE}
        )

    def _edge(self, at: int) -> Any:
        return exact(Decimal(f"{self._edges[at]:.6f}"))

    def _bin(self, value: Any) -> Any:
        import ibis

        last = len(self._edges) - 2
        return ibis.cases(*((value <= self._edge(at + 1), at) for at in range(last)), else_=last)


def _together(parts: list[Any]) -> Any:
    import ibis

    return ibis.union(*parts)


@dataclass(frozen=True, slots=True)
class QuantileOfHalf:
    """What a group of values of some buckets has for its quantile, in the table's units."""

    value: float
    standard_error: float
    units: int


def quantile_of(edges: Floats, whole: Floats, steps: Floats, share: float) -> QuantileOfHalf | None:
    """The quantile and its standard error by clustered order statistics, from sums over some buckets; None where they lie
    outside of the edges, or nothing varies. Between two edges values are taken to lie evenly."""
    import numpy

    units, n, nn = (float(each) for each in whole[:3])
    if units < 2 or n <= 0:
        return None
    up_to = numpy.vstack([whole[3:], whole[3:] + numpy.cumsum(steps, axis=0)])
    k, kk, nk = up_to[:, 0], up_to[:, 1], up_to[:, 2]

    def at_rank(rank: float) -> float | None:
        return float(numpy.interp(rank, k, edges)) if k[0] <= rank <= k[-1] else None

    rank = share * n
    value = at_rank(rank)
    if value is None:
        return None
    k2, nk2 = float(numpy.interp(rank, k, kk)), float(numpy.interp(rank, k, nk))
    half = rank_half_width(share, units=units, nn=nn, kk=k2, nk=nk2)
    low, high = at_rank(rank - half), at_rank(rank + half)
    if low is None or high is None or high <= low:
        return None
    return QuantileOfHalf(value, quantile_standard_error(high - low), round(units))
