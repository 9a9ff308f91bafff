"""The one error of the statistics kernel: an input for which the required number does not exist."""

from __future__ import annotations

import math
from typing import NoReturn


class StatisticsInputError(ValueError):
    """An impossible or unusable input.

    `parameter` names the argument as the function's signature spells it; `advice` says what to change.
    """

    def __init__(self, parameter: str, problem: str, advice: str) -> None:
        super().__init__(f"{parameter}: {problem}; {advice}")
        self.parameter = parameter
        self.problem = problem
        self.advice = advice

    def __reduce__(self) -> tuple[type[StatisticsInputError], tuple[str, str, str]]:
        return type(self), (self.parameter, self.problem, self.advice)


def reject(parameter: str, problem: str, advice: str) -> NoReturn:
    raise StatisticsInputError(parameter, problem, advice)


def input_error_of(error: StatisticsInputError | ArithmeticError) -> StatisticsInputError:
    """An overflow, or a division by what cannot be distinguished from 0, in the words of every other impossible input."""
    if isinstance(error, StatisticsInputError):
        return error
    return StatisticsInputError(
        "the plan's numbers",
        "one of them is too small or too large to compute with",
        "write what was measured",
    )


def require_finite(parameter: str, value: float) -> None:
    if not math.isfinite(value):
        reject(parameter, f"{value} is not a finite number", "give a finite number")


def require_positive(parameter: str, value: float) -> None:
    if not 0.0 < value < math.inf:
        reject(parameter, f"{value} is not a positive finite number", "give a number above 0")


def require_non_negative(parameter: str, value: float) -> None:
    if not 0.0 <= value < math.inf:
        reject(parameter, f"{value} is not a finite number of at least 0", "give 0 or more")


def require_share(parameter: str, value: float) -> None:
    """A number strictly between 0 and 1: a rate, an alpha, a power, a probability."""
    if not 0.0 < value < 1.0:
        reject(parameter, f"{value} is not strictly between 0 and 1", "give a share such as 0.05 for 5 %")


def require_correlation(parameter: str, value: float) -> None:
    if not 0.0 <= value < 1.0:
        reject(
            parameter, f"{value} is not in [0, 1)", "give a correlation from 0 up to, but not including, 1"
        )


def require_sides(sides: int) -> None:
    if sides not in (1, 2):
        reject("sides", f"{sides} is neither 1 nor 2", "say 1 (one-sided) or 2 (two-sided)")


def require_count(parameter: str, value: int, at_least: int = 1) -> None:
    if value != int(value) or value < at_least:
        reject(
            parameter,
            f"{value} is not a whole number of at least {at_least}",
            f"give a whole number from {at_least} up",
        )
