"""What plans that are not judged mean to the others, kept from call to call in the caller's own cache folder.

Rules that compare plans look at an entry of each, and at nothing else of it: to parse ten thousand plans for them takes ten
seconds. So the entries of a content are kept by its hash, beside what read them. The state of a file on disk stands in for
its content where nobody can have written it without changing that: the time of its last change is set by the system alone.

No verdict is kept, nothing that a policy or the lock has a say in, and no plan whose days the database of time zones
decides. What is damaged, or may have been written by somebody else, is as good as not there; so is what cannot be written.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from hashlib import blake2b
from operator import attrgetter
from types import NoneType
from typing import TYPE_CHECKING, Any

from egp import VERSION
from egp.plan.experiment import Experiment, read_experiment
from egp.rules.rule_inputs import PortfolioEntry, entry_of
from egp.stats.values import fields
from egp.yaml import read_bytes
from egp.yaml.atomic import make_private_folder, take_back, write_atomically
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.events import best_parser
from egp.yaml.files import is_inside, read_regular, real_path, stamp
from egp.yaml.sha import sha256

if TYPE_CHECKING:
    from egp.check.files import Files
    from egp.plan.finding import Failure
    from egp.policy.plan_files import PlanFinder, PlanSource

Read = Callable[["PlanSource", "list[Failure]"], "list[PortfolioEntry]"]

WORTH_WRITING = 50
"""Files that had to be read from which on everything is written anew: that takes about as long."""

_READING = ("check", "plan", "plan/analysis", "rules", "stats", "yaml")
"""The folders of the modules that make entries of a content."""
_PARSER = ("yaml", "yaml.events", "yaml._yaml")

_MOST_BYTES = 100_000_000
_MOST_REPOSITORIES = 50
"""Of more, those that were written longest ago are dropped."""
_ENDING = ".facts"
_FORMAT = "egp-facts-1"

_NAMES = fields(PortfolioEntry)[1:-1]
_held = attrgetter(*_NAMES)
_DAYS = tuple(_NAMES.index(name) for name in ("first", "last"))
_LISTS = tuple(_NAMES.index(name) for name in ("surfaces", "flags"))
_KIND_OF: dict[str, type | tuple[type, ...]] = {
    "document": int, "tests": int, "surfaces": list, "flags": list, "first": (int, NoneType), "last": (int, NoneType),
    "exposure": (float, int, NoneType), "alpha": (float, int, NoneType),
}  # fmt: skip
_KINDS = tuple(_KIND_OF.get(name, str) for name in _NAMES)
"""What each may be where it is kept; all others are texts."""
_LAST_DAY = date.max.toordinal()


class KeptFacts:
    """Of the plans of one repository."""

    def __init__(self, path: str) -> None:
        self._path = path
        known = _read(path)
        self._files: dict[str, list[Any]] = known.get("files", {})
        """Path → the file's state, and the hash of its content."""
        self._facts: dict[str, list[list[Any]]] = known.get("facts", {})
        """Hash of a content → its facts."""
        self._files_now: dict[str, list[Any]] = {}
        self._facts_now: dict[str, list[list[Any]]] = {}
        self._lacking = 0

    @classmethod
    def of(cls, finder: PlanFinder) -> KeptFacts | None:
        """Those of the repository; None where there is no place of the caller's own for them."""
        folder = cache_folder()
        if not folder or is_inside(real_path(folder), real_path(finder.root)):
            return None
        if os.path.lexists(folder) and not is_private(folder):
            return None
        places = "\0".join((finder.root, *finder.folders()))
        name = sha256(places.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        return cls(os.path.join(folder, name + _ENDING))

    def entries(
        self, source: PlanSource, files: Files, read: Read, failures: list[Failure]
    ) -> list[PortfolioEntry]:
        """The entries of a file; what reads files reads one that it has to say something of."""
        if not files.may_read(source, failures):
            return []
        now = stamp(source.path)
        known = self._files.get(source.path)
        if now is not None and known is not None and known[0] == now:
            facts = self._facts[known[1]]
            self._files_now[source.path], self._facts_now[known[1]] = known, facts
        else:
            self._lacking += 1
            try:
                content = read_regular(source.path, MAX_BYTES)
            except OSError:
                return read(source, failures)
            facts = self._of_content(content, source, now)
        files.add(source)
        return [_entry(source.shown, fact) for fact in facts]

    def _of_content(self, content: bytes, source: PlanSource, now: object) -> list[list[Any]]:
        digest = sha256(content).hexdigest()
        facts = self._facts.get(digest)
        if facts is None:
            plans = [
                (read_experiment(each.value)[0], each.index)
                for each in read_bytes(content, source.shown)
                if isinstance(each.value, dict)
            ]
            entries = [entry_of(plan, source.shown, number) for plan, number in plans]
            facts = [_fact(each) for each in entries]
            can_return = [_entry(source.shown, each) for each in json.loads(json.dumps(facts))] == entries
            if not can_return or any(_rests_on_time_zones(plan) for plan, _ in plans):
                return facts
        self._files_now[source.path], self._facts_now[digest] = [now, digest], facts
        return facts

    def keep(self) -> None:
        """Writes what is known now, where that is worth it."""
        if self._lacking < WORTH_WRITING:
            return
        folder = os.path.dirname(self._path)
        with suppress(OSError):
            make_private_folder(folder)
            if is_private(folder):
                known = {"by": _read_by(), "files": self._files_now, "facts": self._facts_now}
                text = json.dumps(known, separators=(",", ":")).encode("ascii")
                if len(text) < _MOST_BYTES:
                    write_atomically(self._path, _head(text) + b"\n" + text, f".{os.getpid()}")
                _drop_oldest(folder)


def cache_folder() -> str:
    """Where the caller keeps what egp may forget; empty where the system says no such place."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "egp") if os.path.isabs(base) and hasattr(os, "geteuid") else ""


def is_private(path: str) -> bool:
    """Whether a folder, or a file in one, is the caller's own and nobody else can have written it."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    is_folder = stat.S_ISDIR(status.st_mode)
    others = 0o077 if is_folder else 0o022
    return (
        (is_folder or stat.S_ISREG(status.st_mode))
        and status.st_uid == os.geteuid()
        and not status.st_mode & others
    )


def _read(path: str) -> dict[str, Any]:
    """What was kept; nothing where that cannot be used."""
    if not is_private(path):
        return {}
    try:
        content = read_regular(path, _MOST_BYTES, os.path.dirname(path))
        head, _, text = content.partition(b"\n")
        if head != _head(text):
            return {}
        known: dict[str, Any] = json.loads(text)
        return known if known["by"] == _read_by() and _has_its_shape(known) else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def _has_its_shape(known: dict[str, Any]) -> bool:
    """Whether it is made as this version makes it: whoever writes the file by other means can write its checksum, too."""
    files, facts = known["files"], known["facts"]
    return (
        isinstance(files, dict)
        and isinstance(facts, dict)
        and all(map(_is_known_file, files.values()))
        and all(isinstance(each, list) and all(map(_is_fact, each)) for each in facts.values())
        and all(digest in facts for _, digest in files.values())
    )


def _is_known_file(known: object) -> bool:
    return isinstance(known, list) and len(known) == 2 and isinstance(known[1], str)


def _is_fact(fact: object) -> bool:
    """In plain loops: for ten thousand facts generators would take half as long as reading the JSON."""
    if not isinstance(fact, list) or len(fact) != len(_NAMES) or not all(map(isinstance, fact, _KINDS)):
        return False
    for at in _DAYS:
        if fact[at] is not None and not 0 < fact[at] <= _LAST_DAY:
            return False
    for at in _LISTS:
        for each in fact[at]:
            if each.__class__ is not str:
                return False
    return True


def _head(text: bytes) -> bytes:
    return f"{_FORMAT} {blake2b(text, digest_size=32).hexdigest()}".encode()


def _read_by() -> str:
    """What reads plans: another version may make something else of the same text.

    Of egp the modules stand for it, since a checkout changes without its version, and of PyYAML the package: to import all
    of it for its version would take longer than reading what was kept.
    """
    top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    own = (each for folder in _READING for each in os.scandir(os.path.join(top, folder)))
    parser = best_parser().name
    files = [each.path for each in own if each.name.endswith(".py")]
    files += [file for each in _PARSER if (file := getattr(sys.modules.get(each), "__file__", None))]
    return "\n".join((VERSION, sys.version, parser, *map(_state, sorted(files))))


def _state(file: str) -> str:
    status = os.stat(file)
    return f"{file} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _drop_oldest(folder: str) -> None:
    kept = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(_ENDING)]
    kept.sort(key=lambda path: os.lstat(path).st_mtime_ns)
    for path in kept[:-_MOST_REPOSITORIES]:
        take_back(path)


def _fact(entry: PortfolioEntry) -> list[Any]:
    fact = list(_held(entry))
    for at in _DAYS:
        fact[at] = fact[at] and fact[at].toordinal()
    for at in _LISTS:
        fact[at] = list(fact[at])
    return fact


def _entry(path: str, fact: list[Any]) -> PortfolioEntry:
    held = fact[:]
    for at in _DAYS:
        if held[at] is not None:
            held[at] = date.fromordinal(held[at])
    for at in _LISTS:
        held[at] = tuple(held[at])
    return PortfolioEntry(path, *held)


def _rests_on_time_zones(plan: Experiment) -> bool:
    """Whether an instant has to be found on the clocks of a place, whose rules change."""
    schedule = plan.schedule
    moments = (schedule.start, schedule.end, *(schedule.reviews or ())) if schedule else ()
    return any(isinstance(each, datetime) for each in moments)
