"""Repaired files: the repairs, nothing but the repairs, and only those the pipeline agrees with."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from egp.advice.fix.files import Fixer, Repaired
from egp.advice.fix.text import repairs_text
from egp.cli.main import main
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from tests.check.workspace import AS_OF, Workspace, found, workspace

__all__ = ["workspace"]

SOUND_PLAN = (Path(__file__).parents[2] / "egp" / "rules" / "sound_plan.yaml").read_text(encoding="utf-8")

SLIPS = {
    "type: superiority": "Type: superiority   # why",
    "exposure: 90%": "exposure: 90",
    "end: 2023-02-05": "end: 2023/02/05",
    "mde: 45bps": "mde: 45 basis points",
    "surfaces: [pdp.mobile]": "surfaces: pdp.mobile",
    "min_ci_lower: 0%": "min_ci_lower: 0",
    "control: true": "control: yes",
    "for: 2d": "for: 2 days",
}


def slipped(**more: str) -> str:
    text = SOUND_PLAN
    for sound, slip in {**SLIPS, **more}.items():
        assert sound in text
        text = text.replace(sound, slip)
    return text


@pytest.fixture(autouse=True)
def policy(workspace: Workspace) -> None:
    workspace.write("egp.yaml", 'extends: ["egp:standard"]\n')


def fixed(workspace: Workspace, *paths: str, unsafe: bool = False) -> list[Repaired]:
    judge = read_policy(str(workspace.root / "egp.yaml"), "egp.yaml")
    finder = PlanFinder(str(workspace.root), judge.plans, judge.root)
    return list(Fixer(finder, judge, AS_OF, unsafe=unsafe).fix(finder.asked(paths)))


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_slips_are_repaired_and_nothing_else(workspace: Workspace, line_end: str) -> None:
    workspace.write("plan.yaml", slipped().replace("\n", line_end))
    assert len(found(workspace.report("plan.yaml"))) >= len(SLIPS)
    [repaired] = fixed(workspace, "plan.yaml")
    expected = SOUND_PLAN.replace("type: superiority", "type: superiority   # why").replace("\n", line_end)
    assert repaired.after.decode() == expected
    assert len(repaired.made) == len(SLIPS)
    assert repaired.left == ()
    repaired.write()
    assert found(workspace.report("plan.yaml")) == []
    assert fixed(workspace, "plan.yaml") == []


def test_a_sound_plan_has_nothing_to_repair(workspace: Workspace) -> None:
    workspace.write("plan.yaml", SOUND_PLAN)
    assert fixed(workspace, "plan.yaml", unsafe=True) == []


def test_what_needs_a_decision_waits_for_unsafe(workspace: Workspace) -> None:
    text = SOUND_PLAN.replace("hypothesis:", "hypothsis:").replace("sample_size_per_variant: 147_000\n", "")
    workspace.write("plan.yaml", text)
    [careful] = fixed(workspace, "plan.yaml")
    assert careful.before == careful.after
    assert "left sample_size_per_variant: missing → 103_287" in repairs_text(careful, written=True)
    assert "a decision; --unsafe makes it" in repairs_text(careful, written=True)
    [bold] = fixed(workspace, "plan.yaml", unsafe=True)
    restored = bold.after.decode()
    assert restored == SOUND_PLAN.replace("147_000", "103_287")


def test_an_open_sample_size_is_filled_in_its_place(workspace: Workspace) -> None:
    workspace.write("plan.yaml", SOUND_PLAN.replace("variant: 147_000", "variant:   # TODO egp check --fix"))
    [repaired] = fixed(workspace, "plan.yaml", unsafe=True)
    assert "sample_size_per_variant: 103_287\n" in repaired.after.decode()


def test_a_repair_brings_the_next_one_to_light(workspace: Workspace) -> None:
    workspace.write("plan.yaml", SOUND_PLAN.replace("  alpha: 5%", "  Alpha: 5 percent"))
    [repaired] = fixed(workspace, "plan.yaml")
    assert repaired.after.decode() == SOUND_PLAN


def test_no_decision_gives_a_rule_cause_to_complain(workspace: Workspace) -> None:
    workspace.rule(
        "no-sample",
        "def check(plan: 'Experiment'):\n"
        "    if plan.sample_size_per_variant: yield Finding(('id',), 'the sample was not agreed')\n",
    )
    workspace.write("egp.yaml", 'extends: ["egp:standard"]\nrules: {no-sample: {severity: error}}\n')
    workspace.write("plan.yaml", SOUND_PLAN.replace("sample_size_per_variant: 147_000\n", ""))
    [repaired] = fixed(workspace, "plan.yaml", unsafe=True)
    assert repaired.before == repaired.after
    assert "no-sample would complain: the sample was not agreed" in repairs_text(repaired, written=True)


def test_a_registered_plan_keeps_its_goalposts(workspace: Workspace) -> None:
    workspace.write(
        "egp.yaml",
        'extends: ["egp:standard"]\nrules: {gate-inputs: {severity: warning}, sample-size: {severity: warning}, reachable-sample: {severity: warning}, expected-events: {severity: warning}}\n',
    )
    workspace.write("plan.yaml", SOUND_PLAN.replace("sample_size_per_variant: 147_000\n", ""))
    assert main(["register", "plan.yaml", "--as-of=2023-01-17"]) == 0
    [repaired] = fixed(workspace, "plan.yaml", unsafe=True)
    assert repaired.before == repaired.after
    assert "locked-plan would complain" in repairs_text(repaired, written=True)


def test_what_rules_then_see_was_there_all_along(workspace: Workspace) -> None:
    workspace.write("plan.yaml", SOUND_PLAN.replace(" alpha: 5%", " alpha: 20"))
    [repaired] = fixed(workspace, "plan.yaml")
    assert "alpha: 20%" in repaired.after.decode()
    repaired.write()
    assert "significance-level" in [rule for rule, _, _ in found(workspace.report("plan.yaml"))]


def test_a_rule_that_is_off_gives_no_reason_to_repair(workspace: Workspace) -> None:
    workspace.write("egp.yaml", "rules: {minimum-runtime: {severity: error}}\n")
    workspace.write("plan.yaml", SOUND_PLAN.replace("mde: 45bps", "mde: 45"))
    assert fixed(workspace, "plan.yaml") == []


def test_a_value_behind_an_alias_is_left(workspace: Workspace) -> None:
    text = SOUND_PLAN.replace("exposure: 90%", "exposure: &share 90").replace(
        "treated: 70%", "treated: *share"
    )
    workspace.write("plan.yaml", text)
    [repaired] = fixed(workspace, "plan.yaml")
    assert repaired.before == repaired.after
    assert "alias" in repairs_text(repaired, written=False)


def test_each_document_of_a_file_is_repaired(workspace: Workspace) -> None:
    other = (
        SOUND_PLAN.replace("id: sound-plan", "id: other-plan")
        .replace("pdp_buy_now", "other")
        .replace("layer: pdp", "layer: o")
    )
    workspace.write("plan.yaml", slipped() + "---\n" + other.replace(" alpha: 5%", " alpha: 5"))
    [repaired] = fixed(workspace, "plan.yaml")
    assert repaired.after.decode().endswith("---\n" + other)
    assert len(repaired.made) == len(SLIPS) + 1


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"id: [", b"", b"- 1\n", b"id: a\nid: b\n", b"\xef\xbb\xbfid: 5\n"]
)
def test_hostile_files_are_left_alone_or_repaired_whole(workspace: Workspace, content: bytes) -> None:
    workspace.write("plan.yaml", content)
    for repaired in fixed(workspace, "plan.yaml", unsafe=True):
        assert repaired.after == content.replace(b"5", b'"5"')


def test_the_diff_is_one_that_git_applies(workspace: Workspace) -> None:
    subprocess.run(["git", "init", "-q", str(workspace.root)], check=True)
    workspace.write("plans/plan.yaml", slipped().removesuffix("\n"))
    [repaired] = fixed(workspace, "plans/plan.yaml")
    workspace.write("repairs.diff", repaired.diff())
    subprocess.run(["git", "apply", "repairs.diff"], cwd=workspace.root, check=True)
    assert (workspace.root / "plans/plan.yaml").read_bytes() == repaired.after


def test_a_link_stays_a_link(workspace: Workspace) -> None:
    real = workspace.write("real/plan.yaml", slipped())
    (workspace.root / "plan.yaml").symlink_to(real)
    real.chmod(0o640)
    [repaired] = fixed(workspace, "plan.yaml")
    repaired.write()
    assert (workspace.root / "plan.yaml").is_symlink()
    assert real.read_bytes() == repaired.after
    assert real.stat().st_mode & 0o777 == 0o640
