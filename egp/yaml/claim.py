"""Keeping other processes away while a folder's files are changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from egp.yaml.atomic import claimed_folder

PATIENCE = 30.0
"""Seconds to wait for another process."""


class ClaimError(Exception):
    """Why the folder cannot be claimed, and what to do about it."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


@contextmanager
def claimed(root: str) -> Iterator[None]:
    """Keeps other processes from claiming the same folder. The system ends the claim with the process that has it.

    The folder itself is what is claimed: it needs no further file, and it stays when files in it are replaced.
    """
    try:
        import fcntl
    except ImportError:
        message = "this system has no file locks, so that no lock can be written safely"
        raise ClaimError(message, "register on Linux or macOS") from None
    try:
        folder = claimed_folder(root)
    except OSError as error:
        raise ClaimError(f"cannot open the folder of the lock: {error.strerror}") from None
    try:
        _claim(lambda: fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB))
        yield
    finally:
        os.close(folder)


def _claim(attempt: Callable[[], None]) -> None:
    until = monotonic() + PATIENCE
    while True:
        try:
            return attempt()
        except BlockingIOError:
            if monotonic() > until:
                message = f"another process has been writing the lock for {PATIENCE:.0f} seconds"
                raise ClaimError(message, "end that process, then try again") from None
            sleep(0.02)
        except OSError as error:
            message = f"the folder of the lock cannot be claimed: {error.strerror}"
            raise ClaimError(message, "work in a folder of a local file system") from None
