"""No stop rule has fired.

Stop rules are agreed before anybody has a launch to lose, and nobody is asked when one fires. There are three kinds:

- `probability`: P(harm > `harm_exceeds`), from all units of the current stage and the plan's prior, has reached it;
- `for`: on so many days in a row the day's estimate exceeded `harm_exceeds`;
- `significant_harm_for`: in so many disjoint weeks in a row the week's harm was significant.

Days and weeks may begin in the stage before; they end in the current one. Below `min_units_per_variant` a rule is
silent. Whatever the plan says, a guardrail that is significantly harmed in two weeks in a row rolls back. A rule on a
metric that is withheld says only whether it fired.

A week that is tested at 5 %, and the next, and all others until the holdout ends, would withdraw many a treatment
without harm. A week's level is therefore derived from the plan, so that all rules that ask for weeks fire in at most 1 %
of harmless experiments: with W whole weeks from the first exposure to the end of the holdout and M metrics that are
watched by weeks, a rule that asks for k weeks takes (1 % / (M · (W − k + 1)))^(1/k), and never more than
`guardrail_alpha`. Three guardrails and fifteen weeks make it 1.5 % for each of two weeks. `hair-trigger` counts that 1 %
among the chances of the plan's stop rules, which may fire together in 5 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from egp import stats
from egp.analysis.days import whole_days
from egp.analysis.registered import baseline_of, harm_direction
from egp.analysis.stop_rules import BAD_WEEKS, stop_rule_harm, stop_rule_metric, weekly_level
from egp.document import Path
from egp.experiment import Metric, StopRule
from egp.finding import NotChecked, need
from egp.gate.amounts import signed, unit_of
from egp.gate.estimates import Comparison
from egp.gate.guarding import Part, one_by_one
from egp.gate.reading import Reading
from egp.gate.readout import Readout, Uncomputed
from egp.quantity import shown
from egp.results import Window
from egp.rule import Params
from egp.wording import counted, listing, percent, significant, unit_count, whole

WEEK = timedelta(weeks=1)
NO_BAD_WEEKS = f"fewer than {BAD_WEEKS} weeks in a row with significant harm of a guardrail"


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    if not readout.has_begun:
        return
    fired: set[str] = set()
    unseen: dict[str, None] = {}
    declared = [
        Part(partial(_watched, readout, position, treatment, fired), rule.metric or "", treatment)
        for position, rule in enumerate(readout.plan.stop_rules)
        for treatment in readout.treatments
    ]
    undeclared = [
        Part(partial(_bad_weeks, readout, path, metric, treatment, fired, unseen), metric.id or "", treatment)
        for path, metric in readout.plan.guardrails
        for treatment in readout.treatments
    ]
    yield from one_by_one([*declared, *undeclared, Part(partial(_no_bad_weeks, readout, fired, unseen))])


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
        self.is_hidden = (self.metric.id or "") in readout.withheld

    @property
    def least(self) -> int:
        return self.rule.min_units_per_variant or 0

    def reading(self) -> Reading:
        if self.rule.probability is not None:
            return self._posterior(self.rule.probability)
        if self.rule.significant_harm_for is not None:
            return self._weeks(self.rule.significant_harm_for // WEEK)
        if self.rule.for_ is not None:
            return self._days(whole_days(self.rule.for_))
        raise NotChecked(("stop_rules", self.position, "probability"))

    def _posterior(self, asked: float) -> Reading:
        seen = self.readout.comparison(self.metric, self.treatment)
        required = f"P(harm > {self.rule.harm_exceeds}) below {percent(asked)}"
        if seen.smaller_units < self.least:
            observed = f"{unit_count(seen.smaller_units)} per variant"
            message = f"silent until {unit_count(self.least)} per variant, now {whole(seen.smaller_units)}"
            return self._told(False, message, observed, required, {})
        probability = stats.posterior_normal(
            self._harm(seen), seen.difference.standard_error, stop_rule_harm(self.readout.plan, self.position),
            "greater", *self._prior(),
        )  # fmt: skip
        observed = f"P(harm > {self.rule.harm_exceeds}) = {_probability(probability)}"
        detail = f"{observed}, harm estimated at {signed(self._harm(seen), unit_of(self.metric))}"
        numbers = {
            "probability": probability,
            "harm": self._harm(seen),
            "standard_error": seen.difference.standard_error,
            "units": float(seen.smaller_units),
        }
        return self._told(probability >= asked, detail, observed, required, numbers)

    def _harm(self, seen: Comparison) -> float:
        sign = 1 if harm_direction(self.metric, self.path) == "increase" else -1
        return sign * seen.difference.estimate

    def _prior(self) -> tuple[float | None, float | None]:
        """Mean and spread of the prior on the harm; neither for a flat one."""
        at: Path = ("stop_rules", self.position, "prior")
        prior = self.rule.prior
        if prior == "flat":
            return None, None
        if prior is None:
            raise NotChecked(at)
        baseline = baseline_of(self.metric, self.path).value
        spread = need(prior.std_dev, *at, "std_dev").absolute(baseline)
        return prior.mean.absolute(baseline) if prior.mean else 0.0, spread

    def _days(self, days: int) -> Reading:
        bound = stop_rule_harm(self.readout.plan, self.position)
        required = f"fewer than {counted(days, 'day')} in a row with harm above {self.rule.harm_exceeds}"
        return self._in_a_row("day", days, lambda seen: self._harm(seen) > bound, required)

    def _weeks(self, weeks: int) -> Reading:
        if weeks < 1:
            raise NotChecked(("stop_rules", self.position, "significant_harm_for"))
        alpha = weekly_level(self.readout.plan, weeks, self.readout.alarm_levels)
        harm = harm_direction(self.metric, self.path)
        margin = stop_rule_harm(self.readout.plan, self.position) if self.rule.harm_exceeds else 0.0

        def is_bad(seen: Comparison) -> bool:
            return stats.harm_p_value(seen.difference, harm, margin) < alpha

        required = (
            f"fewer than {counted(weeks, 'week')} in a row with significant harm, at {percent(alpha, 1)} each"
        )
        return self._in_a_row("week", weeks, is_bad, required)

    def _in_a_row(
        self, window: Window, asked: int, is_bad: Callable[[Comparison], bool], required: str
    ) -> Reading:
        if asked < 1:
            raise NotChecked(
                ("stop_rules", self.position, "for" if window == "day" else "significant_harm_for")
            )
        longest, total = _Run(window), 0
        stage = ""
        for of_stage, first, seen in self.readout.windows(self.metric, window, self.treatment):
            if isinstance(seen, Uncomputed):
                continue
            total = (total if of_stage == stage else 0) + seen.smaller_units
            stage = of_stage
            longest.take(first, total >= self.least and is_bad(seen), of_stage == self.readout.stage.name)
        observed = f"{counted(longest.best, window)} in a row" if stage else f"no {window} was seen so far"
        fired = longest.best >= asked
        until = f", until {longest.until}" if longest.until else ""
        detail = f"{observed} with harm{until}" if stage else observed
        return self._told(fired, detail, observed, required, {f"{window}s_in_a_row": float(longest.best)})

    def _told(
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
            metric=self.metric.id or "",
            variant=self.treatment,
            withheld=self.is_hidden,
        )


def _probability(value: float) -> str:
    """Never rounded up to certainty."""
    return percent(value, 1) if value < 0.9995 else "more than 99.9 %"


def _withdraw(readout: Readout) -> str:
    rollback = readout.plan.rollback
    if rollback is None:
        return "withdraw the treatment"
    parts = [f"roll back to {shown(rollback.to)}" if rollback.to else "withdraw the treatment"]
    parts += [f"by {shown(rollback.method)}"] if rollback.method else []
    parts += [f"within {significant(rollback.max_minutes, 3)} minutes"] if rollback.max_minutes else []
    parts += [f"({shown(rollback.owner)})"] if rollback.owner else []
    return " ".join(parts)


@dataclass(slots=True)
class _Run:
    """The longest run of bad windows that ends in the current stage."""

    window: Window
    length: int = 0
    last: date | None = None
    best: int = 0
    until: date | None = None
    """Its last day."""

    def take(self, first: date, is_bad: bool, is_current: bool) -> None:
        follows = self.last is not None and first - self.last == timedelta(
            days=1 if self.window == "day" else 7
        )
        self.length = (self.length + 1 if follows else 1) if is_bad else 0
        self.last = first
        if is_current and self.length > self.best:
            self.best = self.length
            self.until = first if self.window == "day" else first + timedelta(days=6)


def _bad_weeks(
    readout: Readout, path: Path, metric: Metric, treatment: str, fired: set[str], unseen: dict[str, None]
) -> Iterator[Reading]:
    """The rule that holds for every plan; silent where a rule of the plan has fired on the metric."""
    if metric.id in fired:
        return
    alpha = weekly_level(readout.plan, BAD_WEEKS, readout.alarm_levels)
    harm, run = harm_direction(metric, path), _Run("week")
    for stage, first, seen in readout.windows(metric, "week", treatment):
        if isinstance(seen, Uncomputed):
            continue
        is_bad = stats.harm_p_value(seen.difference, harm) < alpha
        run.take(first, is_bad, stage == readout.stage.name)
    if run.last is None:
        unseen[metric.id or ""] = None
    if run.best >= BAD_WEEKS:
        fired.add(metric.id or "")
        weeks = f"{counted(run.best, 'week')} in a row"
        yield Reading(
            "fail",
            f"{shown(metric.id)} was significantly harmed in {weeks}, until {run.until}",
            observed=weeks,
            required=NO_BAD_WEEKS,
            numbers={"weeks_in_a_row": float(run.best)},
            kind="rollback",
            next=_withdraw(readout),
            metric=metric.id or "",
            variant=treatment,
        )


def _no_bad_weeks(readout: Readout, fired: set[str], unseen: dict[str, None]) -> Iterator[Reading]:
    if not fired:
        message = f"no guardrail was harmed in {BAD_WEEKS} weeks in a row"
        if unseen and len(unseen) < len(readout.plan.guardrail_metrics):
            message += f"; there are no weeks of {listing(map(shown, unseen))}"
        yield Reading("pass", message, required=NO_BAD_WEEKS)
