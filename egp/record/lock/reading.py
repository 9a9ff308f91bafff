"""The lock as read: of the working tree, or of a commit."""

# No postponed annotations here: shapes are read from the annotations themselves.

import os
from collections.abc import Iterable, Iterator, Mapping

from egp.plan.quantity import shown
from egp.plan.typed_reader import TypedMapping, ValueProblem, field, read
from egp.record.entry_files import ENTRIES, FOLDER, LOCK_FILE, ONE_FILE, lock_in_other_letters, names_in
from egp.record.lock import damage
from egp.record.lock.entries import Entries, EntryFolder, EntryStore
from egp.record.lock.registration import Registration
from egp.stats.values import frozen
from egp.yaml import Document, Path, read_bytes, read_file
from egp.yaml.files import shown_path

Pins = dict[str, object]
"""Policy file that others extend → digest of its content."""


class _LockFile(TypedMapping):
    needs = ("lock", "policies")
    lock: int | None = field("Version of the form.")
    experiments: dict[str, Registration] | None = field("Id of an experiment → its registration.")
    policies: dict[str, object] | None = field("Policy file that others extend → digest of its content.")
    entries: str | None = field("The folder with the entries of all other experiments.")


@frozen
class Lock:
    """A lock as read."""

    path: str
    """The file as messages show it."""
    document: Document | None
    """None where there is no file yet."""
    entries: Mapping[str, Registration]
    """Id of an experiment → its registration."""
    policies: Pins
    version: int = ONE_FILE
    has_folder: bool = False
    """Whether experiments have files of their own; of a lock of the first release only some may."""
    written: tuple[str, ...] = ()
    """The files that an update wrote, as messages show them."""

    @property
    def in_lock_file(self) -> Mapping[str, Registration]:
        """The entries that the lock file itself has."""
        return self.entries.in_lock_file if isinstance(self.entries, Entries) else self.entries

    def place(self, name: str) -> tuple[Document, Path] | None:
        """The document with the experiment's entry, and the entry's path in it."""
        own = self.entries.document(name) if isinstance(self.entries, Entries) else None
        if own is not None:
            return own, ()
        path: Path = ("experiments", name)
        return (self.document, path) if self.document is not None and self.document.exists(path) else None

    def shown(self, file: str) -> str:
        """A file of the lock, given relative to its folder, as messages show it."""
        return self.path.removesuffix(LOCK_FILE) + file


def read_lock(root: str, shown_as: str = "") -> Lock:
    """The lock in a folder, empty if there is none. Raises LockError for one that is damaged or in conflict."""
    path = os.path.join(root, LOCK_FILE)
    name = shown_as or shown_path(path)
    store = EntryFolder(root, name.removesuffix(LOCK_FILE))
    require_own_letters(names_in(root), name.removesuffix(LOCK_FILE))
    if os.path.islink(path):
        raise damage.unusable(name, "the lock is a link", "commit the file itself")
    try:
        documents = read_file(path, name)
    except FileNotFoundError:
        if store.is_there:
            message = f"the lock is damaged: {ENTRIES} is there, and {LOCK_FILE} is not"
            raise damage.unusable(name, message, damage.RESTORE) from None
        return Lock(name, None, Entries({}, store), {}, FOLDER, has_folder=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise damage.unusable(
            name, f"cannot read the lock: {reason}", "make it readable, or restore it"
        ) from None
    lock = _lock(documents, store)
    if store.is_there and not lock.has_folder:
        message = f"the lock is damaged: {ENTRIES} is there, and {LOCK_FILE} does not name it"
        raise damage.unusable(name, message, damage.RESTORE)
    return lock


def require_own_letters(names: Iterable[str], prefix: str) -> None:
    """Raises LockError where a lock lies in a folder of these names in other letters: file systems that fold them find it."""
    if found := lock_in_other_letters(names):
        raise damage.in_other_letters(prefix + found, found.casefold())


def read_lock_text(text: bytes, shown_as: str, store: EntryStore | None = None) -> Lock:
    """A lock from its content, such as git's version of it, with the store of its entries. Raises LockError."""
    return _lock(read_bytes(text, shown_as), store)


def _lock(documents: list[Document], store: EntryStore | None) -> Lock:
    document = damage.only_document(documents, "a lock is one document")
    problems: list[ValueProblem] = []
    content = read(_LockFile, document.value, (), problems)
    problems += [*damage.foreign_keys(document.value, ()), *_misfits(content)]
    damage.refuse([damage.failure_of(document, problem) for problem in problems])
    has_folder = content.entries is not None
    entries = Entries(dict(content.experiments or {}), store if has_folder else None)
    return Lock(document.path, document, entries, dict(content.policies or {}), content.lock or 0, has_folder)


def _misfits(content: _LockFile) -> Iterator[ValueProblem]:
    if content.lock not in (None, ONE_FILE, FOLDER):
        message = f"this is format {content.lock}, and this egp reads formats {ONE_FILE} and {FOLDER}"
        yield ValueProblem(("lock",), "wrong-type", message, "update egp")
    if content.entries not in (None, ENTRIES):
        message = f"the entries lie in {ENTRIES}, not in {shown(content.entries)}"
        yield ValueProblem(("entries",), "wrong-type", message, damage.RESTORE)
    if content.lock == FOLDER and content.experiments is not None:
        message = f"a lock of format {FOLDER} lists no experiments"
        help = "of a merge keep the file that says `lock: 2`, and register the plans of the other side again"
        yield ValueProblem(("experiments",), "wrong-type", message, help)
    else:
        lacking = {ONE_FILE: "experiments", FOLDER: "entries"}.get(content.lock or 0, "")
        if lacking and getattr(content, lacking) is None:
            yield ValueProblem(
                (), "missing", f"a lock of format {content.lock} has no `{lacking}`", damage.RESTORE
            )
    for name, entry in (content.experiments or {}).items():
        yield from damage.misfits_of(entry, ("experiments", name))
