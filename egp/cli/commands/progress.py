"""How far long work has come, in one line of a terminal's standard error. Piped, nothing of it is written."""

from __future__ import annotations

import os
import sys

from egp.cli.commands.terminal import WIDTH_OF_UNKNOWN

_CLEARED = "\r\x1b[K"


class Steps:
    """What is being done, each step in the place of the one before; nothing is left when the work ends, however it does."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._wanted = sys.stderr.isatty()

    def __enter__(self) -> Steps:
        return self

    def __exit__(self, *_: object) -> None:
        if self._wanted:
            sys.stderr.write(_CLEARED)
            sys.stderr.flush()

    def step(self, what: str) -> None:
        if self._wanted:
            width = os.get_terminal_size(sys.stderr.fileno()).columns or WIDTH_OF_UNKNOWN
            sys.stderr.write(f"{_CLEARED}{f'{self._doing}: {what}'[: width - 1]}")
            sys.stderr.flush()


class Bar:
    """A bar on standard error once a terminal has waited for a second; silent when piped."""

    def __init__(self, what: str = "plans") -> None:
        from time import monotonic

        self._what = what
        self._now = monotonic
        self._begun = monotonic()
        self._drawn = -1
        self._wanted = sys.stderr.isatty()

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn >= 0:
            sys.stderr.write("\r\x1b[K")

    def show(self, done: int, total: int) -> None:
        if not self._wanted or self._now() - self._begun < 1:
            return
        filled = done * 30 // total
        if filled != self._drawn:
            self._drawn = filled
            sys.stderr.write(f"\r[{'#' * filled}{'.' * (30 - filled)}] {done} of {total} {self._what}")
            sys.stderr.flush()
