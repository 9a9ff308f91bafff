"""What is wrong with a lock, so that it cannot be relied on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from egp.plan.finding import Failure
from egp.plan.quantity import shown
from egp.plan.typed_reader import ValueProblem
from egp.record.lock.registration import Registration
from egp.record.lock_error import LockError
from egp.yaml import Document, Path, Position, Span

_MARKERS = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
_MARKER = r"(?m)^(<{7}|\|{7}|={7}|>{7})(?=[ \r\n]|\Z)"
_HEX = frozenset("0123456789abcdef")
RESTORE = "egp writes this file; restore it from git, or correct the line"
_OPEN_PARTS = frozenset({"policies", "rows", "supplied"})


def unusable(path: str, message: str, help: str) -> LockError:
    return LockError((Failure(path, message, help=help),))


def in_other_letters(place: str, path: str) -> LockError:
    """That a file which stands at ``place`` is, where letters are folded, the one at a path of the lock."""
    message = f"the lock is damaged: this is the name of {path} in other letters"
    return unusable(place, message, f"its place is {path}")


def only_document(documents: list[Document], message: str) -> Document:
    """The one document of a file, without conflicts and mistakes. Raises LockError."""
    document = documents[0]
    refuse(list(_conflicts(document)))
    failures = [
        failure(document, problem.span, problem.message, problem.help) for problem in document.problems
    ]
    if len(documents) > 1:
        failures.append(failure(document, documents[1].span(()), message, RESTORE))
    refuse(failures)
    return document


def refuse(failures: list[Failure]) -> None:
    if failures:
        raise LockError(tuple(failures))


def failure(document: Document, span: Span, message: str, help: str) -> Failure:
    line = document.line(span.start.line)
    return Failure(document.path, f"the lock is damaged: {message}", "", span, line, help)


def failure_of(document: Document, problem: ValueProblem) -> Failure:
    on_key = problem.kind == "unknown-key"
    return failure(document, document.span(problem.path, key=on_key), problem.message, RESTORE)


def _conflicts(document: Document) -> Iterator[Failure]:
    """Where git left both sides of a merge, once for all."""
    # Most locks have none, and compiling the pattern takes longer than reading one.
    may_conflict = any(marker in document.text for marker in _MARKERS)
    marker = re.search(_MARKER, document.text) if may_conflict else None
    if marker:
        number = document.text.count("\n", 0, marker.start()) + 1
        span = Span(Position(number, 1), Position(number, 8))
        help = (
            "keep the lines of both sides and remove the markers; of one experiment keep the line that holds"
        )
        message = "the lock has a merge conflict that is not resolved"
        yield Failure(document.path, message, "", span, document.line(number), help)


def foreign_keys(value: object, path: Path) -> Iterator[ValueProblem]:
    """Keys that shapes elsewhere allow for one's own use; here the next registration would lose them."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key.startswith("x-") and path != ("experiments",):
                yield ValueProblem((*path, key), "unknown-key", f"unknown key `{shown(key)}`", RESTORE)
            elif key not in _OPEN_PARTS or path == ("experiments",):
                yield from foreign_keys(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from foreign_keys(item, (*path, position))


def _is_digest(text: str) -> bool:
    """Whether a text is written as digests of plans are: v1:sha256: and 64 digits."""
    version, _, rest = text.partition(":sha256:")
    number = version.removeprefix("v")
    is_version = number.isascii() and number.isdigit() and version != number
    return is_version and len(rest) == 64 and _HEX.issuperset(rest)


def misfits_of(entry: Registration, path: Path) -> Iterator[ValueProblem]:
    digests = [(entry.digest, (*path, "digest"))]
    digests += [(each.digest, (*path, "amended", at, "digest")) for at, each in enumerate(entry.amended)]
    digests += [(each.plan, (*path, "decisions", at, "plan")) for at, each in enumerate(entry.decisions)]
    for digest, at in digests:
        if digest is not None and not _is_digest(digest):
            yield ValueProblem(at, "wrong-type", f"{shown(digest)} is not the digest of a plan", RESTORE)
    if entry.path is not None and (
        entry.path.startswith("/") or {"", ".", ".."} & set(entry.path.split("/"))
    ):
        message = f"{shown(entry.path)} is not a path below the lock's folder"
        yield ValueProblem((*path, "path"), "wrong-type", message, RESTORE)
