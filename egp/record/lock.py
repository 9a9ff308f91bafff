"""The lock: what was registered, when, under which policy and signed by whom.

Git keeps it, people review it, egp writes it. ``egp.lock`` says how the lock is kept and which policies are pinned. Each
experiment has a file of its own below ``egp.lock.d``, so that one is read, registered and merged without the others.
The first release kept all experiments in ``egp.lock``, one line each. Such a lock is read as it is: what it lists stays there
until it is moved, and new experiments get files of their own.
"""

# No postponed annotations here: shapes are read from the annotations themselves.

import os
import re
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

from egp.plan.finding import Failure
from egp.plan.quantity import shown
from egp.plan.results import FrozenReadout
from egp.plan.typed_reader import Problem, Shape, field, listed, read
from egp.record.entry_files import ENTRIES, entry_file, may_be_entry, named_by
from egp.yaml import Document, Path, Position, Span, read_bytes, read_file
from egp.yaml.atomic import make_folder_of, take_back, write_atomically
from egp.yaml.claim import ClaimError, claimed
from egp.yaml.flow import flow, key

LOCK_FILE = "egp.lock"
ONE_FILE, FOLDER = 1, 2
"""Versions of the form: the first release's, with all experiments in one file, and the folder's."""

S = TypeVar("S", bound=Shape)
Pins = dict[str, object]
"""Policy file that others extend → digest of its content."""


class Signed(Shape):
    """A sign-off that the lock attests."""

    needs = ("role", "by")
    role: str | None = field("Role that signed.", "experimentation_lead")
    by: str | None = field("Who signed.", "@xp-lead")
    on: date | None = field("The date of the sign-off.", "2023-01-17")


class PinnedPolicy(Shape):
    """The policy that a plan was registered under."""

    needs = ("name", "digest")
    name: str | None = field("Name of the policy, or its file relative to the lock.", "egp:standard")
    version: str | None = field("Version that the policy states.", "2026.2")
    digest: str | None = field("Digest of the policy's files.")


class Amended(Shape):
    """A change of material fields after registration."""

    needs = ("digest", "on")
    digest: str | None = field("Digest of the plan after the amendment.")
    on: date | None = field("When it was amended.", "2023-01-30")
    data_access: Literal["nothing_run", "no_results_seen", "results_seen"] | None = field(
        "What was known of the results then."
    )
    analysis: int | None = field("Number of the analysis that the plan is judged by since.", 2)


class Decided(Shape):
    """What people decided on an experiment, why, and who disagreed and committed."""

    needs = ("option", "role", "on", "because", "plan")
    option: str | None = field(
        "The option, as a letter of the brief or as the plan's decision rule has it.", "B"
    )
    means: str | None = field("What the letter stood for then.", "roll back")
    role: str | None = field("Role that decided.", "experimentation_lead")
    by: str | None = field("Who decided.", "@xp-lead")
    on: date | None = field("When.", "2023-03-02")
    because: str | None = field("Why.")
    dissent: str | None = field("What somebody held against it before committing to it.")
    plan: str | None = field("Digest of the plan that was decided on.")
    receipt: str | None = field("Digest of the gate's receipt that it rests on.")
    readout: FrozenReadout | None = field("Rows of a look that the gate judges by from then on.")


