"""A slice of ``python -m tests.crash``; and a disk that is full, and a folder that nobody may write to."""

from __future__ import annotations

import errno
import os
import random
import resource
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash import PLAN, ROOT, WRITING, deaths, files, quiet
from tests.gate.calling import call
from tests.lock.children import run_in_child

LOCK_WRITERS = ("register", "amend", "decide", "archive", "migrate")


@pytest.mark.parametrize("name", ["amend", "migrate"])
def test_killed_at_random(name: str, tmp_path: Path) -> None:
    assert list(deaths(name, 3, random.Random(20230117), tmp_path)) == []


@pytest.fixture
def prepared(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path / "repository"
    shutil.copytree(ROOT / "examples", folder, ignore=shutil.ignore_patterns("__pycache__", "rejected"))
    WRITING[request.param].prepare(folder)
    return folder


def refusing(number: int) -> Callable[..., object]:
    """A call of the operating system that would make or fill a file, on a disk that does not let it."""
    works = os.open

    def refuse(path: str, flags: int, *more: int, **options: int) -> int:
        if flags & os.O_CREAT:
            raise OSError(number, os.strerror(number), path)
        return works(path, flags, *more, **options)

    return refuse


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EROFS, errno.EACCES], ids=["full", "read-only", "forbidden"]
)
@pytest.mark.parametrize(("prepared", "name"), [(name, name) for name in LOCK_WRITERS], indirect=["prepared"])
def test_what_cannot_be_written_is_told_and_nothing_is_changed(
    prepared: Path, name: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(prepared)
    monkeypatch.setattr(os, "open", refusing(number))
    answer = call(prepared, *WRITING[name].arguments)
    monkeypatch.undo()
    assert answer.status == 2
    assert os.strerror(number) in answer.err
    assert files(prepared) == before
    assert not any(
        word in answer.out + answer.err
        for word in ("registered pdp", "amended pdp", "recorded:", "archived pdp", "moved ")
    )


@pytest.mark.parametrize(
    ("prepared", "name"), [("amend", "amend"), ("register", "register")], indirect=["prepared"]
)
def test_a_plan_that_was_written_before_the_lock_could_not_be_is_named(
    prepared: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("egp.record.lock.writing.write_atomically", full)
    before = files(prepared)
    answer = call(prepared, *WRITING[name].arguments)
    monkeypatch.undo()
    assert answer.status == 2
    assert [path for path, content in files(prepared).items() if content != before.get(path)] == [PLAN]
    assert f"{PLAN}: this plan was written, and the lock does not pin it as it is now" in answer.err
    assert call(prepared, *WRITING[name].arguments).status == 0, "given again, it completes what it began"


@pytest.mark.parametrize(("prepared", "name"), [("migrate", "migrate")], indirect=["prepared"])
def test_a_limit_on_the_size_of_files(prepared: Path, name: str) -> None:
    before = files(prepared)

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        assert call(prepared, *WRITING[name].arguments).status == 2

    _, status = os.waitpid(run_in_child(limited), 0)
    assert status == 0
    assert files(prepared) == before
    assert quiet(prepared, *WRITING[name].arguments) == 0
