"""The numbers of a metric have one unit: rates with points, times with times, money of one currency.

Kept apart from reading because a number alone cannot know its metric, and from the statistics because these
take bare numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from egp.plan.finding import Finding
from egp.plan.quantity import shown
from egp.plan.remedy import TradeOff, addition, open_if, setting
from egp.plan.wording import called, significant

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Metric
    from egp.plan.quantity import Measure, MetricChange
    from egp.yaml import Path

_NOUNS = {
    "share": "a share",
    "points": "points of a rate",
    "s": "a time",
    "": "a plain number",
    "abs": "a plain number",
}
_LEVELS = {"share": "12%", "s": "1900ms", "": "0.042"}
_CHANGES = {"share": "0.5pp", "s": "40ms", "": "0.02 abs"}
_UNIT_OF_CHANGE = {"share": "points", "": "abs"}


def mismatches(plan: Experiment, explained: Collection[Path]) -> Iterator[Finding]:
    """Findings about numbers that are no numbers of their metric.

    ``explained`` are the paths that a problem of reading is about: what is absent there needs no second
    finding.
    """
    for path, metric in plan.metrics:
        if is_misread(metric) and metric.baseline is not None:
            yield _not_a_rate((*path, "baseline"), metric.baseline)
            continue
        if metric.kind == "quantile":
            yield from _quantile(path, metric, explained)
        yield from _levels(path, metric)
        changes = (
            ("mde", metric.mde),
            ("target", metric.target),
            ("non_inferiority_margin", metric.non_inferiority_margin),
        )
        for key, change in changes:
            if change is not None:
                yield from _change((*path, key), change, metric)
    yield from _stop_rules(plan)
    if plan.decision_rule and plan.primary_metric:
        rule = plan.decision_rule
        for key, change in (("min_ci_lower", rule.min_ci_lower), ("min_lift", rule.min_lift)):
            if change is not None:
                yield from _change(("decision_rule", key), change, plan.primary_metric)


def unit_of(metric: Metric) -> str | None:
    """The unit of the metric's values as in ``Measure``; None where the plan does not say."""
    if metric.baseline is not None:
        return metric.baseline.unit
    return "share" if metric.kind == "proportion" else None


def is_misread(metric: Metric) -> bool:
    """Whether the metric's baseline is no value of its kind, so that nothing can be said of its changes."""
    return metric.kind == "proportion" and metric.baseline is not None and not _is_rate(metric.baseline)


def _is_rate(baseline: Measure) -> bool:
    return baseline.unit == "share" and 0 < baseline.value < 1


def _not_a_rate(path: Path, baseline: Measure) -> Finding:
    text = shown(baseline.text)
    if baseline.unit == "" and 0 < baseline.value < 1:
        message = f"the baseline is {text}, a plain number; a proportion needs a share"
        rate = significant(baseline.value * 100, 12)
        return Finding(path, message, "a plain number", "a share", remedies=[setting(path, f"{rate}%")])
    if baseline.unit in ("", "share"):
        message = f"the baseline is {text}; the rate of a proportion lies strictly between 0 % and 100 %"
        if baseline.unit == "" and 1 <= baseline.value < 100:
            rate = f"{significant(baseline.value, 12)}%"
            was = open_if(f"{rate} is the rate that was measured", TradeOff.FACT)
            meant = setting(path, rate, ", if that is the rate", was)
            return Finding(path, message, text, "above 0 %, below 100 %", remedies=[meant])
    else:
        message = f"the baseline is {text}, {_noun(baseline.unit)}; a proportion needs a share"
    advice = "write the measured rate, as in `baseline: 12%`"
    return Finding(path, message, text, "above 0 %, below 100 %", advice)


