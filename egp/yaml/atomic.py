"""The one way out: writing a file so that a reader, or a machine that dies half-way, sees the old content or the new, whole.

Nothing is ever written through a link: whoever can commit one would choose which file is overwritten. ``egp.yaml.files``
is the way in. No other module writes files (``tests/test_doors.py``).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from errno import ELOOP, ENOSYS, ENOTSUP, EPERM

from egp.stats.values import NamedTuple
from egp.yaml.files import LEADS_OUT, is_inside, real_path, root_by_name

PARTIAL = ".partial"
"""What the name of a file in the making ends with. One that a killed run left behind is overwritten by the next."""

IS_LINK = "it is a link, and nothing is written through one"

_STREAM = r"/dev/(?:stdin|stdout|stderr|null|tty|fd/\d+)|/proc/self/fd/\d+"
"""Names that the system links to what the caller has open."""


class _Place(NamedTuple):
    """A name in a folder that is held open, so that nobody can put another in its place."""

    folder: int | None
    """None where the system cannot hold a folder; the name is then the whole path."""
    name: str


def write_atomically(path: str, content: bytes, writer: str = "") -> None:
    """Replaces the file by the content, keeping its permissions. Raises OSError, the old file then untouched.

    ``writer`` tells files in the making apart where several processes may write the same one.
    """
    write_pieces_atomically(path, (content,), writer)


def write_pieces_atomically(path: str, pieces: Iterable[bytes], writer: str = "") -> None:
    """The same of a content that need not stand in memory as a whole. Raises OSError, the old file then untouched."""
    with _held(path) as (folder, name):
        partial = f"{name}{writer}{PARTIAL}"
        try:
            _fill(partial, pieces, folder, like=name)
            os.replace(partial, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(partial, dir_fd=folder)
            raise
        if folder is not None:
            with suppress(OSError):
                os.fsync(
                    folder
                )  # the new name survives a loss of power, where the system lets a folder be synchronised


def _fill(name: str, pieces: Iterable[bytes], folder: int | None, like: str = "") -> None:
    """Makes a file in the making, with the permissions of another one, and has the disk keep it."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    # Exclusive creation follows no link that lies in wait under the name.
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=folder)
    try:
        if like:
            _keep_permissions(folder, like, descriptor)
        for each in pieces:
            _write_all(descriptor, each)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_anew(path: str, content: bytes) -> None:
    """Writes a file that must not exist yet, whole, and the folders that it needs. Raises FileExistsError, OSError."""
    make_folder_of(path)
    with _held(path) as (folder, name):
        partial = f"{name}.{os.getpid()}{PARTIAL}"
        try:
            _fill(partial, (content,), folder)
            _name_anew(partial, name, folder)
        finally:
            with suppress(OSError):
                os.unlink(partial, dir_fd=folder)


def _name_anew(partial: str, name: str, folder: int | None) -> None:
    """Gives a file its name, if nothing has it. Raises FileExistsError, OSError."""
    try:
        os.link(partial, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError as error:
        if error.errno not in (EPERM, ENOSYS, ENOTSUP):
            raise
        # A file system without second names: the name is taken first, and has no content for an instant.
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=folder))
        os.replace(partial, name, src_dir_fd=folder, dst_dir_fd=folder)


def make_folder_of(path: str) -> None:
    """Makes the folder that a file is to lie in, and those above it. Raises OSError."""
    above = os.path.dirname(os.path.abspath(path))
    _require_inside(above, path)
    os.makedirs(above, exist_ok=True)


def make_private_folder(path: str) -> None:
    """Makes a folder that is the caller's alone, with those above it that are missing, unless it is there. Raises OSError."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with suppress(FileExistsError):
        os.mkdir(path, mode=0o700)


def take_back(path: str) -> None:
    """Removes a file that was written anew, and its folder if that has nothing else. Raises OSError."""
    with _held(path) as (folder, name):
        os.unlink(name, dir_fd=folder)
    with suppress(OSError):
        os.rmdir(os.path.dirname(os.path.abspath(path)))


def append(path: str, content: bytes) -> None:
    """Adds to the end of a file that others write to as well. Raises OSError."""
    with _held(path) as (folder, name):
        _into(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINK, 0o666, dir_fd=folder), content)


def write_report(path: str, content: bytes) -> None:
    """Writes a file that a person requested: a pipe or a device is written to and not replaced. Raises OSError."""
    if re.fullmatch(_STREAM, path):
        _into(os.open(path, os.O_WRONLY | os.O_APPEND), content)
    elif _is_stream(path):
        with _held(path) as (folder, name):
            _into(os.open(name, os.O_WRONLY | _NO_LINK, dir_fd=folder), content)
    else:
        write_atomically(path, content, f".{os.getpid()}")


_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def _is_stream(path: str) -> bool:
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def _into(descriptor: int, content: bytes) -> None:
    try:
        _write_all(descriptor, content)
    finally:
        os.close(descriptor)


@contextmanager
def _held(path: str) -> Iterator[_Place]:
    """The place of a file, once it is known that no link leads there. Raises OSError."""
    above, name = os.path.split(os.path.abspath(path))
    descriptor = _open_folder(above)
    try:
        _require_inside(above, path)
        if descriptor is not None and not os.path.samestat(os.stat(real_path(above)), os.fstat(descriptor)):
            raise OSError(ELOOP, LEADS_OUT, path)  # the folder was put there in this instant
        place = _Place(descriptor, name if descriptor is not None else os.path.join(above, name))
        with suppress(FileNotFoundError):
            if stat.S_ISLNK(os.stat(place.name, dir_fd=descriptor, follow_symlinks=False).st_mode):
                raise OSError(ELOOP, IS_LINK, path)
        yield place
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _open_folder(path: str) -> int | None:
    return os.open(path, os.O_RDONLY) if os.open in os.supports_dir_fd else None


def _require_inside(above: str, path: str) -> None:
    """Raises OSError for a folder that lies in a repository by its name alone; it need not be there yet."""
    root = root_by_name(os.path.join(above, "file"))
    if root and not is_inside(real_path(above), real_path(root)):
        raise OSError(ELOOP, LEADS_OUT, path)


def _keep_permissions(folder: int | None, name: str, descriptor: int) -> None:
    with suppress(FileNotFoundError):
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        os.chmod(descriptor, stat.S_IMODE(mode))


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def claimed_folder(path: str) -> int:
    """A descriptor of a folder, for a process to claim it by. Raises OSError."""
    return os.open(path, os.O_RDONLY)
