"""The answer to a question: size, smallest effect or power of the registered test."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from egp import stats
from egp.plan.analysis.design import Design, Sequence, priced_power
from egp.plan.power.question import DEFAULT_POWER, PowerError, PowerQuestion, Solved, power_of_test
from egp.stats.planning import Direction

T = TypeVar("T")

MINIMUM_DAYS = 14
"""Two whole weeks: every weekday twice."""

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
class PowerAnswer:
    """A consistent set of size, effect and power, one of which was requested."""

    question: PowerQuestion
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
        """Power that sizes are compared at: the one requested, or 95 % where power was the question."""
        if self.solved != "power":
            return self.power
        return power_of_test(self.question, DEFAULT_POWER)


def whole_weeks(days: float) -> int:
    """The least number of whole weeks, two at least, that covers the days."""
    return max(MINIMUM_DAYS, 7 * math.ceil(days / 7 - 1e-9))


def _whole(units: float) -> int:
    # A size that was solved for and fed back must not gain a unit by the last digit.
    return math.ceil(units * (1 - 1e-12))


def answered(question: PowerQuestion) -> PowerAnswer:
    """Solves the question. Raises PowerError naming the option to change."""
    return _in_options(question, lambda: _solve(question))


def _solve(question: PowerQuestion) -> PowerAnswer:
    design = design_of(question)
    units, distance = question.given_units, _distance(question)
    if question.power is None:
        assert units is not None
        assert distance is not None
        return PowerAnswer(question, design, units, distance, design.power(distance, units))
    power = power_of_test(question, question.power)
    if distance is None:
        assert units is not None
        distance = design.detectable(power, units)
    else:
        units = design.units(distance, power)
    return PowerAnswer(question, design, units, distance, power)


def _distance(question: PowerQuestion) -> float | None:
    return None if question.change is None else question.change.absolute(question.baseline.value)


def design_of(question: PowerQuestion) -> Design:
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
        relative=_is_relative(question),
        variance="score" if question.correlation is None and question.clusters is None else "unpooled",
    )
    return Design(test, control / min(question.weights), question.direction, _sequence(question))


def _margin(question: PowerQuestion) -> float | None:
    """The margin; where it is requested any possible one, since only having one makes the test what it is."""
    if not question.non_inferiority:
        return None
    given = _distance(question)
    if given is not None:
        return given
    if question.kind != "proportion":
        return 1.0
    stats.PlannedTest("proportion", question.baseline.value)
    return 0.5 * min(question.baseline.value, 1 - question.baseline.value)


def _is_relative(question: PowerQuestion) -> bool:
    """Whether the margin is one of the control that will be observed."""
    change = question.change
    return question.non_inferiority and change is not None and change.relative and question.baseline.value > 0


def comparison_alpha(question: PowerQuestion) -> float:
    """Level of one comparison. Dunnett's treatments correlate as the smallest with itself, the least of all."""
    ratio = min(question.weights[1:]) / question.weights[0]
    return stats.corrected_alpha(
        question.alpha, question.treatments, question.correction, question.sides, rho=ratio / (1 + ratio)
    )


def cuped_factor(question: PowerQuestion) -> float:
    return 1.0 if question.correlation is None else stats.cuped_factor(question.correlation)


def design_effect(question: PowerQuestion) -> float:
    return 1.0 if question.clusters is None else stats.design_effect(*question.clusters)


def _sequence(question: PowerQuestion) -> Sequence | None:
    if question.always_valid:
        return Sequence(None)
    if question.spending is None or question.looks is None:
        return None
    return Sequence(question.spending, question.looks, question.gamma)


def _in_options(question: PowerQuestion, solve: Callable[[], T]) -> T:
    try:
        return solve()
    except stats.StatisticsInputError as error:
        option = _option(question, error.parameter)
        raise PowerError(f"{option}: {error.problem}", error.advice) from None
    except ArithmeticError:
        raise PowerError(
            "a number is too small or too large to compute with", "write values that a metric can have"
        ) from None


def _option(question: PowerQuestion, parameter: str) -> str:
    if parameter in ("control_units", "n_control", "units"):
        return "--days" if question.days is not None else "--units"
    if parameter in ("effect", "p_treatment", "delta"):
        return question.effect_option
    return _OPTION_OF_PARAMETER.get(parameter, parameter)


def naive_type1(question: PowerQuestion) -> float | None:
    """Type I error of looks that each test at the full level; None where looks are one, or corrected."""
    if question.looks is None or question.spending is not None or len(question.looks) == 1:
        return None
    return stats.repeated_looks_type1(comparison_alpha(question), question.looks, question.sides)


def family_error(question: PowerQuestion) -> float | None:
    """Chance of an effect that is not there among several uncorrected treatments; None where there is one, or a correction."""
    if question.treatments == 1 or question.correction != "none":
        return None
    ratio = min(question.weights[1:]) / question.weights[0]
    rho = ratio / (1 + ratio)
    return stats.any_guardrail_false_alarm(question.treatments, question.alpha, question.sides, rho)


Distribution = Literal["normal", "noncentral_t"]


def distribution(answer: PowerAnswer) -> Distribution:
    """Whether the exact t distribution was used for this size."""
    ratio = answer.design.test.ratio
    control = answer.units * answer.design.control_per_smallest / answer.design.inflation(_clamped(answer))
    small = control * (1 + ratio) - 2 < stats.EXACT_T_BELOW_DF
    return "noncentral_t" if answer.question.kind == "mean" and small else "normal"


def _clamped(answer: PowerAnswer) -> float:
    return priced_power(answer.power, answer.design.test.alpha)


def inflation(answer: PowerAnswer) -> float:
    """Price of the looks at the answer's power."""
    return answer.design.inflation(_clamped(answer))
