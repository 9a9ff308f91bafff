"""The command line: find the command, let it run, end with its exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from egp.cli.arguments.plain import plainly_parsed
from egp.cli.commands.streams import Closed, Unfailing, abandon_standard_output, keep_numbers
from egp.cli.commands.terminal import COULD_NOT_JUDGE, Stop, complain, print_failures
from egp.policy.error import PolicyError

if TYPE_CHECKING:
    import argparse

INTERRUPTED = 130

COMMANDS = {
    "check": "check plans against the policy",
    "explain": "explain a rule with the values in force, or why a plan is rejected and what complies",
    "rules": "list all rules and what the policy makes of them",
    "policy": "show, test, compare and pin policies",
    "show": "print a plan as it is judged, with the line that each value comes from",
    "power": "compute sample size, smallest effect or power",
    "measure": "the plan's numbers beside what history says of them",
    "rehearse": "the plan on its population's past: how often it errs, and what it finds",
    "results": "rows for the gate from what a platform exports",
    "gate": "proceed, hold or roll back, from the plan and its results",
    "enter": "enter a stage: ask the gate again, and write it into the ledger",
    "rollback-patch": "print the change of the flag files that withdraws a treatment",
    "register": "pin plans that pass in the lock",
    "amend": "declare a change of a registered plan",
    "waive": "write an approved waiver into a plan",
    "baseline": "record what is found at adoption, and take out what no longer applies",
    "history": "tell the life of a plan from git",
    "brief": "one page for deciding: before a launch, and while it is under way",
    "status": "the portfolio as green, yellow and red, from plans and results",
    "decide": "record a decision beside the registration",
    "lsp": "the language server that editors start",
    "init": "begin a repository: policy, example, hooks, CI and owners, shown before they are written",
    "new": "begin a plan, a policy, a catalogue of metrics or a rule",
    "schema": "print where the schema of a file is",
    "mcp": "answer questions of programs that speak the Model Context Protocol",
    "completion": "print a completion script for a shell",
}
"""Command → what it does. Each is a module of ``egp.cli.commands``, imported when it is called."""


def module_of(command: str) -> str:
    """The module that a command is."""
    return f"egp.cli.commands.{command.replace('-', '_')}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs egp and returns its exit status, which no stream that is full or closed changes."""
    keep_numbers()
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = sys.stdout or Closed(), Unfailing(sys.stderr)
    try:
        return _status(sys.argv[1:] if arguments is None else arguments)
    finally:
        sys.stdout, sys.stderr = streams


def run() -> NoReturn:
    """Runs egp and ends the process. What it made is not taken apart first, which would take as long as a plan does."""
    status = main()
    if sys.stdout:  # None where it was closed before Python began
        try:  # noqa: SIM105  # contextlib is as much to import as three modules of egp
            sys.stdout.flush()
        except (OSError, ValueError):
            pass
    os._exit(status)


def _status(given: Sequence[str]) -> int:
    try:
        if not given:
            from egp.cli.parser import parser_of

            parser_of(COMMANDS).print_help()
            return 0
        options = _parsed(next((each for each in given if not each.startswith("-")), ""), given)
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except Stop as stop:
        complain(str(stop), stop.help)
    except PolicyError as error:
        print_failures(error.failures)
        if len(error.failures) > 1:
            complain(f"the policy cannot judge: {len(error.failures)} errors in it")
    except BrokenPipeError:
        abandon_standard_output()  # the reader has left, as in `egp check | head`
    except OSError as error:
        abandon_standard_output()
        complain(f"cannot write the report: {error.strerror}")
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except SystemExit:
        if _is_flushed():  # --help and --version are reported, or they are not
            raise
    except Exception:
        # Python would end with the status that means "rejected".
        sys.excepthook(*sys.exc_info())
        complain("this is a bug of egp, and nothing is judged", "please report it")
    return COULD_NOT_JUDGE


def _parsed(called: str, given: Sequence[str]) -> argparse.Namespace:
    """The options. A command that leaves files behind learns of a command line that cannot be read."""
    is_first = called in COMMANDS and given[0] == called  # what stands before it may ask for help with all
    command = import_module(module_of(called)) if called in COMMANDS else None
    if command and is_first:
        options: argparse.Namespace | None = plainly_parsed(command.add_arguments, given[1:])
        if options:
            return options
    from egp.cli.parser import parser_of

    try:
        return parser_of(COMMANDS, called, others=not is_first).parse_args(given)
    except Stop as stop:
        if misused := getattr(command, "misused", None):
            misused(given, stop)
        raise


def _is_flushed() -> bool:
    try:
        sys.stdout.flush()
    except OSError as error:
        abandon_standard_output()
        complain(f"cannot write: {error.strerror}")
        return False
    return not isinstance(sys.stdout, Closed)
