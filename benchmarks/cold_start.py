"""What a check of one plan costs as users get it: from a wheel, beside its peers, in CPU of whole processes.

    python -m benchmarks.cold_start [--runs 15] [--write]

Builds the wheel, installs it into fresh environments, once with bytecode and once where none can be written, and lets
all commands take turns, so that a slow minute slows all of them. Quote the ratios. ``--write`` puts what was measured
into ``cold_start.json``, from which ``python -m egp.cli.generate`` makes the table and README's sentence.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
MEASURED = Path(__file__).with_suffix(".json")
EXAMPLES = ROOT / "examples"
PLAN = "experiments/pdp-buy-now.yaml"
DAY = "2023-01-18"
LOAD = "import sys, yaml\nwith open(sys.argv[1], 'rb') as f: yaml.load(f, yaml.CSafeLoader)"
YAMLLINT = "{extends: default, rules: {line-length: disable}}"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
WITHOUT_BYTECODE = {**ENVIRONMENT, "PYTHONDONTWRITEBYTECODE": "1"}


class Call(NamedTuple):
    """A command, and where and how it is called."""

    command: list[str]
    folder: Path
    environment: dict[str, str] = ENVIRONMENT


class Taken(NamedTuple):
    """What a call took, in milliseconds."""

    cpu: float
    wall: float


def quietly(*command: str | Path, folder: Path = ROOT) -> None:
    ended = subprocess.run(
        list(map(str, command)), cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    if ended.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {ended.returncode}: {ended.stderr[-2000:]}")


def environment(folder: Path, *what: str | Path, bytecode: bool = True) -> Path:
    """The programs of a fresh environment with these distributions and nothing else."""
    quietly(sys.executable, "-m", "venv", "--without-pip", folder)
    options = [] if bytecode else ["--no-compile"]
    quietly(sys.executable, "-m", "pip", "--python", folder, "install", "--quiet", *options, *what)
    return folder / "bin"


def repositories(folder: Path) -> dict[str, Path]:
    """One plan judged by what egp ships; by a policy of the repository's own; and one that the lock has registered."""
    found = {name: folder / name for name in ("shipped", "own", "registered")}
    for name, place in found.items():
        shutil.copytree(EXAMPLES / "experiments", place / "experiments")
        if name != "shipped":
            shutil.copy(EXAMPLES / "egp.yaml", place)
        quietly("git", "init", "--quiet", place)
    return found


def calls(folder: Path) -> dict[str, Call]:
    """The commands by what they are called in the table, the smallest first."""
    quietly(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    (wheel,) = folder.glob("egp-*.whl")
    ours = environment(folder / "ours", wheel)
    bare = environment(folder / "bare", wheel, bytecode=False)
    peers = environment(folder / "peers", "yamllint", "check-jsonschema")
    places = repositories(folder)
    quietly(ours / "egp", "register", PLAN, "--as-of", "2023-01-17", folder=places["registered"])
    check = [str(ours / "egp"), "check", PLAN, "--as-of", DAY]
    schema = str(ROOT / "schemas" / "experiment.schema.json")
    shipped = places["shipped"]
    return {
        "python -c pass": Call([str(ours / "python"), "-c", "pass"], shipped),
        "PyYAML CSafeLoader, loading only": Call([str(ours / "python"), "-c", LOAD, PLAN], shipped),
        "egp check, a shipped policy": Call(check, shipped),
        "egp check, a policy of one's own": Call(check, places["own"]),
        "egp check, and a registered plan": Call(check, places["registered"]),
        "egp check, where no bytecode can be written": Call(
            [str(bare / "egp"), *check[1:]], shipped, WITHOUT_BYTECODE
        ),
        "yamllint": Call([str(peers / "yamllint"), "-d", YAMLLINT, PLAN], shipped),
        "check-jsonschema": Call([str(peers / "check-jsonschema"), "--schemafile", schema, PLAN], shipped),
    }


def taken(call: Call) -> Taken:
    """CPU and wall time of one whole process and of all that it waits for."""
    null = os.open(os.devnull, os.O_RDWR)
    begun = time.perf_counter()
    process = os.fork()
    if process == 0:
        os.chdir(call.folder)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.execve(call.command[0], call.command, call.environment)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - begun
    os.close(null)
    if status:
        sys.exit(f"{' '.join(call.command[:4])} … ended with {os.waitstatus_to_exitcode(status)}")
    return Taken(1000 * (usage.ru_utime + usage.ru_stime), 1000 * wall)


def measured(runs: int) -> dict[str, object]:
    """Medians of each call's runs; the first, which warms the machine's caches, does not count."""
    with tempfile.TemporaryDirectory() as name:
        named = calls(Path(name))
        found: dict[str, list[Taken]] = {each: [] for each in named}
        for run in range(runs + 1):
            for each, call in named.items():
                took = taken(call)
                if run:
                    found[each].append(took)
    rows = {
        name: {key: round(statistics.median(getattr(each, key) for each in took), 1) for key in Taken._fields}
        for name, took in found.items()
    }
    return {"python": platform.python_version(), "cores": os.cpu_count(), "runs": runs, "milliseconds": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--write", action="store_true", help="put what was measured into cold_start.json")
    options = parser.parse_args()
    text = json.dumps(measured(options.runs), indent=2) + "\n"
    sys.stdout.write(text)
    if options.write:
        MEASURED.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
