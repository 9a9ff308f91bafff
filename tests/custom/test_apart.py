"""A process that answers under bounds."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from egp.rules.custom import apart
from egp.rules.custom.apart import Stopped, ask


def own_id() -> int:
    return os.getpid()


def doubled(number: int) -> int:
    return 2 * number


def broken(number: int) -> int:
    return 1 // number


def endless() -> None:
    while True:
        pass


def ravenous() -> int:
    return len(b"x" * (apart.MEGABYTES * 2**20 * 2))


def dying() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_answers_come_from_one_other_process() -> None:
    assert ask(own_id) == ask(own_id) != os.getpid()
    assert ask(doubled, 21) == 42


def test_an_error_of_the_answer_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        ask(broken, 0)
    assert ask(broken, 1) == 1


def test_an_answer_without_end_is_stopped_by_the_processor_time_it_takes() -> None:
    before = time.process_time()
    with pytest.raises(Stopped, match="more than 1 s of processor time"):
        ask(endless)
    assert time.process_time() - before < apart.SECONDS, "this process only waits"
    assert ask(doubled, 1) == 2, "and asks on"


def test_the_time_is_counted_for_each_question() -> None:
    for _ in range(3):
        assert ask(busy, apart.SECONDS * 0.6)


def busy(seconds: float) -> bool:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return True


@pytest.mark.parametrize("answer", [ravenous, dying])
def test_an_answer_that_exhausts_memory_or_dies_is_stopped(answer: Callable[[], object]) -> None:
    with pytest.raises(Stopped, match="more memory than the 256 MB"):
        ask(answer)
    assert ask(doubled, 1) == 2


def test_nothing_of_the_answering_process_reaches_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    ask(chatter)
    assert capfd.readouterr() == ("", "")


def chatter() -> None:
    os.write(1, b"out")
    os.write(2, b"err")


def test_a_forked_process_asks_one_of_its_own() -> None:
    answering = ask(own_id)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(ask(own_id)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reading, 20)) != answering
    assert ask(own_id) == answering
    os.close(reading)
    os.close(writing)
