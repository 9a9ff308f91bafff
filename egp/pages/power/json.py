"""The answer for programs, versioned by its `power_report` key: of a question, or of the metrics of plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from egp import stats
from egp.output.contract import TOOL, Count, JudgingPolicy, Positive, Reported, Share, Tool, as_text
from egp.plan.power import calculator
from egp.plan.power.calculator import Distribution, PowerAnswer
from egp.plan.power.curve import curve
from egp.plan.power.mistakes import mistakes, reach
from egp.plan.power.plan import Role
from egp.plan.power.question import Solved
from egp.stats.planning import Direction, Kind

if TYPE_CHECKING:
    from egp.plan.finding import Failure
    from egp.plan.power.plan import MetricRow, PlanPower
    from egp.policy.model import Policy

_Variance = Literal[
    "pooled", "farrington_manning", "pooled_or_unpooled", "farrington_manning_or_unpooled", "declared"
]


class Quantity(Reported):
    """A quantity: its value in its unit (a share as a fraction, a time in seconds), and as it was written."""

    value: float
    unit: str
    text: str


class Clusters(Reported):
    """Clusters that are randomised."""

    size: float
    icc: float
    cv: float


class Inputs(Reported):
    """The question as it was understood; null where nothing was said."""

    kind: Kind
    baseline: Quantity
    std_dev: Quantity | None
    direction: Direction
    mde: Quantity | None
    margin: Quantity | None
    non_inferiority: bool
    units: float | None
    days: float | None
    per_day: Count | None
    power: Share | None
    """Of the test, or of the decision by power_scope; null when it was requested."""
    power_assumed: bool
    """Whether the power is the default and not the user's."""
    alpha: Share
    sides: Literal[1, 2]
    weights: tuple[Share, ...]
    """Control first; they sum to 1."""
    correction: Literal["none", "bonferroni", "holm", "dunnett"]
    correlation: float | None
    clusters: Clusters | None
    guardrails: Count
    power_scope: Literal["primary", "decision"]
    looks: tuple[Share, ...] | None
    """Share of the units at each look."""
    spending: Literal["obrien_fleming", "pocock", "hwang_shih_decani"] | None
    gamma: float | None
    always_valid: bool


class Answer(Reported):
    """A consistent set of size, effect and power."""

    units: Positive
    """Units of the smallest variant, not rounded."""
    units_per_variant: tuple[Count, ...]
    """Whole units, control first, each rounded up."""
    total_units: Count
    effect: Positive
    """Absolute, positive, in the metric's unit: the MDE, or the margin of a test of non-inferiority."""
    relative_effect: float | None
    """Over the size of the baseline; null if that is 0."""
    power: Share
    """Of this one test."""
    decision_power: Share
    """Least chance that this test and every guardrail pass (power_scope decision)."""
    days: float | None
    """Days until the units are there, not rounded; null without a rate."""
    days_to_run: Count | None
    """Whole weeks, two at least."""


class Boundary(Reported):
    """A look and the z that stops there."""

    information: Share
    z: float


class Assumptions(Reported):
    """What the numbers rest on."""

    variance: _Variance
    """Of rates as their score test has it; the larger of that and the unpooled one where CUPED or clusters make it a
    test of means."""
    distribution: Distribution
    comparison_alpha: Share
    """Level of one comparison, after the correction."""
    critical_z: float
    allocation_ratio: Positive
    """Units of the smallest treatment for each of control."""
    cuped_factor: Positive
    design_effect: Positive
    inflation: Positive
    """Units of the sequential design over those of a single look."""
    boundaries: tuple[Boundary, ...]
    naive_type1: Share | None
    """Type I error of looks without a correction."""
    family_error: Share | None
    """Chance of an effect that is not there among uncorrected treatments."""
    minimum_days: Count


class Mistake(Reported):
    """What a mistake would have said, in what was requested, and the power of the registered test with that."""

    id: Literal[
        "power_80", "shortcut", "one_sided", "no_correction", "single_look", "primary_only", "other_reading"
    ]
    name: str
    says: float
    delivers: Share


class Reach(Reported):
    """What the usual power takes, where the power of a given test was requested."""

    power: Share
    units: float | None
    effect: float | None


class CurvePoint(Reported):
    """A size."""

    days: float | None
    units: Positive
    """Units of the smallest variant, not rounded."""
    effect: float | None
    """Null where no possible effect is found."""
    is_answer: bool


class Curve(Reported):
    """Smallest effect against size."""

    power: Share
    points: tuple[CurvePoint, ...]


class Calculation(Reported):
    """One question and its answer."""

    power_report: Literal[1]
    """Version of this format."""
    tool: Tool
    asked: Solved
    inputs: Inputs
    answer: Answer
    assumptions: Assumptions
    mistakes: tuple[Mistake, ...]
    reach: Reach | None
    curve: Curve


class MetricPower(Reported):
    """A metric's test at the plan's readout; numbers are null where they could not be computed."""

    metric: str
    pointer: str
    """RFC 6901 pointer to the metric."""
    role: Role
    test: Literal["superiority", "non_inferiority"] | None
    effect: float | None
    """Absolute, positive, in the metric's unit: the MDE, or the margin of a test of non-inferiority."""
    unit: str | None
    """Unit of the baseline."""
    power_asked: Share | None
    power_asked_by: str | None
    """What requires that power."""
    units_needed: float | None
    """Units of the smallest variant, not rounded."""
    days_needed: float | None
    """Days of exposure by the plan's counts; null without eligible_units."""
    power: Share | None
    """At the declared units."""
    detectable: float | None
    """Smallest effect or margin at the declared units and the power required."""
    needs: tuple[str, ...]
    """Pointers of the keys without which some of it cannot be computed."""
    reason: str | None
    """Why the numbers do not exist, where no key is missing."""


