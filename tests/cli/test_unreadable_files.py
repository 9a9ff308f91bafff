"""Every file that a command reads, damaged in every way: it ends with 2 and names the file, and no other command minds."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from egp.record.ledger import append
from tests.gate.calling import PLAN, call
from tests.gate.conftest import _registered
from tests.gate.worlds import ROOT

__all__ = ["_registered"]

DAY = "--as-of=2023-03-02"
RESULTS = "results/pdp-buy-now/monitor.yaml"
ENTRY = "egp.lock.d/7e/pdp-buy-now.yaml"
LEDGER = "egp.ledger.d/7e/pdp-buy-now/0001.yaml"
FLAGS = """\
pdp_buy_now:
  variations: {control: false, buy_now: true}
  defaultRule: {percentage: {control: 10, buy_now: 90}}
  disable: false
"""
ENTERED = {"kind": "enter", "stage": "70%", "treated": "70%", "at": "2023-02-07T08:00:00-08:00"}


TESTS = """\
tests:
  - {name: too short, plan: {schedule: {end: 2023-01-24}}, expect: [{rule: minimum-runtime, at: /schedule/end}]}
"""


def bytes_that_are_no_text(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\xff\xfe\n")


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def too_large(file: Path) -> None:
    with file.open("ab") as more:
        more.truncate(70_000_000)  # zeros that no disk keeps


def a_link_out(file: Path) -> None:
    outside = next(each for each in file.parents if (each / ".git").exists()).parent / f"outside-{file.name}"
    shutil.move(file, outside)
    file.symlink_to(outside)


def a_key_twice(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".json":
        key = text.split('"')[1]
        file.write_text(f'{{"{key}": 0,{text.lstrip()[1:]}', encoding="utf-8")
    else:
        key = next(each for each in text.splitlines() if each[:1].isalpha()).partition(":")[0]
        file.write_text(f"{key}: again\n{text}", encoding="utf-8")


DAMAGES = (bytes_that_are_no_text, a_folder, too_large, a_link_out, a_key_twice)

COMMANDS: dict[str, tuple[str, ...]] = {
    "check": ("check", DAY),
    "check PLAN": ("check", PLAN, DAY),
    "status": ("status", DAY, "--results=results/pdp-buy-now"),
    "register": ("register", PLAN, DAY),
    "gate": ("gate", PLAN, f"--results={RESULTS}", "--monitor", "--as-of=2023-03-02T09:00:00-08:00"),
    "gate --replay": ("gate", "--replay=receipt.json"),
    "rollback-patch": ("rollback-patch", PLAN),
    "enter": ("enter", PLAN, "--rollback", "--reason=r", "--as-of=2023-03-02T09:00:00-08:00"),
    "brief": ("brief", PLAN, f"--results={RESULTS}", DAY),
    "show": ("show", PLAN, DAY),
    "power": ("power", PLAN),
    "policy show": ("policy", "show", PLAN, DAY),
    "policy test": ("policy", "test"),
    "baseline": ("baseline", DAY),
    "rules": ("rules",),
}

_JUDGE = ("check", "check PLAN", "status", "register", "brief", "baseline")
_GATE = ("gate", "gate --replay")
READ_BY: dict[str, tuple[str, ...]] = {
    "egp.yaml": ("check", "gate", "register", "rollback-patch", "show", "policy test", "rules"),
    "egp.lock": (*_JUDGE, *_GATE, "power", "policy show"),
    ENTRY: (*_JUDGE, *_GATE, "power", "policy show"),
    LEDGER: (*_JUDGE, *_GATE, "enter"),
    "waivers.yaml": _JUDGE,
    "egp-baseline.yaml": _JUDGE,
    RESULTS: ("status", "brief", *_GATE),
    RESULTS.replace(".yaml", ".csv"): ("status", "brief", *_GATE),
    "receipt.json": ("gate --replay",),
    "egp.test.yaml": ("policy test",),
    "flags.yaml": ("rollback-patch",),
}
"""File → the commands that read it. What an unreadable flag file is for `egp check`, the rule unread-rollout says."""


@pytest.fixture(scope="module")
def sound(_registered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that has all of the files."""
    folder = Path(shutil.copytree(_registered, tmp_path_factory.mktemp("sound") / "repository"))
    with (folder / "egp.yaml").open("a", encoding="utf-8") as policy:
        policy.write("waivers: {approvers: [experimentation_lead]}\n")
        policy.write("rollouts: [{format: go-feature-flag, environment: production, files: [flags.yaml]}]\n")
    (folder / "flags.yaml").write_text(FLAGS, encoding="utf-8")
    (folder / "waivers.yaml").write_text("waivers: []\n", encoding="utf-8")
    (folder / "egp.test.yaml").write_text(TESTS, encoding="utf-8")
    append(str(folder), "pdp-buy-now", ENTERED)
    for each in ("day-05", "day-14", "stage-1", "srm", "late-data", "ramp-harm"):
        for ending in ("yaml", "csv"):
            (folder / f"results/pdp-buy-now/{each}.{ending}").unlink()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    assert call(folder, "baseline", "--start", DAY).status == 0
    call(folder, *COMMANDS["gate"], "--receipt=receipt.json")
    return folder


