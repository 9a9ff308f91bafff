"""Evaluating CEL expressions. All of it runs apart, in the process that :mod:`egp.rules.custom.apart` bounds."""

from __future__ import annotations

import pickle
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import cache, lru_cache
from types import ModuleType
from typing import Any, Literal

from egp.plan import quantity
from egp.plan.quantity import QuantityError
from egp.rules.custom.expression import spoken
from egp.stats.values import NamedTuple

VARIABLES = ("plan", "tier")

_FUNCTIONS = frozenset((
    "size", "contains", "startsWith", "endsWith", "matches", "int", "uint", "double", "string", "bytes", "type", "dyn",
    "timestamp", "duration", "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear",
    "getHours", "getMinutes", "getSeconds", "getMilliseconds",
))  # fmt: skip
"""Functions of the library; operators have names that are no words."""

_POSITION = re.compile(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)")
_UNDECLARED = re.compile(r"Undefined variable or function: '([^']*)'")
_PATTERN = re.compile(r"Function 'matches' error: '(.*)' not a valid regex", re.DOTALL)
_REASON = re.compile(r"Function '(\w+)' error: ([^\n]*?)\.?\s*(?:Check function arguments|$)")


class CelValue(NamedTuple):
    """What an expression came to on a plan."""

    kind: Literal["bool", "other", "missing", "undeclared", "pattern", "unfit"]
    phrase: object
    """The truth value, the type of another value, the key or name that is not there, the pattern that is none, or why it
    does not fit."""


class ExpressionFault(NamedTuple):
    """Why an expression can be no rule. Line and column are the expression's, from 1; 0 where all of it is meant."""

    message: str
    line: int = 0
    column: int = 0


def fault_of(expression: str) -> ExpressionFault | None:
    """What is wrong with an expression, whatever the plan."""
    try:
        program = _program(expression)
    except ValueError as error:
        found = _POSITION.search(str(error))
        if not found:
            return ExpressionFault("it is no expression")
        if "Recursion limit" in found[3]:
            return ExpressionFault("it is nested too deeply", int(found[1]), int(found[2]))
        return ExpressionFault(
            f"it is no expression: {found[3].split(' expecting {')[0]}", int(found[1]), int(found[2])
        )
    names = program.references()
    declared = {*VARIABLES, *spoken(expression).declared}
    for name in names["variables"]:
        if name not in declared:
            message = f"there is no variable `{name}`; an expression speaks of {' and '.join(VARIABLES)}"
            return ExpressionFault(message, *_first(name, expression))
    for name in names["functions"]:
        if name.isalpha() and name not in _FUNCTIONS and name not in _OWN:
            return ExpressionFault(f"there is no function `{name}`", *_first(name, expression))
    return None


def _first(name: str, expression: str) -> tuple[int, int]:
    """Line and column of a name."""
    found = re.search(rf"\b{name}\b", expression)
    before = expression[: found.start() if found else 0]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def value_of(expression: str, packed_plan: bytes, tier: str) -> CelValue:
    """The expression's value on a plan, which comes as it travels."""
    _last_refusal.clear()
    try:
        value = _program(expression).execute(_context(packed_plan, tier))
    except KeyError as error:
        return CelValue("missing", error.args[0] if error.args else "")
    except Exception as error:
        return _reason(error)
    if isinstance(value, bool):
        return CelValue("bool", value)
    return CelValue("other", _TYPES.get(type(value), "a value of another type"))


_TYPES: dict[type, str] = {
    str: "a text", int: "a number", float: "a number", list: "a list", dict: "a mapping", type(None): "null",
    timedelta: "a length of time", datetime: "an instant", bytes: "bytes",
}  # fmt: skip


def _reason(error: Exception) -> CelValue:
    """Why an expression has no value on a plan, in words of egp's where the library's are about itself."""
    text = str(error)
    undeclared = _UNDECLARED.search(text)
    if undeclared:
        return CelValue("undeclared", undeclared[1])
    pattern = _PATTERN.search(text)
    if pattern:
        return CelValue("pattern", pattern[1])
    if _last_refusal:
        return CelValue("unfit", _last_refusal[-1])
    if isinstance(error, TypeError):
        return CelValue("unfit", "it compares or computes values of types that do not go together")
    if isinstance(error, (IndexError, ZeroDivisionError, OverflowError)):
        return CelValue("unfit", text.removesuffix(" in CEL expression"))
    function = _REASON.search(text)
    return CelValue(
        "unfit", f"{function[1]}(): {function[2]}" if function else "the plan's values do not fit it"
    )


@cache
def _cel() -> Any:
    # The package loads its command line with it, and libraries for terminals: ten times the time of the rest.
    sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))
    import cel

    return cel


@lru_cache(maxsize=1)
def _context(packed_plan: bytes, tier: str) -> Any:
    """What a plan's expressions are evaluated in. Making it takes most of the time, and a plan meets many rules."""
    return _cel().Context({"plan": pickle.loads(packed_plan), "tier": tier}, _OWN)


@cache
def _program(expression: str) -> Any:
    return _cel().compile(expression)


_last_refusal: list[str] = []
"""Why one of egp's functions refused a value: the library tells it wrapped in words of its own."""


def _reads(read: Callable[[object], object]) -> Callable[[object], object]:
    def value(written: object) -> object:
        try:
            return read(written)
        except QuantityError as error:
            _last_refusal.append(str(error))
            raise

    return value


def _instant(written: object) -> datetime:
    """A day begins at midnight UTC, so that days can be compared and subtracted."""
    moment = quantity.moment(written)
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time(), UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_OWN: dict[str, Callable[[object], object]] = {
    "share": _reads(quantity.share),
    "count": _reads(quantity.count),
    "time": _reads(quantity.duration),
    "date": _reads(_instant),
}
"""Functions that read a plan's quantities."""
