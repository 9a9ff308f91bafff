"""No stop rule has fired.

Stop rules are agreed before anybody has a launch to lose, and nobody is consulted when one fires. There are three kinds:

- `probability`: P(harm > `harm_exceeds`), from all units of the current stage and the plan's prior, has reached it; with
  `evaluated: daily` those of days that are over, with `weekly` those of whole weeks of the stage, however often the gate
  is called;
- `for`: on so many days in a row the day's estimate exceeded `harm_exceeds`;
- `significant_harm_for`: in so many disjoint weeks in a row the week's harm was significant.

A `harm_exceeds` that is declared relative is relative to the control observed, whose noise counts with it; an absolute
one stays as it is. Rates are compared by score tests, which keep their level where events are rare and arms uneven. Days
and weeks may begin in the stage before; they end in the current one. Below `min_units_per_variant` a rule is silent, and so
it is while a variant has fewer than ten events to expect. Whatever the plan says, a guardrail that is significantly harmed
in two weeks in a row rolls back. A rule on a metric that is withheld says only whether it fired. In a
stage that treats everyone there is nobody to compare with, and no rule speaks.

A day or a week whose rows are there and show nothing, as where no variant has an event, is neither harm nor its absence: if
a rule could have fired with it, or if it is the latest, the rule is not checked.

A week that is tested at 5 %, and the next, and all others until the holdout ends, would withdraw many a treatment
without harm. A week's level is therefore derived from the plan's length, so that all rules that require weeks fire in at
most 1 % (`weekly_false_alarm` of `hair-trigger`) of harmless experiments: with W whole weeks from the first exposure to the
end of the holdout and M metrics that are watched by weeks, a rule that requires k weeks takes the level at which k weeks,
alike by `week_correlation`, are all bad with a chance of 1 % / (M · (W − k + 1)), and never more than `harm_alpha`. Three
guardrails and fifteen weeks make it 0.8 % for each of two weeks. The plan's own `guardrail_alpha` has no part in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Literal

from egp import stats
from egp.gate.action import how_to_withdraw
from egp.gate.amounts import OF_CONTROL, signed, signed_share, unit_of
from egp.gate.comparisons import (
    Uncomputed,
    comparison_so_far,
    comparisons_by_window,
    smaller_arm_units,
    window_units,
)
from egp.gate.estimates import Comparison, Lacking
from egp.gate.exposure import has_stage_begun, windows_over
from egp.gate.guarding import GuardedPart, one_by_one
from egp.gate.harm import Excess, harm_beyond
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.gate.rows import AddRows
from egp.gate.settings import alarm_levels
from egp.gate.withholding import withheld_metrics
from egp.plan.analysis.days import whole_days
from egp.plan.analysis.registered import harm_direction
from egp.plan.analysis.stop_rules import BAD_WEEKS, least_units, stop_rule_metric, weekly_level
from egp.plan.experiment import Metric, StopRule
from egp.plan.finding import NotChecked, need
from egp.plan.quantity import shown
from egp.plan.results import Window
from egp.plan.wording import counted, listing, percent, unit_count, whole
from egp.rules.rule import Params
from egp.stats import StatisticsInputError
from egp.yaml import Path

WEEK = timedelta(weeks=1)
NO_BAD_WEEKS = f"fewer than {BAD_WEEKS} weeks in a row with significant harm of a guardrail"


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    if not has_stage_begun(readout):
        return
    if not readout.stage.has_control:
        yield from _nobody_to_compare_with(readout)
        return
    weeks = _Weeks()
    declared = [
        GuardedPart(
            partial(_watched, readout, position, treatment, weeks.fired), rule.metric or "", treatment
        )
        for position, rule in enumerate(readout.plan.stop_rules)
        for treatment in readout.treatments
    ]
    undeclared = [
        GuardedPart(partial(_bad_weeks, readout, path, metric, treatment, weeks), metric.name, treatment)
        for path, metric in readout.plan.guardrails
        for treatment in readout.treatments
    ]
    yield from one_by_one([*declared, *undeclared, GuardedPart(partial(_no_bad_weeks, readout, weeks))])


def _nobody_to_compare_with(readout: Readout) -> Iterator[Reading]:
    """Said, so that nobody takes the silence of the alarms for an answer."""
    if readout.plan.stop_rules or readout.plan.guardrail_metrics:
        message = (
            f"{readout.stage.name} treats everyone: with nobody to compare with, no stop rule and no alarm of a guardrail "
            "can sound; limits and missing data are still watched"
        )
        yield Reading("pass", message, observed="no control")


def _watched(readout: Readout, position: int, treatment: str, fired: set[str]) -> Iterator[Reading]:
    reading = _Watched(readout, position, treatment).reading()
    if reading.rolls_back:
        fired.add(reading.metric)
    yield reading


class _Watched:
    """One stop rule and one treatment."""

    def __init__(self, readout: Readout, position: int, treatment: str) -> None:
        self.readout = readout
        self.position = position
        self.treatment = treatment
        self.rule: StopRule = readout.plan.stop_rules[position]
        self.path, self.metric = stop_rule_metric(readout.plan, position)
        self.is_hidden = self.metric.name in withheld_metrics(readout)

    @property
    def least(self) -> float:
        """Units per variant below which the rule is silent: the plan's, and those that bring enough events."""
        events = least_units(self.readout.plan, self.metric, self.path)
        return max(self.rule.min_units_per_variant or 0, math.ceil(events))

    def reading(self) -> Reading:
        if self.rule.probability is not None:
            return self._posterior(self.rule.probability)
        if self.rule.significant_harm_for is not None:
            return self._weeks(self.rule.significant_harm_for // WEEK)
        if self.rule.for_ is not None:
            return self._days(whole_days(self.rule.for_))
        raise NotChecked(("stop_rules", self.position, "probability"))

    def _beyond(self, seen: Comparison) -> Excess:
        return harm_beyond(self.path, self.metric, seen, self.rule.harm_exceeds)

    def _posterior(self, asked: float) -> Reading:
        required = f"P(harm > {self.rule.harm_exceeds}) below {percent(asked)}"
        until = self._evaluated_until()
        units = smaller_arm_units(self.readout, self.metric, self.treatment, until)
        if units < self.least:
            observed = f"{unit_count(units)} per variant"
            message = f"silent until {unit_count(self.least)} per variant, now {whole(units)}"
            return self._phrase(False, message, observed, required, {})
        seen = comparison_so_far(self.readout, self.metric, self.treatment, until)
        beyond = self._beyond(seen)
        probability = self._probability_of(beyond)
        harm = self._sign * seen.difference.estimate
        observed = f"P(harm > {self.rule.harm_exceeds}) = {_probability(probability)}"
        detail = f"{observed}, harm estimated at {self._in_words(seen, harm)}"
        numbers = {
            "probability": probability,
            "harm": harm,
            "standard_error": beyond.standard_error,
            "units": float(seen.smaller_units),
        }
        return self._phrase(probability >= asked, detail, observed, required, numbers)

    def _in_words(self, seen: Comparison, harm: float) -> str:
        """Beside an amount in per cent as a share of the control observed: "+10.8 % of control"."""
        amount = self.rule.harm_exceeds
        if amount is None or not amount.relative or seen.control.value <= 0:
            return signed(harm, unit_of(self.metric))
        return (
            f"{signed_share(harm / seen.control.value)} {OF_CONTROL} ({signed(harm, unit_of(self.metric))})"
        )

    def _evaluated_until(self) -> date | None:
        """The last day of first exposure that the latest evaluation saw, however often the gate is called."""
        begin, today = self.readout.stage.begin, self.readout.as_of.date()
        if self.rule.evaluated == "hourly" or begin is None:
            return None
        days = (today - begin.date()).days
        return begin.date() + timedelta(days=(days // 7 * 7 if self.rule.evaluated == "weekly" else days) - 1)

    @property
    def _sign(self) -> int:
        return 1 if harm_direction(self.metric, self.path) == "increase" else -1

    def _probability_of(self, beyond: Excess) -> float:
        """Of more harm than the rule tolerates: the posterior of the excess."""
        at: Path = ("stop_rules", self.position, "prior")
        prior, amount = self.rule.prior, need(self.rule.harm_exceeds, *at[:2], "harm_exceeds")
        if prior is None:
            raise NotChecked(at)
        mean: float | None = None
        spread: float | None = None
        if prior != "flat":
            spread = need(prior.std_dev, *at, "std_dev").absolute(beyond.scale)
            mean = (prior.mean.absolute(beyond.scale) if prior.mean else 0.0) - amount.absolute(beyond.scale)
        return stats.posterior_normal(beyond.seen, beyond.standard_error, 0.0, "greater", mean, spread)

    def _days(self, days: int) -> Reading:
        required = f"fewer than {counted(days, 'day')} in a row with harm above {self.rule.harm_exceeds}"
        return self._in_a_row("day", days, lambda seen: self._beyond(seen).seen > 0, required)

    def _weeks(self, weeks: int) -> Reading:
        if weeks < 1:
            raise NotChecked(("stop_rules", self.position, "significant_harm_for"))
        alpha = weekly_level(self.readout.plan, weeks, alarm_levels(self.readout))
        required = (
            f"fewer than {counted(weeks, 'week')} in a row with significant harm, at {percent(alpha, 1)} each"
        )
        return self._in_a_row("week", weeks, lambda seen: self._beyond(seen).p_value < alpha, required)

    def _in_a_row(
        self, window: Window, asked: int, is_bad: Callable[[Comparison], bool], required: str
    ) -> Reading:
        if asked < 1:
            raise NotChecked(
                ("stop_rules", self.position, "for" if window == "day" else "significant_harm_for")
            )
        run = _run_of(
            self.readout, self.path, self.metric, window, self.treatment, is_bad,
            self.rule.min_units_per_variant or 0,
        )  # fmt: skip
        if run.is_unknown(asked):
            why = "" if self.is_hidden else f": {run.why}"
            name = f"stop rule {shown(self.rule.id)} on {shown(self.metric.id)}"
            raise Lacking(
                f"{name} cannot be judged, {run.uncomputed_windows} could not be computed{why}", run.advice
            )
        if not run.current and windows_over(self.readout, self.metric, window):
            raise Lacking(
                f"stop rule {shown(self.rule.id)} on {shown(self.metric.id)} cannot be judged: a {window} of "
                f"{self.readout.stage.name} is over, and there is no {window} row of both variants",
                AddRows(window, self.metric.name),
            )
        observed = run.phrase
        detail = f"{observed} with harm" if run.judged else observed
        detail += f", until {run.until}" if run.until else ""
        detail += f"; {run.uncomputed_windows} could not be computed" if run.uncomputed else ""
        return self._phrase(
            run.best >= asked, detail, observed, required, {f"{window}s_in_a_row": float(run.best)}
        )

    def _phrase(
        self, fired: bool, detail: str, observed: str, required: str, numbers: dict[str, float]
    ) -> Reading:
        head = f"stop rule {shown(self.rule.id)} on {shown(self.metric.id)} {'fired' if fired else 'has not fired'}"
        rolls_back = self.rule.action != "hold"
        return Reading(
            "fail" if fired else "pass",
            head if self.is_hidden else f"{head}: {detail}",
            observed=("fired" if fired else "not fired") if self.is_hidden else observed,
            required=required,
            numbers={} if self.is_hidden else numbers,
            kind="" if not fired else "rollback" if rolls_back else "wait",
            next=""
            if not fired
            else _withdraw(self.readout)
            if rolls_back
            else "hold the ramp, as the rule says",
            metric=self.metric.name,
            variant=self.treatment,
            rule=self.rule.id or "",
            withheld=self.is_hidden,
        )


def _probability(value: float) -> str:
    """Never rounded up to certainty."""
    return percent(value, 1) if value < 0.9995 else "more than 99.9 %"


def _withdraw(readout: Readout) -> str:
    rollback = readout.plan.rollback
    parts = how_to_withdraw(rollback, "roll back to")
    parts += [f"({shown(rollback.owner)})"] if rollback and rollback.owner else []
    return " ".join(parts)


@dataclass(slots=True)
class _Run:
    """Runs of bad windows that end in the current stage, and those that there could be."""

    window: Window
    length: int = 0
    possible: int = 0
    """Length of the run if every window that cannot be computed were a bad one."""
    last: date | None = None
    best: int = 0
    most: int = 0
    """The longest run, and the longest that there could be."""
    until: date | None = None
    """The last day of the longest run."""
    judged: int = 0
    silent: int = 0
    """Windows before the minimum of units, or with too few events."""
    uncomputed: int = 0
    current: int = 0
    """Windows of the current stage."""
    ends_unknown: bool = False
    """Whether the latest window cannot be computed."""
    why: str = ""
    advice: str = ""

    def take(self, first: date, state: _State, is_current: bool) -> None:
        apart = timedelta(days=1 if self.window == "day" else 7)
        follows = self.last is not None and first - self.last == apart
        self.length = (self.length + 1 if follows else 1) if state == "bad" else 0
        self.possible = (self.possible + 1 if follows else 1) if state in ("bad", "unknown") else 0
        self.last = first
        self.judged += state in ("bad", "good")
        self.silent += state == "silent"
        self.uncomputed += state == "unknown"
        if is_current:
            self.current += 1
            self.ends_unknown = state == "unknown"
            self.most = max(self.most, self.possible)
            if self.length > self.best:
                self.best = self.length
                self.until = first if self.window == "day" else first + timedelta(days=6)

    def is_unknown(self, asked: int) -> bool:
        """Whether it may have fired, or may be firing: neither is "has not fired"."""
        return self.best < asked and (self.most >= asked or self.ends_unknown)

    @property
    def uncomputed_windows(self) -> str:
        return f"{self.uncomputed} of {counted(self.judged + self.silent + self.uncomputed, self.window)}"

    @property
    def phrase(self) -> str:
        if self.judged:
            return f"{counted(self.best, self.window)} in a row"
        return (
            f"no {self.window} had units enough so far"
            if self.silent
            else f"no {self.window} to judge so far"
        )


_State = Literal["bad", "good", "silent", "unknown"]


def _run_of(
    readout: Readout, path: Path, metric: Metric, window: Window, treatment: str,
    is_bad: Callable[[Comparison], bool], least: int = 0,
) -> _Run:  # fmt: skip
    """The windows of all stages in order of time, each bad or not, or saying why that is not known."""
    run, total, before = _Run(window), 0, ""
    enough = least_units(readout.plan, metric, path)
    for stage, first, seen in comparisons_by_window(readout, metric, window, treatment):
        units = window_units(readout, metric, window, treatment, stage, first)
        total = (total if stage == before else 0) + (units or 0)
        before = stage
        is_current = stage == readout.stage.name
        if units is not None and (units < max(enough, 1) or total < least):
            run.take(first, "silent", is_current)
            continue
        try:
            if isinstance(seen, Uncomputed):
                raise Lacking(seen.message, seen.advice)
            run.take(first, "bad" if is_bad(seen) else "good", is_current)
        except Lacking as lacking:
            run.why, run.advice = str(lacking), lacking.advice
            run.take(first, "unknown", is_current)
        except StatisticsInputError as error:
            run.why, run.advice = error.problem, error.advice
            run.take(first, "unknown", is_current)
    return run


class _Weeks:
    """What the rule that holds for every plan found, by guardrail."""

    def __init__(self) -> None:
        self.fired: set[str] = set()
        self.unseen: dict[str, None] = {}
        self.silent: dict[str, None] = {}
        self.unknown: dict[str, None] = {}


def _bad_weeks(
    readout: Readout, path: Path, metric: Metric, treatment: str, weeks: _Weeks
) -> Iterator[Reading]:
    """The rule that holds for every plan; silent where a rule of the plan has fired on the metric."""
    name = metric.name
    if name in weeks.fired:
        return
    alpha = weekly_level(readout.plan, BAD_WEEKS, alarm_levels(readout))

    def is_bad(seen: Comparison) -> bool:
        return harm_beyond(path, metric, seen).p_value < alpha

    run = _run_of(readout, path, metric, "week", treatment, is_bad)
    if run.best >= BAD_WEEKS:
        weeks.fired.add(name)
        yield _harmed(readout, metric, treatment, run)
    elif run.uncomputed and (run.is_unknown(BAD_WEEKS) or not run.judged):
        weeks.unknown[name] = None
        raise Lacking(
            f"whether {shown(name)} was harmed in {BAD_WEEKS} weeks in a row is not known, {run.uncomputed_windows} "
            f"could not be computed: {run.why}",
            run.advice,
        )
    elif run.uncomputed:
        weeks.unknown[name] = None
    elif not run.judged:
        (weeks.silent if run.silent else weeks.unseen)[name] = None


def _harmed(readout: Readout, metric: Metric, treatment: str, run: _Run) -> Reading:
    weeks = f"{counted(run.best, 'week')} in a row"
    return Reading(
        "fail",
        f"{shown(metric.id)} was significantly harmed in {weeks}, until {run.until}",
        observed=weeks,
        required=NO_BAD_WEEKS,
        numbers={"weeks_in_a_row": float(run.best)},
        kind="rollback",
        next=_withdraw(readout),
        metric=metric.name,
        variant=treatment,
    )


def _is_week_due(readout: Readout, guardrail: Metric) -> bool:
    return guardrail.kind != "quantile" and bool(windows_over(readout, guardrail, "week"))


def _no_bad_weeks(readout: Readout, weeks: _Weeks) -> Iterator[Reading]:
    every = len(list(readout.plan.guardrails))
    if weeks.fired or (every and len(weeks.unknown) == every):
        return
    if every and len(weeks.unseen) == every:
        none = "no guardrail has a week to judge so far"
        due = [metric.name for _, metric in readout.plan.guardrails if _is_week_due(readout, metric)]
        if due:
            raise Lacking(f"{none}, and a week of {readout.stage.name} is over", AddRows("week", *due))
        yield Reading(
            "pass",
            f"{none}; {BAD_WEEKS} harmful weeks in a row roll back, whatever the plan says",
            required=NO_BAD_WEEKS,
        )
        return
    message = f"no guardrail was harmed in {BAD_WEEKS} weeks in a row"
    for names, what in (
        (weeks.unseen, "there are no weeks of"),
        (weeks.silent, "weeks have too few events of"),
        (weeks.unknown, "some weeks could not be computed of"),
    ):
        message += f"; {what} {listing(map(shown, names))}" if names else ""
    yield Reading("pass", message, required=NO_BAD_WEEKS)


WITHDRAWS = True
