"""egp check --fix: mechanical repairs of plans."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.requested import requested_plans

if TYPE_CHECKING:
    import argparse

    from egp.advice.fix.files import Repaired
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    fix = parser.add_argument_group("repairs")
    fix.add_argument(
        "--fix", action="store_true", help="repair spellings that can mean one thing only, then check"
    )
    fix.add_argument(
        "--unsafe", action="store_true", help="with --fix, also repair what has to be guessed or computed"
    )
    fix.add_argument(
        "--diff", action="store_true", help="with --fix, print what would change, and write nothing"
    )


def fix(options: argparse.Namespace, policy: Policy, finder: PlanFinder) -> int:
    """Repairs the plans, or shows how; 0, or with --diff 1 where something would change, 2 where it cannot."""
    from egp.advice.fix.files import Fixer
    from egp.advice.fix.text import repairs_text

    if not options.fix:
        raise terminal.Stop(f"{'--unsafe' if options.unsafe else '--diff'} says how to repair", "add --fix")
    if "-" in options.paths and not options.diff:
        raise terminal.Stop(
            "standard input cannot be repaired in place", "--fix --diff prints what would change"
        )
    sources = requested_plans(options, policy, finder)
    fixer = Fixer(finder, policy, options.as_of, unsafe=options.unsafe)
    changed = False
    for repaired in fixer.fix(sources):
        changed = changed or repaired.before != repaired.after
        if repaired.before != repaired.after and not options.diff:
            _write_repaired(repaired)  # before anybody is reported that it is repaired
        sys.stderr.write(repairs_text(repaired, written=not options.diff))
        if options.diff:
            terminal.write_out(repaired.diff())
    terminal.print_failures(fixer.failures)
    if fixer.failures or (fixer.saw_unreadable and options.diff):
        return terminal.COULD_NOT_JUDGE
    return int(changed and options.diff)


def _write_repaired(repaired: Repaired) -> None:
    try:
        repaired.write()
    except OSError as error:
        raise terminal.Stop(f"cannot write {repaired.shown}: {error.strerror}") from None
