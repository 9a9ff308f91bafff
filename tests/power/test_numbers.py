"""The calculator against the kernel, and for each kind against a source of its own."""

from __future__ import annotations

import math

import pytest
from scipy.stats import norm
from statsmodels.stats.power import NormalIndPower, TTestIndPower
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

from egp import stats
from egp.plan.power.calculator import PowerAnswer, naive_type1
from egp.plan.power.curve import curve
from egp.plan.power.mistakes import Mistake, mistakes, reach
from tests.power.asking import answer_to

PROPORTION = "--kind proportion --baseline 12%"
MEAN = "--kind mean --baseline 10 --std-dev 9"
RATIO = "--kind ratio --baseline 0.85USD --std-dev 3.23USD"
QUANTILE = "--kind quantile --baseline 1900ms --std-dev 5200ms"


def mistake(answer: PowerAnswer, id: str) -> Mistake:
    return next(each for each in mistakes(answer) if each.id == id)


def test_a_proportion_as_statsmodels_sizes_it() -> None:
    found = answer_to(f"{PROPORTION} --mde 30bps")
    expected = samplesize_proportions_2indep_onetail(0.003, 0.12, 0.95, ratio=1, alpha=0.05)
    assert found.units == pytest.approx(expected, rel=1e-7)


def test_a_small_mean_as_statsmodels_sizes_it() -> None:
    found = answer_to(f"{MEAN} --mde 50%")
    expected = TTestIndPower().solve_power(effect_size=5 / 9, alpha=0.05, power=0.95)
    assert found.units == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "standardised"),
    [(f"{RATIO} --mde 2%", 0.017 / 3.23), (f"{QUANTILE} --mde 40ms", 40 / 5200)],
)
def test_other_kinds_as_the_normal_distribution_sizes_them(arguments: str, standardised: float) -> None:
    expected = NormalIndPower().solve_power(effect_size=standardised, alpha=0.05, power=0.95)
    assert answer_to(arguments).units == pytest.approx(expected, rel=1e-6)


def test_a_margin_by_its_formula() -> None:
    found = answer_to("--kind mean --baseline 0.042 --std-dev 0.21 --margin 7% --power 80%")
    needed = (norm.isf(0.05) + norm.isf(0.2)) * 0.21 / (0.07 * 0.042)
    assert found.units == pytest.approx((1 + 0.93**2) * needed**2, rel=1e-9)
    absolute = answer_to("--kind mean --baseline 0.042 --std-dev 0.21 --margin 0.00294abs --power 80%")
    assert absolute.units == pytest.approx(2 * needed**2, rel=1e-9)
    assert found.question.sides == 1


def test_the_plan_of_the_design() -> None:
    assert answer_to(f"{PROPORTION} --mde 45bps --correlation 0.5").units_per_variant == (103_287, 103_287)
    assert answer_to(f"{PROPORTION} --mde 45bps").units_per_variant == (137_716, 137_716)


@pytest.mark.parametrize("asked", ["mde", "power", "units"])
@pytest.mark.parametrize("direction", ["increase", "decrease"])
def test_the_same_as_solve_for_one(asked: str, direction: str) -> None:
    sign = 1 if direction == "increase" else -1
    test = stats.PlannedTest("proportion", 0.12, ratio=0.25)
    given = {"mde": "--mde 30bps", "power": "", "units": "--units 50_000"}
    given[asked] = ""
    found = answer_to(f"{PROPORTION} --weights 80,20 --direction {direction} {' '.join(given.values())}")
    solution = stats.solve_for_one(
        test,
        effect=None if asked == "mde" else sign * 0.003,
        power=None if asked == "power" else 0.95,
        control_units=None if asked == "units" else 200_000,
        direction="increase" if sign > 0 else "decrease",
    )
    assert found.solved == asked
    assert found.units == pytest.approx(solution.control_units / 4, rel=1e-12)
    assert found.distance == pytest.approx(abs(solution.effect), rel=1e-12)
    assert found.power == pytest.approx(solution.power, rel=1e-12)


LOOKS = [
    "",
    "--looks 5 --spending obrien-fleming",
    "--looks 25%,50%,100% --spending pocock",
    "--always-valid",
]
TESTS = [
    f"{PROPORTION} --correlation 0.4",
    f"{MEAN} --weights 60,40 --sides one",
    f"{RATIO} --clusters 4.2,0.02,0.6",
    f"{QUANTILE} --weights 40,30,30 --correction dunnett",
    f"{PROPORTION} --guardrails 3 --power-scope decision",
]


