"""The subject of the gate's checks: the plan, its registration, the evidence, and the move that is asked for.

Nothing here knows the clock or the network: the same input gives the same answer. What the plan withholds until
its look can only be had through ``primary``, which refuses before that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING

from egp import stats
from egp.analysis.days import (
    day_after,
    exposed_days,
    last_day,
    readout_day,
    unpaused,
    whole_days,
)
from egp.analysis.registered import PRIMARY, cuped_variance_factor, has_primary_test, statistics_of
from egp.experiment import Variant
from egp.finding import NotChecked, need
from egp.gate.clock import day_end, instant, shown_look, zone_of
from egp.gate.estimates import Comparison, Lacking, arm_of, compared, compared_with_cuped, units_in
from egp.quantity import Interval
from egp.results import CANARY, FIRST_WEEK, TEST, stage_name
from egp.stats import StatisticsInputError
from egp.subject import Organisation

if TYPE_CHECKING:
    from egp.document import Path
    from egp.experiment import Experiment, Metric
    from egp.gate.move import Move
    from egp.lock import Registration
    from egp.policy.model import Adopted
    from egp.results import Evidence, Row, Window
    from egp.rule import Params

NOWHERE = "no stage"
"""Where the treatment of a rollout without a canary is before its first stage."""

SRM_ALPHA = 0.001
"""Level of the sample-ratio test where the plan does not state one."""


class Withheld(Exception):
    """A metric is not shown yet. The text says why and until when."""

    def __init__(self, reason: str, until: datetime | None = None) -> None:
        super().__init__(reason)
        self.until = until


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

    @cached_property
    def zone(self) -> tzinfo:
        return zone_of(self.plan)

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
        """Days of the current stage that are over and had exposure, in runs."""
        yesterday = day_after(self.as_of.date(), -1)
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

    def cumulative(self, metric: Metric, variant: str, until: date | None = None) -> list[Row]:
        """The rows that hold a variant's units of the current stage once each, first exposed by a day."""
        if metric.kind == "quantile":
            return self.rows(metric, "total", variant)
        rows = self.rows(metric, "cohort", variant)
        return rows if until is None else [row for row in rows if row.date is not None and row.date <= until]

    # Guardrails and stop rules look at every row of the current stage.

    def comparison(self, metric: Metric, treatment: str) -> Comparison:
        """A metric over the current stage so far. Not for metrics that are withheld, other than in a stop rule."""
        return compared(metric, self.cumulative(metric, self.control), self.cumulative(metric, treatment))

    def arm(self, metric: Metric, treatment: str) -> stats.ArmEstimate:
        """What the treated units of the current stage see, whatever control does."""
        return arm_of(metric, self.cumulative(metric, treatment))

    @property
    def has_control(self) -> bool:
        """False in a stage that treats everyone."""
        return self.stage.treated is None or self.stage.treated < 1

    def windows(
        self, metric: Metric, window: Window, treatment: str
    ) -> Iterator[tuple[str, date, Comparison]]:
        """(stage, first day, comparison) of every day or week, of all stages, in order of time."""
        sides: dict[tuple[date, str], dict[str, Row]] = {}
        for (stage, of_window, name, segment), rows in self._rows.items():
            if (of_window, name, segment) == (window, metric.id, metric.segment or ""):
                for row in rows:
                    if row.date is not None:
                        sides.setdefault((row.date, stage), {})[row.variant] = row
        for (day, stage), by_variant in sorted(sides.items()):
            if self.control in by_variant and treatment in by_variant:
                try:
                    yield stage, day, compared(metric, [by_variant[self.control]], [by_variant[treatment]])
                except (Lacking, StatisticsInputError):
                    continue  # a window in which nothing varies shows no harm

    # The readout.

    def judged(self, metric: Metric, treatment: str) -> Comparison:
        """A guardrail as the readout judges it: on its matured cohort where the plan says so."""
        last = self.last_judged_day(metric)
        return compared(
            metric, self.cumulative(metric, self.control, last), self.cumulative(metric, treatment, last)
        )

    def last_judged_day(self, metric: Metric) -> date:
        """The last day of first exposure whose units the readout judges."""
        look = self.look_day or readout_day(self.plan)
        waits = outcome_window_days(metric) if metric.judged_on == "matured_cohort" else 0
        return min(last_day(self.plan), day_after(look, -1 - waits))

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
            declared = [instant(readout_day(self.plan), self.zone)]
        sequential = statistics is not None and statistics.method in ("group_sequential", "always_valid")
        return tuple(declared) if sequential else (declared[-1],)

    @cached_property
    def look(self) -> int | None:
        """Position of the latest look that has come; None before the first."""
        reached = [position for position, look in enumerate(self.looks) if look <= self.as_of]
        return reached[-1] if reached else None

    @property
    def look_day(self) -> date | None:
        """The day of the look whose data are judged; the data of that day itself come too late."""
        return self.looks[self.look].date() if self.look is not None else None

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
            first = self.looks[0]
            return Withheld(f"withheld until {shown_look(first)}, the planned look", first)
        if self.mismatch is not None and self.mismatch < self.srm_alpha:
            return Withheld("withheld, because the sample ratio does not match the plan")
        return None

    def primary(self, metric: Metric, path: Path, treatment: str) -> Comparison:
        """A primary metric by its registered analysis. Raises Withheld before its look, or if the split is wrong."""
        if self.withheld_because is not None:
            raise self.withheld_because
        last = self.last_judged_day(metric)
        arms = [self.cumulative(metric, name, last) for name in (self.control, treatment)]
        uses_cuped = path == PRIMARY and metric.kind != "quantile" and cuped_variance_factor(self.plan) < 1
        return (compared_with_cuped if uses_cuped else compared)(metric, *arms)

    # The split of the units.

    @property
    def srm_alpha(self) -> float:
        return (self.plan.statistics.srm_alpha if self.plan.statistics else None) or SRM_ALPHA

    @cached_property
    def splits(self) -> dict[tuple[int, ...], list[str]]:
        """Units of each variant, control first, that metrics were counted on → the metrics, all segments together."""
        found: dict[tuple[int, ...], list[str]] = {}
        for _, metric in self.plan.metrics:
            units = tuple(
                units_in(self.cumulative(metric, name)) for name in (self.control, *self.treatments)
            )
            if any(units):
                found.setdefault(units, []).append(metric.id or "")
        return found

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

    def policy_says(self, rule: str, option: str, otherwise: float) -> float:
        """An option of a rule in force, or what holds where the policy does not have the rule."""
        adopted = self.rules.get(rule)
        return float(getattr(adopted.params, option)) if adopted else otherwise

    def guardrail_alpha(self) -> float:
        return need(statistics_of(self.plan).guardrail_alpha, "statistics", "guardrail_alpha")


def outcome_window_days(metric: Metric) -> int:
    return whole_days(metric.outcome_window or timedelta())


def first_week_rows(readout: Readout, metric: Metric, variant: str) -> Sequence[Row]:
    """Weeks of the units that were first exposed in the first week of the test."""
    return readout.rows(metric, "week", variant, TEST, FIRST_WEEK)
