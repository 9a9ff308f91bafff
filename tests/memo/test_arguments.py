"""Every number of the pages that argue is computed here again from the plan: by simulation, by scipy, or by hand.

Nothing here calls what the pages call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from math import sqrt
from typing import Any

import numpy as np
import pytest
import yaml
from scipy.stats import multivariate_normal, norm

from egp.output.page import text
from egp.output.page.model import Figure, Page, Section
from egp.output.report.text import Style
from egp.pages.memo.page import memo
from egp.pages.memo.stopped import if_stopped
from egp.plan.picture import Calendar, Drawing, Lengths, Tally
from egp.plan.quantity import change

from .cases import EXAMPLES, case_of

DAY_FIVE = "rejected/ship-on-day-five.yaml"
MONDAY, FRIDAY = date(2023, 1, 23), date(2023, 1, 27)

# Of the plan, by hand: 149,000 eligible, 90 % exposed, half of them treated; CUPED at 0.5; 12 % convert; the MDE is 59 bps.
UNITS = 149_000 * 0.9 * 0.5
ERROR = sqrt(2 * 0.12 * 0.88 / UNITS) * sqrt(1 - 0.5**2)
MDE = 0.0059
Z = float(norm.isf(0.025))


def plan_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((EXAMPLES / name).read_text(encoding="utf-8"))
    return found


def drawings(page: Page | Section) -> Iterator[tuple[Figure, Drawing]]:
    for each in page.sections if isinstance(page, Page) else page.blocks:
        if isinstance(each, Section):
            yield from drawings(each)
        elif isinstance(each, Figure) and each.drawing is not None:
            yield each, each.drawing


def told(page: Page) -> str:
    return " ".join(text.render(page, Style(2000)).split())


def first_wins(fractions: list[float], drift: float = 0.0, paths: int = 400_000) -> float:
    """How many of simulated tests are significant for the first time on the good side."""
    random = np.random.default_rng(20230127)
    steps = np.diff([0.0, *fractions])
    score = np.cumsum(random.normal(drift * steps, np.sqrt(steps), size=(paths, len(steps))), axis=1)
    z = score / np.sqrt(fractions)
    is_out = np.abs(z) >= Z
    first = np.argmax(is_out, axis=1)
    return float(np.mean(is_out.any(axis=1) & (z[np.arange(paths), first] > 0)))


def rejected_by_any(fractions: list[float]) -> float:
    """P(a two-sided test is significant at some look), from the joint normal law of the looks."""
    shape = [[sqrt(min(a, b) / max(a, b)) for b in fractions] for a in fractions]
    inside = multivariate_normal(cov=shape).cdf(np.full(len(shape), Z), lower_limit=np.full(len(shape), -Z))
    return 1 - float(inside)


EVENLY = [at / 5 for at in range(1, 6)]


def test_half_of_a_two_sided_rate_is_what_simulated_launches_win() -> None:
    assert rejected_by_any(EVENLY) / 2 == pytest.approx(0.0709, abs=2e-4)
    assert first_wins(EVENLY) == pytest.approx(rejected_by_any(EVENLY) / 2, abs=0.0015)


@pytest.fixture(scope="module")
def stopped() -> Page:
    return if_stopped(case_of(DAY_FIVE), FRIDAY, change("0.4pp"))


def units_after(days: float) -> float:
    """Distinct units grow by a power of the days, through one day and the run."""
    plan = plan_of(DAY_FIVE)["eligible_units"]
    distinct, daily = float(plan["distinct_over_run"]), float(plan["per_day"])
    growth = np.log(distinct / daily) / np.log(5)
    return float(distinct * (days / 5) ** growth) * 0.45


def test_launches_that_do_nothing_are_counted(stopped: Page) -> None:
    tally = next(each for _, each in drawings(stopped) if isinstance(each, Tally))
    daily, twice, once = (
        first_wins(EVENLY), first_wins([units_after(5) / units_after(14), 1.0]), 0.025,
    )  # fmt: skip
    assert [share.marked for share in tally.shares] == [round(40 * each) for each in (daily, twice, once)]
    said = told(stopped)
    assert round(1 / daily) == 14
    assert "5 daily looks until 27 January launch 1 in 14; one look on 6 February launches 1 in 40" in said


def test_what_was_seen_is_weighed(stopped: Page) -> None:
    said = told(stopped)
    z, drift = 0.004 / ERROR, MDE / ERROR

    def some_day(shift: float) -> float:
        shape = [[sqrt(min(a, b) / max(a, b)) for b in EVENLY] for a in EVENLY]
        means = [shift * sqrt(each) for each in EVENLY]
        return 1 - float(multivariate_normal(mean=means, cov=shape).cdf(np.full(5, z)))

    if_nothing, if_mde = some_day(0.0), some_day(drift)
    false = 0.9 * if_nothing / (0.9 * if_nothing + 0.1 * if_mde)
    (share,) = re.findall(r"Of early wins as clear as \+0.4 pp alone, (\d+) % are false", said)
    assert int(share) == pytest.approx(100 * false, abs=1)
    # The page's error counts the larger rate of the treatment as well, which is one in a hundred more.
    (share,) = re.findall(r"on some day until 27 January (?:about )?1 in (\d+)", said)
    assert int(share) == pytest.approx(1 / if_nothing, rel=0.05)
    for truth, size in ((0.0, "+0.361 pp"), (MDE, "+0.601 pp")):
        draws = truth + ERROR * np.random.default_rng(1).normal(size=400_000)
        assert float(size.removesuffix(" pp")) == pytest.approx(
            100 * draws[draws >= Z * ERROR].mean(), abs=2e-3
        )
        assert size in said


def test_the_ranges_are_those_of_the_days_units(stopped: Page) -> None:
    ranges = re.findall(r"([+-][\d.]+) pp to ([+-][\d.]+) pp", told(stopped))
    for (low, high), truth in zip(ranges, (0.0, MDE), strict=True):
        ends = [100 * (truth - Z * ERROR), 100 * (truth + Z * ERROR)]
        assert [float(low), float(high)] == pytest.approx(ends, abs=0.002), "to the rate in the variance"


def test_of_a_thousand_changes(stopped: Page) -> None:
    false, true = 900 * first_wins(EVENLY), 100 * first_wins(EVENLY, MDE / ERROR)
    at_the_look = sqrt(units_after(14) / UNITS) * MDE / ERROR
    late_false, late_true = 900 * 0.025, 100 * float(norm.sf(Z - at_the_look))
    said = told(stopped)
    early = re.search(r"launches (\d+) that do nothing and (\d+) that work: (\d+) %", said)
    late = re.search(r"6 February launches (\d+) that do nothing and (\d+) that work: (\d+) %", said)
    assert early
    assert late
    for found, counts in ((early, (false, true)), (late, (late_false, late_true))):
        assert [int(found[1]), int(found[2])] == pytest.approx(counts, abs=1.0)
        assert int(found[3]) == pytest.approx(100 * counts[0] / sum(counts), abs=0.8)
    shares = f"{early[3]} % of the wins that are found by looking daily are false, and {late[3]} % of those at the one look"
    assert shares in stopped.verdict


def test_the_calendar_has_the_days_of_the_run() -> None:
    (figure, calendar), *_ = drawings(memo(case_of(DAY_FIVE)))
    assert isinstance(calendar, Calendar)
    expected = [(MONDAY + timedelta(at), "seen" if at < 5 else "missing") for at in range(14)]
    assert list(calendar.days) == expected
    assert "Saturday and Sunday are not seen at all" in figure.says
    assert "29 % smaller" in told(memo(case_of(DAY_FIVE))), "2 of 7 days"


def two_rates(baseline: float, lift: float, units: float, correlation: float, alpha: float = 0.05) -> float:
    """Power of a two-sided test of two rates, the wider of the pooled and the unpooled standard error."""
    p, q = baseline, baseline + lift
    pooled = sqrt(2 * (p + q) / 2 * (1 - (p + q) / 2) / units)
    unpooled = sqrt((p * (1 - p) + q * (1 - q)) / units)
    shrunk = sqrt(1 - correlation**2)
    powers = [norm.sf((norm.isf(alpha / 2) * null - lift / shrunk) / unpooled) for null in (pooled, unpooled)]
    return float(min(powers))


@pytest.mark.parametrize(
    ("name", "lift"),
    [("too-small-a-sample", 0.0045), ("mde-by-the-shortcut", 0.0024)],
)
def test_true_improvements_that_are_missed(name: str, lift: float) -> None:
    plan = plan_of(f"rejected/{name}.yaml")
    reduction = plan["statistics"].get("variance_reduction") or {}
    power = two_rates(0.12, lift, plan["sample_size_per_variant"], reduction.get("correlation", 0.0))
    (figure, tally), *_ = drawings(memo(case_of(f"rejected/{name}.yaml")))
    assert isinstance(tally, Tally)
    (share,) = tally.shares
    assert (share.marked, share.of) == (round(20 * (1 - power)), 20)
    said = re.search(r"\(([\d.]+) %\)", figure.says)
    assert said
    assert float(said[1]) == pytest.approx(100 * (1 - power), abs=0.15)


def test_the_best_of_several_segments() -> None:
    (_, tally), *_ = drawings(memo(case_of("rejected/cherry-picked-segments.yaml")))
    assert isinstance(tally, Tally)
    assert [share.marked for share in tally.shares] == [round(40 * (1 - 0.975**5)), 1]


def test_planned_looks_are_counted_at_their_days() -> None:
    (figure, tally), *_ = drawings(memo(case_of("rejected/three-looks.yaml")))
    often = first_wins([5 / 14, 9 / 14, 1.0])
    assert isinstance(tally, Tally)
    assert [share.marked for share in tally.shares] == [round(40 * often), 1]
    assert f"1 in {round(1 / often)} changes that do nothing look like wins" in figure.says


def test_a_hair_trigger_withdraws_as_many_harmless_launches_as_its_finding_says() -> None:
    page = memo(case_of("rejected/ml/hair-trigger.yaml"))
    tally = next(each for _, each in drawings(page) if isinstance(each, Tally))
    said = re.search(r"roll back ([\d.]+) % of harmless", told(page))
    assert said
    assert tally.shares[0].marked == round(40 * float(said[1]) / 100)
    assert tally.shares[1].marked == 2, "5 % of 40"


@pytest.mark.parametrize(
    ("name", "has", "asked"),
    [
        ("loose-margin", 0.031 * 0.25, 0.031 * 0.10),
        ("no-holdout", 0.0, 0.05),
        ("ramp-before-readout", 0.7, 0.45),
        ("one-day-stages", 18.0, 48.0),
    ],
)
def test_lengths_are_the_plans_and_the_policys(name: str, has: float, asked: float) -> None:
    lengths = next(
        each for _, each in drawings(memo(case_of(f"rejected/{name}.yaml"))) if isinstance(each, Lengths)
    )
    assert [row.value for row in lengths.rows] == pytest.approx([has, asked])
