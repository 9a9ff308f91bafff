"""A plan that cannot be read whole is no plan, whatever is requested of it: no command answers 0, writes or crashes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from egp.record.ledger import append
from tests.gate.calling import PLAN, call
from tests.gate.conftest import _registered, repository

__all__ = ["_registered", "repository"]

DAY = "--as-of=2023-03-02"
RESULTS = "--results=results/pdp-buy-now/stage-1.yaml"
FLAGS = """\
pdp_buy_now:
  variations: {control: false, buy_now: true}
  defaultRule: {percentage: {control: 55, buy_now: 45}}
  disable: false
"""
ENTERED = {"kind": "enter", "stage": "70%", "treated": "70%", "at": "2023-02-07T08:00:00-08:00"}


def _with(old: str, new: str) -> Callable[[Path], object]:
    def write(file: Path) -> None:
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))

    return write


def _as(content: bytes) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(content)


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def _link_out(file: Path) -> None:
    outside = file.parents[2] / "outside.yaml"
    shutil.move(file, outside)
    file.symlink_to(outside)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a key of a metric twice": _with("kind: mean\n", "kind: mean\n    kind: mean\n"),
    "a key of the plan twice": _with("risk:", "unit: user\nrisk:"),
    "a quote that is not closed": _with("title: ", 'title: "'),
    "a character that nobody sees": _with("title: ", "title: \x01"),
    "text after the end of the document": lambda file: file.write_text(file.read_text() + "...\nby 01-29\n"),
    "bytes that are no text": _as(b"\xff\xfe\x00id"),
    "nothing": _as(b""),
    "a list": _as(b"- id: pdp-buy-now\n"),
    "no file": lambda file: file.unlink(),
    "a folder": _folder,
    "a pipe": _pipe,
    "a link out of the repository": _link_out,
}  # fmt: skip

COMMANDS: dict[str, tuple[str, ...]] = {
    "check": ("check", PLAN, DAY),
    "register": ("register", PLAN, DAY),
    "register --write-date": ("register", PLAN, "--write-date", DAY),
    "archive": ("register", "--archive", PLAN, "--as-of=2023-09-01"),
    "amend": ("amend", PLAN, "--reason=r", "--approver=@xp-lead", "--data-access=no_results_seen", "--on=2023-03-02", DAY),
    "waive": ("waive", PLAN, "stage-dwell", "--reason=r", "--ticket=X", "--approver=@xp-lead", "--role=experimentation_lead",
              "--expires=2023-03-20", DAY),
    "decide": ("decide", PLAN, "--option=B", "--by=experimentation_lead", "--because=two bad weeks", DAY),
    "gate": ("gate", PLAN, RESULTS, "--to=90%", DAY),
    "gate --served": ("gate", PLAN, "--monitor", "--served", "go-feature-flag=flags.yaml", DAY),
    "enter": ("enter", PLAN, RESULTS, "--to=90%", "--receipt=r.json", "--as-of=2023-02-09T08:00:00-08:00"),
    "enter --lower-to": ("enter", PLAN, "--lower-to=10%", "--reason=r", "--as-of=2023-02-09T08:00:00-08:00"),
    "enter --rollback": ("enter", PLAN, "--rollback", "--reason=r", "--as-of=2023-02-09T08:00:00-08:00"),
    "rollback-patch": ("rollback-patch", PLAN),
    "brief": ("brief", PLAN, DAY),
    "show": ("show", PLAN, DAY),
    "power": ("power", PLAN),
    "policy show": ("policy", "show", PLAN, DAY),
    "measure": ("measure", PLAN, "--source=results", DAY),
}  # fmt: skip


WORK_ON_A_SOUND_PLAN = (
    "archive", "decide", "enter --lower-to", "enter --rollback", "power", "rollback-patch", "show", "policy show",
)  # fmt: skip


@pytest.fixture
def served(repository: Path) -> Path:
    """The repository with a flag file that serves the plan, and a stage that was entered."""
    with (repository / "egp.yaml").open("a") as policy:
        policy.write(
            'rollouts: [{format: go-feature-flag, environment: production, files: ["flags.yaml"]}]\n'
        )
    (repository / "flags.yaml").write_text(FLAGS)
    append(str(repository), "pdp-buy-now", ENTERED)
    return repository


def _files(folder: Path) -> dict[str, bytes]:
    found = (file for file in folder.rglob("*") if file.is_file() and file.name != "r.json")
    return {str(file.relative_to(folder)): file.read_bytes() for file in found}


@pytest.mark.parametrize("damage", DAMAGES)
def test_no_command_works_on_it(served: Path, damage: str) -> None:
    DAMAGES[damage](served / PLAN)
    before = _files(served)
    wrong = {}
    for name, arguments in COMMANDS.items():
        done = call(served, *arguments)
        if done.status not in (1, 2) or _files(served) != before or "Traceback" in done.err:
            wrong[name] = done
    assert wrong == {}


@pytest.mark.parametrize("name", WORK_ON_A_SOUND_PLAN)
def test_they_work_on_a_sound_one(served: Path, name: str) -> None:
    done = call(served, *COMMANDS[name])
    assert done.status == 0, done.err
