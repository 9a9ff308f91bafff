"""Measuring: what history says of a plan's numbers, what the policy makes of the difference, and the numbers written into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from egp.advice.edits import changed
from egp.advice.past import PastError, plan_with_past
from egp.check.answers import answers_of, severity_of
from egp.plan.analysis.drift import in_plan
from egp.plan.analysis.measured import Measured, measured_numbers
from egp.plan.finding import Failure, Finding, NotChecked, Severity
from egp.plan.measured import digest_of_number, is_number_of, measurable, query_digest
from egp.plan.own_edits import own_edits
from egp.plan.quantity import shown
from egp.plan.results import LeftOut
from egp.policy.locate import lock_folder
from egp.policy.plan_history import judged_as, timing_of
from egp.record.lock import read_lock
from egp.record.sources.warehouse.asking import Queried
from egp.record.sources.warehouse.history import Asked, History, asked, measured
from egp.rules.rule_inputs import Measuring
from egp.yaml.atomic import write_atomically
from egp.yaml.edits import EditError, Setting
from egp.yaml.files import real_path

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder, PlanSource
    from egp.yaml import Document, Path


@dataclass(frozen=True, slots=True)
class MeasureRequest:
    """What is requested, as on the command line."""

    warehouse: Queried
    as_of: date
    parts: int
    spares_registered: bool = False
    """Whether a registered plan is refused, since the numbers are to be written and nobody means to amend it."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A finding of a rule about what was measured, as the policy weighs it."""

    rule: str
    severity: Severity
    finding: Finding


@dataclass(frozen=True, slots=True)
class MeasuredPlan:
    """The plan beside its past."""

    plan: Experiment
    document: Document
    source: PlanSource
    about: Asked
    numbers: tuple[Measured, ...]
    left_out: tuple[LeftOut, ...]
    drifts: tuple[Drift, ...]
    edited: tuple[str, ...]
    """Numbers of the plan that are not what an earlier measurement wrote."""
    query: str
    as_of: date
    registered: date | None
    """Day of the plan's registration, which numbers that are written into it break."""
    failures: tuple[Failure, ...] = ()

    @property
    def days(self) -> int:
        """Of the past that was measured, the latest outcomes included."""
        first = min(run.first for run in self.about.runs)
        return (self.as_of - first).days

    @property
    def is_rejected(self) -> bool:
        return any(drift.severity == "error" for drift in self.drifts)


def measure(source: PlanSource, finder: PlanFinder, policy: Policy, call: MeasureRequest) -> MeasuredPlan:
    """What history says. Raises PastError, LockError, and ResultsError where it cannot be read."""
    source, document, plan, catalogue, population = plan_with_past(source, finder, policy, call.as_of)
    entry = read_lock(lock_folder(finder.folder, policy.home)).entries.get(plan.name)
    if entry is not None and call.spares_registered:
        raise PastError(
            f"{shown(plan.name)} was registered on {entry.registered}, and other numbers make it another plan",
            "leave --write out to compare the numbers; to amend the plan with them, add --to-amend, and then declare the change with egp amend",
        )
    found, left_out = measured(plan, catalogue)
    try:
        about = asked(plan, found, call.as_of, call.parts)
        query = query_digest(plan, catalogue)
    except NotChecked as error:
        raise PastError("the plan does not say when it runs", error.help or "add `schedule`") from None
    history = History(call.warehouse, catalogue, population)
    runs = list(history.runs(plan, found, about))
    if not all(run.units for run in runs):
        empty = next(run for run in runs if not run.units)
        raise PastError(
            f"history has nobody of {shown(population)} in {empty.days}", "measure an earlier time: --as-of"
        )
    numbers = tuple(measured_numbers(plan, runs, catalogue.units_of_values()))
    in_policy = judged_as(source, plan, finder, policy).in_policy
    traits = policy.traits_of(plan)
    rules = policy.adopted(in_policy, traits, timing_of(plan, finder, policy, call.as_of))
    answers = answers_of(
        rules.alone,
        (),
        {"Measuring": Measuring(plan, numbers)},
        policy.organisation(traits.tier),
        source.shown,
    )
    drifts = tuple(
        Drift(outcome.adopted.rule.id, severity_of(outcome.adopted, finding), finding)
        for outcome in answers.outcomes
        for finding in outcome.findings
    )
    return MeasuredPlan(
        plan, document, source, about, numbers, tuple(left_out), drifts, tuple(_edited(plan)), query, call.as_of,
        entry.registered if entry else None, tuple(answers.failures),
    )  # fmt: skip


