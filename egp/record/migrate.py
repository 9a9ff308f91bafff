"""Moving a lock of the first release: each experiment that ``egp.lock`` lists gets a file of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from egp.plan.wording import counted
from egp.record.entry_files import ENTRIES, entry_file, register_command
from egp.record.lock import (
    FOLDER,
    LOCK_FILE,
    ONE_FILE,
    Entries,
    EntryFolder,
    Lock,
    LockError,
    Registration,
    entry_in,
    read_lock,
    read_lock_text,
    unusable,
)
from egp.record.lock.text import entry_text, lock_text
from egp.record.lock.writing import LockPart, alone, write_parts
from egp.yaml import read_bytes
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.files import read_regular, shown_path

LARGEST = 64 * MAX_BYTES
"""Bytes of a lock that has grown beyond what is read otherwise, and can still be moved."""


@dataclass(frozen=True, slots=True)
class MigratedLock:
    """What moving came to."""

    lock: str
    """The lock as messages show it."""
    folder: str
    """The lock's folder relative to the repository, as CODEOWNERS names it."""
    experiments: tuple[str, ...]
    is_new: bool
    """Whether there was anything left to do."""


def migrate(root: str, repository: str) -> MigratedLock:
    """Moves the entries, no other process in between. Raises LockError, and then nothing is lost.

    The lock file names the folder first and lets go of its experiments last. A move that was ended in between is taken up
    again; what is in both places then is the same, or it is damage.
    """
    name = shown_path(os.path.join(root, LOCK_FILE))
    with alone(root, name):
        lock = _lock_of(root, name)
        experiments = tuple(sorted(lock.in_lock_file))
        below = os.path.relpath(root, repository).replace(os.sep, "/")
        moved = MigratedLock(
            name, "/" if below == "." else f"/{below}/", experiments, lock.version == ONE_FILE
        )
        if lock.document is None and not experiments:
            message = "there is no lock here to move"
            raise unusable(name, message, f"`{register_command('PLAN')}` begins one, in the new form")
        if moved.is_new:
            write_parts(root, lock, list(_parts(root, lock)))
    return moved


def _parts(root: str, lock: Lock) -> Iterator[LockPart]:
    before = (
        lock.document.text if lock.document else lock_text(ONE_FILE, lock.in_lock_file, lock.policies, False)
    )
    marked = lock_text(ONE_FILE, lock.in_lock_file, lock.policies, has_folder=True)
    after = lock_text(FOLDER, {}, lock.policies, has_folder=True)
    if before != marked:
        yield LockPart(LOCK_FILE, before, marked)
    folder = EntryFolder(root, lock.path.removesuffix(LOCK_FILE))
    for name, entry in sorted(lock.in_lock_file.items()):
        path, text = entry_file(name), entry_text(name, entry)
        documents = folder.documents(path)
        if documents is None:
            entry_in(read_bytes(text.encode("utf-8"), path), name)  # nothing is written that is not readable
            yield LockPart(path, None, text)
        elif entry_text(name, entry_in(documents, name)) != text:
            message = f"the lock is damaged: {name} is here and in {LOCK_FILE}, and not the same"
            raise unusable(
                documents[0].path, message, "restore both files from git, then move the lock again"
            )
    yield LockPart(LOCK_FILE, marked, after)


def _lock_of(root: str, name: str) -> Lock:
    """The lock, also one of the first release that has grown beyond what is read otherwise."""
    path = os.path.join(root, LOCK_FILE)
    try:
        return read_lock(root)
    except LockError:
        if os.path.islink(path) or not MAX_BYTES < os.path.getsize(path) <= LARGEST:
            raise
    return _in_pieces(read_regular(path, LARGEST, root).decode("utf-8", "replace"), name)


_EXPERIMENTS = "\nexperiments:\n"
_PINS = "\npolicies: "
_START = re.compile(r"^  (?=[^ \]])", re.MULTILINE)
"""Where an experiment begins in a lock of the first release; the lines of its decisions stand further in."""


def _in_pieces(text: str, name: str) -> Lock:
    """A lock that is too large for one document, read in parts of which each is a lock."""
    head, _, rest = text.partition(_EXPERIMENTS)
    listed, _, pins = rest.rpartition(_PINS)
    starts = [match.start() for match in _START.finditer(listed)]
    if not starts:
        raise unusable(name, "the lock is damaged, and too large to say where", "restore it from git")
    found: dict[str, Registration] = {}
    policies: dict[str, object] = {}
    for begin, end in _ranges(starts, len(listed)):
        piece = f"{head}{_EXPERIMENTS}{listed[begin:end].rstrip()}{_PINS}{pins}"
        lock = read_lock_text(piece.encode("utf-8"), name)
        repeated = found.keys() & lock.in_lock_file.keys()
        if repeated:
            raise unusable(
                name, f"the lock is damaged: {min(repeated)} is in it twice", "keep the line that holds"
            )
        found |= lock.in_lock_file
        policies = lock.policies
    return Lock(name, None, Entries(found), policies)


def _ranges(starts: list[int], end: int) -> Iterator[tuple[int, int]]:
    """Stretches of whole experiments, each well within what is read at once."""
    begin = starts[0]
    for start, following in zip(starts, [*starts[1:], end], strict=True):
        if following - begin > MAX_BYTES // 2 and start > begin:
            yield begin, start
            begin = start
    yield begin, end


def migration_lines(moved: MigratedLock) -> Iterator[str]:
    """What it came to, in lines for people."""
    if moved.is_new:
        files = counted(len(moved.experiments), "registration")
        yield f"moved {files} from {moved.lock} to {ENTRIES}; no digest has changed"
    else:
        yield f"{moved.lock} is moved already"
    yield f"commit {moved.lock} and {ENTRIES} together; in CODEOWNERS, guard both:"
    yield f"{moved.folder}{LOCK_FILE}       @experimentation-leads"
    yield f"{moved.folder}{ENTRIES}/    @experimentation-leads"
