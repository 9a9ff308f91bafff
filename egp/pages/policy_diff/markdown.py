"""A comparison of policies as Markdown: for the change that proposes one, and for its announcement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.output.report.quoting import in_markdown as escaped
from egp.pages.policy_diff import words

if TYPE_CHECKING:
    from egp.pages.policy_diff.flips import Flip, PolicyComparison


def render(comparison: PolicyComparison) -> str:
    """Tables of what changed and of the plans that flip."""
    return "\n".join(_lines(comparison)) + "\n"


def _lines(comparison: PolicyComparison) -> Iterator[str]:
    yield f"## egp policy: {escaped(words.policies(comparison))}"
    yield ""
    yield escaped(words.summary(comparison))
    for failure in comparison.failures:
        yield ""
        yield f"**Could not judge:** {escaped(f'{failure.path}: {failure.message}')}"
    if comparison.differences:
        yield ""
        yield "| setting | before | after | set in |"
        yield "|---|---|---|---|"
        for each in comparison.differences:
            cells = (words.name_of(each), words.old_of(each), words.new_of(each), words.places(each))
            yield f"| {' | '.join(map(escaped, cells))} |"
    for title, flips in words.titles(comparison):
        if flips:
            yield from _flips(title, flips)
    if comparison.further_rejected:
        yield from _further(comparison)


def _flips(title: str, flips: tuple[Flip, ...]) -> Iterator[str]:
    yield ""
    yield f"### {title}: {len(flips)}"
    yield ""
    for flip in flips:
        yield from _flip(flip)


def _further(comparison: PolicyComparison) -> Iterator[str]:
    """The plans that flip nowhere, because they were rejected before."""
    yield ""
    yield f"### {words.FURTHER}: {len(comparison.further_rejected)}"
    yield ""
    yield escaped(words.further(comparison))
    yield ""
    for flip in comparison.further_rejected[: words.MOST_FURTHER]:
        yield from _flip(flip)
    if left := words.further_left(comparison):
        yield f"- {left}"


def _flip(flip: Flip) -> Iterator[str]:
    yield f"- **{escaped(words.plan_of(flip))}**"
    for each in flip.reasons:
        yield f"  - {escaped(words.reason(each))}"
