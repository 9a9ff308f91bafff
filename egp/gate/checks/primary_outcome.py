"""The registered test of the primary metric and the decision rule say: ship.

Before the look nothing of the primary is in any output: no estimate, no probability, no interval. At the look it is
analysed as registered: rates by their score test, shares of analysis units and ratios by the delta method, CUPED with the
covariate's sums where the plan declares it, the corrected level where there are several treatments (with Holm's correction
at its first step's), and at several looks the boundary of each. What has crossed its boundary at a look stays crossed at
later ones, whatever these look like: the rows of the earlier look's days say so. To ship, the estimate is significant in
the good direction, the interval's lower end and the lift are at least those of the decision rule, in per cent of the
control that is observed where they are written in per cent. A rule with a branch `withdraw` has a third answer: where the
interval's upper end and the lift are at most what it says, the treatment is withdrawn. Otherwise the experiment has ended without a proof: control
is kept, or a rerun is registered with enough units for an effect of the size that was seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from egp import stats
from egp.gate.amounts import band, p_shown, signed, unit_of
from egp.gate.boundary import Look
from egp.gate.clock import elapsed, shown_look, to_go
from egp.gate.deciding import TestVerdict, deciding, lift_beside_bounds, lift_in_words
from egp.gate.guarding import GuardedPart, one_by_one
from egp.gate.looks import is_last_look_open, open_look, planned_looks
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.plan.analysis.registered import required_power
from egp.plan.analysis.registered_test import RegisteredTest, primary_test_of
from egp.plan.experiment import Metric
from egp.plan.quantity import shown
from egp.plan.wording import absolute, percent, whole
from egp.rules.rule import Params
from egp.yaml import Path


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    if not readout.is_decision:
        return
    yield from one_by_one(
        GuardedPart(partial(_tested, readout, metric, path, treatment), metric.name, treatment)
        for path, metric in readout.plan.primaries
        for treatment in readout.ramped
    )


def _tested(readout: Readout, metric: Metric, path: Path, treatment: str) -> Iterator[Reading]:
    yield _outcome(readout, metric, path, treatment)


def _outcome(readout: Readout, metric: Metric, path: Path, treatment: str) -> Reading:
    test = primary_test_of(readout.plan, metric, path)
    verdict = deciding(readout, test, treatment)
    seen, interval, unit = verdict.look.seen, verdict.look.interval, unit_of(metric)
    asked, met, p_value = verdict.asked, verdict.met, verdict.p_value
    observed = f"{signed(seen.difference.estimate, unit)}, interval {band(interval, unit)}"
    lift = lift_beside_bounds(readout, test, verdict.look)
    beside = f", {lift_in_words(lift)}" if lift else ""
    confidence = percent(1 - 2 * test.tail)
    at = "" if verdict.look.position == open_look(readout) else f" at the look of {_shown(readout, verdict)}"
    message = (
        f"{shown(metric.id)}{at}: {signed(seen.difference.estimate, unit)} "
        f"({confidence} interval {band(interval, unit)}, {p_shown(p_value)}){beside}; {'met' if met else 'not met'}: {asked}"
    )
    numbers = {
        "estimate": seen.difference.estimate,
        "standard_error": seen.difference.standard_error,
        "p_value": p_value,
        "control": seen.control.value,
        "treatment": seen.treatment.value,
        **seen.units,
    }
    if met:
        return Reading(
            "pass", message, observed=observed, required=asked, interval=interval, numbers=numbers,
            metric=metric.name, variant=treatment,
        )  # fmt: skip
    if verdict.withdraws:
        branch = readout.plan.decision_rule.withdraw if readout.plan.decision_rule else None
        then = branch.then if branch else None
        return Reading(
            "fail", f"{message}; met: {verdict.withdraws}, which withdraws the treatment", observed=observed, required=asked,
            interval=interval, numbers=numbers, kind="rollback", metric=metric.name, variant=treatment,
            next="withdraw the treatment" + (f", as the plan says: {shown(then)}" if then else ""),
        )  # fmt: skip
    goes_on = open_look(readout) is not None and not is_last_look_open(readout) and not verdict.ended
    following = planned_looks(readout)[(open_look(readout) or 0) + 1] if goes_on else None
    return Reading(
        "fail",
        message,
        observed=observed,
        required=asked,
        interval=interval,
        numbers=numbers,
        kind="wait" if following else "inconclusive",
        next=(
            f"call again at the next look, {shown_look(following)}, {to_go(elapsed(readout.as_of, following))} to go"
            if following
            else _rerun(readout, test, verdict.look)
        ),
        until=following,
        metric=metric.name,
        variant=treatment,
    )


def _shown(readout: Readout, verdict: TestVerdict) -> str:
    return shown_look(planned_looks(readout)[verdict.look.position])


def _rerun(readout: Readout, test: RegisteredTest, look: Look) -> str:
    """Keep control; or how many units an effect of the size that was seen would take."""
    plan, seen = readout.plan, look.seen
    otherwise = plan.decision_rule.otherwise if plan.decision_rule else None
    keep = "keep control" if otherwise in (None, "keep_control") else f"as the plan says: {shown(otherwise)}"
    estimate = seen.difference.estimate * (1 if test.harm == "decrease" else -1)
    if estimate <= 0 or test.margin is not None:
        return f"{keep}; the experiment ends"
    resolvable = stats.mde_of_standard_error(
        seen.difference.standard_error, required_power(plan), test.alpha, test.sides
    )
    units = seen.smaller_units * (resolvable / estimate) ** 2
    return (
        f"{keep}, or register a rerun: an effect of {absolute(estimate, unit_of(test.metric))} takes n ≥ {whole(units)} "
        "per variant"
    )


PLAIN = "the main result does not carry the launch, or is not to be read yet"
WITHDRAWS = True
"""What it means that the check is open, for people who read no statistics."""
