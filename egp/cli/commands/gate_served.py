"""egp gate --monitor --served without results: an export of what is served now, compared with the ledger alone."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.options import now, policy_and_plans

if TYPE_CHECKING:
    from egp.gate.live import ServedNow


def require_served(options: argparse.Namespace) -> None:
    """Raises Stop for a call that no export could be compared in."""
    from egp.gate.live import form_and_file

    if options.replay:
        raise terminal.Stop("a receipt says by itself what was served", "egp gate --replay FILE")
    try:
        form_and_file(options.served)
    except ValueError as error:
        raise terminal.Stop(f"--served {options.served} is not FORMAT=FILE", str(error)) from None
    if not options.monitor or not options.plan:
        raise terminal.Stop(
            "what is served is compared while a stage is watched", "egp gate PLAN --monitor --served …"
        )
    if options.receipt and not options.results:
        raise terminal.Stop("a receipt is of a judgement, and there are no results", "add --results FILE")


def compare_served(options: argparse.Namespace) -> int:
    """0 where no more is served than was entered, 1 where more is, 2 where nobody can tell."""
    from egp.cli.commands.requested import one_plan
    from egp.gate.call import Call, CannotJudge
    from egp.gate.judgement import compared_alone as compared
    from egp.gate.page import served_notices
    from egp.output.page import text
    from egp.output.page.model import Answer

    policy, finder = policy_and_plans(options, [options.plan])
    list(one_plan(options.plan, finder, "egp gate PLAN --monitor --served …"))
    call = Call(options.plan, "", now=now(policy.timezone), as_of=options.as_of, served=options.served)
    try:
        served: ServedNow = compared(call, finder, policy)
    except CannotJudge as error:
        terminal.print_failures(error.failures)
        return terminal.COULD_NOT_JUDGE
    terminal.write_out(text.render(Answer("", list(served_notices(served))), terminal.style(sys.stdout)))
    return served.status
