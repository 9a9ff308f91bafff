"""Which policy owns which folder: the outermost one on the way from the root down, unless it delegates.

A plan's author chooses where its file lies, and could put a policy beside it. So a policy below another one counts where
that one delegates the folder to it, and nowhere else; what nobody delegates to is reported, and judges nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from egp.plan.finding import Failure
from egp.policy.error import PolicyError
from egp.policy.locate import POLICY_FILE
from egp.policy.pattern import fixed_folder, matches
from egp.stats.hints import Protocol
from egp.stats.values import NamedTuple, frozen
from egp.yaml import Document, read_file
from egp.yaml.files import is_inside, is_there, repository_root, shown_path

_ALL_BELOW = "/**"


class PolicyPlaces(Protocol):
    """Where policies may lie: the working tree, or a commit. Paths are those of the disk."""

    def has_policy(self, folder: str) -> bool:
        """Whether something lies there under the name of a policy. Raises PolicyError where nobody can tell."""

    def is_link(self, folder: str) -> bool:
        """Whether the policy of a folder is a link."""

    def below(self, folder: str) -> Iterator[str]:
        """The folders at and below this one that have a policy, the outer ones first. Raises PolicyError."""

    def document(self, file: str) -> Document | None:
        """The policy's document; None where it cannot be read."""


@frozen
class Territory:
    """What one policy owns."""

    file: str
    """The policy; empty where there is none, and a shipped one judges."""
    root: str
    """The folder that its patterns are relative to."""
    plans: tuple[str, ...] = ()
    delegates: tuple[str, ...] = ()
    over: Territory | None = None
    """The territory that delegates to it: the policy of that one is a floor."""
    is_vacant: bool = False
    """Whether it is a folder that is delegated, and in which no policy lies."""
    faults: tuple[Failure, ...] = ()
    """Why nobody judges there."""
    is_garbled: bool = False
    """Whether its policy, as it is written, does not say what it owns."""

    def inside(self, path: str) -> str:
        """A path as the patterns of the policy see it."""
        if path.startswith(self.root + os.sep):
            return path[len(self.root) + 1 :].replace(os.sep, "/")
        return os.path.relpath(path, self.root).replace(os.sep, "/")

    def delegation(self, folder: str) -> str:
        """The pattern by which the policy delegates a folder; empty where it keeps it."""
        file = self.inside(os.path.join(folder, POLICY_FILE))
        return next((pattern for pattern in self.delegates if matches(file, pattern)), "")

    def line(self) -> Iterator[Territory]:
        """Itself and those above, the nearest first."""
        found: Territory | None = self
        while found is not None:
            yield found
            found = found.over

    def has_in_portfolio(self, path: str) -> bool:
        """Whether its patterns match a file, or those above, from which it takes no plan away; all do where none are."""
        has_patterns = False
        for each in self.line():
            if each.plans:
                has_patterns, inside = True, each.inside(path)
                for pattern in each.plans:
                    if matches(inside, pattern):
                        return True
        return not has_patterns

    def folders(self) -> Iterator[str]:
        """Where its plans may lie."""
        for pattern in self.plans:
            yield os.path.normpath(os.path.join(self.root, fixed_folder(pattern)))
        if not any(each.plans for each in self.line()):
            yield self.root


class Undelegated(NamedTuple):
    """A policy that lies in the territory of another one, which does not delegate to it."""

    file: str
    owner: Territory


class _Holding(NamedTuple):
    """Who owns a folder, and the policies on the way to it that nobody delegates to."""

    owner: Territory
    undelegated: tuple[Undelegated, ...] = ()


