"""Work in child processes, which a test may kill at a chosen point."""

from __future__ import annotations

import functools
import importlib
import os
import signal
from collections.abc import Callable
from types import BuiltinFunctionType

OPERATING_SYSTEM = frozenset({"posix", "fcntl"})
"""Modules whose functions are calls of the operating system."""

QUERIES = frozenset({"fspath", "getcwd", "getpid", "lstat", "readlink", "stat", "_exit", "fork"})
"""Calls that change nothing: to die before one of them is to die before what follows it."""


def run_in_child(work: Callable[[], object]) -> int:
    """Does the work in a child process, and returns the child's process id."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return child


def ended_well(child: int) -> bool:
    """Waits for a child; false for one that was killed. One that failed by itself fails the test."""
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return not os.WIFSIGNALED(status)


def _before_each_call(act: Callable[[], None]) -> None:
    """From here on something happens before each call of the operating system by this process, which ends before long."""
    for module in map(importlib.import_module, OPERATING_SYSTEM):
        for name, function in vars(module).items():
            if isinstance(function, BuiltinFunctionType) and name not in QUERIES:
                preceded = _preceded(function, act)
                for shown in (os, module):
                    if getattr(shown, name, None) is function:
                        setattr(shown, name, preceded)


def _preceded(function: Callable[..., object], act: Callable[[], None]) -> Callable[..., object]:
    @functools.wraps(function)
    def call(*given: object, **named: object) -> object:
        act()
        return function(*given, **named)

    for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
        if function in able:
            able.add(call)
    return call


def die_before_call(number: int) -> None:
    """From here on this process dies before its n-th call of the operating system."""
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1
        if calls > number:
            kill(os.getpid(), signal.SIGKILL)

    kill = os.kill
    _before_each_call(count)


def counted_calls(work: Callable[[], object]) -> int:
    """How many such calls the work makes, in a child process."""
    reading, writing = os.pipe()

    def counting() -> None:
        calls = 0

        def count() -> None:
            nonlocal calls
            calls += 1

        write = os.write
        _before_each_call(count)
        work()
        write(writing, str(calls).encode())

    assert ended_well(run_in_child(counting))
    os.close(writing)
    with open(reading, "rb") as file:
        return int(file.read())
