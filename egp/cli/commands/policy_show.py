"""egp policy show: the settings that judge a plan."""

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
    from egp.pages.policy_show.effective import Effective
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "plan",
        nargs="?",
        metavar="PLAN",
        help="a plan's file (default: what holds for plans without an override)",
    )
    add_policy(parser)
    add_format(parser, "settings")
    parser.add_argument("--as-of", type=moment, metavar="DATE", help="as of this day (default: today)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.output.page import text
    from egp.pages.policy_show import json
    from egp.pages.policy_show.effective import Effective
    from egp.pages.policy_show.page import page
    from egp.policy.timing import Timing
    from egp.record.lock import LockError

    policy, finder = policy_and_plans(options, [options.plan] if options.plan else [])
    as_of = judging_day(options.as_of, policy.timezone)
    try:
        shown = (
            [*_of_plan(options.plan, policy, finder, as_of)]
            if options.plan
            else [Effective(policy, Timing(as_of))]
        )
    except LockError as error:
        terminal.print_failures(error.failures)
        return terminal.COULD_NOT_JUDGE
    owned = finder.owners.ownership() if finder.owners and not options.plan else None
    if options.format == "json":
        terminal.write_out(json.render(shown, owned))
    else:
        style = terminal.style(sys.stdout)
        terminal.write_out("\n".join(text.render(page(each, owned), style) for each in shown))
    return 0


def _of_plan(path: str, policy: Policy, finder: PlanFinder, as_of: date) -> Iterator[Effective]:
    from egp.pages.policy_show.effective import Effective, judged_plan
    from egp.plan.completing import read_plan
    from egp.policy.plan_history import attested_timing, judged_as
    from egp.policy.resolving import resolved_by_lock

    for source, written in one_plan(path, finder, "egp policy show PLAN"):
        document = resolved_by_lock(written, source, finder, policy, as_of)
        plan, _ = read_plan(document)
        timing = attested_timing(plan, finder, policy, as_of)
        judged = judged_plan(document, judged_as(source, plan, finder, policy).in_policy, policy, timing)
        yield Effective(policy, timing, judged)
