"""Writing a lock: several processes lose nothing, and one that dies leaves the old lock or the new one, whole."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from egp import lock
from egp.lock import LOCK_FILE, LockError, Registration, read_lock, update_lock
from tests.lock.children import die_before_call, ended_well, run_in_child
from tests.lock.entries import entry, put

Edit = Callable[[dict[str, Registration]], None]


def adding(*names: str) -> Edit:
    return lambda entries: entries.update({name: entry(name) for name in names})


def test_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    names = [f"experiment-{number}" for number in range(24)]

    def register_each(part: list[str]) -> None:
        for name in part:
            update_lock(str(tmp_path), adding(name))

    children = [run_in_child(lambda part=names[at::4]: register_each(part)) for at in range(4)]  # type: ignore[misc]
    assert [ended_well(child) for child in children] == [True] * 4
    assert sorted(read_lock(str(tmp_path)).entries) == sorted(names)
    assert os.listdir(tmp_path) == [LOCK_FILE]


@pytest.mark.parametrize("before", [(), ("old",)])
def test_killed_at_any_call_of_the_operating_system(before: tuple[str, ...], tmp_path: Path) -> None:
    old = put(tmp_path, *before) if before else None
    (tmp_path / "elsewhere").mkdir()
    new = put(tmp_path / "elsewhere", *before, "new")
    path = tmp_path / LOCK_FILE
    seen = []
    for number in range(200):
        if ended_well(run_in_child(lambda at=number: add_and_die(tmp_path, at))):  # type: ignore[misc]
            break
        seen.append(path.read_text() if path.exists() else None)
        assert seen[-1] in (old, new)
        _restore(path, old)
    assert path.read_text() == new
    assert {old, new} == set(seen), "the points before and after the replacement were both reached"
    assert sorted(os.listdir(tmp_path)) == [LOCK_FILE, "elsewhere"], "what a killed run left is taken away"


def add_and_die(root: Path, call: int) -> None:
    die_before_call(call)
    update_lock(str(root), adding("new"))


def _restore(path: Path, old: str | None) -> None:
    if old is None:
        path.unlink(missing_ok=True)
    else:
        path.write_text(old)


def test_killed_in_the_middle_of_the_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = put(tmp_path, "old")
    write = os.write

    def half(descriptor: int, content: memoryview) -> int:
        write(descriptor, content[: len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        assert not ended_well(run_in_child(lambda: update_lock(str(tmp_path), adding("new"))))
    assert (tmp_path / LOCK_FILE).read_text() == old
    assert sorted(read_lock(str(tmp_path)).entries) == ["old"]
    assert "new" in put(tmp_path, "new")


def test_content_that_is_written_in_pieces_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:7]))
    text = put(tmp_path, "buy-now")
    monkeypatch.undo()
    (tmp_path / "at-once").mkdir()
    assert text == put(tmp_path / "at-once", "buy-now")


@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
def test_a_disk_that_refuses(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = put(tmp_path, "old")
    works = getattr(os, call)

    def full(*arguments: object, **options: object) -> object:
        if call == "open" and not arguments[1] & os.O_WRONLY:  # type: ignore[operator]
            return works(*arguments, **options)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    with pytest.raises(LockError, match="cannot write the lock: No space left on device"):
        update_lock(str(tmp_path), adding("new"))
    monkeypatch.undo()
    assert (tmp_path / LOCK_FILE).read_text() == old
    assert os.listdir(tmp_path) == [LOCK_FILE]


def test_the_new_lock_is_on_the_disk_before_it_has_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = []
    for call in ("write", "fsync", "replace"):
        works = getattr(os, call)

        def noted(
            *arguments: object, call: str = call, works: Callable[..., object] = works, **options: object
        ) -> object:
            order.append(call)
            return works(*arguments, **options)

        monkeypatch.setattr(os, call, noted)
    put(tmp_path, "buy-now")
    assert order == ["write", "fsync", "replace", "fsync"]


def test_an_edit_that_fails_changes_nothing(tmp_path: Path) -> None:
    old = put(tmp_path, "old")

    def failing(entries: dict[str, Registration]) -> None:
        entries.clear()
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        update_lock(str(tmp_path), failing)
    assert (tmp_path / LOCK_FILE).read_text() == old
    assert "new" in put(tmp_path, "new"), "the claim on the lock has ended with the edit"


def test_an_edit_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    put(tmp_path, "old")
    file = os.stat(tmp_path / LOCK_FILE).st_ino
    update_lock(str(tmp_path), adding("old"))
    assert os.stat(tmp_path / LOCK_FILE).st_ino == file


def test_permissions_stay(tmp_path: Path) -> None:
    put(tmp_path, "old")
    (tmp_path / LOCK_FILE).chmod(0o640)
    put(tmp_path, "new")
    assert os.stat(tmp_path / LOCK_FILE).st_mode & 0o777 == 0o640


def test_a_link_under_the_name_of_the_new_file_is_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "old")
    outside = tmp_path / "outside"
    outside.write_text("untouched")
    (tmp_path / "egp.lock.partial").symlink_to(outside)
    put(tmp_path, "new")
    assert outside.read_text() == "untouched"
    assert not (tmp_path / LOCK_FILE).is_symlink()


def test_a_process_that_holds_the_lock_is_waited_for_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 0.0)
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with pytest.raises(LockError, match="another process has been writing the lock"):
        update_lock(str(tmp_path), adding("new"))
    os.close(folder)
    assert "new" in put(tmp_path, "new")


def test_a_claim_ends_with_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(_: dict[str, Registration]) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    assert not ended_well(run_in_child(lambda: update_lock(str(tmp_path), die)))
    monkeypatch.setattr(lock, "PATIENCE", 0.0)
    assert "new" in put(tmp_path, "new")


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(LockError, match="cannot open the folder of the lock"):
        update_lock(str(tmp_path / "gone"), adding("new"))


def test_a_system_without_file_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(LockError, match="this system has no file locks"):
        update_lock(str(tmp_path), adding("new"))
    assert os.listdir(tmp_path) == []


class Git:
    """A repository with a lock on two branches."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self("init", "--quiet", "--initial-branch=main")

    def __call__(self, *arguments: str) -> int:
        settings = ("-c", "user.name=egp", "-c", "user.email=egp@example.com", "-c", "commit.gpgsign=false")
        command = ["git", *settings, *arguments]
        return subprocess.run(command, cwd=self.root, capture_output=True, check=False).returncode

    def commit(self) -> None:
        assert self("add", "--all") == 0
        assert self("commit", "--quiet", "--message=change") == 0

    def merged(self, ours: Edit, theirs: Edit) -> bool:
        """Whether two edits on two branches merge by themselves."""
        self.commit()
        assert self("checkout", "--quiet", "-b", "theirs") == 0
        update_lock(str(self.root), theirs)
        self.commit()
        assert self("checkout", "--quiet", "main") == 0
        update_lock(str(self.root), ours)
        self.commit()
        return self("merge", "--quiet", "--no-edit", "theirs") == 0


