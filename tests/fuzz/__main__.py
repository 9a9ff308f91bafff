"""Feeds mutated inputs to the real commands.

    python -m tests.fuzz [--minutes 10] [--seed 1] [--tally FOLDER]
    python -m tests.fuzz --again FOLDER/crash-0001.json

Prints distinct inputs a command, the largest time and growth, and faults by kind. Ends with 1 if there is a fault. A tally's
folder is added to by the next call that names it, and has the inputs that brought faults about.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.workers import Record, fault_in, run_for_long
from tests.fuzz.world import Tally, World

MEMORY = Path("/dev/shm")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tally", type=Path)
    parser.add_argument("--again", type=Path)
    options = parser.parse_args()
    until = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        if options.again:
            return ask_again(Path(folder) / "repository", options.again)
        record = Record(options.tally or Path(folder) / "tally")
        run_for_long(Path(folder) / "repository", options.seed, until, record)
    sys.stdout.write("".join(f"{line}\n" for line in record.lines()))
    return 1 if record.told["faults"] else 0


def ask_again(folder: Path, file: Path) -> int:
    """What egp answers to an input that was kept."""
    fault = fault_in(file)
    arguments = shlex.split(fault.command)[1:]
    world = World(folder, Tally(), has_git="--base=HEAD" in arguments or arguments[0] == "history")
    answer, written = world.ask_to_write(fault.path, fault.content, *arguments)
    sys.stdout.write(
        f"{fault.command}\n{answer.said}\nstatus {answer.status}, {answer.seconds:.2f} s, wrote {sorted(written)}\n"
    )
    return 1 if world.tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
