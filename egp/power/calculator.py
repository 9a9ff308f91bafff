"""The answer to a question: size, smallest effect or power of the registered test.

A sequential design needs `inflation` times the units of a single look. That factor depends on the power, so the
power of a given size is where the two agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from egp import stats
from egp.power.question import DEFAULT_POWER, PowerError, Question, Solved, power_of_test
from egp.stats.planning import Direction

T = TypeVar("T")

MINIMUM_DAYS = 14
"""Two whole weeks: every weekday twice."""

_ALMOST_SURE = 1 - 1e-9
_AGREEMENT = 1e-13
_SETTLED = 1e-7
_ROUNDS = 20

_OPTION_OF_PARAMETER = {
    "alpha": "--alpha",
    "baseline": "--baseline",
    "comparisons": "--weights",
    "correction": "--correction",
    "correlation": "--correlation",
    "cv_cluster_size": "--clusters",
    "gamma": "--gamma",
    "guardrails": "--guardrails",
    "icc": "--clusters",
    "information": "--looks",
    "looks": "--looks",
    "margin": "--margin",
    "mean_cluster_size": "--clusters",
    "overall_power": "--power",
    "power": "--power",
    "ratio": "--weights",
    "std_dev": "--std-dev",
    "weights": "--weights",
}


@dataclass(frozen=True, slots=True)
class Sequence:
    """How a sequential design spends its alpha; without a spending function at every moment."""

    spending: str | None
    looks: tuple[float, ...] = ()
    gamma: float | None = None

    def inflation(self, alpha: float, power: float, sides: int) -> float:
        if self.spending is None:
            return stats.always_valid_inflation(alpha, power, sides)
        return stats.group_sequential_inflation(self.spending, alpha, self.looks, power, sides, self.gamma)

    def boundaries(self, alpha: float, sides: int) -> list[float]:
        if self.spending is None:
            return []
        return stats.spending_boundaries(self.spending, alpha, self.looks, sides, self.gamma)

    def first_guess(self, alpha: float, sides: int, power_of_one_look: float) -> float:
        """The power of the looks together, as if the variance were the same with and without an effect."""
        if self.spending is None:
            return power_of_one_look
        drift = stats.z_upper(alpha / sides) - stats.z_upper(power_of_one_look)
        bounds = self.boundaries(alpha, sides)
        return stats.sequential_characteristics(bounds, self.looks, drift, sides).power


@dataclass(frozen=True, slots=True)
class Design:
    """One registered test with its split and its looks. Units are those of the smallest variant."""

    test: stats.PlannedTest
    control_per_smallest: float
    direction: Direction
    sequence: Sequence | None = None

    def inflation(self, power: float) -> float:
        """How many times the units of a single look the looks take."""
        if self.sequence is None:
            return 1.0
        return self.sequence.inflation(self.test.alpha, power, self.test.sides)

    def units(self, distance: float, power: float) -> float:
        """Units that find an effect of this size, or rule out the margin."""
        if self.test.margin is not None:
            needed = stats.required_units(replace(self.test, margin=distance), 0.0, power)
        else:
            needed = stats.required_units(self.test, self._signed(distance), power)
        return needed.control / self.control_per_smallest * self.inflation(power)

    def power(self, distance: float, units: float) -> float:
        """Power at this size for an effect of this size, or to rule out a margin of this size."""
        one_look = self._one_look_power(distance, units)
        if self.sequence is None:
            return one_look
        alpha, sides = self.test.alpha, self.test.sides
        guess = self.sequence.first_guess(alpha, sides, _between(one_look, alpha))

        def agreeing(power: float) -> float:
            return self._one_look_power(distance, units / self.inflation(_between(power, alpha)))

        return _fixed_point(agreeing, guess)

    def _one_look_power(self, distance: float, units: float) -> float:
        control = units * self.control_per_smallest
        if self.test.margin is not None:
            return stats.achieved_power(replace(self.test, margin=distance), 0.0, control)
        return stats.achieved_power(self.test, self._signed(distance), control)

    def detectable(self, power: float, units: float) -> float:
        """Smallest effect that is found, or smallest margin that is ruled out."""
        control = units * self.control_per_smallest / self.inflation(power)
        if self.test.margin is not None:
            return stats.detectable_margin(self.test, power, control)
        return stats.detectable_effect(self.test, power, control, self.direction)

    def _signed(self, distance: float) -> float:
        return distance if self.direction == "increase" else -distance


def _fixed_point(function: Callable[[float], float], start: float) -> float:
    """Where a slowly varying function of a power returns it (Steffensen's iteration)."""
    for _ in range(_ROUNDS):
        once = function(start)
        twice = function(once)
        bend = twice - 2 * once + start
        if abs(bend) <= _AGREEMENT:
            return twice
        extrapolated = twice - (twice - once) ** 2 / bend
        # The extrapolation is good to a small part of what it moves.
        if abs(extrapolated - twice) <= _SETTLED:
            return extrapolated
        start = extrapolated
    return start


def _between(power: float, alpha: float) -> float:
    """A power for which the price of looking can be computed: above alpha, and not sure."""
    return min(max(power, 1.05 * alpha), _ALMOST_SURE)


@dataclass(frozen=True, slots=True)
class Answer:
    """A consistent set of size, effect and power, one of which was asked for."""

    question: Question
    design: Design
    units: float
    """Real-valued, of the smallest variant."""
    distance: float
    """The effect found or the margin ruled out: absolute, positive, in the metric's unit."""
    power: float
    """Of this one test."""

    @property
    def solved(self) -> Solved:
        return self.question.solved

    @property
    def units_per_variant(self) -> tuple[int, ...]:
        """Whole units of every variant, each rounded up by itself."""
        smallest = min(self.question.weights)
        return tuple(_whole(self.units * weight / smallest) for weight in self.question.weights)

    @property
    def days(self) -> float | None:
        """Days until the units are there, not rounded; None without a rate."""
        per_day = self.question.smallest_per_day
        return None if per_day is None else self.units / per_day

    @property
    def days_to_run(self) -> int | None:
        """Whole weeks, two at least."""
        return None if self.days is None else whole_weeks(self.days)

    @property
    def decision_power(self) -> float:
        """Least chance that this test and every guardrail pass, each having the power of this test."""
        if self.question.power_scope == "primary":
            return self.power
        return max(0.0, 1 - (self.question.guardrails + 1) * (1 - self.power))

    @property
    def planned_power(self) -> float:
        """Power that sizes are compared at: the one asked for, or 95 % where power was the question."""
        if self.solved != "power":
            return self.power
        return power_of_test(self.question, DEFAULT_POWER)


def whole_weeks(days: float) -> int:
    """The least number of whole weeks, two at least, that covers the days."""
    return max(MINIMUM_DAYS, 7 * math.ceil(days / 7 - 1e-9))


def _whole(units: float) -> int:
    # A size that was solved for and fed back must not gain a unit by the last digit.
    return math.ceil(units * (1 - 1e-12))


def answered(question: Question) -> Answer:
    """Solves the question. Raises PowerError naming the option to change."""
    return _in_options(question, lambda: _solve(question))


def _solve(question: Question) -> Answer:
    design = design_of(question)
    units, distance = question.given_units, _distance(question)
    if question.power is None:
        assert units is not None
        assert distance is not None
        return Answer(question, design, units, distance, design.power(distance, units))
    power = power_of_test(question, question.power)
    if distance is None:
        assert units is not None
        distance = design.detectable(power, units)
    else:
        units = design.units(distance, power)
    return Answer(question, design, units, distance, power)


def _distance(question: Question) -> float | None:
    return None if question.change is None else question.change.absolute(question.baseline.value)


def design_of(question: Question) -> Design:
    """The registered test. Raises StatisticsInputError."""
    control, smallest = question.weights[0], min(question.weights[1:])
    harm: Direction = "decrease" if question.direction == "increase" else "increase"
    test = stats.PlannedTest(
        kind=question.kind,
        baseline=question.baseline.value,
        std_dev=None if question.std_dev is None else question.std_dev.value,
        alpha=comparison_alpha(question),
        sides=question.sides,
        margin=_margin(question),
        harm=harm,
        ratio=smallest / control,
        variance_factor=cuped_factor(question) * design_effect(question),
    )
    return Design(test, control / min(question.weights), question.direction, _sequence(question))


def _margin(question: Question) -> float | None:
    """The margin; where it is asked for any possible one, since only having one makes the test what it is."""
    if not question.non_inferiority:
        return None
    given = _distance(question)
    if given is not None:
        return given
    if question.kind != "proportion":
        return 1.0
    stats.PlannedTest("proportion", question.baseline.value)
    return 0.5 * min(question.baseline.value, 1 - question.baseline.value)


def comparison_alpha(question: Question) -> float:
    """Level of one comparison. Dunnett's treatments correlate as the smallest with itself, the least of all."""
    ratio = min(question.weights[1:]) / question.weights[0]
    return stats.corrected_alpha(
        question.alpha, question.treatments, question.correction, question.sides, rho=ratio / (1 + ratio)
    )


def cuped_factor(question: Question) -> float:
    return 1.0 if question.correlation is None else stats.cuped_factor(question.correlation)


def design_effect(question: Question) -> float:
    return 1.0 if question.clusters is None else stats.design_effect(*question.clusters)


def _sequence(question: Question) -> Sequence | None:
    if question.always_valid:
        return Sequence(None)
    if question.spending is None or question.looks is None:
        return None
    return Sequence(question.spending, question.looks, question.gamma)


def _in_options(question: Question, solve: Callable[[], T]) -> T:
    try:
        return solve()
    except stats.StatisticsInputError as error:
        option = _option(question, error.parameter)
        raise PowerError(f"{option}: {error.problem}", error.advice) from None
    except ArithmeticError:
        raise PowerError(
            "a number is too small or too large to compute with", "write values that a metric can have"
        ) from None


def _option(question: Question, parameter: str) -> str:
    if parameter in ("control_units", "n_control", "units"):
        return "--days" if question.days is not None else "--units"
    if parameter in ("effect", "p_treatment", "delta"):
        return question.effect_option
    return _OPTION_OF_PARAMETER.get(parameter, parameter)


def naive_type1(question: Question) -> float | None:
    """Type I error of looks that each test at the full level; None where looks are one, or corrected."""
    if question.looks is None or question.spending is not None or len(question.looks) == 1:
        return None
    return stats.repeated_looks_type1(comparison_alpha(question), question.looks, question.sides)


def family_error(question: Question) -> float | None:
    """Chance of an effect that is not there among several uncorrected treatments; None where there is one, or a correction."""
    if question.treatments == 1 or question.correction != "none":
        return None
    ratio = min(question.weights[1:]) / question.weights[0]
    rho = ratio / (1 + ratio)
    return stats.any_guardrail_false_alarm(question.treatments, question.alpha, question.sides, rho)


Distribution = Literal["normal", "noncentral_t"]


def distribution(answer: Answer) -> Distribution:
    """Whether the exact t distribution was used for this size."""
    ratio = answer.design.test.ratio
    control = answer.units * answer.design.control_per_smallest / answer.design.inflation(_clamped(answer))
    small = control * (1 + ratio) - 2 < stats.EXACT_T_BELOW_DF
    return "noncentral_t" if answer.question.kind == "mean" and small else "normal"


def _clamped(answer: Answer) -> float:
    return _between(answer.power, answer.design.test.alpha)


def inflation(answer: Answer) -> float:
    """Price of the looks at the answer's power."""
    return answer.design.inflation(_clamped(answer))
