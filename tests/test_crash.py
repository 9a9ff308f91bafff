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

from egp.yaml.atomic import write_anew
from tests.crash import NOW, PLAN, ROOT, WRITING, deaths, files, quiet
from tests.gate.calling import call
from tests.lock.children import run_in_child


@pytest.mark.parametrize("name", ["amend", "migrate", "new experiment", "report"])
def test_killed_at_random(name: str, tmp_path: Path) -> None:
    assert list(deaths(name, 3, random.Random(20230117), tmp_path)) == []


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what is prepared once for each command."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def prepared(kept: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = kept / request.param
    if not folder.exists():
        shutil.copytree(ROOT / "examples", folder, ignore=shutil.ignore_patterns("__pycache__", "rejected"))
        WRITING[request.param].prepare(folder)
    return Path(shutil.copytree(folder, tmp_path / "repository", symlinks=True))


def no_file_is_made(number: int) -> Callable[[pytest.MonkeyPatch], None]:
    """A disk on which no file can be made or opened to be written."""
    works = os.open

    def refuse(path: str, flags: int, *more: int, **options: int) -> int:
        if flags & (os.O_CREAT | os.O_WRONLY):
            raise OSError(number, os.strerror(number), path)
        return works(path, flags, *more, **options)

    return lambda patch: patch.setattr(os, "open", refuse)


def full_after(count: int) -> Callable[[pytest.MonkeyPatch], None]:
    """A disk that has room for so many bytes more, and for an empty file."""
    works, room = os.write, [count]

    def write(descriptor: int, content: bytes) -> int:
        if descriptor in (1, 2):
            return works(descriptor, content)
        taken = min(len(content), room[0])
        if not taken:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        room[0] -= taken
        return works(descriptor, content[:taken])

    return lambda patch: patch.setattr(os, "write", write)


def not_kept(patch: pytest.MonkeyPatch) -> None:
    """A disk that takes the bytes, and cannot keep them."""

    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    patch.setattr(os, "fsync", fail)


DISKS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "full": no_file_is_made(errno.ENOSPC), "read-only": no_file_is_made(errno.EROFS), "forbidden": no_file_is_made(errno.EACCES),
    "full at once": full_after(0), "not kept": not_kept,
}  # fmt: skip


@pytest.mark.parametrize("disk", DISKS)
@pytest.mark.parametrize(("prepared", "name"), [(name, name) for name in WRITING], indirect=["prepared"])
def test_what_cannot_be_written_is_told_and_nothing_is_changed(
    prepared: Path, name: str, disk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(prepared)
    with monkeypatch.context() as patch:
        patch.setattr("egp.cli.commands.gate.now", lambda: NOW)
        DISKS[disk](patch)
        answer = call(prepared, *WRITING[name].arguments)
    assert answer.status == 2
    assert "cannot write" in answer.err
    assert everything(prepared) == before, "and nothing is left of the attempt"
    claim = WRITING[name].claim
    assert not claim or claim not in answer.out + answer.err


@pytest.mark.parametrize("room", [1, 300, 1500])
@pytest.mark.parametrize(("prepared", "name"), [(name, name) for name in WRITING], indirect=["prepared"])
def test_a_disk_that_becomes_full_half_way_has_no_file_in_part(
    prepared: Path, name: str, room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several files one may have been written; each is the old one or the new one, and what is said is so."""
    writing = WRITING[name]
    whole = tmp_path / "whole"
    shutil.copytree(prepared, whole)
    before = everything(prepared)
    with monkeypatch.context() as patch:
        patch.setattr("egp.cli.commands.gate.now", lambda: NOW)
        assert call(whole, *writing.arguments).status == 0
        full_after(room)(patch)
        answer = call(prepared, *writing.arguments)
    left, new = everything(prepared), everything(whole)
    assert [path for path, content in left.items() if content not in (before.get(path), new.get(path))] == []
    assert set(before) <= set(left)
    assert (answer.status == 2) == (left != new)
    assert not writing.claim or (writing.claim in answer.out + answer.err) == (left == new)


def everything(folder: Path) -> dict[str, bytes]:
    """All files, those in the making as well."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


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


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS])
@pytest.mark.parametrize("is_there", [False, True])
def test_a_new_file_where_files_have_one_name_only(
    tmp_path: Path, number: int, is_there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every file system has hard links. What is there is never replaced."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "egp.yaml"
    if is_there:
        path.write_text("mine\n")
        with pytest.raises(FileExistsError):
            write_anew(str(path), b"new\n")
    else:
        write_anew(str(path), b"new\n")
    assert everything(tmp_path) == {"egp.yaml": b"mine\n" if is_there else b"new\n"}
