"""A repository of 300 plans: why they are rejected, in a few lines, what cannot work first and paperwork last."""

from __future__ import annotations

import re

import pytest

from egp.cli.main import main
from egp.output.report.causes import causes, sentence
from egp.policy.shipped import ROOT
from tests.check.workspace import AS_OF, Workspace

SOUND = f"{ROOT}/egp/rules/sound_plan.yaml"
SHORT, UNSAID, BOTH, GOOD = 25, 41, 7, 227
"""Plans that run for five days, that do not say how they are withdrawn, that do neither, and sound ones."""
POLICY = """\
plans: ["experiments/*.yaml"]
rules:
  minimum-runtime: {severity: error}
  rollback-declared: {severity: error}
"""


@pytest.fixture
def repository(workspace: Workspace) -> Workspace:
    workspace.write("egp.yaml", POLICY)
    with open(SOUND, encoding="utf-8") as file:
        sound = file.read()
    unsaid = re.sub(r"(?ms)^rollback:.*?(?=^\S|\Z)", "", sound)
    assert unsaid != sound
    kinds = [(sound, GOOD), (unsaid, UNSAID), (_shortened(sound), SHORT), (_shortened(unsaid), BOTH)]
    number = 0
    for text, count in kinds:
        for _ in range(count):
            number += 1
            workspace.write(
                f"experiments/e{number:03}.yaml", re.sub(r"(?m)^id: .*$", f"id: e{number:03}", text, count=1)
            )
    assert number == 300
    return workspace


def _shortened(text: str) -> str:
    shortened = re.sub(r"\bend: 2023-02-05", "end: 2023-01-27", text)
    assert shortened != text
    return shortened


@pytest.mark.usefixtures("repository")
def test_arithmetic_stands_before_paperwork(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--by-cause", "--as-of", str(AS_OF)]) == 1
    told = capsys.readouterr().out
    lines = told.splitlines()
    assert lines[0] == "does not work as planned: 1 cause, 32 plans"
    assert "32 plans, minimum-runtime" in lines[1]
    at = lines.index("is not written, signed or dated: 1 cause, 48 plans")
    assert lines[at + 1].startswith(
        "  48 plans lack `rollback` (rollback-declared); `defaults:` of the policy"
    )
    assert "help: `defaults:` in the policy supplies `rollback` to every plan that leaves it out" in told
    assert len(lines) < 12
    assert "300 plans judged: 80 errors" in lines[-1]


@pytest.mark.usefixtures("repository")
def test_the_whole_report_ends_with_the_causes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--as-of", str(AS_OF)]) == 1
    told = capsys.readouterr().out
    assert "why 73 of 300 plans are rejected" in told
    assert (
        told.index("300 plans judged") < told.index("why 73 of 300") < told.index("48 plans lack `rollback`")
    )


def test_what_the_help_says_is_true(repository: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    """With the key among the defaults of the policy the paperwork is gone, and the arithmetic stays."""
    with open(SOUND, encoding="utf-8") as file:
        found = re.search(r"(?ms)^rollback:.*?(?=^\S|\Z)", file.read())
    assert found
    indented = "".join(f"  {line}\n" for line in found[0].splitlines())
    repository.write("egp.yaml", f"{POLICY}defaults:\n{indented}")
    assert main(["check", "--by-cause", "--as-of", str(AS_OF)]) == 1
    told = capsys.readouterr().out
    assert "rollback" not in told
    assert "32 plans, minimum-runtime" in told


def test_a_few_plans_have_no_causes_at_the_end(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.write("egp.yaml", POLICY)
    with open(SOUND, encoding="utf-8") as file:
        workspace.write("experiments/a.yaml", _shortened(file.read()))
    assert main(["check", "--as-of", str(AS_OF)]) == 1
    assert "why " not in capsys.readouterr().out.replace("= why", "")


def test_items_of_a_list_are_one_cause(workspace: Workspace) -> None:
    workspace.write("egp.yaml", 'plans: ["*.yaml"]\nrules: {guardrail-threshold: {severity: error}}\n')
    with open(SOUND, encoding="utf-8") as file:
        text = file.read()
    lacking = re.sub(r", non_inferiority_margin: [^,}]*", "", text)
    assert text.count("non_inferiority_margin") - lacking.count("non_inferiority_margin") >= 2
    workspace.write("a.yaml", lacking)
    found = [each for each in causes(workspace.report()) if each.rule == "guardrail-threshold"]
    assert [(each.lacks, len(each.plans)) for each in found] == [
        ("guardrail_metrics.non_inferiority_margin", 1)
    ]
    assert sentence(found[0]).startswith("1 plan lacks `guardrail_metrics.non_inferiority_margin`")
