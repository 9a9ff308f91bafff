"""A report whose paths count from the root of the repository: what a code host needs, wherever egp was called."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from egp.plan.finding import Diagnostic, Failure, Place
from egp.stats.values import replace
from egp.yaml.files import is_inside

if TYPE_CHECKING:
    from egp.output.report.model import Report


def from_root(report: Report, folder: str, root: str) -> Report:
    """The report with paths relative to the root, of a call from a folder in it."""
    if folder == root:
        return report

    def path(named: str) -> str:
        if not named or named.startswith(("egp:", "<")):
            return named
        absolute = os.path.normpath(os.path.join(folder, named))
        return os.path.relpath(absolute, root).replace(os.sep, "/") if is_inside(absolute, root) else named

    def place(found: Place) -> Place:
        return replace(found, path=path(found.path))

    def diagnostic(found: Diagnostic) -> Diagnostic:
        related = tuple(
            each if each.is_past else replace(each, place=place(each.place)) for each in found.related
        )
        return replace(found, place=place(found.place), related=related)

    def failure(found: Failure) -> Failure:
        return replace(found, path=path(found.path))

    return replace(
        report,
        diagnostics=[*map(diagnostic, report.diagnostics)],
        shadow=[*map(diagnostic, report.shadow)],
        unchecked=[replace(each, path=path(each.path)) for each in report.unchecked],
        failures=[*map(failure, report.failures)],
        passes=[each._replace(path=path(each.path)) for each in report.passes],
    )
