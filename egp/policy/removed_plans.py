"""Plans that are missing: deleted, or going on under another id."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from egp.policy.plan_history import Base, EarlierPlan, PlanHistories, plans_in
from egp.record.lock import Registration
from egp.rules.rule_inputs import PortfolioEntry
from egp.stats.values import frozen, replace
from egp.yaml import read_file
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.files import read_regular, real_path

_IN_MANY_FILES = 100
"""A line that more new files than this have says nothing of where a file went."""


@frozen
class RemovedPlan:
    """A plan that none of the files has any more."""

    id: str
    path: str
    """The file that had it, relative to the lock."""
    earlier: EarlierPlan | None
    """None where history does not have it either, and the lock alone knows of it."""
    entry: Registration | None
    successor: PortfolioEntry | None = None
    is_unregistered: bool = False
    """Whether the entry is missing from the lock, too."""


def removed_plans(
    histories: PlanHistories, present: Sequence[PortfolioEntry], are_all_asked: bool = True
) -> list[RemovedPlan]:
    """Plans of the base, or without a base registered ones, that are not among the present. Raises LockError.

    What is still in a file that nobody has read is not missing; a folder or a link under the file's name is no file.
    Where not all plans are requested, and no base is, entries that have files of their own are not all read for that.
    """
    ids = {entry.id for entry in present}
    files = {histories.inside(os.path.join(histories.finder.folder, entry.path)): entry for entry in present}
    missing = [
        each
        for each in (
            _of_base(histories, histories.base) if histories.base else _of_lock(histories, are_all_asked)
        )
        if each.id not in ids and (each.path in files or not _may_be_there(histories, each))
    ]
    missing = _with_history(histories, missing)
    heirs = {path: entry for path, entry in files.items() if missing and _is_new(histories, path, entry)}
    likeness = _Likeness(histories, heirs) if histories.base is not None else None
    return [_with_successor(each, heirs, likeness) for each in missing]


def _may_be_there(histories: PlanHistories, each: RemovedPlan) -> bool:
    """Whether the plan's own file may still have it: a regular file under its own name, which nobody has read."""
    path = os.path.join(histories.root, each.path)
    if not os.path.isfile(path) or real_path(path) != path:
        return False
    if histories.base is None:
        return True
    try:
        documents = read_file(path, each.path, histories.root)
    except OSError:
        return True
    return any(
        any(problem.kind != "empty" for problem in document.problems)
        or (isinstance(document.value, dict) and document.value.get("id") == each.id)
        for document in documents
    )


def _of_base(histories: PlanHistories, base: Base) -> Iterator[RemovedPlan]:
    for name, earlier in base.plans.items():
        entry = histories.entries.get(name)
        before = entry or base.lock.entries.get(name)
        yield RemovedPlan(name, earlier.path, earlier, before, is_unregistered=before is not entry)
    for name in histories.removed_entries():
        if name not in base.plans and (entry := base.lock.entries.get(name)):
            yield RemovedPlan(name, entry.path or "", None, entry, is_unregistered=True)


def _of_lock(histories: PlanHistories, are_all_asked: bool) -> Iterator[RemovedPlan]:
    """Registered experiments; one that was archived may be removed."""
    for name in histories.entries if are_all_asked else histories.lock.in_lock_file:
        entry = histories.entries.get(name)
        if entry is not None and entry.archived is None:
            yield RemovedPlan(name, entry.path or "", None, entry)


def _with_history(histories: PlanHistories, missing: Sequence[RemovedPlan]) -> list[RemovedPlan]:
    """The same with what they last were, as far as git can tell."""
    unknown = [each for each in missing if each.earlier is None]
    if not unknown or histories.repository is None:
        return list(missing)
    from egp.record.sources.git_command import GitError

    try:
        last = histories.repository.last_versions({each.path for each in unknown})
    except GitError:
        return list(missing)
    found = []
    for each in missing:
        if each.earlier is not None:
            found.append(each)
            continue
        version = last.get(each.path)
        plans = plans_in(version.content, version.path, version.commit) if version else ()
        earlier = next((plan for plan in plans if plan.plan.id == each.id), None)
        found.append(replace(each, earlier=earlier or histories.latest(each.path, each.id)))
    return found


def _is_new(histories: PlanHistories, path: str, entry: PortfolioEntry) -> bool:
    """Whether a plan was not there before: neither at the base, nor without a base registered."""
    if histories.base is not None:
        return path not in histories.base.unchanged and entry.id not in histories.base.plans
    return entry.id not in histories.entries


class _Likeness:
    """Which new file goes on with the lines of one that was removed, as git tells a renamed file.

    git itself is not called: it would run the filters of the configuration on the working tree.
    """

    def __init__(self, histories: PlanHistories, paths: Iterable[str]) -> None:
        self._lines: dict[str, Counter[bytes]] = {}
        self._places: dict[bytes, set[str]] = {}
        for path in paths:
            with suppress(OSError):
                content = read_regular(os.path.join(histories.root, path), MAX_BYTES, histories.root)
                self._lines[path] = Counter(content.splitlines())
                for line in self._lines[path]:
                    self._places.setdefault(line, set()).add(path)

    def heir(self, content: bytes) -> str:
        """The path of the file that is most like a content, and at least by half; empty if there is none."""
        before, shared = Counter(content.splitlines()), Counter[str]()
        for line, times in before.items():
            places = self._places.get(line, ())
            for path in places if len(places) <= _IN_MANY_FILES else ():
                shared[path] += min(times, self._lines[path][line]) * (len(line) + 1)
        size = len(content)
        most = max(shared, key=lambda path: (shared[path], path), default="")
        return most if most and shared[most] * 2 >= max(size, _size(self._lines[most])) else ""


def _size(lines: Counter[bytes]) -> int:
    return sum(times * (len(line) + 1) for line, times in lines.items())


def _with_successor(
    each: RemovedPlan, heirs: Mapping[str, PortfolioEntry], likeness: _Likeness | None
) -> RemovedPlan:
    """The same with the new plan that goes on in its file, with its flag or on one of its surfaces."""
    before = each.earlier.plan if each.earlier else None
    flag = before.feature_flag if before else None
    surfaces = frozenset(before.surfaces or ()) if before else frozenset()
    alike = likeness.heir(each.earlier.content) if likeness and each.earlier else ""
    reasons = (
        lambda path, _: path in (each.path, alike),
        lambda _, entry: bool(flag) and entry.feature_flag == flag,
        lambda _, entry: not surfaces.isdisjoint(entry.surfaces),
    )
    for is_successor in reasons:
        for path, entry in heirs.items():
            if is_successor(path, entry):
                return replace(each, successor=entry)
    return each
