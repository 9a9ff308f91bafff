"""egp rollback-patch: a diff that git applies, after which nobody is treated."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.gate.calling import call
from tests.rollouts.reading import read

PLAN = "experiments/plan.yaml"
SOUND = Path(__file__).parents[2] / "egp" / "rules" / "sound_plan.yaml"

FILES = {
    "flagd": """\
flags:
  # the button
  pdp_buy_now:
    state: ENABLED   # on
    variants: {control: false, buy_now: true}
    defaultVariant: control
    targeting: {fractional: [[control, 55], [buy_now, 45]]}
""",
    "launchdarkly": """\
{"key": "pdp_buy_now", "variations": [{"value": false, "name": "control"}, {"value": true, "name": "buy_now"}],
 "environments": {"production": {"on": true, "offVariation": 0, "fallthrough": {"rollout": {"variations": [
  {"variation": 0, "weight": 55000}, {"variation": 1, "weight": 45000}]}}}}}
""",
    "launchdarkly-terraform": """\
resource "launchdarkly_feature_flag_environment" "production" {
  flag_id = "shop/pdp_buy_now"
  env_key = "production"
  on      = true
  fallthrough = { rollout_weights = [55000, 45000] }
}
""",
    "unleash": """\
{"features": [{"name": "pdp_buy_now", "enabled": true, "strategies": [
  {"name": "flexibleRollout", "parameters": {"rollout": "45", "stickiness": "userId", "groupId": "a"}}]}]}
""",
    "flipt": """\
flags:
  - key: pdp_buy_now
    name: Buy now
    type: VARIANT_FLAG_TYPE
    enabled: true
    variants: [{key: control, default: true}, {key: buy_now}]
    rules: [{segment: all, distributions: [{variant: control, rollout: 55}, {variant: buy_now, rollout: 45}]}]
""",
    "go-feature-flag": """\
pdp_buy_now:
  variations: {control: false, buy_now: true}
  defaultRule: {percentage: {control: 55, buy_now: 45}}
  disable: false
""",
}


def repository(folder: Path, format: str, text: str) -> str:
    ending = {"launchdarkly-terraform": "tf"}.get(format, "yaml")
    name = f"flags/flag.{ending}"
    files = {
        PLAN: SOUND.read_text(encoding="utf-8"),
        name: text,
        "egp.yaml": 'extends: ["egp:standard"]\nplans: ["experiments/*.yaml"]\n'
        f'rollouts: [{{files: "flags/*", format: {format}, environment: production}}]\n',
    }
    for path, content in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return name


@pytest.mark.parametrize("format", FILES)
def test_git_applies_the_diff_and_the_flag_is_off(format: str, tmp_path: Path) -> None:
    name = repository(tmp_path, format, FILES[format])
    answered = call(tmp_path, "rollback-patch", PLAN)
    assert answered.status == 0, answered.err
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=answered.out.encode(), check=True)
    text = (tmp_path / name).read_text(encoding="utf-8")
    changed = [
        pair for pair in zip(text.splitlines(), FILES[format].splitlines(), strict=True) if pair[0] != pair[1]
    ]
    assert len(changed) == 1, "one line, comments kept"
    (rollout,) = read(text, format, "tf" if name.endswith("tf") else "yaml").rollouts
    assert not rollout.is_on


def test_a_deployment_is_named_with_the_command_that_withdraws_it(tmp_path: Path) -> None:
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: pdp_buy_now}\n"
        "spec: {strategy: {canary: {steps: [{setWeight: 70}, {pause: {}}]}}}\n"
    )
    repository(tmp_path, "argo-rollouts", text)
    answered = call(tmp_path, "rollback-patch", PLAN)
    assert answered.status == 2
    assert "kubectl argo rollouts abort" in answered.err
    assert answered.out == ""
