"""A guardrail that a plan lacks, as a whole line, and the stop rule that goes with it."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

from egp.plan.remedy import GAP
from egp.plan.wording import count_in_plan, duration_in_plan
from egp.yaml.edits import APPEND, Addition

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Metric

SPREADS = {"mean": "std_dev", "ratio": "std_dev", "quantile": "influence_std_dev"}
"""The key for how much a kind of metric varies."""

_USUAL_MINIMUM = 20_000


def guardrail_line(plan: Experiment, name: str) -> Addition:
    """A guardrail metric to add: what its name or the catalogue says of it, and gaps for what has to be found out.

    A number that egp thought up would pass, and nobody would look at it again.
    """
    supplied = plan.supplied.catalogue if plan.supplied else None
    known = supplied.metrics.get(name) if supplied else None
    kind = known.kind if known and known.kind else _kind_by_name(name)
    own: dict[str, object] = {} if known else {"kind": kind or GAP}
    if kind == "quantile" and not known:
        own["quantile"] = f"{name[1:3]}%"
    if not known:
        own["direction"] = GAP
    own["baseline"] = GAP
    if kind in SPREADS:
        own[SPREADS[kind]] = GAP
    if known is None or known.outcome_window is None:
        own["outcome_window"] = GAP
    return _guardrail({"id": name, **own, "non_inferiority_margin": GAP, "action": "rollback"})


def _kind_by_name(name: str) -> str:
    """What a name leaves no doubt of."""
    if re.match(r"p[0-9]{2}_", name):
        return "quantile"
    return "proportion" if name.endswith("_rate") else ""


def _guardrail(metric: dict[str, object]) -> Addition:
    return Addition(("guardrail_metrics", APPEND), metric)


def segment_line(metric: Metric, segment: str, share: str) -> Addition:
    """A guardrail of the plan once more, restricted to a segment, as far as one line says it."""
    stated = (
        ("kind", metric.kind),
        ("quantile", f"{metric.quantile * 100:g}%" if metric.quantile else None),
        ("direction", metric.direction),
        ("baseline", metric.baseline),
        ("std_dev", metric.std_dev),
        ("influence_std_dev", metric.influence_std_dev),
        ("non_inferiority_margin", metric.non_inferiority_margin),
        ("outcome_window", _in_days(metric)),
        ("judged_on", metric.judged_on),
        ("action", metric.action),
        ("covers", metric.covers),
    )
    fields = {key: str(value) for key, value in stated if value is not None}
    own = {"segment": segment, "segment_share": share}
    return _guardrail({"id": f"{metric.id}_{segment}", **fields, **own})


def _in_days(metric: Metric) -> str | None:
    return None if metric.outcome_window is None else duration_in_plan(metric.outcome_window)


def stop_rule_line(plan: Experiment, name: str) -> Addition:
    """A stop rule for a guardrail of this name, to add as it is."""
    taken = {stop_rule.id for stop_rule in plan.stop_rules}
    of_its_own = (
        name
        if name not in taken
        else next(free for free in (f"{name}_{number}" for number in count(2)) if free not in taken)
    )
    stop_rule = {
        "id": of_its_own,
        "metric": name,
        "significant_harm_for": "2w",
        "min_units_per_variant": count_in_plan(usual_minimum(plan)),
        "action": "rollback",
    }
    return Addition(("stop_rules", APPEND), stop_rule)


def usual_minimum(plan: Experiment) -> int:
    """Units per variant that a stop rule may wait for: a usual number, or a fifth of a small sample."""
    return min(_USUAL_MINIMUM, max(1, (plan.sample_size_per_variant or 5 * _USUAL_MINIMUM) // 5))
