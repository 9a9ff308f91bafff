"""The experiments' entries, read when they are requested: each from a file of its own, or from ``egp.lock`` itself."""

# No postponed annotations here: shapes are read from the annotations themselves.

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from egp.plan.quantity import shown
from egp.plan.typed_reader import TypedMapping, ValueProblem, field, read
from egp.record.entry_files import (
    ENTRIES,
    FOLDER,
    LOCK_FILE,
    entry_file,
    is_entry,
    is_entry_in_other_letters,
    named_by,
)
from egp.record.lock.damage import (
    failure,
    failure_of,
    foreign_keys,
    in_other_letters,
    misfits_of,
    only_document,
    refuse,
    unusable,
)
from egp.record.lock.registration import Registration, said
from egp.record.lock_error import LockError
from egp.stats.hints import Protocol
from egp.yaml import Document, read_file
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.files import read_regular
from egp.yaml.sha import sha256

T = TypeVar("T")

_KEPT = 10_000
"""Entries that are kept in memory once they were read."""

_RESTORE_ENTRY = (
    "restore it from git; of a merge keep the file of one side, and give the command of the other one again"
)


class _EntryHead(TypedMapping):
    needs = ("entry", "experiment", "sum")
    entry: int | None = field("Version of the form.")
    experiment: str | None = field("Id of the experiment.")
    sum: str | None = field("Digest of the lines above it.")


class EntryStore(Protocol):
    """Where entries are read from: the working tree, or a commit. Paths are those of ``entry_file``."""

    def documents(self, path: str) -> list[Document] | None:
        """The file of an entry; None where there is none. Raises LockError."""

    def paths(self) -> Iterable[str]:
        """The files of all entries. Raises LockError."""


class Entries(Mapping[str, Registration]):
    """Id of an experiment → its registration, read when it is requested. Every access may raise LockError."""

    def __init__(self, in_lock_file: Mapping[str, Registration], store: EntryStore | None = None) -> None:
        self.in_lock_file = in_lock_file
        self.store = store
        self._known: dict[str, Registration | None] = {}

    def __getitem__(self, name: str) -> Registration:
        if name not in self._known:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[name] = self._found(name)
        found = self._known[name]
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        yield from self.in_lock_file
        for path in self.store.paths() if self.store else ():
            name = self.experiment_in(path)
            if name in self.in_lock_file:
                self[name]  # to say that it is in both places
            yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def digest(self, name: str) -> str | None:
        """Of what the lock says of an experiment, unread; empty where that is nothing, None for a lock of a commit."""
        if not isinstance(self.store, EntryFolder):
            return None
        content, own = self.store.content(entry_file(name)), self.in_lock_file.get(name)
        if content is None and own is None:
            return ""
        return sha256(f"{said(own)!r}".encode("utf-8", "surrogatepass") + (content or b"")).hexdigest()

    def document(self, name: str) -> Document | None:
        """The experiment's own file; None if it has none."""
        documents = self.store.documents(entry_file(name)) if self.store else None
        return documents[0] if documents else None

    def _found(self, name: str) -> Registration | None:
        documents = self.store.documents(entry_file(name)) if self.store else None
        if documents is None:
            return self.in_lock_file.get(name)
        entry = entry_in(documents, name)
        if name in self.in_lock_file:
            message = f"the lock is damaged: {shown(name)} is here and in {LOCK_FILE}"
            help = "if a move was ended half-way, `egp register --migrate` completes it; else restore both files from git"
            raise unusable(documents[0].path, message, help)
        return entry

    def experiment_in(self, path: str) -> str:
        """Whose entry a file is, which its name says unless the id is no name for a file."""
        name = named_by(path)
        if name is not None:
            if entry_file(name) != path:
                message = f"the lock is damaged: the entry of {name} lies where another one belongs"
                raise unusable(path, message, f"its place is {entry_file(name)}")
            return name
        documents = self.store.documents(path) if self.store else None
        if documents is None:
            raise unusable(path, "this entry is missing since its folder was listed", "run the command again")
        name = _head_of(documents).experiment or ""
        _require_place(documents[0], path, name)
        return name


