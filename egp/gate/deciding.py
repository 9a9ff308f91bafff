"""The registered test of a primary with the decision rule, look by look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp import stats
from egp.gate.amounts import OF_CONTROL, signed_share
from egp.gate.boundary import Look, look_at
from egp.gate.estimates import Lacking
from egp.gate.looks import open_look
from egp.gate.ruling_out import harm_seen
from egp.gate.withholding import require_open
from egp.plan.analysis.registered import PRIMARY
from egp.plan.finding import NotChecked, need
from egp.stats.values import replace

if TYPE_CHECKING:
    from egp.gate.readout import Readout
    from egp.plan.analysis.registered_test import RegisteredTest
    from egp.plan.quantity import MetricChange


@dataclass(frozen=True, slots=True)
class TestVerdict:
    """What the registered test and the decision rule say at a look."""

    look: Look
    asked: str
    met: bool
    ended: bool
    """Whether the rule is met, or a loss is shown: later looks change nothing."""
    p_value: float
    withdraws: str = ""
    """What the rule says of withdrawing, where its bounds for that are met."""


def deciding(readout: Readout, test: RegisteredTest, treatment: str) -> TestVerdict:
    """The verdict of the first look at which the test ended; of the latest one where it has not."""
    require_open(readout)
    latest = open_look(readout) or 0
    for position in range(latest):
        try:
            verdict = _verdict(readout, test, treatment, position)
        except (Lacking, stats.StatisticsInputError):
            continue  # a look that saw too little to be judged has ended nothing
        if verdict.ended:
            return verdict
    return _verdict(readout, test, treatment, latest)


def _verdict(readout: Readout, test: RegisteredTest, treatment: str, position: int) -> TestVerdict:
    look = look_at(readout, test, treatment, position)
    verdict = _non_inferior(test, look) if test.margin is not None else _superior(readout, test, look)
    withdraws = _withdrawn(readout, test, look)
    return replace(verdict, ended=True, withdraws=withdraws) if withdraws and not verdict.met else verdict


def _withdrawn(readout: Readout, test: RegisteredTest, look: Look) -> str:
    """The bounds of the third branch, in the direction that is good; empty where one of them is not met."""
    rule = readout.plan.decision_rule
    branch = rule.withdraw if rule else None
    if branch is None or test.path != PRIMARY:
        return ""
    asked, met = [], True
    if branch.max_ci_upper is not None:
        asked.append(f"interval up to {_with_base(branch.max_ci_upper)} at most")
        met = _tail_short_of(test, look, branch.max_ci_upper) < look.tail
    if branch.max_lift is not None:
        asked.append(f"lift of at most {_with_base(branch.max_lift)}")
        met = met and _estimate_beyond(test, look, branch.max_lift) <= 0
    return ", ".join(asked) if met else ""


def _non_inferior(test: RegisteredTest, look: Look) -> TestVerdict:
    harm = harm_seen(test, look)
    asked = f"harm of less than {_with_base(test.metric.non_inferiority_margin)}"
    return TestVerdict(look, asked, harm.is_ruled_out, harm.is_ruled_out, harm.p_value)


def _superior(readout: Readout, test: RegisteredTest, look: Look) -> TestVerdict:
    """What the decision rule requires, and whether it is met; all in the direction that is good."""
    seen, metric = look.seen, test.metric
    rises = test.harm == "decrease"
    seen.require_enough_events(metric.name, seen.difference, 0.0, look.lacks)
    up, down = seen.difference.upper_tail(), seen.difference.lower_tail()
    good, bad = (up, down) if rises else (down, up)
    asked, met = [f"a significant {'rise' if rises else 'fall'}"], good < look.tail
    rule = readout.plan.decision_rule
    if rule is None:
        raise NotChecked(("decision_rule",))
    if rule.min_ci_lower is not None and test.path == PRIMARY:
        asked.append(f"interval from {_with_base(rule.min_ci_lower)} up")
        met = met and _tail_beyond(test, look, rule.min_ci_lower) < look.tail
    if rule.min_lift is not None and test.path == PRIMARY:
        asked.append(f"lift of at least {_with_base(rule.min_lift)}")
        met = met and _estimate_beyond(test, look, rule.min_lift) >= 0
    ended = met or (test.sides == 2 and bad < look.tail)
    return TestVerdict(
        look, ", ".join(asked), met, ended, good if test.sides == 1 else min(1.0, 2 * min(up, down))
    )


def _with_base(bound: MetricChange | None) -> str:
    """ "1.5% of control", "0%", "20bps"."""
    return f"{bound} {OF_CONTROL}" if bound is not None and _is_of_control(bound) else f"{bound}"


def _is_of_control(bound: MetricChange) -> bool:
    return bound.relative and bound.value != 0


def lift_beside_bounds(
    readout: Readout, test: RegisteredTest, look: Look
) -> tuple[float, float, float] | None:
    """The change with its interval as shares of the control observed, where anything that the primary is held against is
    one; None where nothing is, or where control is not clearly above zero."""
    if not _bounds_of_control(readout, test):
        return None
    try:
        look.seen.require_positive_control(test.metric.name, look.tail)
        return look.seen.lift, *look.seen.lifts(look.tail)
    except (Lacking, stats.StatisticsInputError):
        return None


def _bounds_of_control(readout: Readout, test: RegisteredTest) -> bool:
    rule = readout.plan.decision_rule
    bounds = [test.metric.non_inferiority_margin] if test.margin is not None else []
    if rule is not None and test.path == PRIMARY and test.margin is None:
        branch = rule.withdraw
        bounds += [rule.min_ci_lower, rule.min_lift]
        bounds += [branch.max_ci_upper, branch.max_lift] if branch else []
    return any(bound is not None and _is_of_control(bound) for bound in bounds)


def lift_in_words(lift: tuple[float, float, float]) -> str:
    """ "+4.8 % (+2.9 % to +6.8 %) of control"."""
    seen, low, high = map(signed_share, lift)
    return f"{seen} ({low} to {high}) {OF_CONTROL}"


def _tail_beyond(test: RegisteredTest, look: Look, bound: MetricChange) -> float:
    """P-value against a benefit of no more than the bound."""
    contrast, null = _against(test, look, bound)
    return contrast.upper_tail(null) if test.harm == "decrease" else contrast.lower_tail(null)


def _tail_short_of(test: RegisteredTest, look: Look, bound: MetricChange) -> float:
    """P-value against a benefit of the bound or more."""
    contrast, null = _against(test, look, bound)
    return contrast.lower_tail(null) if test.harm == "decrease" else contrast.upper_tail(null)


def _estimate_beyond(test: RegisteredTest, look: Look, bound: MetricChange) -> float:
    """By how much the estimate exceeds a benefit of the bound; negative where it falls short."""
    contrast, null = _against(test, look, bound)
    return (contrast.estimate - null) * (1 if test.harm == "decrease" else -1)


def _against(test: RegisteredTest, look: Look, bound: MetricChange) -> tuple[stats.Contrast, float]:
    """The contrast that has the value beside it at a benefit of the bound: in per cent of the control observed."""
    sign = 1 if test.harm == "decrease" else -1
    if not _is_of_control(bound):
        return look.seen.difference, sign * bound.value
    need(
        test.metric.baseline, *test.path, "baseline"
    )  # without one nobody knows whether it is relative to anything
    look.seen.require_positive_control(test.metric.name, look.tail, look.lacks)
    return look.seen.at(1 + sign * bound.value), 0.0
