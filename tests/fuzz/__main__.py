"""Feeds mutated inputs to the real commands.

    python -m tests.fuzz [--minutes 10] [--seed 1] [--keep FOLDER]

Prints inputs a command, faults by kind, the largest time and growth. Ends with 1 if there is a fault. ``--keep`` writes the
inputs that brought one about.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.campaign import run
from tests.fuzz.world import Tally

KINDS = {
    "crash": "crashes", "slow": "hangs", "large": "too large", "silent": "silent passes", "escape": "escapes",
    "differs": "not the same twice", "torn": "torn or half-written",
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    until = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory() as folder:
        tally = run(Path(folder) / "repository", options.seed, lambda _: time.monotonic() > until)
    sys.stdout.write(told(tally))
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        for number, fault in enumerate(tally.faults):
            (options.keep / f"{fault.kind}-{number:04d}").write_bytes(fault.content)
    return 1 if tally.faults else 0


def told(tally: Tally) -> str:
    lines = [f"{command:<18} {count:>10,} inputs" for command, count in sorted(tally.inputs.items())]
    lines.append(f"{'all':<18} {sum(tally.inputs.values()):>10,} inputs")
    lines += [f"{words}: {len(tally.of(kind))}" for kind, words in KINDS.items()]
    lines.append(f"largest time {tally.slowest:.2f} s of CPU, largest growth {tally.largest / 1000:.0f} MB")
    seen: set[tuple[str, str, str]] = set()
    for fault in tally.faults:
        key = fault.kind, fault.message, fault.command.split()[1]
        if key not in seen:
            seen.add(key)
            lines.append(f"{fault.kind}: {fault.command}\n  {fault.message}\n  {fault.content[:200]!r}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
