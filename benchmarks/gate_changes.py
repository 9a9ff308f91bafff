"""`egp gate --base` where 10,000 flags in 100 files are served and 1,000 plans are registered.

    python -m benchmarks.gate_changes [--flags 10000] [--plans 1000] [--runs 5]

Whole processes, from the checkout, medians. A branch raises one flag, or one flag in each of ten files, to the next stage of its
plan, and the gate judges each from results outside the repository: it holds on day five and lets through after the readout.
The raised plans are the example's under ten names; no two of the others have the same numbers, names or dates.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.growth import EGP, GIT
from benchmarks.plans import SEED, plan
from benchmarks.speed import ENVIRONMENT, ROOT, Call, quietly, taken

RAISED = 10
FILES = 100
FROM, TO = 45, 70
"""Per cent: of the example's test, and of the first stage of its ramp."""

POLICY = """\
extends: ["egp:standard"]
plans: ["experiments/*.yaml"]
rules: {reachable-sample: {severity: warning}}
rollouts:
  - {files: "flags/*.flagd.json", format: flagd, environment: production}
"""


class Question(NamedTuple):
    raised: int
    results: str
    as_of: str
    outcome: str
    status: int


QUESTIONS = (
    Question(0, "day-05", "2023-01-28T08:00:00-08:00", "", 0),
    Question(1, "day-05", "2023-01-28T08:00:00-08:00", "hold", 1),
    Question(1, "day-14", "2023-02-07T08:00:00-08:00", "proceed", 0),
    Question(RAISED, "day-05", "2023-01-28T08:00:00-08:00", "hold", 1),
    Question(RAISED, "day-14", "2023-02-07T08:00:00-08:00", "proceed", 0),
)
DAYS = {"": "no flag", "hold": "day 5, held", "proceed": "after the readout, let through"}


