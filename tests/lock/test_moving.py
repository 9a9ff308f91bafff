"""Moving a lock of the first release, archiving, and the names of entries."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egp.plan.names import is_plain
from egp.record.entry_files import ENTRIES, entry_file, has_lock, may_be_entry, named_by, register_command
from egp.record.lock import LOCK_FILE, LockError, read_lock
from egp.record.lock.text import rendered
from egp.record.lock.writing import update_lock
from egp.record.migrate import migrate
from egp.yaml.bounds import MAX_BYTES
from tests.lock.entries import decided, entry, own_file, put, whole_lock
from tests.lock.first_release import as_first_release

KEPT = Path(__file__).parent / "kept"
"""Locks as the first release wrote them."""


def moved(root: Path) -> tuple[str, ...]:
    return migrate(str(root), str(root)).experiments


def kept(name: str, root: Path) -> str:
    """Puts one of the kept locks into a folder."""
    text = (KEPT / name).read_text(encoding="utf-8")
    (root / LOCK_FILE).write_text(text, encoding="utf-8")
    return text


@pytest.mark.parametrize("name", [file.name for file in sorted(KEPT.iterdir())])
def test_locks_of_the_first_release_are_read_and_move_as_they_are(name: str, tmp_path: Path) -> None:
    text = kept(name, tmp_path)
    lock = read_lock(str(tmp_path))
    assert (lock.version, lock.has_folder, rendered(lock)) == (1, False, text)
    moved(tmp_path)
    after = read_lock(str(tmp_path))
    assert (after.version, after.policies) == (2, lock.policies)
    assert rendered(after) == text, "no entry has changed"


def test_where_there_is_nothing_to_move_the_command_that_registers_is_told(tmp_path: Path) -> None:
    with pytest.raises(LockError) as error:
        moved(tmp_path)
    assert f"`{register_command('PLAN')}`" in error.value.failures[0].help


def test_a_new_experiment_beside_a_lock_of_the_first_release(tmp_path: Path) -> None:
    text = kept("decided.lock", tmp_path)
    put(tmp_path, "new")
    assert (tmp_path / LOCK_FILE).read_text() == f"{text}entries: {ENTRIES}\n", "an older egp refuses it"
    assert own_file(tmp_path, "new").exists()
    update_lock(
        str(tmp_path), lambda entries: entries.update({"buy-now": entry(decisions=(decided("later"),))})
    )
    lock = read_lock(str(tmp_path))
    assert list(lock.in_lock_file) == ["2nd", "buy-now"], "what is listed stays until it is moved"
    assert [each.because for each in lock.entries["buy-now"].decisions] == ["later"]
    moved(tmp_path)
    assert sorted(read_lock(str(tmp_path)).entries) == ["2nd", "buy-now", "new"]


def test_a_move_that_was_ended_is_completed(tmp_path: Path) -> None:
    kept("decided.lock", tmp_path)
    before = (tmp_path / LOCK_FILE).read_text()
    moved(tmp_path)
    whole = whole_lock(tmp_path)
    (tmp_path / LOCK_FILE).write_text(f"{before}entries: {ENTRIES}\n")
    own_file(tmp_path, "2nd").unlink()
    with pytest.raises(LockError, match=r"buy-now is here and in egp\.lock"):
        read_lock(str(tmp_path)).entries.get("buy-now")
    assert read_lock(str(tmp_path)).entries.get("2nd"), "what is in one place is judged"
    with pytest.raises(LockError, match=r"buy-now is here and in egp\.lock"):
        dict(read_lock(str(tmp_path)).entries)
    moved(tmp_path)
    assert whole_lock(tmp_path) == whole


def test_two_entries_that_differ_are_damage_for_the_move_too(tmp_path: Path) -> None:
    put(tmp_path, "a", "b")
    other = own_file(tmp_path, "a").read_bytes()
    update_lock(str(tmp_path), lambda entries: entries.update({"a": entry("a", path="elsewhere.yaml")}))
    as_first_release(tmp_path)
    (tmp_path / LOCK_FILE).write_text((tmp_path / LOCK_FILE).read_text() + f"entries: {ENTRIES}\n")
    own_file(tmp_path, "a").parent.mkdir(parents=True)
    own_file(tmp_path, "a").write_bytes(other)
    before = whole_lock(tmp_path)
    with pytest.raises(LockError, match=r"a is here and in egp\.lock, and not the same"):
        moved(tmp_path)
    assert whole_lock(tmp_path) == before


def test_a_company_of_2_348_experiments_has_its_lock_back(tmp_path: Path) -> None:
    """The first release wrote locks that it refused to read: nothing could be judged or registered any more."""
    line = next(line for line in put(tmp_path, "x").splitlines() if line.startswith("digest:"))
    assert line
    put(tmp_path, "a")
    text = as_first_release(tmp_path)
    one = next(line for line in text.splitlines(keepends=True) if line.startswith("  a:"))
    many = [
        one.replace("  a:", f"  experiment-{number:04d}:").replace("/a.yaml", f"/{'n' * 100}.yaml")
        for number in range(2348)
    ]
    (tmp_path / LOCK_FILE).write_text(text.replace(one, "".join(many)))
    assert os.path.getsize(tmp_path / LOCK_FILE) > MAX_BYTES
    with pytest.raises(LockError, match="at most 1,000,000 are read"):
        read_lock(str(tmp_path))
    assert len(moved(tmp_path)) == 2349
    assert read_lock(str(tmp_path)).entries["experiment-2347"].path == f"experiments/{'n' * 100}.yaml"


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({f"{ENTRIES}/00/a.yaml": "entry: 2\n"}, "egp.lock is not"),
        ({LOCK_FILE: "lock: 2\npolicies: {}\n"}, "has no `entries`"),
        (
            {LOCK_FILE: "lock: 1\nexperiments: {}\npolicies: {}\n", f"{ENTRIES}/00/a.yaml": ""},
            "does not name it",
        ),
        (
            {LOCK_FILE: f"lock: 2\nexperiments: {{}}\npolicies: {{}}\nentries: {ENTRIES}\n"},
            "lists no experiments",
        ),
        ({LOCK_FILE: "lock: 2\npolicies: {}\nentries: elsewhere\n"}, "the entries lie in egp.lock.d"),
    ],
)
def test_halves_of_a_lock_are_damage(files: dict[str, str], says: str, tmp_path: Path) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    with pytest.raises(LockError, match=says):
        read_lock(str(tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("registered: 2023-01-17", "registered: 2023-01-16", "its sum is not that of its lines"),
        ("experiment: a", "experiment: b", "its sum is not that of its lines"),
        ("entry: 2", "entry: 3", "this is format 3"),
        ("entry: 2\n", "", "entry"),
        ("sum: ", "sums: ", "sum"),
        ("path: ", "path: [", "damaged"),
        ("path: ", "\n---\npath: ", "damaged"),
        ("registered: ", "<<<<<<< HEAD\nregistered: ", "a merge conflict that is not resolved"),
    ],
)
def test_a_damaged_entry_is_told_and_the_others_are_judged(
    old: str, new: str, says: str, tmp_path: Path
) -> None:
    put(tmp_path, "a", "b")
    file = own_file(tmp_path, "a")
    file.write_text(file.read_text().replace(old, new, 1))
    lock = read_lock(str(tmp_path))
    assert lock.entries["b"]
    with pytest.raises(LockError, match=says):
        lock.entries.get("a")


def test_an_entry_that_is_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "a")
    file = own_file(tmp_path, "a")
    whole = file.read_bytes()
    for end in range(len(whole)):
        file.write_bytes(whole[:end])
        with pytest.raises(LockError):
            read_lock(str(tmp_path)).entries.get("a")


def test_an_entry_with_the_line_ends_of_windows_is_whole(tmp_path: Path) -> None:
    put(tmp_path, "a")
    file = own_file(tmp_path, "a")
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert read_lock(str(tmp_path)).entries["a"].path == "experiments/a.yaml"


def test_an_entry_under_the_name_of_another_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "a", "b")
    own_file(tmp_path, "b").write_bytes(own_file(tmp_path, "a").read_bytes())
    with pytest.raises(LockError, match="the entry of a lies where another one belongs"):
        read_lock(str(tmp_path)).entries.get("b")
    own_file(tmp_path, "b").rename(own_file(tmp_path, "a").with_name("b.yaml"))
    with pytest.raises(LockError, match="the entry of b lies where another one belongs"):
        list(read_lock(str(tmp_path)).entries)


@pytest.mark.parametrize("part", ["", "shard", "file"])
def test_a_link_is_no_part_of_a_lock(part: str, tmp_path: Path) -> None:
    put(tmp_path, "a")
    own = own_file(tmp_path, "a")
    linked = {"": tmp_path / ENTRIES, "shard": own.parent, "file": own}[part]
    linked.rename(tmp_path / "elsewhere")
    linked.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LockError, match="a part of the lock is a link"):
        read_lock(str(tmp_path)).entries.get("a")
    with pytest.raises(LockError, match="a part of the lock is a link"):
        update_lock(str(tmp_path), lambda entries: entries.update({"a": entry("a", path="x.yaml")}))


@pytest.mark.parametrize("beside", [True, False])
@pytest.mark.parametrize("other", [str.upper, str.capitalize, lambda path: path.replace("k", "\u212a")])
def test_an_entry_in_other_letters_is_damage(
    other: Callable[[str], str], beside: bool, tmp_path: Path
) -> None:
    """Where capitals are folded it is the same file, so that the machine would choose what is registered."""
    put(tmp_path, "kind")
    own = own_file(tmp_path, "kind")
    _, shard, name = entry_file("kind").split("/")
    stray = tmp_path / ENTRIES / other(shard) / other(name)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(own.read_bytes())
    if not beside:
        own.unlink()
        with pytest.raises(LockError, match="in other letters"):
            read_lock(str(tmp_path)).entries.get("kind")
        with pytest.raises(LockError, match="in other letters"):
            put(tmp_path, "kind")
    with pytest.raises(LockError, match="in other letters"):
        list(read_lock(str(tmp_path)).entries)


@pytest.mark.parametrize("other", ["EGP.LOCK", "Egp.lock", "egp.loc\u212a", "EGP.LOCK.D", "egp.Lock.d"])
@pytest.mark.parametrize("beside", [True, False])
def test_a_lock_in_other_letters_is_damage(other: str, beside: bool, tmp_path: Path) -> None:
    put(tmp_path, "kind")
    if beside:
        (tmp_path / other).mkdir()
    else:
        (tmp_path / unicodedata.normalize("NFKC", other).lower()).rename(tmp_path / other)
    assert has_lock(str(tmp_path))
    with pytest.raises(LockError, match="in other letters"):
        read_lock(str(tmp_path))
    with pytest.raises(LockError, match="in other letters"):
        put(tmp_path, "other")


IDS = ["con", "NUL", "aux", "com1", "a.", "a..", ".a", "a b", "A", "a/b", "../x", "", "é", "e\u0301", "ı", "I", "ß", "SS", "x" * 100,
       "x" * 99 + "y", "a~b", "-a", "CON.yaml", "con.x", "~", "日本", "a\tb", "pdp.buy-now", "pdp-buy-now"]  # fmt: skip


def test_ids_have_files_of_their_own_on_every_file_system() -> None:
    files = [entry_file(name) for name in IDS]
    folded = {unicodedata.normalize("NFC", file).casefold() for file in files}
    assert len(folded) == len(IDS)
    for name, file in zip(IDS, files, strict=True):
        folder, shard, base = file.split("/")
        stem = base.removesuffix(".yaml")
        assert (folder, len(shard), base.isascii(), base.lower()) == (ENTRIES, 2, True, base)
        assert len(base) <= 90
        assert stem not in ("con", "nul", "aux", "com1")
        assert not base.startswith((".", "-"))
        assert may_be_entry(shard, base)
        assert named_by(file) in (None, name)


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first text makes a table of all characters
@given(st.lists(st.text(max_size=30), min_size=2, max_size=6, unique=True))
def test_no_two_ids_share_a_file(names: list[str]) -> None:
    assert len({entry_file(name).casefold() for name in names}) == len(names)


def test_ids_that_are_no_names_of_files_are_registered_and_found(tmp_path: Path) -> None:
    names = [name for name in IDS if name and "/" not in name and is_plain(name)]
    put(tmp_path, *names)
    lock = read_lock(str(tmp_path))
    assert sorted(lock.entries) == sorted(names)
    assert all(lock.entries[name].path == f"experiments/{name}.yaml" for name in names)
