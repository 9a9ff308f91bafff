"""The plan that a call is about: found, read, and completed by what its policy adds."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from egp.gate.call import Call, CannotJudge
from egp.plan.experiment import read_experiment
from egp.plan.finding import Failure
from egp.policy.locate import lock_folder
from egp.policy.plan_files import led_astray
from egp.record.lock import LockError, Registration, read_lock
from egp.yaml import read_file

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.plan.typed_reader import ValueProblem
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder, PlanSource
    from egp.yaml import Document


@dataclass(frozen=True, slots=True)
class PlanRead:
    """A plan as it was read."""

    source: PlanSource
    document: Document
    plan: Experiment
    problems: tuple[ValueProblem, ...]
    is_whole: bool
    is_readable: bool = True
    """Whether nothing in its file is unreadable, beside the plan either."""


def plan_named(call: Call, finder: PlanFinder, root: str) -> PlanRead:
    sources = finder.asked([call.plan])
    if finder.failures:
        raise CannotJudge(*(_archived(call, finder, root) or finder.failures))
    if len(sources) != 1:
        raise CannotJudge(Failure(call.plan, "the gate judges one plan", help="name the plan's file"))
    source = sources[0]
    if failure := led_astray(finder, source):
        raise CannotJudge(failure)
    try:
        documents = source.documents()
    except OSError as error:
        raise CannotJudge(Failure(source.shown, f"cannot read this file: {error.strerror}")) from None
    return _chosen(call, source, documents)


def _archived(call: Call, finder: PlanFinder, root: str) -> list[Failure]:
    """What the lock remembers of an experiment whose plan is missing, where the file was named for it."""
    path = os.path.normpath(os.path.join(finder.folder, call.plan))
    name = os.path.splitext(os.path.basename(path))[0]
    try:
        entry = read_lock(root).entries.get(name)
    except LockError:
        return []
    if (
        not entry
        or not entry.archived
        or os.path.join(root, entry.path or "") != path
        or os.path.lexists(path)
    ):
        return []
    message = (
        f"{name} was archived on {entry.archived}, and its plan is missing: nothing of it is entered any more"
    )
    return [Failure(call.plan, message, help="register a new experiment, with an id of its own")]


def _chosen(call: Call, source: PlanSource, documents: list[Document]) -> PlanRead:
    """The plan of the file; of several the one that the results are of."""
    is_readable = not any(each.problems for each in documents)
    documents = [each for each in documents if isinstance(each.value, dict)]
    if len(documents) > 1 and call.results:
        wanted = _experiment_of(call.results)
        value_of = {index: each.value for index, each in enumerate(documents)}
        documents = [
            documents[index]
            for index, value in value_of.items()
            if isinstance(value, dict) and value.get("id") == wanted
        ]
    if len(documents) != 1:
        message = "there is no plan here that the results could be of"
        raise CannotJudge(Failure(source.shown, message, help=f"egp check {source.shown} says what is wrong"))
    plan, problems = read_experiment(documents[0].value)
    is_whole = not problems and is_readable
    return PlanRead(source, documents[0], plan, tuple(problems), is_whole, is_readable)


def completed(
    read: PlanRead, finder: PlanFinder, policy: Policy, entry: Registration | None, as_of: date
) -> PlanRead:
    """The plan with what defaults and catalogue of its policy add, on the day of its registration."""
    if not policy.completes_plans:
        return read
    from egp.plan.completing import read_plan
    from egp.policy.resolving import resolved

    root = lock_folder(finder.folder, policy.home)
    judged = finder.judged_at(read.source, (entry.path or "") if entry else "", root)
    document = resolved(read.document, policy, judged.in_policy, as_of, entry)
    plan, problems = read_plan(document)
    is_whole = not problems and not document.problems and read.is_readable
    return PlanRead(read.source, document, plan, tuple(problems), is_whole, read.is_readable)


def _experiment_of(results: str) -> object:
    try:
        value = read_file(results, results)[0].value
    except OSError as error:
        raise CannotJudge(Failure(results, f"cannot read the results: {error.strerror}")) from None
    return value.get("experiment") if isinstance(value, dict) else None
