"""Folders with policies of their own: each plan is judged by its own, whatever else is in the call."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import pytest

from tests.check.workspace import SHORT, Workspace
from tests.gate.calling import call

STRICT = "plans: ['*.yaml']\nrules: {minimum-runtime: {severity: error, days: 28}}\n"
LAX = "plans: ['*.yaml']\nrules: {minimum-runtime: {severity: error, days: 3}}\n"
DAY = ("--as-of", "2023-01-18")


@pytest.fixture
def teams(workspace: Workspace) -> Path:
    (workspace.root / ".git").mkdir()
    for team, policy in (("ads", LAX), ("shop", STRICT), ("web", STRICT.replace("28", "21"))):
        workspace.write(f"{team}/egp.yaml", policy)
        workspace.write(f"{team}/p.yaml", SHORT.replace("buy-now", team))
    return workspace.root


@pytest.mark.parametrize(
    "paths", [*permutations(["ads/p.yaml", "shop/p.yaml", "web/p.yaml"]), ("ads", "shop", "web"), (".",)]
)
def test_each_plan_is_judged_by_its_own_policy(teams: Path, paths: tuple[str, ...]) -> None:
    told = call(teams, "check", *paths, *DAY, "--format", "json").json
    assert {
        each["path"]: each["message"][-2:]
        for each in told["diagnostics"]
        if each["rule"] == "minimum-runtime"
    } == {
        "shop/p.yaml": "28",
        "web/p.yaml": "21",
    }


@pytest.mark.parametrize("others", [(), ("ads/p.yaml",), ("web/p.yaml",), ("ads/p.yaml", "web/p.yaml")])
def test_the_verdict_is_that_of_a_call_of_its_own(teams: Path, others: tuple[str, ...]) -> None:
    told = call(teams, "check", "shop/p.yaml", *others, *DAY)
    assert told.status == 1
    assert "policy shop/egp.yaml" in told.out
    assert "the policy requires 28" in told.out


def test_an_option_overrides_all_of_them_and_the_report_says_so(teams: Path) -> None:
    told = call(teams, "check", "shop/p.yaml", "web/p.yaml", "--policy", "ads/egp.yaml", *DAY)
    assert told.status == 0
    assert "policy ads/egp.yaml" in told.out


def test_a_policy_that_cannot_judge_does_not_silence_the_others(teams: Path) -> None:
    (teams / "ads" / "egp.yaml").write_text("rules: [")
    told = call(teams, "check", "ads/p.yaml", "shop/p.yaml", *DAY)
    assert told.status == 2
    assert "the policy requires 28" in told.out
    assert "ads/egp.yaml" in told.out


@pytest.mark.parametrize("form", ["github", "gitlab", "sarif"])
@pytest.mark.parametrize("folder", [".", "shop"])
def test_code_hosts_get_paths_from_the_root(teams: Path, folder: str, form: str) -> None:
    path = "p.yaml" if folder == "shop" else "shop/p.yaml"
    told = call(teams / folder, "check", path, *DAY, "--format", form).out
    if form == "github":
        assert "file=shop/p.yaml,line=" in told
    elif form == "gitlab":
        assert {each["location"]["path"] for each in json.loads(told)} == {"shop/p.yaml"}
    else:
        [run] = json.loads(told)["runs"]
        places = [each["locations"][0]["physicalLocation"] for each in run["results"]]
        assert {each["artifactLocation"]["uri"] for each in places} == {"shop/p.yaml"}


def test_a_subfolder_names_what_lies_above_from_the_root(teams: Path) -> None:
    (teams / "shop" / "deep").mkdir()
    told = call(teams / "shop" / "deep", "check", "../p.yaml", *DAY, "--format", "github").out
    assert "file=shop/p.yaml,line=" in told
