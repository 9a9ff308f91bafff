"""The command line: find the command, let it run, end with its exit status."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NoReturn

from egp.commands.terminal import COULD_NOT_JUDGE, Stop, complain, print_failures
from egp.policy.error import PolicyError
from egp.version import VERSION

INTERRUPTED = 130

COMMANDS = {
    "check": "check plans against the policy",
    "explain": "explain a rule with the values in force, or why a plan is rejected and what complies",
    "rules": "list all rules and what the policy makes of them",
    "policy": "show, test, compare and pin policies",
    "power": "compute sample size, smallest effect or power",
    "gate": "proceed, hold or roll back, from the plan and its results",
    "register": "pin plans that pass in the lock",
    "amend": "declare a change of a registered plan",
    "waive": "write an approved waiver into a plan",
    "baseline": "record what is found at adoption, and take out what is gone",
    "history": "tell the life of a plan from git",
    "brief": "one page for deciding: before a launch, and while it is under way",
    "status": "the portfolio as green, yellow and red, from plans and results",
    "decide": "record a decision beside the registration",
    "new": "begin a plan, a policy or a rule",
    "completion": "print a completion script for a shell",
}
"""Command → what it does. Each is a module of ``egp.commands``, imported when it is called."""


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are egp's: one line, exit status 2."""

    def error(self, message: str) -> NoReturn:
        raise Stop(message, f"{self.prog} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs egp and returns its exit status."""
    gc.disable()  # what a run makes is needed to its end; looking for garbage took 15 % of it
    given = sys.argv[1:] if arguments is None else arguments
    try:
        options = _parser(next((each for each in given if not each.startswith("-")), "")).parse_args(given)
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except Stop as stop:
        complain(str(stop), stop.help)
    except PolicyError as error:
        print_failures(error.failures)
        if len(error.failures) > 1:
            complain(f"the policy cannot judge: {len(error.failures)} errors in it")
    except BrokenPipeError:
        _abandon_standard_output()  # the reader has gone, as in `egp check | head`
    except OSError as error:
        _abandon_standard_output()
        complain(f"cannot write the report: {error.strerror}")
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except Exception:
        # Python would end with the status that means "rejected".
        sys.excepthook(*sys.exc_info())
        complain("this is a bug of egp, and nothing is judged", "please report it")
    return COULD_NOT_JUDGE


def _abandon_standard_output() -> None:
    """Nothing more can be written to it, not even when the interpreter ends and flushes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser(*called: str) -> argparse.ArgumentParser:
    """The parser of the whole command line, with the arguments of the called commands."""
    parser = _Parser(
        prog="egp", description="Checks plans of experiments against a governance policy.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"egp {VERSION}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    for name, does in COMMANDS.items():
        command = verbs.add_parser(name, help=does, allow_abbrev=False)
        if name in called:
            import_module(f"egp.commands.{name}").add_arguments(command)
            command.set_defaults(whole_parser=lambda: _parser(*COMMANDS))
    return parser
