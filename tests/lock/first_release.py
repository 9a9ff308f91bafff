"""Locks as the first release wrote them, with all experiments in one file."""

from __future__ import annotations

import shutil
from pathlib import Path

from egp.record.entry_files import ENTRIES
from egp.record.lock import LOCK_FILE, read_lock
from egp.record.lock.text import rendered

EMPTY = (
    "# Written by egp register, egp amend and egp decide. Branches merge; of a conflict keep the lines of both sides.\n"
    "lock: 1\nexperiments: {}\npolicies: {}\n"
)


def as_first_release(root: Path) -> str:
    """Turns the lock of a folder into that of the first release, and returns its text."""
    text = rendered(read_lock(str(root)))
    shutil.rmtree(root / ENTRIES, ignore_errors=True)
    (root / LOCK_FILE).write_text(text, encoding="utf-8")
    return text
