"""A deployment that asks egp gate before a stage is known by the command that it runs, and by what comes of a hold."""

from __future__ import annotations

import pytest

from egp.gate.moved import moved
from egp.record.rollouts.asking import GateCall, gate_call
from egp.record.rollouts.rollout import Rollout
from tests.rollouts.reading import read
from tests.rollouts.test_moved import treats

PLAN = "experiments/pdp-buy-now.yaml"
ASKED = GateCall(PLAN, "90%")
CALL = f"egp gate {PLAN} --results results.yaml --to 90%"


@pytest.mark.parametrize(
    "words",
    [
        CALL.split(),
        ["/usr/bin/egp", *CALL.split()[1:]],
        ["python", "-m", *CALL.split()],
        ["egp", "gate", "--to=90%", "--format", "json", PLAN],
        ["sh", "-c", CALL],
        ["/bin/bash", "-ec", f"git clone --depth 1 https://example.com/shop\ncd shop\n{CALL}\necho proceed"],
        ["sh", "-c", f"set -eu\ncd shop\n{CALL}\necho proceed"],
        ["sh", "-c", f"cd shop && {CALL} && echo proceed"],
        ["sh", "-c", f"cd shop; exec {CALL}"],
        ["sh", "-c", CALL.replace(" --to", " \\\n  --to")],
    ],
)
def test_a_question_is_known(words: list[str]) -> None:
    assert gate_call(words) == ASKED


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["echo", CALL],
        ["sh", "-c", f"echo {CALL}"],
        ["sh", "-c", f"{CALL} || true"],
        ["sh", "-c", f"{CALL} | tee log"],
        ["sh", "-c", f"{CALL} &"],
        ["sh", "-c", f"{CALL}; echo done"],
        ["sh", "-c", f"{CALL}\ntrue"],
        ["sh", "-c", f"# {CALL}"],
        ["sh", "-c", f"if {CALL}; then true; fi"],
        ["sh", "-c", f"! {CALL}"],
        ["sh", "-c", f"'{CALL}"],
        ["egp", "gate", PLAN, "--results", "r.yaml", "--monitor"],
        [*CALL.split(), "--as-of", "2023-02-09"],
        ["egp", "gate", "--replay", "receipt.json"],
        ["egp", "check", PLAN],
        ["egp", "gate", "--to", "90%"],
        CALL.split()[:-1],
    ],
)
def test_what_goes_on_whatever_the_answer_is_asks_nothing(words: list[str]) -> None:
    assert gate_call(words) is None


ARGO = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: pdp_buy_now}
spec:
  template: {spec: {image: IMAGE}}
  strategy:
    canary:
      steps:
        - setWeight: 70
        - pause: {duration: 48h}
        - analysis:
            templates: [{templateName: egp-gate}]
            args: [{name: stage, value: "90%"}]
        - setWeight: 90
        - pause: {}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: egp-gate}
spec:
  args: [{name: stage}, {name: plan, value: experiments/pdp-buy-now.yaml}]
  metrics:
    - name: egp-gate
      provider:
        job:
          spec:
            backoffLimit: 0
            template:
              spec:
                restartPolicy: Never
                containers:
                  - name: egp
                    image: registry.example.com/shop/egp:1
                    workingDir: /shop
                    command: [egp, gate]
                    args: ["{{args.plan}}", --results, results/pdp-buy-now.yaml, --to, "{{args.stage}}"]
"""

FLAGGER = """\
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: pdp_buy_now}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: IMAGE}
  analysis:
    interval: 2880m
    threshold: 1
    stepWeights: [70]
    webhooks:
      - name: may it be everybody
        type: confirm-promotion
        url: http://flagger-loadtester.test/
        metadata: {type: bash, cmd: "egp gate experiments/pdp-buy-now.yaml --results results.yaml --to 100%"}
"""


def the_rollout(format: str, text: str) -> Rollout:
    return read(text, format).rollouts[0]


def reached(format: str, text: str, plan: str = PLAN) -> float:
    """The highest share that a new version reaches without anybody's word."""
    before, after = (the_rollout(format, text.replace("IMAGE", each)) for each in ("shop1", "shop2"))
    return moved(before, after, treats, plan).after


def test_a_rollout_that_asks_waits_for_the_answer() -> None:
    stage = the_rollout("argo-rollouts", ARGO).stages[0]
    assert (stage.gate, stage.asks) == ("egp", PLAN)
    assert reached("argo-rollouts", ARGO) == 0.7
    assert reached("flagger", FLAGGER) == 0.7


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('value: "90%"', 'value: "70%"'),
        ("- name: egp-gate\n      provider", "- name: egp-gate\n      failureLimit: 3\n      provider"),
        (
            "spec:\n  args: [{name: stage}",
            "spec:\n  dryRun: [{metricName: egp-gate}]\n  args: [{name: stage}",
        ),
        ("[egp, gate]", "[echo, egp, gate]"),
        (
            "            templates: [{templateName: egp-gate}]\n",
            "            templates: [{templateName: another}]\n",
        ),
    ],
)
def test_one_that_asks_for_another_stage_or_does_not_heed_the_answer_goes_on(old: str, new: str) -> None:
    assert ARGO.count(old) == 1
    rollout = the_rollout("argo-rollouts", ARGO.replace(old, new))
    assert rollout.stages[0].gate != "egp"


def test_a_question_about_another_plan_lets_nothing_wait() -> None:
    assert reached("argo-rollouts", ARGO, "experiments/another.yaml") == 0.9
    assert reached("argo-rollouts", ARGO.replace(PLAN, f"/shop/{PLAN}")) == 0.7


def test_a_tester_that_never_says_no_is_nobody() -> None:
    person = FLAGGER.replace("loadtester.test/", "loadtester.test/gate/check").split("        metadata")[0]
    assert reached("flagger", person) == 0.7
    assert reached("flagger", person.replace("gate/check", "gate/approve")) == 1.0
