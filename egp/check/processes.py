"""Work spread over the machine's processors, where that pays."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import IO, Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Tick = Callable[[int], None]
"""Called with how many of the items are done, about."""

WORTHWHILE = 200
"""Fewer items are done before a second process has started."""

_PART = 50
_MOST_WORKERS = 8


def in_parts(
    work: Callable[[Sequence[Item]], Result],
    items: Sequence[Item],
    tick: Tick = lambda _: None,
    jobs: int = 0,
) -> list[Result]:
    """The work done part by part, the results in the order of the items, whoever did them.

    This process does the first part, then forks one more for each further processor, or for as many jobs as are
    requested, and does its share of the rest: a fork finds everything in its memory, what the first part imported
    included, and only results have to travel.
    """
    parts = [items[start : start + _PART] for start in range(0, len(items), _PART)]
    first = [work(part) for part in parts[:1]]
    tick(min(len(items), _PART))
    rest = parts[1:]
    workers = min(_workers(len(items), jobs), max(1, len(rest)))
    forked = [_fork(work, rest[number::workers]) for number in range(1, workers)]
    own: list[Result] = []
    for part in rest[::workers]:
        own.append(work(part))
        tick(min(len(items), _PART + len(own) * workers * _PART))
    shares = [own, *(_collected(process, file) for process, file in forked)]
    return [*first, *(shares[number % workers][number // workers] for number in range(len(rest)))]


def _fork(work: Callable[[Sequence[Item]], Result], parts: Sequence[Sequence[Item]]) -> tuple[int, IO[bytes]]:
    file: IO[bytes] = os.fdopen(os.memfd_create("egp"), "w+b")
    process = os.fork()
    if process == 0:
        _be_a_worker(work, parts, file)
    return process, file


def _be_a_worker(
    work: Callable[[Sequence[Item]], Result], parts: Sequence[Sequence[Item]], file: IO[bytes]
) -> None:
    """Does the parts, leaves results or the error in the file, and ends without the parent's clean-up."""
    import pickle

    try:
        pickle.dump([work(part) for part in parts], file, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        file.seek(0)
        file.truncate()
        pickle.dump(error, file)
    finally:
        # An interrupt leaves the file empty; the parent has had it, too.
        file.flush()
        os._exit(0)


def _collected(process: int, file: IO[bytes]) -> Any:
    import pickle

    os.waitpid(process, 0)
    with file:
        file.seek(0)
        try:
            share = pickle.load(file)
        except EOFError:
            raise RuntimeError("a process that judged some of the plans has died") from None
    if isinstance(share, Exception):
        raise share
    return share


def _workers(items: int, jobs: int = 0) -> int:
    # Forking is cheap and safe on Linux; elsewhere a worker would start anew and import everything again.
    if items < WORTHWHILE or not sys.platform.startswith("linux"):
        return 1
    return jobs or min(len(os.sched_getaffinity(0)), _MOST_WORKERS)
