"""egp policy test: the tests beside a policy, and whether they stand at its boundaries."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.options import add_format, add_rules_from, policy_in_force
from egp.cli.commands.progress import Bar
from egp.yaml.files import shown_path

if TYPE_CHECKING:
    from egp.pages.policy_test.reading import ReadTest
    from egp.policy.model import Policy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "policy",
        nargs="?",
        metavar="POLICY",
        help="policy file, or a shipped policy such as egp:standard (default: egp.yaml)",
    )
    add_rules_from(parser)
    parser.add_argument(
        "--tests", metavar="FILE", help="the tests (default: egp.test.yaml beside egp.yaml, and so on)"
    )
    parser.add_argument(
        "--require-boundaries",
        action="store_true",
        help="end with 1 if a number of the policy could be moved by a step and no test would notice",
    )
    add_format(parser, "outcome")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    return tested(options, policy_in_force(options, []))


def has_tests(policy: Policy) -> bool:
    """Whether tests lie beside the policy, or in it."""
    return os.path.lexists(_beside(policy)) or any(rule.tests for rule in policy.custom)


def _beside(policy: Policy) -> str:
    from egp.pages.policy_test.reading import file_beside
    from egp.policy.shipped import policy_path

    return file_beside(policy_path(policy.file) or policy.file)


def tested(options: argparse.Namespace, policy: Policy) -> int:
    """Runs the tests of a policy, and says what came of them."""
    from egp.pages.policy_test.outcome import run_tests
    from egp.pages.policy_test.reading import UnreadableTests
    from egp.plan.finding import Refused

    try:
        cases, policy = _cases(policy, options.tests or "")
        with Bar("numbers") as progress:
            outcome = run_tests(policy, cases, progress.show)
    except UnreadableTests as error:
        terminal.print_failures(error.failures)
        return terminal.COULD_NOT_JUDGE
    except Refused as refused:
        terminal.print_failures([refused.failure])
        return terminal.COULD_NOT_JUDGE
    if options.format == "json":
        from egp.pages.policy_test import json

        terminal.write_out(json.render(outcome))
    else:
        from egp.output.page import text
        from egp.pages.policy_test.page import page

        terminal.write_out(text.render(page(outcome), terminal.style(sys.stdout)))
    return outcome.exit_status(options.require_boundaries)


def _cases(policy: Policy, named: str) -> tuple[list[ReadTest], Policy]:
    """The tests in the file that is named, or beside the policy. Raises UnreadableTests, Stop."""
    from egp.pages.policy_test.reading import read_tests

    path = named or _beside(policy)
    shown = f"{policy.file}.test" if policy.file.startswith("egp:") and not named else shown_path(path)
    if not named and not os.path.lexists(path) and any(rule.tests for rule in policy.custom):
        return [], policy
    try:
        return read_tests(path, shown, policy)
    except FileNotFoundError:
        advice = "write them there, or name a file with --tests; docs/policy-tests.md says how"
        raise terminal.Stop(f"{policy.name} has no tests: there is no file {shown}", advice) from None
    except OSError as error:
        raise terminal.Stop(f"cannot read the tests {shown}: {error.strerror}") from None