class Binding(Reported):
    """The metric that needs the most units."""

    metric: str
    pointer: str
    units: Positive
    days: float | None


class BranchPower(Reported):
    """How often each branch of the decision rule comes about at the declared units, for one true effect."""

    effect: Literal["mde", "none", "harm"]
    """Of the MDE's size, none, or harm of that size; of a non-inferiority plan, none or harm of twice its margin."""
    benefit: float
    """Absolute, in the metric's unit, positive where it is good."""
    ship: Share
    withdraw: Share
    inconclusive: Share


class PlanMetrics(Reported):
    """A plan."""

    path: str
    document: Count
    """Number of the YAML document in the file, from 0."""
    experiment: str
    declared_units: Count | None
    arriving_units: float | None
    """Units that the run brings to the smallest variant."""
    run_days: Count | None
    binding: Binding | None
    unknown_needs: Count
    """Tested metrics whose need is not known; any of them may bind."""
    metrics: tuple[MetricPower, ...]
    guardrails_together: Share | None
    """Chance that every computed guardrail passes at the declared units, if independent."""
    branches: tuple[BranchPower, ...]
    """Of a decision rule that can withdraw; else empty."""


class PlanError(Reported):
    """A file without an answer."""

    path: str
    message: str
    help: str


class PowerOfPlans(Reported):
    """The metrics of plans."""

    power_report: Literal[1]
    """Version of this format."""
    tool: Tool
    policy: JudgingPolicy
    plans: tuple[PlanMetrics, ...]
    errors: tuple[PlanError, ...]


def render(answer: PowerAnswer) -> str:
    """The question and its answer, numbers unrounded."""
    found = reach(answer)
    points = tuple(CurvePoint.of(each, effect=each.distance) for each in curve(answer))
    return as_text(
        Calculation(
            power_report=1,
            tool=TOOL,
            asked=answer.solved,
            inputs=_inputs(answer),
            answer=_answer(answer),
            assumptions=_assumptions(answer),
            mistakes=tuple(map(Mistake.of, mistakes(answer))),
            reach=Reach.of(found, effect=found.distance) if found else None,
            curve=Curve(power=answer.planned_power, points=points),
        )
    )


def _inputs(answer: PowerAnswer) -> Inputs:
    question = answer.question
    change = Quantity.of(question.change) if question.change else None
    return Inputs.of(
        question,
        baseline=Quantity.of(question.baseline),
        std_dev=Quantity.of(question.std_dev) if question.std_dev else None,
        mde=None if question.non_inferiority else change,
        margin=change if question.non_inferiority else None,
        clusters=Clusters.of(question.clusters) if question.clusters else None,
    )


def _answer(answer: PowerAnswer) -> Answer:
    baseline = answer.question.baseline.value
    return Answer.of(
        answer,
        total_units=sum(answer.units_per_variant),
        effect=answer.distance,
        relative_effect=answer.distance / abs(baseline) if baseline else None,
    )


def _assumptions(answer: PowerAnswer) -> Assumptions:
    question, test = answer.question, answer.design.test
    sequence = answer.design.sequence
    bounds = sequence.boundaries(test.alpha, test.sides) if sequence else []
    return Assumptions(
        variance=_variance(answer),
        distribution=calculator.distribution(answer),
        comparison_alpha=test.alpha,
        critical_z=stats.z_upper(test.alpha / test.sides),
        allocation_ratio=test.ratio,
        cuped_factor=calculator.cuped_factor(question),
        design_effect=calculator.design_effect(question),
        inflation=calculator.inflation(answer),
        boundaries=tuple(
            Boundary(information=share, z=z)
            for share, z in zip(sequence.looks if sequence else (), bounds, strict=True)
        ),
        naive_type1=calculator.naive_type1(question),
        family_error=calculator.family_error(question),
        minimum_days=calculator.MINIMUM_DAYS,
    )


def _variance(answer: PowerAnswer) -> _Variance:
    if answer.question.kind != "proportion":
        return "declared"
    if answer.design.test.variance == "score":
        return "farrington_manning" if answer.question.non_inferiority else "pooled"
    return "farrington_manning_or_unpooled" if answer.question.non_inferiority else "pooled_or_unpooled"


def render_plans(plans: Sequence[PlanPower], failures: Sequence[Failure], policy: Policy) -> str:
    """The metrics of plans."""
    return as_text(
        PowerOfPlans(
            power_report=1,
            tool=TOOL,
            policy=JudgingPolicy.of(policy),
            plans=tuple(map(_plan, plans)),
            errors=tuple(map(PlanError.of, failures)),
        )
    )


def _plan(plan: PlanPower) -> PlanMetrics:
    binding = plan.binding
    return PlanMetrics.of(
        plan,
        declared_units=plan.declared,
        arriving_units=plan.arriving,
        binding=Binding.of(binding, metric=binding.name, units=binding.needed) if binding else None,
        metrics=tuple(map(_row, plan.rows)),
        branches=tuple(map(BranchPower.of, plan.branches)),
    )


def _row(row: MetricRow) -> MetricPower:
    return MetricPower.of(
        row,
        metric=row.name,
        effect=row.distance,
        power_asked=row.asked,
        power_asked_by=row.asked_by,
        units_needed=row.needed,
        days_needed=row.days,
        reason=row.reason or None,
    )
