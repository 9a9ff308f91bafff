"""From the plans requested to their power; what cannot be read is a failure, never skipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from egp.plan.completing import read_plan
from egp.plan.finding import Failure
from egp.plan.power.plan import Noticing, PlanPower, plan_power
from egp.policy.model import asked
from egp.policy.plan_history import judged_as, timing_of
from egp.policy.resolving import resolved_by_lock
from egp.record.lock import LockError

if TYPE_CHECKING:
    from egp.policy.model import Policy, RuleSet
    from egp.policy.plan_files import PlanFinder, PlanSource
    from egp.yaml import Document


def powers(
    sources: Sequence[PlanSource], finder: PlanFinder, policy: Policy, as_of: date
) -> tuple[list[PlanPower], list[Failure]]:
    """The power of every plan in the files, and why some have none."""
    found: list[PlanPower] = []
    failures = list(finder.failures)
    for source in sources:
        try:
            for result in _of_file(source, finder, policy, as_of):
                if isinstance(result, Failure):
                    failures.append(result)
                else:
                    found.append(result)
        except LockError as error:
            return found, [*failures, *error.failures]
    return found, failures


def _of_file(
    source: PlanSource, finder: PlanFinder, policy: Policy, as_of: date
) -> Iterator[PlanPower | Failure]:
    if finder.leaves_repository(source):
        yield Failure(source.shown, "this link leads out of the repository", help="commit the plan itself")
        return
    try:
        documents = source.documents()
    except OSError as error:
        yield Failure(source.shown, f"cannot read this file: {error.strerror or type(error).__name__}")
        return
    for document in documents:
        yield _of_document(source, document, finder, policy, as_of)


def _of_document(
    source: PlanSource, document: Document, finder: PlanFinder, policy: Policy, as_of: date
) -> PlanPower | Failure:
    if document.problems or not isinstance(document.value, dict):
        problem = document.problems[0].message if document.problems else "this document is no plan"
        return Failure(source.shown, problem.rstrip("."), help=f"egp check {source.shown} says where")
    document = resolved_by_lock(document, source, finder, policy, as_of)
    plan, _ = read_plan(document)
    in_policy = judged_as(source, plan, finder, policy).in_policy
    rules = policy.adopted(in_policy, policy.traits_of(plan), timing_of(plan, finder, policy, as_of))
    return plan_power(
        plan,
        document,
        _floor(rules, "guardrail_power"),
        Noticing(_floor(rules, "noticed_harm"), _floor(rules, "noticed_shift")),
    )


def _floor(rules: RuleSet, known_as: str) -> float | None:
    """The power that the policy requires in this plan of guardrails, or of what decides nothing; None where it does not."""
    floor: float | None = asked({each.rule.id: each for each in rules.alone}, known_as)
    return floor