@pytest.mark.parametrize("looks", LOOKS)
@pytest.mark.parametrize("test", TESTS)
def test_round_trip(test: str, looks: str) -> None:
    """A size solved for and fed back has the power and the MDE it was solved for, within a unit's worth."""
    sized = answer_to(f"{test} {looks} --mde 3% --power 90%")
    units = min(sized.units_per_variant)
    powered = answer_to(f"{test} {looks} --mde 3% --units {units}")
    assert sized.power <= powered.power + 1e-9
    assert powered.power == pytest.approx(sized.power, abs=2 / sized.units)
    assert sized.design.power(sized.distance, sized.units) == pytest.approx(sized.power, abs=1e-8)
    detected = answer_to(f"{test} {looks} --units {units} --power 90%")
    assert detected.distance == pytest.approx(sized.distance, rel=2 / sized.units)


@pytest.mark.parametrize("harm", ["increase", "decrease"])
def test_round_trip_of_a_margin(harm: str) -> None:
    good = "decrease" if harm == "increase" else "increase"
    test = f"--kind proportion --baseline 3.1% --direction {good} --weights 70,30"
    sized = answer_to(f"{test} --margin 24.8bps --power 80%")
    units = min(sized.units_per_variant)
    assert answer_to(f"{test} --margin 24.8bps --units {units}").power == pytest.approx(0.8, abs=1e-4)
    assert answer_to(f"{test} --margin --units {units} --power 80%").distance == pytest.approx(
        0.08 * 0.031, rel=1e-4
    )


def test_sequential_designs_cost_their_inflation() -> None:
    single = answer_to(f"{PROPORTION} --mde 30bps")
    looks = answer_to(f"{PROPORTION} --mde 30bps --looks 5 --spending obrien-fleming")
    assert looks.units / single.units == pytest.approx(
        stats.group_sequential_inflation("obrien_fleming", 0.05, 5, 0.95), rel=1e-12
    )
    assert answer_to(f"{PROPORTION} --mde 30bps --looks 5").units == single.units


def test_power_of_a_sequential_design_is_that_of_its_boundaries() -> None:
    found = answer_to(f"{QUANTILE} --mde 40ms --units 500k --looks 5 --spending pocock")
    drift = 40 / 5200 * math.sqrt(500_000 / 2)
    bounds = stats.spending_boundaries("pocock", 0.05, stats.information_fractions(5))
    assert found.power == pytest.approx(stats.sequential_characteristics(bounds, 5, drift).power, abs=1e-7)


def test_units_are_those_of_the_smallest_variant() -> None:
    found = answer_to(f"{PROPORTION} --mde 30bps --weights 50,30,20 --correction holm")
    test = stats.PlannedTest("proportion", 0.12, alpha=0.025, ratio=0.4)
    needed = stats.required_units(test, 0.003, 0.95)
    assert found.units == pytest.approx(needed.treatment, rel=1e-12)
    assert found.units_per_variant[0] == math.ceil(needed.control)


def test_control_may_be_the_smallest_variant() -> None:
    found = answer_to(f"{PROPORTION} --mde 30bps --weights 20,80")
    needed = stats.required_units(stats.PlannedTest("proportion", 0.12, ratio=4), 0.003, 0.95)
    assert found.units == pytest.approx(needed.control, rel=1e-12)


def test_days_count_all_variants() -> None:
    found = answer_to(f"{PROPORTION} --mde 30bps --weights 75,25 --per-day 20_000")
    assert found.days == pytest.approx(found.units / 5_000)
    assert found.days_to_run == 7 * math.ceil(found.units / 5_000 / 7)


@pytest.mark.parametrize(("days", "expected"), [("14", 70_000), ("4w", 140_000), ("36h", 7_500)])
def test_days_as_size(days: str, expected: int) -> None:
    assert answer_to(f"{PROPORTION} --days {days} --per-day 10_000").units == expected


def test_two_weeks_are_the_least() -> None:
    found = answer_to(f"{PROPORTION} --mde 3pp --per-day 20_000")
    assert found.days is not None
    assert found.days < 1
    assert found.days_to_run == 14


def test_relative_and_absolute_changes() -> None:
    absolute = answer_to(f"{PROPORTION} --mde 30bps")
    assert answer_to(f"{PROPORTION} --mde 2.5%").units == pytest.approx(absolute.units, rel=1e-9)
    assert answer_to(f"{PROPORTION} --mde 0.3pp").units == absolute.units


