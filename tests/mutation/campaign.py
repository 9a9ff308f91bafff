"""One call of pytest in which the tests of a package run once, and then again for each mutant: those that reach it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.mutation.mutants import Mutant
from tests.mutation.reach import Reach, Watch
from tests.mutation.trial import Court, Trial

QUIET = ("-q", "--no-header", "--no-summary", "-p", "no:cacheprovider", "--hypothesis-seed=0", "-W", "ignore")


class Tests(NamedTuple):
    """Which tests a package is tried by: these paths, but for those that simulate for long what others compute."""

    paths: tuple[str, ...]
    left_out: tuple[str, ...] = ()


class FailingTests(Exception):
    """These tests fail as things are: nothing can be said about mutants."""


class Campaign:
    """A plugin of pytest: runs the collected tests in its own way, with the folder of this root for the code."""

    def __init__(
        self,
        root: Path,
        folder: str,
        mutants: Sequence[Mutant],
        most_seconds: float,
        tell: Callable[[Trial], None],
    ) -> None:
        self.watch = Watch(root, folder)
        self.trials: list[Trial] = []
        self._root = root
        self._folder = folder
        self._mutants = mutants
        self._most_seconds = most_seconds
        self._tell = tell

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        plugins = session.config.pluginmanager
        plugins.register(self.watch)
        self.watch.run(session.items)
        plugins.unregister(self.watch)
        if not self.watch.failed:
            for path in {mutant.place.path for mutant in self._mutants}:
                import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
            self._try_all({item.nodeid: item for item in session.items})
        return True

    def _try_all(self, items: dict[str, pytest.Item]) -> None:
        court, reach = Court(self._root, self._folder), self.watch.reach
        for mutant in self._mutants:
            reached = reach.tests_of(self._root / mutant.place.path, mutant.place.line)
            taken = list(within(self._most_seconds, reached, reach))
            seconds = sum(reach.seconds[test] for test in taken)
            trial = court.try_(mutant, [items[test] for test in taken], seconds)
            self.trials.append(trial)
            self._tell(trial)


def within(most_seconds: float, tests: Sequence[str], reach: Reach) -> Iterator[str]:
    """As many tests as take no longer together, and one at least."""
    spent = 0.0
    for test in tests:
        if spent and spent + reach.seconds[test] > most_seconds:
            return
        spent += reach.seconds[test]
        yield test


def run(
    root: Path,
    folder: str,
    tests: Tests,
    mutants: Sequence[Mutant],
    most_seconds: float,
    tell: Callable[[Trial], None],
) -> list[Trial]:
    """Tries the mutants, each by the quickest of the tests that reach it, for so much CPU time at most."""
    campaign = Campaign(root, folder, mutants, most_seconds, tell)
    left_out = [f"--deselect={test}" for test in tests.left_out]
    pytest.main([*QUIET, *tests.paths, *left_out], plugins=[campaign])
    if campaign.watch.failed or len(campaign.trials) < len(mutants):
        raise FailingTests("\n".join(campaign.watch.failed))
    return campaign.trials
