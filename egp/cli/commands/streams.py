"""Standard streams that may be full or closed: what cannot be written changes no exit status."""

from __future__ import annotations

import os
import sys
from errno import EBADF
from typing import Any, NoReturn


class Unfailing:
    """Standard error that drops what it cannot take: nobody reads it, and the exit status says the same."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            if self._stream is not None:
                self._stream.write(text)
                self._stream.flush()
        except (OSError, ValueError):
            _abandon(self._stream)
        return len(text)

    def flush(self) -> None:
        """Each text is flushed as it is written."""

    def isatty(self) -> bool:
        return self._stream is not None and bool(self._stream.isatty())


class Closed:
    """Standard output that is closed: to write a report to it is an error, as it is to a full disk."""

    def reconfigure(self, **_: object) -> None:
        """There is nothing to set."""

    def write(self, _: str) -> NoReturn:
        raise OSError(EBADF, "standard output is closed")

    def flush(self) -> None:
        """There is nothing to flush."""

    def isatty(self) -> bool:
        return False


def keep_numbers() -> None:
    """Opens the null device in the place of standard streams that are closed.

    Otherwise the next file that is opened would get the number of one, and what a program says would end up in it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, closefd=False)


def abandon_standard_output() -> None:
    """Nothing more can be written to it, not even when the interpreter ends and flushes."""
    _abandon(sys.stdout)


def _abandon(stream: Any) -> None:
    from contextlib import suppress

    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
