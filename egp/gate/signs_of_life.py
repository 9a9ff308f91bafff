"""Whether the events of a metric arrive: the days and weeks of each variant beside those of the other ones, other days, and the baseline."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from egp.gate.activity import Activity, Amount, Course, ValueWithError, activity, together
from egp.gate.looks import outcome_window_days
from egp.gate.readout import Readout
from egp.gate.rows import rows_of
from egp.gate.withholding import withheld_metrics
from egp.plan.experiment import Metric
from egp.plan.quantity import shown
from egp.plan.results import Row, Window
from egp.plan.wording import counted, significant
from egp.stats.values import replace

HALF = 0.5
"""Less than this share of the other variant's rate is no effect that anybody hoped for."""

ABRUPT = 0.7
"""Less than this share of what the variants' own ratio lets expect is no course of an effect."""

DEAD = 0.2
"""Less than this share of what was due is dead, in whichever direction."""

FEWEST_EVENTS = 30
"""In each variant, for a ratio of theirs to compare a day with."""

DAYS_OF_NO_WINDOW = 7
"""Days after which a metric without an outcome window is taken to have most of its events."""

RECENT = 14
"""Latest days among which cohorts of such a metric are compared: its older cohorts go on to gain events."""

_SURELY = 1 + 1e-9
"""Above a bound by more than rounding."""

UNEVEN = 25
"""Size of an event in baselines, where neither rows nor `std_dev` tell it: a long tail."""


@dataclass(frozen=True, slots=True)
class VariantPeriod:
    """A variant on a day or in a week."""

    first: date
    counted_for: int
    """Days of outcomes of a cohort, up to its window."""
    amount: Amount


