"""What was agreed before any result, in sentences: what ends a treatment, what it takes to ship, and who withdraws it how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from egp.plan.analysis.days import whole_days
from egp.plan.analysis.registered import has_primary_test
from egp.plan.quantity import shown
from egp.plan.wording import absolute, called, counted, listing, money, percent, significant

if TYPE_CHECKING:
    from egp.plan.experiment import DecisionRule, Experiment, Metric, StopRule, Withdrawal
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


def limit_lines(plan: Experiment) -> Iterator[str]:
    """Each limit, what it leads to, and how far the plan assumes today's version to be from it."""
    found = [
        _limit_in_words(plan, metric, bound, sign)
        for _, metric in plan.metrics
        if metric.limit is not None
        for bound, sign in ((metric.limit.max, 1), (metric.limit.min, -1))
        if bound is not None
    ]
    yield from found
    if found:
        yield (
            "A limit counts from the first people treated on, whatever control shows, once it is passed by more than noise. "
            "Today's values are those that the plan assumes."
        )


def _limit_in_words(plan: Experiment, metric: Metric, bound: Measure, sign: int) -> str:
    leads_to = "holds the ramp" if metric.action in ("hold", "monitor") else "rolls back"
    said = f"Limit: {shown(metric.id)} {leads_to} {'above' if sign > 0 else 'below'} {_level(bound)}"
    if metric.baseline is None or metric.baseline.unit != bound.unit:
        return f"{said}."
    today = metric.baseline
    away = sign * (bound.value - today.value)
    if away == 0:
        return f"{said}, where today's version is."
    if away > 0:
        return f"{said}; today's {_level(today)} may get worse by {_distance(away, today)}."
    beyond = f"{said}; today's version is at {_level(today)}, so that the new one has to be better by {_distance(-away, today)}"
    return f"{beyond}{_assumed_success(plan, metric, bound, sign)}."


def _assumed_success(plan: Experiment, metric: Metric, bound: Measure, sign: int) -> str:
    """Whether what the scenarios assume would keep a limit that today's version does not, if it is the same that both count."""
    economics = plan.economics
    if (
        economics is None
        or metric.direction != "increase"
        or bound.unit not in ("", "share")
        or bound.value >= 1
    ):
        return ""
    assumed = [each for each in economics.scenarios if each.p_success is not None]
    breaking = [each for each in assumed if sign * ((each.p_success or 0.0) - bound.value) > 0]
    if not breaking:
        return ""
    values = listing(
        f"{significant(each.p_success or 0.0, 3)} ({called(each.name, 'a scenario')})" for each in breaking
    )
    which = "each scenario" if len(breaking) == len(assumed) else "that scenario"
    return (
        f". The scenarios assume a success in {values} of all {called(economics.per, 'event')}s: if success is what "
        f"{shown(metric.id)} counts, the limit holds the ramp in {which}"
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
    leads = "ends the experiment without a launch" if len(ends) == len(margined) else "rolls back"
    instead = (
        f", but of {listing(ends)} it ends the experiment without a launch"
        if 0 < len(ends) < len(margined)
        else ""
    )
    yield (
        f"Margins, the most harm against control that the readout may leave possible: {margins}. Harm shown to be larger "
        f"{leads}{instead}."
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


def agreed_lines(plan: Experiment) -> list[str]:
    """Everything that was agreed, in the order in which it can happen."""
    return [
        *stop_rule_lines(plan.stop_rules),
        *limit_lines(plan),
        *rollback_line(plan),
        *margin_lines(plan),
        *decision_rule_lines(plan),
    ]


def decision_rule_lines(plan: Experiment) -> Iterator[str]:
    decision = plan.decision_rule
    if decision is None or not has_primary_test(plan):
        return
    criteria = listing(_criteria(decision))
    if criteria:
        ships = "It goes on" if plan.type == "holdback" else "It ships"
        withdrawn = listing(_of_withdrawal(decision.withdraw)) if decision.withdraw else ""
        then = f" ({shown(decision.withdraw.then)})" if decision.withdraw and decision.withdraw.then else ""
        yield (
            f"{ships} if {criteria}, and every guardrail is shown to stay within what was agreed; "
            + (f"it is withdrawn{then} if {withdrawn}; " if withdrawn else "")
            + f"otherwise: {shown(decision.otherwise)}."
        )
    if decision.options:
        yield f"The options agreed for the readout: {listing(map(shown, decision.options), 'or')}."


def _of_withdrawal(branch: Withdrawal) -> Iterator[str]:
    if branch.max_ci_upper is not None:
        bound = branch.max_ci_upper
        yield (
            "the whole range of the result is worse than no change"
            if bound.value == 0
            else f"the whole range of the result is below {_with_base(bound)}"
        )
    if branch.max_lift is not None:
        yield f"the result itself is at most {_with_base(branch.max_lift)}"


def _with_base(bound: MetricChange) -> str:
    """ "1.5% of control"."""
    return f"{bound} of control" if bound.relative and bound.value else f"{bound}"


def _criteria(decision: DecisionRule) -> Iterator[str]:
    if decision.min_ci_lower is not None:
        bound = decision.min_ci_lower
        yield (
            "the whole range of the result is better than no change"
            if bound.value == 0
            else f"the whole range of the result is above {_with_base(bound)}"
        )
    if decision.min_lift is not None:
        yield f"the result itself is at least {_with_base(decision.min_lift)}"