def _edited(plan: Experiment) -> list[str]:
    values = plan.measured.values if plan.measured else None
    if not values:
        return []
    stated = {name: value for _, name, value in measurable(plan)}
    return [
        name for name, digest in values.items() if name in stated and not is_number_of(digest, stated[name])
    ]


def write(found: MeasuredPlan) -> list[str]:
    """Puts the numbers into the plan's file, comments kept, and says which. Raises PastError, and OSError."""
    numbers = _to_write(found)
    settings: list[Setting] = [Setting(each.path, _value(each)) for each in numbers]
    settings += _dates(found)
    settings.append(Setting(("measured",), _block(found, numbers)))
    edits = own_edits(settings, found.document)
    text = (found.source.content or b"").decode("utf-8", "surrogateescape")
    try:
        if edits is None:
            raise EditError("an item that others list is not the plan's to change")
        after = changed(text, edits, found.document.index)
    except EditError as error:
        raise PastError(f"the numbers cannot be written: {error}", "write them by hand") from None
    write_atomically(real_path(found.source.path), after.encode("utf-8", "surrogateescape"))
    return [".".join(map(str, each.path)) for each in numbers]


def _to_write(found: MeasuredPlan) -> list[Measured]:
    """What the plan states, and what it has to: a baseline, and the spread of a kind that has one."""
    return [each for each in found.numbers if each.path and (each.declared is not None or _is_needed(each))]


def _is_needed(number: Measured) -> bool:
    return number.path[-1] in ("baseline", "std_dev", "influence_std_dev", "distinct_over_run", "per_day")


def _value(number: Measured) -> object:
    """As it is written: plain numbers as numbers, all others with their unit."""
    text = in_plan(number.value, number.unit)
    if number.unit == "units":
        return int(text.replace("_", ""))
    return float(text.replace("_", "")) if not number.unit else text


def _block(found: MeasuredPlan, numbers: Sequence[Measured]) -> dict[str, object]:
    names = {path: name for path, name, _ in measurable(found.plan)}
    values = {}
    for each in numbers:
        name = names.get(each.path) or _name(found.plan, each.path)
        values[name] = digest_of_number(_written(each))
    return {
        "window": f"{found.days}d",
        "as_of": found.as_of,
        "query": found.query,
        "values": values,
    }


def _name(plan: Experiment, path: Path) -> str:
    """Of a number that the plan did not state before."""
    for at, metric in plan.metrics:
        if path[: len(at)] == at:
            return f"{metric.name}.{path[-1]}"
    return f"{'eligible_units' if path[0] == 'eligible_units' else path[-2]}.{path[-1]}"


def _written(number: Measured) -> float:
    return float(f"{number.value:.3e}")


def _dates(found: MeasuredPlan) -> list[Setting]:
    """Where the plan already says from when a number is, that is another day now."""
    day, plan = found.as_of, found.plan
    settings = [
        Setting((*path, "baseline_source"), {"from": "egp measure", "as_of": day})
        for path, metric in plan.metrics
        if metric.baseline_source is not None
    ]
    if plan.eligible_units is not None and plan.eligible_units.as_of is not None:
        settings += [
            Setting(("eligible_units", "source"), "egp measure"),
            Setting(("eligible_units", "as_of"), day),
        ]
    reduction = plan.statistics.variance_reduction if plan.statistics else None
    if reduction is not None and reduction.as_of is not None:
        at = ("statistics", "variance_reduction")
        settings += [
            Setting((*at, "source"), "egp measure"),
            Setting((*at, "as_of"), day),
            Setting((*at, "covers"), "all_units"),
        ]
    return settings
