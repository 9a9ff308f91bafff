"""The policy of a branch as the judge: what a pull request does to the policy does not judge the pull request."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.register.house import DAY, POLICY, House

PLAN = "experiments/buy-now.yaml"
SOFT = "rules: {rollback-comms: {severity: info}}\n"


@pytest.fixture
def branch(house: House) -> House:
    """A branch with a plan that runs too short, off a main branch with a policy."""
    git(house, "checkout", "--quiet", "-b", "main")
    house.commit()
    git(house, "checkout", "--quiet", "-b", "topic")
    return house


def git(house: House, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=house.root, check=True, capture_output=True)


def on_main(house: House) -> None:
    """Commits what was written to the main branch, and goes on with the branch at it."""
    house.commit()
    git(house, "branch", "--force", "main")


def judge(house: House, *options: str) -> str:
    """Name of the policy that judged, as programs are told."""
    assert house.egp("check", PLAN, f"--as-of={DAY}", "--format=json", *options) in (0, 1), house.out
    return str(json.loads(house.out)["policy"]["name"])


def refusal(house: House, *options: str) -> str:
    assert house.egp("check", PLAN, f"--as-of={DAY}", *options) == 2
    assert house.out == ""
    return house.err


def adopted(house: House, *options: str) -> str:
    """Severity of minimum-runtime."""
    house.egp("rules", "--format=json", *options)
    (rule,) = (each for each in json.loads(house.out)["rules"] if each["id"] == "minimum-runtime")
    return str(rule["severity"])


def test_a_branch_cannot_soften_the_policy_that_judges_it(branch: House) -> None:
    branch.write("egp.yaml", SOFT)
    assert adopted(branch) == "off"
    assert adopted(branch, "--policy-from=main") == "error"
    assert judge(branch, "--policy-from=main") == "egp.yaml@main"
    assert judge(branch) == "egp.yaml"


def test_the_policy_of_the_base_is_the_judge(branch: House) -> None:
    branch.write("egp.yaml", SOFT)
    assert judge(branch, "--base=main") == "egp.yaml@main"
    branch.egp("check", PLAN, f"--as-of={DAY}", "--base=main")
    assert "policy egp.yaml@main 2023.1" in " ".join(branch.out.split())


def test_a_branch_that_deletes_the_policy_is_judged_by_it(branch: House) -> None:
    (branch.root / "egp.yaml").unlink()
    assert judge(branch, "--base=main") == "egp.yaml@main"
    assert judge(branch) == "egp:standard"


def test_a_policy_between_the_plans_and_the_root_does_not_replace_the_one_of_the_base(branch: House) -> None:
    branch.write("experiments/egp.yaml", SOFT)
    (branch.root / "egp.yaml").unlink()
    assert judge(branch, "--base=main") == "egp.yaml@main"


def test_the_latest_policy_of_the_base_is_the_judge(branch: House) -> None:
    """A branch off an old commit cannot keep the policy of that day."""
    git(branch, "checkout", "--quiet", "main")
    branch.write("egp.yaml", POLICY.replace("2023.1", "2023.9"))
    branch.commit()
    git(branch, "checkout", "--quiet", "topic")
    branch.egp("check", PLAN, f"--as-of={DAY}", "--base=main", "--format=json")
    assert json.loads(branch.out)["policy"]["version"] == "2023.9"


def test_files_that_it_extends_come_from_there_too(branch: House) -> None:
    branch.write("egp.yaml", 'extends: ["egp:standard", policies/own.yaml]\n')
    branch.write("policies/own.yaml", "rules: {minimum-runtime: {severity: warning}}\n")
    on_main(branch)
    branch.write("policies/own.yaml", "rules: {minimum-runtime: {severity: off}}\n")
    assert (adopted(branch), adopted(branch, "--policy-from=main")) == ("off", "warning")
    (branch.root / "policies" / "own.yaml").unlink()
    assert adopted(branch, "--policy-from=main") == "warning"


def test_pins_come_from_there_too(branch: House) -> None:
    branch.write("egp.yaml", 'extends: ["egp:standard", own.yaml]\n')
    branch.write("own.yaml", "rules: {minimum-runtime: {severity: warning}}\n")
    branch.egp("policy", "pin")
    on_main(branch)
    branch.write("own.yaml", "rules: {minimum-runtime: {severity: off}}\n")
    branch.egp("policy", "pin")
    assert adopted(branch, "--policy-from=main") == "warning"
    branch.commit()
    git(branch, "checkout", "--quiet", "main", "--", "egp.lock")
    branch.commit()
    assert "own.yaml@topic: this policy is not as it was pinned" in refusal(branch, "--policy-from=topic")


def test_a_base_without_a_policy_leaves_the_judgement_to_the_new_one_and_says_so(branch: House) -> None:
    git(branch, "rm", "--quiet", "--cached", "egp.yaml")
    git(
        branch,
        "-c",
        "user.name=egp",
        "-c",
        "user.email=egp@example.com",
        "commit",
        "--quiet",
        "--message=none",
    )
    git(branch, "branch", "--force", "main")
    assert judge(branch, "--base=main") == "egp.yaml (new: main has none)"
    (branch.root / "egp.yaml").unlink()
    assert judge(branch, "--base=main") == "egp:standard"


def test_a_named_policy_is_read_from_there_too(branch: House) -> None:
    branch.write("policies/own.yaml", POLICY)
    on_main(branch)
    branch.write("policies/own.yaml", SOFT)
    assert judge(branch, "--base=main", "--policy=policies/own.yaml") == "policies/own.yaml@main"
    assert judge(branch, "--base=main", "--policy=egp:strict") == "egp:strict"


def test_a_policy_from_outside_the_repository_is_no_branch_s_to_change(
    branch: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    central = tmp_path_factory.mktemp("central") / "egp.yaml"
    central.write_text(POLICY, encoding="utf-8")
    assert judge(branch, "--base=main", f"--policy={central}") == str(central)
    assert f"main has no policy {central}" in refusal(branch, "--policy-from=main", f"--policy={central}")


def test_the_policy_of_the_base_is_the_judge_from_above_the_repository(
    branch: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    branch.write("egp.yaml", SOFT)
    monkeypatch.chdir(branch.root.parent)
    name = branch.root.name
    for options in ([], [f"--policy={name}/egp.yaml"], [f"--policy={branch.root}/egp.yaml"]):
        branch.egp("check", f"{name}/experiments", f"--as-of={DAY}", "--base=main", "--format=json", *options)
        assert json.loads(branch.out)["policy"]["name"].endswith(f"{name}/egp.yaml@main"), options


def test_the_policy_of_the_base_is_the_judge_from_beside_the_repository(
    branch: House, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    branch.write("egp.yaml", SOFT)
    monkeypatch.chdir(tmp_path_factory.mktemp("beside"))
    plan, policy = branch.root / PLAN, branch.root / "egp.yaml"
    branch.egp("check", str(plan), f"--as-of={DAY}", "--base=main", "--format=json", f"--policy={policy}")
    assert json.loads(branch.out)["policy"]["name"] == f"{policy}@main"


def test_patterns_of_the_policy_are_relative_to_where_it_lies(
    branch: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(branch.root / "experiments")
    assert branch.egp("check", f"--as-of={DAY}", "--base=main", "--format=json") == 0
    report = json.loads(branch.out)
    assert (report["policy"]["name"], report["summary"]["plans"]) == (f"{branch.root}/egp.yaml@main", 1)


def test_the_report_says_how_to_find_the_policy_again(branch: House) -> None:
    branch.edit(PLAN, "end: 2023-02-05", "end: 2023-01-27")
    branch.egp("check", PLAN, f"--as-of={DAY}", "--base=main")
    assert "= more: egp explain minimum-runtime --policy-from main\n" in branch.out
    assert branch.egp("explain", "minimum-runtime", "--policy-from", "main") == 0
    assert "In force under egp.yaml@main 2023.1" in branch.out


def test_a_plan_is_registered_under_the_policy_of_a_branch(branch: House) -> None:
    branch.write("egp.yaml", SOFT)
    assert branch.register(PLAN, "--policy-from=main") == 0
    policy = branch.lock()["buy-now"].policy
    assert policy is not None
    assert (policy.name, policy.version) == ("egp.yaml", "2023.1")


@pytest.mark.parametrize("option", ["--policy-from", "--base"])
def test_a_policy_that_is_a_link_there_is_refused(branch: House, option: str) -> None:
    branch.write("real.yaml", POLICY)
    (branch.root / "egp.yaml").unlink()
    (branch.root / "egp.yaml").symlink_to("real.yaml")
    on_main(branch)
    (branch.root / "egp.yaml").unlink()
    branch.write("egp.yaml", SOFT)
    assert "egp.yaml@main: a link leads to this policy" in refusal(branch, f"{option}=main")


@pytest.mark.parametrize("option", ["--policy-from", "--base"])
def test_a_link_on_the_way_to_the_policy_is_refused(branch: House, option: str) -> None:
    branch.write("real/own.yaml", POLICY)
    (branch.root / "policies").symlink_to("real")
    on_main(branch)
    told = refusal(branch, f"{option}=main", "--policy=policies/own.yaml")
    assert "policies/own.yaml@main: a link leads to this policy" in told


def test_a_linked_file_that_it_extends_is_not_there(branch: House) -> None:
    branch.write("egp.yaml", 'extends: ["egp:standard", own.yaml]\n')
    branch.write("real.yaml", SOFT)
    (branch.root / "own.yaml").symlink_to("real.yaml")
    on_main(branch)
    told = refusal(branch, "--policy-from=main")
    assert "there is no policy file `own.yaml`" in told
    assert "egp.yaml@main:1:27" in told


def test_a_folder_that_becomes_a_link_leads_nowhere_else(branch: House) -> None:
    branch.write("egp.yaml", 'extends: ["egp:standard", policies/own.yaml]\n')
    branch.write("policies/own.yaml", "rules: {minimum-runtime: {severity: warning}}\n")
    on_main(branch)
    branch.write("soft/own.yaml", "rules: {minimum-runtime: {severity: off}}\n")
    (branch.root / "policies" / "own.yaml").unlink()
    (branch.root / "policies").rmdir()
    (branch.root / "policies").symlink_to("soft")
    assert adopted(branch, "--policy-from=main") == "warning"


@pytest.mark.parametrize("option", ["--policy-from", "--base"])
@pytest.mark.parametrize("policy", ["rules: {", "rules: {zzz: {severity: error}}\n", "", "#" * 1_100_000])
def test_a_policy_that_cannot_judge_there_ends_the_run(branch: House, option: str, policy: str) -> None:
    branch.write("egp.yaml", policy)
    on_main(branch)
    branch.write("egp.yaml", POLICY)
    assert "egp.yaml@main" in refusal(branch, f"{option}=main")


@pytest.mark.parametrize("option", ["--policy-from", "--base"])
@pytest.mark.parametrize("ref", ["nowhere", "--all", "main:egp.yaml"])
def test_a_ref_that_git_does_not_know_ends_the_run(branch: House, option: str, ref: str) -> None:
    status = branch.egp("check", PLAN, f"--as-of={DAY}", f"{option}={ref}")
    assert status == 2
    assert f"{option} {ref}: git knows no commit" in branch.out + branch.err
    assert "has none" not in branch.out


@pytest.mark.parametrize("option", ["--policy-from", "--base"])
def test_a_ref_that_a_pipeline_left_empty_is_refused(branch: House, option: str) -> None:
    """Judged without it, the branch's own policy would hold."""
    assert branch.egp("check", PLAN, f"--as-of={DAY}", f"{option}=") == 2
    assert f"argument {option}: the name of the branch or commit is empty" in branch.err


def test_a_ref_without_a_policy_is_refused(branch: House) -> None:
    (branch.root / "egp.yaml").unlink()
    on_main(branch)
    branch.write("egp.yaml", POLICY)
    told = refusal(branch, "--policy-from=main")
    assert "main has no policy egp.yaml" in told


def test_a_shipped_policy_is_in_no_commit(branch: House) -> None:
    assert "ships with egp" in refusal(branch, "--policy-from=main", "--policy=egp:strict")


def test_without_a_repository_there_is_no_other_policy(
    branch: House, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = branch.root / PLAN
    monkeypatch.chdir(tmp_path_factory.mktemp("alone"))
    assert branch.egp("check", str(plan), "--policy-from=main") == 2
    assert "lies in no git repository" in branch.err
