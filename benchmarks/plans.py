"""Writes plans to measure with: 80 to 150 lines each, seeded, no two alike in their numbers, names and dates.

python -m benchmarks.plans FOLDER COUNT

What several plans share a memo would answer once for all of them, and flatter the measurement. One plan in ten breaks a
rule, so that places in its text are worked out, too.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

SEED = 20230117

TEMPLATE = """\
# Plan {number}: written by a generator, to measure with.
id: experiment-{number:05d}
title: "{title}"
type: superiority
hypothesis: >-
  Showing {word} {number} to the visitors of surface {surface} lifts their {metric},
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
  source: "uniques, {window} days"
  as_of: {measured}
variants:
  - id: control
    weight: 50%
    control: true
  - id: {word}
    weight: 50%
schedule:
  start: {start}
  end: {end}
  exposure: {exposure}%
  timezone: {timezone}

primary_metric:
  id: {metric}
  kind: proportion
  direction: increase
  baseline: {baseline}%
  baseline_source:
    from: "funnel, {window} days"
    as_of: {measured}
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
  looks: [{readout}]
  correction: none
  srm_alpha: 0.1%
sample_size_per_variant: {sample}
decision_rule:
  min_ci_lower: 0%
  otherwise: keep_control
  options: [ship, keep_control, narrower_rerun]

canary: {{none: "behind a feature flag"}}
ramp:
  - treated: {first_stage}%
    min_dwell: 48h
  - treated: {exposure}%
    min_dwell: 48h
holdout:
  share: {holdout}%
  until: {until}
stop_rules:
{stop_rules}rollback:
  method: feature_flag
  to: control
  owner: "@team-{team}-oncall"
  max_minutes: {minutes}
  comms: comms/rollback.md
escalation:
  to: vp_commerce
  within: {hours}h
readouts:
  cadence: weekly
  audience: [pm, exec]
data_access: aggregates

registered: 2023-01-17
sign_offs:
  - role: experimentation_lead
    by: "@xp-lead-{team}"
    on: {signed}
  - role: finance
    by: "@finance-{team}"
    on: {signed}
"""

GUARDRAIL = """\
  - id: {name}
    kind: proportion
    direction: decrease
    baseline: {baseline}%
    outcome_window: 0d
    non_inferiority_margin: {margin}%
    action: rollback
"""

STOP_RULE = """\
  - id: {name}_stop
    metric: {name}
    significant_harm_for: 2w
    min_units_per_variant: {units}
    action: rollback
"""

RATES = ("refund", "complaint", "return", "error", "unsubscribe")
WORDS = ("sticky_bar", "large_photo", "short_form", "one_step", "quiet_header", "late_price", "near_store")
TITLES = ("Does {word} help?", "{word}, second try", "A plan about {word}", "{word} on surface {surface}")
SLIPS = (
    ("    non_inferiority_margin:", "    non_inferiority_margn:"),  # a key is misspelt
    ("  guardrail_alpha: 5%\n", "  guardrail_alpha: 15%\n"),  # a level is above the policy's
    ("  otherwise: keep_control\n", ""),  # a decision is left open
    ("  comms: comms/rollback.md\n", ""),  # nobody is told
    ("  power: 95%\n", "  power: 80%\n"),  # the power is below the policy's
)


def plan(number: int, draw: random.Random) -> str:
    """The text of one plan."""
    start = date(2023, 1, 23) + timedelta(weeks=draw.randint(0, 30))
    weeks = draw.randint(2, 6)
    exposure = draw.randint(75, 94)
    word, surface = draw.choice(WORDS), draw.randint(1, 500)
    names = [f"{name}_{number}" for name in draw.sample(RATES, draw.randint(1, 4))]
    text = TEMPLATE.format(
        number=number,
        title=draw.choice(TITLES).format(word=word.replace("_", " "), surface=surface),
        word=word,
        metric=f"conversion_{surface}",
        surface=surface,
        team=draw.randint(1, 40),
        window=draw.randint(14, 56),
        measured=date(2023, 1, 17) - timedelta(days=draw.randint(1, 12)),
        eligible=draw.randint(900_000, 1_200_000),
        per_day=draw.randint(90_000, 120_000),
        start=start,
        end=start + timedelta(weeks=weeks, days=-1),
        readout=start + timedelta(weeks=weeks),
        until=start + timedelta(weeks=weeks, days=7 * draw.randint(9, 13) + draw.randint(1, 4)),
        timezone=draw.choice(("America/Los_Angeles", "Europe/Berlin", "Asia/Tokyo", "UTC")),
        exposure=exposure,
        first_stage=exposure - draw.randint(10, 30),
        holdout=100 - exposure,
        minutes=draw.randint(5, 45),
        hours=draw.randint(2, 24),
        signed=date(2023, 1, 17) - timedelta(days=draw.randint(0, 6)),
        baseline=round(draw.uniform(11, 14), 3),
        mde=round(draw.uniform(2.7, 3.4), 3),
        sample=draw.randint(335_000, 380_000),
        guardrails="".join(_guardrail(name, draw) for name in names),
        stop_rules=_stop_rules(names, draw),
    )
    return text if number % 10 != 9 else text.replace(*draw.choice(SLIPS), 1)


def _guardrail(name: str, draw: random.Random) -> str:
    baseline, margin = round(draw.uniform(3, 6), 3), round(draw.uniform(7.5, 9), 2)
    return GUARDRAIL.format(name=name, baseline=baseline, margin=margin)


def _stop_rules(names: Sequence[str], draw: random.Random) -> str:
    return "".join(STOP_RULE.format(name=name, units=draw.randint(15_000, 25_000)) for name in names)


def write_plans(folder: Path, count: int) -> None:
    """Writes so many plans into the folder, the same ones every time."""
    draw = random.Random(SEED)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"plan-{number:05d}.yaml").write_text(plan(number, draw), encoding="utf-8")


if __name__ == "__main__":
    write_plans(Path(sys.argv[1]), int(sys.argv[2]))
