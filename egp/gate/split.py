"""The split of the units between the variants, against the plan's: the sample-ratio test."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from egp import stats
from egp.gate.estimates import units_in
from egp.gate.exposure import expected_shares
from egp.gate.readout import once
from egp.gate.rows import cumulative_rows

if TYPE_CHECKING:
    from egp.gate.readout import Readout
    from egp.plan.experiment import Metric

SRM_ALPHA = 0.001
"""Level of the sample-ratio test where the plan does not state one."""


def srm_alpha(readout: Readout) -> float:
    """Level of the sample-ratio test."""
    return (readout.plan.statistics.srm_alpha if readout.plan.statistics else None) or SRM_ALPHA


@once
def splits(readout: Readout) -> dict[tuple[int, ...], list[str]]:
    """Units of each variant, control first, that metrics were counted on → the metrics, all segments together.

    A unit without a value is in no quantile, so that these tell the split only where nothing else does.
    """
    metrics = [metric for _, metric in readout.plan.metrics]
    counted_once = [metric for metric in metrics if metric.kind != "quantile"]
    return _splits_of(readout, counted_once) or _splits_of(readout, metrics)


def _splits_of(readout: Readout, metrics: Sequence[Metric]) -> dict[tuple[int, ...], list[str]]:
    found: dict[tuple[int, ...], list[str]] = {}
    for metric in metrics:
        refused = _refused_days(readout, metric)
        units = tuple(
            units_in(row for row in cumulative_rows(readout, metric, name) if row.date not in refused)
            for name in (readout.control, *readout.treatments)
        )
        if any(units):
            found.setdefault(units, []).append(metric.name)
    return found


def _refused_days(readout: Readout, metric: Metric) -> frozenset[date]:
    """Days on which a cohort of the metric was refused: the others of the day are no split."""
    return frozenset(
        about.date
        for about in readout.lost
        if about.date
        and about.window in ("", "cohort")
        and about.stage in ("", readout.stage.name)
        and about.metric in ("", metric.id)
    )


@once
def split_p_values(readout: Readout) -> dict[tuple[int, ...], float]:
    """Units of each variant → the p-value of such a split; empty in a stage without control."""
    if not readout.stage.has_control:
        return {}
    weights = expected_shares(readout)
    shares = [weights[name] for name in (readout.control, *readout.treatments)]
    return {units: stats.srm_p_value(units, shares) for units in splits(readout)}


@once
def smallest_split_p_value(readout: Readout) -> float | None:
    """None where nothing was counted."""
    return min(split_p_values(readout).values(), default=None)


def is_split_wrong(readout: Readout) -> bool:
    """Whether the sample ratio does not match the plan. Raises StatisticsInputError where that cannot be computed."""
    p_value = smallest_split_p_value(readout)
    return p_value is not None and p_value < srm_alpha(readout)
