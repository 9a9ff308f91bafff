"""egp rules: all rules, and what the policy makes of them."""

from __future__ import annotations

import argparse
import sys

from egp.cli.commands import terminal
from egp.cli.commands.options import add_format, add_policy, judging_day, moment, policy_in_force


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_policy(parser)
    add_format(parser, "list")
    parser.add_argument("--as-of", type=moment, metavar="DATE", help="as of this day (default: today)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.output.page import text
    from egp.pages.rules_shown import json
    from egp.pages.rules_shown.page import all_rules

    policy = policy_in_force(options, [])
    as_of = judging_day(options.as_of, policy.timezone)
    terminal.write_out(
        json.render(policy, as_of)
        if options.format == "json"
        else text.render(all_rules(policy, as_of), terminal.style(sys.stdout))
    )
    return 0
