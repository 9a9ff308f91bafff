"""The tests that custom rules bring along, those of the manual among them, and the pages made from them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from egp.cli.main import main
from egp.rules.custom.trial import Trial, trials
from tests.check.workspace import Workspace
from tests.custom.policies import read, rule

MANUAL = (Path(__file__).parents[2] / "docs" / "custom-rules.md").read_text(encoding="utf-8")
EXAMPLE = re.search(r"```yaml\n(.*?)```", MANUAL, re.DOTALL)
assert EXAMPLE
POLICY = EXAMPLE[1]


def tried(workspace: Workspace, test: str, **keys: str) -> Trial:
    (trial,) = trials(read(workspace, rule(tests=f"[{test}]", **keys)).custom)
    return trial


def test_every_test_of_the_manual_succeeds(workspace: Workspace) -> None:
    found = list(trials(read(workspace, POLICY).custom))
    assert [trial for trial in found if not trial.succeeded] == []
    assert len(found) == POLICY.count("expect: ") == 9
    assert {trial.said for trial in found} == {"passes", "fails", "not_checked", "does_not_apply"}


@pytest.mark.parametrize(
    ("test", "said", "succeeded"),
    [
        ("{plan: {id: other}, expect: passes}", "fails", False),
        ("{plan: {id: other}, expect: fails, at: /id}", "fails", True),
        ("{plan: {id: other}, expect: fails, at: /title}", "fails", False),
        ("{plan: {id: null}, expect: not_checked, at: /id}", "not_checked", True),
        ("{plan: {}, expect: fails, at: /id}", "passes", False),
        ("{plan: {type: rollout}, expect: does_not_apply}", "does_not_apply", True),
    ],
)
def test_a_trial_tells_what_the_rule_said(
    workspace: Workspace, test: str, said: str, succeeded: bool
) -> None:
    trial = tried(workspace, test, when="plan.type != 'rollout'", require="plan.id == 'sound-plan'")
    assert (trial.said, trial.succeeded, trial.line) == (said, succeeded, 4)


def test_a_patch_reaches_into_lists(workspace: Workspace) -> None:
    test = "{plan: {ramp: {0: {treated: 60%}}}, expect: fails, at: /ramp/0/treated}"
    assert tried(workspace, test, require="plan.ramp[0].treated == '70%'").succeeded


def test_explain_shows_the_page_of_a_custom_rule(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.write("egp.yaml", POLICY)
    assert main(["explain", "checkout-needs-legal", "--examples"]) == 0
    told = capsys.readouterr().out
    assert "severity  error  egp.yaml:5" in told
    assert "To comply: add a sign-off of the role `legal`" in told
    assert "    plan.sign_offs.exists(s, s.role == 'legal')" in told
    assert "Fails at `/sign_offs`:\n\n    surfaces: [checkout.pay]\n" in told
    assert main(["explain", "checkout-needs-legl"]) == 2
    assert "did you mean checkout-needs-legal?" in capsys.readouterr().err


def test_rules_lists_custom_rules_with_their_severities(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.write("egp.yaml", POLICY)
    assert main(["rules"]) == 0
    listed = capsys.readouterr().out
    assert "  error    checkout-needs-legal" in listed
    assert "  warning  critical-runs-long" in listed
    assert main(["rules", "--format", "json"]) == 0
    assert '"family": "custom"' in capsys.readouterr().out
