"""The plan as it is judged, for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.output.page.model import Answer, Block, Paragraph, Section, Table
from egp.plan.wording import counted

if TYPE_CHECKING:
    from egp.pages.plan_show.resolved import ResolvedPlan, ResolvedValue


def page(shown: ResolvedPlan) -> Answer:
    """Each value with the line that it comes from."""
    name = f"{shown.experiment} ({shown.path})" if shown.experiment else shown.path
    return Answer(f"{name}, as it is judged", [*_blocks(shown)])


_LONGEST = 44
"""Characters of a value for which a terminal has room beside its name and its place."""


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"


def _where(value: ResolvedValue, path: str) -> str:
    """The file is in the page's head; only another one is worth naming."""
    return value.place.replace(f"{path}:", "line ", 1) if value.source == "plan" else value.place


def _blocks(shown: ResolvedPlan) -> Iterator[Block]:
    own = len(shown.values) - shown.supplied
    added = (
        f", and {counted(shown.supplied, 'value')} from the policy and the catalogue"
        if shown.supplied
        else ""
    )
    yield Paragraph(f"{counted(own, 'value')} from the plan's file{added}")
    rows = [(each.name, _short(each.value), _where(each, shown.path)) for each in shown.values]
    yield Table(("", "", ""), rows)
    if shown.definitions:
        rows = [(name, f"{digest[:19]}…", place) for name, digest, place in shown.definitions]
        yield Section("definitions that a registration covers", [Table(("", "", ""), rows)])
    if shown.digest:
        yield Paragraph(f"digest {shown.digest}")
