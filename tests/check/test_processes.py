"""Many plans are judged by several processes, and nobody can tell from the report."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from benchmarks.plans import write_plans
from egp.check import check, processes
from egp.check.processes import in_parts
from egp.output.report import json, text
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import shipped_policy


def doubled(items: Sequence[int]) -> list[int]:
    return [2 * item for item in items]


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 199, 200, 501])
def test_results_come_in_the_order_of_the_items(count: int) -> None:
    parts = in_parts(doubled, range(count))
    assert [item for part in parts for item in part] == [2 * item for item in range(count)]


def test_an_error_in_a_worker_reaches_the_parent() -> None:
    def broken(items: Sequence[int]) -> int:
        return 1 // (items[0] - 100)

    with pytest.raises(ZeroDivisionError):
        list(in_parts(broken, range(300)))


SLOW = """
import os, signal, sys, time
from egp.check import processes
from egp.cli.main import main

# What a shell starts in the background ignores it, and so does whatever that starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

def slow(items):
    if items[0] >= 50:
        print(os.getpid(), flush=True)
        time.sleep(20)

processes._workers = lambda items, jobs=0: 3
def check(*_):
    processes.in_parts(slow, range(500))
from egp.cli.commands import check as command
command.run = check
command.__dict__["add_arguments"] = lambda parser: parser.set_defaults(run=check)
sys.exit(main(["check"]))
"""


@pytest.mark.parametrize("is_alone", [False, True], ids=["group", "parent alone"])
def test_an_interrupt_ends_every_process(is_alone: bool) -> None:
    """As Ctrl-C sends it, to all of them, and as a runner does that knows of one."""
    running = subprocess.Popen(
        [sys.executable, "-c", SLOW], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )  # fmt: skip
    assert running.stdout is not None
    assert len({running.stdout.readline() for _ in range(3)}) == 3
    (os.kill if is_alone else os.killpg)(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=10)
    assert (running.returncode, err) == (130, "egp: interrupted\n")
    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)


def test_a_part_that_fails_here_ends_the_workers() -> None:
    def slow(items: Sequence[int]) -> None:
        if items[0] == 50:
            raise ZeroDivisionError
        if items[0] > 50:
            time.sleep(20)

    began = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        in_parts(slow, range(300), jobs=3)
    assert time.monotonic() - began < 10
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def reports(folder: Path) -> tuple[str, str]:
    finder = PlanFinder(str(folder))
    report = check(finder.asked(["."]), finder, shipped_policy(), date(2023, 1, 18))
    return json.render(report), "\n".join(text.render(report, text.Style()))


def test_reports_are_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_plans(tmp_path, 120)
    (tmp_path / "broken.yaml").write_text("a: [", encoding="utf-8")
    (tmp_path / "plan-00007.yaml").write_text(
        (tmp_path / "plan-00008.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    monkeypatch.setattr(processes, "WORTHWHILE", 10_000)
    alone = reports(tmp_path)
    monkeypatch.setattr(processes, "WORTHWHILE", 2)
    monkeypatch.setattr(processes, "PART", 7)
    assert reports(tmp_path) == alone
    assert '"duplicate-id"' in alone[0]
