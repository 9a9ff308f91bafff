"""egp:starter: arithmetic rejects, paperwork informs, and no report lets anybody take it for a policy to launch on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from egp.cli.main import main
from egp.policy.layers import settings_in_force
from egp.policy.reading import read_policy, shipped_policy
from egp.policy.timing import Timing
from tests.check.workspace import AS_OF, Workspace

SOUND_PLAN = Path(__file__).parents[2] / "egp" / "rules" / "sound_plan.yaml"
CAUTION = "no policy to launch on"

ARITHMETIC = (
    "minimum-runtime", "weekly-cycles", "outcome-matured", "mde-declared", "power-floor", "significance-level", "sample-size",
    "reachable-sample", "shortcut-mde", "multiple-comparisons", "unit-mismatch", "no-unplanned-looks", "spending-allowed",
    "required-guardrails", "guardrail-margin", "ramp-monotone", "ramp-after-readout", "hair-trigger", "rollback-declared",
    "stop-rule-complete", "locked-plan", "definitions-kept", "no-backdating", "aggregates-only", "no-personal-data",
)  # fmt: skip


@pytest.mark.parametrize("rule", ARITHMETIC)
def test_what_is_computed_weighs_as_in_the_standard(rule: str) -> None:
    timing = Timing(AS_OF)
    starter, standard = (
        settings_in_force(shipped_policy(name).layers, rule, timing)
        for name in ("egp:starter", "egp:standard")
    )
    assert starter["severity"].value == standard["severity"].value == "error"


@pytest.mark.parametrize("form", ["text", "json", "sarif", "markdown", "junit"])
def test_every_report_says_what_it_is_not(capsys: pytest.CaptureFixture[str], form: str) -> None:
    status = main(
        ["check", str(SOUND_PLAN), "--policy=egp:starter", "--as-of=2023-01-17", f"--format={form}"]
    )
    out = capsys.readouterr().out
    assert status == 0, out
    assert CAUTION in " ".join(out.split())


def test_a_policy_that_extends_it_says_so_too(workspace: Workspace) -> None:
    workspace.write("egp.yaml", 'extends: ["egp:starter"]\nversion: "7"\n')
    assert read_policy(str(workspace.root / "egp.yaml"), "egp.yaml").version == f"7, {CAUTION}"


def test_the_way_up_is_a_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    main(["policy", "diff", "egp:starter", "egp:standard", "--format=json"])
    found = json.loads(capsys.readouterr().out)
    assert "sign-offs" in json.dumps(found)
