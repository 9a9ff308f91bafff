"""The analysis accounts for units that are not the randomised ones.

Sessions of one user resemble each other, so counting each as independent makes noise look like an effect. With m
analysed units per randomised one and intra-cluster correlation ICC the variance is DEFF = 1 + ((1 + cv²)·m − 1)·ICC
times what the count suggests (Kish 1965; Eldridge, Ashby and Kerry 2006), and a test at level α that ignores it
calls 2·(1 − Φ(z_{α/2} / √DEFF)) of harmless changes significant. `statistics.clustering` says how the analysis
accounts for it: the delta method (declare the metric as a ratio, with the standard deviation of its linearised
values) or cluster-robust errors. A proportion of analysed units needs `mean_size` and `icc` for its sample size;
standard deviations are declared per randomised unit and have the clustering in them.

Samples and eligible units count randomised units: an experiment that randomises users is not filled with sessions.

Passes:

```yaml
unit: user
analysis_unit: user
```

Fails at `/statistics/clustering`, saying "randomised by user and analysed by session":

```yaml
unit: user
analysis_unit: session
```

Fails at `/statistics/clustering/method`, saying "calls 8.6 % of harmless changes significant instead of 5 %":

```yaml
unit: user
analysis_unit: session
statistics: {clustering: {mean_size: 4, icc: 0.1}}
```

Passes:

```yaml
unit: user
analysis_unit: session
statistics: {clustering: {method: cluster_robust, mean_size: 4, icc: 0.1}}
```

Passes:

```yaml
unit: user
analysis_unit: session
primary_metric: {kind: ratio, baseline: 0.38, std_dev: 1.9, mde: 1%}
guardrail_metrics: []
statistics: {clustering: {method: delta_method}}
```

Fails at `/statistics/clustering/icc`, saying "add_to_cart_rate is a proportion of sessions":

```yaml
unit: user
analysis_unit: session
statistics: {clustering: {method: delta_method, mean_size: 4}}
```

Not checked at `/unit`:

```yaml
unit: null
analysis_unit: session
```
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp import stats
from egp.plan.experiment import Cluster, Experiment, Metric
from egp.plan.finding import Finding, Related, need
from egp.plan.quantity import shown
from egp.plan.remedy import Remedy, setting
from egp.plan.wording import called, listing, percent, significant
from egp.yaml.edits import Addition, Setting

if TYPE_CHECKING:
    from egp.rules.exports import Broken


AT = ("statistics", "clustering")


def check(plan: Experiment) -> Iterator[Finding]:
    if plan.analysis_unit is None or plan.analysis_unit == plan.unit:
        return
    need(plan.unit, "unit")
    clustering = plan.statistics.clustering if plan.statistics else None
    if clustering is None or clustering.method is None:
        yield _unaccounted(plan, clustering)
    else:
        yield from _unsized(plan, clustering)


def _unaccounted(plan: Experiment, clustering: Cluster | None) -> Finding:
    analysed = shown(plan.analysis_unit)
    return Finding(
        AT if clustering is None else (*AT, "method"),
        f"the plan is randomised by {shown(plan.unit)} and analysed by {analysed} as if every {analysed} were "
        f"independent{_in_numbers(plan, clustering)}",
        observed="no clustering",
        required="the delta method or cluster-robust errors",
        remedies=_ways_out(plan, clustering),
        related=(Related(("analysis_unit",), "the unit that is analysed"),),
    )


def _ways_out(plan: Experiment, clustering: Cluster | None) -> list[Remedy]:
    """Analysing what is randomised, or all that the sample size needs of the clusters."""
    unit, analysed = shown(plan.unit), shown(plan.analysis_unit)
    by_unit = setting(("analysis_unit",), plan.unit)
    if not _proportions(plan):
        missing = (
            Addition((*AT, "method"), "delta_method")
            if clustering
            else Addition(AT, {"method": "delta_method"})
        )
        return [Remedy((missing,)), by_unit]
    if clustering and not _unstated(clustering):
        return [Remedy((Addition((*AT, "method"), "cluster_robust"),)), by_unit]
    as_measured = (
        f" with the mean number of {analysed}s of a {unit} and their correlation, as measured (a ratio by the delta "
        "method also has to declare the kind ratio and the `std_dev` of its linearised values)"
    )
    clusters = {"method": "cluster_robust", **_USUAL_CLUSTERS, **_measured(clustering)}
    declared = Addition(AT, clusters) if clustering is None else Setting(AT, clusters)
    return [by_unit, Remedy((declared,), after=as_measured)]


_USUAL_CLUSTERS = {"mean_size": 4.2, "icc": 0.02}


def _measured(clustering: Cluster | None) -> dict[str, float]:
    """What the plan says already of the clusters."""
    stated = {key: getattr(clustering, key, None) for key in _USUAL_CLUSTERS}
    return {key: value for key, value in stated.items() if value is not None}


def _proportions(plan: Experiment) -> list[Metric]:
    """Metrics whose variance per randomised unit needs the clusters' size and correlation."""
    judged = (*plan.primaries, *plan.guardrails)
    return [metric for _, metric in judged if metric.kind == "proportion"]


def _unstated(clustering: Cluster) -> list[str]:
    return [key for key in _USUAL_CLUSTERS if key not in _measured(clustering)]


def _in_numbers(plan: Experiment, clustering: Cluster | None) -> str:
    """What ignoring the declared clustering does to the declared level."""
    alpha = plan.statistics.alpha if plan.statistics else None
    if (
        clustering is None
        or clustering.mean_size is None
        or clustering.icc is None
        or not alpha
        or alpha >= 1
    ):
        return ""
    try:
        effect = stats.design_effect(clustering.mean_size, clustering.icc, clustering.cv or 0.0)
    except stats.StatisticsInputError:
        return ""
    sides = 1 if plan.statistics and plan.statistics.sides == "one" else 2
    real = sides * stats.normal_sf(stats.z_upper(alpha / sides) / math.sqrt(effect))
    return (
        f": the variance is {significant(effect, 3)} times as large, so the test calls {percent(real, 1)} of harmless "
        f"changes significant instead of {percent(alpha)}"
    )


def _unsized(plan: Experiment, clustering: Cluster) -> Iterator[Finding]:
    """A proportion whose variance per randomised unit cannot be computed."""
    judged, missing = _proportions(plan), _unstated(clustering)
    if not judged or not missing:
        return
    metric = called(judged[0].id, "a metric")
    yield Finding(
        (*AT, missing[0]),
        f"{metric} is a proportion of {shown(plan.analysis_unit)}s; its variance per {shown(plan.unit)} needs "
        f"{' and '.join(missing)}",
        observed="missing",
        required=" and ".join(missing),
        help=f"add {listing(f'`{key}:`' for key in missing)} as measured, or declare {metric} as a ratio, with the standard deviation of its linearised values",
    )


def costs(broken: Broken) -> Iterator[str]:
    """What ignoring the correlation does to the error rate, for a usual strength of it."""
    from egp.plan.analysis.registered import primary_test

    plan, test = broken.plan, primary_test(broken.plan)
    for size, icc in ((4.0, 0.05), (4.0, 0.2)):
        inflated = math.sqrt(stats.design_effect(size, icc))
        error = test.sides * stats.normal_sf(stats.z_upper(test.alpha / test.sides) / inflated)
        yield (
            f"With {size:g} {called(plan.analysis_unit, 'analysis unit')}s per {called(plan.unit, 'unit')} and a "
            f"correlation of {icc:g} among them the {percent(test.alpha)} test is a {percent(error, 1)} test."
        )
