"""Whether a command that a deployment runs asks ``egp gate`` for a stage, and for which: a hold must then end with an error."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from egp.plan.quantity import QuantityError, share
from egp.stats.values import NamedTuple

_SHELLS = frozenset(("sh", "ash", "bash", "dash"))

_OPTIONS_WITH_VALUES = frozenset(
    ("--results", "--to", "--source", "--treatment-revision", "--variant", "--format", "--receipt", "--output", "--policy", "--policy-from", "--rules-from", "-o")
)  # fmt: skip
_OPENS_NOTHING = ("--as-of", "--replay", "--base", "--monitor")
"""Options by which a call of the gate is no question for a stage now."""

_ARGUMENT = re.compile(r"\{\{\s*(?:inputs\.)?args\.([\w.-]+)\s*\}\}")
"""How an analysis refers to what it is called with."""

_JOINED = frozenset(("&&", ";", "\n"))
_NEVER = frozenset(("||", "|", "&", "|&"))
"""Operators of a shell after which the status of what stands before may be lost."""


class GateCall(NamedTuple):
    """One question to the gate."""

    plan: str
    to: str

    def is_for(self, treated: float) -> bool:
        """Whether the stage that it asks for treats that share."""
        try:
            return abs(share(self.to) - treated) < 1e-9
        except QuantityError:
            return False


def filled_in(word: str, arguments: Mapping[str, str]) -> str:
    """A word with the arguments of its analysis; those that nobody gives stay as they are."""
    return re.sub(_ARGUMENT, lambda found: arguments.get(found[1], found[0]), word)


def gate_call(words: Sequence[str]) -> GateCall | None:
    """The question that a command asks; None where it asks none, or goes on whatever the answer is."""
    if not words:
        return None
    if os.path.basename(words[0]) in _SHELLS:
        return _in_shell(words[1:])
    return _called(words)


def _in_shell(words: Sequence[str]) -> GateCall | None:
    flags = [each for each in words if each.startswith("-")]
    scripts = [each for each in words if not each.startswith("-")]
    if len(scripts) != 1 or not any("c" in each for each in flags):
        return None
    return shell_call(scripts[0], stops=any("e" in each for each in flags))


def shell_call(script: str, *, stops: bool = False) -> GateCall | None:
    """The question of a shell script, whose errors end it: it is the last command, or ``set -e`` comes first."""
    commands = list(_commands(script))
    for position, (words, ends_with) in enumerate(commands):
        if words[:2] == ["set", "-e"] or (words[:1] == ["set"] and "e" in "".join(words[1:2])):
            stops = True
            continue
        call = _called(words[1:] if words[:1] == ["exec"] else words)
        if call is None:
            if ends_with in _NEVER:
                return None
            continue
        is_last = position == len(commands) - 1
        return call if ends_with not in _NEVER and (is_last or stops or ends_with == "&&") else None
    return None


def _commands(script: str) -> Iterator[tuple[list[str], str]]:
    """Each simple command, and the operator that ends it."""
    text = script.replace("\\\n", " ")
    for line in text.splitlines():
        try:
            lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
            lexer.whitespace_split = True
            tokens = list(lexer)
        except ValueError:
            yield [line], "|"
            return
        words: list[str] = []
        for token in tokens:
            if token in _JOINED | _NEVER or set(token) <= set("();<>|&"):
                if words:
                    yield words, token
                words = []
            else:
                words.append(token)
        if words:
            yield words, "\n"


def _called(words: Sequence[str]) -> GateCall | None:
    words = list(words)
    if words[:2] in (["python", "-m"], ["python3", "-m"]):
        words = words[2:]
    if len(words) < 3 or os.path.basename(words[0]) != "egp" or words[1] != "gate":
        return None
    plan, to, position = "", "", 2
    while position < len(words):
        name, equals, value = words[position].partition("=")
        position += 1
        if name in _OPENS_NOTHING:
            return None
        if name in _OPTIONS_WITH_VALUES and not equals:
            value = words[position] if position < len(words) else ""
            position += 1
        if name == "--to":
            to = value
        elif not name.startswith("-") and not plan:
            plan = words[position - 1]
    return GateCall(plan, to) if plan and to else None
