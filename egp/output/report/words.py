"""What every report says of a finding, whatever its format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp.plan.wording import counted, listing

if TYPE_CHECKING:
    from egp.output.report.model import Report
    from egp.plan.finding import Diagnostic, Suppression, Unchecked


def plan_of(path: str, document: int) -> str:
    """The name of a plan: the file, and which of several documents in it."""
    return f"{path}#{document + 1}" if document else path


def values(diagnostic: Diagnostic) -> str:
    """What was observed, and what it takes to pass."""
    if diagnostic.observed and diagnostic.required:
        return f"{diagnostic.observed}; needs {diagnostic.required}"
    return diagnostic.observed


def notes(diagnostic: Diagnostic) -> list[tuple[str, str]]:
    """What follows the message: title and text."""
    phrase = (("help", diagnostic.help), ("coming", diagnostic.coming))
    return [(title, text) for title, text in phrase if text]


def past(diagnostic: Diagnostic) -> list[str]:
    """What takes part in the finding and is in git alone, where no viewer can go."""
    earlier = [each for each in diagnostic.related if each.is_past]
    return [
        f"{each.label}: {each.line.strip()} ({each.place.path}:{each.place.span.start.line})"
        for each in earlier
    ]


def waived_by(waived: Suppression) -> str:
    """Who suppresses it until when, where that is written, and whether that is new."""
    place = f"{waived.place}; new in this change" if waived.is_new else waived.place
    if waived.by == "baseline":
        return f"baseline; {place}"
    approver = f" of {waived.approver}" if waived.approver else ""
    expires = f", expires {waived.expires}" if waived.expires else ""
    return f"waiver{approver}{expires}; {place}"


def reason(waived: Suppression) -> str:
    """Why it may pass, and the ticket that says more."""
    return ", ".join(filter(None, (waived.reason, waived.ticket)))


def lacking(unchecked: Unchecked) -> str:
    """What a rule that could not run lacked, or who says so."""
    needs = f"needs {unchecked.needs}" if unchecked.needs else unchecked.reason
    said = f"{unchecked.blocked_by} says why" if unchecked.blocked_by else ""
    return "; ".join(filter(None, (needs, said)))


def silent(report: Report) -> list[Unchecked]:
    """Rules that could not run, and of whose missing input nothing else speaks."""
    return [each for each in report.unchecked if not each.blocked_by]


def raised_without_gate(report: Report) -> list[Diagnostic]:
    """Raises that somebody approved in an emergency, which every report for people shows."""
    from egp.rules.table import WAIVED_IN_EMERGENCY

    return [each for each in report.waived if each.rule == WAIVED_IN_EMERGENCY]


def summary(report: Report) -> str:
    """The run in one sentence."""
    return f"{counted(report.plans, 'plan')} judged: {found(report)} ({checked(report)})"


def found(report: Report) -> str:
    """The counts of a run: "2 errors, 1 warning, 1 waived"."""
    counts = [
        counted(report.count(severity), severity)
        for severity in ("error", "warning", "info")
        if severity == "error" or report.count(severity)
    ]
    if report.waived:
        counts.append(f"{len(report.waived)} waived")
    if report.shadow:
        counts.append(f"{len(report.shadow)} in shadow")
    if report.failures:
        counts.append(counted(len(report.failures), "failure"))
    is_silent = not (report.diagnostics or report.shadow or report.unchecked or report.failures)
    return "nothing to report" if is_silent else ", ".join(counts)


def checked(report: Report) -> str:
    """How much was checked, by which policy and when."""
    unchecked = f", {len(report.unchecked)} not checked" if report.unchecked else ""
    return f"{counted(report.passed, 'check')} passed{unchecked}; {policies(report)}, as of {report.as_of}"


def policies(report: Report) -> str:
    """Which policies judged: the owners', or the one that was put in their place."""
    if report.policy.is_chosen:
        return f"policy {report.policy.title}"
    return listing(f"policy {each.name_and_version}" for each in report.policies)
