"""A plan whose population has a past: what measuring and rehearsing begin with."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from egp.advice.candidates import opened
from egp.plan.completing import read_plan
from egp.plan.experiment import Population
from egp.plan.finding import HelpfulError
from egp.plan.quantity import shown
from egp.policy.resolving import resolved_by_lock
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.plan.catalogue import MetricCatalogue
    from egp.plan.experiment import Experiment
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder, PlanSource
    from egp.yaml import Document


class PastError(HelpfulError):
    """What cannot be read of the past, and what to do about it."""


class PlanWithPast(NamedTuple):
    """A plan as it is judged, and whose past is read."""

    source: PlanSource
    document: Document
    plan: Experiment
    catalogue: MetricCatalogue
    population: str


def plan_with_past(source: PlanSource, finder: PlanFinder, policy: Policy, as_of: date) -> PlanWithPast:
    """Raises PastError for a plan of which nothing can be read, and LockError."""
    source = opened(source, finder)
    if source.content is None:
        raise PastError(f"{source.shown} cannot be read", "name a file of the repository")
    document = resolved_by_lock(_only(source), source, finder, policy, as_of)
    plan, problems = read_plan(document)
    if problems or document.problems:
        raise PastError("the plan cannot be read whole", f"egp check {source.shown} says where")
    catalogue = policy.metrics
    if catalogue is None:
        raise PastError(
            "the policy names no catalogue of metrics, which says what to measure",
            "add `metrics:` to the policy, with the facts and the population",
        )
    population = plan.population.of if isinstance(plan.population, Population) else None
    if population is None or population not in catalogue.populations:
        raise PastError(
            "the plan names no population of the catalogue, whose past could be measured",
            f"add `population: {{of: …}}`, one of {', '.join(map(shown, catalogue.populations)) or 'those to be defined'}",
        )
    if isinstance(plan.population, Population) and plan.population.where:
        raise PastError(
            f"the plan's `population.where` narrows {shown(population)}, and the warehouse computes no part of it",
            "define the narrower population in the catalogue, and name that with `of`",
        )
    return PlanWithPast(source, document, plan, catalogue, population)


def _only(source: PlanSource) -> Document:
    documents = source.documents()
    if len(documents) != 1:
        raise PastError(
            f"there are {len(documents)} plans in {source.shown}", "name a file that holds one plan"
        )
    return documents[0]
