"""The memo's charts with their equivalents in words and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp.advice.options.levers import policy_power
from egp.output.page import charts
from egp.output.page.model import Figure, Table
from egp.pages.memo.required_run import least_days
from egp.plan.analysis.by_day import at_most, planned_days, type_one_error, units_after
from egp.plan.analysis.registered import power_at, primary_effect, primary_test
from egp.plan.analysis.traffic import smallest_share
from egp.plan.wording import counted, one_in, percent, power_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from egp.advice.options.case import Case


_MOST_POINTS = 30
"""Of the curve over looks, each of whose points takes an integration as long as it has looks."""


def power_figure(case: Case, day: int | None = None) -> Figure:
    """Power of the primary's test against the days of the run. Raises NotChecked."""
    plan, last = case.plan, least_days(case)
    marked = day or planned_days(plan)
    effect, share = primary_effect(plan), smallest_share(plan)
    powers = {
        number: power_at(plan, effect, units_after(plan, number) * share)
        for number in range(1, max(last, marked) + 1)
    }
    asked = policy_power(case)
    metric = plan.primary_metric
    says = (
        f"With all units that come in {counted(marked, 'day')} the test finds an effect of {metric and metric.mde} with "
        f"{power_text(powers[marked])} power; {percent(asked)} is required."
    )
    shown = sorted({1, marked, planned_days(plan), last, *range(7, last + 1, 7)})
    rows = [(f"{number}", power_text(powers[number])) for number in shown if number in powers]
    chart = charts.power_by_days(list(powers.items()), (marked, powers[marked]), asked)
    numbers = Table(("day", "power"), rows, numeric=frozenset((0, 1)))
    return Figure("Power by days of the run", chart, says, numbers)


def looks_figure(case: Case, marked: Sequence[int], last: int) -> Figure:
    """Type I error against the number of looks in even steps. Raises NotChecked."""
    test = primary_test(case.plan)
    step = -(-last // _MOST_POINTS)
    drawn = sorted({1, *range(step, last + 1, step), *marked, last})
    points = [(looks, type_one_error(case.plan, looks)) for looks in drawn]
    errors = dict(points)
    rates = [
        f"{counted(looks, 'look')}: {at_most(case.plan)}{percent(errors[looks], 1)}, {one_in(errors[looks])}"
        for looks in marked
    ]
    rows = [(f"{looks}", percent(error, 1)) for looks, error in points if looks in marked or looks == 1]
    return Figure(
        "How often a change without any effect looks significant",
        charts.type_one_error_by_looks(points, list(marked), test.alpha),
        f"One planned look: {percent(test.alpha)}. Looks in even steps: {'; '.join(rates)}.",
        Table(("looks", "type I error"), rows, numeric=frozenset((0, 1))),
    )
