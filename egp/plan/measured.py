"""Which numbers of a plan were measured: what ``egp measure`` leaves in it, and whether that is still so.

Each number has a digest, of its value to three digits, since rounding makes no other number. A digest says that nobody changed
the number since, not who measured it: ``egp measure --check`` measures again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.plan.analysis.days import entry_days
from egp.plan.experiment import Experiment, Population
from egp.yaml.sha import sha256

if TYPE_CHECKING:
    from egp.plan.catalogue import MetricCatalogue
    from egp.yaml import Path

_LENGTH = 12
_OF_METRIC = ("baseline", "std_dev", "influence_std_dev", "skewness")
_CLUSTERING = ("mean_size", "cv", "icc")


def measurable(plan: Experiment) -> Iterator[tuple[Path, str, float]]:
    """Each number that the plan states and that can be measured: where, its name among the measured, its value."""
    eligible, statistics = plan.eligible_units, plan.statistics
    for key in ("distinct_over_run", "per_day"):
        count = getattr(eligible, key) if eligible else None
        if count is not None:
            yield ("eligible_units", key), f"eligible_units.{key}", float(count)
    for path, metric in plan.metrics:
        for key in _OF_METRIC:
            stated = getattr(metric, key)
            if stated is not None:
                yield (*path, key), f"{metric.name}.{key}", float(getattr(stated, "value", stated))
    reduction = statistics.variance_reduction if statistics else None
    if reduction and reduction.correlation is not None:
        path = ("statistics", "variance_reduction", "correlation")
        yield path, "variance_reduction.correlation", float(reduction.correlation)
    clustering = statistics.clustering if statistics else None
    for key in _CLUSTERING:
        size = getattr(clustering, key) if clustering else None
        if size is not None:
            yield ("statistics", "clustering", key), f"clustering.{key}", float(size)


def digest_of_number(value: float) -> str:
    return sha256(f"{value:.2e}".encode()).hexdigest()[:_LENGTH]


def is_number_of(digest: str, value: float) -> bool:
    """Whether the digest is of this number, or of one that differs in the third digit by one, as rounding may."""
    step = 10 ** (math.floor(math.log10(abs(value))) - 2) if value else 0.0
    return digest in {digest_of_number(each) for each in (value, value - step, value + step)}


def query_digest(plan: Experiment, catalogue: MetricCatalogue) -> str:
    """Of what is measured: definitions of the metrics, who is in the population, how long run and pre-period are.

    Raises NotChecked for a plan that does not say when it runs.
    """
    from egp.plan.catalogue import digest_of

    reduction = plan.statistics.variance_reduction if plan.statistics else None
    before = reduction.pre_period if reduction else None
    return digest_of({
        "metrics": {name: catalogue.definition(name) for name in sorted(_names(plan)) if name in catalogue.metrics},
        "population": _population(plan, catalogue),
        "days": entry_days(plan),
        "before": None if before is None else before.total_seconds(),
        "unit": [plan.unit, plan.analysis_unit],
    })  # fmt: skip


def _population(plan: Experiment, catalogue: MetricCatalogue) -> str | None:
    named = plan.population.of if isinstance(plan.population, Population) else None
    return catalogue.population(named) if named is not None and named in catalogue.populations else None


def _names(plan: Experiment) -> set[str]:
    return {metric.name for _, metric in plan.metrics if metric.name}
