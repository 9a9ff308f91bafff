"""Every value of a plan with the line that it comes from: its file, the policy's defaults, or the catalogue of metrics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from egp.plan.completing import read_plan
from egp.plan.digest import plan_digest
from egp.plan.typed_reader import label
from egp.yaml import Document, Path
from egp.yaml.pointer import pointer
from egp.yaml.written import written

Source = Literal["plan", "defaults", "catalogue", "holdouts"]


@dataclass(frozen=True, slots=True)
class ResolvedValue:
    """One value, and where it is written."""

    name: str
    """As people say it: statistics.power."""
    pointer: str
    value: str
    source: Source
    place: str
    """File and line."""


@dataclass(frozen=True, slots=True)
class ResolvedPlan:
    """A plan as every rule and message means it."""

    path: str
    document: int
    experiment: str
    digest: str
    """Empty for a plan that cannot be read without problems."""
    values: tuple[ResolvedValue, ...]
    definitions: tuple[tuple[str, str, str], ...]
    """Metric, digest of its definition, and where it is defined."""

    @property
    def supplied(self) -> int:
        """How many values the plan's file does not have."""
        return sum(each.source != "plan" for each in self.values)


def resolved_plan(document: Document) -> ResolvedPlan:
    """What a completed document says."""
    plan, problems = read_plan(document)
    is_whole = not problems and not document.problems
    catalogue = plan.supplied.catalogue if plan.supplied else None
    metrics = plan.supplied.metrics if plan.supplied else {}
    definitions = tuple(
        (name, str(stated["definition"]), _place(*catalogue.places["metrics", name]))
        for name, stated in metrics.items()
        if catalogue
    )
    return ResolvedPlan(
        document.path,
        document.index,
        plan.id or "",
        plan_digest(plan) if is_whole else "",
        tuple(_values(document, document.value, ())),
        definitions,
    )


def _values(document: Document, value: object, at: Path) -> Iterator[ResolvedValue]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _values(document, item, (*at, key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for position, item in enumerate(value):
            yield from _values(document, item, (*at, position))
    else:
        source, there = document.source_of(at)
        yield ResolvedValue(
            label(at), pointer(at), written(value), _source(document, source, there), _place(source, there)
        )


def _source(document: Document, source: Document, there: Path) -> Source:
    if source is document.own:
        return "plan"
    parts: dict[object, Source] = {"metrics": "catalogue", "holdouts": "holdouts"}
    return parts.get(there[0] if there else "", "defaults")


def _place(document: Document, at: Path) -> str:
    return f"{document.path}:{document.span(at, key=True).start.line}"