def _quantile(path: Path, metric: Metric, explained: Collection[Path]) -> Iterator[Finding]:
    at = (*path, "quantile")
    if metric.quantile is None:
        if at not in explained:
            message = f"the metric {called(metric.id, 'without an id')} is a quantile and has no `quantile` that says which"
            remedy = addition(at, "95%", ", or the one you mean")
            yield Finding(at, message, "none", "a share", remedies=[remedy])
    elif not 0 < metric.quantile < 1:
        message = f"the quantile is {metric.quantile * 100:g} %; it must lie strictly between 0 % and 100 %"
        yield Finding(
            at, message, f"{metric.quantile * 100:g} %", "between them", "write the quantile, as in 95%"
        )


def _levels(path: Path, metric: Metric) -> Iterator[Finding]:
    unit = unit_of(metric)
    for key, spread in (("std_dev", metric.std_dev), ("influence_std_dev", metric.influence_std_dev)):
        if spread is None:
            continue
        if spread.value <= 0:
            message = f"{key} is {shown(spread.text)}; it must be above 0"
            advice = f"write the standard deviation that was measured, or leave `{key}` out"
            yield Finding((*path, key), message, shown(spread.text), "above 0", advice)
        if unit is not None and spread.unit != unit:
            yield _of_another_kind((*path, key), spread, unit)
    limit = metric.limit
    if limit is None:
        return
    low, high = limit.min, limit.max
    for key, bound in (("min", low), ("max", high)):
        if bound is not None and unit is not None and bound.unit != unit:
            yield _of_another_kind((*path, "limit", key), bound, unit)
    if low and high and low.unit == high.unit and low.value > high.value:
        message = f"the limit min {shown(low.text)} is above the limit max {shown(high.text)}"
        yield Finding(
            (*path, "limit", "min"), message, shown(low.text), f"at most {shown(high.text)}", "swap them"
        )


def _stop_rules(plan: Experiment) -> Iterator[Finding]:
    if not plan.stop_rules:
        return
    metrics: dict[str | None, Metric] = {metric.id: metric for _, metric in plan.metrics}
    for at, stop_rule in enumerate(plan.stop_rules):
        metric = metrics.get(stop_rule.metric)
        if metric is None:
            continue
        path: Path = ("stop_rules", at)
        if stop_rule.harm_exceeds is not None:
            yield from _change((*path, "harm_exceeds"), stop_rule.harm_exceeds, metric)
        prior = stop_rule.prior
        if prior is not None and prior != "flat":
            for key, change in (("mean", prior.mean), ("std_dev", prior.std_dev)):
                if change is not None:
                    yield from _change((*path, "prior", key), change, metric)


def _change(path: Path, change: MetricChange, metric: Metric) -> Iterator[Finding]:
    unit = unit_of(metric)
    if unit is None:
        return
    if change.unit == "relative":
        if change.value and metric.baseline is not None and metric.baseline.value == 0:
            message = f"{shown(change.text)} of a baseline of 0 is no change at all"
            yield Finding(
                path, message, "no change", "an absolute change", f"write one, as in {_example(unit)}"
            )
    elif change.unit != _UNIT_OF_CHANGE.get(unit, unit):
        message = f"{shown(change.text)} is {_noun(change.unit)}, the metric is {_noun(unit)}"
        advice = f"write a relative change, as in 5%, or an absolute one, as in {_example(unit)}"
        yield Finding(path, message, _noun(change.unit), _noun(unit), advice)


def _of_another_kind(path: Path, value: Measure, unit: str) -> Finding:
    message = f"{shown(value.text)} is {_noun(value.unit)}, the metric is {_noun(unit)}"
    advice = f"write `{path[-1]}` in the unit of the baseline, as in {_LEVELS.get(unit) or f'0.52 {unit}'}"
    return Finding(path, message, _noun(value.unit), _noun(unit), advice)


def _example(unit: str) -> str:
    """An absolute change of a metric with this unit, as a plan writes it."""
    return _CHANGES.get(unit) or f"0.02 {unit}"


def _noun(unit: str) -> str:
    return _NOUNS.get(unit) or f"an amount in {unit}"
