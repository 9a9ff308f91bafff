"""egp check: plans against the policy."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from egp.cli.commands import fix, terminal
from egp.cli.commands.options import (
    add_format,
    add_further_reports,
    add_policy,
    jobs,
    judging_day,
    moment,
    now,
    policy_and_plans,
    ref,
)
from egp.cli.commands.progress import Bar
from egp.cli.commands.reporting import FORMATS, add_job_summary, by_cause, rendered
from egp.cli.commands.requested import no_plan, requested_plans
from egp.policy.error import PolicyError

if TYPE_CHECKING:
    import argparse
    from datetime import date, datetime

    from egp.cli.commands.kept_answer import KeptAnswer
    from egp.output.report.model import Report
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder


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
    add_format(parser, "report", FORMATS, "--output-format")
    parser.add_argument(
        "-o",
        dest="file",
        metavar="FILE",
        help="write the report to a file instead of standard output; - for standard output",
    )
    add_further_reports(parser)
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
    parser.add_argument(
        "--by-cause",
        action="store_true",
        help="as text: why plans are rejected and how many, in place of every finding",
    )
    parser.add_argument("--show-passed", action="store_true", help="list the checks that passed")
    parser.add_argument(
        "--stdin-filename", metavar="FILE", default="<stdin>", help="path that standard input is judged as"
    )
    parser.add_argument(
        "--jobs",
        type=jobs,
        default=0,
        metavar="N",
        help="processes that judge many plans at once (default: as many as there are processors, up to 8)",
    )
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="read all plans anew, and remember nothing of them; so it is under --base, and where the environment has CI",
    )
    parser.add_argument(
        "--sarif-category",
        metavar="NAME",
        default="",
        help="tells this analysis from others of the same commit in code scanning",
    )
    fix.add_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    kept = _kept_answer(options)
    if kept and (said := kept.said()):
        terminal.write_out(said.text)
        return said.status
    outputs = [_output(text) for text in options.output]
    stated = options.as_of
    try:
        policy, finder = policy_and_plans(
            options, [options.stdin_filename if path == "-" else path for path in options.paths]
        )
        options.as_of = judging_day(stated, policy.timezone)
        if options.fix or options.unsafe or options.diff:
            status = fix.fix(options, policy, finder)
            if options.diff or status:
                return status
        report = _judged(options, policy, finder, stated, kept)
    except PolicyError as error:
        if {options.format, *(form for form, _ in outputs)} == {"text"}:
            raise
        report, kept = _without_policy(options, error), None
    text = _deliver(options, report, outputs)
    status = report.exit_status(options.fail_level)
    if kept:
        kept.keep(status, text, finder.policies_read(policy))
    return status


def _kept_answer(options: argparse.Namespace) -> KeptAnswer | None:
    """What is known of such a call, where it is one of which anything is kept; others do not wait for it."""
    does_more = options.paths or options.no_cache or options.base or options.fix or os.environ.get("CI")
    if does_more:
        return None
    from egp.cli.commands.kept_answer import KeptAnswer

    return KeptAnswer.of(options)


def _deliver(options: argparse.Namespace, report: Report, outputs: Sequence[tuple[str, str]]) -> str:
    """Writes every report that is requested, the one on standard output last; that one is returned."""
    fail_level, is_piped, category = options.fail_level, "-" in options.paths, options.sarif_category
    for form, path in outputs:
        terminal.write_file(path, rendered(report, form, None, fail_level, is_piped, category))
    if "github" in (options.format, *(form for form, _ in outputs)):
        add_job_summary(report, fail_level)
    to_file = options.file not in (None, terminal.STANDARD_OUTPUT)
    style = None if to_file else terminal.style(sys.stdout)
    is_short = options.by_cause and options.format == "text"
    main_report = (
        by_cause(report, style)
        if is_short
        else rendered(report, options.format, style, fail_level, is_piped, category)
    )
    if to_file:
        terminal.write_file(options.file, main_report)
    else:
        terminal.write_out(main_report)
    return main_report


def _without_policy(options: argparse.Namespace, error: PolicyError) -> Report:
    """The report of a run that ended before it began, for programs that read nothing else."""
    from egp.output.report.model import Report
    from egp.policy.model import Policy

    unusable = Policy(name=error.failures[0].path, version="", digest="", root="", layers=())
    return Report(failures=list(error.failures), policy=unusable, as_of=judging_day(options.as_of, ""))


def _judged(
    options: argparse.Namespace,
    policy: Policy,
    finder: PlanFinder,
    stated: date | datetime | None,
    kept: KeptAnswer | None,
) -> Report:
    from egp.check import check

    called = now()

    def day_of(judge: Policy) -> date:
        day = judging_day(stated, judge.timezone, called)
        if kept:
            kept.rests_on(judge.timezone, day)
        return day

    sources = requested_plans(options, policy, finder, bool(options.base and not options.paths))
    if kept:
        kept.rests_on(policy.timezone, options.as_of)
        kept.begins(len(sources))
    with Bar() as progress:
        report = check(
            sources,
            finder,
            policy,
            options.as_of,
            progress.show,
            options.show_passed,
            options.base or "",
            no_waivers=options.no_waivers,
            day_of=day_of,
            jobs=options.jobs,
            keeps_facts=not (options.no_cache or options.base or os.environ.get("CI")),
        )
    if not sources and not (report.passed or report.diagnostics or report.unchecked or report.failures):
        raise no_plan(policy)  # the base has none either
    return report


def _output(text: str) -> tuple[str, str]:
    form, equals, path = text.partition("=")
    if not equals or not path or form not in FORMATS:
        raise terminal.Stop(f"--output {text} is not FORMAT=FILE", f"FORMAT is one of {', '.join(FORMATS)}")
    if path == terminal.STANDARD_OUTPUT:
        raise terminal.Stop(
            f"--output {text} would mix two reports on standard output", f"--format {form}, or name a file"
        )
    return form, path
