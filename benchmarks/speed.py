"""What egp costs as users get it, from a wheel, beside its peers: one plan, a thousand, ten thousand.

    python -m benchmarks.speed [--runs 15] [--rounds 7] [--most 10_000] [--write]

Builds the wheel, installs it into fresh environments, once with bytecode and once where none can be written, and lets
all commands take turns, so that a slow minute slows all of them. CPU is that of the whole process and of all that it
starts. Quote the ratios. ``--write`` puts what was measured into ``speed.json``, from which ``python -m
egp.cli.generate`` makes the table and README's sentence.
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
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.plans import write_plans

ROOT = Path(__file__).parents[1]
MEASURED = Path(__file__).with_suffix(".json")
EXAMPLES = ROOT / "examples"
PLAN = "experiments/pdp-buy-now.yaml"
DAY = "2023-01-18"
THOUSAND = 1000
YAMLLINT = "{extends: default, rules: {line-length: disable}}"
LOAD = """\
import sys, yaml
for path in sys.argv[1:]:
    with open(path, 'rb') as f: yaml.load(f, yaml.CSafeLoader)
"""
REGO = """\
import json, sys, regorus, yaml
engine = regorus.Engine()
engine.add_policy('plan.rego', '''
package plan
import rego.v1
deny contains "alpha" if to_number(trim_suffix(input.statistics.alpha, "%")) > 5
deny contains "power" if to_number(trim_suffix(input.statistics.power, "%")) < 80
deny contains "guardrails" if count(input.guardrail_metrics) == 0
deny contains metric.id if { some metric in input.guardrail_metrics; not metric.non_inferiority_margin }
deny contains "rollback" if not input.rollback.owner
deny contains "holdout" if not input.holdout
''')
for path in sys.argv[1:]:
    with open(path, 'rb') as f: plan = yaml.load(f, yaml.CSafeLoader)
    engine.set_input_json(json.dumps(plan, default=str))
    engine.eval_rule('data.plan.deny')
"""
"""Six rules, without the lines that they are broken in; egp's standard policy has 85."""

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
WITHOUT_BYTECODE = {**ENVIRONMENT, "PYTHONDONTWRITEBYTECODE": "1"}
SOME_PLANS_ARE_REJECTED = (0, 1)


class Call(NamedTuple):
    """A command, and where and how it is called."""

    command: list[str]
    folder: Path
    environment: dict[str, str] = ENVIRONMENT


class Taken(NamedTuple):
    """What a call took: seconds, and megabytes of its largest process."""

    cpu: float
    wall: float
    mb: float


