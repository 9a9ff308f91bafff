"""A repository to feed inputs to, egp called in it in this process, and what must hold of every answer."""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from egp.cli.main import main
from egp.record.lock import LockError, read_lock
from egp.yaml import read_bytes
from tests.fuzz.memory import Memory

ROOT = Path(__file__).parents[2]
SECONDS = 2.0
"""CPU time that one input may take."""
KILOBYTES = 200_000
"""Memory that one input may add."""
OVERDUE = -2
"""The status of a call that was ended, since it took too long."""

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
    path: str = ""
    """The file that had this content; empty where the fault was noted of the input at hand."""


class OverdueError(BaseException):
    """A call that took so long that it was ended. No ``except Exception`` of egp's takes it."""


@dataclass
class Tally:
    """What a run came to."""

    inputs: dict[str, int] = field(default_factory=dict)
    """Command → inputs, each counted once however often it was drawn."""
    faults: list[Fault] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=dict)
    """Command → the most seconds of CPU that an input took."""
    largest: dict[str, int] = field(default_factory=dict)
    """Command → the most kilobytes by which this process grew for an input."""
    known: set[int] = field(default_factory=set)
    """The inputs that are counted, by their digests."""
    fresh: list[int] = field(default_factory=list)
    """Those of them that this tally counted."""

    def of(self, kind: str) -> list[Fault]:
        return [fault for fault in self.faults if fault.kind == kind]

    def count(self, command: str, digest: int, seconds: float, kilobytes: int) -> None:
        self.slowest[command] = max(self.slowest.get(command, 0.0), seconds)
        self.largest[command] = max(self.largest.get(command, 0), kilobytes)
        if digest not in self.known:
            self.known.add(digest)
            self.fresh.append(digest)
            self.inputs[command] = self.inputs.get(command, 0) + 1