def test_branches_that_register_different_experiments_merge(tmp_path: Path) -> None:
    git = Git(tmp_path)
    put(tmp_path, "d", "m", "t")
    assert git.merged(adding("a", "n"), adding("e", "z"))
    assert list(read_lock(str(tmp_path)).entries) == ["a", "d", "e", "m", "n", "t", "z"]


def test_neighbours_merge_with_the_union_driver(tmp_path: Path) -> None:
    git = Git(tmp_path)
    (tmp_path / ".gitattributes").write_text("egp.lock merge=union\n")
    put(tmp_path, "d", "t")
    assert git.merged(adding("f", "e"), adding("g"))
    assert sorted(read_lock(str(tmp_path)).entries) == ["d", "e", "f", "g", "t"]
    text = put(tmp_path, "h")
    (tmp_path / "at-once").mkdir()
    assert text == put(tmp_path / "at-once", "d", "e", "f", "g", "h", "t"), "the next registration sorts them"


def test_first_registrations_of_two_branches_merge_with_the_union_driver(tmp_path: Path) -> None:
    git = Git(tmp_path)
    (tmp_path / ".gitattributes").write_text("egp.lock merge=union\n")
    assert git.merged(adding("b"), adding("a"))
    assert sorted(read_lock(str(tmp_path)).entries) == ["a", "b"]


def test_both_sides_of_one_experiment_are_a_named_conflict(tmp_path: Path) -> None:
    git = Git(tmp_path)
    put(tmp_path, "a")
    edits: list[Edit] = [
        lambda entries, path=path: entries.update({"a": entry("a", path=path)})  # type: ignore[misc]
        for path in ("x.yaml", "y.yaml")
    ]
    assert not git.merged(edits[0], edits[1])
    with pytest.raises(LockError, match="a merge conflict that is not resolved"):
        read_lock(str(tmp_path))
