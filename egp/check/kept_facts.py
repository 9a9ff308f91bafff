"""What plans that are not judged mean to the others, kept from call to call in the caller's own cache folder.

Rules that compare plans look at an entry of each, and at nothing else of it: to parse ten thousand plans for them takes ten
seconds. So the entries of a content are kept by its hash, beside what read them. The state of a file on disk stands in for
its content where nobody can have written it without changing that: the time of its last change is set by the system alone.

Where a policy completes plans, an entry rests on the policy, the day and the registration, too, and is kept by these. No
verdict is kept, and no plan whose days the database of time zones decides. Where they are kept, and what is not trusted, says
`egp/yaml/kept.py`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from itertools import islice
from operator import attrgetter
from types import NoneType
from typing import TYPE_CHECKING, Any

from egp import VERSION
from egp.plan.experiment import Experiment, read_experiment
from egp.plan.supplied import Moved
from egp.record.lock_error import LockError
from egp.rules.rule_inputs import PortfolioEntry, entry_of
from egp.stats.values import NamedTuple, fields
from egp.yaml import read_bytes
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.events import best_parser
from egp.yaml.files import read_regular, stamp
from egp.yaml.kept import private_folder, read_kept, write_kept
from egp.yaml.sha import sha256

if TYPE_CHECKING:
    from egp.check.files import Files
    from egp.plan.finding import Failure
    from egp.policy.plan_files import PlanFinder, PlanSource
    from egp.yaml import Document

Read = Callable[["PlanSource", "list[Failure]"], "list[PortfolioEntry]"]

WORTH_WRITING = 50
"""Files that had to be read from which on everything is written anew: that takes about as long."""

_READING = ("check", "plan", "plan/analysis", "policy", "record/lock", "rules", "stats", "yaml")
"""The folders of the modules that make entries of a content."""
_PARSER = ("yaml", "yaml.events", "yaml._yaml")

_MOST_BYTES = 100_000_000
_MOST_REPOSITORIES = 50
"""Of more, those that were written longest ago are dropped."""
_ENDING = ".facts"
_FORMAT = "egp-facts-3"
_OF_A_LINE = 1000

_NAMES = fields(PortfolioEntry)[1:-1]
_held = attrgetter(*_NAMES)
_DAYS = tuple(_NAMES.index(name) for name in ("first", "last"))
_LISTS = tuple(_NAMES.index(name) for name in ("surfaces", "flags"))
_KIND_OF: dict[str, type | tuple[type, ...]] = {
    "document": int, "tests": int, "surfaces": list, "flags": list, "first": (int, NoneType), "last": (int, NoneType),
    "exposure": (float, int, NoneType), "alpha": (float, int, NoneType),
}  # fmt: skip
_KINDS = (*(_KIND_OF.get(name, str) for name in _NAMES), (list, NoneType), str)
"""What each may be where it is kept; all others are texts. Last come what moved the plan, and the digest of its registration where the
entry rests on that."""
_ID = _NAMES.index("id")
_LAST_DAY = date.max.toordinal()


class Making(NamedTuple):
    """How entries are made of the plans of a file, and what they rest on besides its content."""

    entry: Callable[[Document], tuple[PortfolioEntry, Experiment]]
    """May raise LockError."""
    basis: str = ""
    registered: Callable[[str], str | None] = lambda _: ""
    """Digest of the registration of an experiment; None for one that cannot be relied on. May raise LockError."""


def as_written(path: str) -> Making:
    """Entries of what plans say themselves."""

    def entry(document: Document) -> tuple[PortfolioEntry, Experiment]:
        plan, _ = read_experiment(document.value)
        return entry_of(plan, path, document.index), plan

    return Making(entry)


class KeptFacts:
    """Of the plans of one repository."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._files: dict[str, list[Any]]
        """Path → the file's state, and the hash of its content."""
        self._facts: dict[str, list[list[Any]]]
        """Hash of a content, and what else they rest on → its facts."""
        self._files_now: dict[str, list[Any]] = {}
        self._facts_now: dict[str, list[list[Any]]] = {}
        self._lacking = 0
        self._files, self._facts = _read(path)

    @classmethod
    def of(cls, finder: PlanFinder) -> KeptFacts | None:
        """Those of the repository; None where there is no place of the caller's own for them."""
        folder = private_folder(finder.root)
        if not folder:
            return None
        places = "\0".join((finder.root, *finder.folders()))
        name = sha256(places.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        return cls(os.path.join(folder, name + _ENDING))

    def entries(
        self, source: PlanSource, files: Files, read: Read, failures: list[Failure], making: Making
    ) -> list[PortfolioEntry]:
        """The entries of a file; what reads files reads one that it has to say something of."""
        if not files.may_read(source, failures):
            return []
        now = stamp(source.path)
        known = self._files.get(source.path)
        try:
            if now is None or known is None or known[0] != now or not self._has(source, known, making):
                self._lacking += 1
                return self._of_content(read_regular(source.path, MAX_BYTES), source, files, now, making)
        except (OSError, LockError):
            return read(source, failures)
        files.add(source)
        return [_entry(source.shown, fact) for fact in self._facts_now[known[1] + making.basis]]

    def _has(self, source: PlanSource, known: list[Any], making: Making) -> bool:
        """Whether the facts of a content are known, and still are what they were; if so, they are kept."""
        key = known[1] + making.basis
        facts = self._facts.get(key)
        if facts is None or any(making.registered(each[_ID]) != each[-1] for each in facts):
            return False
        self._files_now[source.path], self._facts_now[key] = known, facts
        return True

    def _of_content(
        self, content: bytes, source: PlanSource, files: Files, now: object, making: Making
    ) -> list[PortfolioEntry]:
        known: list[Any] = [now, sha256(content).hexdigest()]
        files.add(source)
        if not self._has(source, known, making):
            documents = [each for each in read_bytes(content, source.shown) if isinstance(each.value, dict)]
            # What the lock has is found before it is read: where it changes meanwhile, the next call reads it again.
            registered = [making.registered(_name(each)) for each in documents]
            made = [making.entry(each) for each in documents]
            entries = [entry for entry, _ in made]
            facts = [_fact(*each) for each in zip(entries, registered, strict=True)]
            can_return = [_entry(source.shown, each) for each in json.loads(json.dumps(facts))] == entries
            is_known = None not in registered and [*map(_name, documents)] == [each.id for each in entries]
            if not (can_return and is_known) or any(_rests_on_time_zones(plan) for _, plan in made):
                return entries
            self._files_now[source.path], self._facts_now[known[1] + making.basis] = known, facts
        return [_entry(source.shown, fact) for fact in self._facts_now[known[1] + making.basis]]

    def keep(self) -> None:
        """Writes what is known now, where that is worth it."""
        if self._lacking < WORTH_WRITING:
            return
        known = _lines(self._files_now, self._facts_now)
        write_kept(self._path, _FORMAT, known, _MOST_BYTES, _MOST_REPOSITORIES)


def _lines(files: dict[str, Any], facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What is known, so many files and facts a line, and each with what read them."""
    by, both = _read_by(), (iter(files.items()), iter(facts.items()))
    for _ in range(0, max(len(files), len(facts)), _OF_A_LINE):
        some_files, some_facts = (dict(islice(each, _OF_A_LINE)) for each in both)
        yield {"by": by, "files": some_files, "facts": some_facts}


def _read(path: str) -> tuple[dict[str, list[Any]], dict[str, list[list[Any]]]]:
    """The files and the facts that were kept; none where that cannot be used."""
    lines = read_kept(path, _FORMAT, _MOST_BYTES) or ()
    files: dict[str, list[Any]] = {}
    facts: dict[str, list[list[Any]]] = {}
    by = _read_by() if lines else ""
    try:
        for known in lines:
            if known["by"] != by or not _has_its_shape(known):
                return {}, {}
            files.update(known["files"])
            facts.update(known["facts"])
    except (KeyError, TypeError):
        return {}, {}
    return files, facts


def _has_its_shape(known: dict[str, Any]) -> bool:
    """Whether it is made as this version makes it: whoever writes the file by other means can write its checksum, too."""
    files, facts = known["files"], known["facts"]
    return (
        isinstance(files, dict)
        and isinstance(facts, dict)
        and all(map(_is_known_file, files.values()))
        and all(isinstance(each, list) and all(map(_is_fact, each)) for each in facts.values())
    )


def _is_known_file(known: object) -> bool:
    return isinstance(known, list) and len(known) == 2 and isinstance(known[1], str)


def _is_fact(fact: object) -> bool:
    """In plain loops: for ten thousand facts generators would take half as long as reading the JSON."""
    if not isinstance(fact, list) or len(fact) != len(_KINDS) or not all(map(isinstance, fact, _KINDS)):
        return False
    for at in _DAYS:
        if fact[at] is not None and not 0 < fact[at] <= _LAST_DAY:
            return False
    for at in _LISTS:
        for each in fact[at]:
            if each.__class__ is not str:
                return False
    return not fact[-2] or all(map(_is_move, fact[-2]))


def _is_move(move: object) -> bool:
    if not isinstance(move, list) or len(move) != len(Moved._fields) or not isinstance(move[-1], list):
        return False
    return all(isinstance(each, str) for each in (*move[:-1], *move[-1]))


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


def _name(document: Document) -> str:
    """The id that a plan's file says; empty where it says none."""
    named = document.value.get("id") if isinstance(document.value, dict) else None
    return named if isinstance(named, str) else ""


def _fact(entry: PortfolioEntry, registered: str | None = "") -> list[Any]:
    moved = entry.moved
    fact = [
        *_held(entry),
        None if moved is None else [[*each[:-1], [*each.path]] for each in moved],
        registered,
    ]
    for at in _DAYS:
        fact[at] = fact[at] and fact[at].toordinal()
    for at in _LISTS:
        fact[at] = list(fact[at])
    return fact


def _entry(path: str, fact: list[Any]) -> PortfolioEntry:
    held = fact[:-2]
    for at in _DAYS:
        if held[at] is not None:
            held[at] = date.fromordinal(held[at])
    for at in _LISTS:
        held[at] = tuple(held[at])
    moved = fact[-2]
    held.append(
        None
        if moved is None
        else tuple(Moved(of, name, before, now, tuple(path)) for of, name, before, now, path in moved)
    )
    return PortfolioEntry(path, *held)


def _rests_on_time_zones(plan: Experiment) -> bool:
    """Whether an instant has to be found on the clocks of a place, whose rules change."""
    schedule = plan.schedule
    moments = (schedule.start, schedule.end, *(schedule.reviews or ())) if schedule else ()
    return any(isinstance(each, datetime) for each in moments)