class Registration(Shape):
    """An experiment's entry in the lock."""

    needs = ("path", "digest", "registered", "policy")
    path: str | None = field("The plan's file, relative to the lock.", "experiments/pdp-buy-now.yaml")
    digest: str | None = field("Digest of the plan as it was registered.")
    registered: date | None = field("When the plan was registered.", "2023-01-17")
    analysis: int | None = field("Number of the analysis that the plan was registered for; without it 1.", 2)
    policy: PinnedPolicy | None = field("The policy in force then.")
    signed: tuple[Signed, ...] = listed("Sign-offs the plan had.")
    amended: tuple[Amended, ...] = listed("Amendments since, in order.")
    decisions: tuple[Decided, ...] = listed("Decisions on the experiment, in order.")
    archived: date | None = field(
        "When the experiment was put away; its plan may be gone since.", "2024-01-08"
    )

    @property
    def current_digest(self) -> str:
        """Digest that the plan must have today: of its last amendment, or of its registration."""
        return (self.amended[-1].digest if self.amended else self.digest) or ""

    @property
    def current_analysis(self) -> int:
        """Number of the analysis that the plan is to be judged by: of its last amendment that names one."""
        named = [each.analysis for each in self.amended if each.analysis is not None]
        return named[-1] if named else self.analysis or 1

    def attests(self, role: str | None, by: str | None, on: date | None) -> bool:
        """Whether this sign-off was there when the plan was registered or registered again."""
        return any(
            signed.role == role and signed.by == by and signed.on in (None, on) for signed in self.signed
        )


class _LockFile(Shape):
    needs = ("lock", "policies")
    lock: int | None = field("Version of the form.")
    experiments: dict[str, Registration] | None = field("Id of an experiment → its registration.")
    policies: dict[str, object] | None = field("Policy file that others extend → digest of its content.")
    entries: str | None = field("The folder with the entries of all other experiments.")


class _EntryHead(Shape):
    needs = ("entry", "experiment", "sum")
    entry: int | None = field("Version of the form.")
    experiment: str | None = field("Id of the experiment.")
    sum: str | None = field("Digest of the lines above it.")


class LockError(Exception):
    """A lock that cannot be relied on; egp ends with exit status 2."""

    def __init__(self, failures: tuple[Failure, ...]) -> None:
        super().__init__(failures[0].message)
        self.failures = failures


class EntryStore(Protocol):
    """Where entries are read from: the working tree, or a commit. Paths are those of ``entry_file``."""

    def documents(self, path: str) -> list[Document] | None:
        """The file of an entry; None where there is none. Raises LockError."""
        ...

    def paths(self) -> Iterable[str]:
        """The files of all entries. Raises LockError."""
        ...


class Entries(Mapping[str, Registration]):
    """Id of an experiment → its registration, read when it is asked for. Every access may raise LockError."""

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
            raise unusable(path, "this entry is gone since its folder was listed", "run the command again")
        name = _head_of(documents).experiment or ""
        _require_place(documents[0], path, name)
        return name


_KEPT = 10_000
"""Entries that are kept in memory once they were read."""


@dataclass(frozen=True, slots=True)
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


def made(shape: type[S], **values: Any) -> S:
    """A part of a lock with these values, the others at their defaults."""
    part = read(shape, {})
    part.__dict__.update(values)
    return part


def has_lock(root: str) -> bool:
    """Whether a folder has a lock, in whatever state."""
    return any(os.path.lexists(os.path.join(root, name)) for name in (LOCK_FILE, ENTRIES))