def example_plan(number: int) -> str:
    """The example's plan under another name, on a page of its own."""
    text = (ROOT / "examples/experiments/pdp-buy-now.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("id: pdp-buy-now\n", f"id: pdp-buy-now-{number}\n"),
        ("title: Persistent", f"title: Page {number}, persistent"),
        ("surfaces: [pdp.mobile]", f"surfaces: [pdp.mobile.{number}]"),
        ("layer: pdp\n", f"layer: pdp-{number}\n"),
        ("feature_flag: pdp_buy_now\n", f"feature_flag: pdp_buy_now_{number}\n"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def write_plans(folder: Path, count: int) -> list[str]:
    """Writes the plans, and names the flags of those that are not raised. None of them has a slip."""
    folder.mkdir()
    draw = random.Random(SEED)
    for number in range(RAISED):
        (folder / f"pdp-buy-now-{number}.yaml").write_text(example_plan(number), encoding="utf-8")
    sound = [number for number in range(2 * count) if number % 10 != 9][: count - RAISED]
    for number in sound:
        (folder / f"plan-{number:05d}.yaml").write_text(plan(number, draw), encoding="utf-8")
    return [f"flag_{number}" for number in sound]


def split(treatment: str, share: int) -> dict[str, object]:
    return {
        "state": "ENABLED",
        "variants": {"control": False, treatment: True},
        "defaultVariant": "control",
        "targeting": {"fractional": [[treatment, share], ["control", 100 - share]]},
    }


def flag_files(planned: list[str], count: int) -> list[dict[str, dict[str, object]]]:
    """The flags of each file: those of the plans, and others, of which one in three is divided by chance."""
    draw = random.Random(SEED)
    flags = {name: split("treated", draw.randint(5, 45)) for name in planned}
    for number in range(count - RAISED - len(planned)):
        flags[f"switch_{number}"] = split("treated", draw.randint(5, 95) if number % 3 == 0 else 100)
    names = sorted(flags)
    draw.shuffle(names)
    files = [{name: flags[name] for name in names[place::FILES]} for place in range(FILES)]
    for number in range(RAISED):
        files[number * FILES // RAISED][f"pdp_buy_now_{number}"] = split("buy_now", FROM)
    return files


def write_flags(folder: Path, files: list[dict[str, dict[str, object]]]) -> None:
    folder.mkdir(exist_ok=True)
    for number, flags in enumerate(files):
        text = json.dumps({"flags": flags}, indent=2) + "\n"
        (folder / f"{number:03d}.flagd.json").write_text(text, encoding="utf-8")


def raise_flags(folder: Path, count: int) -> None:
    """So many flags from the share of the test to the first stage, as a person would edit their files."""
    for number in range(count):
        path = folder / f"{number * FILES // RAISED:03d}.flagd.json"
        value = json.loads(path.read_text(encoding="utf-8"))
        value["flags"][f"pdp_buy_now_{number}"] = split("buy_now", TO)
        path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def write_results(folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    source = ROOT / "examples/results/pdp-buy-now"
    shutil.copy(source / f"{name}.csv", folder)
    text = (source / f"{name}.yaml").read_text(encoding="utf-8")
    for number in range(RAISED):
        named = text.replace("experiment: pdp-buy-now\n", f"experiment: pdp-buy-now-{number}\n")
        (folder / f"{number}.yaml").write_text(named, encoding="utf-8")


def prepare(folder: Path, plans: int, flags: int) -> Path:
    """A repository whose plans are registered and whose flags are at the share of their tests; and the results beside it."""
    shop = folder / "shop"
    shop.mkdir()
    planned = write_plans(shop / "experiments", plans)
    (shop / "comms").mkdir()
    (shop / "comms/rollback.md").write_text("The change is taken back.\n", encoding="utf-8")
    (shop / "egp.yaml").write_text(POLICY, encoding="utf-8")
    for name in ("day-05", "day-14"):
        write_results(folder / "results" / name, name)
    quietly("git", "init", "--quiet", "--initial-branch=main", folder=shop)
    registered = subprocess.run(
        [*EGP, "register", "--as-of", "2023-01-17", "experiments"],
        cwd=shop,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if registered.returncode != 0:
        sys.exit(registered.stdout[-3000:] + registered.stderr[-3000:])
    write_flags(shop / "flags", flag_files(planned, flags))
    for command in (("add", "--all"), ("commit", "--quiet", "-m", "Plans and flags")):
        quietly(*GIT, *command, folder=shop)
    return shop


def environment() -> dict[str, str]:
    return {**ENVIRONMENT, "PYTHONPATH": str(ROOT)}


def command(folder: Path, question: Question) -> list[str]:
    results = folder / "results" / question.results
    return [*EGP, "gate", "--base", "main", "--as-of", question.as_of, "--results", str(results)]


def require_answer(shop: Path, question: Question) -> None:
    """The gate answers what the plans say, so that nothing else is measured."""
    requested = [*command(shop.parent, question), "--format", "json"]
    ended = subprocess.run(
        requested, cwd=shop, env=environment(), capture_output=True, text=True, check=False
    )
    outcomes = [move["outcome"] for move in json.loads(ended.stdout)["moves"]]
    if (ended.returncode, outcomes) != (question.status, [question.outcome] * question.raised):
        sys.exit(f"{question}: {ended.returncode}, {outcomes}\n{ended.stdout[:3000]}\n{ended.stderr[-3000:]}")


def rows(shop: Path, runs: int) -> Iterator[str]:
    """A table, line by line as it is measured."""
    yield "| raised | judged | CPU, s | wall, s | MB |"
    yield "|---|---|---|---|---|"
    for question in QUESTIONS:
        quietly("git", "checkout", "--quiet", "--", "flags", folder=shop)
        raise_flags(shop / "flags", question.raised)
        require_answer(shop, question)
        took = [taken(Call(command(shop.parent, question), shop, environment())) for _ in range(runs)]
        cpu, wall, mb = (statistics.median(values) for values in zip(*took, strict=True))
        yield f"| {question.raised} | {DAYS[question.outcome]} | {cpu:.2f} | {wall:.2f} | {mb:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flags", type=int, default=10_000)
    parser.add_argument("--plans", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for line in rows(prepare(Path(folder), options.plans, options.flags), options.runs):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
