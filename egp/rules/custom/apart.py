"""Work done in a process of its own, under bounds: no expression and no pattern of a policy hangs or exhausts egp.

The libraries that evaluate them cannot be interrupted, and a pattern of a few characters can keep one busy for years.
So they run in a fork with a limit of processor time for every question, and of memory: a question that exceeds one
ends the fork, and nothing else.
"""

from __future__ import annotations

import faulthandler
import os
import pickle
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import IO, NoReturn, TypeVar

from egp.stats.values import NamedTuple

Answer = TypeVar("Answer")

SECONDS = 1.0
"""Processor time that a question may take; what people write takes less than a thousandth of it."""

MEGABYTES = 256
"""Memory that a question may take on top of what egp has."""


class Stopped(Exception):
    """A question that exceeded a bound. The text says which one."""


class _Process(NamedTuple):
    """A fork that answers, and the process whose questions it answers."""

    owner: int
    id: int
    questions: IO[bytes]
    answers: IO[bytes]


_running: list[_Process] = []
"""The fork of this process, or of the one that it was forked from; at most one."""


def ask(answer: Callable[..., Answer], *arguments: object) -> Answer:
    """The function's value, computed apart. Raises what it raises, and Stopped."""
    process = _own_process()
    try:
        pickle.dump((answer, arguments), process.questions, pickle.HIGHEST_PROTOCOL)
        process.questions.flush()
        is_value, found = pickle.load(process.answers)
    except (EOFError, BrokenPipeError, pickle.UnpicklingError):
        raise Stopped(_cause(end())) from None
    if not is_value:
        raise found
    value: Answer = found
    return value


def _own_process() -> _Process:
    if _running and _running[0].owner != os.getpid():
        _close(_running.pop())  # the parent's: two that ask would mix up their answers
    if not _running:
        _running.append(_fork())
    return _running[0]


def end() -> int:
    """Lets the process end, and returns the status it ended with."""
    process = _running.pop()
    _close(process)
    return os.waitpid(process.id, 0)[1]


def _close(process: _Process) -> None:
    with suppress(BrokenPipeError):  # of a question that nobody took
        process.questions.close()
    process.answers.close()


def _cause(status: int) -> str:
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF:
        return f"it took more than {SECONDS:g} s of processor time"
    return f"it took more memory than the {MEGABYTES} MB it may"


def _fork() -> _Process:
    if not hasattr(os, "fork"):
        raise Stopped("rules of a policy's own need an operating system that can fork a process")
    question_out, question_in = os.pipe()
    answer_out, answer_in = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(question_in)
        os.close(answer_out)
        _serve(question_out, answer_in)
    os.close(question_out)
    os.close(answer_in)
    return _Process(os.getpid(), child, os.fdopen(question_in, "wb"), os.fdopen(answer_out, "rb"))


def _serve(question_out: int, answer_in: int) -> NoReturn:
    """Answers until the asking process has ended, and ends without its clean-up."""
    try:
        _be_quiet()
        _limit_memory()
        with os.fdopen(question_out, "rb") as questions, os.fdopen(answer_in, "wb") as answers:
            while True:
                answer, arguments = pickle.load(questions)
                pickle.dump(_bounded(answer, arguments), answers, pickle.HIGHEST_PROTOCOL)
                answers.flush()
    finally:
        os._exit(1)


def _be_quiet() -> None:
    """Libraries that run out of memory say so on standard error; an interrupt is the asking process's to handle."""
    faulthandler.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)


def _limit_memory() -> None:
    """The most that the process may take; what it leaves when it takes more would fill a disk."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            in_use = int(file.read().split()[0]) * resource.getpagesize()
    except (
        FileNotFoundError
    ):  # not Linux: the limit would have to be guessed, and the time bounds memory, too
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (in_use + MEGABYTES * 2**20, most))


def _bounded(answer: Callable[..., object], arguments: tuple[object, ...]) -> tuple[bool, object]:
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return True, answer(*arguments)
    except MemoryError:
        return False, Stopped(_cause(0))
    except Exception as error:
        return False, error
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
