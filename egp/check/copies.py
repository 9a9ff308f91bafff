"""A file that git does not track and that has the id of a plan elsewhere is a copy: what is wrong with it is said of it alone."""

from __future__ import annotations

import os
from collections.abc import Collection

from egp.plan.names import folded
from egp.rules.rule_inputs import PortfolioEntry, PortfolioIndex


class Originals:
    """Portfolios without copies: for every plan but the copy, which is compared with all plans.

    Which files are copies depends on git alone, and on none of the files that are in the call. Git is called only where
    two files have one id; where it cannot answer, every file counts.
    """

    def __init__(self, folder: str, root: str) -> None:
        self._folder = folder
        self._root = root
        self._without: dict[int, tuple[PortfolioIndex, frozenset[str]]] = {}
        """By the portfolio: the same without copies, and the paths of those."""

    def of(self, index: PortfolioIndex, entry: PortfolioEntry) -> PortfolioIndex:
        """The portfolio that a plan is compared with."""
        if id(index) not in self._without:
            copies = self._copies(index)
            originals = [each for each in index.entries if each.path not in copies]
            self._without[id(index)] = (PortfolioIndex(originals) if copies else index, copies)
        without, copies = self._without[id(index)]
        return index if entry.path in copies else without

    def _copies(self, index: PortfolioIndex) -> frozenset[str]:
        together = [paths for paths in _paths_by_id(index.entries) if len(paths) > 1]
        if not together:
            return frozenset()
        untracked = self._untracked(frozenset[str]().union(*together))
        # Of files none of which git knows nobody can tell which one is the copy.
        return frozenset[str]().union(*(paths & untracked for paths in together if not paths <= untracked))

    def _untracked(self, paths: Collection[str]) -> frozenset[str]:
        from egp.record.sources.git import Repository
        from egp.record.sources.git_command import GitError

        try:
            repository = Repository.at(self._root)
            named = {path: repository.inside(os.path.join(self._folder, path)) for path in paths}
            inside = sorted({each for each in named.values() if each is not None})
            unknown = repository.untracked(inside) if inside else ()
        except GitError:
            return frozenset()
        return frozenset(path for path, name in named.items() if name in unknown)


def _paths_by_id(entries: Collection[PortfolioEntry]) -> Collection[frozenset[str]]:
    """The files that have a plan of each id."""
    found: dict[str, frozenset[str]] = {}
    for each in entries:
        if name := folded(each.id):
            found[name] = found.get(name, frozenset()) | {each.path}
    return found.values()
