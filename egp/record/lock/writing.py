"""Changing the lock: all of its files or none, and no other process in between."""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager

from egp.record.entry_files import LOCK_FILE, entry_file
from egp.record.lock.damage import unusable
from egp.record.lock.entries import entry_in
from egp.record.lock.reading import Lock, Pins, read_lock, read_lock_text
from egp.record.lock.registration import Registration
from egp.record.lock.text import entry_text, lock_text
from egp.record.lock_error import LockError
from egp.stats.values import NamedTuple, replace
from egp.yaml import read_bytes
from egp.yaml.atomic import make_folder_of, take_back, write_atomically
from egp.yaml.claim import ClaimError, claimed
from egp.yaml.files import shown_path


def update_lock(
    root: str, edit: Callable[[MutableMapping[str, Registration]], None], shown_as: str = ""
) -> Lock:
    """Adds and replaces entries of the lock, no other process in between, and returns it. Raises LockError.

    What the edit raises leaves the lock as it was, and so does an edit that changes nothing.
    """
    return _update(root, lambda entries, _: edit(entries), shown_as)


def update_pins(root: str, edit: Callable[[Pins], None]) -> Lock:
    """Changes the policies that the lock pins, as ``update_lock`` changes its entries. Raises LockError."""
    return _update(root, lambda _, pins: edit(pins), "")


class LockPart(NamedTuple):
    """A file of the lock, relative to the lock's folder, with its text before and after."""

    path: str
    before: str | None
    after: str


def _update(
    root: str, edit: Callable[[MutableMapping[str, Registration], Pins], None], shown_as: str
) -> Lock:
    with alone(root, shown_as or shown_path(os.path.join(root, LOCK_FILE))):
        lock = read_lock(root, shown_as)
        edited: dict[str, Registration] = {}
        pins = dict(lock.policies)
        edit(ChainMap(edited, lock.entries), pins)  # type: ignore[arg-type]
        parts = list(_changed(lock, edited, pins))
        write_parts(root, lock, parts)
        written = tuple(lock.shown(part.path) for part in parts)
        return replace(read_lock(root, shown_as), written=written) if parts else lock


def _changed(lock: Lock, edited: Mapping[str, Registration], pins: Pins) -> Iterator[LockPart]:
    """The files that an edit changes, each known to read back. The lock file comes first: it names the folder."""
    listed = lock.in_lock_file
    own = [
        part
        for name, entry in edited.items()
        if name not in listed
        for part in _changed_entry(lock, name, entry)
    ]
    after = {name: edited.get(name, entry) for name, entry in listed.items()}
    text = lock_text(lock.version, after, pins, lock.has_folder or bool(own))
    is_new = lock.document is None and bool(own or pins)
    if is_new or text != lock_text(lock.version, listed, lock.policies, lock.has_folder):
        _require_readable(lock.path, text, lambda content: read_lock_text(content, lock.path))
        yield LockPart(LOCK_FILE, lock.document.text if lock.document else None, text)
    yield from own


def _changed_entry(lock: Lock, name: str, entry: Registration) -> Iterator[LockPart]:
    before = lock.entries.get(name)
    old, new = entry_text(name, before) if before else None, entry_text(name, entry)
    if old != new:
        path = entry_file(name)
        _require_readable(lock.shown(path), new, lambda content: entry_in(read_bytes(content, ""), name))
        yield LockPart(path, old, new)


def _require_readable(path: str, text: str, reading: Callable[[bytes], object]) -> None:
    """Nothing is written that egp would refuse afterwards."""
    try:
        reading(text.encode("utf-8"))
    except (LockError, UnicodeEncodeError) as error:
        message = f"cannot write the lock, since it could not be read again: {error}"
        help = (
            "it is as it was before; a lock that lists its experiments is divided by `egp register --migrate`"
        )
        raise unusable(path, message, help) from None


def write_parts(root: str, lock: Lock, parts: Sequence[LockPart]) -> None:
    """Writes the files, all of them or, as far as the disk lets it, none. Raises LockError, which says what is there."""
    for number, part in enumerate(parts):
        try:
            path = os.path.join(root, part.path)
            make_folder_of(path)
            write_atomically(path, part.after.encode("utf-8"))
        except OSError as error:
            left = [lock.shown(each) for each in _not_undone(root, parts[:number])]
            reason = error.strerror or type(error).__name__
            help = (
                f"{', '.join(left)} changed all the same; the command, given again, completes it"
                if left
                else "it is as it was before"
            )
            raise unusable(lock.shown(part.path), f"cannot write the lock: {reason}", help) from None


def _not_undone(root: str, parts: Sequence[LockPart]) -> Iterator[str]:
    """Takes files back to what they were, and yields those that could not be."""
    for part in reversed(parts):
        path = os.path.join(root, part.path)
        try:
            if part.before is None:
                take_back(path)
            else:
                write_atomically(path, part.before.encode("utf-8", "surrogatepass"))
        except OSError:
            yield part.path


@contextmanager
def alone(root: str, name: str) -> Iterator[None]:
    """Keeps other processes from updating the same lock. Raises LockError."""
    try:
        with claimed(root):
            yield
    except ClaimError as error:
        raise unusable(name, str(error), error.help) from None
