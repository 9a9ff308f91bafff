"""A long campaign: processes that are forked anew every so many inputs, and a tally on disk that outlives each of them."""

from __future__ import annotations

import base64
import gc
import json
import os
import pickle
import re
import resource
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.fuzz.campaign import Campaign
from tests.fuzz.world import ROOT, Fault, OverdueError, Tally

INPUTS = 2_000
"""After so many draws a process ends, and with it what piled up in it."""
FIRST = 300
"""So many draws are made before the first process is forked."""
OVERDUE = 20.0
"""Seconds of CPU after which a call is ended."""
STUCK = 120.0
"""Seconds after which a process that has begun no other input is killed."""
ROOM = 2 << 30
"""Bytes that a process may have."""


def run_for_long(folder: Path, seed: int, until: float, record: Record) -> None:
    """Inputs until a time of ``time.monotonic``, in one process at a time."""
    campaign = Campaign(folder, seed)
    record.begin()
    record.add(_begun(campaign, f"{seed} 0", record.known), [])
    gc.collect()
    gc.freeze()
    while time.monotonic() < until:
        number = record.begin()
        tally, lost = _forked(campaign, f"{seed} {number}", record.known, until)
        record.add(tally, lost)


def _begun(campaign: Campaign, seed: str, known: set[int]) -> Tally:
    """The first inputs, in this process: what they import, its children need not import again."""
    tally = Tally(known={*known})
    campaign.begin(tally, seed)
    for _ in range(FIRST):
        campaign.step()
    return tally


def _forked(campaign: Campaign, seed: str, known: set[int], until: float) -> tuple[Tally, list[Fault]]:
    """What a new process comes to; and the input that it was killed over."""
    shown, result = (os.fdopen(os.memfd_create(name), "w+b") for name in ("input", "result"))
    process = os.fork()
    if process == 0:
        try:
            _work(campaign, seed, known, until, shown.fileno(), result.fileno())
        finally:
            os._exit(1)
    begun, last = time.monotonic(), b""
    with shown, result:
        while os.waitpid(process, os.WNOHANG)[0] == 0:
            time.sleep(0.5)
            at = os.pread(shown.fileno(), 8, 0)
            if at != last:
                begun, last = time.monotonic(), at
            elif time.monotonic() - begun > STUCK:
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
                return Tally(), [_lost(shown.fileno(), "slow", f"no answer after {STUCK:.0f} s")]
        with suppress(EOFError, pickle.UnpicklingError):
            result.seek(0)
            return pickle.load(result), []
        return Tally(), [_lost(shown.fileno(), "crash", "the process died")]


def _work(campaign: Campaign, seed: str, known: set[int], until: float, shown: int, result: int) -> None:
    tally = Tally(known=known)
    for at, world in enumerate((campaign.plain, campaign.git)):
        world.heed = _showing(shown, at)
    resource.setrlimit(
        resource.RLIMIT_DATA, (ROOM, ROOM)
    )  # not RLIMIT_AS: what draws charts reserves far more than it uses
    signal.signal(signal.SIGPROF, _end)
    campaign.begin(tally, seed)
    for _ in range(INPUTS):
        if time.monotonic() > until:
            break
        campaign.step()
    signal.setitimer(signal.ITIMER_PROF, 0)
    tally.known = set()
    with os.fdopen(result, "wb", closefd=False) as file:
        pickle.dump(tally, file)
    os._exit(0)


def _end(*_: object) -> None:
    raise OverdueError


def _showing(descriptor: int, world: int) -> Callable[[Fault], None]:
    """Leaves each input where the parent finds it, and gives it its time."""
    count = 0

    def show(fault: Fault) -> None:
        nonlocal count
        count += 1
        content = pickle.dumps(fault)
        os.pwrite(descriptor, struct.pack("<IHHQ", count, world, 0, len(content)) + content, 0)
        signal.setitimer(signal.ITIMER_PROF, OVERDUE)

    return show


