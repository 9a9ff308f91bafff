"""The hooks for pre-commit: which files they are called with, and what the call says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from egp.cli.main import main
from egp.policy.shipped import ROOT
from egp.yaml import read_bytes
from tests.check.workspace import PLAN, RUNTIME_ALONE, SHORT, Workspace, workspace

__all__ = ["workspace"]

_DECLARED: Any = read_bytes(Path(ROOT, ".pre-commit-hooks.yaml").read_bytes(), "hooks")[0].value
HOOKS = {each["id"]: each for each in _DECLARED}
DAY = "--as-of=2023-01-18"
FAILING = "tests: [{name: of five days, passes: [minimum-runtime], plan: {schedule: {end: 2023-01-27}}}]"
SUCCEEDING = "tests: [{name: of two weeks, passes: [minimum-runtime]}]"


def called(hook: str, *files: str, options: tuple[str, ...] = ()) -> int:
    """The status of a hook with the changed files that it wants, as pre-commit finds them."""
    declared = HOOKS[hook]
    wanted = [
        path
        for path in files
        if re.search(declared.get("files", ""), path) and not re.search(declared.get("exclude", "^$"), path)
    ]
    assert wanted
    named = wanted if declared.get("pass_filenames", True) else []
    return main([*shlex.split(declared["entry"])[1:], *options, *named])


def test_changed_plans(workspace: Workspace) -> None:
    workspace.write("egp.yaml", RUNTIME_ALONE)
    workspace.write("egp.test.yaml", SUCCEEDING)
    workspace.write("good.yaml", PLAN)
    workspace.write("short.yaml", SHORT)
    assert called("egp-check", "good.yaml", "egp.yaml", "egp.test.yaml", options=(DAY,)) == 0
    assert called("egp-check", "short.yaml", "egp.yaml", options=(DAY,)) == 1


def test_every_plan_of_the_policy(workspace: Workspace) -> None:
    workspace.write("egp.yaml", f'plans: ["*.yaml"]\n{RUNTIME_ALONE}')
    workspace.write("good.yaml", PLAN)
    assert called("egp-check-all", "egp.yaml", options=(DAY,)) == 0
    workspace.write("short.yaml", SHORT)
    assert called("egp-check-all", "egp.yaml", options=(DAY,)) == 1


class TestPolicy:
    @pytest.mark.parametrize(
        ("path", "is_wanted"),
        [
            ("egp.yaml", True),
            ("ads/egp.yaml", True),
            ("egp.test.yaml", True),
            ("ads/egp.test.yaml", True),
            ("my-egp.yaml", False),
            ("egp.yaml.orig", False),
            ("egp_test.yaml", False),
            ("experiments/egp-test.yaml", False),
        ],
    )
    def test_the_files_that_it_is_called_for(self, path: str, is_wanted: bool) -> None:
        assert bool(re.search(HOOKS["egp-policy"]["files"], path)) == is_wanted

    def test_one_without_tests_is_read(
        self, workspace: Workspace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        workspace.write("egp.yaml", RUNTIME_ALONE)
        assert called("egp-policy", "egp.yaml", "short.yaml") == 0
        assert "valid, and without tests" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("policy", "said"),
        [
            ("rules: {minimum-runtme: {severity: error}}\n", "minimum-runtme"),
            (f"<<<<<<< HEAD\n{RUNTIME_ALONE}=======\n>>>>>>> x\n", "conflict marker"),
            ("rules: {}\n", "adopts no rule"),
        ],
    )
    def test_one_that_cannot_judge(
        self, workspace: Workspace, capsys: pytest.CaptureFixture[str], policy: str, said: str
    ) -> None:
        workspace.write("egp.yaml", policy)
        assert called("egp-policy", "egp.yaml") == 2
        assert said in capsys.readouterr().err

    @pytest.mark.parametrize("changed", [("egp.yaml",), ("egp.test.yaml",), ("egp.yaml", "egp.test.yaml")])
    @pytest.mark.parametrize(("tests", "status"), [(SUCCEEDING, 0), (FAILING, 1), ("tests: []\n", 2)])
    def test_its_tests_run_once_whichever_file_changed(
        self,
        workspace: Workspace,
        capsys: pytest.CaptureFixture[str],
        changed: tuple[str, ...],
        tests: str,
        status: int,
    ) -> None:
        workspace.write("egp.yaml", RUNTIME_ALONE)
        workspace.write("egp.test.yaml", tests)
        assert called("egp-policy", *changed) == status
        told = capsys.readouterr()
        assert told.out.count("1 test, ") == (status < 2)
        assert ("of five days" in told.out) == (status == 1)
        assert bool(told.err) == (status == 2)

    def test_each_is_looked_at_whatever_another_one_says(
        self, workspace: Workspace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        workspace.write("ads/egp.yaml", "rules: {}\n")
        workspace.write("shop/egp.yaml", RUNTIME_ALONE)
        workspace.write("shop/egp.test.yaml", FAILING)
        workspace.write("web/egp.yaml", "rules: {tpyo: {severity: error}}\n")
        assert called("egp-policy", "ads/egp.yaml", "shop/egp.test.yaml", "web/egp.yaml") == 2
        told = capsys.readouterr()
        assert "of five days" in told.out
        assert "adopts no rule" in told.err
        assert "tpyo" in told.err

    def test_an_orphan_of_tests_is_no_policy(self, workspace: Workspace) -> None:
        workspace.write("egp.test.yaml", SUCCEEDING)
        assert called("egp-policy", "egp.test.yaml") == 2