@pytest.fixture
def damaged(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "repository"))


def _written(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file() and file.stat().st_size < 1_000_000)
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def _wrong(folder: Path, file: str) -> dict[str, object]:
    """The commands that read a file and do not say that they cannot, or that write."""
    before = _written(folder)
    found: dict[str, object] = {}
    for name in READ_BY[file]:
        done = call(folder, *COMMANDS[name])
        is_named = Path(file).name in done.out + done.err
        if done.status != 2 or not is_named or "Traceback" in done.err or _written(folder) != before:
            found[name] = done
    return found


WITHOUT_MEANING = (
    (RESULTS, a_folder),
    ("flags.yaml", a_folder),
    (RESULTS.replace(".yaml", ".csv"), a_key_twice),
)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", READ_BY)
def test_whoever_reads_it_says_so_and_writes_nothing(
    damaged: Path, file: str, damage: Callable[[Path], object]
) -> None:
    if (file, damage) in WITHOUT_MEANING:
        pytest.skip("a table has no keys, and a folder of that name is no file")
    damage(damaged / file)
    assert _wrong(damaged, file) == {}


@pytest.mark.parametrize("file", READ_BY)
def test_a_file_that_may_not_be_read(damaged: Path, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As without the permission, which the tests may have whatever the file says."""
    opened = os.open

    def refusing(path: str, *rest: object, **named: object) -> int:
        if str(path).endswith(file):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return opened(path, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refusing)
    assert _wrong(damaged, file) == {}


WRITE = ("register", "enter", "baseline", "check")


@pytest.mark.parametrize("file", [each for each in READ_BY if each not in ("egp.yaml", "flags.yaml")])
def test_whoever_does_not_read_it_answers_as_ever(sound: Path, damaged: Path, file: str) -> None:
    others = [name for name in COMMANDS if name not in READ_BY[file] and name not in WRITE]
    as_ever = {name: call(sound, *COMMANDS[name]) for name in others}
    bytes_that_are_no_text(damaged / file)
    assert {name: call(damaged, *COMMANDS[name]) for name in others} == as_ever


@pytest.mark.parametrize("file", [ENTRY, LEDGER, "waivers.yaml", "egp-baseline.yaml"])
def test_what_else_is_found_is_shown(damaged: Path, file: str) -> None:
    plan = (damaged / "experiments/ranking-model.yaml").read_text(encoding="utf-8")
    (damaged / "experiments/more.yaml").write_text(
        plan.replace("id: ranking-model", "id: more").replace("hypothesis:", "hypotesis:"), encoding="utf-8"
    )
    bytes_that_are_no_text(damaged / file)
    done = call(damaged, "check", DAY)
    assert (done.status, "hypotesis" in done.out) == (2, True), done.out + done.err


SHOP_FILES = ("metrics.yaml", "sql/orders.sql")


@pytest.mark.parametrize("damage", DAMAGES[:-1])
@pytest.mark.parametrize("file", SHOP_FILES)
def test_the_catalogue_and_its_queries(tmp_path: Path, file: str, damage: Callable[[Path], object]) -> None:
    folder = Path(shutil.copytree(ROOT / "examples/shop", tmp_path / "shop"))
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    damage(folder / file)
    done = call(folder, "check", "--as-of=2023-01-17")
    assert (done.status, Path(file).name in done.out + done.err) == (2, True), done


def test_a_plan_whose_flag_may_be_in_a_file_that_cannot_be_read_is_not_passed_in_silence(
    damaged: Path,
) -> None:
    bytes_that_are_no_text(damaged / "flags.yaml")
    done = call(damaged, "check", PLAN, DAY)
    assert "[unread-rollout]" in done.out, done.out
    assert "flags.yaml" in done.out


@pytest.mark.parametrize(
    "other",
    [
        "egp.ledger.d/7E/pdp-buy-now",
        "egp.ledger.d/7e/PDP-buy-now",
        "egp.ledger.d/7E/Pdp-Buy-Now",
        "Egp.Ledger.D/7e/pdp-buy-now",
        "egp.ledger.D/7E/pdp-buy-noW",
    ],
)
def test_a_ledger_under_the_name_of_a_folder_in_other_letters_is_damaged(damaged: Path, other: str) -> None:
    ledger = damaged / "egp.ledger.d"
    moved = damaged / other
    content = (damaged / LEDGER).read_bytes()
    shutil.rmtree(ledger)
    moved.mkdir(parents=True)
    (moved / "0001.yaml").write_bytes(content)
    for name in READ_BY[LEDGER]:
        done = call(damaged, *COMMANDS[name])
        assert (done.status, "in other letters" in done.out + done.err) == (2, True), (name, done)
