"""Which files are plans, and reading them without leaving the repository."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from egp.document import Document, read_bytes, read_file
from egp.finding import Failure
from egp.policy.locate import POLICY_FILE, repository_root
from egp.policy.pattern import fixed_folder, matches

STANDARD_INPUT = "-"
_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class PlanSource:
    """One file to judge. ``content`` holds standard input, else the file is read when it is its turn."""

    path: str
    shown: str
    content: bytes | None = None

    def documents(self) -> list[Document]:
        """The file's documents. Raises OSError."""
        if self.content is not None:
            return read_bytes(self.content, self.shown)
        return read_file(self.path, self.shown)


class PlanFinder:
    """Turns the paths on a command line into plans; whatever cannot be read is a failure, never skipped."""

    def __init__(self, folder: str, patterns: Sequence[str], pattern_root: str) -> None:
        self.folder = folder
        self.patterns = patterns
        self.pattern_root = pattern_root
        self.failures: list[Failure] = []
        self._root = os.path.realpath(repository_root(folder) or folder)

    def asked(self, paths: Sequence[str]) -> list[PlanSource]:
        """Plans at the given paths: files as they are, folders by the policy's patterns or, without a match, whole."""
        found: dict[str, PlanSource] = {}
        for path in paths:
            absolute = os.path.join(self.folder, path)
            if os.path.isdir(absolute):
                sources = self._in_folder(absolute, path)
            elif os.path.lexists(absolute):
                sources = [self._source(absolute)]
            else:
                self.failures.append(Failure(self.shown(absolute), "there is no such file or folder"))
                continue
            for source in sources:
                found.setdefault(os.path.abspath(source.path), source)
        return list(found.values())

    def portfolio(self) -> list[PlanSource]:
        """All plans that the policy's patterns match."""
        found = {}
        for pattern in self.patterns:
            start = os.path.join(self.pattern_root, fixed_folder(pattern))
            if os.path.isdir(start):
                for path in self._yaml_files(start):
                    if matches(self.in_policy(path), pattern):
                        found[path] = self._source(path)
        return [found[path] for path in sorted(found)]

    def is_in_portfolio(self, path: str) -> bool:
        inside = self.in_policy(path)
        return any(matches(inside, pattern) for pattern in self.patterns)

    def in_policy(self, path: str) -> str:
        """The path as the policy's patterns see it."""
        relative = os.path.relpath(os.path.abspath(path), self.pattern_root or self.folder)
        return relative.replace(os.sep, "/")

    def shown(self, path: str) -> str:
        """The path as messages name it: relative to the working directory where it lies below it."""
        relative = os.path.relpath(path, self.folder)
        return (path if relative.startswith("..") else relative).replace(os.sep, "/")

    def _in_folder(self, absolute: str, path: str) -> list[PlanSource]:
        before = len(self.failures)
        files = [file for file in self._yaml_files(absolute) if os.path.basename(file) != POLICY_FILE]
        matching = [file for file in files if self.is_in_portfolio(file)]
        if not files and len(self.failures) == before:
            self.failures.append(Failure(path, "no plan in this folder", help="plans end in .yaml or .yml"))
        return [self._source(file) for file in matching or files]

    def _yaml_files(self, folder: str) -> Iterator[str]:
        for parent, folders, names in os.walk(folder, onerror=self._unreadable):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if name.endswith(_ENDINGS) and not name.startswith("."):
                    yield os.path.join(parent, name)

    def _unreadable(self, error: OSError) -> None:
        self.failures.append(Failure(self.shown(error.filename), f"cannot read this folder: {error.strerror}"))

    def _source(self, path: str) -> PlanSource:
        return PlanSource(path, self.shown(path))

    def leaves_repository(self, source: PlanSource) -> bool:
        """Whether the file lies in the repository by name, and outside it once links are followed."""
        if source.content is not None:
            return False
        named = os.path.abspath(source.path)
        if not named.startswith(self._root + os.sep):
            named = os.path.realpath(os.path.dirname(named))
        real = os.path.realpath(source.path)
        return named.startswith(self._root) and not real.startswith(self._root + os.sep)


def from_standard_input(data: bytes, shown: str) -> PlanSource:
    """A plan that was piped in, judged as if it lay at ``shown``."""
    return PlanSource(shown, shown, data)
