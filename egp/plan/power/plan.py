"""A plan metric by metric: what each needs, what the declared sample gives it, and which of them binds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

from egp import stats
from egp.plan.analysis import branches, days, registered, traffic
from egp.plan.analysis.beside_primary import any_harm_design
from egp.plan.analysis.by_day import days_that_fill
from egp.plan.analysis.design import Design
from egp.plan.analysis.negative_controls import control_design
from egp.plan.finding import NotChecked
from egp.stats.errors import input_error_of
from egp.stats.values import NamedTuple
from egp.yaml import pointer

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Metric
    from egp.yaml import Document, Path

T = TypeVar("T")
Role = Literal["primary", "co-primary", "guardrail", "informing", "negative_control"]

BY_PLAN = "the plan's power"
BY_DECISION = "the plan's power for the whole decision"
BY_POLICY = "the policy's guardrail-power"
BY_HARM = "the policy's any-harm"
BY_SHIFT = "the policy's negative-controls"

USUAL = 0.8
"""Where no policy requires another power of what decides nothing."""

DECIDING: tuple[Role, ...] = ("primary", "co-primary", "guardrail")
"""Metrics for which a sample is planned; of the others the page says what it notices."""


class Noticing(NamedTuple):
    """The power that the policy requires of metrics that decide nothing, None for none."""

    harm: float | None = None
    shift: float | None = None


NOTHING_REQUIRED = Noticing()


@dataclass(frozen=True, slots=True)
class Branch:
    """How often each branch of the decision rule comes about for one true effect."""

    effect: Literal["mde", "none", "harm"]
    """Of the size of the MDE, none, or harm of that size; of a non-inferiority plan, of twice its margin."""
    benefit: float
    """Absolute, in the metric's unit, positive where it is good."""
    ship: float
    withdraw: float
    inconclusive: float


@dataclass(slots=True)
class MetricRow:
    """One metric's test. What could not be computed is None, and ``needs`` or ``reason`` says why."""

    name: str
    path: Path
    role: Role
    test: Literal["superiority", "non_inferiority"] | None = None
    unit: str | None = None
    distance: float | None = None
    """The declared MDE or margin, absolute."""
    asked: float | None = None
    asked_by: str | None = None
    needed: float | None = None
    """Units of the smallest variant, at this plan's schedule."""
    days: float | None = None
    """Days of exposure that bring them, by this plan's counts; a longer run matures a larger share."""
    power: float | None = None
    detectable: float | None = None
    is_tested: bool = True
    """Whether the plan's type tests it at all."""
    missing: list[Path] = field(default_factory=list)
    reason: str = ""

    @property
    def pointer(self) -> str:
        return pointer(self.path)

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(pointer(path) for path in self.missing)

    @property
    def is_computed(self) -> bool:
        return self.needed is not None or self.power is not None


@dataclass(frozen=True, slots=True)
class PlanPower:
    """What the power of one plan comes to."""

    path: str
    document: int
    experiment: str
    declared: int | None
    arriving: float | None
    run_days: int | None
    rows: tuple[MetricRow, ...]
    branches: tuple[Branch, ...] = ()
    """Of a decision rule that can withdraw."""

    @property
    def binding(self) -> MetricRow | None:
        """The metric that needs the most units; None where no need could be computed."""
        known = [row for row in self.rows if row.needed is not None and row.role in DECIDING]
        return max(known, key=lambda row: row.needed or 0.0, default=None)

    @property
    def unknown_needs(self) -> int:
        """Metrics that are tested and whose need could not be computed: any of them may bind instead."""
        return sum(row.is_tested and row.needed is None and row.role in DECIDING for row in self.rows)

    @property
    def guardrails_together(self) -> float | None:
        """Chance that all guardrails pass at the declared units if they are independent."""
        powers = self._powers_of_guardrails
        return stats.all_pass_probability(powers)[1] if powers else None

    @property
    def guardrails_at_least(self) -> float | None:
        """The least that this chance can be, whatever they have to do with each other."""
        powers = self._powers_of_guardrails
        return stats.all_pass_probability(powers)[0] if powers else None

    @property
    def _powers_of_guardrails(self) -> list[float]:
        return [row.power for row in self.rows if row.role == "guardrail" and row.power is not None]

    @property
    def is_computed(self) -> bool:
        return any(row.is_computed for row in self.rows)


def plan_power(
    plan: Experiment, document: Document, guardrail_floor: float | None, noticing: Noticing = NOTHING_REQUIRED
) -> PlanPower:
    """Every metric that is tested. ``guardrail_floor`` is the policy's power for guardrails, None if it requires none."""
    reading = _Reading(plan, guardrail_floor, noticing)
    return PlanPower(
        path=document.path,
        document=document.index,
        experiment=plan.name,
        declared=plan.sample_size_per_variant or None,
        arriving=_known(lambda: traffic.arriving_units(plan)),
        run_days=_known(lambda: days.days_of_exposure(plan)),
        rows=tuple(reading.rows()),
        branches=_known(lambda: tuple(_branches(plan))) or (),
    )


def _known(compute: Callable[[], T]) -> T | None:
    try:
        return compute()
    except NotChecked:
        return None


