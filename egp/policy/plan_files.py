"""Which files are plans, and reading them without leaving the repository."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from egp.plan.finding import Failure
from egp.policy.error import PolicyError
from egp.policy.locate import POLICY_FILE, POLICY_TESTS_FILE
from egp.policy.territories import Territory
from egp.record.entry_files import ENTRIES, LEDGER, LOCK_FILE
from egp.record.waivers import BASELINE_FILE, WAIVERS_FILE
from egp.stats.values import frozen, replace
from egp.yaml import Document, read_bytes, read_file
from egp.yaml.files import open_below, real_path, repository_root

if TYPE_CHECKING:
    from egp.policy.model import Policy
    from egp.policy.owners import Owners

STANDARD_INPUT = "-"
_ENDINGS = (".yaml", ".yml")
_NO_PLANS = (POLICY_FILE, POLICY_TESTS_FILE, WAIVERS_FILE, BASELINE_FILE)
"""Files of egp's own that lie where plans may lie."""
_NO_FOLDERS = (ENTRIES, LEDGER)
"""Folders of egp's own."""


@frozen
class PlanSource:
    """One file to judge. ``content`` holds standard input, else the file is read when it is its turn."""

    path: str
    shown: str
    in_policy: str
    """The path as the policy's patterns see it."""
    in_portfolio: bool
    """Whether the policy's patterns match it, or the policy has none."""
    content: bytes | None = None
    owner: Territory | None = None
    """Whose policy judges it; None where one policy judges everything."""

    def documents(self) -> list[Document]:
        """The file's documents. Raises OSError."""
        if self.content is not None:
            return read_bytes(self.content, self.shown)
        return read_file(self.path, self.shown)


