"""The subject of the gate's checks: the plan, its registration, the evidence, and the move that is asked for.

Nothing here knows the clock or the network: the same input gives the same answer. What the plan withholds until
its look can only be had through ``primary``, which refuses before that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING

from egp import stats
from egp.gate.clock import day_end, instant, shown_instant, shown_look, zone_of
from egp.gate.estimates import Comparison, Lacking, arm_of, compared, units_in
from egp.plan.analysis.alarm_levels import LEVELS, levels_set_by
from egp.plan.analysis.days import (
    day_after,
    exposed_days,
    last_day,
    readout_day,
    unpaused,
    whole_days,
)
from egp.plan.analysis.registered import has_primary_test, look_days, statistics_of
from egp.plan.analysis.registered_test import ANALYSIS, RegisteredTest, columns_of
from egp.plan.experiment import Variant
from egp.plan.finding import NotChecked, need
from egp.plan.quantity import Interval, shown
from egp.plan.results import CANARY, FIRST_WEEK, TEST, rows_digest, stage_name
from egp.plan.wording import counted
from egp.rules.rule_inputs import Organisation
from egp.stats import StatisticsInputError

if TYPE_CHECKING:
    from egp.gate.move import Move
    from egp.plan.analysis.alarm_levels import AlarmLevels
    from egp.plan.experiment import Experiment, Metric
    from egp.plan.results import About, Evidence, Refusal, Row, Window
    from egp.policy.model import Adopted
    from egp.record.lock import Registration
    from egp.rules.rule import Params

NOWHERE = "no stage"
"""Where the treatment of a rollout without a canary is before its first stage."""

EVERYONE = stage_name(1)
"""A stage without control, in which nothing can be compared."""

QUIET_DAYS = 2
"""At the end of a run: a weekend on which nobody comes is no gap, and an export that fills in days to come is one."""

SRM_ALPHA = 0.001
"""Level of the sample-ratio test where the plan does not state one."""


@dataclass(frozen=True, slots=True)
class Uncomputed:
    """A day or week whose comparison cannot be had, and why: neither harm nor the absence of harm."""

    message: str
    advice: str


class Withheld(Exception):
    """A metric is not shown yet. The text says why and until when, or what has to be repaired before."""

    def __init__(self, reason: str, until: datetime | None = None, advice: str = "") -> None:
        super().__init__(reason)
        self.until = until
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Seen:
    """The stage in which the treatment is: where it began, and how much of the traffic it has."""

    name: str
    position: int
    """In the plan's ramp; -1 for the canary and the test."""
    treated: float | None
    begin: datetime | None
    end: datetime | None
    """When exposure ends; None while nothing ends it."""


