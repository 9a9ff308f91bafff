"""What the catalogue of metrics says of a new plan, and what history brings to it, so that nobody has to type it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from egp.plan.quantity import QuantityError, shown
from egp.plan.typed_reader import nearest

if TYPE_CHECKING:
    from egp.plan.catalogue import MetricDefinition
    from egp.policy.model import Policy

MEASURED = frozenset(("baseline", "std_dev", "per_day", "units"))
"""What ``egp measure`` reads from what the plan's population did before."""


def definition_of(name: object, policy: Policy) -> MetricDefinition | None:
    """The metric as the catalogue defines it."""
    return policy.metrics.metrics.get(str(name)) if policy.metrics else None


def with_kind(answers: Mapping[str, object], policy: Policy) -> Mapping[str, object]:
    """The answers, with the kind of the primary metric where the catalogue defines it and the author does not say it."""
    defined = definition_of(answers.get("metric"), policy)
    return {"kind": defined.kind, **answers} if defined else answers


def population_of(answers: Mapping[str, object], policy: Policy) -> str:
    """The population of the catalogue that is named, or the only one; empty without."""
    populations = list(policy.metrics.populations) if policy.metrics else []
    return str(answers.get("population") or (populations[0] if len(populations) == 1 else ""))


def is_open(name: str, answers: Mapping[str, object], policy: Policy) -> bool:
    """Whether neither the catalogue nor history has the answer to a question."""
    defined = definition_of(answers.get("metric"), policy)
    if name == "population":
        return policy.metrics is not None and len(policy.metrics.populations) > 1
    if name in MEASURED and population_of(answers, policy):
        return name in ("baseline", "std_dev") and defined is None
    if name in ("kind", "direction", "quantile", "outcome_window"):
        return defined is None
    return True


def refuse_undefined_population(answers: Mapping[str, object], policy: Policy) -> None:
    """Raises QuantityError for a population that the catalogue does not define."""
    named = str(answers.get("population") or "")
    if policy.metrics is None or not named or named in policy.metrics.populations:
        return
    known = list(policy.metrics.populations)
    guess = nearest(named, known)
    hint = f", did you mean {shown(guess)}?" if guess else ""
    some = f"write one of {', '.join(map(shown, known))}" if known else "leave it out"
    advice = f"write {shown(guess)}" if guess else f"{some}, or have it defined under `populations:` first"
    raise QuantityError(f"the catalogue does not define the population {shown(named)}{hint}", advice)
