"""A comparison of policies for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.output.report.text import failure_lines, printable, wrapped
from egp.pages.policy_diff import words

if TYPE_CHECKING:
    from egp.output.report.text import Style
    from egp.pages.policy_diff.flips import Flip, PolicyComparison
    from egp.pages.policy_diff.settings import SettingDifference


def render(comparison: PolicyComparison, style: Style) -> Iterator[str]:
    """What changed, which plans flip and why, and the counts."""
    yield style.paint(printable(words.policies(comparison)), "bold")
    yield ""
    for difference in comparison.differences:
        yield from _difference(difference, style)
    if comparison.differences:
        yield ""
    for title, flips in words.titles(comparison):
        for flip in flips:
            yield from _flip(title, flip, style)
            yield ""
    if comparison.further_rejected:
        yield from _further(comparison, style)
        yield ""
    for failure in comparison.failures:
        yield from failure_lines(failure, style)
    if comparison.failures:
        yield ""
    yield from wrapped(printable(words.summary(comparison)), style.width, "  ")


def _difference(difference: SettingDifference, style: Style) -> Iterator[str]:
    told = f"{words.name_of(difference)}: {words.old_of(difference)} → {words.new_of(difference)}"
    places = words.places(difference)
    text = f"{told} ({places})" if places else told
    first, *rest = wrapped(printable(text), style.width - 4, "")
    yield f"  {first}"
    for line in rest:
        yield f"    {line}"


def _flip(title: str, flip: Flip, style: Style) -> Iterator[str]:
    role = "error" if title.endswith("rejected") else "good"
    yield f"{style.paint(title, role)}: {printable(words.plan_of(flip))}"
    for each in flip.reasons:
        yield from _point(words.reason(each), style)


def _further(comparison: PolicyComparison, style: Style) -> Iterator[str]:
    """The plans that flip nowhere, because they were rejected before."""
    first, *rest = wrapped(printable(f"{words.FURTHER}: {words.further(comparison)}"), style.width, "")
    yield style.paint(words.FURTHER, "error") + first.removeprefix(words.FURTHER)
    yield from rest
    for flip in comparison.further_rejected[: words.MOST_FURTHER]:
        for each in flip.reasons:
            yield from _point(f"{words.plan_of(flip)}: {words.reason(each)}", style)
    if left := words.further_left(comparison):
        yield from _point(left, style)


def _point(text: str, style: Style) -> Iterator[str]:
    first, *rest = wrapped(printable(text), style.width - 4, "")
    yield f"  - {first}"
    for line in rest:
        yield f"    {line}"
