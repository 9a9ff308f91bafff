"""Kills every command that writes, and every option that does, at random calls of the operating system, with SIGKILL.

    python -m tests.crash [--moments 200] [--seed 1]

After each death every file is what it was or what the command makes of it, whole; the lock can be read; and the command, given
again, completes its work. Ends with 1 where one of that does not hold.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from egp.cli.main import main as egp
from egp.record.lock import LockError, read_lock
from tests.lock.children import counted_calls, die_before_call, ended_well, run_in_child
from tests.lock.first_release import as_first_release

ROOT = Path(__file__).parents[1]
PLAN, OTHER, DAY = "experiments/pdp-buy-now.yaml", "experiments/ranking-model.yaml", "2023-01-17"
NOW = datetime(2023, 2, 9, 16, tzinfo=UTC)
STATEMENT = (
    "--reason=the holdout serves two readouts",
    "--approver=@xp-lead",
    "--data-access=no_results_seen",
)


class Writing(NamedTuple):
    """A command that writes, and what has to be there before."""

    arguments: tuple[str, ...]
    prepare: Callable[[Path], object] = lambda _: None
    claim: str = ""
    """What it says when it has written, and only then."""
    is_repeatable: bool = True
    """Whether the command, given again after it succeeded, succeeds."""
    between: Callable[[Mapping[str, bytes]], bytes] | None = None
    """What a file may be in between, from the files before."""


def registered(folder: Path) -> None:
    quiet(folder, "register", PLAN, f"--as-of={DAY}")


def edited(folder: Path, old: str, new: str) -> None:
    path = folder / PLAN
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def changed(folder: Path) -> None:
    registered(folder)
    edited(folder, "until: 2023-05-10", "until: 2023-05-12")


def listed(folder: Path) -> None:
    registered(folder)
    as_first_release(folder)


def waivable(folder: Path) -> None:
    edited(folder, "min_dwell: 48h", "min_dwell: 24h")
    with (folder / "egp.yaml").open("a", encoding="utf-8") as policy:
        policy.write("waivers: {approvers: [experimentation_lead], longest: 30d}\n")


def marked(files: Mapping[str, bytes]) -> bytes:
    """The lock file of the first release once it names the folder."""
    return files["egp.lock"] + b"entries: egp.lock.d\n"


def pinning(folder: Path) -> None:
    (folder / "own.yaml").write_text("rules: {minimum-runtime: {severity: error}}\n", encoding="utf-8")
    policy = folder / "egp.yaml"
    policy.write_text(
        policy.read_text(encoding="utf-8").replace("extends: [", "extends: [own.yaml, ", 1), encoding="utf-8"
    )


def started(folder: Path) -> None:
    """A baseline with an entry that nothing needs any more."""
    waivable(folder)
    quiet(folder, "baseline", "--start", f"--as-of={DAY}")
    edited(folder, "min_dwell: 24h", "min_dwell: 48h")


def policy_gone(folder: Path) -> None:
    (folder / "egp.yaml").unlink()


def two_drafts(folder: Path) -> None:
    """A second plan, which differs from the first in what no two plans may share."""
    text = (folder / PLAN).read_text(encoding="utf-8")
    for old, new in (
        ("id: pdp-buy-now", "id: second"),
        ("pdp_buy_now", "second"),
        ("layer: pdp", "layer: second"),
    ):
        text = text.replace(old, new, 1)
    (folder / "experiments/second.yaml").write_text(text, encoding="utf-8")


STAGE = ("gate", PLAN, "--results=results/pdp-buy-now/stage-1.yaml", "--to=90%")

WRITING: Mapping[str, Writing] = {
    "register": Writing(
        ("register", PLAN, "--write-date", f"--as-of={DAY}"),
        lambda folder: edited(folder, f"registered: {DAY}", "registered: 2023-01-02"), claim="registered pdp-buy-now",
    ),
    "register two": Writing(("register", PLAN, "experiments/second.yaml", f"--as-of={DAY}"), two_drafts, claim="registered pdp-buy-now"),
    "amend": Writing(("amend", PLAN, *STATEMENT, "--as-of=2023-01-20"), changed, claim="amended pdp-buy-now"),
    "decide": Writing(
        ("decide", PLAN, "--option=B", "--by=experimentation_lead", "--because=two bad weeks", "--as-of=2023-03-02"), registered,
        claim="recorded: ",
    ),
    "archive": Writing(("register", "--archive", PLAN, "--as-of=2023-09-01"), registered, claim="archived pdp-buy-now"),
    "migrate": Writing(("register", "--migrate"), listed, claim="moved 1 registration", between=marked),
    "waive": Writing(
        ("waive", PLAN, "stage-dwell", "--reason=the flag switches once a day", "--approver=@xp-lead", "--ticket=XP-1", "--role=experimentation_lead",
         "--expires=2023-02-10", f"--as-of={DAY}", f"--granted={DAY}"),
        waivable, claim="waived stage-dwell", is_repeatable=False,
    ),
    "fix": Writing(
        ("check", PLAN, "--fix", f"--as-of={DAY}"), lambda folder: edited(folder, "alpha: 5%", "alpha: 5"), claim=": repaired "
    ),
    "baseline": Writing(("baseline", "--start", f"--as-of={DAY}"), claim="egp-baseline.yaml suppresses", is_repeatable=False),
    "baseline shrinks": Writing(("baseline", f"--as-of={DAY}"), started, claim="egp-baseline.yaml suppresses"),
    "new experiment": Writing(("new", "experiment", "crash", f"--as-of={DAY}"), claim="wrote experiments/crash.yaml", is_repeatable=False),
    "new policy": Writing(("new", "policy", f"--as-of={DAY}"), policy_gone, claim="wrote egp.yaml", is_repeatable=False),
    "new rule": Writing(("new", "rule", "no-fridays", "--family=runtime", "-o", "no_fridays.py"), claim="wrote no_fridays.py", is_repeatable=False),
    "policy pin": Writing(("policy", "pin"), pinning, claim="pinned own.yaml"),
    "receipt": Writing((*STAGE, "--receipt=receipt.json"), registered),
    "gate output": Writing((*STAGE, "--output=json=verdict.json", "--output=markdown=verdict.md"), registered),
    "report": Writing(("check", PLAN, f"--as-of={DAY}", "-o", "report.txt", "--output=json=report.json"), registered),
    "memo": Writing(("explain", PLAN, f"--as-of={DAY}", "-o", "memo.md", "--format=markdown"), registered),
    "brief": Writing(("brief", PLAN, f"--as-of={DAY}", "-o", "brief.html", "--format=html"), registered),
    "status": Writing(("status", "--results=results", f"--as-of={DAY}", "-o", "status.json", "--format=json"), registered),
    "policy diff": Writing(("policy", "diff", "egp:standard", "egp:strict", PLAN, f"--as-of={DAY}", "-o", "diff.md"), registered),
}  # fmt: skip
"""What writes. Reports and receipts claim nothing but what they are."""


def quiet(folder: Path, *arguments: str) -> int:
    """egp, called in a child process whose words nobody reads; its exit status."""
    child = os.fork()
    if child == 0:
        status = 70
        try:
            status = silent(folder, *arguments)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def silent(folder: Path, *arguments: str) -> int:
    """egp in this process, at the instant of the first stage: a receipt then has the same bytes every time."""
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    with chdir(folder), patch("egp.cli.commands.gate.now", lambda: NOW):
        return egp(list(arguments))


def dying(folder: Path, call: int, *arguments: str) -> None:
    die_before_call(call)
    silent(folder, *arguments)


def files(folder: Path) -> dict[str, bytes]:
    """Path → content, of everything but what a killed run leaves under a name of its own."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".partial")
    }


