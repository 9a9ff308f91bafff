"""A model metric alone is no primary metric.

A model can rank better offline and still earn less, because AUC counts pairs and customers pay for baskets.
Ranking, calibration and error metrics belong beside the primary: as guardrails with `covers: quality`. The primary is
an outcome of the business, such as gross margin per session. Names are compared without regard to case and separators,
with any cut-off for `k`, and as parts of longer ids: `model_auc` and `precision@10` are model metrics.

Passes:

```yaml
primary_metric: {id: gross_margin_per_session}
```

Fails at `/primary_metric/id`, saying "precision@10 measures the model":

```yaml
primary_metric: {id: "precision@10"}
```

Fails at `/primary_metric/id`:

```yaml
primary_metric: {id: Offline-AUC}
```

A business metric that decides together with a model metric is enough here.

Passes:

```yaml
primary_metric: {id: ndcg_at_5}
co_primary_metrics: [{id: revenue_per_session}]
```

Words are compared whole: `piece_rate` is not `ece`.

Passes:

```yaml
primary_metric: {id: piece_rate}
```

Fails at `/primary_metric/id` with `model_metrics: [uplift_score]`:

```yaml
primary_metric: {id: mean_uplift_score}
```

Not checked without `/primary_metric`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from egp.plan.experiment import Experiment
from egp.plan.finding import Finding, need
from egp.plan.quantity import shown
from egp.rules import rule

if TYPE_CHECKING:
    from egp.rules.exports import Broken


class Params(rule.Params):
    model_metrics: Annotated[tuple[str, ...], "names that measure a model; @k stands for any cut-off", rule.Stricter("more")] = (
        "auc", "roc_auc", "pr_auc", "ndcg", "ndcg@k", "precision@k", "recall@k", "hit_rate@k", "map@k", "mrr",
        "accuracy", "f1", "f1_score", "log_loss", "cross_entropy", "perplexity", "ece", "calibration_error",
        "brier_score", "rmse", "mse", "mae", "mape", "bleu", "rouge",
    )  # fmt: skip


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    need(plan.primary_metric, "primary_metric")
    names = _patterns(params.model_metrics)
    primaries = [(path, metric.id) for path, metric in plan.primaries if metric.id]
    if not all(names.search(_plain(name)) for _, name in primaries):
        return
    for path, name in primaries:
        yield Finding(
            (*path, "id"),
            f"{shown(name)} measures the model, not the business, and no other metric decides",
            observed=shown(name),
            required="a business metric",
            help="make a business outcome the primary, such as gross margin per session, and keep "
            f"{shown(name)} under `guardrail_metrics` with `covers: quality`",
        )


def _plain(name: str) -> str:
    """One spelling: lower case, words between underscores, any cut-off as @k."""
    words = "_".join(re.findall(r"[a-z0-9]+|@", name.lower()))
    return f"_{re.sub('_(at|@)_([0-9]+|k)(?=_|$)', '@k', words)}_"


@lru_cache(8)
def _patterns(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(_plain(name)) for name in names) or "(?!)")


def by_hand(broken: Broken) -> str:
    """Which metrics could decide instead."""
    from egp.plan.wording import listing

    advice = broken.diagnostic.help
    others = [metric.id for metric in broken.plan.secondary_metrics if metric.id]
    named = f" The plan already measures {listing(map(shown, others))}." if others else ""
    return f"{advice[:1].upper()}{advice[1:]}.{named} Its baseline and MDE are the author's to state."
