"""egp policy check: policies that were changed are valid, and their tests succeed."""

from __future__ import annotations

import argparse
import os

from egp.cli.commands import policy_test, terminal
from egp.cli.commands.options import add_rules_from, policy_in_force
from egp.policy.error import PolicyError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="policies, or the files with their tests (default: egp.yaml)",
    )
    add_rules_from(parser)
    parser.set_defaults(run=run, tests=None, require_boundaries=False, format="text")


def run(options: argparse.Namespace) -> int:
    """Looks at every policy, whatever another one says. The gravest status is that of the call."""
    policies = dict.fromkeys(map(_policy_of, options.files)) or {"": None}
    return max(_status(options, policy) for policy in policies)


def _policy_of(path: str) -> str:
    """The policy that a file is, or has the tests of."""
    stem, ending = os.path.splitext(path)
    tested = stem.removesuffix(".test") + ending
    return tested if os.path.lexists(tested) else path


def _status(options: argparse.Namespace, name: str) -> int:
    options.policy = name
    try:
        policy = policy_in_force(options, [])
    except PolicyError as error:
        terminal.print_failures(error.failures)
        return terminal.COULD_NOT_JUDGE
    if policy_test.has_tests(policy):
        return policy_test.tested(options, policy)
    terminal.write_out(f"{policy.name_and_version}: valid, and without tests\n")
    return 0
