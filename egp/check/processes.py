"""Work spread over the machine's processors, where that pays."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import IO, Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Tick = Callable[[int], None]
"""Called with how many of the items are done, about."""

WORTHWHILE = 200
"""Fewer items are done before a second process has started."""

PART = 50
"""Items after each of which progress is shown."""
_MOST_WORKERS = 8


def in_parts(
    work: Callable[[Sequence[Item]], Result],
    items: Sequence[Item],
    tick: Tick = lambda _: None,
    jobs: int = 0,
    part: int = 0,
) -> list[Result]:
    """The work done part by part, the results in the order of the items, whoever did them.

    This process does the first part, then forks one more for each further processor, or for as many jobs as are
    requested, and does its share of the rest: a fork finds everything in its memory, what the first part imported
    included, and only results have to travel. Where this process is interrupted, or a part of its own fails, no other
    goes on.
    """
    part = part or PART
    parts = [items[start : start + part] for start in range(0, len(items), part)]
    first = [work(each) for each in parts[:1]]
    tick(min(len(items), part))
    rest = parts[1:]
    workers = min(_workers(len(items), jobs), max(1, len(rest)))
    own: list[Result] = []
    with _Workers() as forked:
        for number in range(1, workers):
            forked.add(work, rest[number::workers])
        for each in rest[::workers]:
            own.append(work(each))
            tick(min(len(items), part + len(own) * workers * part))
        shares = [own, *forked.results()]
    return [*first, *(shares[number % workers][number // workers] for number in range(len(rest)))]


class _Workers:
    """The processes that were forked. None outlives this one's interest in it."""

    def __init__(self) -> None:
        self._running: dict[int, IO[bytes]] = {}

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for process, file in self._running.items():
            # One that an interrupt came after has ended already.
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
            file.close()

    def add(self, work: Callable[[Sequence[Item]], Any], parts: Sequence[Sequence[Item]]) -> None:
        file: IO[bytes] = os.fdopen(os.memfd_create("egp"), "w+b")
        # An interrupt waits until it is known whom it ends; what it ends in a worker is this process's matter.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process = os.fork()
            if process == 0:
                _be_a_worker(work, parts, file)
            self._running[process] = file
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def results(self) -> Iterator[Any]:
        """What each has done, in the order in which they were added."""
        for process, file in list(self._running.items()):
            os.waitpid(process, 0)
            del self._running[process]
            yield _share(file)


def _be_a_worker(
    work: Callable[[Sequence[Item]], Result], parts: Sequence[Sequence[Item]], file: IO[bytes]
) -> None:
    """Does the parts, leaves results or the error in the file, and ends without the parent's clean-up. SIGINT stays blocked."""
    import pickle

    parent = os.getppid()
    try:
        done = []
        for part in parts:
            if os.getppid() != parent:  # it was killed, and nobody reads on
                break
            done.append(work(part))
        pickle.dump(done, file, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        file.seek(0)
        file.truncate()
        pickle.dump(error, file)
    finally:
        file.flush()
        os._exit(0)


def _share(file: IO[bytes]) -> Any:
    import pickle

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
