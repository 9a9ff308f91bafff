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
    work: Callable[[Sequence[Item]], Result], items: Sequence[Item], tick: Tick = lambda _: None
) -> list[Result]:
    """The work done part by part, the results in the order of the items, whoever did them.

    This process does its share itself, and forks one more for each further processor: a fork finds everything in
    its memory, and only results have to travel.
    """
    parts = [items[start : start + _PART] for start in range(0, len(items), _PART)]
    workers = _workers(len(items))
    forked = [_fork(work, parts[number::workers]) for number in range(1, workers)]
    own: list[Result] = []
    for part in parts[::workers]:
        own.append(work(part))
        tick(min(len(items), len(own) * workers * _PART))
    shares = [own, *(_collected(process, file) for process, file in forked)]
    return [shares[number % workers][number // workers] for number in range(len(parts))]


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


def _workers(items: int) -> int:
    # Forking is cheap and safe on Linux; elsewhere a worker would start anew and import everything again.
    if items < WORTHWHILE or not sys.platform.startswith("linux"):
        return 1
    return min(len(os.sched_getaffinity(0)), _MOST_WORKERS)