def read_lock(root: str, shown_as: str = "") -> Lock:
    """The lock in a folder, empty if there is none. Raises LockError for one that is damaged or in conflict."""
    path = os.path.join(root, LOCK_FILE)
    name = shown_as or shown_path(path)
    store = EntryFolder(root, name.removesuffix(LOCK_FILE))
    if os.path.islink(path):
        raise unusable(name, "the lock is a link", "commit the file itself")
    try:
        documents = read_file(path, name)
    except FileNotFoundError:
        if store.is_there:
            message = f"the lock is damaged: {ENTRIES} is there, and {LOCK_FILE} is not"
            raise unusable(name, message, _RESTORE) from None
        return Lock(name, None, Entries({}, store), {}, FOLDER, has_folder=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise unusable(name, f"cannot read the lock: {reason}", "make it readable, or restore it") from None
    lock = _lock(documents, store)
    if store.is_there and not lock.has_folder:
        message = f"the lock is damaged: {ENTRIES} is there, and {LOCK_FILE} does not name it"
        raise unusable(name, message, _RESTORE)
    return lock


def read_lock_text(text: bytes, shown_as: str, store: EntryStore | None = None) -> Lock:
    """A lock from its content, such as git's version of it, with the store of its entries. Raises LockError."""
    return _lock(read_bytes(text, shown_as), store)


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


def shown_path(path: str) -> str:
    """A path as messages show it."""
    relative = os.path.relpath(path)
    return (path if relative.startswith("..") else relative).replace(os.sep, "/")


def unusable(path: str, message: str, help: str) -> LockError:
    return LockError((Failure(path, message, help=help),))


@contextmanager
def alone(root: str, name: str) -> Iterator[None]:
    """Keeps other processes from updating the same lock. Raises LockError."""
    try:
        with claimed(root):
            yield
    except ClaimError as error:
        raise unusable(name, str(error), error.help) from None


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
        steps = path.split("/")
        for count in range(1, len(steps) + 1):
            self._require_no_link("/".join(steps[:count]))
        try:
            return read_file(os.path.join(self.root, path), self.prefix + path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unreadable(path, error) from None

    def paths(self) -> Iterator[str]:
        for shard in self._names(ENTRIES):
            folder = f"{ENTRIES}/{shard}"
            if os.path.isdir(os.path.join(self.root, folder)):
                self._require_no_link(folder)
                yield from (f"{folder}/{name}" for name in self._names(folder) if may_be_entry(shard, name))

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


_MARKER = re.compile(r"^(<{7}|\|{7}|={7}|>{7})(?=[ \r\n]|\Z)", re.MULTILINE)
_DIGEST = re.compile(r"v[0-9]+:sha256:[0-9a-f]{64}")
_RESTORE = "egp writes this file; restore it from git, or correct the line"
_OPEN_PARTS = frozenset({"policies", "rows"})


def _lock(documents: list[Document], store: EntryStore | None) -> Lock:
    document = _only(documents, "a lock is one document")
    problems: list[Problem] = []
    content = read(_LockFile, document.value, (), problems)
    problems += [*_foreign_keys(document.value, ()), *_misfits(content)]
    _refuse([_failure_of(document, problem) for problem in problems])
    has_folder = content.entries is not None
    entries = Entries(dict(content.experiments or {}), store if has_folder else None)
    return Lock(document.path, document, entries, dict(content.policies or {}), content.lock or 0, has_folder)


def _only(documents: list[Document], message: str) -> Document:
    """The one document of a file, without conflicts and mistakes. Raises LockError."""
    document = documents[0]
    _refuse(list(_conflicts(document)))
    failures = [
        _failure(document, problem.span, problem.message, problem.help) for problem in document.problems
    ]
    if len(documents) > 1:
        failures.append(_failure(document, documents[1].span(()), message, _RESTORE))
    _refuse(failures)
    return document


def entry_in(documents: list[Document], name: str) -> Registration:
    """The entry in an experiment's own file. Raises LockError."""
    head = _head_of(documents)
    document = documents[0]
    if head.experiment != name:
        _require_place(document, entry_file(name), head.experiment or "")
    stated = {
        each: value for each, value in _mapping(document).items() if each not in _EntryHead.__annotations__
    }
    problems: list[Problem] = []
    entry = read(Registration, stated, (), problems)
    problems += [*_foreign_keys(stated, ()), *_misfits_of(entry, ())]
    _refuse([_failure_of(document, problem) for problem in problems])
    return entry


def _head_of(documents: list[Document]) -> _EntryHead:
    """What an experiment's own file says of itself, which is true: a file that was changed by hand is refused."""
    document = _only(documents, "an entry is one document")
    mapping = _mapping(document)
    problems: list[Problem] = []
    head = read(
        _EntryHead,
        {each: mapping[each] for each in _EntryHead.__annotations__ if each in mapping},
        (),
        problems,
    )
    _refuse([_failure_of(document, problem) for problem in problems])
    if head.entry != FOLDER:
        message = f"this is format {head.entry}, and this egp reads format {FOLDER}"
        _refuse([_failure(document, document.span(("entry",)), message, "update egp")])
    above, _, last = document.text.replace("\r\n", "\n").rpartition("sum: ")
    if last != f'"{_sum(above)}"\n':
        message = "it is not as egp wrote it: its sum is not that of its lines"
        _refuse([_failure(document, document.span(("sum",)), message, _RESTORE_ENTRY)])
    return head


_RESTORE_ENTRY = (
    "restore it from git; of a merge keep the file of one side, and give the command of the other one again"
)


def _mapping(document: Document) -> dict[str, object]:
    if not isinstance(document.value, dict):
        _refuse([_failure(document, document.span(()), "an entry is a mapping of keys", _RESTORE_ENTRY)])
    return document.value  # type: ignore[return-value]


def _require_place(document: Document, path: str, name: str) -> None:
    if entry_file(name) != path:
        message = f"the entry of {shown(name)} lies where another one belongs"
        span = document.span(("experiment",))
        _refuse([_failure(document, span, message, f"its place is {entry_file(name)}")])


def _refuse(failures: list[Failure]) -> None:
    if failures:
        raise LockError(tuple(failures))


def _failure(document: Document, span: Span, message: str, help: str) -> Failure:
    line = document.line(span.start.line)
    return Failure(document.path, f"the lock is damaged: {message}", "", span, line, help)


def _failure_of(document: Document, problem: Problem) -> Failure:
    on_key = problem.kind == "unknown-key"
    return _failure(document, document.span(problem.path, key=on_key), problem.message, _RESTORE)


def _conflicts(document: Document) -> Iterator[Failure]:
    """Where git left both sides of a merge, once for all."""
    marker = _MARKER.search(document.text)
    if marker:
        number = document.text.count("\n", 0, marker.start()) + 1
        span = Span(Position(number, 1), Position(number, 8))
        help = (
            "keep the lines of both sides and remove the markers; of one experiment keep the line that holds"
        )
        message = "the lock has a merge conflict that is not resolved"
        yield Failure(document.path, message, "", span, document.line(number), help)


def _foreign_keys(value: object, path: Path) -> Iterator[Problem]:
    """Keys that shapes elsewhere allow for one's own use; here the next registration would lose them."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key.startswith("x-") and path != ("experiments",):
                yield Problem((*path, key), "unknown-key", f"unknown key `{shown(key)}`", _RESTORE)
            elif key not in _OPEN_PARTS or path == ("experiments",):
                yield from _foreign_keys(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _foreign_keys(item, (*path, position))


def _misfits(content: _LockFile) -> Iterator[Problem]:
    if content.lock not in (None, ONE_FILE, FOLDER):
        message = f"this is format {content.lock}, and this egp reads formats {ONE_FILE} and {FOLDER}"
        yield Problem(("lock",), "wrong-type", message, "update egp")
    if content.entries not in (None, ENTRIES):
        message = f"the entries lie in {ENTRIES}, not in {shown(content.entries)}"
        yield Problem(("entries",), "wrong-type", message, _RESTORE)
    if content.lock == FOLDER and content.experiments is not None:
        message = f"a lock of format {FOLDER} lists no experiments"
        help = "of a merge keep the file that says `lock: 2`, and register the plans of the other side again"
        yield Problem(("experiments",), "wrong-type", message, help)
    else:
        lacking = {ONE_FILE: "experiments", FOLDER: "entries"}.get(content.lock or 0, "")
        if lacking and getattr(content, lacking) is None:
            yield Problem((), "missing", f"a lock of format {content.lock} has no `{lacking}`", _RESTORE)
    for name, entry in (content.experiments or {}).items():
        yield from _misfits_of(entry, ("experiments", name))


def _misfits_of(entry: Registration, path: Path) -> Iterator[Problem]:
    digests = [(entry.digest, (*path, "digest"))]
    digests += [(each.digest, (*path, "amended", at, "digest")) for at, each in enumerate(entry.amended)]
    digests += [(each.plan, (*path, "decisions", at, "plan")) for at, each in enumerate(entry.decisions)]
    for digest, at in digests:
        if digest is not None and not _DIGEST.fullmatch(digest):
            yield Problem(at, "wrong-type", f"{shown(digest)} is not the digest of a plan", _RESTORE)
    if entry.path is not None and (
        entry.path.startswith("/") or {"", ".", ".."} & set(entry.path.split("/"))
    ):
        message = f"{shown(entry.path)} is not a path below the lock's folder"
        yield Problem((*path, "path"), "wrong-type", message, _RESTORE)


_HEADER = "# Written by egp register, egp amend and egp decide. Branches merge; of a conflict keep the lines of both sides.\n"
_FOLDER_HEADER = f"# Written by egp. Each experiment has a file of its own in {ENTRIES}; both belong to those who register.\n"
_ENTRY_HEADER = "# Written by egp register, egp amend and egp decide. Of a conflict keep one side, and give the other command again.\n"


def rendered(lock: Lock) -> str:
    """The lock's text with all of its experiments in it: the same entries give the same bytes."""
    return lock_text(ONE_FILE, lock.entries, lock.policies, has_folder=False)


def lock_text(version: int, listed: Mapping[str, Registration], pins: Pins, has_folder: bool) -> str:
    """The text of ``egp.lock``.

    The name of the folder stands below the pins and so apart from the experiments. Two branches, of which one adds that
    line and the other one takes the experiments away, merge.
    """
    lines = [f"{_HEADER if version == ONE_FILE else _FOLDER_HEADER}lock: {version}"]
    if version == ONE_FILE:
        lines.append("experiments:" if listed else "experiments: {}")
        for name in sorted(listed):
            lines += _lines_of(name, listed[name])
    lines.append(f"policies: {flow(pins)}")
    lines += [f"entries: {ENTRIES}"] if has_folder else []
    return "\n".join(lines) + "\n"


def _lines_of(name: str, entry: Registration) -> Iterator[str]:
    """An entry in the lock file, each decision on a line of its own."""
    stated = flow(_written(made(Registration, **{**vars(entry), "decisions": ()})))
    if not entry.decisions:
        yield f"  {key(name)}: {stated}"
        return
    yield f"  {key(name)}: {stated[:-1]}, decisions: ["
    yield from (f"    {flow(_written(each))}," for each in entry.decisions)
    yield "  ]}"


def entry_text(name: str, entry: Registration) -> str:
    """The text of an experiment's own file.

    Its last line is a digest of the others: it tells a file that is not whole, and keeps git from merging two changes
    of one experiment into a third that nobody made.
    """
    lines = [f"{_ENTRY_HEADER}entry: {FOLDER}", f"experiment: {flow(name)}"]
    for part, value in _parts(_written(entry)):
        lines += (
            [f"{key(part)}:", *(f"  - {flow(each)}" for each in value)]
            if isinstance(value, list)
            else [f"{key(part)}: {flow(value)}"]
        )
    above = "\n".join(lines) + "\n"
    return f'{above}sum: "{_sum(above)}"\n'


def _parts(written: object) -> Iterable[tuple[str, object]]:
    assert isinstance(written, dict)
    return written.items()


def _sum(text: str) -> str:
    return f"sha256:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _written(value: object) -> object:
    """A shape as a mapping of what it says."""
    if isinstance(value, Shape):
        stated = ((each, getattr(value, attribute)) for each, attribute, _, _ in type(value).fields())
        return {each: _written(item) for each, item in stated if item not in (None, ())}
    return [_written(item) for item in value] if isinstance(value, tuple) else value
