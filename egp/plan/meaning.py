"""Values that no plan can mean, each by itself: the part of validity that needs no second field.

A schema takes them, a test could be computed from some of them, and nobody who knew what is written there would sign it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING
from unicodedata import category, normalize

from egp.plan.finding import Finding, Related
from egp.plan.quantity import Interval, MetricChange, as_day, shown
from egp.plan.remedy import setting
from egp.plan.typed_reader import TypedMapping, label
from egp.plan.wording import called, counted, whole
from egp.stats.hints import Any

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Metric
    from egp.yaml import Path

FIRST_YEAR, LAST_YEAR = 2000, 2099
"""Years that a date of a plan can lie in."""

FARTHEST_YEARS = 10
"""Years between the start and any other date of the plan."""

LEAST_IN_TAIL = 10
"""Units on the rarer side of a quantile, below which it is the value of single units."""

MOST_UNITS = 10**12
"""Units of any kind, requests included, beyond which a number is a slip."""

MOST_SPREAD = 10**6
"""What the skewness of so many units can come to, and their standard deviation in multiples of the mean: the root of their number."""

_UNREADABLE = frozenset(("Cc", "Co", "Cs"))
_UNSEEN = _UNREADABLE | {"Cf", "Zl", "Zp"}
"""Categories of characters that nobody sees; in a name they make it another one."""


def meaningless(plan: Experiment) -> Iterator[Finding]:
    """Findings about values that no plan can mean."""
    for path, value, is_prose in _odd(plan):
        if path[0] == "waivers" or path == ("schedule", "timezone"):
            continue  # rules of their own read those
        if isinstance(value, str):
            yield from _text(path, value, is_prose)
        else:
            yield from _date(plan, path, value)
    yield from _alike(plan)
    yield from _effects(plan)
    yield from _counts(plan)
    yield from _spreads(plan)
    yield from _quantiles(plan)
    yield from _repeated(plan)
    yield from _currencies(plan)
    yield from _holdout(plan)
    if plan.escalation and plan.escalation.within is not None and not plan.escalation.within:
        at: Path = ("escalation", "within")
        within = setting(at, "24h", ", or how soon it answers")
        message = "the escalation answers within no time at all"
        yield Finding(at, message, "0", "above 0", remedies=[within])


def _leaves(value: object, path: Path) -> Iterator[tuple[Path, object]]:
    """Every value that is no mapping and no list, with its path."""
    if isinstance(value, TypedMapping):
        for key, attribute, *_ in type(value).fields():
            yield from _leaves(vars(value).get(attribute), (*path, key))
    elif isinstance(value, tuple):
        for at, item in enumerate(value):
            yield from _leaves(item, (*path, at))
    elif value is not None:
        yield path, value


Odd = tuple["Path", Any, bool]
"""A text or a date that deserves a second look, with its path, and whether its key holds prose."""


def _odd(plan: Experiment) -> list[Odd]:
    """Texts that are blank or have characters that nobody sees, and dates far from the plan's: none, in nearly all plans.

    A plan has a hundred values and says what they are called six hundred times, so that this looks at values alone.
    """
    found: list[Odd] = []
    _look_into(plan, (), _usual_years(plan), found)
    return found


def _usual_years(plan: Experiment) -> range:
    """The years that a date of the plan can lie in."""
    usual = range(FIRST_YEAR, LAST_YEAR + 1)
    start = plan.schedule.start if plan.schedule else None
    if start is None or start.year not in usual:
        return usual
    return range(
        max(FIRST_YEAR, start.year - FARTHEST_YEARS), min(LAST_YEAR, start.year + FARTHEST_YEARS) + 1
    )


def _look_into(mapping: TypedMapping, path: Path, years: range, found: list[Odd]) -> None:
    """Most values are absent, or texts that are as they should be: for those nothing is called."""
    for attribute, value in vars(mapping).items():
        if value is None:
            continue
        kind = value.__class__
        if kind is float or (kind is str and value and value.isprintable() and not value.isspace()):
            continue
        if kind is tuple:
            for at, item in enumerate(value):
                if isinstance(item, TypedMapping):
                    _look_into(item, (*path, _key(mapping, attribute), at), years, found)
                elif _is_odd(item, years):
                    found.append(((*path, _key(mapping, attribute), at), item, _is_prose(mapping, attribute)))
        elif isinstance(value, TypedMapping):
            _look_into(value, (*path, _key(mapping, attribute)), years, found)
        elif _is_odd(value, years):
            found.append(((*path, _key(mapping, attribute)), value, _is_prose(mapping, attribute)))


def _key(mapping: TypedMapping, attribute: str) -> str:
    return type(mapping).declared(attribute)[0]


def _is_prose(mapping: TypedMapping, attribute: str) -> bool:
    return type(mapping).declared(attribute)[1].prose


def _is_odd(value: object, years: range) -> bool:
    if isinstance(value, str):
        return not value.isprintable() or value.isspace() or not value
    if isinstance(value, Interval):
        value = value.first
    return isinstance(value, date) and value.year not in years


# Texts.


def _text(path: Path, value: str, is_prose: bool) -> Iterator[Finding]:
    hidden = _UNREADABLE if is_prose else _UNSEEN
    if not value.isprintable() and any(category(each) in hidden and each not in "\n\t" for each in value):
        yield Finding(
            path,
            f"{label(path)} has a character in it that nobody sees",
            observed="an invisible character",
            required="characters that can be read",
            help="write it anew, without control characters and marks of no width",
        )
    elif not value.strip() and isinstance(path[-1], str):
        message = f"{label(path)} is blank"
        yield Finding(path, message, "nothing", "a text", "write it, or remove the key", yields_in_place=True)


def _alike(plan: Experiment) -> Iterator[Finding]:
    """Ids that differ in what nobody sees or says: capitals, hyphens, the encoding of an accent."""
    variants = [(("variants", at), each.id) for at, each in enumerate(plan.variants or ())]
    stop_rules = [(("stop_rules", at), each.id) for at, each in enumerate(plan.stop_rules)]
    metrics = [(path, metric.id) for path, metric in plan.metrics]
    for what, named in (("variants", variants), ("metrics", metrics), ("stop rules", stop_rules)):
        first: dict[str, tuple[Any, str]] = {}
        for path, name in named:
            if not name:
                continue
            where, other = first.setdefault(_plain(name), (path, name))
            if other != name:
                yield Finding(
                    (*path, "id"),
                    f"two {what} have ids that read alike, {shown(other)} and {shown(name)}",
                    observed=shown(name),
                    required="ids that cannot be confused",
                    help="give one of the two another id",
                    related=(Related((*where, "id"), "the other one"),),
                )


def _plain(name: str) -> str:
    name = normalize("NFKC", name).casefold()
    return name if name.isidentifier() and "__" not in name else re.sub(r"[\s_.-]+", "_", name)


def _repeated(plan: Experiment) -> Iterator[Finding]:
    """Items of a list that stand there twice."""
    lists: tuple[tuple[Path, tuple[object, ...]], ...] = (
        (("surfaces",), plan.surfaces or ()),
        (("risk",), plan.risk or ()),
        (("segments",), plan.segments),
        (("diagnostic_segments",), plan.diagnostic_segments),
        (("statistics", "looks"), (plan.statistics.looks if plan.statistics else None) or ()),
        (("decision_rule", "options"), plan.decision_rule.options if plan.decision_rule else ()),
        (("readouts", "audience"), plan.readouts.audience if plan.readouts else ()),
    )
    for path, items in lists:
        for at, item in enumerate(items):
            if item in items[:at]:
                message = f"{label(path)} has {shown(str(item))} twice"
                yield Finding((*path, at), message, "twice", "once", "remove one of the two")


# Dates.


def _date(plan: Experiment, path: Path, value: date | Interval) -> Iterator[Finding]:
    day = value.first if isinstance(value, Interval) else as_day(value)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        yield Finding(
            path,
            f"{label(path)} lies in the year {day.year}",
            observed=str(value),
            required=f"a year from {FIRST_YEAR} to {LAST_YEAR}",
            help="correct the date",
        )
        return
    start = plan.schedule.start if plan.schedule else None
    if start is None or path == ("schedule", "start"):
        return
    begins = as_day(start)
    if abs(day.year - begins.year) > FARTHEST_YEARS and FIRST_YEAR <= begins.year <= LAST_YEAR:
        yield Finding(
            path,
            f"{label(path)} is {shown(str(value))}, {counted(abs(day.year - begins.year), 'year')} "
            f"{'after' if day > begins else 'before'} the start on {begins}",
            observed=str(value),
            required=f"within {FARTHEST_YEARS} years of the start",
            help="correct the date",
            related=(Related(("schedule", "start"), "the start"),),
        )


# Numbers.


def _effects(plan: Experiment) -> Iterator[Finding]:
    """Effects and harms as large as the metric itself."""
    for path, metric in plan.metrics:
        for key, change in (
            ("mde", metric.mde), ("target", metric.target), ("non_inferiority_margin", metric.non_inferiority_margin),
        ):  # fmt: skip
            if change is not None and _is_all_of(change, metric):
                what = {"mde": "the MDE", "target": "the target"}.get(key, "the margin")
                yield Finding(
                    (*path, key),
                    f"{what} of {called(metric.id, 'a metric without an id')} is {change}, as much as the metric itself",
                    observed=str(change),
                    required="less than the metric's value",
                    help="write the smallest effect that would matter, as in 2% or 45bps"
                    if key == "mde"
                    else f"write a smaller `{key}`",
                )


def _is_all_of(change: MetricChange, metric: Metric) -> bool:
    if change.relative:
        return abs(change.value) >= 1
    baseline = metric.baseline
    is_rate = metric.kind == "proportion" and change.unit == "points" and baseline is not None
    return is_rate and baseline is not None and baseline.value > 0 and abs(change.value) >= baseline.value


def _counts(plan: Experiment) -> Iterator[Finding]:
    """Numbers of units that nobody has."""
    eligible = plan.eligible_units
    stated: list[tuple[Path, float | None]] = [(("sample_size_per_variant",), plan.sample_size_per_variant)]
    if eligible:
        stated.append((("eligible_units", "distinct_over_run"), eligible.distinct_over_run))
        stated.append((("eligible_units", "per_day"), eligible.per_day))
    stated += [
        (("stop_rules", at, "min_units_per_variant"), each.min_units_per_variant)
        for at, each in enumerate(plan.stop_rules)
    ]
    for path, units in stated:
        if units is not None and units > MOST_UNITS:
            yield Finding(
                path,
                f"{label(path)} is {units:.3g} units, which is more than anybody has",
                observed=f"{units:.3g}",
                required=f"at most {whole(MOST_UNITS)}",
                help="write how many units there are, as in 340_000 or 1.2M",
            )


def _spreads(plan: Experiment) -> Iterator[Finding]:
    """Spreads and skewnesses that no number of units that anybody has could show."""
    for path, metric in plan.metrics:
        name = called(metric.id, "a metric without an id")
        if metric.skewness is not None and abs(metric.skewness) > MOST_SPREAD:
            yield Finding(
                (*path, "skewness"),
                f"the skewness of {name} is {metric.skewness:.3g}; that of n values is never above the square root of n",
                observed=f"{metric.skewness:.3g}",
                required=f"at most {whole(MOST_SPREAD)}",
                help="write the skewness that was measured per unit, or leave it out",
            )
        size = abs(metric.baseline.value) if metric.baseline else 0.0
        for key, spread in (("std_dev", metric.std_dev), ("influence_std_dev", metric.influence_std_dev)):
            if spread is not None and size and spread.value > MOST_SPREAD * size:
                yield Finding(
                    (*path, key),
                    f"the standard deviation of {name} is {spread}, {spread.value / size:.3g} times its baseline",
                    observed=str(spread),
                    required=f"at most {whole(MOST_SPREAD)} times the baseline",
                    help="write the standard deviation per unit, in the unit of the baseline",
                )


def _quantiles(plan: Experiment) -> Iterator[Finding]:
    """Quantiles beyond which hardly a unit lies."""
    units = plan.sample_size_per_variant or 0
    for path, metric in plan.metrics:
        if metric.kind != "quantile" or metric.quantile is None or not 0 < metric.quantile < 1:
            continue
        tail = min(metric.quantile, 1 - metric.quantile)
        least = LEAST_IN_TAIL / tail
        if units * tail < LEAST_IN_TAIL and (units or tail < 1e-4):
            yield Finding(
                (*path, "quantile"),
                f"the quantile {metric.quantile * 100:g} % has {units * tail:.2g} of {whole(units)} units beyond it"
                if units
                else f"the quantile {metric.quantile * 100:g} % has one unit of {whole(1 / tail)} beyond it",
                observed=f"{metric.quantile * 100:g} %",
                required=f"at least {LEAST_IN_TAIL} units on either side",
                help=f"write the quantile that is meant, as in 95%; this one takes {whole(least)} units per variant",
            )


def _holdout(plan: Experiment) -> Iterator[Finding]:
    """A holdout beside which there is nobody to treat."""
    if plan.holdout is not None and plan.holdout.share is not None and plan.holdout.share >= 1:
        yield Finding(
            ("holdout", "share"),
            "the holdout keeps every unit, so that nobody is ever treated",
            observed="100 %",
            required="below 100 %",
            help="write the share that stays untreated, as in 5%, or say in `holdout.none` why there is none",
        )


def _currencies(plan: Experiment) -> Iterator[Finding]:
    """Money of one calculation in several currencies, which egp does not convert."""
    economics = plan.economics
    if economics is None:
        return
    first: tuple[Path, str] | None = None
    for path, value in _leaves(economics, ("economics",)):
        unit = getattr(value, "unit", "")
        if len(unit) == 3 and unit.isupper():
            first = first or (path, unit)
            if unit != first[1]:
                yield Finding(
                    path,
                    f"{label(path)} is in {unit}, {label(first[0])} in {first[1]}",
                    observed=unit,
                    required=first[1],
                    help=f"write every amount in {first[1]}",
                    related=(Related(first[0], f"in {first[1]}"),),
                )
