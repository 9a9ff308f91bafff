"""Writes plans to measure with: 80 to 150 lines each, seeded, no two alike.

python -m benchmarks.plans FOLDER COUNT
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

SEED = 20230117

TEMPLATE = """\
# Plan {number}: written by a generator, to measure with.
id: experiment-{number:05d}
title: Experiment {number} on surface {surface}
type: superiority
hypothesis: >-
  Showing variant {number} to the visitors of surface {surface} lifts their conversion,
  because what they came for stays within reach while they scroll.
owner:
  team: team-{team}
  dri: "@team-{team}-pm"
risk: [revenue]
surfaces: [surface.{number}]
layer: layer-{number}
feature_flag: flag_{number}
revision: "web-{number}"

unit: user
population: assigned
eligible_units:
  distinct_over_run: {eligible}
  per_day: {per_day}
  source: "uniques, 28 days"
  as_of: 2023-01-10
variants:
  - id: control
    weight: 50%
    control: true
  - id: treatment
    weight: 50%
schedule:
  start: 2023-01-23
  end: 2023-02-05
  exposure: 90%
  timezone: America/Los_Angeles

primary_metric:
  id: conversion_rate
  kind: proportion
  direction: increase
  baseline: {baseline}%
  baseline_source:
    from: "funnel, 28 days"
    as_of: 2023-01-10
  mde: {mde}%
  outcome_window: 0d
guardrail_metrics:
{guardrails}secondary_metrics: []
segments: []
diagnostic_segments:
  - device
  - traffic_source

statistics:
  alpha: 5%
  sides: two
  power: 95%
  guardrail_alpha: 5%
  method: fixed_horizon
  looks: [2023-02-06]
  correction: none
  srm_alpha: 0.1%
sample_size_per_variant: {sample}
decision_rule:
  min_ci_lower: 0%
  otherwise: keep_control
  options: [ship, keep_control, narrower_rerun]

canary: {{none: "behind a feature flag"}}
ramp:
  - treated: 70%
    min_dwell: 48h
  - treated: 90%
    min_dwell: 48h
holdout:
  share: 10%
  until: 2023-05-10
stop_rules:
{stop_rules}rollback:
  method: feature_flag
  to: control
  owner: "@team-{team}-oncall"
  max_minutes: 15
  comms: comms/rollback.md
escalation:
  to: vp_commerce
  within: 24h
readouts:
  cadence: weekly
  audience: [pm, exec]
data_access: aggregates

registered: 2023-01-17
sign_offs:
  - role: experimentation_lead
    by: "@xp-lead"
    on: 2023-01-17
  - role: finance
    by: "@finance-partner"
    on: 2023-01-17
"""

GUARDRAIL = """\
  - id: {name}
    kind: proportion
    direction: decrease
    baseline: {baseline}%
    outcome_window: 0d
    non_inferiority_margin: 8%
    action: rollback
"""

STOP_RULE = """\
  - id: {name}_stop
    metric: {name}
    significant_harm_for: 2w
    min_units_per_variant: 20_000
    action: rollback
"""


def plan(number: int, draw: random.Random) -> str:
    """The text of one plan."""
    names = draw.sample(
        ["refund_rate", "complaint_rate", "return_rate", "error_rate", "unsubscribe_rate"], draw.randint(1, 4)
    )
    rates = {name: round(draw.uniform(3, 6), 2) for name in names}
    sample = draw.randint(320, 380) * 1000
    return TEMPLATE.format(
        number=number,
        surface=draw.randint(1, 500),
        team=draw.randint(1, 40),
        eligible=f"{draw.randint(900, 1200)}_000",
        per_day=f"{draw.randint(90, 120)}_000",
        baseline=round(draw.uniform(11, 14), 1),
        mde=round(draw.uniform(2.6, 3.4), 2),
        sample=f"{sample:_}",
        guardrails="".join(GUARDRAIL.format(name=name, baseline=rate) for name, rate in rates.items()),
        stop_rules="".join(STOP_RULE.format(name=name) for name in rates),
    )


def write_plans(folder: Path, count: int) -> None:
    """Writes so many plans into the folder, the same ones every time."""
    draw = random.Random(SEED)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"plan-{number:05d}.yaml").write_text(plan(number, draw), encoding="utf-8")


if __name__ == "__main__":
    write_plans(Path(sys.argv[1]), int(sys.argv[2]))