class EntryFolder:
    """The entries of the working tree."""

    def __init__(self, root: str, prefix: str = "") -> None:
        self.root = root
        self.prefix = prefix
        """Stands before the paths that messages show."""

    @property
    def is_there(self) -> bool:
        return os.path.lexists(os.path.join(self.root, ENTRIES))

    def documents(self, path: str) -> list[Document] | None:
        return self._read(path, lambda file: read_file(file, self.prefix + path))

    def content(self, path: str) -> bytes | None:
        """What the file of an entry has; None where there is none. Raises LockError."""
        return self._read(path, lambda file: read_regular(file, MAX_BYTES))

    def _read(self, path: str, read: Callable[[str], T]) -> T | None:
        steps = path.split("/")
        for count in range(1, len(steps) + 1):
            self._require_no_link("/".join(steps[:count]))
        try:
            return read(os.path.join(self.root, path))
        except FileNotFoundError:
            for _ in self._in_shard(steps[1]):
                pass  # to say that it is there in other letters
            return None
        except OSError as error:
            raise self._unreadable(path, error) from None

    def paths(self) -> Iterator[str]:
        return self._in_shard()

    def _in_shard(self, only: str = "") -> Iterator[str]:
        """The entries of one folder, however its name is written, or of all."""
        for shard in self._names(ENTRIES):
            folder = f"{ENTRIES}/{shard}"
            if shard.casefold().startswith(only) and os.path.isdir(os.path.join(self.root, folder)):
                self._require_no_link(folder)
                for name in self._names(folder):
                    self._require_own_letters(f"{folder}/{name}")
                    if is_entry(f"{folder}/{name}"):
                        yield f"{folder}/{name}"

    def _require_own_letters(self, path: str) -> None:
        if is_entry_in_other_letters(path):
            raise in_other_letters(self.prefix + path, path.casefold())

    def _names(self, folder: str) -> list[str]:
        self._require_no_link(folder)
        try:
            return sorted(os.listdir(os.path.join(self.root, folder)))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unreadable(folder, error) from None

    def _require_no_link(self, path: str) -> None:
        if os.path.islink(os.path.join(self.root, path)):
            raise unusable(self.prefix + path, "a part of the lock is a link", "commit the file itself")

    def _unreadable(self, path: str, error: OSError) -> LockError:
        reason = error.strerror or type(error).__name__
        return unusable(
            self.prefix + path, f"cannot read the lock: {reason}", "make it readable, or restore it"
        )


def entry_in(documents: list[Document], name: str) -> Registration:
    """The entry in an experiment's own file. Raises LockError."""
    head = _head_of(documents)
    document = documents[0]
    if head.experiment != name:
        _require_place(document, entry_file(name), head.experiment or "")
    stated = {
        each: value for each, value in _mapping(document).items() if each not in _EntryHead.__annotations__
    }
    problems: list[ValueProblem] = []
    entry = read(Registration, stated, (), problems)
    problems += [*foreign_keys(stated, ()), *misfits_of(entry, ())]
    refuse([failure_of(document, problem) for problem in problems])
    return entry


def _head_of(documents: list[Document]) -> _EntryHead:
    """What an experiment's own file says of itself, which is true: a file that was changed by hand is refused."""
    document = only_document(documents, "an entry is one document")
    mapping = _mapping(document)
    problems: list[ValueProblem] = []
    head = read(
        _EntryHead,
        {each: mapping[each] for each in _EntryHead.__annotations__ if each in mapping},
        (),
        problems,
    )
    refuse([failure_of(document, problem) for problem in problems])
    if head.entry != FOLDER:
        message = f"this is format {head.entry}, and this egp reads format {FOLDER}"
        refuse([failure(document, document.span(("entry",)), message, "update egp")])
    above, _, last = document.text.replace("\r\n", "\n").rpartition("sum: ")
    if last != f'"{sum_of(above)}"\n':
        message = "it is not as egp wrote it: its sum is not that of its lines"
        refuse([failure(document, document.span(("sum",)), message, _RESTORE_ENTRY)])
    return head


def _mapping(document: Document) -> dict[str, object]:
    if not isinstance(document.value, dict):
        refuse([failure(document, document.span(()), "an entry is a mapping of keys", _RESTORE_ENTRY)])
    return document.value  # type: ignore[return-value]


def _require_place(document: Document, path: str, name: str) -> None:
    if entry_file(name) != path:
        message = f"the entry of {shown(name)} lies where another one belongs"
        span = document.span(("experiment",))
        refuse([failure(document, span, message, f"its place is {entry_file(name)}")])


def sum_of(text: str) -> str:
    return f"sha256:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
