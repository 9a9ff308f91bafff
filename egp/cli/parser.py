"""The parser of the whole command line, for what is more than options and their values: help, mistakes, completion."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, NoReturn

from egp import VERSION
from egp.cli.commands.terminal import Stop

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


def parser_of(commands: Mapping[str, str], *called: str, others: bool = True) -> argparse.ArgumentParser:
    """The parser of all commands, with the arguments of the called ones, and of those alone without the others."""
    parser = _Parser(
        prog="egp", description="Checks plans of experiments against a governance policy.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"egp {VERSION}")
    verbs = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=_Parser, prog="egp"
    )
    for name, does in commands.items():
        if not others and name not in called:
            continue
        command = verbs.add_parser(name, help=does, allow_abbrev=False)
        if name in called:
            import_module(f"egp.cli.commands.{name.replace('-', '_')}").add_arguments(command)
            command.set_defaults(whole_parser=lambda: parser_of(commands, *commands))
    return parser
