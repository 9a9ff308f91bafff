"""What was agreed before any result, in sentences: what ends a treatment, what it takes to ship, and who withdraws it how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from egp.plan.analysis.days import whole_days
from egp.plan.analysis.registered import has_primary_test
from egp.plan.analysis.stop_rules import weekly_level
from egp.plan.finding import NotChecked
from egp.plan.quantity import shown
from egp.plan.wording import absolute, called, counted, listing, money, percent, significant
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.plan.analysis.alarm_levels import AlarmLevels
    from egp.plan.experiment import Experiment, Metric, StopRule
    from egp.plan.quantity import Measure, MetricChange

WEEK = timedelta(weeks=1)


def stop_rule_in_words(rule: StopRule) -> str:
    """When it fires: "cs_contacts is clearly worse in 2 weeks in a row"."""
    return f"{shown(rule.metric)} {_fires_if(rule)}"


def _fires_if(rule: StopRule) -> str:
    worse = f"worse than control by more than {rule.harm_exceeds}" if rule.harm_exceeds else "worse"
    if rule.probability is not None:
        return f"is {worse}, with a probability of at least {percent(rule.probability)}"
    if rule.significant_harm_for is not None:
        return f"is clearly {worse} in {counted(rule.significant_harm_for // WEEK, 'week')} in a row"
    if rule.for_ is not None:
        return f"is {worse} on {counted(whole_days(rule.for_), 'day')} in a row"
    return f"is {worse}, with no bound that could be checked"


def stop_rule_lines(rules: Iterable[StopRule]) -> Iterator[str]:
    """The rules as they were agreed, those that differ in nothing but their metric in one line."""
    alike: dict[tuple[tuple[str, str, str], str, str], list[StopRule]] = {}
    for rule in rules:
        often = f"; looked at {rule.evaluated}" if rule.evaluated else ""
        least = (
            f"; from {rule.min_units_per_variant:,} units per variant on"
            if rule.min_units_per_variant
            else ""
        )
        does = ("holds", "hold", "the ramp") if rule.action == "hold" else ("rolls", "roll", "back")
        alike.setdefault((does, _fires_if(rule), f"{often}{least}"), []).append(rule)
    for (does, fires, further), several in alike.items():
        one, many, what = does
        names = listing(shown(rule.id) for rule in several)
        metrics = listing((shown(rule.metric) for rule in several), "or")
        rules_of = f"Stop rules {names} {many}" if len(several) > 1 else f"Stop rule {names} {one}"
        yield f"{rules_of} {what} if {metrics} {fires}{further}."


class BoundedMetric(NamedTuple):
    """A metric with one end of its limit."""

    metric: Metric
    bound: Measure
    sign: int
    """1 of a maximum, -1 of a minimum."""

    @property
    def holds(self) -> bool:
        return self.metric.action in ("hold", "monitor")

    @property
    def spare(self) -> float | None:
        """How far today's version is from it, below zero where it is beyond; None where the plan does not say."""
        today = self.metric.baseline
        if today is None or today.unit != self.bound.unit:
            return None
        return self.sign * (self.bound.value - today.value)

    @property
    def in_words(self) -> str:
        """ "p95_latency above 250 ms (225 ms assumed today: 11.1 % to spare)"; what is beyond it today has to move."""
        side = "above" if self.sign > 0 else "below"
        said = f"{shown(self.metric.id)} {side} {self.level}"
        today, spare = self.metric.baseline, self.spare
        if today is None or spare is None:
            return said
        away = _distance(abs(spare), today)
        moves = f"must {'fall' if self.sign > 0 else 'rise'} by {away}"
        return f"{said} ({_level(today)} assumed today: {f'{away} to spare' if spare >= 0 else moves})"

    @property
    def level(self) -> str:
        return _level(self.bound)


def bounded_metrics(plan: Experiment) -> list[BoundedMetric]:
    return [
        BoundedMetric(metric, bound, sign)
        for _, metric in plan.metrics
        if metric.limit is not None
        for bound, sign in ((metric.limit.max, 1), (metric.limit.min, -1))
        if bound is not None
    ]


def limit_lines(plan: Experiment, levels: AlarmLevels | None) -> Iterator[str]:
    """What each limit leads to, and how far the plan assumes today's version to be from it."""
    bounded = bounded_metrics(plan)
    level = f" (one-sided p below {percent(levels.limit_alpha)})" if levels else ""
    for holds, leads in ((False, "rolls back"), (True, "holds the ramp")):
        if words := [each.in_words for each in bounded if each.holds == holds]:
            yield (
                f"A limit {leads} once it is passed by more than noise{level}, whatever control shows: "
                f"{listing(words)}."
            )


def _level(measure: Measure) -> str:
    return money(measure.value, measure.unit) if measure.unit not in ("", "share", "s") else str(measure)


