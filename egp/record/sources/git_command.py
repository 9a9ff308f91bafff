"""How git is called: through its command, never through a shell, and waited for no longer than a limit.

Neither hooks nor external programs run, nothing is written or fetched, and whatever the caller's environment says of another
repository is left out.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from mmap import mmap
from tempfile import TemporaryFile
from threading import Event, Thread
from time import monotonic
from typing import IO

from egp.plan.finding import HelpfulError
from egp.stats.values import NamedTuple

MAX_OUTPUT = 64_000_000
"""Bytes of a list that git may answer with: half a million paths."""

PATIENCE = 120.0
"""Seconds that git may be silent for."""

_SETTINGS = (
    "core.quotePath=off", "core.fsmonitor=false", f"core.hooksPath={os.devnull}", "core.pager=cat",
    "color.ui=false", "log.showSignature=false", "log.follow=false", "log.mailmap=false", "protocol.allow=never",
    "core.attributesFile=" + os.devnull, "safe.bareRepository=explicit", "submodule.recurse=false", "gc.auto=0",
)  # fmt: skip

_OF_THE_CALLER = ("GIT_CONFIG_", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM")
"""Variables of git's that are kept: where its configuration lies, which `safe.directory` may be in. What a hook sets
would turn git away from the folder it works in, and others name programs and files of traces."""

_FIXED = {
    "LC_ALL": "C",
    "LANGUAGE": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    # A replaced object or a graft would tell a history that nobody else has.
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    # What is missing in a partial clone is an error, and fetches nothing: neither now nor by a program that fetches.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_TRACE2": "0",
    "GIT_TRACE2_EVENT": "0",
    "GIT_TRACE2_PERF": "0",
}


_by_chance = mmap(-1, 1)
"""Whether git did not answer by chance, and may answer the next time. Processes that were forked share it."""


class GitError(HelpfulError):
    """What git could not answer, and what to do about it."""


class GitAnswer(NamedTuple):
    status: int
    output: bytes
    error: bytes


def has_failed_by_chance() -> bool:
    """Whether git could not be started, was ended or ran out of time, in this process or in one that it forked."""
    return _by_chance[0] != 0


def ask(folder: str, *arguments: str) -> GitAnswer:
    """What git answers; its exit status is the caller's to judge."""
    with running(folder, arguments) as (output, finished, patience):
        patience.begins()
        content = output.read(MAX_OUTPUT + 1)
        if len(content) > MAX_OUTPUT:
            raise GitError(f"git {arguments[0]} answers with more than {MAX_OUTPUT:,} bytes")
        status, error = finished()
        patience.ends()
        return GitAnswer(status, content, error)


class Patience:
    """Ends git, and whatever it may have started, when it is waited for too long."""

    def __init__(self, process: subprocess.Popen[bytes], asked: str) -> None:
        self._process = process
        self._asked = asked
        self._until: float | None = None
        self._is_over = Event()
        self._has_run_out = False
        Thread(target=self._watch, daemon=True).start()

    def begins(self) -> None:
        self._until = monotonic() + PATIENCE

    def ends(self) -> None:
        """Raises GitError where it was waited for too long."""
        self._until = None
        if self._has_run_out:
            _by_chance[0] = 1
            raise GitError(f"git {self._asked} has not answered for {PATIENCE:g} s, and was ended")

    def is_over(self) -> None:
        self._is_over.set()

    def _watch(self) -> None:
        while not self._is_over.wait(min(1.0, PATIENCE)):
            if self._until is not None and monotonic() > self._until:
                self._has_run_out = True
                _end(self._process)
                return


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends git and its children, which have a group of their own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (AttributeError, ProcessLookupError, PermissionError):
        process.kill()


@contextmanager
def running(
    folder: str, arguments: Sequence[str], given: bytes = b""
) -> Iterator[tuple[IO[bytes], Callable[[], tuple[int, bytes]], Patience]]:
    """Git's output while it runs, what to call for its exit status and its complaints once that is read, and its time.

    Input and complaints go through files, so that no pipe can fill up while another one is read.
    """
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    command = ["git", "--no-pager", *settings, *arguments]
    with TemporaryFile() as errors, TemporaryFile() as input_file:
        input_file.write(given)
        input_file.seek(0)
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=_environment(),
                stdin=input_file,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            raise _not_started(error, folder) from None
        patience = Patience(process, arguments[0])

        def finished() -> tuple[int, bytes]:
            status = process.wait()
            if status < 0:  # a signal ended it
                _by_chance[0] = 1
            errors.seek(0)
            return status, errors.read(10_000)

        with process:
            assert process.stdout is not None
            try:
                yield process.stdout, finished, patience
            finally:
                patience.is_over()
                if process.poll() is None:
                    _end(process)


def _not_started(error: OSError, folder: str) -> GitError:
    if isinstance(error, FileNotFoundError) and os.path.isdir(folder):
        return GitError(
            "git is not installed, and without it no plan can be compared with an earlier one", "install git"
        )
    _by_chance[0] = 1
    return GitError(f"git cannot be run in {folder}: {error.strerror or type(error).__name__}")


def _environment() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith(_OF_THE_CALLER)
    }
    # A program called git in the folder that is judged is not git.
    path = os.pathsep.join(filter(os.path.isabs, kept.get("PATH", os.defpath).split(os.pathsep)))
    return {**kept, **_FIXED, "PATH": path}


def first_line(error: bytes) -> str:
    text = error.decode("utf-8", "replace").strip().removeprefix("fatal: ")
    return text.splitlines()[0] if text else "it says nothing"
