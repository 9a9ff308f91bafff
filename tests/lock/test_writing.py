"""Writing a lock: several processes lose nothing, and one that dies leaves the old lock or the new one, whole."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, MutableMapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from egp.record.entry_files import ENTRIES
from egp.record.lock import LOCK_FILE, LockError, Registration, read_lock
from egp.record.lock.writing import update_lock
from egp.record.migrate import migrate
from egp.yaml import claim
from egp.yaml.bounds import MAX_BYTES
from tests.lock.children import die_before_call, ended_well, run_in_child
from tests.lock.entries import decided, entry, own_file, put, remove_lock, whole_lock
from tests.lock.first_release import as_first_release

Edit = Callable[[MutableMapping[str, Registration]], None]


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
    assert sorted(os.listdir(tmp_path)) == [LOCK_FILE, ENTRIES]


@pytest.mark.parametrize("has_first_lock", [False, True])
@pytest.mark.parametrize("before", [(), ("old",)])
def test_killed_at_any_call_of_the_operating_system(
    before: tuple[str, ...], has_first_lock: bool, tmp_path: Path
) -> None:
    def prepare(root: Path) -> None:
        put(root, *before)
        if has_first_lock:
            as_first_release(root)

    (tmp_path / "elsewhere").mkdir()
    prepare(tmp_path / "elsewhere")
    new = put(tmp_path / "elsewhere", "new")
    prepare(tmp_path)
    seen = []
    for number in range(300):
        if ended_well(run_in_child(lambda at=number: add_and_die(tmp_path, at))):  # type: ignore[misc]
            break
        seen.append(sorted(read_lock(str(tmp_path)).entries))
        put(tmp_path, "new")
        assert whole_lock(tmp_path) == new, "the command, given again, completes it"
        remove_lock(tmp_path)
        prepare(tmp_path)
    assert whole_lock(tmp_path) == new
    assert seen[0] == [*before]
    assert seen[-1] == sorted([*before, "new"])
    assert all(each in (seen[0], seen[-1]) for each in seen), "whatever is there is whole"
    left = [file.name for file in tmp_path.rglob("*") if file.name.endswith(".partial")]
    assert left == [], "what a killed run left is taken away"


def add_and_die(root: Path, call: int) -> None:
    die_before_call(call)
    update_lock(str(root), adding("new"))


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
    assert whole_lock(tmp_path) == old
    assert sorted(read_lock(str(tmp_path)).entries) == ["old"]
    assert "experiment: new" in put(tmp_path, "new")


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
    with pytest.raises(LockError, match="cannot write the lock: No space left on device") as refused:
        update_lock(str(tmp_path), adding("new"))
    monkeypatch.undo()
    assert refused.value.failures[0].help == "it is as it was before"
    assert whole_lock(tmp_path) == old


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
    assert order == ["write", "fsync", "replace", "fsync"] * 2, "the lock file, then the entry"


def test_an_edit_that_fails_changes_nothing(tmp_path: Path) -> None:
    old = put(tmp_path, "old")

    def failing(entries: MutableMapping[str, Registration]) -> None:
        entries["old"] = entry("another")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        update_lock(str(tmp_path), failing)
    assert whole_lock(tmp_path) == old
    assert "new" in put(tmp_path, "new"), "the claim on the lock has ended with the edit"


def test_an_edit_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    put(tmp_path, "old")
    files = [os.stat(file).st_ino for file in (tmp_path / LOCK_FILE, own_file(tmp_path, "old"))]
    assert update_lock(str(tmp_path), adding("old")).written == ()
    assert [os.stat(file).st_ino for file in (tmp_path / LOCK_FILE, own_file(tmp_path, "old"))] == files


def test_permissions_stay(tmp_path: Path) -> None:
    put(tmp_path, "old")
    own_file(tmp_path, "old").chmod(0o640)
    update_lock(
        str(tmp_path), lambda entries: entries.update({"old": entry("old", decisions=(decided("why"),))})
    )
    assert os.stat(own_file(tmp_path, "old")).st_mode & 0o777 == 0o640


def test_a_link_under_the_name_of_the_new_file_is_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "old")
    outside = tmp_path / "outside"
    outside.write_text("untouched")
    own = own_file(tmp_path, "new")
    own.parent.mkdir()
    own.with_name(own.name + ".partial").symlink_to(outside)
    put(tmp_path, "new")
    assert outside.read_text() == "untouched"
    assert not own.is_symlink()


def test_a_process_that_holds_the_lock_is_waited_for_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "PATIENCE", 0.0)
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with pytest.raises(LockError, match="another process has been writing the lock"):
        update_lock(str(tmp_path), adding("new"))
    os.close(folder)
    assert "new" in put(tmp_path, "new")


def test_a_claim_ends_with_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(_: MutableMapping[str, Registration]) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    assert not ended_well(run_in_child(lambda: update_lock(str(tmp_path), die)))
    monkeypatch.setattr(claim, "PATIENCE", 0.0)
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

    def merged(
        self,
        ours: Edit,
        theirs: Edit,
        after_ours: Callable[[], object] = lambda: None,
        after_theirs: Callable[[], object] = lambda: None,
    ) -> bool:
        """Whether two edits on two branches merge by themselves."""
        self.commit()
        assert self("checkout", "--quiet", "-b", "theirs") == 0
        update_lock(str(self.root), theirs)
        after_theirs()
        self.commit()
        assert self("checkout", "--quiet", "main") == 0
        update_lock(str(self.root), ours)
        after_ours()
        self.commit()
        return self("merge", "--quiet", "--no-edit", "theirs") == 0


def names(root: Path) -> list[str]:
    return sorted(read_lock(str(root)).entries)


def test_branches_that_register_different_experiments_merge(tmp_path: Path) -> None:
    git = Git(tmp_path)
    put(tmp_path, "d", "m", "t")
    assert git.merged(adding("a", "n"), adding("e", "z"))
    assert names(tmp_path) == ["a", "d", "e", "m", "n", "t", "z"]


def test_neighbours_merge(tmp_path: Path) -> None:
    git = Git(tmp_path)
    put(tmp_path, "d", "t")
    assert git.merged(adding("f", "e"), adding("g"))
    assert names(tmp_path) == ["d", "e", "f", "g", "t"]


def test_first_registrations_of_two_branches_merge(tmp_path: Path) -> None:
    git = Git(tmp_path)
    (tmp_path / "README").write_text("Nothing is registered yet.")
    assert git.merged(adding("b"), adding("a"))
    assert names(tmp_path) == ["a", "b"]


@pytest.mark.parametrize("theirs", ["a", "c", "z"])
def test_a_branch_begun_before_the_move_merges_after_it(theirs: str, tmp_path: Path) -> None:
    git = Git(tmp_path)
    put(tmp_path, "b", "d")
    as_first_release(tmp_path)

    def moving(entries: MutableMapping[str, Registration]) -> None:
        entries["e"] = entry("e")

    assert git.merged(moving, adding(theirs), after_ours=lambda: migrate(str(tmp_path), str(tmp_path)))
    assert names(tmp_path) == sorted(["b", "d", "e", theirs])
    assert read_lock(str(tmp_path)).version == 2


def test_branches_with_a_lock_of_the_first_release_merge(tmp_path: Path) -> None:
    git = Git(tmp_path)
    put(tmp_path, "b", "d")
    text = as_first_release(tmp_path)
    assert git.merged(adding("c"), adding("a"))
    assert names(tmp_path) == ["a", "b", "c", "d"]
    assert (tmp_path / LOCK_FILE).read_text() == f"{text}entries: {ENTRIES}\n"


def test_a_lock_of_the_first_release_merges_by_union(tmp_path: Path) -> None:
    git = Git(tmp_path)
    (tmp_path / ".gitattributes").write_text("egp.lock merge=union\n")
    put(tmp_path, "d", "t")
    as_first_release(tmp_path)

    def listing(*new: str) -> Callable[[], None]:
        def work() -> None:
            put(tmp_path, *new)
            as_first_release(tmp_path)

        return work

    assert git.merged(dict, dict, after_ours=listing("f", "e"), after_theirs=listing("g"))  # type: ignore[arg-type]
    assert names(tmp_path) == ["d", "e", "f", "g", "t"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"path": "x.yaml"}, {"path": "y.yaml"}),
        ({"decisions": (decided("one"),)}, {"decisions": (decided("two"),)}),
        ({"path": "x.yaml"}, {"decisions": (decided("one"),)}),
        ({"signed": ()}, {"decisions": (decided("one"),)}),
        ({"archived": date(2024, 1, 1)}, {"path": "y.yaml"}),
    ],
)
def test_both_sides_of_one_experiment_are_a_named_conflict(
    ours: dict[str, object], theirs: dict[str, object], tmp_path: Path
) -> None:
    git = Git(tmp_path)
    put(tmp_path, "a", "b")
    edits: list[Edit] = [
        lambda entries, values=values: entries.update({"a": entry("a", **values)})  # type: ignore[misc]
        for values in (ours, theirs)
    ]
    assert not git.merged(edits[0], edits[1])
    lock = read_lock(str(tmp_path))
    assert lock.entries["b"].path == "experiments/b.yaml", "the others are judged"
    with pytest.raises(LockError, match="a merge conflict that is not resolved"):
        lock.entries["a"]


def test_the_same_new_experiment_on_two_branches_is_a_conflict(tmp_path: Path) -> None:
    git = Git(tmp_path)
    put(tmp_path, "b")
    another: Edit = lambda entries: entries.update({"a": entry("a", path="y.yaml")})  # noqa: E731
    assert not git.merged(adding("a"), another)


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    """A lock grew beyond what egp reads, and was lost with the next registration."""
    put(tmp_path, "a")
    old = as_first_release(tmp_path)
    long: Edit = lambda entries: entries.update({"a": entry("a", decisions=(decided("x" * MAX_BYTES),))})  # noqa: E731
    with pytest.raises(LockError, match=r"could not be read again: .*at most 1,000,000 are read"):
        update_lock(str(tmp_path), long)
    assert whole_lock(tmp_path) == f"== {LOCK_FILE}\n{old}"
    migrate(str(tmp_path), str(tmp_path))
    before = whole_lock(tmp_path)
    with pytest.raises(LockError, match="could not be read again"):
        update_lock(str(tmp_path), long)
    assert whole_lock(tmp_path) == before


def test_a_file_that_cannot_be_written_takes_those_before_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = put(tmp_path, "old")
    works = os.replace
    written: list[object] = []

    def once(*names: str, **folders: Any) -> None:
        if written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(works(*names, **folders))

    monkeypatch.setattr(os, "replace", once)
    with pytest.raises(LockError) as refused:
        update_lock(str(tmp_path), adding("one", "two"))
    assert refused.value.failures[0].help == "it is as it was before"
    assert whole_lock(tmp_path) == old