def _distance(away: float, today: Measure) -> str:
    """Of a rate in points, else as a share of today's value."""
    if today.unit == "share":
        return f"{significant(away * 100, 3)} pp"
    return percent(away / abs(today.value)) if today.value else absolute(away, today.unit)


def margin_lines(plan: Experiment) -> Iterator[str]:
    """The margins, where harm beyond them leads, and that they are no stop rules."""
    margined = [metric for _, metric in plan.guardrails if metric.non_inferiority_margin is not None]
    if not margined:
        return
    margins = listing(f"{shown(each.id)} {each.non_inferiority_margin}" for each in margined)
    ends = [shown(each.id) for each in margined if each.action != "rollback"]
    back = [shown(each.id) for each in margined if each.action == "rollback"]
    without = "the experiment ends without a launch"
    if ends and back:
        leads = f"more harm of {listing(back, 'or')}, it rolls back; more of {listing(ends, 'or')}, {without}"
    else:
        leads = f"more, {without if ends else 'it rolls back'}"
    yield (
        f"Margins, the most harm against control that the readout may leave possible: {margins}. Where it shows {leads}."
    )


def rollback_line(plan: Experiment) -> Iterator[str]:
    if (rollback := plan.rollback) is None:
        return
    minutes = f" within {significant(rollback.max_minutes, 3)} minutes" if rollback.max_minutes else ""
    parts = [
        f"A rollback goes back to {called(rollback.to, 'what was there before')}{minutes}",
        *([f"by {shown(rollback.method)}"] if rollback.method else []),
        *([f"by {shown(rollback.owner)}"] if rollback.owner else []),
    ]
    yield f"{', '.join(parts)}; nobody is consulted first."


def level_lines(plan: Experiment, levels: AlarmLevels | None) -> Iterator[str]:
    """What clearly worse is, as the policy sets it, for each number of weeks in a row; no word for those who read no statistics."""
    if levels is None:
        return
    runs = {each.significant_harm_for // WEEK for each in plan.stop_rules if each.significant_harm_for}
    with suppress(NotChecked):  # a plan that does not say how long it is watched has no level of a week
        for weeks in sorted(runs):
            yield (
                f"Clearly worse is a week with a one-sided p below {percent(weekly_level(plan, weeks, levels), 1)}, so that "
                f"{weeks} in a row come in at most {percent(levels.weekly_false_alarm)} of harmless experiments."
            )


def rule_lines(plan: Experiment, levels: AlarmLevels | None) -> list[str]:
    """What ends a treatment and what it takes to ship, without the numbers of each guardrail."""
    return [*stop_rule_lines(plan.stop_rules), *level_lines(plan, levels), *decision_rule_lines(plan)]


def agreed_lines(plan: Experiment, levels: AlarmLevels | None, *, with_margins: bool = True) -> list[str]:
    """Everything that was agreed, in the order in which it can happen."""
    return [
        *stop_rule_lines(plan.stop_rules),
        *level_lines(plan, levels),
        *limit_lines(plan, levels),
        *rollback_line(plan),
        *(margin_lines(plan) if with_margins else ()),
        *decision_rule_lines(plan),
    ]


def decision_rule_lines(plan: Experiment) -> Iterator[str]:
    decision = plan.decision_rule
    if decision is None or not has_primary_test(plan):
        return
    criteria = listing(_bounds(decision.min_ci_lower, decision.min_lift, upwards=True))
    if criteria:
        ships = "It goes on" if plan.type == "holdback" else "It ships"
        branch = decision.withdraw
        withdrawn = listing(_bounds(branch.max_ci_upper, branch.max_lift, upwards=False)) if branch else ""
        then = f" ({shown(branch.then)})" if branch and branch.then else ""
        yield (
            f"{ships} if {criteria}, and every guardrail is shown to stay within what was agreed; "
            + (f"it is withdrawn{then} if {withdrawn}; " if withdrawn else "")
            + f"otherwise: {shown(decision.otherwise)}."
        )
    if decision.options:
        yield f"The options agreed for the readout: {listing(map(shown, decision.options), 'or')}."


def _bounds(of_range: MetricChange | None, of_result: MetricChange | None, *, upwards: bool) -> Iterator[str]:
    """What has to be so: the whole range of the result on one side of a bound, the result itself on that side of another."""
    if of_range is not None:
        side, beyond = ("better", "above") if upwards else ("worse", "below")
        where = f"{side} than no change" if of_range.value == 0 else f"{beyond} {_with_base(of_range)}"
        yield f"the whole range of the result is {where}"
    if of_result is not None:
        yield f"the result itself is at {'least' if upwards else 'most'} {_with_base(of_result)}"


def _with_base(bound: MetricChange) -> str:
    """ "1.5% of control"."""
    return f"{bound} of control" if bound.relative and bound.value else f"{bound}"