def test_the_decision_takes_its_share_of_beta() -> None:
    found = answer_to(f"{PROPORTION} --mde 45bps --guardrails 3 --power-scope decision")
    assert found.power == pytest.approx(0.9875)
    assert found.decision_power == pytest.approx(0.95)
    powered = answer_to(f"{PROPORTION} --mde 45bps --guardrails 3 --power-scope decision --units 150k")
    assert powered.decision_power == pytest.approx(1 - 4 * (1 - powered.power))


def test_the_shortcut_finds_half() -> None:
    found = mistake(answer_to(f"{PROPORTION} --units 140_000"), "shortcut")
    assert found.says == pytest.approx(stats.shortcut_mde(0.12, 140_000))
    assert found.delivers == pytest.approx(0.497, abs=0.002)
    sized = mistake(answer_to(f"{MEAN} --mde 2%"), "shortcut")
    assert sized.says == pytest.approx(2 * (norm.isf(0.025) * 9 / 0.2) ** 2)
    assert sized.delivers == pytest.approx(0.5, abs=1e-3)


def test_other_mistakes_say_what_they_would_have_said() -> None:
    question = f"{PROPORTION} --mde 30bps --weights 40,30,30 --correction bonferroni"
    answer = answer_to(question)
    assert mistake(answer, "power_80").says == pytest.approx(answer_to(f"{question} --power 80%").units)
    assert mistake(answer, "power_80").delivers == pytest.approx(0.8)
    assert mistake(answer, "one_sided").says == pytest.approx(answer_to(f"{question} --sides one").units)
    plain = answer_to(question.replace("bonferroni", "none"))
    assert mistake(answer, "no_correction").says == pytest.approx(plain.units)
    relative = answer_to(question.replace("30bps", "0.3%"))
    assert mistake(answer, "other_reading").says == pytest.approx(relative.units)
    wrong = mistake(answer, "no_correction")
    assert wrong.delivers == pytest.approx(answer.design.power(0.003, wrong.says))


def test_a_relative_change_may_be_taken_for_points() -> None:
    found = mistake(answer_to(f"{PROPORTION} --mde 2% --units 140_000"), "other_reading")
    assert found.says == pytest.approx(answer_to(f"{PROPORTION} --mde 2pp --units 140_000").power)
    assert found.delivers == pytest.approx(answer_to(f"{PROPORTION} --mde 2% --units 140_000").power)


@pytest.mark.parametrize("id", ["shortcut", "one_sided", "no_correction", "single_look", "primary_only"])
def test_mistakes_that_were_not_made_are_not_told(id: str) -> None:
    answer = answer_to(f"{PROPORTION} --margin 8%")
    assert id not in [each.id for each in mistakes(answer)]


def test_what_more_power_takes() -> None:
    short = answer_to(f"{PROPORTION} --mde 30bps --units 140_000")
    found = reach(short)
    assert found is not None
    assert found.units == pytest.approx(answer_to(f"{PROPORTION} --mde 30bps").units)
    assert found.distance == pytest.approx(answer_to(f"{PROPORTION} --units 140_000").distance)
    assert reach(answer_to(f"{PROPORTION} --mde 30bps --units 400_000")) is None
    assert reach(answer_to(f"{PROPORTION} --mde 30bps")) is None


@pytest.mark.parametrize(
    "size", ["--mde 30bps --per-day 20_000", "--units 40", "--units 5k", "--mde 3pp --per-day 90"]
)
def test_the_curve_falls_and_holds_the_answer(size: str) -> None:
    answer = answer_to(f"{PROPORTION} {size}")
    points = curve(answer)
    sizes, effects = [point.units for point in points], [point.distance or 1.0 for point in points]
    assert sizes == sorted(set(sizes))
    assert effects == sorted(effects, reverse=True)
    (own,) = [point for point in points if point.is_answer]
    assert own.units == answer.units
    assert own.distance == pytest.approx(answer.distance, rel=1e-9)


def test_the_curve_has_whole_weeks_and_the_minimum() -> None:
    points = curve(answer_to(f"{PROPORTION} --mde 5bps --per-day 20_000"))
    days = [point.days for point in points if not point.is_answer]
    assert 14 in days
    assert len(days) <= 10
    assert all(day is not None and day % 7 == 0 for day in days)


def test_looks_without_boundaries_inflate_the_error() -> None:
    found = naive_type1(answer_to(f"{PROPORTION} --mde 30bps --looks 5").question)
    assert found == pytest.approx(0.1417, abs=5e-5)
