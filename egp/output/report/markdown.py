"""The report as Markdown: for a comment on a change, and the job summary of GitHub Actions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from egp.output.report import words
from egp.output.report.quoting import in_markdown as escaped
from egp.plan.finding import SEVERITIES
from egp.plan.wording import counted

if TYPE_CHECKING:
    from egp.output.report.model import Report
    from egp.plan.finding import Diagnostic, Failure, Severity, Suppression, Unchecked

LONGEST = 60_000
"""Characters: a comment on GitHub takes 65,536, and a longer one is refused whole."""

_VERDICTS = {0: "✅ accepted", 1: "❌ rejected", 2: "❔ could not judge"}
_SYMBOLS: dict[Severity, str] = {"error": "❌ error", "warning": "⚠️ warning", "info": "ℹ️ info"}
_HEAD = ("| | finding | rule | place |", "|---|---|---|---|")

T = TypeVar("T")


def render(report: Report, exit_status: int) -> str:
    """A table of what was found, and folded away what to change, what is waived and what is in shadow."""
    return "\n".join(_lines(report, exit_status, _Budget(LONGEST))) + "\n"


class _Budget:
    """How many characters may still be written."""

    def __init__(self, most: int) -> None:
        self._left = most

    def rows(self, items: Sequence[T], row: Callable[[T], str], noun: str) -> Iterator[str]:
        """As many of the rows as fit, and how many are left out."""
        for at, item in enumerate(items):
            line = row(item)
            self._left -= len(line) + 1
            if self._left < 0:
                yield ""
                yield f"… and {counted(len(items) - at, noun)} more, which `egp check` tells."
                return
            yield line


def _lines(report: Report, exit_status: int, budget: _Budget) -> Iterator[str]:
    yield f"## egp: {_VERDICTS[exit_status]}"
    yield ""
    yield f"{counted(report.plans, 'plan')} judged: **{words.found(report)}**"
    effective = sorted(report.effective, key=lambda each: SEVERITIES.index(each.severity))
    if report.failures:
        yield from ("", "**Could not judge:**", "")
        yield from budget.rows(report.failures, _failure, "failure")
    if effective:
        yield from ("", *_HEAD)
        yield from budget.rows(effective, _row, "finding")
    silent = words.silent(report)
    if silent:
        yield from ("", "**Not checked:**", "")
        yield from budget.rows(silent, _unchecked, "check")
    helped = [each for each in effective if words.notes(each)]
    yield from _folded("What to change", budget.rows(helped, _help, "finding"), helped)
    yield from _folded(
        f"{len(report.waived)} waived", budget.rows(report.waived, _waived, "finding"), report.waived
    )
    shadowed = f"{len(report.shadow)} in shadow, without effect"
    yield from _folded(shadowed, budget.rows(report.shadow, _shadow, "finding"), report.shadow)
    yield ""
    yield f"<sub>{escaped(words.checked(report))}</sub>"


def _folded(title: str, rows: Iterable[str], shown: Sequence[object]) -> Iterator[str]:
    if shown:
        yield from ("", f"<details><summary>{title}</summary>", "")
        yield from rows
        yield from ("", "</details>")


def _row(diagnostic: Diagnostic) -> str:
    beside = words.values(diagnostic)
    phrase = escaped(diagnostic.message) + (f" ({escaped(beside)})" if beside else "")
    return (
        f"| {_SYMBOLS[diagnostic.severity]} | {phrase} | {escaped(diagnostic.rule)} | {_place(diagnostic)} |"
    )


def _place(diagnostic: Diagnostic) -> str:
    start = diagnostic.place.span.start
    return escaped(f"{diagnostic.place.path}:{start.line}:{start.column}")


def _help(diagnostic: Diagnostic) -> str:
    phrase = "; ".join(f"{title}: {escaped(text)}" for title, text in words.notes(diagnostic))
    return f"- **{escaped(diagnostic.rule)}** ({_place(diagnostic)}) {phrase}"


def _waived(diagnostic: Diagnostic) -> str:
    said = f"{escaped(diagnostic.message)}: {_waiver(diagnostic.waiver)}" if diagnostic.waiver else ""
    return f"- **{escaped(diagnostic.rule)}** ({_place(diagnostic)}) {said}"


def _waiver(waived: Suppression) -> str:
    reason = words.reason(waived)
    return escaped(f"{reason} ({words.waived_by(waived)})" if reason else words.waived_by(waived))


def _shadow(diagnostic: Diagnostic) -> str:
    return f"- **{escaped(diagnostic.rule)}** ({_place(diagnostic)}) {escaped(diagnostic.message)}"


def _unchecked(unchecked: Unchecked) -> str:
    lacking = words.lacking(unchecked)
    return f"- **{escaped(unchecked.rule)}** ({escaped(unchecked.path)}) {escaped(lacking)}"


def _failure(failure: Failure) -> str:
    at = f":{failure.span.start.line}:{failure.span.start.column}" if failure.span else ""
    where = f"{escaped(failure.path + at)}: " if failure.path else ""
    phrase = f"{where}{escaped(failure.message)}"
    return f"- {phrase}; help: {escaped(failure.help)}" if failure.help else f"- {phrase}"
