"""Which tests reach which lines: each test runs once under coverage, and nothing is remembered from the test before it."""

from __future__ import annotations

import ast
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage

START = 0.01
"""Seconds that any test may take before its time counts."""
PARTICULAR = 30
"""How many of the tests that take no longer and reach little else have their say before all others."""
BETWEEN = ""
"""What coverage calls that which runs when no test does: imports and the collection of tests."""


class Reach:
    """What the tests of a package reach."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        """Test → its CPU time."""
        self.lines: dict[Path, dict[int, set[str]]] = {}
        """File → line → the tests that reach it."""

    def tests_of(self, path: Path, line: int) -> list[str]:
        """The tests that reach the statement on a line: first those that are about little else, and then the others in rounds.

        Each round reaches what can be reached of the package, so that what differs is tried before what is alike: of a line
        that all tests reach, one of each kind. Those come first that reach much of the file in little time, and none that
        reaches nothing new.
        """
        lines = self.lines.get(path, {})
        around = statement_around(path.read_text(encoding="utf-8"), line)
        reaching = {test for at in around for test in lines.get(at, ())}
        quick = [test for test in reaching if self.seconds[test] < START]
        found = sorted(quick, key=lambda test: (self._breadth[test], test))[:PARTICULAR]
        of_file = Counter(test for tests in lines.values() for test in tests & reaching)
        left = sorted(
            reaching - set(found), key=lambda test: (-of_file[test] / (self.seconds[test] + START), test)
        )
        while left:
            seen = 0
            later: list[str] = []
            for test in left:
                (found if self._places[test] & ~seen else later).append(test)
                seen |= self._places[test]
            left = later
        return found

    @cached_property
    def _breadth(self) -> Counter[str]:
        """How many lines of the package each test reaches."""
        return Counter(test for lines in self.lines.values() for tests in lines.values() for test in tests)

    @cached_property
    def _places(self) -> Mapping[str, int]:
        """The lines of the package that each test reaches, a bit each."""
        found: Counter[str] = Counter()
        bit = 1
        for lines in self.lines.values():
            for tests in lines.values():
                for test in tests:
                    found[test] |= bit
                bit <<= 1
        return found


def statement_around(source: str, line: int) -> range:
    """The lines of the innermost statement about a line; of one that holds others, those of its head."""
    found = range(line, line + 1)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0):
            body = getattr(node, "body", ())
            end = body[0].lineno - 1 if body else node.end_lineno or 0
            found = range(node.lineno, max(end, node.lineno) + 1)
    return found


class Watch:
    """Tells coverage whose the lines are that run now: a test's, or those of a fixture that tests share."""

    def __init__(self, root: Path, folder: str) -> None:
        self.reach = Reach()
        self.failed: list[str] = []
        self._coverage = Coverage(data_file=None, include=[f"{root / folder}/*"])
        self._folder = folder
        self._users: dict[str, set[str]] = {}
        self._current = BETWEEN

    def run(self, items: list[pytest.Item]) -> None:
        self._coverage.start()
        for item, following in zip_longest(items, items[1:]):
            forget(self._folder)
            for fixture in getattr(item, "fixturenames", ()):
                self._users.setdefault(_named(fixture), set()).add(item.nodeid)
            began = time.process_time()
            self._switch(item.nodeid)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            self._switch(BETWEEN)
            self.reach.seconds[item.nodeid] = time.process_time() - began
        self._coverage.stop()
        data = self._coverage.get_data()
        for file in data.measured_files():
            lines = {at: set(self._tests(found)) for at, found in data.contexts_by_lineno(file).items()}
            self.reach.lines[Path(file)] = lines

    def _switch(self, context: str) -> None:
        self._coverage.switch_context(context)
        self._current = context

    def _tests(self, contexts: list[str]) -> Iterator[str]:
        for context in contexts:
            if context != BETWEEN:
                yield from self._users.get(context, (context,))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        test = self._current
        if fixturedef.scope != "function":
            self._switch(_named(fixturedef.argname))
        try:
            return (yield)
        finally:
            self._switch(test)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


def _named(fixture: str) -> str:
    return f"fixture {fixture}"


def forget(folder: str) -> None:
    """Empties what functions remember that may rest on a folder's code, so that every test reaches all that it rests on.

    Rooms below import nothing of it, and go on knowing what they have read.
    """
    rooms = _rooms_down_to(folder)
    for name, module in list(sys.modules.items()):
        top, _, rest = name.partition(".")
        if top == "tests" or (top == "egp" and rest.partition(".")[0] in rooms):
            for value in list(vars(module).values()):
                # A module may have a `__getattr__`, and that may be the mutant.
                if callable(value) and hasattr(value, "cache_clear") and hasattr(value, "__wrapped__"):
                    value.cache_clear()


@cache
def _rooms_down_to(folder: str) -> tuple[str, ...]:
    """The rooms that may import a folder's code, itself included; all of them for code of no room."""
    settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    rooms: list[str] = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    room = folder.removeprefix("egp/")
    return tuple(rooms[: rooms.index(room) + 1] if room in rooms else rooms)