def deaths(name: str, moments: int, draw: random.Random, folder: Path) -> Iterator[str]:
    """Kills a command so many times, and yields what must not be."""
    writing = WRITING[name]
    before, after, here = (folder / part for part in ("before", "after", "here"))
    shutil.copytree(ROOT / "examples", before, ignore=shutil.ignore_patterns("__pycache__", "rejected"))
    writing.prepare(before)
    shutil.copytree(before, after)
    status = quiet(after, *writing.arguments)
    old, new = files(before), files(after)
    if status not in (0, 1) or old == new:
        yield f"{name}: undisturbed it ends with {status} and writes {len(new) - len(old)} files"
        return
    between = writing.between(old) if writing.between else None
    shutil.copytree(before, here)
    calls = counted_calls(lambda: silent(here, *writing.arguments))
    seen: set[tuple[tuple[str, bytes], ...]] = set()
    """What was left by deaths that have been looked into."""
    for number in range(moments):
        at = draw.randrange(calls) if moments < calls else number % calls
        shutil.rmtree(here)
        shutil.copytree(before, here)
        ended_well(run_in_child(lambda at=at: dying(here, at, *writing.arguments)))  # type: ignore[misc]
        left = files(here)
        state = tuple(sorted(left.items()))
        if state in seen:
            continue
        seen.add(state)
        torn = [
            path for path, content in left.items() if content not in (old.get(path), new.get(path), between)
        ]
        lost = [path for path in old.keys() & new.keys() if path not in left]
        if torn or lost:
            yield f"{name}, call {at}: torn {torn}, lost {lost}"
        try:
            read_lock(str(here))
        except LockError as error:
            yield f"{name}, call {at}: {error}"
        if writing.is_repeatable or left == old:
            again = quiet(here, *writing.arguments)
            if again != status or files(here) != new:
                yield f"{name}, call {at}: given again, it ends with {again} and has not completed its work"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("commands", nargs="*", default=list(WRITING))
    options = parser.parse_args()
    faults = 0
    for name in options.commands:
        with tempfile.TemporaryDirectory() as folder:
            found = list(deaths(name, options.moments, random.Random(options.seed), Path(folder)))
        faults += len(found)
        sys.stdout.write(f"{name:<16} killed {options.moments} times, {len(found)} faults\n")
        sys.stdout.write("".join(f"  {each}\n" for each in found[:5]))
        sys.stdout.flush()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
