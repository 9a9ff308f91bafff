"""Writing a file so that a reader, or a machine that dies half-way, sees the old content or the new, whole."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

PARTIAL = ".partial"
"""What the name of a file in the making ends with. One that a killed run left behind is overwritten by the next."""


def write_atomically(path: str, content: bytes) -> None:
    """Replaces the file by the content, keeping its permissions. Raises OSError, the old file then untouched."""
    partial = path + PARTIAL
    with suppress(FileNotFoundError):
        os.unlink(partial)
    # Exclusive creation follows no link that lies in wait under the name.
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        try:
            _keep_permissions(path, descriptor)
            _write_all(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(partial, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(partial)
        raise
    _keep_name(os.path.dirname(path) or ".")


def _keep_permissions(path: str, descriptor: int) -> None:
    with suppress(FileNotFoundError):
        os.chmod(descriptor, stat.S_IMODE(os.stat(path).st_mode))


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _keep_name(folder: str) -> None:
    """Makes the new name survive a loss of power, where the system lets a folder be synchronised."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
