"""The GitHub Action and the GitLab template, run by a shell as a runner would."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from egp.yaml import read_file

from .calling import PLAN
from .worlds import ROOT

ACTION = ROOT / "action.yml"
GITLAB = ROOT / "templates" / "gitlab-ci.yml"


def read(path: Path) -> Any:
    (document,) = read_file(str(path), path.name)
    assert document.problems == ()
    return document.value


@pytest.fixture
def runner(repository_of_now: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a runner: egp is where the action has installed it, and on the path of the template."""
    folder = tmp_path / "egp" / "bin"
    folder.mkdir(parents=True)
    program = folder / "egp"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m egp "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    for name in ("summary.md", "output"):
        (tmp_path / name).write_text("")
    return {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "RUNNER_TEMP": str(tmp_path),
        "FOLDER": str(repository_of_now),
    }


def shell(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=environment["FOLDER"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def run_action(runner: dict[str, str], **inputs: str) -> subprocess.CompletedProcess[str]:
    action = read(ACTION)
    (step,) = [each for each in action["runs"]["steps"] if each.get("id") == "run"]
    values = {name: each.get("default", "") for name, each in action["inputs"].items()} | inputs
    variables = {
        name: values[re.fullmatch(r"\$\{\{ inputs\.(\w+) \}\}", source)[1]]  # type: ignore[index]
        for name, source in step["env"].items()
    }
    return shell(step["run"], runner | variables)


@pytest.mark.parametrize(
    ("results", "to", "status", "verdict"),
    [
        ("stage-1", "90%", 0, "proceed"),
        ("day-05", "70%", 1, "hold"),
        ("two-bad-weeks", "", 3, "roll_back"),
        ("none", "70%", 2, "could_not_judge"),
    ],
)
def test_the_action_gates(runner: dict[str, str], results: str, to: str, status: int, verdict: str) -> None:
    ended = run_action(
        runner, command="gate", plan=PLAN, results=f"results/pdp-buy-now/{results}.yaml", to=to
    )
    assert ended.returncode == status, ended.stderr
    assert Path(runner["GITHUB_OUTPUT"]).read_text().splitlines() == [
        f"verdict={verdict}",
        "receipt=egp-receipt.json",
    ]
    assert (status == 2) == (Path(runner["GITHUB_STEP_SUMMARY"]).read_text() == "")
    receipt = json.loads(Path(runner["FOLDER"], "egp-receipt.json").read_text())
    assert (receipt["verdict"], receipt["as_if"]) == (verdict, False)
    assert receipt["action"]["do"] == {0: "raise", 3: "roll_back"}.get(status, "stay")


def test_the_action_keeps_the_receipt_whatever_the_answer() -> None:
    (keep,) = [each for each in read(ACTION)["runs"]["steps"] if each.get("name") == "Keep the receipt"]
    assert keep["if"].startswith("always()")
    assert keep["with"]["path"] == "${{ inputs.receipt }}"


def test_no_pipeline_of_ours_can_say_what_day_it_is(runner: dict[str, str]) -> None:
    """Neither has a way to hand an instant to the gate, an option smuggled into a value included."""
    assert not any("as_of" in name or "as-of" in name for name in read(ACTION)["inputs"])
    assert "as-of" not in GITLAB.read_text() + ACTION.read_text()
    for smuggled in (
        {"to": "90% --as-of=2023-02-09"},
        {"revision": "--as-of=2023-02-09"},
        {"plan": "--as-of=2023-02-09"},
    ):
        inputs = {"command": "gate", "plan": PLAN, "results": "results/pdp-buy-now/stage-1.yaml", "to": "90%"}
        assert run_action(runner, **(inputs | smuggled)).returncode != 0


def test_the_action_checks(runner: dict[str, str]) -> None:
    ended = run_action(runner, command="check", plan=PLAN, policy="egp.yaml", sarif="egp.sarif")
    assert "1 plan judged" in ended.stdout
    assert Path(runner["FOLDER"], "egp.sarif").exists()
    assert Path(runner["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8").startswith("## egp: ")


@pytest.mark.parametrize(
    "inputs",
    [
        {"command": "check", "plan": PLAN, "policy": "egp.yaml"},
        {"command": "gate", "plan": PLAN, "results": "results/pdp-buy-now/stage-1.yaml", "to": "90%"},
    ],
    ids=["check", "gate"],
)
def test_the_action_leaves_the_report_for_the_comment(runner: dict[str, str], inputs: dict[str, str]) -> None:
    report = Path(runner["RUNNER_TEMP"], "egp-comment.md")
    run_action(runner, **inputs)
    assert not report.exists()
    run_action(runner, comment="true", **inputs)
    assert report.read_text(encoding="utf-8").startswith("## ")


def test_the_action_does_nothing_else(runner: dict[str, str]) -> None:
    assert run_action(runner, command="$(touch owned)").returncode == 2
    assert not Path(runner["FOLDER"], "owned").exists()


def test_the_action_installs_with_the_extras_that_are_asked_for(
    runner: dict[str, str], tmp_path: Path
) -> None:
    install = read(ACTION)["runs"]["steps"][1]["run"]
    told = tmp_path / "told"
    python = tmp_path / "egp" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {told}\n', encoding="utf-8")
    python.chmod(0o755)
    action = {"EGP_PYTHON": str(python), "GITHUB_ACTION_PATH": "/action"}
    for extras in ("", "custom,parquet"):
        assert shell(install, runner | action | {"EGP_EXTRAS": extras}).returncode == 0
    lines = told.read_text().splitlines()
    assert [line for line in lines if line.startswith("/action")] == ["/action", "/action[custom,parquet]"]


def test_what_the_action_uses_is_pinned_to_a_commit() -> None:
    used = [step["uses"] for step in read(ACTION)["runs"]["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", each) for each in used)


def test_inputs_of_the_action_are_no_part_of_its_scripts(runner: dict[str, str]) -> None:
    assert not any("${{" in step.get("run", "") for step in read(ACTION)["runs"]["steps"])
    ended = run_action(
        runner,
        command="gate",
        plan='"; touch owned; "',
        results="$(touch owned)",
        to="`touch owned`",
        revision="--help",
    )
    assert ended.returncode == 2
    assert not Path(runner["FOLDER"], "owned").exists()


@pytest.mark.parametrize(("results", "to", "status"), [("stage-1", "90%", 0), ("two-bad-weeks", "", 3)])
def test_the_template_gates(runner: dict[str, str], results: str, to: str, status: int) -> None:
    job = read(GITLAB)[".egp-gate"]
    variables = job["variables"] | {
        "EGP_PLAN": PLAN,
        "EGP_RESULTS": f"results/pdp-buy-now/{results}.yaml",
        "EGP_TO": to,
    }
    ended = shell("\n".join(job["script"]), runner | variables)
    assert ended.returncode == status, ended.stderr
    assert Path(runner["FOLDER"], "egp-receipt.json").exists()


@pytest.mark.parametrize("page", ["gate.md", "ci.md"])
def test_the_pages_use_inputs_that_the_action_has(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"with:\n((?: {10}\S.*\n)+)", text)
    used = {line.split(":")[0].strip() for block in blocks for line in block.splitlines()}
    assert used
    assert used <= set(read(ACTION)["inputs"])
