"""egp show: the plan as it is judged, with the line that each value comes from."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.options import add_format, add_policy, judging_day, moment, policy_and_plans
from egp.cli.commands.requested import one_plan

if TYPE_CHECKING:
    from egp.pages.plan_show.resolved import ResolvedPlan
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", metavar="PLAN", help="a plan's file")
    add_policy(parser)
    add_format(parser, "plan")
    parser.add_argument("--as-of", type=moment, metavar="DATE", help="as of this day (default: today)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.output.page import text
    from egp.pages.plan_show import json
    from egp.pages.plan_show.page import page
    from egp.record.lock import LockError

    policy, finder = policy_and_plans(options, [options.plan])
    as_of = judging_day(options.as_of, policy.timezone)
    try:
        shown = [*_shown(options.plan, policy, finder, as_of)]
    except LockError as error:
        terminal.print_failures(error.failures)
        return terminal.COULD_NOT_JUDGE
    if options.format == "json":
        terminal.write_out(json.render(shown))
    else:
        style = terminal.style(sys.stdout)
        terminal.write_out("\n".join(text.render(page(each), style) for each in shown))
    return 0


def _shown(path: str, policy: Policy, finder: PlanFinder, as_of: date) -> Iterator[ResolvedPlan]:
    from egp.pages.plan_show.resolved import resolved_plan
    from egp.policy.resolving import resolved_by_lock

    for source, document in one_plan(path, finder, "egp show PLAN"):
        yield resolved_plan(resolved_by_lock(document, source, finder, policy, as_of))
