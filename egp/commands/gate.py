"""egp gate: proceed, hold or roll back."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from egp.commands import terminal
from egp.commands.options import add_policy, policy_in_force
from egp.commands.streams import abandon_standard_output

if TYPE_CHECKING:
    from egp.gate.call import Call
    from egp.policy.model import Policy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from egp.gate.arguments import add_options

    add_options(parser)
    add_policy(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.gate.call import CannotJudge
    from egp.gate.command import answer

    def policy_for(call: Call) -> Policy:
        asked = argparse.Namespace(
            policy=call.policy, policy_from=call.policy_from, rules_from=options.rules_from
        )
        return policy_in_force(asked, [call.plan])

    try:
        answered = answer(options, policy_for, terminal.style(sys.stdout))
    except CannotJudge as error:
        terminal.print_failures(error.failures)
        return terminal.COULD_NOT_JUDGE
    status = answered.status
    try:
        terminal.write_out(answered.report)
    except OSError as error:
        # A roll back is one whether or not anybody hears of it, and its record is written.
        abandon_standard_output()
        terminal.complain(f"cannot write the report: {error.strerror}")
        status = max(status, terminal.COULD_NOT_JUDGE)
    for path, content in answered.files:
        try:
            terminal.write_file(path, content)
        except terminal.Stop as stop:
            # A roll back is one whether or not the disk has room for its record.
            terminal.complain(str(stop), stop.help)
            return max(status, terminal.COULD_NOT_JUDGE)
    return status
