"""What is said of the baseline's entries that cannot be compared, since a plan is not read whole.

An entry may be stale by then, and what it suppressed rejects: who reads the error has to know both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from egp.check.placing import place_in
from egp.output.report.model import Findings
from egp.plan.finding import Diagnostic, RelatedPlace
from egp.plan.wording import counted
from egp.record.waivers import NO_PLAN
from egp.record.waivers.baseline import BaselineEntry, FindingsBaseline
from egp.rules.table import RULES
from egp.stats.values import replace

_OF_READING = frozenset(("Document", "PlanFile"))
"""What those rules look at that say why a plan is not read whole."""


def say_uncompared(
    baseline: FindingsBaseline, compared: Collection[str], present: Collection[str] | None, found: Findings
) -> None:
    """Puts the entries beside the errors that keep them from being compared: they are no findings of their own.

    ``compared`` are the experiments whose entries were, ``present`` those that plans have; None where not all plans
    were requested, and nothing is to be said of the others.
    """
    errors = list(_first_errors(found))
    known = {NO_PLAN, *compared, *(present or ()), *(error.experiment for _, error in errors)}
    unclaimed = [
        each
        for name, entries in baseline.by_experiment.items()
        if present is not None and name not in known
        for each in entries
    ]
    for at, error in errors:
        name = error.experiment
        own = baseline.by_experiment.get(name, ()) if name not in (NO_PLAN, *compared) else ()
        beside = (
            *_beside(baseline, own, "while the plan is invalid"),
            *_beside(baseline, unclaimed if not name else (), "while nobody can tell which plan this is"),
        )
        if beside:
            found.diagnostics[at] = replace(error, related=(*error.related, *beside))


def _first_errors(found: Findings) -> Iterator[tuple[int, Diagnostic]]:
    """The first error of each plan that says why it is not read whole, with its position among the diagnostics."""
    seen: set[tuple[str, int]] = set()
    for at, each in enumerate(found.diagnostics):
        plan = (each.place.path, each.place.document)
        is_of_reading = each.rule in RULES and RULES[each.rule][1] in _OF_READING
        if each.severity == "error" and is_of_reading and not each.is_open and plan not in seen:
            seen.add(plan)
            yield at, each


def _beside(
    baseline: FindingsBaseline, entries: Sequence[BaselineEntry], when: str
) -> Iterator[RelatedPlace]:
    """The first of the entries, and what becomes of all of them."""
    document = baseline.document
    if not entries or document is None:
        return
    place, _ = place_in(document, ("findings", entries[0].position))
    times = sum(each.times for each in entries)
    are = "is" if times == 1 else "are"
    label = f"{when}, {counted(times, 'finding')} of the baseline {are} neither compared nor suppressed"
    yield RelatedPlace(place, label, document.line(place.span.start.line))