class PlanFinder:
    """Turns the paths on a command line into plans; whatever cannot be read is a failure, never skipped."""

    def __init__(
        self,
        folder: str,
        patterns: Sequence[str] = (),
        pattern_root: str = "",
        owners: Owners | None = None,
        is_alone: bool = False,
    ) -> None:
        """Patterns and their root are those of the only policy, or with owners those of one of them.

        ``is_alone`` finds no plans but those of the call, to be judged as if there were no others.
        """
        self.folder = os.path.abspath(folder)
        self.patterns = patterns
        self.pattern_root = os.path.abspath(pattern_root or folder)
        self.owners = owners
        self.is_alone = is_alone
        self.failures: list[Failure] = []
        self._only = Territory("", self.pattern_root, tuple(patterns))
        self.root = repository_root(self.folder) or self.folder
        self._real_root = real_path(self.root)
        self._real_folders: dict[str, str] = {}
        self._canonical: dict[str, str] = {}

    def asked(self, paths: Sequence[str]) -> list[PlanSource]:
        """Plans at the given paths: files as they are, folders by the policy's patterns or, without a match, whole."""
        found: dict[str, PlanSource] = {}
        for path in paths:
            absolute = os.path.normpath(os.path.join(self.folder, path))
            if self._is_own(absolute):
                self.failures.append(_no_plan(path, self._shown(absolute)))
                continue
            if os.path.isdir(absolute):
                sources = self._in_folder(absolute)
            elif os.path.lexists(absolute):
                sources = [self._source(absolute)]
            else:
                from egp.record.near_file import path_advice

                message, advice = "there is no such file or folder", path_advice(absolute, path)
                self.failures.append(Failure(self._shown(absolute), message, help=advice))
                continue
            for source in sources:
                found.setdefault(source.path, source)
        return list(found.values())

    def portfolio(self) -> list[PlanSource]:
        """All plans that the patterns match, of every owner."""
        sources = map(self._source, self.candidates())
        return [each for each in sources if each.in_portfolio]

    def candidates(self) -> list[str]:
        """The files that lie where the patterns look, in the order of their paths."""
        brought = self.owners.brought() if self.owners else ()
        everyone = (*self._territories(), *brought)
        starts = {start for each in everyone for start in each.folders() if each.plans}
        found = {path for start in starts if os.path.isdir(start) for path in self._yaml_files(start)}
        return sorted(found.union(*map(self._open, starts)))

    def territories(self) -> Sequence[Territory]:
        """Who owns what: where it is the same as before, so are the plans of the same files."""
        return self._territories()

    def _open(self, folder: str) -> Iterator[str]:
        """The files below a folder that an editor has open and that may never have been saved."""
        for path in open_below(folder):
            if may_hold_plan(os.path.relpath(path, folder).replace(os.sep, "/")):
                yield path

    def is_listed(self, source: PlanSource) -> bool:
        """Whether a policy says by patterns which plans there are beside a file."""
        return any(each.plans for each in (source.owner or self._only).line())

    def beside(self, source: PlanSource) -> list[PlanSource]:
        """What may be plans in the folder of a file, where no policy says which files are."""
        folder = os.path.dirname(source.path)
        if self.is_alone or not os.path.isdir(folder):
            return []
        paths = (os.path.join(folder, name) for name in sorted(os.listdir(folder)) if may_hold_plan(name))
        return [self._source(path) for path in paths if os.path.isfile(path)]

    @property
    def has_patterns(self) -> bool:
        """Whether a policy says which files are plans."""
        return any(each.plans for each in self._territories())

    def of_folder(self) -> list[PlanSource]:
        """Those of them that belong to the owner of the working directory, and to whom it delegates.

        Where nobody owns the working directory, all of them.
        """
        if self.owners is None:
            return self.portfolio()
        mine = self.owners.territories.of_folder(self.folder)
        return [
            each for each in self.portfolio() if not mine.file or (each.owner and mine in each.owner.line())
        ]

    def policy_of(self, source: PlanSource, otherwise: Policy) -> Policy:
        """The policy that judges a file: its owner's. Raises PolicyError."""
        return self.owners.policy(source.owner) if self.owners and source.owner else otherwise

    def policies_read(self, otherwise: Policy) -> list[Policy]:
        """All policies that were read so far, whether or not they judge a plan."""
        return self.owners.read_so_far() if self.owners else [otherwise]

    def judging_by(self, policy: Policy) -> PlanFinder:
        """The same, with another version of one of the policies."""
        owners = self.owners.judging_by(policy) if self.owners else None
        return PlanFinder(self.folder, self.patterns, self.pattern_root, owners)

    def by_policy(
        self, sources: Iterable[PlanSource], otherwise: Policy
    ) -> list[tuple[Policy, list[PlanSource]]]:
        """The files that each policy judges. Raises PolicyError."""
        found: dict[str, tuple[Policy, list[PlanSource]]] = {}
        for source in sources:
            policy = self.policy_of(source, otherwise)
            found.setdefault(policy.name, (policy, []))[1].append(source)
        return list(found.values())

    def folders(self) -> list[str]:
        """Where plans may lie."""
        return sorted({folder for each in self._territories() for folder in each.folders()})

    def _territories(self) -> Sequence[Territory]:
        """All owners; what keeps one of them from saying what it owns is a failure."""
        if self.owners is None:
            return (self._only,)
        try:
            everyone = self.owners.territories.everyone()
        except PolicyError as error:
            self._fail(error.failures)
            return ()
        for each in everyone:
            if each.is_garbled or each.faults:
                try:
                    self.owners.policy(each)
                except PolicyError as error:
                    self._fail(error.failures)
        return everyone

    def _fail(self, failures: Iterable[Failure]) -> None:
        self.failures += [each for each in failures if each not in self.failures]

    def _is_own(self, path: str) -> bool:
        """Whether what lies there is egp's own by its name."""
        if os.path.basename(path) in (*_NO_PLANS, LOCK_FILE):
            return not os.path.isdir(path)
        return not set(_NO_FOLDERS).isdisjoint(os.path.relpath(path, self.root).split(os.sep))

    def piped(self, data: bytes, path: str) -> PlanSource:
        """A plan from standard input, judged as if it lay at the path."""
        absolute = os.path.normpath(os.path.join(self.folder, path))
        return replace(self._source(absolute), shown=path, content=data)

    def at(self, path: str) -> PlanSource:
        """A file by its path, whether or not it is there."""
        return self._source(os.path.normpath(os.path.join(self.folder, path)))

    def judged_at(self, source: PlanSource, registered: str, root: str) -> PlanSource:
        """A registered plan as it lies where it was registered, relative to the lock's folder: there it is judged.

        Whoever copies or moves its file does not choose other settings for it.
        """
        if not registered:
            return source
        there = self._source(os.path.normpath(os.path.join(root, registered)))
        return replace(source, in_policy=there.in_policy, owner=there.owner)

    def is_where_it_seems(self, source: PlanSource) -> bool:
        """Whether no link leads to the file, nor to the repository."""
        return self.root == self._real_root and self.canonical(source.path) == source.path

    def leaves_repository(self, source: PlanSource) -> bool:
        """Whether the file lies in the repository by name, and outside it once links are followed."""
        if source.content is not None or not _is_below(source.path, self.root):
            return False
        return not _is_below(self.canonical(source.path), self._real_root)

    def canonical(self, path: str) -> str:
        """The path with all links followed, each file once in a run; the folders, which many files share, are followed once."""
        found = self._canonical.get(path)
        if found is None:
            found = self._canonical[path] = self._followed(path)
        return found

    def _followed(self, path: str) -> str:
        if os.path.islink(path):
            return real_path(path)
        folder, _, name = path.rpartition(os.sep)
        folder = folder or os.sep
        if folder not in self._real_folders:
            self._real_folders[folder] = real_path(folder)
        real = self._real_folders[folder]
        return path if real == folder else os.path.join(real, name)

    def _shown(self, path: str) -> str:
        """The path as messages name it: relative to the working directory where it lies below it."""
        return (path[len(self.folder) + 1 :] if _is_below(path, self.folder) else path).replace(os.sep, "/")

    def _in_folder(self, folder: str) -> list[PlanSource]:
        before = len(self.failures)
        sources = [self._source(path) for path in self._yaml_files(folder)]
        if not sources and len(self.failures) == before:
            advice = "plans end in .yaml or .yml"
            self.failures.append(
                Failure(self._shown(folder) or folder, "no plan in this folder", help=advice)
            )
        matching = [source for source in sources if source.in_portfolio]
        return matching or sources

    def _yaml_files(self, folder: str) -> Iterator[str]:
        for parent, folders, names in os.walk(folder, onerror=self._unreadable):
            folders[:] = sorted(
                name for name in folders if not name.startswith(".") and name not in _NO_FOLDERS
            )
            for name in sorted(names):
                if name.endswith(_ENDINGS) and not name.startswith(".") and name not in _NO_PLANS:
                    yield os.path.join(parent, name)

    def _unreadable(self, error: OSError) -> None:
        self.failures.append(
            Failure(self._shown(error.filename), f"cannot read this folder: {error.strerror}")
        )

    def _source(self, path: str) -> PlanSource:
        owner = self.owners.territories.of(path) if self.owners else None
        territory = owner or self._only
        is_matched = territory.has_in_portfolio(path)
        return PlanSource(path, self._shown(path), territory.inside(path), is_matched, None, owner)

    def crosses(self, source: PlanSource) -> bool:
        """Whether a link leads from the territory that the file has by its name into another one."""
        if self.owners is None or source.owner is None or not _is_below(source.path, self.root):
            return False
        real = self.canonical(source.path)
        named = self.root + real[len(self._real_root) :] if _is_below(real, self._real_root) else source.path
        if named == source.path:
            return False  # of nearly all files: no link leads to them
        return self.owners.territories.of(named) != self.owners.territories.of(source.path)


