"""Whether sums can be sums of what they claim to be."""

from __future__ import annotations

from egp.plan.results import Row

CLUSTERED = "share of analysis units"
"""A proportion of units that are finer than the randomised ones: a ratio of successes and analysis units."""

ROUNDING = 1e-9
"""Relative error that sums of many floats may carry."""


def impossible_sum(row: Row, kind: str) -> tuple[str, str, str] | None:
    """(column, message, help) of the first sum that no units can have."""
    if kind == "quantile":
        return _impossible_value(row)
    if kind == "proportion":
        found = _impossible_share(row)
        if found:
            return found
    if kind == CLUSTERED:
        found = _impossible_successes(row)
        if found:
            return found
    for total, squares in PAIRS:
        found = _too_small(row, total, squares)
        if found:
            return found
    for cross, one, other in PRODUCTS:
        found = _too_correlated(row, cross, one, other)
        if found:
            return found
    return None


def _impossible_value(row: Row) -> tuple[str, str, str] | None:
    if row.units < 1:
        return "units", "0 units have no quantile", "leave the row out"
    if row.standard_error is not None and row.standard_error <= 0:
        return "standard_error", "it must be above 0", "give the standard error of the value"
    return None


def _impossible_share(row: Row) -> tuple[str, str, str] | None:
    conversions = row.sum or 0.0
    if not 0 <= conversions <= row.units or conversions != int(conversions):
        message = f"{conversions:.12g} of {row.units:,} units is no count of units that converted"
        return "sum", message, "give the number of units that did it at least once"
    if row.sum_squares != row.sum:
        message = (
            f"{row.sum_squares:.12g} differs from the sum, {conversions:.12g}; 0 and 1 are their own squares"
        )
        return "sum_squares", message, "leave it empty for a proportion, or count each unit once"
    return None


def _impossible_successes(row: Row) -> tuple[str, str, str] | None:
    """Successes are some of the analysis units, in all of the row and in each of its units."""
    successes, of = row.sum or 0.0, row.denominator_sum or 0.0
    if not 0 <= successes <= of:
        message = f"{successes:.12g} of {of:.12g} analysis units is no count of those that succeeded"
        return "sum", message, "give the number of analysis units that did it, such as sessions"
    least, cross = row.sum_squares or 0.0, row.cross_sum or 0.0
    if cross < least * (1 - ROUNDING):
        message = f"{cross:.12g} is less than {least:.12g}, the sum of the squared successes, which are no more than the units"
        return "cross_sum", message, "give the sum over randomised units of successes times analysis units"
    return None


def _too_small(row: Row, total: str, squares: str) -> tuple[str, str, str] | None:
    sum_, sum_squares = getattr(row, total), getattr(row, squares)
    if sum_ is None or sum_squares is None:
        return None
    if not row.units:
        if sum_ or sum_squares:
            return total if sum_ else squares, "0 units have a sum other than 0", "correct it, or `units`"
        return None
    least = sum_ * sum_ / row.units
    if sum_squares < least * (1 - ROUNDING):
        message = f"{sum_squares:.12g} is less than {least:.12g}, which {row.units:,} units with this {total} have at least"
        return squares, message, "give the sum of the squared values, one value for each unit"
    return None


PAIRS = (
    ("sum", "sum_squares"),
    ("denominator_sum", "denominator_sum_squares"),
    ("covariate_sum", "covariate_sum_squares"),
    ("covariate_denominator_sum", "covariate_denominator_sum_squares"),
)
"""Columns with sums, and those with the sums of the squares."""

PRODUCTS = (
    ("cross_sum", "sum", "denominator_sum"),
    ("covariate_cross_sum", "sum", "covariate_sum"),
    ("covariates_cross_sum", "covariate_sum", "covariate_denominator_sum"),
    ("covariate_denominator_cross_sum", "sum", "covariate_denominator_sum"),
    ("denominator_covariate_cross_sum", "denominator_sum", "covariate_sum"),
    ("denominators_cross_sum", "denominator_sum", "covariate_denominator_sum"),
)
"""Columns with sums of products, and what is multiplied in them."""


def _too_correlated(row: Row, cross: str, one: str, other: str) -> tuple[str, str, str] | None:
    product = getattr(row, cross)
    if product is None:
        return None
    sum_one, sum_other = getattr(row, one), getattr(row, other)
    if sum_one is None or sum_other is None:
        return None
    if not row.units:
        return (cross, "0 units have a sum other than 0", "correct it, or `units`") if product else None
    squares = [getattr(row, f"{name}_squares") or 0.0 for name in (one, other)]
    variances = [
        max(square - total * total / row.units, 0.0)
        for total, square in zip((sum_one, sum_other), squares, strict=True)
    ]
    covariance = product - sum_one * sum_other / row.units
    largest = variances[0] * variances[1] * (1 + ROUNDING) + ROUNDING * product * product
    if covariance * covariance > largest:
        return cross, "it means a correlation past 1", "give the sum of the products over the same units"
    return None
