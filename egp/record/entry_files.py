"""Where the entry of an experiment lies: one small file each, so that nobody has to read or merge those of the others.

The names are made for every file system that a repository may be checked out on: an id that is no such name itself
is written as what can be read of it and its hash.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from unicodedata import normalize

from egp.yaml.sha import sha256

LOCK_FILE = "egp.lock"
ONE_FILE, FOLDER = 1, 2
"""Versions of the form: the first release's, with all experiments in one file, and the folder's."""

ENTRIES = "egp.lock.d"
"""The folder of the entries, beside the lock."""

LEDGER = "egp.ledger.d"
"""A folder beside it with what pipelines write: which stages were entered. It has no plans either."""

ENDING = ".yaml"


def register_command(path: str) -> str:
    """The command that registers a plan on the day on which it is given, whichever day the plan states or whether it states one."""
    return f"egp register {path} --write-date"


_LONGEST = 80
_PLAIN = rf"[a-z0-9][a-z0-9_-]{{0,{_LONGEST - 1}}}"
_ENCODED = r"[a-z0-9_-]*~[0-9a-f]{32}"
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
)
"""Names that Windows keeps for devices, with whatever ending."""


def has_lock(root: str) -> bool:
    """Whether a folder has a lock, in whatever state and letters."""
    return any(os.path.lexists(os.path.join(root, name)) for name in (LOCK_FILE, ENTRIES)) or bool(
        lock_in_other_letters(names_in(root))
    )


def entry_file(name: str) -> str:
    """The file of an experiment's entry, relative to the lock's folder, with ``/`` between folders."""
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{ENTRIES}/{digest[:2]}/{_portable(name, digest)}{ENDING}"


def ledger_folder(name: str) -> str:
    """The folder of an experiment's entries in the ledger, relative to the lock's folder."""
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{LEDGER}/{digest[:2]}/{_portable(name, digest)}"


def _portable(name: str, digest: str) -> str:
    if re.fullmatch(_PLAIN, name) and name not in _DEVICES:
        return name
    readable = re.sub(r"[^a-z0-9_-]+", "-", name[:_LONGEST].lower()).strip("-")
    return f"{readable[:40]}~{digest[:32]}"


def named_by(path: str) -> str | None:
    """The experiment whose entry lies in a file, as far as the file's name says it."""
    name = path.rpartition("/")[2].removesuffix(ENDING)
    return name if re.fullmatch(_PLAIN, name) else None


def may_be_entry(shard: str, file: str) -> bool:
    """Whether an entry could lie in such a folder under such a name; what lies there otherwise is not egp's."""
    name = file.removesuffix(ENDING)
    is_name = re.fullmatch(_PLAIN, name) or re.fullmatch(_ENCODED, name)
    return file.endswith(ENDING) and bool(is_name) and bool(re.fullmatch(r"[0-9a-f]{2}", shard))


def is_entry(path: str) -> bool:
    """The same of a path relative to the lock's folder."""
    steps = path.split("/")
    return len(steps) == 3 and steps[0] == ENTRIES and may_be_entry(steps[1], steps[2])


def is_entry_in_other_letters(path: str) -> bool:
    """Whether a path is that of an entry but for capitals: where file systems fold them both are one file."""
    return not is_entry(path) and is_entry(_folded(path))


def lock_in_other_letters(names: Iterable[str]) -> str:
    """Which of the names in a folder is that of the lock, or of its entries, but for capitals; empty if none is."""
    own = (LOCK_FILE, ENTRIES)
    return next((each for each in names if each not in own and _folded(each) in own), "")


def in_other_letters(path: str, names: Callable[[str], Iterable[str]]) -> str:
    """What a file system that folds capitals takes for a path of egp's own as well; ``names`` are those in a folder."""
    found = [""]
    for step in path.split("/"):
        found = [f"{above}{each}/" for above in found for each in names(above) if _folded(each) == step]
    return next((each[:-1] for each in found if each[:-1] != path), "")


def names_in(folder: str) -> list[str]:
    """What lies in a folder; nothing where it cannot be listed, as whoever reads it will say."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _folded(name: str) -> str:
    return normalize("NFC", name).casefold()
