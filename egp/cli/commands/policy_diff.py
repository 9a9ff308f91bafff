"""egp policy diff: what changed between two policies, and which plans flip."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.options import add_format, add_rules_from, judging_day, moment, policy_in_force
from egp.cli.commands.progress import Bar
from egp.cli.commands.requested import requested_plans
from egp.yaml.files import is_inside

if TYPE_CHECKING:
    from datetime import date

    from egp.output.page.model import Answer
    from egp.output.report.model import Report
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanSource

FORMATS = ("text", "markdown", "json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for name, which in (("old", "the policy in force"), ("new", "the policy that may follow")):
        parser.add_argument(
            name,
            metavar=name.upper(),
            help=f"{which}: a file, a shipped policy, or REF:FILE for a file at a branch or commit of git",
        )
    parser.add_argument(
        "paths",
        nargs="*",
        default=[],  # without it argparse counts plans among what has to be given
        metavar="PLAN",
        help="plans or folders (default: the plans of the policies)",
    )
    add_rules_from(parser)
    add_format(parser, "comparison", FORMATS)
    parser.add_argument("-o", dest="file", metavar="FILE", help="write the comparison to a file")
    parser.add_argument("--as-of", type=moment, metavar="DATE", help="judge as of this day (default: today)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.pages.policy_diff.flips import compare
    from egp.pages.policy_diff.page import page

    old, new = _named(options.old, options), _named(options.new, options)
    as_of = judging_day(options.as_of, new.timezone)
    with Bar() as progress:
        before, after = _judged(options, old, as_of, progress), _judged(options, new, as_of, progress)
    comparison = compare(old, new, before, after)
    if options.format == "json":
        from egp.pages.policy_diff import json

        rendered = json.render(comparison, as_of)
    else:
        rendered = _for_people(page(comparison), options)
    if options.file in (None, terminal.STANDARD_OUTPUT):
        terminal.write_out(rendered)
    else:
        terminal.write_file(options.file, rendered)
    return comparison.exit_status


def _for_people(page: Answer, options: argparse.Namespace) -> str:
    if options.format == "markdown":
        from egp.output.page import markdown

        return markdown.render(page)
    from egp.output.page import text
    from egp.output.report.text import Style

    return text.render(page, Style(terminal.PIPED_WIDTH) if options.file else terminal.style(sys.stdout))


def _named(name: str, options: argparse.Namespace) -> Policy:
    """The policy in a file, in a file at a ref of git, or shipped. Raises PolicyError, Stop."""
    ref, colon, path = name.partition(":")
    at_ref = bool(colon and ref and path) and ref != "egp" and not os.path.exists(name)
    asked = argparse.Namespace(
        policy=path if at_ref else name,
        policy_from=ref if at_ref else None,
        policy_written=name if at_ref else "",
        rules_from=options.rules_from,
    )
    return policy_in_force(asked, options.paths)


def _judged(options: argparse.Namespace, policy: Policy, as_of: date, progress: Bar) -> Report | None:
    """What the policy makes of the plans; None where none are requested and the policy names none."""
    from egp.check import check
    from egp.policy.plan_files import PlanFinder

    if not options.paths and not policy.plans:
        return None
    asked = argparse.Namespace(paths=options.paths, stdin_filename="<stdin>")
    finder = PlanFinder(os.getcwd(), policy.plans, policy.root)
    sources = _owned(policy, requested_plans(asked, policy, finder))
    return check(sources, finder, policy, as_of, progress.show)


def _owned(policy: Policy, sources: list[PlanSource]) -> list[PlanSource]:
    """Those that belong to the policy's folder: the others are no policy's that is put in the place of its own."""
    from egp.policy.territories import territories_on_disk

    territories = territories_on_disk(os.getcwd())
    if not policy.root or not is_inside(policy.root, territories.root):
        return sources
    owner = territories.of_folder(policy.root)
    return [each for each in sources if territories.of(each.path) == owner]
