"""Work in child processes, which a test may kill at a chosen point."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import BuiltinFunctionType, FrameType

OPERATING_SYSTEM = frozenset({"posix", "fcntl"})
"""Modules whose functions are calls of the operating system."""

QUERIES = frozenset({"fspath", "getcwd", "getpid", "lstat", "readlink", "stat"})
"""Calls that change nothing: to die before one of them is to die before what follows it."""


def run_in_child(work: Callable[[], object]) -> int:
    """Does the work in a child process, and returns the child's process id."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            sys.setprofile(None)
            status = 0
        finally:
            os._exit(status)
    return child


def ended_well(child: int) -> bool:
    """Waits for a child; false for one that was killed. One that failed by itself fails the test."""
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return not os.WIFSIGNALED(status)


def _is_call(event: str, function: object) -> bool:
    return (
        event == "c_call"
        and isinstance(function, BuiltinFunctionType)
        and function.__module__ in OPERATING_SYSTEM
        and function.__name__ not in QUERIES
    )


def die_before_call(number: int) -> None:
    """From here on this process dies before its n-th call of the operating system."""
    calls = 0

    def count(_: FrameType, event: str, function: object) -> None:
        nonlocal calls
        if _is_call(event, function):
            calls += 1
            if calls > number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)


def counted_calls(work: Callable[[], object]) -> int:
    """How many such calls the work makes, in a child process."""
    reading, writing = os.pipe()

    def counting() -> None:
        calls = 0

        def count(_: FrameType, event: str, function: object) -> None:
            nonlocal calls
            calls += _is_call(event, function)

        sys.setprofile(count)
        work()
        sys.setprofile(None)
        os.write(writing, str(calls).encode())

    assert ended_well(run_in_child(counting))
    os.close(writing)
    with open(reading, "rb") as file:
        return int(file.read())