class SignsOfLife:
    """The days and weeks of one metric, or of its denominator, in every variant."""

    def __init__(self, readout: Readout, metric: Metric, surprise: float, *, of_denominator: bool) -> None:
        self.readout = readout
        self.metric = metric
        self.surprise = surprise
        self.of_denominator = of_denominator
        self.window_days = outcome_window_days(metric)
        self.variants = readout.variants_in_stage
        self.points = {
            (variant, window): points
            for variant in self.variants
            for window in ("cohort", "day", "week")
            if (points := self._points(variant, window))
        }
        self.totals = {
            variant: VariantPeriod(date.min, self._age_of_total(row), self._amount_of(row))
            for variant in self.variants
            for row in rows_of(readout, metric, "total", variant)
        }

    @property
    def name(self) -> str:
        name = shown(self.metric.id)
        return f"the denominator of {name}" if self.of_denominator else name

    def troubles(self) -> Iterator[tuple[str, str]]:
        """(message, variant) for each variant that is not alive; the plainest reason of each."""
        heard: set[str] = set()
        for variant in self.variants:
            own = next(self._of_variant(variant), "")
            if own:
                heard.add(variant)
                yield f"{self.name} of {shown(variant)}: {own}", variant
        if len(self.variants) > 1 and not heard:
            everyone = next(self._of_everyone(), "")
            if everyone:
                yield f"{self.name} of all variants: {everyone}", ""

    def would_be_missed(self) -> bool:
        """Whether it would show if no event of a variant arrived."""
        return all(
            any(
                _nothing(one).short_of(two, self._least(variant != self.readout.control)) > self.surprise
                for other in self._compared_with(variant)
                for one, two in self._amounts(variant, other)
            )
            or any(self._against_baseline(list(map(_emptied, self._cohorts(variant)))))
            for variant in self.variants
        )

    def _of_variant(self, variant: str) -> Iterator[str]:
        for other in self._compared_with(variant):
            yield from self._against(variant, other)
        for window in ("cohort", "day", "week"):
            yield from self._against_other_days(self.points.get((variant, window), []), window)
        yield from self._against_baseline(self._cohorts(variant))

    def _of_everyone(self) -> Iterator[str]:
        """All variants together have more events, so that a loss of them all shows sooner."""
        if self.metric.kind == "quantile":
            return
        by_day: dict[tuple[date, int], list[Activity]] = {}
        for variant in self.variants:
            for point in self._cohorts(variant):
                by_day.setdefault((point.first, point.counted_for), []).append(_summed(point.amount))
        days = [
            VariantPeriod(first, counted_for, together(amounts))
            for (first, counted_for), amounts in sorted(by_day.items())
            if len(amounts) == len(self.variants)
        ]
        yield from self._against_other_days(days, "cohort")
        yield from self._against_baseline(days)

    def _compared_with(self, variant: str) -> tuple[str, ...]:
        if not self.readout.stage.has_control:
            return ()
        control = self.readout.control
        return self.readout.treatments if variant == control else (control,)

    # Against the other variant.

    def _against(self, variant: str, other: str) -> Iterator[str]:
        least = self._least(variant != self.readout.control)
        for first, mine, theirs in self._counted_differently(variant, other):
            yield f"the cohort of {first} is counted for {counted(mine, 'day')}, and of {shown(other)} for {theirs}"
        for one, two in self._wholes(variant, other):
            if one.short_of(two, least) > self.surprise:
                yield self._beside(one, two, other)
        for window in ("day", "week"):
            for first, one, two in self._pairs(variant, other, window):
                if one.short_of(two, least) > self.surprise:
                    yield f"{self._beside(one, two, other)} {_when(window, first)}"
        yield from self._on_some_days(variant, other, ABRUPT if least > DEAD else DEAD)

    def _on_some_days(self, variant: str, other: str, least: float) -> Iterator[str]:
        pairs = self._pairs(variant, other, "cohort")
        here, there = Course(_summed(one) for _, one, _ in pairs), Course(_summed(two) for *_, two in pairs)
        for start, end in _spans(len(pairs)):
            beside = here.rate_without(start, end) / (there.rate_without(start, end) or math.inf)
            if here.rate_within(start, end) > _SURELY * least * min(beside, 1.0) * there.rate_within(
                start, end
            ):
                continue  # as much as the ratio lets expect, and no surprise
            one, two = here.within(start, end), there.within(start, end)
            ratio = _least_ratio(here.without(start, end), there.without(start, end))
            if ratio and one.short_of(two, least * ratio) > self.surprise:
                days = _between([first for first, _, _ in pairs], start, end)
                yield f"{self._beside(one, two, other)} {days}, and on the other days much more"

    def _wholes(self, variant: str, other: str) -> Iterator[tuple[Amount, Amount]]:
        """All units of two variants: of the cohorts, else of total rows."""
        cohorts = self._pairs(variant, other, "cohort")
        if cohorts:
            yield (
                together(_summed(one) for _, one, _ in cohorts),
                together(_summed(two) for *_, two in cohorts),
            )
        else:
            yield from ((one, two) for _, one, two in self._pairs(variant, other, "total"))

    def _amounts(self, variant: str, other: str) -> Iterator[tuple[Amount, Amount]]:
        """All units of two variants, and those of each day and week."""
        yield from self._wholes(variant, other)
        for window in ("day", "week"):
            yield from ((one, two) for _, one, two in self._pairs(variant, other, window))

    def _counted_differently(self, variant: str, other: str) -> Iterator[tuple[date, int, int]]:
        there = {point.first: point for point in self.points.get((other, "cohort"), [])}
        for point in self.points.get((variant, "cohort"), []):
            if point.first in there and point.counted_for < there[point.first].counted_for:
                yield point.first, point.counted_for, there[point.first].counted_for

    def _least(self, low_is_treatment: bool) -> float:
        """The smallest share of the other variant's rate that may be an effect."""
        direction = None if self.of_denominator else self.metric.direction
        if direction is not None and (direction == "decrease") != low_is_treatment:
            return DEAD
        if self.metric.id in withheld_metrics(self.readout):
            return DEAD  # whether it doubled is not to be known yet
        baseline = self.metric.baseline.value if self.metric.baseline else 0.0
        hoped = [
            abs(change.absolute(baseline) / baseline)
            for change in (self.metric.mde, self.metric.target)
            if change and baseline
        ]
        effect = 2 * max(hoped, default=0.0)
        plausible = 1 - effect if low_is_treatment else 1 / (1 + effect)
        return max(min(HALF, plausible), DEAD)

    def _beside(self, low: Amount, high: Amount, other: str) -> str:
        return f"{_amount(low)} beside {_amount(high)} of {shown(other)}"

    def _pairs(self, variant: str, other: str, window: Window) -> list[tuple[date, Amount, Amount]]:
        """Of days and weeks that both have, counted for equally long."""
        if window == "total":
            one, two = self.totals.get(variant), self.totals.get(other)
            is_like = one and two and one.counted_for == two.counted_for
            return [(date.min, one.amount, two.amount)] if one and two and is_like else []
        there = {point.first: point for point in self.points.get((other, window), [])}
        return [
            (point.first, point.amount, there[point.first].amount)
            for point in self.points.get((variant, window), [])
            if point.first in there and there[point.first].counted_for == point.counted_for
        ]

    # Against other days of the same variant.

    def _against_other_days(self, points: Sequence[VariantPeriod], window: Window) -> Iterator[str]:
        if self.metric.expected_zero:
            return
        points = points if self.window_days or window != "cohort" else points[-RECENT:]
        by_rate = sorted(points, key=lambda each: each.amount.rate, reverse=True)
        of_weekday: dict[int, list[VariantPeriod]] = {}
        for each in by_rate:
            of_weekday.setdefault(each.first.weekday(), []).append(each)
        for point in points:
            same = of_weekday[point.first.weekday()]
            best = next((each for each in (same if len(same) > 1 else by_rate) if each is not point), None)
            due = self._due(point) if window == "cohort" else point.amount
            if best and due.short_of(best.amount, DEAD) > self.surprise:
                seen = f"{_amount(point.amount)} {_when(window, point.first)}"
                yield f"{seen}, and {_amount(best.amount)} {_when(window, best.first)}"
        if window == "cohort":
            yield from self._against_all_other_days(points)

    def _against_all_other_days(self, points: Sequence[VariantPeriod]) -> Iterator[str]:
        course, dues = Course(_summed(point.amount) for point in points), Course(map(self._due, points))
        for start, end in _spans(len(points)):
            if dues.rate_within(start, end) > _SURELY * DEAD * course.rate_without(start, end):
                continue  # as much as is due, and no surprise
            elsewhere = course.without(start, end)
            if dues.within(start, end).short_of(elsewhere, DEAD) > self.surprise:
                here = course.within(start, end)
                days = _between([point.first for point in points], start, end)
                yield f"{_amount(here)} {days}, and {_amount(elsewhere)} on the other days"

    def _due(self, point: VariantPeriod) -> Activity:
        """A cohort as so many units as may have done something yet: few at first, all after the outcome window.

        Outcomes come late rather than early, so that the square of the time is taken.
        """
        ripe = min(point.counted_for / (self.window_days or DAYS_OF_NO_WINDOW), 1.0) ** 2
        amount = _summed(point.amount)
        return amount.as_of_units(ripe * amount.units)

    # Against the plan.

    def _against_baseline(self, points: Sequence[VariantPeriod]) -> Iterator[str]:
        baseline = self.metric.baseline
        if self.metric.expected_zero or baseline is None or baseline.value <= 0 or self.of_denominator:
            return
        if not points:
            return
        seen, due = together(_summed(point.amount) for point in points), together(map(self._due, points))
        per = self._units_of_baseline(points)
        if due.short_of_rate(DEAD * baseline.value * per, self._size(seen)) > self.surprise:
            expected = significant(baseline.value * per * due.units, 3)
            yield f"{_amount(seen)}, where the baseline of {baseline} lets {expected} be due"

    def _units_of_baseline(self, points: Sequence[VariantPeriod]) -> float:
        """What a baseline is counted on, for each unit: a ratio's on its denominator."""
        if self.metric.kind != "ratio":
            return 1.0
        days = {point.first for point in points}
        rows = [row for row in rows_of(self.readout, self.metric, "cohort") if row.date in days]
        return together(activity(row, of_denominator=True) for row in rows).rate

    def _size(self, seen: Activity) -> float:
        if self.metric.kind == "proportion":
            return 1.0
        if seen.size:
            return seen.size
        baseline = self.metric.baseline.value if self.metric.baseline else 0.0
        spread = self.metric.std_dev.value if self.metric.std_dev else None
        return UNEVEN * baseline if spread is None else (spread**2 + baseline**2) / baseline

    # Rows.

    def _cohorts(self, variant: str) -> list[VariantPeriod]:
        """Cohorts, or the total where there are none; quantiles have neither."""
        if self.metric.kind == "quantile":
            return []
        total = self.totals.get(variant)
        return self.points.get((variant, "cohort"), []) or ([total] if total else [])

    def _age_of_total(self, row: Row) -> int:
        """Half of the time since the stage began: as old as its units are on average, if they came evenly."""
        begin = self.readout.stage.begin
        return max((row.through - begin.date()).days // 2, 0) if row.through and begin else 0

    def _points(self, variant: str, window: Window) -> list[VariantPeriod]:
        rows = [row for row in rows_of(self.readout, self.metric, window, variant) if row.date is not None]
        return [
            VariantPeriod(row.date, self._counted_for(row), self._amount_of(row))
            for row in sorted(rows, key=lambda row: row.key)
            if row.date is not None
        ]

    def _counted_for(self, row: Row) -> int:
        if row.through is None or row.date is None:
            return 0
        days = (row.through - row.date).days
        return min(days, self.window_days) if self.window_days else days

    def _amount_of(self, row: Row) -> Amount:
        if self.metric.kind == "quantile":
            return ValueWithError(row.units, row.value or 0.0, row.standard_error or 0.0)
        return activity(row, of_denominator=self.of_denominator)


def _spans(days: int) -> Iterator[tuple[int, int]]:
    """Single days, and all days from one on or up to one, as positions from and to."""
    for at in range(days):
        yield at, at + 1
    for at in range(1, days - 1):
        yield at, days
        yield 0, at + 1


def _least_ratio(here: Activity, there: Activity) -> float:
    """The lower end of the variants' own ratio on other days; 0 where there are too few events to tell.

    At most 1: on the other days it may be the other variant that lost events.
    """
    if here.events < FEWEST_EVENTS or there.events < FEWEST_EVENTS or not there.rate:
        return 0.0
    lower = here.rate / there.rate * math.exp(-3 * math.sqrt(1 / here.events + 1 / there.events))
    return min(lower, 1.0)


def _summed(amount: Amount) -> Activity:
    """Of a cohort, which quantiles do not have."""
    assert isinstance(amount, Activity)
    return amount


def _emptied(point: VariantPeriod) -> VariantPeriod:
    return replace(point, amount=_nothing(point.amount))


def _nothing(amount: Amount) -> Amount:
    """The same units, had none of them done anything."""
    return (
        Activity(amount.units)
        if isinstance(amount, Activity)
        else ValueWithError(amount.units, 0.0, amount.error)
    )


def _amount(amount: Amount) -> str:
    if isinstance(amount, ValueWithError):
        return significant(amount.rate, 3)
    return f"{significant(amount.total, 6)} in {counted(round(amount.units), 'unit')}"


def _when(window: Window, first: date) -> str:
    return f"in the week from {first}" if window == "week" else f"on {first}"


def _between(days: Sequence[date], start: int, end: int) -> str:
    if end - start == 1:
        return f"on {days[start]}"
    return f"since {days[start]}" if end == len(days) else f"until {days[end - 1]}"
