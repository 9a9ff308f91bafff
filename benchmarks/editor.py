"""One plan that is being typed, in a repository of many: how long it takes to judge it again, and what that keeps in memory.

python -m benchmarks.editor [--plans 1000] [--edits 200]

Measured is the work of the language server for one change, from the text to the diagnostics, without the pause that it
waits for.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import subprocess
import tempfile
import time
from datetime import date
from pathlib import Path

from benchmarks.plans import SEED, write_plans
from egp.cli.commands.lsp import Options
from egp.cli.lsp.columns import Columns
from egp.cli.lsp.diagnostics import diagnostics_of
from egp.cli.lsp.judging import Root
from egp.yaml.files import before_disk

POLICY = 'extends: ["egp:standard"]\nplans: ["experiments/**/*.yaml"]\n'


def edits(text: str, count: int) -> list[str]:
    """The text after each of many changes: a digit here, a comment there, a line that is half there."""
    draw = random.Random(SEED)
    lines = text.splitlines(keepends=True)
    found = []
    for number in range(count):
        at = draw.randrange(len(lines))
        kind = number % 4
        if kind == 0:
            changed = "".join(draw.choice("123456789") if each.isdigit() else each for each in lines[at])
        elif kind == 1:
            changed = f"{lines[at].rstrip()}  # {number}\n"
        elif kind == 2:
            changed = lines[at][: len(lines[at]) // 2].rstrip() + "\n"
        else:
            changed = lines[at]
        found.append("".join([*lines[:at], changed, *lines[at + 1 :], f"# {number}\n"]))
    return found


def measure(folder: Path, count: int) -> None:
    plan = max((folder / "experiments").iterdir(), key=lambda each: len(each.read_text().splitlines()))
    text = plan.read_text()
    os.chdir(folder)
    root = Root(str(folder), Options(argparse.Namespace(
        policy=None, policy_from=None, rules_from=[], as_of=date(2023, 1, 18),
    )))  # fmt: skip
    texts: dict[str, str] = {str(plan): text}

    def once() -> None:
        with before_disk({path: each.encode() for path, each in texts.items()}):
            diagnostics_of(
                root.judged(str(plan)), lambda path: Columns(texts.get(path, "")), lambda path: path
            )

    cold = time.process_time()
    once()
    cold = time.process_time() - cold
    walls, cpus = [], []
    for each in edits(text, count):
        texts[str(plan)] = each
        wall, cpu = time.perf_counter(), time.process_time()
        once()
        walls.append(1000 * (time.perf_counter() - wall))
        cpus.append(1000 * (time.process_time() - cpu))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"a plan of {len(text.splitlines())} lines among {len(list(plan.parent.iterdir())):,}, {count} edits"
    )
    print(f"first time: {cold:.2f} s of CPU; memory: {memory:.0f} MB")
    for name, found in (("wall", walls), ("CPU", cpus)):
        p95 = statistics.quantiles(found, n=20)[-1]
        print(f"{name}: median {statistics.median(found):.1f} ms, 95th percentile {p95:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--plans", type=int, default=1000)
    parser.add_argument("--edits", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve()
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        write_plans(folder / "experiments", options.plans)
        (folder / "egp.yaml").write_text(POLICY)
        measure(folder, options.edits)


if __name__ == "__main__":
    main()