def quietly(*command: str | Path, folder: Path = ROOT) -> None:
    ended = subprocess.run(
        list(map(str, command)), cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    if ended.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {ended.returncode}: {ended.stderr[-2000:]}")


class Programs(NamedTuple):
    """The programs of three fresh environments."""

    ours: Path
    bare: Path
    """The same where no bytecode was written."""
    peers: Path


def wheel_of_egp(folder: Path) -> Path:
    quietly(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    (wheel,) = folder.glob("egp-*.whl")
    return wheel


def installed(folder: Path) -> Programs:
    wheel = wheel_of_egp(folder)
    peers = ("yamllint", "check-jsonschema", "gordon-to-regorus", "pyyaml")
    return Programs(
        environment(folder / "ours", wheel),
        environment(folder / "bare", wheel, bytecode=False),
        environment(folder / "peers", *peers),
    )


def environment(folder: Path, *what: str | Path, bytecode: bool = True) -> Path:
    """The programs of a fresh environment with these distributions and nothing else."""
    quietly(sys.executable, "-m", "venv", "--without-pip", folder)
    options = [] if bytecode else ["--no-compile"]
    quietly(sys.executable, "-m", "pip", "--python", folder, "install", "--quiet", *options, *what)
    return folder / "bin"


def one_plan(folder: Path, programs: Programs) -> dict[str, Call]:
    """The commands on one plan by what they are called in the table, the smallest first."""
    places = {name: folder / name for name in ("shipped", "own", "registered")}
    for name, place in places.items():
        shutil.copytree(EXAMPLES / "experiments", place / "experiments")
        if name != "shipped":
            shutil.copy(EXAMPLES / "egp.yaml", place)
        quietly("git", "init", "--quiet", place)
    ours, bare, peers = programs
    quietly(ours / "egp", "register", PLAN, "--as-of", "2023-01-17", folder=places["registered"])
    check = [str(ours / "egp"), "check", PLAN, "--as-of", DAY]
    shipped = places["shipped"]
    return {
        "python -c pass": Call([str(ours / "python"), "-c", "pass"], shipped),
        **_fast_peers(shipped, programs, [PLAN]),
        "egp check, a shipped policy": Call(check, shipped),
        "egp check, a policy of one's own": Call(check, places["own"]),
        "egp check, and a registered plan": Call(check, places["registered"]),
        "egp check, where no bytecode can be written": Call(
            [str(bare / "egp"), *check[1:]], shipped, WITHOUT_BYTECODE
        ),
        **_slow_peers(shipped, peers, [PLAN]),
    }


def _fast_peers(place: Path, programs: Programs, plans: list[str]) -> dict[str, Call]:
    return {
        "PyYAML CSafeLoader, loading only": Call([str(programs.ours / "python"), "-c", LOAD, *plans], place),
        "regorus on CSafeLoader, 6 rules": Call([str(programs.peers / "python"), "-c", REGO, *plans], place),
    }


def _slow_peers(place: Path, peers: Path, plans: list[str]) -> dict[str, Call]:
    schema = str(ROOT / "schemas" / "experiment.schema.json")
    return {
        "yamllint": Call([str(peers / "yamllint"), "-d", YAMLLINT, *plans], place),
        "check-jsonschema": Call([str(peers / "check-jsonschema"), "--schemafile", schema, *plans], place),
    }


def many_plans(folder: Path, programs: Programs, count: int) -> tuple[dict[str, Call], dict[str, Call]]:
    """The commands on so many plans, which differ in their numbers: the fast ones, and those that take ten times as long."""
    place = repository(folder / f"many-{count}", count)
    plans = sorted(str(path.relative_to(place)) for path in (place / "experiments").iterdir())
    check = [str(programs.ours / "egp"), "check", "--as-of", DAY, "--no-cache"]
    ours = {
        "egp check, a policy of one's own, one process": Call([*check, "--jobs", "1"], place),
        "egp check, a policy of one's own": Call(check, place),
    }
    return {**_fast_peers(place, programs, plans), **ours}, _slow_peers(place, programs.peers, plans)


def repository(place: Path, count: int) -> Path:
    """A repository with a policy of its own and so many plans."""
    write_plans(place / "experiments", count)
    (place / "comms").mkdir()
    (place / "comms/rollback.md").write_text("The change is taken back.\n")
    (place / "egp.yaml").write_text('extends: ["egp:standard"]\nplans: ["experiments/*.yaml"]\n')
    quietly("git", "init", "--quiet", place)
    return place


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
    if os.waitstatus_to_exitcode(status) not in SOME_PLANS_ARE_REJECTED:
        sys.exit(f"{' '.join(call.command[:4])} … ended with {os.waitstatus_to_exitcode(status)}")
    return Taken(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def medians(named: Mapping[str, Call], runs: int, unit: float = 1.0) -> dict[str, dict[str, float]]:
    """Of each command's runs; where there are several, the first one warms the machine's caches and does not count."""
    found: dict[str, list[Taken]] = {each: [] for each in named}
    for run in range(runs + (runs > 1)):
        for each, call in named.items():
            took = taken(call)
            if run or runs == 1:
                found[each].append(took)
    return {name: _median(took, unit) for name, took in found.items()}


def _median(took: Iterable[Taken], unit: float) -> dict[str, float]:
    cpu, wall, mb = (statistics.median(each) for each in zip(*took, strict=True))
    return {"cpu": round(cpu * unit, 3), "wall": round(wall * unit, 3), "mb": round(mb, 1)}


def measured(runs: int, rounds: int, most: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        programs = installed(folder)
        one = medians(one_plan(folder, programs), runs, 1000)
        fast, slow = many_plans(folder, programs, THOUSAND)
        thousand = {**medians(fast, rounds), **medians(slow, 1)}
        ten_thousand = medians(many_plans(folder, programs, most)[0], 1)
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "runs": runs,
        "rounds": rounds,
        "one": one,
        "many": {str(THOUSAND): thousand, str(most): ten_thousand},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15, help="on one plan")
    parser.add_argument("--rounds", type=int, default=7, help="on a thousand plans")
    parser.add_argument("--most", type=int, default=10_000, help="plans whose cost shows how it grows")
    parser.add_argument("--write", action="store_true", help="put what was measured into speed.json")
    options = parser.parse_args()
    text = json.dumps(measured(options.runs, options.rounds, options.most), indent=2) + "\n"
    sys.stdout.write(text)
    if options.write:
        MEASURED.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