class World:
    """The examples with registered plans; a file is replaced for a call, and everything is as it was after it."""

    def __init__(
        self, folder: Path, tally: Tally, has_git: bool = False, memory: Memory | None = None
    ) -> None:
        self.folder = folder
        self.tally = tally
        self.memory = memory or Memory()
        self.heed: Callable[[Fault], None] = lambda _: None
        """Is shown each input before egp is asked, so that one is known that nothing came back of."""
        self._held = ""
        self.begun: dict[str, bytes] = {}
        self._read: dict[str, tuple[object, bytes]] = {}
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
        begun = _seconds()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = main(arguments)
            except OverdueError:
                status = OVERDUE
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                status = -1
                err.write(f"Traceback: {type(error).__name__}: {error}")
        said = "".join(stream.buffer.getvalue().decode("utf-8", "replace") for stream in (out, err))
        return Answer(status, said, _seconds() - begun)

    def ask(self, path: str, content: bytes, *arguments: str, again: bool = False) -> Answer:
        """What egp answers where a file has this content. Faults that any answer may have are noted.

        What is asked again reads every file anew, so that nothing that was remembered of files decides an answer.
        """
        with self._holding(path, content, arguments):
            answer, room = self._measured(path, content, arguments)
            second = self.egp(*arguments) if again else answer
        self._count(arguments, answer, room, path, content)
        if second[:2] != answer[:2]:
            self.note("differs", arguments, "the same input gives other bytes the second time", content)
        return answer

    def ask_to_write(self, path: str, content: bytes, *arguments: str) -> tuple[Answer, dict[str, bytes]]:
        """What egp answers and what it changes: path → content. A command that refuses has written nothing."""
        with self._holding(path, content, arguments):
            before = self._files()
            answer, room = self._measured(path, content, arguments)
            after = self._files()
            changed = {name: text for name, text in after.items() if before.get(name) != text}
            self._count(arguments, answer, room, path, content)
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

    def _measured(self, path: str, content: bytes, arguments: Sequence[str]) -> tuple[Answer, int]:
        """The answer, and by how many kilobytes this process grew meanwhile at most."""
        before = _room(anew=True)
        with self.memory.but(path, content):
            answer = self.egp(*arguments)
        return answer, _room() - before

    def must_refuse(self, path: str, content: bytes, answer: Answer, arguments: Sequence[str]) -> None:
        """An input that is no YAML, or a receipt that is no JSON, never ends with 0."""
        if answer.status == 0 and not (_is_json if path == RECEIPT else _is_yaml)(content):
            self.note("silent", arguments, f"status 0 on a file that cannot be read: {path}", content)

    def note(self, kind: str, arguments: Sequence[str], message: str, content: bytes) -> None:
        self.tally.faults.append(Fault(kind, shlex.join(("egp", *arguments)), message, content, self._held))

    @contextmanager
    def _holding(self, path: str, content: bytes, arguments: Sequence[str]) -> Iterator[None]:
        file = self.folder / path
        before = file.read_bytes() if file.exists() else None
        file.write_bytes(content)
        self._held = path
        self.heed(Fault("", shlex.join(("egp", *arguments)), "", content, path))
        try:
            yield
        finally:
            if before is None:
                file.unlink(missing_ok=True)
            else:
                file.write_bytes(before)

    def _files(self) -> dict[str, bytes]:
        """All files that a command may write, with their content; one that lies there as it did is not read again."""
        found = {}
        for folder in ("", "experiments", "egp.lock.d"):
            for parent, folders, names in os.walk(self.folder / folder):
                if not folder:
                    folders.clear()
                for name in names:
                    file = os.path.join(parent, name)
                    status = os.stat(file)
                    as_it_is = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
                    if self._read.get(file, ((), b""))[0] != as_it_is:
                        self._read[file] = as_it_is, Path(file).read_bytes()
                    found[os.path.relpath(file, self.folder)] = self._read[file][1]
        return found

    def as_begun(self) -> None:
        """Puts everything where it was, whatever a call that was killed has left behind."""
        if not self.begun:
            self.begun = self._everything()
            return
        for name, content in self._everything().items():
            if name not in self.begun:
                (self.folder / name).unlink()
            elif content != self.begun[name]:
                (self.folder / name).write_bytes(self.begun[name])
        for name in {*self.begun} - {*self._everything()}:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(self.begun[name])

    def _everything(self) -> dict[str, bytes]:
        files = [file for file in self.folder.rglob("*") if file.is_file()]
        return {str(file.relative_to(self.folder)): file.read_bytes() for file in files}

    def _count(self, arguments: Sequence[str], answer: Answer, grown: int, path: str, content: bytes) -> None:
        name = command_of(arguments)
        identity = b"\0".join((*map(os.fsencode, (*arguments, path)), content))
        digest = int.from_bytes(blake2b(identity, digest_size=8).digest())
        self.tally.count(name, digest, answer.seconds, grown)
        if answer.status == -1 or any(sign in answer.said for sign in _CRASHED):
            self.note("crash", arguments, _last_line(answer.said), content)
        if answer.seconds > SECONDS or answer.status == OVERDUE:
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


def _seconds() -> float:
    """CPU time of this process and of those that it waited for."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in spent)


def _room(anew: bool = False) -> int:
    """Kilobytes that this process has had at most; anew: that it has, from where the most is counted again."""
    if anew:
        with suppress(OSError), open("/proc/self/clear_refs", "w", encoding="ascii") as peak:
            peak.write("5")
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:  # not Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(status.partition("VmRSS:" if anew else "VmHWM:")[2].split()[0])


def _is_yaml(content: bytes) -> bool:
    return not any(document.problems for document in read_bytes(content, ""))


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


def _last_line(said: str) -> str:
    crashed = [line for line in said.splitlines() if any(sign in line for sign in (*_CRASHED, "Error:"))]
    return (crashed or said.splitlines() or [""])[-1][:300]
