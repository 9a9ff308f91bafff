"""What it costs that a declared number is not the measured one: days of run, or power."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from egp.plan.analysis.by_day import days_that_bring, days_that_fill, days_to_run
from egp.plan.analysis.days import planned_days
from egp.plan.analysis.registered import (
    PRIMARY,
    guardrail_design,
    margin_of,
    planned_units,
    power_at,
    primary_at,
    primary_effect,
    required_power,
    required_smallest,
)
from egp.plan.analysis.traffic import smallest_share
from egp.plan.finding import NotChecked
from egp.plan.quantity import Measure
from egp.plan.typed_reader import TypedMapping, changed
from egp.plan.wording import counted, power_text, significant
from egp.stats import StatisticsInputError

if TYPE_CHECKING:
    from egp.plan.analysis.measured import Measured
    from egp.plan.experiment import Experiment
    from egp.yaml import Path

_DIGITS = 4
"""Of a number as it is written into a plan."""


def in_plan(value: float, unit: str) -> str:
    """A measured number as a plan writes it, to four digits: 14.07%, 1907ms, 40.06 USD, 171_300."""
    if unit == "units":
        return f"{_rounded(value):_.0f}"
    if unit == "share":
        return f"{_plain(value * 100)}%"
    if unit == "s":
        return f"{_plain(value * 1000)}ms"
    return f"{_plain(value)} {unit}".rstrip()


def in_words(value: float, unit: str) -> str:
    """The same for people: 14.07 %, 1,907 ms."""
    if unit == "units":
        return f"{_rounded(value):,.0f}"
    number = significant(_rounded(value * _TIMES.get(unit, 1.0)), _DIGITS)
    return f"{number} {_SPELT.get(unit, unit)}".rstrip()


_TIMES = {"share": 100.0, "s": 1000.0}
_SPELT = {"share": "%", "s": "ms"}


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS - 1}e}")


def _plain(value: float) -> str:
    return significant(_rounded(value), _DIGITS).replace(",", "")


def cost_of(plan: Experiment, number: Measured) -> str:
    """What the measured number makes of the plan's own design; empty where nothing that the plan promises depends on it."""
    try:
        return _cost_of(plan, number)
    except (NotChecked, StatisticsInputError, ArithmeticError):
        return ""


def _cost_of(plan: Experiment, number: Measured) -> str:
    path = number.path
    if path == ("eligible_units", "distinct_over_run"):
        return _of_days(number.declared or 0.0, number.value, plan)
    if path[0] in ("primary_metric", "statistics"):
        other = with_number(plan, path, number.value)
        units = planned_units(plan)
        said = f"the planned sample then has {power_text(power_at(other, primary_effect(other), units))} power at the MDE"
        days = _days_more(plan, other)
        more = (
            f", and {power_text(required_power(plan))} takes {counted(days, 'day')} more" if days > 0 else ""
        )
        return said + more
    if path[0] == "guardrail_metrics":
        at: Path = path[:2]
        before, after = (_guardrail_power(each, at) for each in (plan, with_number(plan, path, number.value)))
        if power_text(after) == power_text(before):
            return f"the power to rule out its margin stays {power_text(before)}"
        return f"the power to rule out its margin is then {power_text(after)} instead of {power_text(before)}"
    return ""


def _guardrail_power(plan: Experiment, at: Path) -> float:
    metric = plan.guardrail_metrics[int(at[1])]
    return guardrail_design(plan, metric, at).power(margin_of(metric, at), planned_units(plan))


def _days_more(plan: Experiment, other: Experiment) -> int:
    """Days beyond the run that the units of another plan's test take; 0 where nobody can tell."""
    try:
        needed = required_smallest(other)
        return days_to_run(days_that_fill(plan, primary_at(other, PRIMARY), needed)) - planned_days(plan)
    except NotChecked:
        return 0


def _of_days(declared: float, measured: float, plan: Experiment) -> str:
    """The same units as they were measured to come, fewer that are new each day where people come back."""
    other = with_number(plan, ("eligible_units", "distinct_over_run"), measured)
    days = days_to_run(days_that_bring(other, declared * smallest_share(plan))) - planned_days(plan)
    if days > 0:
        return f"the units that the plan counts on take {counted(days, 'day')} more"
    return f"the units that the plan counts on are there {counted(-days, 'day')} earlier" if days < 0 else ""


def with_number(plan: Experiment, path: Path, value: float) -> Experiment:
    """The plan with another number at a path."""
    whole: Experiment = _with(plan, path, value)
    return whole


def _with(part: Any, path: Path, value: float) -> Any:
    if isinstance(part, tuple):
        at = int(path[0])
        return (*part[:at], _with(part[at], path[1:], value), *part[at + 1 :])
    assert isinstance(part, TypedMapping)
    key = str(path[0])
    now = getattr(part, key)
    if len(path) > 1:
        return changed(part, **{key: _with(now, path[1:], value)})
    new = (
        Measure(value, now.unit, f"{value:.4g}")
        if isinstance(now, Measure)
        else type(now)(value)
        if now is not None
        else value
    )
    return changed(part, **{key: new})
