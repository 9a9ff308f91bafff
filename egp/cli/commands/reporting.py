"""The report of a check, in the formats that are requested."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.yaml.files import real_path, repository_root, shown_path

if TYPE_CHECKING:
    from egp.output.page.model import Answer, Page
    from egp.output.report.model import Report
    from egp.output.report.text import Style
    from egp.plan.finding import Diagnostic, Severity

FORMATS = ("text", "json", "sarif", "github", "gitlab", "rdjson", "junit", "markdown", "slack", "teams")
_OF_CODE_HOSTS = ("sarif", "github", "gitlab")
"""Formats that a code host reads, which knows files by their path from the repository's root."""

_MANY = 10
"""Rejected plans from which on the report ends with their causes."""
_CAUSES = 8
"""Of a kind, that are named there."""

_JOB_SUMMARY = "GITHUB_STEP_SUMMARY"


def rendered(
    report: Report,
    form: str,
    style: Style | None,
    fail_level: Severity = "error",
    is_piped: bool = False,
    category: str = "",
) -> str:
    """The report in a format. Each module is imported when its format is requested.

    What was piped lies in no file, so that nothing says how it would be repaired.
    """
    status = report.exit_status(fail_level)
    named = report.diagnostics
    if form in _OF_CODE_HOSTS:
        report = _from_root(report)
    if form == "json":
        from egp.output.report import json

        return json.render(report)
    if form == "sarif":
        from egp.advice.fix.proposed import proposed
        from egp.output.report import sarif

        return sarif.render(report, status, () if is_piped else proposed(named), category)
    if form == "github":
        from egp.output.report import github

        return github.render(report)
    if form == "gitlab":
        from egp.output.report import gitlab

        return gitlab.render(report)
    if form == "rdjson":
        from egp.advice.fix.proposed import proposed
        from egp.output.report import rdjson

        return rdjson.render(report, () if is_piped else proposed(named))
    if form == "junit":
        from egp.output.report import junit

        return junit.render(report, fail_level)
    if form == "markdown":
        from egp.output.report import markdown

        return markdown.render(report, status)
    if form in ("slack", "teams"):
        from egp.pages.checked import page

        return as_message(page(report, status), form)
    from egp.output.report import text

    style = style or text.Style(terminal.PIPED_WIDTH, piped=True)
    explain_with = _explain_with(report)
    lines = [*text.render(report, style, explain_with), *_causes(report, style)]
    return "\n".join([*lines, *_what_next(report, style, explain_with)]) + "\n"


def by_cause(report: Report, style: Style | None) -> str:
    """Why plans are rejected and how many, in place of every finding."""
    from egp.output.report import causes, text, words

    style = style or text.Style(terminal.PIPED_WIDTH, piped=True)
    lines = [each for failure in report.failures for each in text.failure_lines(failure, style)]
    for line in causes.in_lines(report):
        lines += _indented(line, style)
    return "\n".join([*lines, *text.wrapped(text.printable(words.summary(report)), style.width, "  ")]) + "\n"


def _causes(report: Report, style: Style) -> Iterator[str]:
    """Of many rejected plans: why, in a few lines."""
    if report.plans < _MANY:
        return
    from egp.output.report import causes

    if (rejected := causes.rejected(report)) >= _MANY:
        yield ""
        yield f"why {rejected} of {report.plans:,} plans are rejected"
        for line in causes.in_lines(report, _CAUSES):
            yield from _indented(f"  {line}", style)


def _indented(line: str, style: Style) -> list[str]:
    from egp.output.report.text import printable, wrapped

    margin = line[: len(line) - len(line.lstrip())]
    return [margin + each for each in wrapped(printable(line.strip()), style.width - len(margin), "  ")]


def as_message(page: Page | Answer, form: str) -> str:
    """The page as a chat takes it."""
    if form == "slack":
        from egp.output.page import slack

        return slack.render(page)
    from egp.output.page import teams

    return teams.render(page)


def _what_next(report: Report, style: Style, explain_with: Callable[[str], str]) -> Iterator[str]:
    """Of rejected plans: who tells more, and what `--fix` would repair."""
    from egp.output.report.text import printable, wrapped
    from egp.plan.wording import listing

    errors = [each for each in report.effective if each.severity == "error"]
    catalogues = {
        real_path(file) for policy in report.policies if policy.metrics for file in policy.metrics.files
    }
    # Of a file that holds no plan nothing is known but that.
    places = (_plan_of(each) for each in errors if each.experiment or each.line)
    plans = dict.fromkeys(
        path for path in places if os.path.isfile(path) and real_path(path) not in catalogues
    )
    if plans:
        first, *others = plans
        more = f", and of {len(others)} more" if others else ""
        said = f"what can be decided{more}:"
        command = printable(f"egp explain {_in_shell(first)}{explain_with(first)}")
        # What is to be copied is not broken.
        yield from (
            [f"{said} {command}"] if len(f"{said} {command}") <= style.width else [said, f"  {command}"]
        )
    repaired = [each for each in report.effective if any(way.repair == "safe" for way in each.remedies)]
    if repaired:
        rules = printable(listing(dict.fromkeys(each.rule for each in repaired)))
        said = f"egp check --fix repairs {len(repaired)} of {len(report.effective)}: {rules}"
        yield from wrapped(said, style.width, "  ")


def _plan_of(diagnostic: Diagnostic) -> str:
    """The file of the plan that a diagnostic is about: of what a rollout file serves the one that names the flag."""
    from egp.rules.table import RULES

    known = RULES.get(diagnostic.rule)
    if known is None or known[0] != "rollout":
        return diagnostic.place.path
    return diagnostic.related[0].place.path if diagnostic.related else ""


def _from_root(report: Report) -> Report:
    from egp.output.report.rooted import from_root

    folder = os.getcwd()
    return from_root(report, folder, repository_root(folder) or folder)


def add_job_summary(report: Report, fail_level: Severity) -> None:
    """Appends the report to the summary of a GitHub job, where one runs."""
    path = os.environ.get(_JOB_SUMMARY)
    if path:
        terminal.append_file(path, rendered(report, "markdown", None, fail_level))


def _explain_with(report: Report) -> Callable[[str], str]:
    """What `egp explain` needs to quote the policy that judged a file, where it would find another one by itself."""
    from egp.policy.reading import STANDARD
    from egp.policy.territories import policy_over

    found = policy_over(os.getcwd())
    found_by_itself = shown_path(found) if found else STANDARD

    def needed(path: str) -> str:
        policy = report.judges.get(path, report.policy)
        named = policy.file or policy.name
        if named == found_by_itself and not policy.ref and not policy.packages:
            return ""
        at_ref = f" --policy-from {_in_shell(policy.ref)}" if policy.ref else ""
        rules = "".join(f" --rules-from {_in_shell(name)}" for name in policy.packages)
        return (at_ref if named == found_by_itself else f" --policy {_in_shell(named)}{at_ref}") + rules

    return needed


def _in_shell(text: str) -> str:
    """A text as one word of a command. What quotes is imported only for one that needs quotes."""
    if text and all(each.isascii() and (each.isalnum() or each in "_@%+=:,./-") for each in text):
        return text
    from shlex import quote

    return quote(text)
