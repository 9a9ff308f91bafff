"""How much units did, and how much it would surprise were they as active as others."""

from __future__ import annotations

import math
from typing import Any

import pytest

from egp import stats
from egp.gate.activity import Activity, Course, ValueWithError, activity, together
from egp.plan.results import Row

HEAD: dict[str, Any] = {
    "stage": "test", "window": "day", "date": None, "variant": "a", "metric": "m", "segment": "",
}  # fmt: skip
OTHER = Activity(1_000, 40.0, 40.0)


@pytest.mark.parametrize(
    ("units", "total", "squares", "rate", "size", "events"),
    [
        (0, 0.0, 0.0, 0.0, 0.0, 0.0),
        (0, 4.0, 4.0, 0.0, 1.0, 4.0),
        (10, 0.0, 0.0, 0.0, 0.0, 0.0),
        (10, 4.0, 4.0, 0.4, 1.0, 4.0),
        (10, 0.5, 0.5, 0.05, 1.0, 0.5),
        (10, 4.0, 8.0, 0.4, 2.0, 2.0),
        (10, -4.0, 8.0, -0.4, 0.0, 0.0),
    ],
)
def test_rate_size_and_events(
    units: float, total: float, squares: float, rate: float, size: float, events: float
) -> None:
    one = Activity(units, total, squares)
    assert (one.rate, one.size, one.events) == (rate, size, events)


@pytest.mark.parametrize(
    ("here", "other", "share", "is_surprising"),
    [
        (Activity(1_000, 0.0, 0.0), OTHER, 1.0, True),
        (Activity(1_000, 0.5, 0.5), OTHER, 1.0, True),
        (Activity(1_000, 39.0, 39.0), OTHER, 1.0, True),
        (Activity(1_000, 40.0, 40.0), OTHER, 1.0, False),
        (Activity(1_000, 0.0, 0.0), OTHER, 0.0, False),  # as little as nothing is no surprise
        (Activity(0, 0.0, 0.0), OTHER, 1.0, False),
        (Activity(1_000, -0.5, 1.0), OTHER, 1.0, False),
        (Activity(1_000, 0.0, 0.0), Activity(1_000), 1.0, False),
        (Activity(1_000, 0.0, 0.0), Activity(0, 40.0, 40.0), 1.0, False),  # all units are here
        (Activity(1_000, 0.0, 0.0), ValueWithError(1_000, 0.04, 0.001), 1.0, False),
    ],
)
def test_events_here_are_binomial_given_all(
    here: Activity, other: Activity | ValueWithError, share: float, is_surprising: bool
) -> None:
    assert (here.short_of(other, share) > 0) is is_surprising


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("units", [500, 1_000, 3_000])
def test_the_surprise_is_that_of_the_share_of_units(units: int, share: float) -> None:
    """Events of two each count as half as many."""
    part = share * units / (share * units + 1_000)
    here = Activity(units, 10.0, 20.0)
    assert here.short_of(OTHER, share) == stats.binomial_surprise(10.0, 50.0, part)
    assert here.short_of(Activity(1_000, 40.0, 80.0), share) == stats.binomial_surprise(5.0, 25.0, part)


@pytest.mark.parametrize(
    ("total", "rate", "size", "due"),
    [(0.0, 0.03, 1.0, 30.0), (0.5, 0.03, 1.0, 30.0), (0.0, 0.03, 2.0, 15.0), (29.0, 0.03, 1.0, 30.0)],
)
def test_events_beside_a_rate_are_those_of_poisson(
    total: float, rate: float, size: float, due: float
) -> None:
    here = Activity(1_000, total, total)
    assert here.short_of_rate(rate, size) == stats.poisson_surprise(total / size, due) > 0


@pytest.mark.parametrize(
    ("other", "share", "surprise"),
    [
        (ValueWithError(100, 2.0, 0.3), 1.0, 1.0 / (2 * 0.25)),
        (ValueWithError(100, 2.0, 0.3), 0.5, 0.0),
        (ValueWithError(100, 1.0, 0.3), 1.0, 0.0),
        (ValueWithError(100, 0.5, 0.3), 1.0, 0.0),
        (Activity(100, 200.0, 400.0), 1.0, 0.0),
    ],
)
def test_values_with_a_standard_error_are_normal(
    other: ValueWithError | Activity, share: float, surprise: float
) -> None:
    assert ValueWithError(100, 1.0, 0.4).short_of(other, share) == pytest.approx(surprise)


def test_values_without_noise_say_nothing() -> None:
    assert ValueWithError(100, 0.0, 0.0).short_of(ValueWithError(100, 2.0, 0.0), 1.0) == 0.0


@pytest.mark.parametrize(
    ("columns", "of_denominator", "expected"),
    [
        ({"sum": 3.0}, False, Activity(10, 3.0, 3.0)),
        ({"sum": 3.0, "sum_squares": 5.0}, False, Activity(10, 3.0, 5.0)),
        ({"sum": 3.0, "sum_squares": 0.0}, False, Activity(10, 3.0, 0.0)),
        ({}, False, Activity(10, 0.0, 0.0)),
        ({"sum": 3.0, "denominator_sum": 7.0, "denominator_sum_squares": 9.0}, True, Activity(10, 7.0, 9.0)),
        ({"sum": 3.0}, True, Activity(10, 0.0, 0.0)),
    ],
)
def test_a_row_is_what_its_columns_say(
    columns: dict[str, Any], of_denominator: bool, expected: Activity
) -> None:
    assert activity(Row(**HEAD, units=10, **columns), of_denominator=of_denominator) == expected


class TestStretches:
    PARTS = tuple(Activity(10 * at, float(at), at / 2) for at in (1, 2, 3, 4))

    @pytest.mark.parametrize(("start", "end"), [(0, 4), (0, 1), (1, 3), (3, 4), (2, 2)])
    def test_a_stretch_and_all_others_make_the_whole(self, start: int, end: int) -> None:
        course = Course(self.PARTS)
        assert course.within(start, end) == together(self.PARTS[start:end])
        assert course.without(start, end) == together((*self.PARTS[:start], *self.PARTS[end:]))

    def test_what_rounding_leaves_of_nothing_is_nothing(self) -> None:
        course = Course(
            [Activity(1, 0.1, 0.1), Activity(1, 0.2, 0.2), Activity(1, 0.0, 0.0), Activity(1, 0.3, 0.3)]
        )
        assert course.within(2, 3) == Activity(1, 0.0, 0.0)
        tiny = Course([Activity(1, 1.0, 1.0), Activity(1, 1e-9, 1e-9)])
        assert tiny.within(1, 2).total == pytest.approx(1e-9, rel=1e-6)
        assert math.isclose(Course([Activity(1, -1.0, 1.0), Activity(1, -2.0, 4.0)]).within(1, 2).total, -2.0)
