"""Which files a caller may name: those below the folders that the server was started for, links followed."""

from __future__ import annotations

import os
from collections.abc import Sequence

from mcp.server.mcpserver.exceptions import ResourceError

from egp.plan.quantity import shown
from egp.stats.values import NamedTuple
from egp.yaml.files import is_inside, real_path, repository_root

LONGEST = 1_000


class PathRefusedError(ResourceError):
    """What a caller named, and why it is not opened."""


class Named(NamedTuple):
    """A path as a command gets it, and the folder that the command runs in."""

    root: str
    path: str


def default_root(folder: str) -> str:
    """The repository that a folder lies in, or the folder."""
    return real_path(repository_root(folder) or folder)


def named(path: str, roots: Sequence[str]) -> Named:
    """A path below one of the roots; a relative one is of the first root that has it.

    Raises PathRefusedError for any other, whether or not there is such a file.
    """
    _require_plain(path)
    within = [
        (root, place) for root in roots if is_inside(place := real_path(os.path.join(root, path)), root)
    ]
    if not within:
        raise PathRefusedError(f"{shown(path)} lies outside of {_listed(roots)}")
    root, place = next((each for each in within if os.path.exists(each[1])), within[0])
    relative = os.path.relpath(place, root).replace(os.sep, "/")
    return Named(root, f"./{relative}" if relative.startswith("-") else relative)


def all_named(paths: Sequence[str], roots: Sequence[str]) -> tuple[str, list[str]]:
    """The one root that all paths lie below, and the paths below it. Raises PathRefusedError."""
    found = [named(path, roots) for path in paths]
    folders = {each.root for each in found} or {roots[0]}
    if len(folders) > 1:
        raise PathRefusedError("the paths lie below several roots; name those of one root at a time")
    return folders.pop(), [each.path for each in found]


def _require_plain(path: str) -> None:
    if not path or len(path) > LONGEST or not path.isprintable():
        raise PathRefusedError("a path is printable text of at most 1,000 characters")


def _listed(roots: Sequence[str]) -> str:
    return "the folder that this server reads" if len(roots) == 1 else "the folders that this server reads"
