"""egp rules: all rules, and what the policy makes of them."""

from __future__ import annotations

import argparse
import sys

from egp.commands import terminal
from egp.commands.options import add_format, add_policy, policy_in_force


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_policy(parser)
    add_format(parser, "list")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.explain import list_rules, rules_as_json

    policy = policy_in_force(options, [])
    as_json = options.format == "json"
    width = terminal.style(sys.stdout).width
    terminal.write_out(rules_as_json(policy) if as_json else list_rules(policy, width))
    return 0
