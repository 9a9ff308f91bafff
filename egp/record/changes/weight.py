"""How much a field weighs: benign, operational or inferential, with the reason for each."""

from __future__ import annotations

from typing import Literal

from egp.plan.digest import BENIGN, Keys

Weight = Literal["benign", "operational", "inferential"]
Effect = Literal["tightens", "loosens", "neutral"]

INFERENTIAL: dict[str, str] = {
    "id": "an experiment under another id is another experiment",
    "type": "what must be shown decides which test is made",
    "hypothesis": "a hypothesis written after the result is a story",
    "surfaces": "another surface has other visitors",
    "layer": "another layer has other units",
    "feature_flag": "another flag switches another treatment",
    "revision": "what is ramped is what was tested",
    "unit": "the randomisation unit decides what is independent",
    "analysis_unit": "the analysis unit decides the standard error",
    "population": "whoever chooses the population chooses the result",
    "eligible_units": "the sample and its duration follow from them",
    "variants": "every further variant is a further chance of a false win",
    "schedule": "whoever chooses the end after seeing results chooses the result",
    "primary_metric": "a metric chosen after the result always wins",
    "co_primary_metrics": "every further metric that decides is a further chance of a false win",
    "guardrail_metrics": "a margin widened to the harm that was seen protects nobody",
    "secondary_metrics": "a metric that moved between the lists changes what decides",
    "segments": "every further segment is a further chance of a false win",
    "diagnostic_segments": "a segment that may conclude is one that was declared",
    "statistics": "level, power, method and looks are the test",
    "sample_size_per_variant": "the sample size is the stopping rule of a fixed horizon",
    "decision_rule": "the rule for shipping is agreed before there is something to ship",
    "economics": "expected value decides on the launch",
    "registered": "the policy in force on that day judges the plan",
}
"""Fields that decide what the result means."""

OPERATIONAL: dict[str, str] = {
    "owner": "who runs the experiment does not change what it shows",
    "risk": "decides who must sign, not what is measured",
    "canary": "a safety stage before the test, never pooled with it",
    "ramp": "comes after the readout",
    "holdout": "is reserved before the start and never treated",
    "stop_rules": "protect people while the test runs",
    "rollback": "how the treatment is withdrawn",
    "escalation": "who breaks a tie",
    "readouts": "who hears what, how often",
    "data_access": "which data analysts may see",
}
"""Fields that keep people safe while the experiment runs. They may tighten at any time; loosening is inferential."""


def weight_of(keys: Keys) -> Weight:
    """The weight of the field that these keys lead to. A field that no table names is inferential."""
    if any(keys[: len(benign)] == benign for benign in BENIGN):
        return "benign"
    return "operational" if keys and keys[0] in OPERATIONAL else "inferential"
