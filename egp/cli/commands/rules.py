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
    from egp.pages.rule_explained import list_rules, rules_as_json

    policy = policy_in_force(options, [])
    as_json = options.format == "json"
    width = terminal.style(sys.stdout).width
    as_of = judging_day(options.as_of, policy.timezone)
    terminal.write_out(rules_as_json(policy, as_of) if as_json else list_rules(policy, as_of, width))
    return 0
