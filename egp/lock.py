"""The lock, ``egp.lock``: what was registered, when, under which policy and signed by whom.

Git keeps it, people review it, egp writes it. One line for each experiment, sorted by id, and one for each decision,
so that branches that register different experiments merge, and so do two that add a decision. Its last line, ``policies``, is always there: a lock that was cut off lacks it.
"""

# No postponed annotations here: shapes are read from the annotations themselves.

import math
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from time import monotonic, sleep
from typing import Any, Literal, TypeVar

from egp.atomic import claimed_folder, write_atomically
from egp.document import Document, Path, Position, Span, read_bytes, read_file
from egp.finding import Failure
from egp.quantity import shown
from egp.results import FrozenReadout
from egp.shape import Problem, Shape, field, listed, read

LOCK_FILE = "egp.lock"
VERSION = 1
PATIENCE = 30.0
"""Seconds to wait for another process that is writing the lock."""

S = TypeVar("S", bound=Shape)


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
    needs = ("lock", "experiments", "policies")
    lock: int | None = field("Version of the format.")
    experiments: dict[str, Registration] | None = field("Id of an experiment → its registration.")
    policies: dict[str, object] | None = field("Policy file that others extend → digest of its content.")


class LockError(Exception):
    """A lock that cannot be relied on; egp ends with exit status 2."""

    def __init__(self, failures: tuple[Failure, ...]) -> None:
        super().__init__(failures[0].message)
        self.failures = failures


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock as read. ``document`` is None where there is no file yet."""

    path: str
    """The file as messages show it."""
    document: Document | None
    entries: dict[str, Registration]
    """Id of an experiment → its registration; its place in the document is ``("experiments", id)``."""
    policies: dict[str, object]


def made(shape: type[S], **values: Any) -> S:
    """A part of a lock with these values, the others at their defaults."""
    part = read(shape, {})
    part.__dict__.update(values)
    return part


def read_lock(root: str, shown_as: str = "") -> Lock:
    """The lock in a folder, empty if there is none. Raises LockError for one that is damaged or in conflict."""
    path = os.path.join(root, LOCK_FILE)
    name = shown_as or _shown(path)
    if os.path.islink(path):
        raise _unusable(name, "the lock is a link", "commit the file itself")
    try:
        return _lock(read_file(path, name))
    except FileNotFoundError:
        return Lock(name, None, {}, {})
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _unusable(name, f"cannot read the lock: {reason}", "make it readable, or restore it") from None


def read_lock_text(text: bytes, shown_as: str) -> Lock:
    """A lock from its content, such as git's version of it. Raises LockError."""
    return _lock(read_bytes(text, shown_as))


def update_lock(root: str, edit: Callable[[dict[str, Registration]], None], shown_as: str = "") -> Lock:
    """Changes the entries of the lock, no other process in between, and returns it. Raises LockError.

    The edit replaces entries. What it raises leaves the lock as it was, and so does an edit that changes nothing.
    """
    return _update(root, lambda lock: edit(lock.entries), shown_as)


def update_pins(root: str, edit: Callable[[dict[str, object]], None]) -> Lock:
    """Changes the policies that the lock pins, as ``update_lock`` changes its entries. Raises LockError."""
    return _update(root, lambda lock: edit(lock.policies), "")


def _update(root: str, edit: Callable[[Lock], None], shown_as: str) -> Lock:
    path = os.path.join(root, LOCK_FILE)
    with _alone(root, shown_as or _shown(path)):
        lock = read_lock(root, shown_as)
        before = rendered(lock)
        edit(lock)
        after = rendered(lock)
        if after == before:
            return lock
        try:
            write_atomically(path, after.encode("utf-8"))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise _unusable(lock.path, f"cannot write the lock: {reason}", "it is as it was before") from None
        return read_lock_text(after.encode("utf-8"), lock.path)


def _shown(path: str) -> str:
    relative = os.path.relpath(path)
    return (path if relative.startswith("..") else relative).replace(os.sep, "/")


def _unusable(path: str, message: str, help: str) -> LockError:
    return LockError((Failure(path, message, help=help),))


