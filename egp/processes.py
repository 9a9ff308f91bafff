"""Work spread over the machine's processors, where that pays."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

WORTHWHILE = 200
"""Fewer items are done before a second process has started."""

_PART = 50
_MOST_WORKERS = 8

_inherited: tuple[Callable[[Sequence[Any]], Any], Sequence[Any]]
"""What a forked worker finds in its memory: nothing has to be sent to it but which part to do."""


def in_parts(work: Callable[[Sequence[Item]], Result], items: Sequence[Item]) -> Iterator[Result]:
    """The work done part by part, the results in the order of the items."""
    parts = [(start, start + _PART) for start in range(0, len(items), _PART)]
    workers = _workers(len(items))
    if workers == 1:
        yield from (work(items[start:end]) for start, end in parts)
    else:
        yield from _in_workers(work, items, parts, workers)


def _in_workers(
    work: Callable[[Sequence[Item]], Result],
    items: Sequence[Item],
    parts: list[tuple[int, int]],
    workers: int,
) -> Iterator[Result]:
    from multiprocessing import get_context

    global _inherited  # noqa: PLW0603
    _inherited = (work, items)
    with get_context("fork").Pool(workers, _leave_interrupts_to_the_parent) as pool:
        yield from pool.imap(_do, parts)


def _do(part: tuple[int, int]) -> Any:
    work, items = _inherited
    return work(items[slice(*part)])


def _leave_interrupts_to_the_parent() -> None:
    from signal import SIG_IGN, SIGINT, signal

    signal(SIGINT, SIG_IGN)


def _workers(items: int) -> int:
    # Forking is cheap and safe on Linux; elsewhere a worker would start anew and import everything again.
    if items < WORTHWHILE or not sys.platform.startswith("linux"):
        return 1
    return min(len(os.sched_getaffinity(0)), _MOST_WORKERS)
