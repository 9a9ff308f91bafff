"""egp register: pin plans that pass."""

from __future__ import annotations

import argparse
import os
from datetime import date
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.options import add_policy, day, judging_day, policy_and_plans
from egp.cli.commands.pinning import pinned
from egp.cli.commands.progress import Bar

if TYPE_CHECKING:
    from egp.advice.register import RegistrationOutcome
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder, PlanSource


REFUSED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", metavar="PLAN", help="plans or folders of plans")
    add_policy(parser)
    parser.add_argument("--as-of", type=day, metavar="DATE", help="day of the registration (default: today)")
    parser.add_argument(
        "--write-date", action="store_true", help="set `registered:` in the plans to that day"
    )
    other = parser.add_mutually_exclusive_group()
    other.add_argument(
        "--archive",
        action="store_true",
        help="put experiments that are over away, so that their plans may go",
    )
    other.add_argument(
        "--migrate", action="store_true", help="give each experiment of an older egp.lock a file of its own"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.migrate:
        return _migrate(options)
    if not options.paths:
        from egp.record.entry_files import register_command

        raise terminal.Stop("no plan is named", register_command("PLAN"))
    if options.archive:
        return _archive(options)
    from egp.advice.register import register

    def verb(
        sources: list[PlanSource], finder: PlanFinder, policy: Policy, as_of: date
    ) -> RegistrationOutcome:
        with Bar() as bar:
            return register(sources, finder, policy, as_of, options.write_date, bar.show)

    return pinned(options, options.paths, verb)


def _archive(options: argparse.Namespace) -> int:
    from egp.advice.archive import archive, archive_lines
    from egp.advice.candidates import EntryRefused
    from egp.record.lock import LockError

    policy, finder = policy_and_plans(options, options.paths)
    sources = finder.asked(options.paths)
    if finder.failures:
        terminal.print_failures(finder.failures)
        raise terminal.Stop("nothing is archived")
    try:
        archived = archive(sources, finder, policy, judging_day(options.as_of, policy.timezone))
    except LockError as error:
        terminal.print_failures(error.failures)
        raise terminal.Stop("nothing is archived") from None
    except EntryRefused as refused:
        refusal = refused.refusal
        terminal.complain(f"not archived: {refusal.path}: {refusal.message}", refusal.help)
        return REFUSED
    terminal.say(archive_lines(archived))
    return 0


def _migrate(options: argparse.Namespace) -> int:
    from egp.policy.locate import lock_folder
    from egp.policy.territories import policy_over
    from egp.record.lock import LockError
    from egp.record.migrate import migrate, migration_lines
    from egp.yaml.files import real_path, repository_root

    if options.paths:
        raise terminal.Stop("--migrate moves the whole lock, and takes no plans", "egp register --migrate")
    # The policy is not read: what it pins may stand in the very lock that cannot be read.
    policy = options.policy or policy_over(os.getcwd())
    beside = "" if policy.startswith("egp:") else os.path.dirname(os.path.abspath(policy)) if policy else ""
    root = real_path(lock_folder(os.getcwd(), beside))
    try:
        moved = migrate(root, real_path(repository_root(root) or root))
    except LockError as error:
        terminal.print_failures(error.failures)
        raise terminal.Stop("the lock is not moved") from None
    terminal.say(migration_lines(moved))
    return 0
