"""egp check: plans against the policy."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from egp.cli.commands import fix, terminal
from egp.cli.commands.asked import plans_asked_for
from egp.cli.commands.options import add_format, add_policy, judging_day, moment, policy_in_force, ref
from egp.cli.commands.reporting import FORMATS, add_job_summary, rendered
from egp.policy.error import PolicyError

if TYPE_CHECKING:
    from egp.output.report.model import Report
    from egp.output.report.text import Style
    from egp.policy.model import Policy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Text is as wide as the terminal, up to 120 columns; piped, it is 100 columns wide, and the line that names "
        "severity and rule is never broken. FORCE_COLOR and NO_COLOR are honoured."
    )
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="plans or folders; - for standard input; none for the policy's plans",
    )
    add_policy(parser)
    add_format(parser, "report", FORMATS)
    parser.add_argument(
        "-o",
        dest="file",
        metavar="FILE",
        help="write the report to a file instead of standard output; - for standard output",
    )
    parser.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FORMAT=FILE",
        help="write a further report; may be repeated",
    )
    parser.add_argument(
        "--base", type=ref, metavar="REF", help="compare with where git's HEAD left this branch or commit"
    )
    parser.add_argument(
        "--as-of",
        type=moment,
        metavar="DATE",
        help="judge as of this day, or of the day that an instant falls on in the policy's time zone (default: today)",
    )
    parser.add_argument(
        "--no-waivers",
        action="store_true",
        help="report as if nothing were waived and there were no baseline: the auditor's view",
    )
    parser.add_argument(
        "--fail-level",
        choices=("error", "warning"),
        default="error",
        help="least severity that rejects (default: error)",
    )
    parser.add_argument("--show-passed", action="store_true", help="list the checks that passed")
    parser.add_argument(
        "--stdin-filename", metavar="FILE", default="<stdin>", help="path that standard input is judged as"
    )
    fix.add_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    outputs = [_output(text) for text in options.output]
    owners = _owners(options)
    if len(owners) > 1:
        return _by_several(options, owners, outputs)
    try:
        policy = policy_in_force(
            options, [options.stdin_filename if path == "-" else path for path in options.paths]
        )
        options.as_of = judging_day(options.as_of, policy.timezone)
        if options.fix or options.unsafe or options.diff:
            status = fix.fix(options, policy)
            if options.diff or status:
                return status
        report = _judged(options, policy)
    except PolicyError as error:
        if {options.format, *(form for form, _ in outputs)} == {"text"}:
            raise
        report = _without_policy(options, error)
    _deliver(options, report, outputs)
    return report.exit_status(options.fail_level)


def _owners(options: argparse.Namespace) -> dict[str, list[str]]:
    """Policy file → the plans that it judges, where those that are asked for have policies of their own; else nothing.

    Each plan is asked about alone, so that the verdict on it never depends on which others are in the call.
    """
    from egp.policy.locate import find_policy

    paths = [path for path in options.paths if path != terminal.STANDARD_OUTPUT]
    if options.policy or len(paths) < len(options.paths) or not paths or find_policy(os.getcwd(), []):
        return {}
    from egp.policy.plan_files import PlanFinder

    finder = PlanFinder(os.getcwd())
    sources = finder.asked(paths)
    owners: dict[str, list[str]] = {}
    for source in sources:
        owners.setdefault(find_policy(os.getcwd(), [source.path]) or "", []).append(source.shown)
    # What cannot be read is said once, by whichever policy comes first.
    for failure in finder.failures:
        owners.setdefault(next(iter(owners), ""), []).append(failure.path)
    return owners


def _by_several(
    options: argparse.Namespace, owners: dict[str, list[str]], outputs: Sequence[tuple[str, str]]
) -> int:
    """Judges each plan by its own policy, and tells it policy by policy, or all together to a program."""
    if options.fix or options.unsafe or options.diff:
        raise terminal.Stop("these plans have several policies", "repair the plans of one policy at a time")
    reports = []
    for owner in sorted(owners):
        asked = argparse.Namespace(**{**vars(options), "paths": owners[owner]})
        try:
            policy = policy_in_force(asked, asked.paths)
            asked.as_of = judging_day(options.as_of, policy.timezone)
            reports.append(_judged(asked, policy))
        except PolicyError as error:
            reports.append(_without_policy(asked, error))
    together = _together(reports)
    _deliver(options, together, outputs, reports)
    return together.exit_status(options.fail_level)


def _together(reports: Sequence[Report]) -> Report:
    from dataclasses import replace
    from hashlib import sha256

    from egp.output.report.model import Report
    from egp.plan.wording import listing
    from egp.rules.rule import Catalogue

    policies = [each.policy for each in reports]
    together = replace(
        policies[0],
        name=listing([each.name for each in policies]),
        version="",
        digest=f"sha256:{sha256(' '.join(each.digest for each in policies).encode()).hexdigest()}",
        catalogue=Catalogue(
            {rule_id: rule for each in policies for rule_id, rule in each.catalogue.brought.items()}
        ),
    )
    report = Report(policy=together, as_of=max(each.as_of for each in reports))
    for each in reports:
        report.add(each.findings())
        report.allowed += each.allowed
    return report


def _deliver(
    options: argparse.Namespace,
    report: Report,
    outputs: Sequence[tuple[str, str]],
    parts: Sequence[Report] = (),
) -> None:
    """Writes every report that is asked for, the one on standard output last; texts tell the parts of it."""
    fail_level = options.fail_level

    def told(form: str, style: Style | None) -> str:
        whole = parts if parts and form == "text" else (report,)
        return "\n".join(rendered(each, form, style, fail_level) for each in whole)

    for form, path in outputs:
        terminal.write_file(path, told(form, None))
    if "github" in (options.format, *(form for form, _ in outputs)):
        add_job_summary(report, fail_level)
    to_file = options.file not in (None, terminal.STANDARD_OUTPUT)
    style = None if to_file else terminal.style(sys.stdout)
    main_report = told(options.format, style)
    if to_file:
        terminal.write_file(options.file, main_report)
    else:
        terminal.write_out(main_report)


def _without_policy(options: argparse.Namespace, error: PolicyError) -> Report:
    """The report of a run that ended before it began, for programs that read nothing else."""
    from egp.output.report.model import Report
    from egp.policy.model import Policy

    unusable = Policy(name=error.failures[0].path, version="", digest="", root="", layers=())
    return Report(failures=list(error.failures), policy=unusable, as_of=judging_day(options.as_of, ""))


def _judged(options: argparse.Namespace, policy: Policy) -> Report:
    from egp.check import check

    sources, finder = plans_asked_for(options, policy)
    with terminal.Progress() as progress:
        return check(
            sources,
            finder,
            policy,
            options.as_of,
            progress.show,
            options.show_passed,
            options.base or "",
            no_waivers=options.no_waivers,
        )


def _output(text: str) -> tuple[str, str]:
    form, equals, path = text.partition("=")
    if not equals or not path or form not in FORMATS:
        raise terminal.Stop(f"--output {text} is not FORMAT=FILE", f"FORMAT is one of {', '.join(FORMATS)}")
    if path == terminal.STANDARD_OUTPUT:
        raise terminal.Stop(
            f"--output {text} would mix two reports on standard output", f"--format {form}, or name a file"
        )
    return form, path
