"""A repository to feed inputs to, egp called in it in this process, and what must hold of every answer."""

from __future__ import annotations

import contextlib
import io
import resource
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from egp.cli.main import main
from egp.yaml import read_bytes

ROOT = Path(__file__).parents[2]
SECONDS = 2.0
"""CPU time that one input may take."""
KILOBYTES = 200_000
"""Memory that one input may add."""


class Answer(NamedTuple):
    status: int
    said: str
    seconds: float


class Fault(NamedTuple):
    """An answer that must not be."""

    kind: str
    command: str
    message: str
    content: bytes
    """The input that brings it about."""


@dataclass
class Tally:
    """What a run came to."""

    inputs: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    slowest: float = 0.0
    largest: int = 0
    """Kilobytes by which this process grew for one input."""

    def of(self, kind: str) -> list[Fault]:
        return [fault for fault in self.faults if fault.kind == kind]


class World:
    """The examples with registered plans; a file is replaced for a call and restored after it."""

    def __init__(self, folder: Path, tally: Tally) -> None:
        self.folder = folder
        self.tally = tally
        shutil.copytree(ROOT / "examples", folder, ignore=shutil.ignore_patterns("__pycache__", "egp.lock"))
        for plan, day in (("pdp-buy-now", "2023-01-17"), ("ranking-model", "2023-08-29")):
            assert self.egp("register", f"experiments/{plan}.yaml", "--as-of", day).status == 0

    def egp(self, *arguments: str) -> Answer:
        """Calls egp. Whatever comes out of it is an answer: an exception has the status -1."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        begun = time.process_time()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = main(arguments)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                status = -1
                err.write(f"Traceback: {type(error).__name__}: {error}")
        said = "".join(stream.buffer.getvalue().decode("utf-8", "replace") for stream in (out, err))
        return Answer(status, said, time.process_time() - begun)

    def ask(self, path: str, content: bytes, *arguments: str, again: bool = False) -> Answer:
        """What egp answers where a file has this content. Faults that any answer may have are noted."""
        file = self.folder / path
        before = file.read_bytes() if file.exists() else None
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        room = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            answer = self.egp(*arguments)
            second = self.egp(*arguments) if again else answer
        finally:
            if before is None:
                file.unlink(missing_ok=True)
            else:
                file.write_bytes(before)
        self.tally.inputs[arguments[0]] = self.tally.inputs.get(arguments[0], 0) + 1
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - room
        self.tally.slowest = max(self.tally.slowest, answer.seconds)
        self.tally.largest = max(self.tally.largest, grown)
        if answer.status == -1 or any(sign in answer.said for sign in _CRASHED):
            self.note("crash", arguments, _last_line(answer.said), content)
        if answer.seconds > SECONDS:
            self.note("slow", arguments, f"{answer.seconds:.1f} s of CPU", content)
        if grown > KILOBYTES:
            self.note("large", arguments, f"{grown:,} KB more", content)
        if second[:2] != answer[:2]:
            self.note("differs", arguments, "the same input gives other bytes the second time", content)
        return answer

    def must_refuse(self, path: str, content: bytes, answer: Answer, arguments: Sequence[str]) -> None:
        """An input that is no YAML never ends with 0."""
        if answer.status == 0 and any(document.problems for document in read_bytes(content, path)):
            self.note("silent", arguments, f"status 0 on a file that cannot be read: {path}", content)

    def note(self, kind: str, arguments: Sequence[str], message: str, content: bytes) -> None:
        self.tally.faults.append(Fault(kind, f"egp {' '.join(arguments)}", message, content))


_CRASHED = ("Traceback", "this is a bug of egp", "as a bug of egp", " crashed")


def _last_line(said: str) -> str:
    crashed = [line for line in said.splitlines() if any(sign in line for sign in (*_CRASHED, "Error:"))]
    return (crashed or said.splitlines() or [""])[-1][:300]
