"""egp gate: proceed, hold or roll back."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.options import add_further_reports, add_policy, now, policy_and_plans
from egp.cli.commands.streams import abandon_standard_output

if TYPE_CHECKING:
    from egp.gate.call import Call
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from egp.cli.arguments.gate import add_options

    add_options(parser)
    add_further_reports(parser)
    add_policy(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.served:
        from egp.cli.commands.gate_served import compare_served, require_served

        require_served(options)
        if not options.results:
            return compare_served(options)
    return _judged(options)


def _judged(options: argparse.Namespace) -> int:
    if options.base:
        from egp.cli.commands.gate_changes import run_changes

        return run_changes(options, commit_of_head())
    from egp.cli.gate_call import Edge, answer, receipt_of_failure, stated_call
    from egp.gate.call import CannotJudge

    def policy_for(call: Call) -> tuple[Policy, PlanFinder]:
        asked = argparse.Namespace(
            policy=call.policy, policy_from=call.policy_from, rules_from=options.rules_from
        )
        return policy_and_plans(asked, [call.plan])

    edge = Edge(now(), commit_of_head())
    try:
        answered = answer(options, policy_for, terminal.style(sys.stdout), edge)
    except BaseException as error:
        if options.receipt and not options.replay:
            _replace_receipt(options.receipt, receipt_of_failure(stated_call(options, edge), error))
        if not isinstance(error, CannotJudge):
            raise
        terminal.print_failures(error.failures)
        return terminal.COULD_NOT_JUDGE
    # The record comes first: a reader of the report that has left leaves no older one behind.
    is_recorded = not options.receipt or options.replay or _replace_receipt(options.receipt, answered.receipt)
    try:
        terminal.write_out(answered.report)
    except OSError as error:
        # A roll back is one whether or not anybody hears of it, and its record is written.
        abandon_standard_output()
        terminal.complain(f"cannot write the report: {error.strerror}")
        is_recorded = False
    for path, content in answered.files:
        try:
            terminal.write_file(path, content)
        except terminal.Stop as stop:
            terminal.complain(str(stop), stop.help)
            is_recorded = False
    # A roll back is one whether or not the disk has room for its record.
    return answered.status if is_recorded else max(answered.status, terminal.COULD_NOT_JUDGE)


def misused(arguments: Sequence[str], stop: terminal.Stop) -> None:
    """Replaces the receipt where the command line itself cannot be read: the answer before is not one to it."""
    from egp.cli.gate_call import receipt_of_failure
    from egp.gate.call import Call
    from egp.gate.receipt import remembered

    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--receipt")
    parser.add_argument("--replay")
    try:
        options, _ = parser.parse_known_args(arguments)
    except argparse.ArgumentError:
        return
    if options.receipt and not options.replay:
        call = Call("", "", now=now(), commit=commit_of_head(), frozen=remembered(options.receipt))
        _replace_receipt(options.receipt, receipt_of_failure(call, stop))


def commit_of_head() -> str:
    """The commit of the repository that the gate is called in; empty where there is none."""
    from egp.record.sources.git import Repository
    from egp.record.sources.git_command import GitError

    try:
        return Repository.at(os.getcwd()).commit("HEAD")
    except (GitError, OSError):
        return ""


def _replace_receipt(path: str, content: str) -> bool:
    """Whether it could be written: whole, and never through a link. Standard output, a pipe or a device is written to."""
    from egp.yaml.atomic import write_atomically

    try:
        if _is_channel(path):
            terminal.write_file(path, content)
        else:
            write_atomically(path, content.encode("utf-8"))
    except (OSError, terminal.Stop) as error:
        terminal.complain(f"cannot write {path}: {getattr(error, 'strerror', None) or error}")
        return False
    return True


def _is_channel(path: str) -> bool:
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)
