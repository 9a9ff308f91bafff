"""What `egp check` would say of an answer, before there is a plan that has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from egp.plan.consistency import contradictions
from egp.plan.dimensions import mismatches
from egp.plan.experiment import RISKS, read_experiment
from egp.plan.meaning import meaningless
from egp.plan.quantity import QuantityError, shown
from egp.plan.typed_reader import nearest

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.plan.finding import Finding

Weigh = Callable[[str, Mapping[str, object]], None]
"""Name of the question that was answered, and all answers; raises QuantityError for one that no plan can have."""

_OF_METRIC = {
    "kind": "kind", "direction": "direction", "quantile": "quantile", "baseline": "baseline", "mde": "mde",
    "margin": "non_inferiority_margin", "outcome_window": "outcome_window",
}  # fmt: skip
_OF_UNITS = {"per_day": "per_day", "units": "distinct_over_run"}
"""Name of a question → the key that its answer becomes."""


def refuse_rejected(name: str, answers: Mapping[str, object]) -> None:
    """Raises QuantityError where the answer contradicts those before it, or means nothing."""
    metric = {key: answers[each] for each, key in _keys_of_metric(answers).items() if each in answers}
    units = {key: answers[each] for each, key in _OF_UNITS.items() if each in answers}
    value = {"type": answers["type"], "primary_metric": metric, "eligible_units": units}
    place = (
        ("primary_metric", _keys_of_metric(answers)[name])
        if name in _keys_of_metric(answers)
        else ("eligible_units", _OF_UNITS.get(name, ""))
    )
    for finding in _found(read_experiment(value)[0]):
        if finding.at == place:
            raise QuantityError(finding.message, finding.advice.text)


def _keys_of_metric(answers: Mapping[str, object]) -> dict[str, str]:
    spread = "influence_std_dev" if answers.get("kind") == "quantile" else "std_dev"
    return {**_OF_METRIC, "std_dev": spread}


def _found(plan: Experiment) -> Iterator[Finding]:
    yield from contradictions(plan, ())
    yield from mismatches(plan, ())
    yield from meaningless(plan)


def refuse_unknown_risk(answers: Mapping[str, object], by_risk: Mapping[str, object]) -> None:
    """Raises QuantityError for a risk of which no policy says who signs."""
    known = [*dict.fromkeys((*RISKS, *by_risk))]
    risks = answers.get("risk")
    for risk in risks if isinstance(risks, list) else ():
        if risk not in known:
            guess = nearest(risk, known)
            hint = f", did you mean `{guess}`?" if guess else ""
            advice = f"write `{guess}`" if guess else f"write one of {', '.join(known)}, or none"
            raise QuantityError(
                f"`{shown(risk)}` is no answer about risk that the policy knows{hint}", advice
            )