def _lost(descriptor: int, kind: str, message: str) -> Fault:
    head = os.pread(descriptor, 16, 0)
    if len(head) < 16:
        return Fault(kind, "", message, b"")
    shown: Fault = pickle.loads(os.pread(descriptor, struct.unpack("<IHHQ", head)[3], 16))
    return shown._replace(kind=kind, message=message)


class Record:
    """A tally in a folder, to which campaigns at several commits add."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._file, self._digests = folder / "tally.json", folder / "inputs.bin"
        self.told: dict[str, Any] = {
            "inputs": 0, "batches": 0, "commits": {}, "commands": {}, "slowest": {}, "largest": {}, "faults": {}, "seconds": 0.0,
        }  # fmt: skip
        if self._file.exists():
            self.told = json.loads(self._file.read_text(encoding="utf-8"))
        digests = self._digests.read_bytes() if self._digests.exists() else b""
        self.known = {each for (each,) in struct.iter_unpack("<Q", digests[: len(digests) // 8 * 8])}
        self.commit = _commit()
        self._begun = time.monotonic()

    def begin(self) -> int:
        """The number of the next batch, which no other one has."""
        self.told["batches"] += 1
        self._begun = time.monotonic()
        return int(self.told["batches"])

    def add(self, tally: Tally, lost: list[Fault]) -> None:
        told, count = self.told, len(tally.fresh)
        self.known.update(tally.fresh)
        told["inputs"] += count
        told["seconds"] += time.monotonic() - self._begun
        told["commits"][self.commit] = told["commits"].get(self.commit, 0) + count
        for command, inputs in tally.inputs.items():
            told["commands"][command] = told["commands"].get(command, 0) + inputs
        for key, each in (("slowest", tally.slowest), ("largest", tally.largest)):
            for command, value in each.items():
                told[key][command] = max(told[key].get(command, 0), value)
        for fault in (*tally.faults, *lost):
            self._find(fault)
        with self._digests.open("ab") as file:
            file.write(b"".join(struct.pack("<Q", each) for each in tally.fresh))
        partial = self._file.with_suffix(".partial")
        partial.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        partial.replace(self._file)

    def _find(self, fault: Fault) -> None:
        """Counts a fault with others of its kind, and keeps the first three inputs of each kind."""
        verb = " ".join(fault.command.split()[1:3] if fault.command else ["?"])
        key = f"{fault.kind}: {verb}: {re.sub(r'[0-9][0-9,.]*', 'N', fault.message)}"
        found = self.told["faults"].setdefault(key, {"count": 0, "commit": self.commit, "examples": []})
        found["count"] += 1
        if len(found["examples"]) < 3:
            number = sum(len(each["examples"]) for each in self.told["faults"].values())
            name = f"{fault.kind}-{number:04d}.json"
            kept = {**fault._asdict(), "content": base64.b64encode(fault.content).decode()}
            (self.folder / name).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
            found["examples"].append(name)

    def lines(self) -> Iterator[str]:
        told = self.told
        for command, count in sorted(told["commands"].items()):
            slowest, largest = told["slowest"][command], told["largest"][command] / 1000
            yield f"{command:<18} {count:>10,} inputs   at most {slowest:5.2f} s of CPU, {largest:4.0f} MB"
        yield f"{'all':<18} {told['inputs']:>10,} inputs in {told['seconds'] / 60:.0f} minutes"
        yield from (f"commit {commit}: {count:,} inputs" for commit, count in told["commits"].items())
        for key, found in sorted(told["faults"].items()):
            yield f"{found['count']:>6} × {key} ({', '.join(found['examples'])})"


def fault_in(file: Path) -> Fault:
    """A fault that a record has kept."""
    kept = json.loads(file.read_text(encoding="utf-8"))
    return Fault(**{**kept, "content": base64.b64decode(kept["content"])})


def _commit() -> str:
    told = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    return told.stdout.strip() or "unknown"