class Territories:
    """The policies of a repository, each read for what it owns once a path requires that."""

    def __init__(self, root: str, folder: str, places: PolicyPlaces, are_all_told: bool = True) -> None:
        self.root = root
        """No policy is looked for above this folder."""
        self.folder = folder
        """Where egp was called. What lies outside of the root belongs to the owner of this folder."""
        self._places = places
        self._are_all_told = are_all_told
        """Whether policies that nobody delegates to are looked for."""
        self._holdings: dict[str, _Holding] = {}
        self._everyone: tuple[Territory, ...] | None = None

    def of(self, path: str) -> Territory:
        """The owner of a file."""
        return self._holding(os.path.dirname(path)).owner

    def of_folder(self, folder: str) -> Territory:
        """The owner of what lies in a folder."""
        return self._holding(folder).owner

    def undelegated(self, path: str) -> tuple[Undelegated, ...]:
        """The policies on the way to a file that nobody delegates to."""
        return self._holding(os.path.dirname(path)).undelegated

    def everyone(self) -> tuple[Territory, ...]:
        """All territories, each before those that it delegates to. Raises PolicyError."""
        if self._everyone is None:
            top = self._holding(self.root).owner
            self._everyone = tuple(self._within(top) if top.file else self._without_root())
        return self._everyone

    def all_undelegated(self) -> Iterator[Undelegated]:
        """Every policy below the root that nobody delegates to. Raises PolicyError."""
        yield from dict.fromkeys(
            each for folder in self._places.below(self.root) for each in self._holding(folder).undelegated
        )

    def _without_root(self) -> Iterator[Territory]:
        for folder in self._places.below(self.root):
            found = self._holding(folder).owner
            if found.root == folder and found.over is None:
                yield from self._within(found)

    def _within(self, owner: Territory) -> Iterator[Territory]:
        yield owner
        starts = sorted({os.path.join(owner.root, fixed_folder(each)) for each in owner.delegates})
        folders = sorted({folder for start in starts for folder in self._places.below(start)})
        for folder in folders:
            found = self._holding(folder).owner
            if found.root == folder and found.over == owner:
                yield from self._within(found)

    def _holding(self, folder: str) -> _Holding:
        known = self._holdings.get(folder)
        if known is not None:  # of nearly all files: others lie beside them
            return known
        if not is_inside(folder, self.root):
            folder = self.folder if is_inside(self.folder, self.root) else self.root
        way = [folder]
        while way[-1] != self.root and way[-1] not in self._holdings:
            way.append(os.path.dirname(way[-1]))
        above = self._holdings.get(way[-1])
        for each in reversed(way):
            above = self._holdings[each] = self._holdings.get(each) or self._next(each, above)
        return self._holdings[folder]

    def _next(self, folder: str, above: _Holding | None) -> _Holding:
        """Who holds a folder, given who holds the one above it."""
        owner = above.owner if above else Territory("", self.folder)
        if above and owner.faults and not owner.is_vacant:
            return above
        keeper = owner.over if owner.is_vacant and owner.over else owner
        pattern = keeper.delegation(folder) if keeper.file else ""
        if keeper.file and not pattern and not self._are_all_told:
            return _Holding(keeper)
        try:
            has_policy = self._places.has_policy(folder)
        except PolicyError as error:
            return _Holding(Territory("", folder, over=keeper if pattern else None, faults=error.failures))
        undelegated = above.undelegated if above else ()
        if keeper.file and not pattern:
            new = (Undelegated(os.path.join(folder, POLICY_FILE), keeper),) if has_policy else ()
            return _Holding(keeper, (*undelegated, *new))
        if has_policy:
            return _Holding(self._read(folder, keeper if pattern else None), undelegated)
        return _Holding(self._vacant(folder, keeper, pattern) if pattern else keeper, undelegated)

    def _read(self, folder: str, over: Territory | None) -> Territory:
        file = os.path.join(folder, POLICY_FILE)
        if over is not None and self._places.is_link(folder):
            message = "a link leads to this policy, and whoever guards it may not guard where it ends"
            fault = Failure(self.shown(file), message, help="commit the file itself")
            return Territory(file, folder, over=over, faults=(fault,))
        document = self._places.document(file)
        value = document.value if document and not document.problems else None
        if not isinstance(value, dict):
            return Territory(file, folder, over=over, is_garbled=True)
        plans, delegates = (_texts(value.get(key)) for key in ("plans", "delegates"))
        if plans is None or delegates is None or any(map(misdelegating, delegates)):
            return Territory(file, folder, plans or (), over=over, is_garbled=True)
        return Territory(file, folder, plans, delegates, over)

    def _vacant(self, folder: str, keeper: Territory, pattern: str) -> Territory:
        message = f"this policy is not there, and {self.shown(keeper.file)} delegates `{pattern}` to it"
        help = "commit one there, or take the folder out of `delegates:`"
        fault = Failure(self.shown(os.path.join(folder, POLICY_FILE)), message, help=help)
        return Territory("", folder, over=keeper, is_vacant=True, faults=(fault,))

    def shown(self, path: str) -> str:
        """A path as messages name it."""
        return shown_path(path, self.folder)


def territories_on_disk(folder: str) -> Territories:
    """Those of the working tree that egp is called in."""
    return Territories(repository_root(folder) or folder, folder, PlacesOnDisk())


def policy_over(folder: str) -> str:
    """The policy that owns a folder of the working tree; empty where there is none. Raises PolicyError."""
    owner = territories_on_disk(folder).of_folder(folder)
    if owner.faults:
        raise PolicyError(owner.faults)
    return owner.file


def _texts(value: object) -> tuple[str, ...] | None:
    """The patterns of a list; None where it is something else."""
    if value is None:
        return ()
    is_list = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return tuple(value) if is_list else None  # type: ignore[arg-type]


def misdelegating(pattern: str) -> str:
    """Why a pattern delegates no folder; empty where it does."""
    if not pattern.endswith(_ALL_BELOW):
        return "whole folders are delegated"
    return "it would delegate the policy's own folder" if matches(POLICY_FILE, pattern) else ""


class PlacesOnDisk:
    """The working tree."""

    def has_policy(self, folder: str) -> bool:
        return is_there(os.path.join(folder, POLICY_FILE))

    def is_link(self, folder: str) -> bool:
        return os.path.islink(os.path.join(folder, POLICY_FILE))

    def below(self, folder: str) -> Iterator[str]:
        for parent, folders, names in os.walk(folder):
            if POLICY_FILE in names or POLICY_FILE in folders:
                yield parent
            folders[:] = sorted(name for name in folders if not name.startswith("."))

    def document(self, file: str) -> Document | None:
        try:
            return read_file(file, shown_path(file))[0]
        except OSError:
            return None
