"""Reading a lock: a damaged one is never taken for one with fewer experiments."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egp.plan.names import is_plain
from egp.record.lock import Amended, Lock, LockError, made, read_lock, read_lock_text
from egp.record.lock.text import rendered
from egp.record.lock.writing import update_lock
from tests.lock.entries import DIGEST, decided, entry, put

GOLDEN = """\
# Written by egp register, egp amend and egp decide. Branches merge; of a conflict keep the lines of both sides.
lock: 1
experiments:
  "2nd": {path: "experiments/2nd.yaml", digest: "v1:sha256:%(hex)s", registered: 2023-01-17, policy: {name: "egp:standard", version: "2026.2", digest: "sha256:%(f)s"}, signed: [{role: experimentation_lead, by: "@xp-lead", on: 2023-01-16}]}
  buy-now: {path: "experiments/buy-now.yaml", digest: "v1:sha256:%(hex)s", registered: 2023-01-17, policy: {name: "egp:standard", version: "2026.2", digest: "sha256:%(f)s"}, amended: [{digest: "v1:sha256:%(hex)s", on: 2023-01-30, data_access: no_results_seen}]}
policies: {}
""" % {"hex": "0123456789abcdef" * 4, "f": "f" * 64}  # noqa: UP031


def failure(text: str | bytes) -> tuple[int, str]:
    """Line and message of the only failure."""
    with pytest.raises(LockError) as caught:
        read_lock_text(text.encode() if isinstance(text, str) else text, "egp.lock")
    (only,) = caught.value.failures
    assert only.path == "egp.lock"
    assert only.help
    assert only.span is not None
    return only.span.start.line, only.message


def test_no_file_is_an_empty_lock(tmp_path: Path) -> None:
    lock = read_lock(str(tmp_path))
    assert (lock.entries, lock.document) == ({}, None)


def test_the_text_of_a_lock() -> None:
    amended = made(Amended, digest=DIGEST, on=date(2023, 1, 30), data_access="no_results_seen")
    entries = {"buy-now": entry(signed=(), amended=(amended,)), "2nd": entry("2nd")}
    assert rendered(Lock("egp.lock", None, entries, {})) == GOLDEN
    assert rendered(Lock("egp.lock", None, dict(reversed(entries.items())), {})) == GOLDEN


def test_what_is_read_is_what_was_written() -> None:
    lock = read_lock_text(GOLDEN.encode(), "egp.lock")
    assert rendered(lock) == GOLDEN
    assert lock.entries["buy-now"].current_digest == DIGEST
    assert lock.document is not None
    assert lock.document.span(("experiments", "buy-now", "registered")).start.line == 5


texts = st.text(min_size=1, max_size=20)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False) | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(texts.filter(lambda key: key != "<<"), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(texts.filter(is_plain), st.tuples(texts, plain), min_size=1, max_size=4))
def test_any_text_survives(found: dict[str, tuple[str, object]]) -> None:
    policies: dict[str, object] = {name: [more] for name, (_, more) in found.items() if name != "<<"}
    entries = {name: entry(decisions=(decided(by), decided("later"))) for name, (by, _) in found.items()}
    text = rendered(Lock("egp.lock", None, entries, policies))
    read = read_lock_text(text.encode(), "egp.lock")
    assert {name: [each.because for each in entry.decisions] for name, entry in read.entries.items()} == {
        name: [by, "later"] for name, (by, _) in found.items()
    }
    assert read.policies == policies
    assert rendered(read) == text


DECIDED = GOLDEN.replace(
    "no_results_seen}]}",
    """no_results_seen}], decisions: [
    {option: "B", means: "roll back", role: experimentation_lead, on: 2023-03-02, because: "two bad weeks", plan: "DIGEST"},
    {option: "C", role: experimentation_lead, by: "@xp-lead", on: 2023-03-02, because: "again, narrower", dissent: "too late", plan: "DIGEST"},
  ]}""".replace("DIGEST", DIGEST),
)


def test_each_decision_has_a_line_so_that_branches_merge() -> None:
    lock = read_lock_text(DECIDED.encode(), "egp.lock")
    assert rendered(lock) == DECIDED
    added = DECIDED.replace(
        "  ]}", f"    {{option: ship, role: pm, on: 2023-03-03, because: both, plan: {DIGEST!r}}},\n  ]}}"
    )
    assert [each.option for each in read_lock_text(added.encode(), "").entries["buy-now"].decisions] == [
        "B",
        "C",
        "ship",
    ]


@pytest.mark.parametrize("text", [GOLDEN, DECIDED])
def test_a_lock_that_is_cut_off_anywhere_is_refused(text: str) -> None:
    assert [end for end in range(len(text)) if is_read(text[:end])] == [len(text) - 1]


def is_read(text: str) -> bool:
    try:
        return bool(read_lock_text(text.encode(), "egp.lock"))
    except LockError:
        return False


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("lock: 1", "lock: 3", 2, "this is format 3, and this egp reads formats 1 and 2"),
        ("lock: 1", "lock: 2", 4, "a lock of format 2 lists no experiments"),
        ("lock: 1", "lock: one", 2, "one"),
        ("lock: 1\n", "lock: 1\nlocks: 1\n", 3, "unknown key `locks`"),
        ("registered: 2023-01-17", "registered: 2023-02-30", 4, "2023-02-30 is not a date in the calendar"),
        ("registered: 2023-01-17, ", "", 4, "has no `registered`"),
        ("registered:", "x-registered: 1, registered:", 4, "unknown key `x-registered`"),
        ("0123456789abcdef", "0123456789ABCDEF", 4, "is not the digest of a plan"),
        ("no_results_seen", "nothing_seen", 5, "nothing_seen"),
        ("[{role: experimentation_lead", "[{roll: experimentation_lead", 4, "unknown key `roll`"),
        ('"experiments/2nd.yaml"', '"/etc/passwd"', 4, "not a path below the lock's folder"),
        ('"experiments/2nd.yaml"', '"../x.yaml"', 4, "not a path below the lock's folder"),
        ('"2nd"', "buy-now", 5, "buy-now"),
        ("policies: {}", "policies: {}\n---\nlock: 1", 8, "a lock is one document"),
        ("policies: {}", "policies: []", 6, "where a mapping of keys is meant"),
        ('"2nd": {', '"2nd": [', 4, "']' is missing"),
        ("\nlock", "\n\tlock", 2, "tab"),
    ],
)
def test_damage_is_named_with_its_line(old: str, new: str, line: int, says: str) -> None:
    assert old in GOLDEN
    with pytest.raises(LockError) as caught:
        read_lock_text(GOLDEN.replace(old, new, 1).encode(), "egp.lock")
    found = caught.value.failures[0]
    assert found.span is not None
    assert (found.span.start.line, says in found.message) == (line, True), found.message
    assert found.help


def test_every_damage_is_named() -> None:
    text = GOLDEN.replace("registered: 2023-01-17, ", "")
    with pytest.raises(LockError) as caught:
        read_lock_text(text.encode(), "egp.lock")
    assert [each.span.start.line for each in caught.value.failures if each.span] == [4, 5]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("marker", ["<<<<<<< HEAD", "=======", ">>>>>>> other", "||||||| base"])
def test_a_conflict_is_named_with_its_line(marker: str, line_end: str) -> None:
    lines = GOLDEN.splitlines()
    text = line_end.join([*lines[:4], marker, *lines[4:]])
    assert failure(text) == (5, "the lock has a merge conflict that is not resolved")


def test_bytes_that_are_no_text() -> None:
    assert failure(b"lock: 1\nexperiments: \xff\n")[1].startswith("the lock is damaged: the byte 0xFF")


def test_a_link_is_no_lock(tmp_path: Path) -> None:
    put(tmp_path, "buy-now")
    (tmp_path / "egp.lock").rename(tmp_path / "elsewhere")
    (tmp_path / "egp.lock").symlink_to("elsewhere")
    with pytest.raises(LockError, match="the lock is a link"):
        read_lock(str(tmp_path))


def test_a_folder_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "egp.lock").mkdir()
    with pytest.raises(LockError, match="cannot read the lock"):
        read_lock(str(tmp_path))


def test_a_damaged_lock_is_not_written_over(tmp_path: Path) -> None:
    damaged = put(tmp_path, "buy-now").replace("policies: {}\n", "")
    (tmp_path / "egp.lock").write_text(damaged)
    with pytest.raises(LockError):
        update_lock(str(tmp_path), dict.clear)
    assert (tmp_path / "egp.lock").read_text() == damaged


def test_which_sign_offs_a_lock_attests() -> None:
    lock = entry()
    assert lock.attests("experimentation_lead", "@xp-lead", date(2023, 1, 16))
    assert not lock.attests("experimentation_lead", "@xp-lead", date(2023, 2, 1))
    assert not lock.attests("experimentation_lead", "@pdp-pm", date(2023, 1, 16))
    assert not lock.attests("privacy", "@xp-lead", date(2023, 1, 16))