def led_astray(finder: PlanFinder, source: PlanSource) -> Failure | None:
    """Why a plan is not read: a link leads to it from somewhere else."""
    if finder.is_where_it_seems(source):
        return None
    if finder.leaves_repository(source):
        message = "this link leads out of the repository"
    elif finder.crosses(source):
        message = "this link leads into a folder that another policy owns"
    else:
        return None
    return Failure(source.shown, message, help="commit the plan itself")


def _no_plan(path: str, shown: str) -> Failure:
    """What to do with a file of egp's own that was taken for a plan."""
    if os.path.basename(path) not in _NO_PLANS:
        advice = "it is read with the plan that it is about: check that"
        return Failure(shown, "this is a part of the lock, not a plan", help=advice)
    if os.path.basename(path) == POLICY_FILE:
        advice = f"egp check PLAN --policy {path} judges a plan by it, egp rules --policy {path} shows what it requires"
        return Failure(shown, "this is a policy, not a plan", help=advice)
    if os.path.basename(path) == POLICY_TESTS_FILE:
        return Failure(shown, "these are tests of a policy, not a plan", help="egp policy test runs them")
    what = "these are waivers" if os.path.basename(path) == WAIVERS_FILE else "this is a baseline"
    advice = "it is read with the plans it is for: check those, or all plans of the policy with `egp check`"
    return Failure(shown, f"{what}, not a plan", help=advice)


def may_hold_plan(path: str) -> bool:
    """Whether a file below the repository's root may be a plan by its name, as far as folders are searched for it."""
    *folders, name = path.split("/")
    is_hidden = any(part.startswith(".") for part in (*folders, name))
    is_own = name in _NO_PLANS or not set(_NO_FOLDERS).isdisjoint(folders)
    return name.endswith(_ENDINGS) and not is_own and not is_hidden


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)
