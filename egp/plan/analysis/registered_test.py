"""The registered test of one metric as the gate applies it: from which columns, against what, at which level.

The one place from which check, ``egp power``, the memos, ``egp status`` and the gate take it: ``primary_design`` and
``guardrail_design`` price this very test, and the gate leaves unchecked what ``decidable`` refuses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp import stats
from egp.plan.analysis.decidable import require_decidable
from egp.plan.analysis.registered import (
    comparison_alpha,
    guardrail_alpha,
    harm_direction,
    is_clustered,
    is_relative,
    is_sequential,
    look_days,
    margin_of,
    matured_share,
    planned_units,
    segment_share,
    sides,
    statistics_of,
    uses_covariate,
)
from egp.plan.finding import NotChecked, need
from egp.stats.hints import Literal
from egp.stats.values import frozen

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Metric
    from egp.yaml import Path

ANALYSIS = 2
"""Number of the analysis that this release registers plans under and judges them by.

1: rates by the variance of the rates seen, margins in per cent of the baseline, guardrails at every look at their full
level. 2: score tests of rates, shares of analysis units by the delta method, margins in per cent of the control
observed, guardrails' level spent over the looks.
"""

ANALYSIS_FIELD = "/analysis"
"""How an amendment names the change of it."""


def amending_analysis(path: str | None) -> str:
    """How a registered plan comes to be judged by this release's analysis."""
    return (
        f"amend it: egp amend {path or 'PLAN'} --reason 'judged by analysis {ANALYSIS}' --approver @… "
        "--data-access no_results_seen"
    )


Columns = Literal["counts", "values", "sums", "covariate", "ratio_covariate", "stated"]
"""What a metric is estimated from: events and units, values of units, the sums of a ratio, values or a ratio's sums with
their covariate, or a value with its standard error."""


@frozen
class RegisteredTest:
    """How one metric is judged: what check plans, power prices and the gate applies."""

    metric: Metric
    path: Path
    columns: Columns
    alpha: float
    """Of this comparison, over all looks."""
    sides: Literal[1, 2]
    harm: Literal["increase", "decrease"]
    margin: float | None
    """Harm that has to be ruled out, in the metric's own unit at the baseline; None in a test of superiority."""
    is_relative: bool
    """Whether the margin is that share of the control observed."""
    spending: str | None
    gamma: float | None
    is_always_valid: bool
    planned: float
    """Units of the smallest variant that the last look judges."""

    @property
    def tail(self) -> float:
        """Level of the one tail in which something is shown, over all looks."""
        return self.alpha / self.sides

    @property
    def null_ratio(self) -> float:
        """Treatment over control at harm of a relative margin."""
        assert self.margin is not None
        assert self.metric.baseline is not None
        return stats.null_ratio(self.margin / self.metric.baseline.value, self.harm)


def columns_of(plan: Experiment, metric: Metric, path: Path = ()) -> Columns:
    """What the metric at this path is estimated from; without a path, without its covariate."""
    adjusted = bool(path) and uses_covariate(plan, metric, path)
    if metric.kind == "quantile":
        return "stated"
    if metric.kind == "ratio" or is_clustered(plan, metric):
        return "ratio_covariate" if adjusted else "sums"
    if adjusted:
        return "covariate"
    return "counts" if metric.kind == "proportion" else "values"


def primary_test_of(plan: Experiment, metric: Metric, path: Path) -> RegisteredTest:
    """The test of a primary metric. Raises NotChecked for what the plan lacks, and for what nothing can decide."""
    require_decidable(plan, path)
    has_margin, method = plan.type == "non_inferiority", statistics_of(plan).method
    spending = statistics_of(plan).spending if method == "group_sequential" else None
    if method == "group_sequential":
        need(spending, "statistics", "spending")
    return _test(
        plan,
        metric,
        path,
        columns_of(plan, metric, path),
        comparison_alpha(plan),
        sides(plan),
        spending,
        has_margin=has_margin,
        is_always_valid=method == "always_valid",
    )


def guardrail_test_of(plan: Experiment, metric: Metric, path: Path) -> RegisteredTest:
    """The test of a guardrail's margin. Raises as ``primary_test_of``."""
    require_decidable(plan, path)
    several = is_sequential(plan) and len(look_days(plan)) > 1
    spending = statistics_of(plan).guardrail_spending if several else None
    return _test(
        plan, metric, path, columns_of(plan, metric), guardrail_alpha(plan), 1, spending, has_margin=True
    )


def _test(
    plan: Experiment,
    metric: Metric,
    path: Path,
    columns: Columns,
    alpha: float,
    tails: Literal[1, 2],
    spending: str | None,
    *,
    has_margin: bool,
    is_always_valid: bool = False,
) -> RegisteredTest:
    need(metric.kind, *path, "kind")
    return RegisteredTest(
        metric=metric,
        path=path,
        columns=columns,
        alpha=alpha,
        sides=tails,
        harm=harm_direction(metric, path),
        margin=margin_of(metric, path) if has_margin else None,
        is_relative=has_margin and is_relative(metric.non_inferiority_margin, metric),
        spending=spending,
        gamma=statistics_of(plan).spending_parameter,
        is_always_valid=is_always_valid,
        planned=_planned(plan, metric, path),
    )


def _planned(plan: Experiment, metric: Metric, path: Path) -> float:
    units = planned_units(plan) * matured_share(plan, metric) * segment_share(plan, metric)
    if units <= 0:
        raise NotChecked(
            (*path, "outcome_window"), f"no unit of {metric.id} will have matured at the readout"
        )
    return units
