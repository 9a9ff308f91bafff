"""The command line: find the command, let it run, end with its exit status."""

from __future__ import annotations

import argparse
import gc
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from importlib import import_module
from typing import Any, NoReturn

from egp import VERSION
from egp.cli.commands.streams import Closed, Unfailing, abandon_standard_output, keep_numbers
from egp.cli.commands.terminal import COULD_NOT_JUDGE, Stop, complain, print_failures
from egp.policy.error import PolicyError

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
    "baseline": "record what is found at adoption, and take out what no longer applies",
    "history": "tell the life of a plan from git",
    "brief": "one page for deciding: before a launch, and while it is under way",
    "status": "the portfolio as green, yellow and red, from plans and results",
    "decide": "record a decision beside the registration",
    "new": "begin a plan, a policy or a rule",
    "completion": "print a completion script for a shell",
}
"""Command → what it does. Each is a module of ``egp.cli.commands``, imported when it is called."""


_NEGATIVE = re.compile(r"-\.?[0-9]")
_LACKS_ITS_VALUE = r"argument (?:-\w/)?(--[\w-]+): expected one argument"


argparse._ = lambda words: words  # type: ignore[attr-defined]  # egp speaks English: who would want it half translated?


class _Help(argparse.HelpFormatter):
    """Help as wide as the terminal; argparse would import all that unpacks archives to know how wide that is."""

    def __init__(self, prog: str) -> None:
        try:
            columns = int(os.environ.get("COLUMNS", "0")) or os.get_terminal_size(1).columns
        except (ValueError, OSError):
            columns = 0
        super().__init__(prog, width=(columns or 80) - 2)


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are egp's: one line, exit status 2. A value may be negative, and have a unit."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"formatter_class": _Help, **settings})
        self._negative_number_matcher = _NEGATIVE

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            raise Stop(f"no command `{value}`", _meant(str(value), self.prog, action.choices))
        super()._check_value(action, value)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As argparse, but the called command itself refuses what it does not know, and points to its own help."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}", self._guess(unknown[0]))
        return options, unknown

    def _guess(self, word: str) -> str:
        from egp.plan.typed_reader import nearest

        option = nearest(word.partition("=")[0], self._option_string_actions) if word.startswith("--") else ""
        return f"did you mean {option}? {self.prog} --help lists the options" if option else ""

    def error(self, message: str, guess: str = "") -> NoReturn:
        option = re.match(_LACKS_ITS_VALUE, message)
        if option:
            raise Stop(message, f"a value that begins with a dash is written behind =, as in {option[1]}=-x")
        raise Stop(message, guess or f"{self.prog} --help")


def _meant(word: str, program: str, words: Iterable[str]) -> str:
    from egp.plan.typed_reader import nearest

    guess = nearest(word, words)
    return f"did you mean `{program} {guess}`?" if guess else f"`{program} --help` lists the commands"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs egp and returns its exit status, which no stream that is full or closed changes."""
    gc.disable()  # what a run makes is needed to its end; looking for garbage took 15 % of it
    keep_numbers()
    with redirect_stderr(Unfailing(sys.stderr)), redirect_stdout(sys.stdout or Closed()):
        return _status(sys.argv[1:] if arguments is None else arguments)


def run() -> NoReturn:
    """Runs egp and ends the process. What it made is not taken apart first, which would take as long as a plan does."""
    status = main()
    if sys.stdout:  # None where it was closed before Python began
        with suppress(OSError, ValueError):
            sys.stdout.flush()
    os._exit(status)


def _status(given: Sequence[str]) -> int:
    try:
        if not given:
            _parser().print_help()
            return COULD_NOT_JUDGE  # a script whose arguments came out empty has judged nothing
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
    try:
        return _parser(called, others=not is_first).parse_args(given)
    except Stop as stop:
        misused = (
            getattr(import_module(f"egp.cli.commands.{called}"), "misused", None)
            if called in COMMANDS
            else None
        )
        if misused:
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


def _parser(*called: str, others: bool = True) -> argparse.ArgumentParser:
    """The parser of the whole command line, with the arguments of the called commands, and of those without the others."""
    parser = _Parser(
        prog="egp", description="Checks plans of experiments against a governance policy.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"egp {VERSION}")
    verbs = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=_Parser, prog="egp"
    )
    for name, does in COMMANDS.items():
        if not others and name not in called:
            continue
        command = verbs.add_parser(name, help=does, allow_abbrev=False)
        if name in called:
            import_module(f"egp.cli.commands.{name}").add_arguments(command)
            command.set_defaults(whole_parser=lambda: _parser(*COMMANDS))
    return parser