@dataclass(frozen=True)
class Readout:
    """Everything the gate judges, and what several checks compute of it, computed once."""

    plan: Experiment
    evidence: Evidence
    move: Move
    as_of: datetime
    """In the plan's time zone."""
    registration: Registration | None = None
    digest: str = ""
    """Of the plan as it is now; empty for one that cannot be read without problems."""
    rules: Mapping[str, Adopted] = field(default_factory=dict)
    """The policy's rules in force for the plan, by id."""
    organisation: Organisation = field(default_factory=Organisation)
    options: Mapping[str, Params] = field(default_factory=dict)
    """Options of checks, by id, where the policy sets any."""
    treatment_revision: str = ""
    """The build that the pipeline is about to serve, where it says so."""
    treatment: str = ""
    """Id of the variant to be ramped, where the plan has several treatments."""
    as_if: bool = False
    """Whether the instant is another than the one of the call, so that the answer opens nothing."""
    frozen: Mapping[datetime, Mapping[str, str]] = field(default_factory=dict)
    """Look → digests of the rows that it was read from before, by metric."""
    judged_by: int = ANALYSIS
    """The analysis of the receipt that is replayed; this release's otherwise."""

    @cached_property
    def zone(self) -> tzinfo:
        return zone_of(self.plan)

    @cached_property
    def taken(self) -> datetime:
        """When the results were taken."""
        return instant(self.evidence.as_of, self.zone)

    @property
    def seen_until(self) -> datetime:
        """Where the knowledge of the results ends, whenever they are judged."""
        return min(self.as_of, self.taken)

    # Variants.

    @cached_property
    def variants(self) -> dict[str, Variant]:
        return {variant.id: variant for variant in self.plan.variants or () if variant.id}

    @cached_property
    def control(self) -> str:
        position = need(self.plan.control_position, "variants")
        return need(need(self.plan.variants, "variants")[position].id, "variants", position, "id")

    @cached_property
    def treatments(self) -> tuple[str, ...]:
        """Variants compared with control: all in the test, and in the ramp those that have rows there."""
        named = tuple(name for name in self.variants if name != self.control)
        if self.stage.position < 0 or len(named) == 1:
            return named
        seen = {row.variant for row in self.evidence.rows if row.stage == self.stage.name}
        seen |= {about.variant for about in self.lost if about.stage == self.stage.name}
        return tuple(name for name in named if name in seen) or named

    # Stages.

    @cached_property
    def stage(self) -> Seen:
        """Where the treatment is by the ledger: the last stage entered, else the test, or the canary before it.

        A move into the test is judged by the canary, whatever the calendar says.
        """
        entered = [
            (moment, entry.treated)
            for entry in self.evidence.results.stages
            if entry.treated is not None
            and entry.entered is not None
            and (moment := instant(entry.entered, self.zone)) <= self.as_of
        ]
        if entered:
            begin, treated = max(entered)
            return Seen(stage_name(treated), self._position(treated), treated, begin, None)
        schedule, canary = self.plan.schedule, self.plan.canary
        start = instant(schedule.start, self.zone) if schedule and schedule.start else None
        is_rollout = self.plan.type == "rollout"
        comes_first = (
            is_rollout or start is None or self.as_of < start or self.move.kind in ("canary", "test")
        )
        if canary and canary.treated and comes_first:
            first = instant(canary.start, self.zone) if canary.start else None
            return Seen(CANARY, -1, canary.treated, first, self._end_of(canary.end))
        if is_rollout:
            return Seen(NOWHERE, -1, None, None, None)
        return Seen(TEST, -1, None, start, self._end_of(schedule.end if schedule else None))

    def _position(self, treated: float) -> int:
        names = [stage_name(stage.treated or 0.0) for stage in self.plan.ramp]
        return names.index(stage_name(treated)) if stage_name(treated) in names else len(names)

    def _end_of(self, moment: date | datetime | None) -> datetime | None:
        if moment is None:
            return None
        return instant(moment, self.zone) if isinstance(moment, datetime) else day_end(moment, self.zone)

    @property
    def is_decision(self) -> bool:
        """Whether the move is the launch that the test decides on: from the test into the first stage."""
        return self.move.kind == "stage" and self.move.position == 0 and has_primary_test(self.plan)

    @property
    def has_begun(self) -> bool:
        """Whether the stage can have shown anything: a day of it is over, or rows of it are there already."""
        begin = self.stage.begin
        if begin is None or begin >= self.as_of:
            return False
        is_a_day_old = begin.date() < self.as_of.date()
        return is_a_day_old or any(row.stage == self.stage.name for row in self.evidence.rows)

    def days_seen(self) -> list[Interval]:
        """Days of the current stage that were over when the results were taken and had exposure, in runs."""
        yesterday = day_after(self.seen_until.date(), -1)
        if self.stage.name == TEST:
            runs = exposed_days(self.plan)
        elif self.stage.begin is None:
            return []
        else:
            end = self.stage.end
            last = day_after(end.date(), -1) if end else yesterday
            pauses = self.plan.schedule.pauses if self.plan.schedule else ()
            runs = unpaused(self.stage.begin.date(), max(last, self.stage.begin.date()), pauses)
        return [Interval(run.first, min(run.last, yesterday)) for run in runs if run.first <= yesterday]

    def weights(self) -> dict[str, float]:
        """Expected share of the units that each variant has in the current stage."""
        declared: dict[str, float] = {
            name: need(variant.weight, "variants") for name, variant in self.variants.items()
        }
        treated = self.stage.treated
        if treated is None:
            return declared
        among = sum(declared[name] for name in self.treatments)
        shares = {name: treated * declared[name] / among for name in self.treatments}
        return {self.control: 1 - treated, **shares}

    # Rows.

    @cached_property
    def _rows(self) -> dict[tuple[str, str, str, str], list[Row]]:
        index: dict[tuple[str, str, str, str], list[Row]] = {}
        for row in self.evidence.rows:
            index.setdefault((row.stage, row.window, row.metric, row.segment), []).append(row)
        return index

    def rows(
        self, metric: Metric, window: Window, variant: str = "", stage: str = "", segment: str | None = None
    ) -> list[Row]:
        """Rows of a metric in the current stage, or the one named; of one variant if it is named."""
        part = (metric.segment or "") if segment is None else segment
        found = self._rows.get((stage or self.stage.name, window, metric.id or "", part), [])
        return [row for row in found if variant in ("", row.variant)]

    @cached_property
    def lost(self) -> tuple[About, ...]:
        """What refused rows would have told."""
        return tuple(about for problem in self.evidence.problems for about in problem.lost)

    def was_refused(self, window: Window, metric: Metric, variant: str, day: date | None) -> bool:
        """Whether a row of the current stage was there, and could not be read."""
        return any(
            about.date == day
            and about.window in ("", window)
            and about.stage in ("", self.stage.name)
            and about.metric in ("", metric.id)
            and about.variant in ("", variant)
            for about in self.lost
        )

    def cumulative(self, metric: Metric, variant: str, until: date | None = None) -> list[Row]:
        """The rows that hold a variant's units of the current stage once each, first exposed by a day.

        Cohorts, or the one total row where there are none. A total that may hold units of later days is none of those.
        """
        if metric.kind == "quantile":
            return self.rows(metric, "total", variant)
        cohorts = self.rows(metric, "cohort", variant)
        if not cohorts:
            totals = self.rows(metric, "total", variant)
            return [row for row in totals if until is None or self._ends_with(row, until)]
        return (
            cohorts
            if until is None
            else [row for row in cohorts if row.date is not None and row.date <= until]
        )

    def _ends_with(self, total: Row, until: date) -> bool:
        """Whether the units of a total are those that were exposed by a day: counted through it, or exposure is over."""
        if total.through is None or total.through < until:
            return False
        return total.through == until or (
            self.stage.end is not None and day_end(until, self.zone) >= self.stage.end
        )

    @property
    def is_counted_in_totals(self) -> frozenset[str]:
        """Metrics of which the current stage has total rows, and no cohorts."""
        windows: dict[str, set[str]] = {}
        for stage, window, metric, _ in self._rows:
            if stage == self.stage.name:
                windows.setdefault(metric, set()).add(window)
        return frozenset(
            metric for metric, found in windows.items() if "total" in found and "cohort" not in found
        )

    # Guardrails and stop rules look at every row of the current stage.

    def comparison(self, metric: Metric, treatment: str, until: date | None = None) -> Comparison:
        """A metric over the current stage so far. Not for metrics that are withheld, other than in a stop rule."""
        return self.compared(metric, *self._arms(metric, treatment, until))

    def compared(self, metric: Metric, control: Sequence[Row], treatment: Sequence[Row]) -> Comparison:
        """A metric in some rows of control against those of a treatment, without its covariate."""
        return compared(metric, columns_of(self.plan, metric), control, treatment)

    def smaller_units(self, metric: Metric, treatment: str, until: date | None = None) -> int:
        """Units of the smaller arm over the current stage so far."""
        return min(units_in(self.cumulative(metric, name, until)) for name in (self.control, treatment))

    def units_of_window(
        self, metric: Metric, window: Window, treatment: str, stage: str, first: date
    ) -> int | None:
        """Units of the smaller arm in a day or a week; None where an arm has no row of it."""
        rows = [
            [row for row in self.rows(metric, window, name, stage) if row.date == first]
            for name in (self.control, treatment)
        ]
        return min(map(units_in, rows)) if all(rows) else None

    def _arms(self, metric: Metric, treatment: str, until: date | None = None) -> list[list[Row]]:
        """Control's rows and the treatment's, of the days that both have: one without the other tells no difference."""
        arms = [self.cumulative(metric, name, until) for name in (self.control, treatment)]
        of_both = {row.date for row in arms[0]} & {row.date for row in arms[1]}
        return [[row for row in arm if row.date in of_both] for arm in arms]

    def arm(self, metric: Metric, treatment: str) -> stats.ArmEstimate:
        """What the treated units of the current stage see, whatever control does."""
        return arm_of(metric, columns_of(self.plan, metric), self.cumulative(metric, treatment))

    @property
    def has_control(self) -> bool:
        """False in a stage that treats everyone."""
        return self.stage.treated is None or self.stage.treated < 1

    def windows(
        self, metric: Metric, window: Window, treatment: str
    ) -> Iterator[tuple[str, date, Comparison | Uncomputed]]:
        """(stage, first day, comparison) of every day or week, of all stages, in order of time.

        A window with a row of one side alone, with a row that was refused, or in which nothing varies is there, too,
        and says why it cannot be computed.
        """
        sides: dict[tuple[date, str], dict[str, Row]] = {}
        for (stage, of_window, name, segment), rows in self._rows.items():
            if (of_window, name, segment) == (window, metric.id, metric.segment or ""):
                for row in rows:
                    if row.date is not None:
                        sides.setdefault((row.date, stage), {})[row.variant] = row
        refused: dict[tuple[date, str], Refusal] = {}
        for problem in self.evidence.problems:
            for about in problem.lost:
                is_ours = about.window == window and about.metric == metric.id and about.stage
                if is_ours and about.date and about.variant in ("", self.control, treatment):
                    refused[about.date, about.stage] = problem
        for day, stage in sorted({*sides, *refused}):
            if stage != EVERYONE:
                by_variant, lost = sides.get((day, stage), {}), refused.get((day, stage))
                yield stage, day, self._window(metric, window, treatment, by_variant, lost)

    def _window(
        self,
        metric: Metric,
        window: Window,
        treatment: str,
        by_variant: Mapping[str, Row],
        refused: Refusal | None,
    ) -> Comparison | Uncomputed:
        missing = [name for name in (self.control, treatment) if name not in by_variant]
        if missing and refused is not None:
            return Uncomputed(f"{refused.place}: {refused.message}", refused.help)
        if missing:
            return Uncomputed(f"there is no {window} row of {metric.id} for {missing[0]}", "add it")
        try:
            return self.compared(metric, [by_variant[self.control]], [by_variant[treatment]])
        except Lacking as lacking:
            return Uncomputed(str(lacking), lacking.advice)
        except StatisticsInputError as error:
            return Uncomputed(f"{metric.id} could not be computed: {error.problem}", error.advice)

    # The readout.

    def judged(self, test: RegisteredTest, treatment: str, look: int | None = None) -> Comparison:
        """A metric as a look judges it, the latest one unless another is named: on its matured cohort where the plan
        says so."""
        arms = self._arms(test.metric, treatment, self.last_judged_day(test.metric, look))
        return compared(test.metric, test.columns, *arms)

    def last_judged_day(self, metric: Metric, look: int | None = None) -> date:
        """The last day of first exposure whose units a look judges, the latest one unless another is named."""
        at = self.look if look is None else look
        day = self.looks[at].date() if at is not None else readout_day(self.plan)
        waits = outcome_window_days(metric) if metric.judged_on == "matured_cohort" else 0
        return min(last_day(self.plan), day_after(day, -1 - waits))

    def matures(self, metric: Metric) -> datetime:
        """When the outcomes of all units that the readout judges are complete."""
        return day_end(day_after(self.last_judged_day(metric), outcome_window_days(metric)), self.zone)

    def unripe_days(self, metric: Metric) -> list[date]:
        """Days of first exposure that the readout judges, and whose outcomes are not counted to their end."""
        window, last = outcome_window_days(metric), self.last_judged_day(metric)
        rows = [row for row in self.rows(metric, "cohort") if row.date is not None and row.date <= last]
        return sorted(
            {row.date for row in rows if row.date and (row.through or row.date) < day_after(row.date, window)}
        )

    @property
    def ramped(self) -> tuple[str, ...]:
        """The treatments that the move is about: the one that is named, or all."""
        return (self.treatment,) if self.treatment else self.treatments

    # Looks.

    @cached_property
    def looks(self) -> tuple[datetime, ...]:
        """The instants at which the primary may be read; under a fixed horizon the last one only."""
        statistics = self.plan.statistics
        declared = sorted(
            instant(look, self.zone) for look in (statistics.looks if statistics else None) or ()
        )
        if not declared:
            declared = [instant(day, self.zone) for day in look_days(self.plan)]
        sequential = statistics is not None and statistics.method in ("group_sequential", "always_valid")
        return tuple(declared) if sequential else (declared[-1],)

    @cached_property
    def due(self) -> int | None:
        """Position of the latest look that the calendar has reached; None before the first."""
        return max(self._reached_by(self.as_of), default=None)

    @cached_property
    def look(self) -> int | None:
        """Position of the latest look that is open; None before the first.

        A look opens by what was seen: the results were taken on or after it, and their rows cover every day that it
        judges. The instant of the call opens nothing.
        """
        reached = self._reached_by(self.seen_until)
        return next((at for at in reversed(reached) if not any(self._lacking(at))), None)

    def _reached_by(self, moment: datetime) -> list[int]:
        return [position for position, look in enumerate(self.looks) if look <= moment]

    def _lacking(self, position: int) -> Iterator[tuple[Metric, str, list[date]]]:
        """(metric, variant, days) of primaries whose rows do not cover the days that a look judges.

        In the ramp the look was read before, and results need not have the rows of the test any more.
        """
        if not self._reads_the_test:
            return
        for _, metric in self.plan.primaries:
            last = self.last_judged_day(metric, position)
            days = [
                day_after(run.first, offset) for run in exposed_days(self.plan) for offset in range(run.days)
            ]
            judged = [day for day in days if day <= last]
            for name in (self.control, *self.treatments):
                absent = self._absent(metric, name, judged, last) or self._filled_in(metric, judged)
                if absent:
                    yield metric, name, absent

    @property
    def _reads_the_test(self) -> bool:
        return has_primary_test(self.plan) and (self.stage.position < 0 or self.is_decision)

    def _absent(self, metric: Metric, variant: str, days: list[date], last: date) -> list[date]:
        """Those of the judged days, up to the last, that no cohort is of; where there are only totals, that none reaches."""
        cohorts = {row.date for row in self.rows(metric, "cohort", variant, TEST)}
        if cohorts and metric.kind != "quantile":
            return [day for day in days if day not in cohorts]
        totals = self.rows(metric, "total", variant, TEST)
        if metric.kind != "quantile":
            # A sum that may hold units of later days tells nothing of these days alone.
            totals = [
                row for row in totals if row.through and (row.through < last or self._ends_with(row, last))
            ]
        through = max((row.through for row in totals if row.through), default=None)
        return [day for day in days if through is None or day > through]

    def _filled_in(self, metric: Metric, days: list[date]) -> list[date]:
        """The last days, where rows of 0 units are all that there is of more of them than can be quiet by themselves.

        Units of any `day` row are a life sign, too: who comes back is nobody's first exposure.
        """
        if metric.kind == "quantile":
            return []
        alive = {
            row.date
            for row in self.evidence.rows
            if row.stage == TEST
            and row.units
            and (row.window == "day" or (row.window, row.metric) == ("cohort", metric.id))
        }
        quiet = list(takewhile(lambda day: day not in alive, reversed(days)))
        return quiet[::-1] if len(quiet) > QUIET_DAYS else []

    @property
    def look_read(self) -> datetime:
        """The open look. Only where one is."""
        return self.looks[need(self.look, "statistics", "looks")]

    @property
    def is_last_look(self) -> bool:
        return self.look == len(self.looks) - 1

    @cached_property
    def confirmatory(self) -> frozenset[str]:
        """Metrics that nobody may see before the look."""
        guardrails = {metric.id for metric in self.plan.guardrail_metrics}
        metrics = {metric.id or "" for _, metric in self.plan.metrics}
        return frozenset(metrics - guardrails)

    @cached_property
    def withheld(self) -> frozenset[str]:
        """Metrics of which no number may be in any output."""
        return self.confirmatory if self.withheld_because is not None else frozenset()

    @cached_property
    def withheld_because(self) -> Withheld | None:
        """Never raises: what cannot be known is withheld, too."""
        try:
            return self._withheld_because()
        except NotChecked:
            return Withheld("withheld, because the plan does not say when it is read")
        except StatisticsInputError as error:
            return Withheld(f"withheld, because the split of the units cannot be checked: {error.problem}")

    def _withheld_because(self) -> Withheld | None:
        if self.look is None:
            return self._closed()
        if self._reads_the_test:
            for _, metric in self.plan.primaries:
                if metric.kind != "quantile" and self.unripe_days(metric):
                    return self._unripe(metric)
        if self.mismatch is not None and self.mismatch < self.srm_alpha:
            return Withheld("withheld, because the sample ratio does not match the plan")
        return None

    def _closed(self) -> Withheld:
        """Why no look is open."""
        first = self.looks[0]
        if self.due is None:
            return Withheld(f"withheld until {shown_look(first)}, the planned look", first)
        if self.taken < first:
            reason = (
                f"withheld, because the results were taken {shown_instant(self.taken)}, before the look of "
                f"{shown_look(first)}"
            )
            return Withheld(reason, advice="take the results again")
        metric, variant, days = next(self._lacking(0))
        if not self._absent(metric, variant, days, self.last_judged_day(metric, 0)):
            reason = (
                f"withheld, because the rows do not cover the run: they count nobody for {shown(metric.id)} on its last "
                f"{counted(len(days), 'day')}, from {days[0]} on"
            )
            return Withheld(
                reason,
                advice="take the results again; where nobody comes for so long, add `day` rows of who comes back",
            )
        reason = (
            f"withheld, because the rows do not cover the run: {shown(metric.id)} of {shown(variant)} lacks "
            f"{counted(len(days), 'day')}, the first {days[0]}"
        )
        of_totals = metric.kind == "quantile" or metric.id in self.is_counted_in_totals
        rows = (
            f"a total counted through {days[-1]}"
            if of_totals
            else "a row for every day; a day without exposure has one of 0 units"
        )
        return Withheld(reason, advice=f"take the results again, with {rows}")

    def _unripe(self, metric: Metric) -> Withheld:
        matures = self.matures(metric)
        if self.as_of < matures:
            return Withheld(f"withheld until {shown_look(matures)}, when its outcomes have matured", matures)
        day = self.unripe_days(metric)[0]
        reason = f"withheld, because the outcomes of units exposed on {day} are not counted to their end"
        return Withheld(reason, advice="take the results again, counted to their end")

    def primary(self, test: RegisteredTest, treatment: str, look: int | None = None) -> Comparison:
        """A primary metric by its registered analysis. Raises Withheld before its look, or if the split is wrong."""
        if self.withheld_because is not None:
            raise self.withheld_because
        return self.judged(test, treatment, look)

    @cached_property
    def rows_read(self) -> dict[str, str]:
        """Metric → digest of the rows that the open look is read from; empty where no look is.

        Primaries, and guardrails whose outcomes have their whole time. A guardrail without an `outcome_window` goes on
        counting after the look.
        """
        if self.withheld_because is not None or not self.is_decision:
            return {}
        guardrails = [
            metric
            for _, metric in self.plan.guardrails
            if metric.outcome_window is not None
            and metric.kind != "quantile"
            and not self.unripe_days(metric)
        ]
        judged = [*(metric for _, metric in self.plan.primaries), *guardrails]
        return {metric.id or "": self._digest_of(metric) for metric in judged}

    def _digest_of(self, metric: Metric) -> str:
        last = self.last_judged_day(metric)
        names = (self.control, *self.treatments)
        return rows_digest(row for name in names for row in self.cumulative(metric, name, last))

    # The split of the units.

    @property
    def srm_alpha(self) -> float:
        return (self.plan.statistics.srm_alpha if self.plan.statistics else None) or SRM_ALPHA

    @cached_property
    def splits(self) -> dict[tuple[int, ...], list[str]]:
        """Units of each variant, control first, that metrics were counted on → the metrics, all segments together.

        A unit without a value is in no quantile, so that these tell the split only where nothing else does.
        """
        metrics = [metric for _, metric in self.plan.metrics]
        counted_once = [metric for metric in metrics if metric.kind != "quantile"]
        return self._splits_of(counted_once) or self._splits_of(metrics)

    def _splits_of(self, metrics: Sequence[Metric]) -> dict[tuple[int, ...], list[str]]:
        found: dict[tuple[int, ...], list[str]] = {}
        for metric in metrics:
            refused = self._refused_days(metric)
            units = tuple(
                units_in(row for row in self.cumulative(metric, name) if row.date not in refused)
                for name in (self.control, *self.treatments)
            )
            if any(units):
                found.setdefault(units, []).append(metric.id or "")
        return found

    def _refused_days(self, metric: Metric) -> frozenset[date]:
        """Days on which a cohort of the metric was refused: the others of the day are no split."""
        return frozenset(
            about.date
            for about in self.lost
            if about.date
            and about.window in ("", "cohort")
            and about.stage in ("", self.stage.name)
            and about.metric in ("", metric.id)
        )

    @cached_property
    def mismatch(self) -> float | None:
        """The smallest p-value of the splits; None where nothing was counted."""
        return min(self.split_p_values.values(), default=None)

    @cached_property
    def split_p_values(self) -> dict[tuple[int, ...], float]:
        if not self.has_control:
            return {}
        weights = self.weights()
        shares = [weights[name] for name in (self.control, *self.treatments)]
        return {units: stats.srm_p_value(units, shares) for units in self.splits}

    # What the policy asks for.

    @cached_property
    def change_windows(self) -> list[tuple[Interval, str]]:
        """The periods of the policy's calendars, in which no traffic is raised, with their names, in order of time."""
        found = [(days, name) for name, periods in self.organisation.calendars.items() for days in periods]
        return sorted(found, key=lambda each: each[0].first)

    def policy_says(self, rule: str, option: str, otherwise: float) -> float:
        """An option of a rule in force, or what holds where the policy does not have the rule."""
        adopted = self.rules.get(rule)
        return float(getattr(adopted.params, option)) if adopted else otherwise

    @cached_property
    def alarm_levels(self) -> AlarmLevels:
        """What the policy asks of alarms, whatever the plan says."""
        adopted = self.rules.get("hair-trigger")
        return levels_set_by(adopted.params) if adopted else LEVELS

    def guardrail_alpha(self) -> float:
        return need(statistics_of(self.plan).guardrail_alpha, "statistics", "guardrail_alpha")


def outcome_window_days(metric: Metric) -> int:
    return whole_days(metric.outcome_window or timedelta())


def first_week_rows(readout: Readout, metric: Metric, variant: str) -> Sequence[Row]:
    """Weeks of the units that were first exposed in the first week of the test."""
    return readout.rows(metric, "week", variant, TEST, FIRST_WEEK)
