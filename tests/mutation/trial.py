"""One mutant on trial: a fork of the process that has collected the tests puts it in place and runs those that reach it."""

from __future__ import annotations

import gc
import math
import os
import resource
import signal
import traceback
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from types import CodeType, FunctionType
from typing import NamedTuple

import pytest

from tests.mutation.mutants import Mutant
from tests.mutation.reach import forget

SPARE_SECONDS = 3
"""CPU time that a trial has beyond twice the usual; one that needs more is taken for endless."""


class Trial(NamedTuple):
    """What became of a mutant."""

    mutant: Mutant
    killed_by: str
    """The test that fails, or what else says that something is wrong; "" if nothing does."""
    tests: int
    """How many tests reach it."""


class Court:
    """Tries mutants in a process that has collected the tests and imported what they reach."""

    def __init__(self, root: Path, folder: str) -> None:
        self._root = root
        self._folder = folder
        self._functions: dict[str, list[FunctionType]] = {}
        for found in gc.get_objects():
            if type(found) is FunctionType:
                self._functions.setdefault(found.__code__.co_filename, []).append(found)
        gc.freeze()  # so that a fork does not copy what its collector only looks through

    def try_(self, mutant: Mutant, items: Sequence[pytest.Item], seconds: float) -> Trial:
        """Runs the tests in this order up to the first that fails. ``seconds`` is what they take where nothing is wrong."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            self._run_in_child(mutant, items, math.ceil(SPARE_SECONDS + 2 * seconds), writer)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            killed_by = pipe.read()
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            killed_by = "the tests do not end"
        elif status:
            raise RuntimeError(f"a trial failed: {mutant.place}\n{killed_by}")
        return Trial(mutant, killed_by, len(items))

    def _run_in_child(self, mutant: Mutant, items: Sequence[pytest.Item], limit: int, writer: int) -> None:
        """Does not return: ends the process, with 0 when the tests ended."""
        try:
            os.setsid()  # a mutant that ends all of its process group ends itself
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
            signal.alarm(20 * limit)
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            self._put_in_place(mutant)
            forget(self._folder)
            os.write(writer, _first_failure(items).encode())
        except BaseException:
            os.write(writer, traceback.format_exc().encode())
            os._exit(1)
        os._exit(0)

    def _put_in_place(self, mutant: Mutant) -> None:
        """Gives the functions of the file the code of the mutant, wherever they are held."""
        file = str(self._root / mutant.place.path)
        sources = (self._root / mutant.place.path).read_text(encoding="utf-8"), mutant.source
        old, new = (_codes(compile(source, file, "exec", dont_inherit=True)) for source in sources)
        changed = {_key(was): becomes for was, becomes in zip(old, new, strict=True)}
        for function in self._functions.get(file, ()):
            function.__code__ = changed[_key(function.__code__)]


class _Failures:
    def __init__(self) -> None:
        self.found: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.found.append(report.nodeid)


def _first_failure(items: Sequence[pytest.Item]) -> str:
    failures = _Failures()
    for item in items[:1]:
        item.config.pluginmanager.register(failures)
    for item, following in zip_longest(items, items[1:]):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if failures.found:
            return failures.found[0]
    return ""


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _key(code: CodeType) -> tuple[object, ...]:
    """What tells a function of a file from its others."""
    return code.co_qualname, code.co_firstlineno, code.co_varnames, code.co_freevars, code.co_names
