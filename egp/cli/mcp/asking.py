"""A question is a call of egp in a process of its own: the same answer as on the command line, and an end to what takes too long."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from subprocess import DEVNULL, PIPE

import anyio
from anyio.abc import ByteReceiveStream, Process

from egp.cli.mcp.roots import PathRefusedError
from egp.stats.values import NamedTuple

SECONDS = 30.0
LARGEST = 2_000_000
"""Bytes of an answer. A report on hundreds of rejected plans is larger, and too long to be read in a conversation."""

_SENT_ELSEWHERE = ("GITHUB_", "FORCE_COLOR", "PYTHONINSPECT", "PYTHONSTARTUP")


class Said(NamedTuple):
    status: int
    output: str
    complaint: str


async def ask(arguments: Sequence[str], folder: str) -> Said:
    """Runs ``egp`` in a folder. Raises PathRefusedError for an answer that takes too long or is too large."""
    # -P: a package of the folder's that is called egp, or like a module of Python's, is not imported.
    command = [sys.executable, "-P", "-m", "egp", *arguments]
    environment = {key: each for key, each in os.environ.items() if not key.startswith(_SENT_ELSEWHERE)}
    async with await anyio.open_process(
        command, cwd=folder, env=environment, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, start_new_session=True
    ) as process:
        try:
            with anyio.fail_after(SECONDS):
                return await _told(process)
        except TimeoutError:
            raise PathRefusedError(
                f"no answer within {SECONDS:.0f} s; ask about fewer plans at a time"
            ) from None
        finally:
            _end(process)


async def _told(process: Process) -> Said:
    told: dict[str, bytes] = {}

    async def read(name: str, stream: ByteReceiveStream) -> None:
        content = bytearray()
        async for part in stream:
            content += part
            if len(content) > LARGEST:
                _end(process)
                break
        told[name] = bytes(content)

    assert process.stdout
    assert process.stderr
    async with anyio.create_task_group() as both:
        both.start_soon(read, "output", process.stdout)
        both.start_soon(read, "complaint", process.stderr)
    if any(len(content) > LARGEST for content in told.values()):
        raise PathRefusedError(
            f"the answer is larger than {LARGEST // 1_000_000} MB; ask about fewer plans at a time"
        )
    status = await process.wait()
    return Said(status, *(told[name].decode("utf-8", "replace") for name in ("output", "complaint")))


def _end(process: Process) -> None:
    """Ends the command with all that it started, where it has not ended."""
    if process.returncode is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (AttributeError, ProcessLookupError):  # without groups of processes, or ended meanwhile
            process.kill()
