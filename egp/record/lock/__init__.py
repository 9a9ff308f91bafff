"""The lock: what was registered, when, under which policy and signed by whom.

Git keeps it, people review it, egp writes it. ``egp.lock`` says how the lock is kept and which policies are pinned. Each
experiment has a file of its own below ``egp.lock.d``, so that one is read, registered and merged without the others.
The first release kept all experiments in ``egp.lock``, one line each. Such a lock is read as it is: what it lists stays there
until it is moved, and new experiments get files of their own.

What reads it is exported here; `text.py` and `writing.py` write it, and are imported by name.
"""

from egp.record.entry_files import FOLDER, LOCK_FILE, ONE_FILE
from egp.record.lock.damage import unusable
from egp.record.lock.entries import Entries, EntryFolder, EntryStore, entry_in
from egp.record.lock.reading import Lock, Pins, read_lock, read_lock_text, require_own_letters
from egp.record.lock.registration import (
    Amended,
    Decided,
    Overruled,
    PinnedPolicy,
    RecordedPosition,
    Registration,
    Signed,
    Waived,
    made,
    said,
)
from egp.record.lock_error import LockError

__all__ = [
    "FOLDER",
    "LOCK_FILE",
    "ONE_FILE",
    "Amended",
    "Decided",
    "Entries",
    "EntryFolder",
    "EntryStore",
    "Lock",
    "LockError",
    "Overruled",
    "PinnedPolicy",
    "Pins",
    "RecordedPosition",
    "Registration",
    "Signed",
    "Waived",
    "entry_in",
    "made",
    "read_lock",
    "read_lock_text",
    "require_own_letters",
    "said",
    "unusable",
]  # fmt: skip
