"""egp explain: the page of a rule."""

from __future__ import annotations

import argparse
import sys

from egp.commands import terminal
from egp.commands.options import add_policy, policy_in_force


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rule", metavar="RULE", help="id of a rule, such as minimum-runtime")
    add_policy(parser)
    parser.add_argument("--examples", action="store_true", help="print all examples of the page")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.explain import explain_rule
    from egp.rule import index
    from egp.shape import nearest

    if options.rule not in index():
        guess = nearest(options.rule, index())
        hint = f", did you mean {guess}?" if guess else ""
        raise terminal.Stop(f"there is no rule {options.rule!r}{hint}", "egp rules lists all rules")
    width = terminal.style(sys.stdout).width
    terminal.write_out(explain_rule(options.rule, policy_in_force(options, []), width, options.examples))
    return 0