@contextmanager
def _alone(root: str, name: str) -> Iterator[None]:
    """Keeps other processes from updating the same lock. The system ends the claim with the process that has it.

    The folder is what is claimed: it needs no further file, and it stays the same when the lock is replaced.
    """
    try:
        import fcntl
    except ImportError:
        raise _unusable(name, "this system has no file locks, so that no lock can be written safely",
                        "register on Linux or macOS") from None  # fmt: skip
    try:
        folder = claimed_folder(root)
    except OSError as error:
        raise _unusable(name, f"cannot open the folder of the lock: {error.strerror}", "") from None
    try:
        _claim(lambda: fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB), name)
        yield
    finally:
        os.close(folder)


def _claim(attempt: Callable[[], None], name: str) -> None:
    until = monotonic() + PATIENCE
    while True:
        try:
            return attempt()
        except BlockingIOError:
            if monotonic() > until:
                message = f"another process has been writing the lock for {PATIENCE:.0f} seconds"
                raise _unusable(name, message, "end that process, then try again") from None
            sleep(0.02)
        except OSError as error:
            message = f"the folder of the lock cannot be claimed: {error.strerror}"
            raise _unusable(name, message, "work in a folder of a local file system") from None


_MARKER = re.compile(r"^(<{7}|\|{7}|={7}|>{7})(?=[ \r\n]|\Z)", re.MULTILINE)
_DIGEST = re.compile(r"v[0-9]+:sha256:[0-9a-f]{64}")
_RESTORE = "egp writes this file; restore it from git, or correct the line"
_OPEN_PARTS = frozenset({"policies", "rows"})


def _lock(documents: list[Document]) -> Lock:
    document = documents[0]
    _refuse(list(_conflicts(document)))
    failures = [
        _failure(document, problem.span, problem.message, problem.help) for problem in document.problems
    ]
    if len(documents) > 1:
        failures.append(_failure(document, documents[1].span(()), "a lock is one document", _RESTORE))
    _refuse(failures)
    problems: list[Problem] = []
    content = read(_LockFile, document.value, (), problems)
    problems += [*_foreign_keys(document.value, ()), *_misfits(content)]
    _refuse([_failure_of(document, problem) for problem in problems])
    return Lock(document.path, document, dict(content.experiments or {}), dict(content.policies or {}))


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
    if content.lock is not None and content.lock != VERSION:
        message = f"this is format {content.lock}, and this egp reads format {VERSION}"
        yield Problem(("lock",), "wrong-type", message, "update egp")
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


def rendered(lock: Lock) -> str:
    """The lock's text: the same entries give the same bytes."""
    lines = [f"{_HEADER}lock: {VERSION}", "experiments:" if lock.entries else "experiments: {}"]
    for name in sorted(lock.entries):
        lines += _lines_of(name, lock.entries[name])
    return "\n".join([*lines, f"policies: {_flow(lock.policies)}"]) + "\n"


def _lines_of(name: str, entry: Registration) -> Iterator[str]:
    """An entry, each decision on a line of its own."""
    stated = _flow(_written(made(Registration, **{**vars(entry), "decisions": ()})))
    if not entry.decisions:
        yield f"  {_key(name)}: {stated}"
        return
    yield f"  {_key(name)}: {stated[:-1]}, decisions: ["
    yield from (f"    {_flow(_written(each))}," for each in entry.decisions)
    yield "  ]}"


def _written(value: object) -> object:
    """A shape as a mapping of what it says."""
    if isinstance(value, Shape):
        stated = ((key, getattr(value, attribute)) for key, attribute, _, _ in type(value).fields())
        return {key: _written(item) for key, item in stated if item not in (None, ())}
    return [_written(item) for item in value] if isinstance(value, tuple) else value


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str):
        is_bare = _BARE_VALUE.fullmatch(value) and value not in _RESERVED
        return value if is_bare else _quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return {"inf": ".inf", "-inf": "-.inf"}.get(str(value), ".nan")
    return "null" if value is None else str(value)


_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_BARE_VALUE = re.compile(r"[a-z]+(?:_[a-z]+)*|[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RESERVED = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def _key(text: str) -> str:
    # `on` is bare as a key of a registration: egp reads YAML 1.2, in which it is a text.
    return (
        text if _BARE.fullmatch(text) and (text == "on" or text.lower() not in _RESERVED) else _quoted(text)
    )


def _quoted(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
