"""The plan as it is judged, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from egp.output.contract import Count, Reported, as_text

if TYPE_CHECKING:
    from egp.pages.plan_show.resolved import ResolvedPlan


class ShownValue(Reported):
    """One value, and where it is written."""

    name: str
    """As people say it, as in statistics.power."""
    pointer: str
    """RFC 6901, in the completed plan."""
    value: str
    """As YAML writes it."""
    source: Literal["plan", "defaults", "catalogue", "holdouts"]
    place: str
    """File and line."""


class ShownDefinition(Reported):
    """A metric whose definition a registration covers."""

    metric: str
    digest: str
    place: str
    """File and line."""


class PlanAsJudged(Reported):
    """A plan as every rule and message means it."""

    path: str
    document: Count
    """Number of the YAML document in the file, from 0."""
    experiment: str
    digest: str | None
    """Of the completed plan; null for one that cannot be read without problems."""
    values: tuple[ShownValue, ...]
    definitions: tuple[ShownDefinition, ...]


class PlanShowReport(Reported):
    """What egp show says."""

    plans: tuple[PlanAsJudged, ...]


def render(shown: Sequence[ResolvedPlan]) -> str:
    """One object for each plan of the file."""
    return as_text(PlanShowReport(plans=tuple(map(_plan, shown))))


def _plan(shown: ResolvedPlan) -> PlanAsJudged:
    return PlanAsJudged.of(
        shown,
        digest=shown.digest or None,
        values=tuple(map(ShownValue.of, shown.values)),
        definitions=tuple(
            ShownDefinition(metric=metric, digest=digest, place=place)
            for metric, digest, place in shown.definitions
        ),
    )
