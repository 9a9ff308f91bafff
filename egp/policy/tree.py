"""Where a policy's files are read from: the working tree, or a commit that nobody's branch can change."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from egp.stats.hints import Protocol
from egp.yaml import Document, read_bytes, read_file
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.files import read_regular, real_path
from egp.yaml.sha import sha256

if TYPE_CHECKING:
    from egp.record.sources.git import Repository


class Tree(Protocol):
    """Files by their path on disk, whether or not that is where their content comes from."""

    def real(self, path: str) -> str:
        """The path with links followed, as far as there are any."""

    def has(self, path: str) -> bool:
        """Whether a file can be read there."""

    def documents(self, path: str, name: str) -> list[Document]:
        """The file's documents, under a name for messages. Raises OSError."""

    def content(self, path: str) -> bytes | None:
        """The file's bytes; None where there is none. Raises OSError."""

    def below(self, folder: str) -> Iterator[str]:
        """The files at and below a folder, but for hidden ones, in the order of their paths. Raises OSError."""


class WorkingTree:
    """Files as they lie on disk."""

    def real(self, path: str) -> str:
        return real_path(path)

    def has(self, path: str) -> bool:
        return os.path.isfile(path)

    def documents(self, path: str, name: str) -> list[Document]:
        return read_file(path, name)

    def content(self, path: str) -> bytes | None:
        try:
            return read_regular(path, MAX_BYTES)
        except FileNotFoundError:
            return None

    def below(self, folder: str) -> Iterator[str]:
        for parent, folders, names in os.walk(folder, onerror=_raised):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            yield from (os.path.join(parent, name) for name in sorted(names) if not name.startswith("."))


def _raised(error: OSError) -> None:
    raise error


class CommittedTree:
    """Files as a commit has them. A link in a commit is not followed: its target is the working tree's to choose."""

    def __init__(self, repository: Repository, commit: str) -> None:
        self.repository = repository
        self.commit = commit
        self._contents: dict[str, bytes | None] = {}

    @cached_property
    def root(self) -> str:
        return real_path(self.repository.root)

    def real(self, path: str) -> str:
        return os.path.normpath(path)

    def has(self, path: str) -> bool:
        return self.content(path) is not None

    def leads_through_link(self, path: str) -> bool:
        inside = self.inside(path)
        return inside is not None and self.repository.leads_through_link(self.commit, inside)

    def documents(self, path: str, name: str) -> list[Document]:
        content = self.content(path)
        if content is None:
            raise FileNotFoundError(2, "no such file in this commit", path)
        return read_bytes(content, name)

    def content(self, path: str) -> bytes | None:
        """The file's bytes; None where the commit has no regular file. Raises GitError."""
        if path not in self._contents:
            inside = self.inside(path)
            self._contents[path] = self.repository.read(self.commit, inside) if inside else None
        return self._contents[path]

    def below(self, folder: str) -> Iterator[str]:
        under = self.inside(folder)
        for path in (
            sorted(self.repository.files(self.commit, [under] if under != "." else [])) if under else ()
        ):
            if not any(step.startswith(".") for step in path.split("/")):
                yield os.path.join(self.root, path)

    def inside(self, path: str) -> str | None:
        """The path as git names it, by its letters alone; None for one outside of the repository."""
        inside = os.path.relpath(path, self.root).replace(os.sep, "/")
        return None if inside == ".." or inside.startswith("../") else inside


def digest_of(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"
