"""Chances and amounts on the memo's pages, computed again: by simulation, by hand from the plan, or by scipy.

Nothing here calls what the pages call, and egp.stats not at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import sqrt

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from egp.output.page.model import Page
from egp.pages.memo.page import memo
from egp.plan.picture import Drawing, Lengths, Tally

from .cases import EXAMPLES, HARMLESS_CHANGE, case_of, case_of_text, changed_case
from .test_arguments import drawings, plan_of, told, two_rates

Z_ONE = float(norm.isf(0.05))
DRAWS = 400_000


def page_of(name: str) -> Page:
    return memo(case_of(f"rejected/{name}.yaml"))


def drawing_of(page: Page, title: str) -> Drawing:
    return next(drawing for figure, drawing in drawings(page) if figure.title == title)


def ever_beyond(days: range, bound: float, paths: int = 100_000) -> float:
    """How many harmless launches are beyond the bound on some day, by the units of all days until then."""
    random = np.random.default_rng(20230911)
    total = random.normal(0.0, sqrt(days.start - 1), size=paths) if days.start > 1 else np.zeros(paths)
    is_out = np.zeros(paths, dtype=bool)
    for day in days:
        total += random.normal(size=paths)
        is_out |= total / sqrt(day) >= bound
    return float(is_out.mean())


def test_a_hair_trigger_rolls_back_as_many_simulated_launches() -> None:
    """90 % certainty of any harm, daily. By hand of the plan: 2.7 M units in 14 days, of which 200,000 in either variant are
    reached on the third day of the test (45 %), and on day 21 of the 76 in which 5 % stay in control; no other stage does."""
    page = page_of("ml/hair-trigger")
    daily = 2_700_000 / 14
    in_test, at_last = (int(np.ceil(200_000 / (daily * share))) for share in (0.45, 0.05))
    assert (in_test, at_last) == (3, 21)
    assert all(daily * share * days < 200_000 for share, days in ((0.10, 5), (0.40, 2), (0.20, 3)))
    bound = float(norm.isf(0.10))
    alone = [ever_beyond(range(in_test, 15), bound), ever_beyond(range(at_last, 77), bound)]
    often = 1 - (1 - alone[0]) * (1 - alone[1])
    said = re.search(
        r"would roll back ([\d.]+) % of harmless experiments .*? (\d+) daily evaluations", told(page)
    )
    assert said
    assert float(said[1]) == pytest.approx(100 * often, abs=0.6)
    assert int(said[2]) == (14 - in_test + 1) + (76 - at_last + 1)
    tally = drawing_of(page, "Harmless launches")
    assert isinstance(tally, Tally)
    assert [share.marked for share in tally.shares] == [round(40 * often), 2]


def ruled_out(mean: float, spread: float, units: float, margin: float, *, is_share: bool) -> np.ndarray:
    """Of simulated launches without harm those whose one-sided interval lies below the margin: of control where it is a
    share, else absolute."""
    random = np.random.default_rng(hash((mean, units)) % 2**32)
    control, treated = random.normal(mean, spread / sqrt(units), size=(2, DRAWS))
    ratio = 1 + margin if is_share else 1.0
    error = spread * sqrt((1 + ratio**2) / units)
    beyond = treated - ratio * control - (0.0 if is_share else margin)
    return beyond / error < -Z_ONE  # type: ignore[no-any-return]


def of_rate(rate: float) -> tuple[float, float]:
    return rate, sqrt(rate * (1 - rate))


def test_guardrails_hold_as_many_simulated_launches() -> None:
    """With more units than the example has, so that each is sure enough and all of them are not."""
    units = 84_000
    text = (EXAMPLES / "rejected/ship-on-day-five.yaml").read_text(encoding="utf-8")
    page = memo(case_of_text(text.replace("149_000", "190_000").replace("67_000", "84_000")))
    of = {"refund_rate": of_rate(0.031), "cs_contacts": (0.042, 0.21), "p95_page_load": (1.9, 5.2)}
    margins = {"refund_rate": 0.08, "cs_contacts": 0.07, "p95_page_load": 0.04}
    passed = {name: ruled_out(*of[name], units, margins[name], is_share=True) for name in of}
    tally = drawing_of(page, "40 harmless launches")
    assert isinstance(tally, Tally)
    for (name, each), share in zip(passed.items(), tally.shares, strict=True):
        said = re.search(
            rf"{name}: of a harmless launch the readout rules out \d+ % of harm with ([\d.]+) % power",
            told(page),
        )
        assert said
        assert float(said[1]) == pytest.approx(100 * each.mean(), abs=0.5)
        assert share.marked == round(40 * (1 - each.mean()))
    together = np.logical_and.reduce(list(passed.values())).mean()
    said = re.search(
        r"\(([\d.]+) % power to rule out their margins together, if they are independent; ([\d.]+) % at least if they are not\)",
        told(page),
    )
    assert said
    assert float(said[1]) == pytest.approx(100 * together, abs=0.7)
    # As dependent as can be: no launch is held by two of them.
    least = 1 - sum(1 - each.mean() for each in passed.values())
    assert float(said[2]) == pytest.approx(100 * least, abs=0.7)
    assert least < together


def test_launches_that_the_plans_own_rule_turns_down() -> None:
    """It ships with a lift of 1.8 % of control, where 1.8 % is the truth; an interval above 0.5 %; and every guardrail."""
    page = page_of("ml/ships-half-of-the-true-ones")
    units, mean, spread = 1_200_000, 0.85, 3.23
    random = np.random.default_rng(1)
    control, treated = random.normal(0.0, spread / sqrt(units), size=(2, DRAWS))
    control, treated = control + mean, treated + mean * 1.018
    lifted = treated >= 1.018 * control
    clear = (treated - 1.005 * control) / (spread * sqrt((1 + 1.005**2) / units)) > norm.isf(0.025)
    matured = units * 11 / 14
    guarded: Mapping[str, np.ndarray] = {
        "precision": ruled_out(-0.38, 0.24, units, -0.01, is_share=True),
        "new users": ruled_out(-0.36, 0.25, 0.2 * units, -0.02, is_share=True),
        "calibration": ruled_out(0.018, 0.05, units, 0.05, is_share=True),
        "complaints": ruled_out(*of_rate(0.004), matured, 0.0005, is_share=False),
        "returns": ruled_out(*of_rate(0.022), matured, 0.0010, is_share=False),
        "latency": ruled_out(0.225, 0.9, units, 0.05, is_share=True),
        "availability": ruled_out(*of_rate(0.0005), units, 0.0002, is_share=False),
        "cost": ruled_out(1.2, 0.6, units, 0.05, is_share=True),
    }
    ships = np.logical_and.reduce([lifted, clear, *guarded.values()]).mean()
    said = re.search(
        r"at most half of the time \(50 %\), ([\d.]+) % with every guardrail passing", told(page)
    )
    turned_down = re.search(r"turns 1 in 2 of them down \(([\d.]+) %\)", told(page))
    assert said
    assert turned_down
    assert float(said[1]) == pytest.approx(100 * ships, abs=0.3)
    assert float(turned_down[1]) == pytest.approx(100 * (1 - ships), abs=0.3)
    tally = drawing_of(page, "20 true improvements")
    assert isinstance(tally, Tally)
    assert [share.marked for share in tally.shares] == [round(20 * (1 - ships))]


BUY_NOW = "experiments/pdp-buy-now.yaml"


def reachable(**counts: str) -> Page:
    """The memo of the Buy Now button, of which 147,000 units per variant are declared, with other counts of units."""
    said = ", ".join(f"{key}: {value}" for key, value in counts.items())
    (line,) = (
        each
        for each in (EXAMPLES / BUY_NOW).read_text("utf-8").splitlines()
        if each.startswith("eligible_units:")
    )
    return memo(
        changed_case(BUY_NOW, {line: f'eligible_units: {{{said}, source: "28 days", as_of: 2023-01-10}}'})
    )


@pytest.mark.parametrize(
    "counted", [{"per_day": "41_000"}, {"distinct_over_run": "574_000", "per_day": "41_000"}]
)
def test_days_that_were_added_up_leave_open_how_many_units_come(counted: dict[str, str]) -> None:
    """From the same users every day to nobody who comes twice: 41,000 or 14 times as many, 90 % exposed, half in either variant."""
    page = reachable(**counted)
    lengths = drawing_of(page, "Units per variant that may come")
    assert isinstance(lengths, Lengths)
    assert [(row.name, row.value, row.mark) for row in lengths.rows] == [
        ("if the same users come every day", 18_450, "plain"),
        ("declared", 147_000, "marked"),
        ("if nobody comes twice", 258_300, "plain"),
    ]
    assert "By the count of one day 18,450 to 258,300 units come per variant." in told(page)


def test_a_run_that_has_fewer_users_than_one_of_its_days() -> None:
    """What is no count of distinct users says nothing of units that are missing."""
    page = reachable(distinct_over_run="34_000", per_day="41_000")
    lengths = drawing_of(page, "Distinct users")
    assert isinstance(lengths, Lengths)
    assert [(row.name, row.value) for row in lengths.rows] == [
        ("over the run", 34_000),
        ("on one day", 41_000),
    ]
    assert "15,300 units that come per variant" not in told(page)


def test_units_that_do_not_come_are_shown_where_the_test_has_its_power_without_them() -> None:
    """322,000 of whom 90 % are exposed and half are in a variant: 2,100 short, and 99 % power."""
    page = reachable(distinct_over_run="322_000", per_day="41_000")
    lengths = drawing_of(page, "Units per variant")
    assert isinstance(lengths, Lengths)
    assert [(row.name, row.value) for row in lengths.rows] == [("will come", 144_900), ("declared", 147_000)]
    assert "2,100 units per variant are declared that never come" in told(page)


def test_units_that_do_not_come_are_shown_as_what_they_miss_where_power_is_lost() -> None:
    page = reachable(distinct_over_run="200_000", per_day="41_000")
    error = sqrt(2 * 0.12 * 0.88 / 90_000) * sqrt(1 - 0.5**2)
    lost = float(norm.cdf(norm.isf(0.025) - 0.0045 / error))
    tally = drawing_of(page, "20 true improvements")
    assert isinstance(tally, Tally)
    assert [share.marked for share in tally.shares] == [round(20 * lost)]


def test_a_sample_that_rules_out_harm_too_seldom() -> None:
    """What a non-inferiority plan finds is a change without harm, and what it misses one that stays as it is."""
    page = memo(changed_case("experiments/pdp-buy-now.yaml", HARMLESS_CHANGE))
    spread = sqrt(0.12 * 0.88 * (1 - 0.5**2))
    error = spread * sqrt((1 + 0.98**2) / 147_000)
    power = float(norm.cdf(0.02 * 0.12 / error - norm.isf(0.025)))
    tally = drawing_of(page, "20 changes that do no harm")
    assert isinstance(tally, Tally)
    assert [share.marked for share in tally.shares] == [round(20 * (1 - power))]
    said = told(page)
    missed = re.search(r"is missed \(([\d.]+) %\), and dropped as if it harmed by 2 %", said)
    found = re.search(r"a change that does no harm is shown to stay within 2 % with ([\d.]+) % power", said)
    assert missed
    assert found
    assert float(missed[1]) == pytest.approx(100 * (1 - power), abs=0.4)
    assert float(found[1]) == pytest.approx(100 * power, abs=1)
    assert "None" not in said.split()
    assert "lift by" not in said
    assert "improvements" not in said


def test_where_less_is_better_a_change_lowers() -> None:
    page = memo(
        changed_case(
            "rejected/too-small-a-sample.yaml",
            {"  direction: increase\n  baseline: 12%": "  direction: decrease\n  baseline: 12%"},
        )
    )
    assert "changes that truly lower by" in told(page)


def test_a_canary_breaks_for_its_share_of_a_day() -> None:
    page = page_of("ml/wide-canary")
    lengths = drawing_of(page, "Treated if it breaks")
    assert isinstance(lengths, Lengths)
    daily = 460_000
    assert [row.value for row in lengths.rows] == pytest.approx([0.5, 0.1])
    assert [row.words for row in lengths.rows] == [f"{daily * share:,.0f} a day" for share in (0.5, 0.1)]
    assert "it breaks for 230,000 units a day; a canary of 10 % risks 46,000" in told(page)


def units_for(power: float, lift: float, alpha: float, correlation: float) -> float:
    return float(brentq(lambda units: two_rates(0.12, lift, units, correlation, alpha) - power, 10, 1e7))


def test_an_oversized_sample_stands_beside_what_the_mde_takes() -> None:
    page = memo(
        changed_case(
            "experiments/pdp-buy-now.yaml",
            {"mde: 45bps": "mde: 6pp", "target: 30bps": "target: 6pp"},
        )
    )
    lengths = drawing_of(page, "Units per variant")
    assert isinstance(lengths, Lengths)
    needed = units_for(0.95, 0.06, 0.05, 0.5)
    assert [row.value for row in lengths.rows] == [147_000, pytest.approx(needed, abs=2)]


def test_several_tests_take_more_units_or_win_by_chance() -> None:
    said = re.search(
        r"takes ([\d,]+) units per variant where one test takes ([\d,]+)", told(page_of("two-primaries"))
    )
    assert said
    lift = (
        0.01
        * float(plan_of("rejected/two-primaries.yaml")["primary_metric"]["mde"].removesuffix("bps"))
        / 100
    )
    correlation = plan_of("rejected/two-primaries.yaml")["statistics"]["variance_reduction"]["correlation"]
    expected = [units_for(0.95, lift, alpha, correlation) for alpha in (0.025, 0.05)]
    assert [float(each.replace(",", "")) for each in said.groups()] == pytest.approx(expected, rel=0.003)


def test_the_best_of_several_treatments_wins_by_chance() -> None:
    """Up to as many as independent tests; those that share a control win less often together."""
    (_, tally), *_ = drawings(page_of("unapproved-sub-variant"))
    assert isinstance(tally, Tally)
    random = np.random.default_rng(2)
    control, *treated = random.normal(size=(3, DRAWS))
    bound = norm.isf(0.025)
    sharing = np.any([(each - control) / sqrt(2) >= bound for each in treated], axis=0).mean()
    apart = np.any([each >= bound for each in treated], axis=0).mean()
    assert sharing < apart
    assert [share.marked for share in tally.shares] == [round(40 * apart), 1]
