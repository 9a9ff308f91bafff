"""The Action and the GitLab template judge what a branch raises, run by a shell as a runner would."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from egp.policy.shipped import ROOT
from tests.gate.test_pipelines import ACTION, GITLAB, read
from tests.rollouts.test_gate_changes import Shop, flag


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.git("branch", "origin/main", "main")
    return made


def shell(script: str, shop: Shop, **variables: str) -> subprocess.CompletedProcess[str]:
    """A script where egp is on the path, and where the Action has installed it."""
    folder = shop.folder.parent / "egp" / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "egp"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m egp "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    runner = {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": ROOT,
        "RUNNER_TEMP": str(shop.folder.parent),
        "GITHUB_STEP_SUMMARY": str(shop.folder.parent / "summary.md"),
        "GITHUB_OUTPUT": str(shop.folder.parent / "output"),
    }
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=shop.folder,
        env={**runner, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def act(shop: Shop, **inputs: str) -> subprocess.CompletedProcess[str]:
    action = read(ACTION)
    (step,) = [each for each in action["runs"]["steps"] if each.get("id") == "run"]
    values = {name: each.get("default", "") for name, each in action["inputs"].items()} | inputs
    variables = {}
    for name, source in step["env"].items():
        found = re.fullmatch(r"\$\{\{ inputs\.(\w+) \}\}", source)
        assert found
        variables[name] = str(values[found[1]])
    return shell(step["run"], shop, **variables)


@pytest.mark.parametrize(("share", "status", "word"), [(20, 0, "free"), (70, 2, "could not judge")])
def test_the_action_annotates_the_line_and_writes_the_summary(
    shop: Shop, share: int, status: int, word: str
) -> None:
    shop.write("flags/pdp.flagd.yaml", flag(share))
    done = act(shop, command="gate-changes", base="origin/main")
    assert done.returncode == status, done.stdout + done.stderr
    assert "file=flags/pdp.flagd.yaml,line=6" in done.stdout
    assert word in (shop.folder.parent / "summary.md").read_text(encoding="utf-8")


def test_the_action_needs_a_base(shop: Shop) -> None:
    assert act(shop, command="gate-changes").returncode != 0


@pytest.mark.parametrize(("share", "status", "outcome"), [(20, 0, "free"), (70, 2, "could_not_judge")])
def test_the_template_keeps_what_was_judged(shop: Shop, share: int, status: int, outcome: str) -> None:
    shop.write("flags/pdp.flagd.yaml", flag(share))
    (script,) = read(GITLAB)[".egp-gate-changes"]["script"]
    done = shell(script, shop, CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main", EGP_RESULTS="")
    assert done.returncode == status, done.stdout + done.stderr
    kept = json.loads((shop.folder / "egp-gate-changes.json").read_text(encoding="utf-8"))
    assert [each["outcome"] for each in kept["moves"]] == [outcome]
