"""A comparison of policies for people: for the change that proposes one, and for its announcement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.output.page.model import Answer, Block, Notice, Paragraph, Section, Table, Tone
from egp.pages.policy_diff import words

if TYPE_CHECKING:
    from egp.pages.policy_diff.flips import Flip, PolicyComparison
    from egp.plan.finding import Failure


_TONES: tuple[Tone, Tone] = ("bad", "good")
"""Of plans that are now rejected, and of those that are now accepted."""


def page(comparison: PolicyComparison) -> Answer:
    """What changed, which plans flip and why, and the counts."""
    return Answer(words.policies(comparison), [*_sections(comparison)])


def _sections(comparison: PolicyComparison) -> Iterator[Section]:
    if comparison.differences:
        yield Section("", [_differences(comparison)])
    for (title, flips), tone in zip(words.titles(comparison), _TONES, strict=True):
        if flips:
            yield Section(f"{title}: {len(flips)}", [_flip(each, tone) for each in flips])
    if comparison.further_rejected:
        yield Section(f"{words.FURTHER}: {len(comparison.further_rejected)}", [*_further(comparison)])
    if comparison.failures:
        yield Section("", [*map(_failure, comparison.failures)])
    yield Section("", [Paragraph(words.summary(comparison))])


def _differences(comparison: PolicyComparison) -> Table:
    return Table(
        ("setting", "before", "after", "set in"),
        [
            (words.name_of(each), words.old_of(each), words.new_of(each), words.places(each))
            for each in comparison.differences
        ],
    )


def _flip(flip: Flip, tone: Tone) -> Notice:
    return Notice(words.plan_of(flip), "", tone, [*map(words.reason, flip.reasons)])


def _further(comparison: PolicyComparison) -> Iterator[Block]:
    """The plans that flip nowhere, because they were rejected before."""
    yield Paragraph(words.further(comparison))
    yield from (_flip(each, "bad") for each in comparison.further_rejected[: words.MOST_FURTHER])
    if left := words.further_left(comparison):
        yield Paragraph(left)


def _failure(failure: Failure) -> Notice:
    start = f":{failure.span.start.line}:{failure.span.start.column}" if failure.span else ""
    where = f"{failure.path}{start}: " if failure.path else ""
    help_points = [f"help: {failure.help}"] if failure.help else []
    return Notice("cannot judge", f"{where}{failure.message}", "bad", help_points)
