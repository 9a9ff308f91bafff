"""A receipt is written on every exit, and what a pipeline needs stands in it as data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.published import require_declared

from .calling import PLAN, call, gate
from .worlds import ROOT, plan_of, readout_world, rendered, stage_world

STAGE_1 = "results/pdp-buy-now/stage-1.yaml"
OLD = '{"verdict": "proceed", "action": {"do": "raise"}}'


def receipt(folder: Path, name: str = "r.json") -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


FAILURES: dict[str, tuple[tuple[str, ...], str]] = {
    "no plan": (("--results", STAGE_1, "--monitor"), "which plan?"),
    "no results named": ((PLAN, "--monitor"), "without results"),
    "no move": ((PLAN, "--results", STAGE_1), "the call does not say what the gate is to judge"),
    "no such plan": (("experiments/none.yaml", "--results", STAGE_1, "--monitor"), "no such file"),
    "no such results": ((PLAN, "--results", "results/none.yaml", "--monitor"), "cannot read the results"),
    "no such stage": ((PLAN, "--results", STAGE_1, "--to", "60%"), "no stage that treats 60%"),
    "no such variant": ((PLAN, "--results", STAGE_1, "--monitor", "--variant", "x"), "is no treatment"),
    "no such policy": ((PLAN, "--results", STAGE_1, "--monitor", "--policy", "none.yaml"), "cannot read the policy"),
    "no such shipped policy": ((PLAN, "--results", STAGE_1, "--monitor", "--policy", "egp:none"), "egp:none"),
    "no such source": ((PLAN, "--results", STAGE_1, "--monitor", "--source", "duckdb:///x"), "names no tables"),
    "a day that is none": ((PLAN, "--results", STAGE_1, "--monitor", "--as-of", "soon"), "not a date"),
    "an unknown option": ((PLAN, "--results", STAGE_1, "--monitor", "--nonsense"), "--nonsense"),
    "two moves": ((PLAN, "--results", STAGE_1, "--monitor", "--to", "90%"), "not allowed with"),
    "an unknown format": ((PLAN, "--results", STAGE_1, "--monitor", "--output", "pdf=x"), "is not FORMAT=FILE"),
}  # fmt: skip


@pytest.mark.parametrize("how", ["--receipt=r.json", "--receipt r.json"])
@pytest.mark.parametrize("why", FAILURES)
def test_a_proceed_does_not_survive_a_call_that_fails(repository: Path, why: str, how: str) -> None:
    (repository / "r.json").write_text(OLD)
    arguments, words = FAILURES[why]
    told = call(repository, "gate", *how.split(), *arguments)
    assert (told.status, told.out) == (2, "")
    stated = receipt(repository)
    require_declared("gate", (repository / "r.json").read_text())
    assert (stated["verdict"], stated["action"]["do"]) == ("could_not_judge", "stay")
    assert words in stated["errors"][0]["message"]


def test_it_has_the_inputs_that_were_known_so_far(repository: Path) -> None:
    known = {name: each["digest"] for name, each in _known(repository, "stage-1", "--to", "60%").items()}
    whole = {name: each["digest"] for name, each in _known(repository, "stage-1", "--to", "90%").items()}
    assert known == {**whole, "policy": known["policy"]}
    (repository / "results/pdp-buy-now/stage-1.csv").unlink()
    unread = {name: each["digest"] for name, each in _known(repository, "stage-1", "--to", "90%").items()}
    assert (unread["plan"], unread["results"]) == (whole["plan"], None)


def _known(repository: Path, results: str, *arguments: str) -> Any:
    gate(repository, results, *arguments, "--receipt", "r.json")
    return receipt(repository)["inputs"]


def test_a_policy_that_cannot_judge_leaves_a_receipt(repository: Path) -> None:
    (repository / "egp.yaml").write_text("rules: {minimum-runtim: {days: 3}}\n")
    assert gate(repository, "stage-1", "--to", "90%", "--receipt", "r.json").status == 2
    stated = receipt(repository)
    assert stated["verdict"] == "could_not_judge"
    assert "minimum-runtim" in stated["errors"][0]["message"]


def test_a_bug_leaves_a_receipt(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("of egp")

    monkeypatch.setattr("egp.cli.gate_call.judge", broken)
    (repository / "r.json").write_text(OLD)
    assert gate(repository, "stage-1", "--to", "90%", "--receipt", "r.json").status == 2
    assert receipt(repository)["errors"] == [{"check": "", "message": "of egp"}]


def test_a_reader_that_has_gone_leaves_a_receipt(repository: Path) -> None:
    (repository / "r.json").write_text(OLD)
    asked = ("gate", PLAN, "--results", STAGE_1, "--to", "90%", "--receipt", "r.json")
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as gone:
        subprocess.run(
            [sys.executable, "-m", "egp", *asked],
            cwd=repository, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=gone, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    assert receipt(repository)["verdict"] == "hold"


def test_a_replay_leaves_the_receipt_alone(repository: Path) -> None:
    gate(repository, "stage-1", "--to", "90%", "--receipt", "r.json")
    before = (repository / "r.json").read_bytes()
    for more in ((), ("--receipt", "r.json"), ("--nonsense", "--receipt", "r.json")):
        call(repository, "gate", "--replay", "r.json", *more)
        assert (repository / "r.json").read_bytes() == before


def test_a_replay_of_a_call_that_could_not_judge_says_so(repository: Path) -> None:
    gate(repository, "stage-1", "--to", "60%", "--receipt", "r.json")
    told = call(repository, "gate", "--replay", "r.json")
    assert told.status == 2
    assert "this receipt is of a call that could not be judged: " in told.err
    assert "no stage that treats 60%" in told.err


def test_a_receipt_follows_no_link(repository: Path) -> None:
    target = repository / "target"
    target.write_text("mine")
    (repository / "r.json").symlink_to(target)
    assert gate(repository, "stage-1", "--to", "90%", "--receipt", "r.json").status in (0, 2)
    assert target.read_text() == "mine"


def test_standard_output_takes_a_receipt() -> None:
    """As /dev/stdout: a channel is written to, and not replaced."""
    ended = subprocess.run(
        [sys.executable, "-m", "egp", "gate", "--receipt", "/dev/stdout"],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert json.loads(ended.stdout)["verdict"] == "could_not_judge"


# The action.


def test_a_raise_says_everything_that_a_pipeline_needs() -> None:
    action = json.loads(rendered(stage_world())["json"])["action"]
    assert action == {
        "do": "raise",
        "flag": "pdp_buy_now",
        "share_now": 0.7,
        "share_asked": 0.9,
        "earliest_next_call": None,
        "rollback": {"to": "control", "method": "feature_flag", "minutes": 15, "owner": "@pdp-oncall"},
        "commit": None,
    }


def test_the_test_treats_its_part_of_the_exposure() -> None:
    action = json.loads(rendered(readout_world())["json"])["action"]
    assert (action["share_now"], action["share_asked"]) == (0.45, 0.7)


@pytest.mark.parametrize(
    ("results", "move", "do"),
    [
        ("stage-1", ("--to", "90%"), "raise"),
        ("stage-1", ("--monitor",), "stay"),
        ("day-05", ("--to", "70%"), "stay"),
        ("ramp-harm", ("--to", "90%"), "roll_back"),
    ],
)
def test_what_is_to_be_done(
    repository: Path, results: str, move: tuple[str, ...], do: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from .calling import taken
    from .test_time import at

    at(monkeypatch, taken(repository, f"results/pdp-buy-now/{results}.yaml"))
    action = gate(repository, results, *move, "--format", "json").json["action"]
    assert action["do"] == do
    assert (action["share_asked"] is None) == (move == ("--monitor",))


def test_a_plan_without_a_rollback_has_none() -> None:
    world = stage_world(rollback=None, feature_flag=None)
    action = json.loads(rendered(world)["json"])["action"]
    assert (action["rollback"], action["flag"]) == (None, None)


def test_the_commit_is_recorded(repository: Path) -> None:
    def git(*arguments: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        ended = subprocess.run(
            ["git", *who, *arguments], cwd=repository, check=True, capture_output=True, text=True
        )
        return ended.stdout.strip()

    git("init", "-q")
    assert gate(repository, "stage-1", "--to", "90%", "--format", "json").json["action"]["commit"] is None
    git("add", "-A")
    git("commit", "-qm", "agreed")
    gate(repository, "stage-1", "--to", "90%", "--receipt", "r.json")
    assert receipt(repository)["action"]["commit"] == git("rev-parse", "HEAD")
    git("commit", "-qm", "later", "--allow-empty")
    assert call(repository, "gate", "--replay", "r.json").status == 0
    assert plan_of().id == receipt(repository)["experiment"]
