"""Commands that write the lock."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.options import judging_day, policy_and_plans
from egp.cli.commands.reporting import rendered

if TYPE_CHECKING:
    from egp.advice.register import RegistrationOutcome


def pinned(
    options: argparse.Namespace, paths: Sequence[str], verb: Callable[..., RegistrationOutcome]
) -> int:
    """Runs a verb that writes the lock, and tells what came of it."""
    from egp.advice.registration_lines import registration_lines
    from egp.record.lock import LockError

    policy, finder = policy_and_plans(options, paths)
    try:
        outcome = verb(finder.asked(paths), finder, policy, judging_day(options.as_of, policy.timezone))
    except LockError as error:
        terminal.print_failures(error.failures)
        raise terminal.Stop("nothing is pinned") from None
    report = rendered(outcome.report, "text", terminal.style(sys.stdout))
    terminal.write_out(report)
    terminal.say(registration_lines(outcome))
    return outcome.exit_status
