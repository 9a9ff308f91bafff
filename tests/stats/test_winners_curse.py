"""A result that was acted on because it won: what is left of it, against the same experiment run many times."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, truncnorm

from egp.stats import StatisticsInputError, corrected_for_selection

SE, CUT = 0.12, 0.2352


@pytest.mark.parametrize("true", [0.0, 0.1, 0.25, 0.58])
def test_among_winners_it_is_right_half_of_the_time_and_its_interval_nineteen_times_in_twenty(
    true: float,
) -> None:
    rng = random.Random(11)
    wins = [each for each in (rng.gauss(true, SE) for _ in range(200_000)) if each > CUT][:1_500]
    corrected = [corrected_for_selection(each, SE, CUT) for each in wins]
    n = len(wins)
    assert n > 1_000
    above = sum(each.estimate > true for each in corrected) / n
    assert above == pytest.approx(0.5, abs=4 * 0.5 / n**0.5)
    covered = sum(each.low <= true <= each.high for each in corrected) / n
    assert covered == pytest.approx(0.95, abs=4 * 0.22 / n**0.5)


@given(st.floats(0.0, 6.0), st.floats(0.001, 50), st.floats(-5, 5))
def test_each_number_is_a_quantile_of_the_cut_off_distribution(beyond: float, se: float, cut: float) -> None:
    estimate = cut + beyond * se + 0.05 * se
    found = corrected_for_selection(estimate, se, cut, alpha=0.1)
    for effect, tail in ((found.estimate, 0.5), (found.low, 0.05), (found.high, 0.95)):
        if effect > estimate - 30 * se:
            of_winners = truncnorm((cut - effect) / se, float("inf"), effect, se)
            assert of_winners.sf(estimate) == pytest.approx(tail, rel=1e-5)


def test_far_above_the_cut_nothing_is_taken_off() -> None:
    found = corrected_for_selection(0.58, 0.05, 0.1)
    half = norm.ppf(0.975) * 0.05
    assert (found.estimate, found.low, found.high) == pytest.approx(
        (0.58, 0.58 - half, 0.58 + half), abs=1e-6
    )


@given(st.floats(0.01, 3.0))
def test_what_barely_won_is_shrunk_the_most(beyond: float) -> None:
    near, far = (corrected_for_selection(1 + each, 1.0, 1.0) for each in (beyond, beyond + 1))
    assert near.low <= near.estimate <= near.high
    assert near.estimate < 1 + beyond
    assert 1 + beyond - near.estimate > 2 + beyond - far.estimate


def test_what_did_not_win_has_no_curse() -> None:
    with pytest.raises(StatisticsInputError, match="won nothing"):
        corrected_for_selection(0.1, 0.12, 0.2)
