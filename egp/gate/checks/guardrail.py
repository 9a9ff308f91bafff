"""No guardrail is harmed: at the readout harm of its margin is ruled out, in a stage no harm is in sight.

At the readout each guardrail with a margin passes if the upper end of a one-sided interval at `guardrail_alpha` lies
below the margin; quiet is not enough. A margin in per cent is that share of the control that is observed, an absolute one
stays what it is. The level is not corrected for the number of guardrails, because all of them have to pass; over several
looks it is spent by `guardrail_spending`, at each look by the units that the guardrail itself is judged on. Harm that is
shown to exceed the margin leads to the metric's `action`; harm that is merely not ruled out waits for the next look, and
at the last one holds the launch.

Two days of a stage cannot rule out a margin, so less is required of a stage: no guardrail is significantly harmed, at
`harm_alpha` of the policy's `hair-trigger` over all guardrails together (Holm). An alarm holds the ramp where it is; what rolls back is the plan's
stop rules and limits. A stage that treats everyone has nobody to compare with: there the limits speak, and data that stop.

A guardrail with `any_harm: inform` is reported beside them: whether any harm is significant, one-sided, at `guardrail_alpha` of
all such guardrails together. It passes whatever it shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from egp import stats
from egp.gate.amounts import OF_CONTROL, against_control, as_harm, p_shown, unit_of
from egp.gate.boundary import Look, look_at
from egp.gate.clock import shown_look
from egp.gate.comparisons import comparison_so_far
from egp.gate.estimates import Comparison, Lacking
from egp.gate.exposure import has_stage_begun
from egp.gate.guarding import GuardedPart, one_by_one
from egp.gate.looks import (
    immature_days,
    is_last_look_open,
    last_judged_day,
    maturity,
    open_look,
    planned_looks,
)
from egp.gate.reading import Kind, Reading
from egp.gate.readout import Readout
from egp.gate.ruling_out import Harm, harm_seen
from egp.gate.settings import alarm_levels, guardrail_alpha
from egp.gate.withholding import Withheld, require_open
from egp.plan.analysis.beside_primary import informing_level
from egp.plan.analysis.registered import harm_direction, required_power
from egp.plan.analysis.registered_test import RegisteredTest, guardrail_test_of
from egp.plan.experiment import Metric
from egp.plan.finding import need
from egp.plan.quantity import MetricChange, shown
from egp.plan.wording import whole
from egp.rules.rule import Params
from egp.yaml import Path


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    if readout.is_decision and open_look(readout) is not None:
        yield from one_by_one(
            GuardedPart(partial(_judged, readout, metric, path, treatment), metric.name, treatment)
            for path, metric in readout.plan.guardrails
            if metric.non_inferiority_margin is not None
            for treatment in readout.ramped
        )
        yield from _informed(readout, readout.ramped)
    elif has_stage_begun(readout) and readout.stage.has_control:
        yield from _alarms(readout)
        yield from _informed(readout, readout.treatments)


def _informed(readout: Readout, treatments: Sequence[str]) -> Iterator[Reading]:
    """Guardrails that decide nothing: whether any harm is significant."""
    yield from one_by_one(
        GuardedPart(partial(_any_harm, readout, metric, path, treatment), metric.name, treatment)
        for path, metric in readout.plan.informing
        for treatment in treatments
    )


def _any_harm(readout: Readout, metric: Metric, path: Path, treatment: str) -> Iterator[Reading]:
    name, harm = shown(metric.id), harm_direction(metric, path)
    try:
        if readout.is_decision:
            require_open(readout)
        seen = comparison_so_far(
            readout, metric, treatment, last_judged_day(readout, metric) if readout.is_decision else None
        )
        seen.require_enough_events(metric.name, seen.difference)
    except (Lacking, Withheld) as lacking:
        yield Reading(
            "pass",
            f"{name} only informs, and tells nothing yet: {lacking}",
            metric=metric.name,
            variant=treatment,
        )
        return
    alpha, p_value = informing_level(readout.plan), stats.harm_p_value(seen.difference, harm)
    sign = 1 if harm == "increase" else -1
    seen_harm = sign * seen.difference.estimate
    observed = f"{against_control(seen_harm, unit_of(metric))}, {p_shown(p_value)}"
    verdict = (
        f"significant harm, to be looked at by {_whom(readout)}" if p_value < alpha else "no significant harm"
    )
    yield Reading(
        "pass",
        f"{name} only informs: {observed}: {verdict}",
        observed=observed,
        required="nothing",
        interval=seen.difference.interval(2 * alpha),
        numbers={"harm": seen_harm, **seen.numbers(p_value)},
        metric=metric.name,
        variant=treatment,
    )


def _whom(readout: Readout) -> str:
    """Who answers for the experiment."""
    owner = readout.plan.owner
    name = owner and (owner.dri or owner.team)
    return shown(name) if name else "the owner"


def _judged(readout: Readout, metric: Metric, path: Path, treatment: str) -> Iterator[Reading]:
    yield _non_inferior(readout, metric, path, treatment)


def _non_inferior(readout: Readout, metric: Metric, path: Path, treatment: str) -> Reading:
    name, matures = shown(metric.id), maturity(readout, metric)
    if readout.as_of < matures:
        message = f"{name} is judged once its outcomes have matured, on {shown_look(matures)}"
        return Reading(
            "not_checked", message, kind="wait", until=matures, metric=metric.name, variant=treatment
        )
    unripe = immature_days(readout, metric)
    if unripe and metric.kind != "quantile":
        message = (
            f"{name} is judged once the outcomes of units exposed on {unripe[0]} are counted to their end"
        )
        return Reading("not_checked", message, kind="repair", metric=metric.name, variant=treatment)
    require_open(readout)
    test = guardrail_test_of(readout.plan, metric, path)
    look = look_at(readout, test, treatment, open_look(readout) or 0)
    harm = harm_seen(test, look)
    declared = need(metric.non_inferiority_margin, *path, "non_inferiority_margin")
    observed = _in_words(harm, declared, metric)
    verdict = "harm of the margin is ruled out" if harm.is_ruled_out else (
        "harm beyond the margin is shown" if harm.is_shown else "harm of the margin is not ruled out"
    )  # fmt: skip
    is_open = not harm.is_ruled_out and not harm.is_shown
    following = (
        planned_looks(readout)[look.position + 1] if is_open and not is_last_look_open(readout) else None
    )
    return Reading(
        "pass" if harm.is_ruled_out else "fail" if harm.is_shown else "cannot_rule_out",
        f"{name}: harm {observed} (one-sided), margin {declared}: {verdict}",
        observed=observed,
        required=f"less than {declared}",
        interval=look.interval,
        numbers={
            "harm": harm.in_own_unit(harm.estimate),
            "harm_bound": harm.in_own_unit(harm.bound),
            "margin": harm.in_own_unit(harm.margin),
            **_relative(harm),
            **look.seen.numbers(harm.p_value),
        },
        kind=_kind(metric, harm, following),
        next=_next(readout, test, look, harm, following),
        until=following,
        metric=metric.name,
        variant=treatment,
    )


def _in_words(harm: Harm, margin: MetricChange, metric: Metric) -> str:
    """ "+2.84 %, at most +7.16 % of control"."""
    ends = [
        as_harm(each, margin, metric, of_control=harm.control is not None)
        for each in (harm.estimate, harm.bound)
    ]
    return f"{', at most '.join(ends)}{f' {OF_CONTROL}' if harm.control is not None else ''}"


def _relative(harm: Harm) -> dict[str, float]:
    """Beside a margin in per cent the shares of control, and the control that they are of."""
    if harm.control is None:
        return {}
    return {
        "control": harm.control,
        "relative_harm": harm.estimate,
        "relative_harm_bound": harm.bound,
        "relative_margin": harm.margin,
    }


def _kind(metric: Metric, harm: Harm, following: datetime | None) -> Kind:
    if harm.is_ruled_out:
        return ""
    if harm.is_shown and metric.action == "rollback":
        return "rollback"
    return "wait" if following else "inconclusive"


def _next(readout: Readout, test: RegisteredTest, look: Look, harm: Harm, following: datetime | None) -> str:
    if harm.is_ruled_out:
        return ""
    if following:
        return f"call again at the next look, {shown_look(following)}, which judges more units"
    return _rerun(readout, test, look.seen, harm)


def _rerun(readout: Readout, test: RegisteredTest, seen: Comparison, harm: Harm) -> str:
    metric = test.metric
    if harm.is_shown:
        return (
            "withdraw the treatment" if metric.action == "rollback" else "keep control; the experiment ends"
        )
    tested = seen.at(test.null_ratio) if harm.control is not None else seen.difference
    resolvable = stats.mde_of_standard_error(
        tested.standard_error, required_power(readout.plan), guardrail_alpha(readout), 1
    )
    times = (resolvable / harm.in_own_unit(harm.margin)) ** 2
    units = seen.smaller_units * max(times, 1.0)
    return (
        f"keep control, or register a rerun that judges {shown(metric.id)} on n ≥ {whole(units)} per variant"
    )


def _alarms(readout: Readout) -> Iterator[Reading]:
    """One-sided tests for harm over the stage so far, corrected over guardrails and treatments."""
    seen: list[tuple[Path, Metric, str, Comparison]] = []

    def compare(path: Path, metric: Metric, treatment: str) -> Iterator[Reading]:
        comparison = comparison_so_far(readout, metric, treatment)
        comparison.require_enough_events(metric.name, comparison.difference)
        seen.append((path, metric, treatment, comparison))
        yield from ()

    yield from one_by_one(
        GuardedPart(partial(compare, path, metric, treatment), metric.name, treatment)
        for path, metric in readout.plan.guardrails
        for treatment in readout.treatments
    )
    p_values = [
        stats.harm_p_value(comparison.difference, harm_direction(metric, path))
        for path, metric, _, comparison in seen
    ]
    for (path, metric, treatment, comparison), p_value in zip(
        seen, stats.holm_adjusted(p_values), strict=True
    ):
        yield _alarm(readout, path, metric, treatment, comparison, p_value, len(seen))


def _alarm(
    readout: Readout, path: Path, metric: Metric, treatment: str, seen: Comparison, p_value: float, among: int
) -> Reading:
    alpha = alarm_levels(readout).harm_alpha
    is_harmed = p_value < alpha
    sign = 1 if harm_direction(metric, path) == "increase" else -1
    harm = sign * seen.difference.estimate
    observed = against_control(harm, unit_of(metric))
    corrected = f", corrected for {among} comparisons" if among > 1 else ""
    return Reading(
        "fail" if is_harmed else "pass",
        f"{shown(metric.id)}: {observed}, {'significant harm' if is_harmed else 'no significant harm'} "
        f"({p_shown(p_value)}{corrected})",
        observed=f"{observed}, {p_shown(p_value)}",
        required="no significant harm",
        interval=seen.difference.interval(2 * alpha),
        numbers={"harm": harm, **seen.numbers(p_value)},
        kind="wait" if is_harmed else "",
        next="stay in this stage and find the cause; a stop rule decides about rolling back"
        if is_harmed
        else "",
        metric=metric.name,
        variant=treatment,
    )


WITHDRAWS = True
