"""The one way in: opening a file for reading, and following links. ``egp.yaml.atomic`` is the way out.

What a repository contains is written by strangers. So a file that lies in a repository by its name must lie in it once
links are followed, too; it is a regular file, since a pipe or a device may never end; and it is read to a limit.
No other module opens files (``tests/test_doors.py``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from errno import EFBIG, EINVAL, EISDIR, ELOOP
from stat import S_ISDIR, S_ISREG
from time import time_ns

LEADS_OUT = "a link leads out of the repository"

_CAREFULLY = (
    getattr(os, "O_NONBLOCK", 0)  # a pipe put in a file's place in this instant does not block
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)

TICK = 2_000_000_000
"""Nanoseconds in which a file system, the coarsest, may not tell two writings apart."""

_buffers: dict[str, bytes] = {}
"""Path → what an editor has of the file and may not have saved."""


_MOST_ROOTS = 256

_MORE = 4096
"""Bytes that are read at a time of a file that is longer than it said."""


class TooLargeError(OSError):
    """A file with more bytes than are worth reading. It was not read."""

    def __init__(self, path: str, size: int, most: int) -> None:
        super().__init__(EFBIG, f"it has {size:,} bytes, and at most {most:,} are read", path)
        self.size = size


class before_disk:  # as a verb: `with before_disk(buffers)`
    """Has files read as an editor has them open, by their absolute paths, whether or not they are on disk.

    The editor says where they lie: whoever takes its word has seen that it is a place that may be read. One thread at a
    time reads files as an editor has them.
    """

    def __init__(self, buffers: Mapping[str, bytes]) -> None:
        self._open = buffers

    def __enter__(self) -> None:
        _buffers.update(self._open)

    def __exit__(self, *_: object) -> None:
        _buffers.clear()


def is_there(path: str) -> bool:
    """Whether something lies under a path, on disk or in an editor."""
    return os.path.lexists(path) or os.path.abspath(path) in _buffers


def open_below(folder: str) -> list[str]:
    """The files that an editor has open below a folder, saved or not."""
    return sorted(path for path in _buffers if is_inside(path, folder))


def stamp(path: str) -> object:
    """What changes with the content of a file, in values that JSON keeps; None where nothing can be relied on.

    A file that has just been written may be written again before its clock ticks. Whoever writes it may set the time of its
    content back, and not the time at which that was done.
    """
    if path in _buffers:
        return _buffers[path]
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    if time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) < TICK:
        return None
    return [status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev]


def read_regular(path: str, most: int, within: str = "") -> bytes:
    """The whole content of a regular file of at most so many bytes. Raises OSError, and TooLargeError.

    ``within`` is the folder that the file must not lie outside of, links followed; without one it is the repository
    that the file lies in by its name, if it lies in any.
    """
    if _buffers and (content := _buffers.get(os.path.abspath(path))) is not None:
        if len(content) > most:
            raise TooLargeError(path, len(content), most)
        return content
    require_possible(path)
    require_regular(path, os.stat(path))
    descriptor = os.open(path, os.O_RDONLY | _CAREFULLY)
    try:
        status = os.fstat(descriptor)
        require_regular(path, status)
        root = within or _root_of_folder(os.path.dirname(os.path.abspath(path)))
        if root:
            # Checked after opening: whatever is swapped meanwhile, these bytes are of a file below the root.
            place = _place_of(descriptor) or real_path(path)
            if not is_inside(place, real_path(root)) or not os.path.samestat(os.stat(place), status):
                raise OSError(ELOOP, LEADS_OUT, path)
        if status.st_size > most:
            raise TooLargeError(path, status.st_size, most)
        content = _content(descriptor, status.st_size, most)
        if len(content) > most:
            raise TooLargeError(path, len(content), most)
        return content
    finally:
        os.close(descriptor)


def _content(descriptor: int, size: int, most: int) -> bytes:
    """What a file has, a byte more than the most where it grows. Room for the largest one would cost more than reading a plan."""
    content = os.read(descriptor, size + 1)
    while content and len(content) <= most and (more := os.read(descriptor, _MORE)):
        content += more
    return content


def _place_of(descriptor: int) -> str:
    """Where an open file lies, as Linux knows; empty elsewhere. To follow the links of its path takes twenty times as long."""
    try:
        place = os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return ""
    return place if os.path.isabs(place) else ""


def require_possible(path: str) -> None:
    """Raises OSError for a name that no file can have, with a zero byte or half a character, for which Python has other errors."""
    try:
        if b"\0" not in os.fsencode(path):
            return
    except UnicodeEncodeError:
        pass
    raise OSError(EINVAL, "no file can have this name", path)


def require_regular(path: str, status: os.stat_result) -> None:
    """Raises OSError for what is no file: it is not even opened."""
    if S_ISDIR(status.st_mode):
        raise OSError(EISDIR, os.strerror(EISDIR), path)
    if not S_ISREG(status.st_mode):
        raise OSError(EINVAL, "it is not a regular file", path)


def is_regular(path: str) -> bool:
    """Whether a regular file lies at a path, links followed."""
    return os.path.isfile(path)


def link_target(path: str) -> str:
    """What the symbolic link at a path leads to, as it is written; empty for anything else."""
    try:
        return os.readlink(path)
    except OSError:
        return ""


def shown_path(path: str, folder: str = "") -> str:
    """A path as people are shown it: relative to the folder, by default the one of the call, where it lies below it."""
    relative = os.path.relpath(path, folder or os.curdir) if path else ""
    return (path if relative.startswith("..") else relative).replace(os.sep, "/")


def real_path(path: str) -> str:
    """The path with all links followed, as far as there are any; a name that no file can have, by its letters."""
    try:
        return os.path.realpath(path)
    except ValueError:
        return os.path.abspath(path)


def is_inside(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies below it, by their letters; both absolute and without links."""
    return path == folder or path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def root_by_name(path: str) -> str:
    """The root of the repository that a file lies in by its name; empty for a file in none.

    A folder that a link brings in from elsewhere is no repository of its own, though it may be one where it lies.
    """
    root = repository_root(os.path.dirname(os.path.abspath(path)))
    while root is not None:
        outer = repository_root(os.path.dirname(root)) if os.path.dirname(root) != root else None
        if outer is None or is_inside(real_path(root), real_path(outer)):
            return root
        root = outer
    return ""


_ROOTS: dict[str, str] = {}
"""Folder → the root of its repository, for folders that many files are read of."""


def _root_of_folder(folder: str) -> str:
    """As ``root_by_name`` of a file in the folder; looked up anew where it was in none, or that root is one no more."""
    known = _ROOTS.get(folder)
    if known and os.path.exists(os.path.join(known, ".git")):
        return known
    found = root_by_name(os.path.join(folder, "file"))
    if len(_ROOTS) >= _MOST_ROOTS:
        _ROOTS.clear()
    _ROOTS[folder] = found
    return found


def repository_root(folder: str) -> str | None:
    """The folder with ``.git`` at or above this one."""
    current = os.path.abspath(folder)
    while True:
        if os.path.exists(os.path.join(current, ".git")):
            return current
        parent = os.path.dirname(current)
        if parent == current:
            return None
        current = parent
