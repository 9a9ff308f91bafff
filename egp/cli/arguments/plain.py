"""The command line of most calls, paths and options with their values, read without argparse, which takes 4 ms to load.

It is given the same declarations. Whatever is more than that, help and mistakes included, argparse reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, NoReturn

from egp.stats.values import NamedTuple

_IN_HELP = {"help", "metavar"}


class _NotPlain(Exception):
    """A declaration, or a command line, that argparse has to read."""


class _Option(NamedTuple):
    name: str
    action: str = "store"
    type: Callable[[str], object] = str
    choices: Sequence[str] | None = None

    def read(self, text: str) -> object:
        try:
            value = self.type(text)
        except Exception:
            raise _NotPlain from None
        if self.choices is not None and value not in self.choices:
            raise _NotPlain
        return value


class _Declarations:
    """Takes the declarations that are made to argparse's parser."""

    def __init__(self) -> None:
        self.epilog = ""
        self.values: dict[str, Any] = {}
        """What the options are, by default and then as given."""
        self._options: dict[str, _Option] = {}
        self._paths = ""

    def __getattr__(self, name: str) -> NoReturn:
        """Whatever else a parser can do."""
        raise _NotPlain

    def add_argument_group(self, *_: str) -> _Declarations:
        return self

    def set_defaults(self, **values: object) -> None:
        self.values.update(values)

    def add_argument(
        self, *names: str, dest: str = "", default: object = None, nargs: str = "", **settings: Any
    ) -> None:
        settings = {key: value for key, value in settings.items() if key not in _IN_HELP}
        if nargs == "*" and not settings and not self._paths:
            self._paths = names[0]
            self.values[self._paths] = []
            return
        name = dest or next((each for each in names if each.startswith("--")), "")[2:].replace("-", "_")
        is_plain = name and not nargs and {*settings} <= {*_Option._fields}
        option = _Option(name, **settings) if is_plain else None
        if option is None or option.action not in ("store", "append", "store_true"):
            raise _NotPlain
        self._options.update(dict.fromkeys(names, option))
        self.values[name] = False if option.action == "store_true" else default

    def read(self, given: Sequence[str]) -> None:
        rest = list(reversed(given))
        while rest:
            word = rest.pop()
            if _is_value(word):
                self._read_paths([word, *_values_before_an_option(rest)])
                continue
            name, equals, value = word.partition("=")
            option = self._options.get(name)
            if option is None or (option.action == "store_true" and equals):
                raise _NotPlain
            if option.action == "store_true":
                self.values[option.name] = True
                continue
            if not equals:
                if not rest or not _is_value(rest[-1]):
                    raise _NotPlain
                value = rest.pop()
            earlier = self.values[option.name] if option.action == "append" else None
            self.values[option.name] = (
                option.read(value) if earlier is None else [*earlier, option.read(value)]
            )

    def _read_paths(self, paths: list[str]) -> None:
        if not self._paths or self.values[self._paths]:
            raise _NotPlain  # argparse takes paths that stand apart for a mistake
        self.values[self._paths] = paths


def _is_value(word: str) -> bool:
    return word == "-" or not word.startswith("-")


def _values_before_an_option(rest: list[str]) -> list[str]:
    values = []
    while rest and _is_value(rest[-1]):
        values.append(rest.pop())
    return values


def plainly_parsed(declare: Callable[[Any], None], given: Sequence[str]) -> Any:
    """The options of a command that declares its arguments; None where argparse has to read them."""
    declarations = _Declarations()
    try:
        declare(declarations)
        declarations.read(given)
    except _NotPlain:
        return None
    return SimpleNamespace(**declarations.values)
