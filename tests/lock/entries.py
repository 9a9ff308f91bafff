"""Entries and locks for tests."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from shutil import rmtree

from egp.record.entry_files import ENTRIES, entry_file
from egp.record.lock import LOCK_FILE, Decided, PinnedPolicy, Registration, Signed, made
from egp.record.lock.writing import update_lock

DIGEST = "v1:sha256:" + "0123456789abcdef" * 4
POLICY = made(PinnedPolicy, name="egp:standard", version="2026.2", digest="sha256:" + "f" * 64)


def entry(name: str = "buy-now", **values: object) -> Registration:
    stated = {
        "path": f"experiments/{name}.yaml",
        "digest": DIGEST,
        "registered": date(2023, 1, 17),
        "policy": POLICY,
        "signed": (made(Signed, role="experimentation_lead", by="@xp-lead", on=date(2023, 1, 16)),),
    }
    return made(Registration, **{**stated, **values})


def decided(because: str, **values: object) -> Decided:
    stated = {"option": "B", "means": "roll back", "role": "experimentation_lead", "on": date(2023, 3, 2)}
    return made(Decided, **{**stated, "because": because, "plan": DIGEST, **values})


def put(root: Path, *names: str) -> str:
    """Registers the names, and returns the texts of the lock."""
    update_lock(str(root), lambda entries: entries.update({name: entry(name) for name in names}))
    return whole_lock(root) or ""


def whole_lock(root: Path) -> str | None:
    """The texts of all files of the lock, each under its name; None if there are none."""
    files = [root / LOCK_FILE, *sorted(root.glob(f"{ENTRIES}/*/*"))]
    told = [
        f"== {file.relative_to(root)}\n{file.read_text(encoding='utf-8')}"
        for file in files
        if file.exists() and file.suffix != ".partial"
    ]
    return "".join(told) or None


def remove_lock(root: Path) -> None:
    (root / LOCK_FILE).unlink()
    rmtree(root / ENTRIES, ignore_errors=True)


def forge(root: Path, name: str, **values: object) -> None:
    """Changes an entry as somebody does who knows how egp writes it."""
    update_lock(
        str(root),
        lambda entries: entries.update({name: made(Registration, **{**vars(entries[name]), **values})}),
    )


def own_file(root: Path, name: str) -> Path:
    return root / entry_file(name)
