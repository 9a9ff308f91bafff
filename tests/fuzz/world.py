"""A repository to feed inputs to, egp called in it in this process, and what must hold of every answer."""

from __future__ import annotations

import contextlib
import io
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from egp.cli.main import main
from egp.record.lock import LockError, read_lock
from egp.yaml import read_bytes

ROOT = Path(__file__).parents[2]
SECONDS = 2.0
"""CPU time that one input may take."""
SECONDS_OF_ADVICE = 4.0
"""CPU time that `explain` may take: it judges the plan anew for each option that it offers."""
KILOBYTES = 200_000
"""Memory that one input may add."""

PLAN, MODEL, FRESH, WAIVED = (
    f"experiments/{name}.yaml" for name in ("pdp-buy-now", "ranking-model", "fresh", "waived")
)
"""Two plans of the examples, registered; one that is not; and one that is registered with a waiver."""
POLICY, TESTS, RECEIPT, LISTED = "egp.yaml", "egp.test.yaml", "receipt.json", "waivers.yaml"
REGISTERED = "2023-01-17"
WHEN = "2023-02-09T08:00:00-08:00"
"""When the results of the first stage were taken."""

TERMS = "waivers: {approvers: [experimentation_lead], longest: 30d, attested_by: lock}\n"
SMALL_TESTS = """\
tests:
  - {name: 14 days are not too short, plan: {schedule: {end: 2023-02-05}}, passes: [minimum-runtime]}
  - name: 13 are
    plan: {schedule: {end: 2023-02-04}}
    expect: [{rule: minimum-runtime, at: /schedule/end, severity: error}]
    alone: minimum-runtime
"""
SMALL_POLICY = (
    "version: '1'\nrules: {minimum-runtime: {severity: error, days: 14}, weekly-cycles: {severity: error}}\n"
)


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
    """The examples with registered plans; a file is replaced for a call, and everything is as it was after it."""

    def __init__(self, folder: Path, tally: Tally, has_git: bool = False) -> None:
        self.folder = folder
        self.tally = tally
        shutil.copytree(ROOT / "examples", folder, ignore=shutil.ignore_patterns("__pycache__", "egp.lock"))
        self._write_more()
        for plan, day in ((PLAN, REGISTERED), (MODEL, "2023-08-29"), (WAIVED, REGISTERED)):
            answer = self.egp("register", plan, "--as-of", day)
            assert answer.status == 0, answer.said
        if has_git:
            self._git("init", "--quiet")
            self._git("add", "--all")
            self._git("commit", "--quiet", "--message=as registered")
        recorded = self.egp(
            "gate", PLAN, "--results", "results/pdp-buy-now/stage-1.yaml", "--to", "90%", "--as-of", WHEN, "--receipt", RECEIPT
        )  # fmt: skip
        assert recorded.status == 0, recorded.said

    def _write_more(self) -> None:
        """A plan that is not registered, one that needs a waiver and has it, and a small policy with tests."""
        with (self.folder / POLICY).open("a", encoding="utf-8") as policy:
            policy.write(TERMS)
        text = (self.folder / PLAN).read_text(encoding="utf-8")
        for path, changes in (
            (FRESH, [("mde: 45bps", "mde: 50bps")]),
            (WAIVED, [("mde: 45bps", "mde: 46bps"), ("min_dwell: 48h", "min_dwell: 24h")]),
        ):  # fmt: skip
            name, own = Path(path).stem, text
            renamed = [
                ("id: pdp-buy-now", f"id: {name}"), ("feature_flag: pdp_buy_now", f"feature_flag: {name}"), ("layer: pdp", f"layer: {name}"),
            ]  # fmt: skip
            for old, new in (*renamed, *changes):
                assert old in own, old
                own = own.replace(old, new, 1)
            (self.folder / path).write_text(own, encoding="utf-8")
        waived = self.egp(
            "waive", WAIVED, "stage-dwell", "--reason", "the flag switches once a day", "--ticket", "XP-1", "--approver", "@xp-lead",
            "--role", "experimentation_lead", "--expires", "2023-02-16", "--as-of", REGISTERED,
        )  # fmt: skip
        assert waived.status == 0, waived.said
        (self.folder / "small.yaml").write_text(SMALL_POLICY, encoding="utf-8")
        (self.folder / "small.test.yaml").write_text(SMALL_TESTS, encoding="utf-8")

    def _git(self, *arguments: str) -> None:
        who = ("-c", "user.name=egp", "-c", "user.email=egp@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True)

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
        with self._holding(path, content):
            room = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            answer = self.egp(*arguments)
            second = self.egp(*arguments) if again else answer
        self._count(arguments, answer, room, content)
        if second[:2] != answer[:2]:
            self.note("differs", arguments, "the same input gives other bytes the second time", content)
        return answer

    def ask_to_write(self, path: str, content: bytes, *arguments: str) -> tuple[Answer, dict[str, bytes]]:
        """What egp answers and what it changes: path → content. A command that refuses has written nothing."""
        with self._holding(path, content):
            before = self._files()
            room = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            answer = self.egp(*arguments)
            after = self._files()
            changed = {name: text for name, text in after.items() if before.get(name) != text}
            self._count(arguments, answer, room, content)
            if lost := sorted({*before} - {*after}):
                self.note("torn", arguments, f"{lost[0]} is missing", content)
            if partial := [name for name in after if name.endswith(".partial")]:
                self.note("torn", arguments, f"{partial[0]} is left", content)
            if any(name.startswith("egp.lock") for name in changed):
                self._require_lock(arguments, content)
            for name in changed:
                if name in before:
                    (self.folder / name).write_bytes(before[name])
                else:
                    (self.folder / name).unlink()
        return answer, changed

    def must_refuse(self, path: str, content: bytes, answer: Answer, arguments: Sequence[str]) -> None:
        """An input that is no YAML never ends with 0."""
        if answer.status == 0 and any(document.problems for document in read_bytes(content, path)):
            self.note("silent", arguments, f"status 0 on a file that cannot be read: {path}", content)

    def note(self, kind: str, arguments: Sequence[str], message: str, content: bytes) -> None:
        self.tally.faults.append(Fault(kind, f"egp {' '.join(arguments)}", message, content))

    @contextmanager
    def _holding(self, path: str, content: bytes) -> Iterator[None]:
        file = self.folder / path
        before = file.read_bytes() if file.exists() else None
        file.write_bytes(content)
        try:
            yield
        finally:
            if before is None:
                file.unlink(missing_ok=True)
            else:
                file.write_bytes(before)

    def _files(self) -> dict[str, bytes]:
        """All files that a command may write."""
        found = [
            *self.folder.glob("*.*"),
            *self.folder.glob("experiments/**/*"),
            *self.folder.glob("egp.lock.d/*/*"),
        ]
        return {str(file.relative_to(self.folder)): file.read_bytes() for file in found if file.is_file()}

    def _count(self, arguments: Sequence[str], answer: Answer, room: int, content: bytes) -> None:
        name = command_of(arguments)
        self.tally.inputs[name] = self.tally.inputs.get(name, 0) + 1
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - room
        self.tally.slowest = max(self.tally.slowest, answer.seconds)
        self.tally.largest = max(self.tally.largest, grown)
        if answer.status == -1 or any(sign in answer.said for sign in _CRASHED):
            self.note("crash", arguments, _last_line(answer.said), content)
        if answer.seconds > (SECONDS_OF_ADVICE if name == "explain" else SECONDS):
            self.note("slow", arguments, f"{answer.seconds:.1f} s of CPU", content)
        if grown > KILOBYTES:
            self.note("large", arguments, f"{grown:,} KB more", content)

    def _require_lock(self, arguments: Sequence[str], content: bytes) -> None:
        try:
            dict(read_lock(str(self.folder)).entries)
        except LockError as error:
            self.note("torn", arguments, f"it wrote a lock that cannot be read: {error}", content)


def command_of(arguments: Sequence[str]) -> str:
    """The command as a count names it: with its verb, and with the option that makes it another one."""
    first = arguments[0]
    if first in ("policy", "new"):
        return f"{first} {arguments[1]}"
    own = [
        each for each in arguments if each in ("--replay", "--fix", "--base=HEAD", "--migrate", "--archive")
    ]
    return f"{first} {own[0].partition('=')[0]}" if own else first


_CRASHED = ("Traceback", "this is a bug of egp", "as a bug of egp", " crashed")


def _last_line(said: str) -> str:
    crashed = [line for line in said.splitlines() if any(sign in line for sign in (*_CRASHED, "Error:"))]
    return (crashed or said.splitlines() or [""])[-1][:300]
