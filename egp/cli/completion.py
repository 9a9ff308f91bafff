"""Completion scripts for shells, generated from the command line itself by the library shtab."""

from __future__ import annotations

from argparse import Action, ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from typing import Any

from egp.rules.rule import index

_FILES = frozenset(("PATH", "PLAN", "FILE", "POLICY"))
"""Names of arguments that are completed with files."""


class CompletionError(Exception):
    """The library is not there."""


def script(parser: ArgumentParser, shell: str) -> str:
    """The completion script of a shell. Raises CompletionError."""
    try:
        import shtab
    except ImportError:
        raise CompletionError(
            "completion scripts are made by the library shtab, which is not installed"
        ) from None
    for action in _actions(parser):
        if action.metavar in _FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif action.metavar == "RULE":
            action.choices = list(index())
        elif action.metavar == "RULE|PLAN":
            action.complete = _rules_and(shtab.FILE)  # type: ignore[attr-defined]
    text: Any = shtab.complete(parser, shell=shell)
    return str(text).rstrip("\n") + "\n"


def _rules_and(files: Any) -> dict[str, Any]:
    """Completion with ids of rules and with files, as the library takes it: by shell."""
    rules, name = " ".join(index()), "_egp_rule_or_file"
    return {
        "preamble": {
            "bash": f'{name}() {{\n  compgen -W \'{rules}\' -- "$1"\n  {files["bash"]} "$1"\n}}',
            "zsh": f"{name}() {{\n  _alternative 'rules:rule:({rules})' 'files:file:{files['zsh']}'\n}}",
        },
        "bash": name,
        "zsh": name,
        "fish": f"{rules} {files['fish']}",
    }


def _actions(parser: ArgumentParser) -> Iterator[Action]:
    """Every argument of the command line, those of the verbs included."""
    for action in parser._actions:
        yield action
        if isinstance(action, _SubParsersAction):
            for verb in action.choices.values():
                yield from _actions(verb)