def _branches(plan: Experiment) -> Iterator[Branch]:
    """The three branches at the declared sample, for an effect, for none and for harm."""
    if not registered.has_primary_test(plan) or not branches.bounds_of(plan).is_able_to_withdraw:
        return
    margin = registered.primary_test(plan).margin
    size = 2 * margin if margin is not None else abs(registered.primary_effect(plan))
    effects: tuple[tuple[Literal["mde", "none", "harm"], float], ...] = (
        ("mde", size),
        ("none", 0.0),
        ("harm", -size),
    )
    for name, benefit in effects[margin is not None :]:
        yield Branch(name, benefit, *branches.chances(plan, benefit))


class _Reading:
    """One plan, and what its metrics have in common."""

    def __init__(self, plan: Experiment, guardrail_floor: float | None, noticing: Noticing) -> None:
        self.plan = plan
        self.noticing = noticing
        self.floor = guardrail_floor
        self.margins = sum(metric.non_inferiority_margin is not None for _, metric in plan.guardrails)

    def rows(self) -> Iterator[MetricRow]:
        for path, metric in self.plan.primaries:
            role: Role = "primary" if path == registered.PRIMARY else "co-primary"
            row = MetricRow(metric.id or role, path, role)
            if registered.has_primary_test(self.plan):
                self._fill(row, metric, self._primary_design, self._primary_power)
            else:
                row.is_tested, row.reason = False, f"a {self.plan.type} does not test it"
            yield row
        for path, metric in self.plan.guardrails:
            row = MetricRow(metric.id or "guardrail", path, "guardrail")
            self._fill(row, metric, self._guardrail_design, self._guardrail_power)
            yield row
        if not registered.has_primary_test(self.plan):
            return
        for path, metric in self.plan.informing:
            row = MetricRow(metric.id or "guardrail", path, "informing")
            self._fill(row, metric, self._informing_design, lambda: (self.noticing.harm or USUAL, BY_HARM))
            yield row
        for path, metric in self.plan.unmoved:
            row = MetricRow(metric.id or "negative control", path, "negative_control")
            self._fill(row, metric, self._control_design, lambda: (self.noticing.shift or USUAL, BY_SHIFT))
            yield row

    def _fill(
        self,
        row: MetricRow,
        metric: Metric,
        design_of: Callable[[Metric, Path], tuple[Design, float]],
        power_asked: Callable[[], tuple[float, str]],
    ) -> None:
        made = self._kept(row, lambda: design_of(metric, row.path))
        asked = self._kept(row, power_asked)
        if asked:
            row.asked, row.asked_by = asked
        if made is None:
            return
        design, distance = made
        row.distance, row.unit = distance, metric.baseline.unit if metric.baseline else None
        row.test = "superiority" if design.test.margin is None else "non_inferiority"
        if row.asked is not None:
            self._fill_needed(row, metric, design, distance, row.asked)
        units = self._kept(row, lambda: registered.planned_units(self.plan))
        if units is not None:
            self._fill_declared(row, design, distance, units)

    def _fill_needed(
        self, row: MetricRow, metric: Metric, design: Design, distance: float, asked: float
    ) -> None:
        row.needed = self._kept(row, lambda: design.units(distance, asked))
        if row.needed is not None:
            needed = row.needed
            row.days = _known(lambda: self._days(metric, needed))

    def _fill_declared(self, row: MetricRow, design: Design, distance: float, units: float) -> None:
        row.power = self._kept(row, lambda: design.power(distance, units))
        if row.asked is not None:
            asked = row.asked
            row.detectable = self._kept(row, lambda: design.detectable(asked, units))

    def _kept(self, row: MetricRow, compute: Callable[[], T]) -> T | None:
        try:
            return compute()
        except NotChecked as missing:
            if missing.path not in row.missing:
                row.missing.append(missing.path)
        except (stats.StatisticsInputError, ArithmeticError) as error:
            unusable = input_error_of(error)
            row.reason = row.reason or f"{unusable.problem}; {unusable.advice}"
        return None

    def _primary_design(self, metric: Metric, path: Path) -> tuple[Design, float]:  # noqa: ARG002
        design = registered.primary_design(self.plan, path)
        effect = abs(registered.primary_effect(self.plan, path))
        return design, effect if design.test.margin is None else design.test.margin

    def _guardrail_design(self, metric: Metric, path: Path) -> tuple[Design, float]:
        design = registered.guardrail_design(self.plan, metric, path)
        assert design.test.margin is not None
        return design, design.test.margin

    def _informing_design(self, metric: Metric, path: Path) -> tuple[Design, float]:
        return any_harm_design(self.plan, metric, path), registered.noticed_size(metric, path)

    def _control_design(self, metric: Metric, path: Path) -> tuple[Design, float]:
        return control_design(self.plan, metric, path), registered.noticed_size(metric, path)

    def _primary_power(self) -> tuple[float, str]:
        power = registered.required_power(self.plan)
        if self._is_for_decision:
            return stats.guardrail_power_target(power, self.margins), BY_DECISION
        return power, BY_PLAN

    def _guardrail_power(self) -> tuple[float, str]:
        if self.floor is not None and not self._is_for_decision:
            return self.floor, BY_POLICY
        return self._primary_power()

    @property
    def _is_for_decision(self) -> bool:
        return self.plan.statistics is not None and self.plan.statistics.power_scope == "decision"

    def _days(self, metric: Metric, needed: float) -> float:
        """Days of exposure for so many units at this schedule."""
        return days_that_fill(self.plan, metric, needed)
