"""A flag that serves what its plan says is clean in every format; ten slips of each format are each found at their line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

import pytest

from egp.plan.experiment import Experiment, read_experiment
from egp.plan.finding import DoesNotApply, Finding, NotChecked
from egp.record.rollouts.reading import formats
from egp.rules.rule import index
from egp.rules.rule_inputs import ServedFlag
from egp.yaml import Span, read_text
from tests.rollouts.reading import ENDINGS, read
from tests.rules.examples import sound_text

DURING, AFTER = date(2023, 1, 25), date(2023, 2, 7)
RULES = [rule for rule in index().values() if rule.input_type == "ServedFlag"]


class Slip(NamedTuple):
    """A change of the text, the rule that finds it, and a text of the line where."""

    old: str
    new: str
    rule: str
    at: str
    days: date = DURING


FLAGD = """\
flags:
  pdp_buy_now:
    state: ENABLED
    variants: {control: false, buy_now: true}
    defaultVariant: control
    targeting:
      fractional:
        - [control, 55]
        - [buy_now, 45]
"""

GOFF = """\
pdp_buy_now:
  variations: {control: false, buy_now: true}
  bucketingKey: user_id
  defaultRule:
    percentage:
      control: 55
      buy_now: 45
"""

LAUNCHDARKLY = """\
key: pdp_buy_now
variations:
  - {value: false, name: control}
  - {value: true, name: buy_now}
environments:
  production:
    on: true
    salt: a1
    offVariation: 0
    targets: []
    fallthrough:
      rollout:
        contextKind: user
        variations:
          - {variation: 0, weight: 55000}
          - {variation: 1, weight: 45000}
"""

TERRAFORM = """\
resource "launchdarkly_feature_flag" "buy_now" {
  key            = "pdp_buy_now"
  variation_type = "boolean"
  variations {
    value = false
    name  = "control"
  }
  variations {
    value = true
    name  = "buy_now"
  }
}
resource "launchdarkly_feature_flag_environment" "production" {
  flag_id = launchdarkly_feature_flag.buy_now.id
  env_key = "production"
  on      = true
  fallthrough {
    rollout_weights = [
      55000,
      45000,
    ]
    context_kind = "user"
  }
  off_variation = 0
}
"""

GROWTHBOOK = """\
features:
  pdp_buy_now:
    defaultValue: control
    rules:
      - key: pdp-buy-now
        coverage: 0.9
        hashAttribute: user_id
        variations: [control, buy_now]
        weights:
          - 0.5
          - 0.5
"""

UNLEASH = """\
features:
  - name: pdp_buy_now
    enabled: true
    strategies:
      - name: flexibleRollout
        parameters:
          rollout: "90"
          stickiness: userId
          groupId: pdp_buy_now
        variants:
          - {name: control, weight: 500}
          - {name: buy_now, weight: 500}
"""

FLIPT = """\
flags:
  - key: pdp_buy_now
    name: Buy now
    type: VARIANT_FLAG_TYPE
    enabled: true
    variants:
      - {key: control, default: true}
      - {key: buy_now}
    rules:
      - segment: everyone
        distributions:
          - {variant: control, rollout: 55}
          - {variant: buy_now, rollout: 45}
segments: [{key: everyone, name: Everyone, match_type: ALL_MATCH_TYPE}]
"""

ARGO = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: pdp_buy_now}
spec:
  strategy:
    canary:
      trafficRouting: {nginx: {stableIngress: shop}}
      analysis:
        templates:
          - templateName: guardrails
      steps:
        - setWeight: 70
        - pause: {duration: 48h}
        - setWeight: 90
        - pause: {}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: guardrails}
spec:
  metrics:
    - name: refund_rate
      provider: {}
    - name: cs-contacts
      provider: {}
    - name: p95_page_load
      provider: {}
"""

FLAGGER = """\
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: pdp_buy_now}
spec:
  analysis:
    interval: 2880m
    threshold: 1
    stepWeights:
      - 70
      - 90
    metrics:
      - name: refund_rate
      - name: cs_contacts
      - name: p95_page_load
"""

CLEAN = {
    "flagd": FLAGD, "go-feature-flag": GOFF, "launchdarkly": LAUNCHDARKLY, "launchdarkly-terraform": TERRAFORM,
    "growthbook": GROWTHBOOK, "unleash": UNLEASH, "flipt": FLIPT, "argo-rollouts": ARGO, "flagger": FLAGGER,
}  # fmt: skip

SPLIT, SHARE, HOLDOUT, TARGETING = "rollout-split", "rollout-share", "rollout-holdout", "rollout-targeting"
BUCKETING, WEIGHTS, DWELL, GUARDRAILS = (
    "rollout-bucketing",
    "rollout-weights",
    "rollout-dwell",
    "rollout-guardrails",
)
CONTINUOUS, UNPLANNED, UNREAD = "rollout-continuous", "unplanned-rollout", "not checked"

_FIRST = """\
    targeting:
      if:
        - {"==": [{var: country}, US]}
        - buy_now
        - fractional:
            - [control, 55]
            - [buy_now, 45]
"""
_PROGRESSIVE = """\
    progressiveRollout:
      initial: {variation: control, percentage: 0, date: 2023-02-07T00:00:00Z}
      end: {variation: buy_now, percentage: 90, date: 2023-02-17T00:00:00Z}
"""
_PERCENTAGE = "    percentage:\n      control: 55\n      buy_now: 45\n"
_TARGETED = '  targeting:\n    - {query: country eq "US", variation: buy_now}\n  defaultRule:\n'
_SCHEDULED = (
    "  scheduledRollout:\n    - date: 2023-02-09T00:00:00Z\n      defaultRule: {percentage: {control: 0, buy_now: 100}}\n"
    "  defaultRule:\n"
)

SLIPS: Mapping[str, list[Slip]] = {
    "flagd": [
        Slip("- [buy_now, 45]", "- [buy_now, 60]", SPLIT, "[buy_now, 60]"),
        Slip("- [control, 55]", "- [control, 2]", HOLDOUT, "[buy_now, 45]", AFTER),
        Slip("- [control, 55]", "- [control, 45]", SPLIT, "[buy_now, 45]"),
        Slip("        - [control, 55]\n        - [buy_now, 45]", "        - {var: email}\n        - [control, 55]\n        - [buy_now, 45]", BUCKETING, "{var: email}"),
        Slip("        - [control, 55]\n        - [buy_now, 45]", "        - {var: user_id}\n        - [control, 55]\n        - [buy_now, 45]", BUCKETING, "{var: user_id}"),
        Slip(FLAGD[FLAGD.index("    targeting"):], _FIRST, TARGETING, "- buy_now"),
        Slip("- [buy_now, 45]", "- [buy_now, {var: share}]", UNREAD, "{var: share}"),
        Slip("pdp_buy_now:", "pdp_buy_later:", UNPLANNED, "pdp_buy_later"),
        Slip("[control, 55]\n        - [buy_now, 45]", "[control, 40]\n        - [buy_now, 60]", SHARE, "[buy_now, 60]", AFTER),
        Slip(FLAGD[FLAGD.index("    targeting"):], "    targeting: buy_now\n", HOLDOUT, "targeting: buy_now", AFTER),
    ],
    "go-feature-flag": [
        Slip("buy_now: 45", "buy_now: 60", WEIGHTS, "percentage:"),
        Slip("control: 55\n      buy_now: 45", "control: 40\n      buy_now: 60", SPLIT, "buy_now: 60"),
        Slip("control: 55\n      buy_now: 45", "control: 5\n      buy_now: 95", HOLDOUT, "buy_now: 95", AFTER),
        Slip("control: 55\n      buy_now: 45", "control: 40\n      buy_now: 60", SHARE, "buy_now: 60", AFTER),
        Slip("user_id", "session_id", BUCKETING, "session_id"),
        Slip("  defaultRule:\n", _TARGETED, TARGETING, "variation: buy_now"),
        Slip("buy_now: 45", 'buy_now: "{{ .share }}"', UNREAD, ".share"),
        Slip(_PERCENTAGE, _PROGRESSIVE, CONTINUOUS, "progressiveRollout"),
        Slip("  defaultRule:\n", _SCHEDULED, HOLDOUT, "buy_now: 100", AFTER),
        Slip("pdp_buy_now:", "pdp_buy_later:", UNPLANNED, "pdp_buy_later"),
    ],
    "launchdarkly": [
        Slip("weight: 45000", "weight: 60000", WEIGHTS, "rollout:"),
        Slip("weight: 55000", "weight: 40000", WEIGHTS, "rollout:"),
        Slip("weight: 55000}\n          - {variation: 1, weight: 45000", "weight: 40000}\n          - {variation: 1, weight: 60000", SPLIT, "weight: 60000"),
        Slip("weight: 55000}\n          - {variation: 1, weight: 45000", "weight: 5000}\n          - {variation: 1, weight: 95000", HOLDOUT, "weight: 95000", AFTER),
        Slip("contextKind: user", "contextKind: user\n        bucketBy: email", BUCKETING, "bucketBy: email"),
        Slip("contextKind: user", "contextKind: device", BUCKETING, "contextKind: device"),
        Slip("targets: []", "targets: [{values: [tester], variation: 1}]", TARGETING, "targets:"),
        Slip("weight: 45000", 'weight: "${share}"', UNREAD, "${share}"),
        Slip("key: pdp_buy_now", "key: pdp_buy_later", UNPLANNED, "pdp_buy_later"),
        Slip(LAUNCHDARKLY[LAUNCHDARKLY.index("    fallthrough"):], "    fallthrough: {variation: 1}\n", HOLDOUT, "{variation: 1}", AFTER),
    ],
    "launchdarkly-terraform": [
        Slip("45000,", "60000,", WEIGHTS, "rollout_weights"),
        Slip("55000,", "40000,", WEIGHTS, "rollout_weights"),
        Slip("55000,\n      45000", "40000,\n      60000", SPLIT, "60000"),
        Slip("55000,\n      45000", "5000,\n      95000", HOLDOUT, "95000", AFTER),
        Slip('context_kind = "user"', 'context_kind = "user"\n    bucket_by = "email"', BUCKETING, "bucket_by"),
        Slip('context_kind = "user"', 'context_kind = "device"', BUCKETING, '"device"'),
        Slip("  on      = true\n", '  on      = true\n  targets {\n    values = ["tester"]\n    variation = 1\n  }\n', TARGETING, "variation = 1"),
        Slip("45000,", "var.share,", UNREAD, "var.share"),
        Slip('"pdp_buy_now"', '"pdp_buy_later"', UNPLANNED, "flag_id"),
        Slip(TERRAFORM[TERRAFORM.index("    rollout_weights"):TERRAFORM.index("  off_variation")], "    variation = 1\n  }\n", HOLDOUT, "variation = 1", AFTER),
    ],
    "growthbook": [
        Slip("coverage: 0.9", "coverage: 1.0", SPLIT, "- 0.5"),
        Slip("- 0.5\n          - 0.5", "- 0.4\n          - 0.6", SPLIT, "- 0.6"),
        Slip("- 0.5\n          - 0.5", "- 0.5\n          - 0.4", WEIGHTS, "- 0.5"),
        Slip("- 0.5\n          - 0.5", "- 0\n          - 1", SPLIT, "- 1"),
        Slip("coverage: 0.9", "coverage: 0.8", SHARE, "- 0.5", AFTER),
        Slip("hashAttribute: user_id", "hashAttribute: device_id", BUCKETING, "device_id"),
        Slip("    rules:\n", "    rules:\n      - {force: buy_now, condition: {staff: true}}\n", TARGETING, "force: buy_now"),
        Slip("coverage: 0.9", 'coverage: "{{ coverage }}"', UNREAD, "{{ coverage }}"),
        Slip("pdp_buy_now:", "pdp_buy_later:", UNPLANNED, "pdp_buy_later"),
        Slip("        coverage: 0.9", "        namespace: [pricing, 0, 0.5]\n        coverage: 0.9", SPLIT, "- 0.5"),
    ],
    "unleash": [
        Slip('rollout: "90"', 'rollout: "100"', SPLIT, "name: buy_now"),
        Slip("name: buy_now, weight: 500", "name: buy_now, weight: 1500", SPLIT, "weight: 1500"),
        Slip("stickiness: userId", "stickiness: random", BUCKETING, "random"),
        Slip("stickiness: userId", "stickiness: sessionId", BUCKETING, "sessionId"),
        Slip("- {name: control, weight: 500}", "- {name: control, weight: 0}", SPLIT, "name: buy_now"),
        Slip('rollout: "90"', 'rollout: "many"', UNREAD, '"many"'),
        Slip("name: flexibleRollout", "name: ours", UNREAD, "name: ours"),
        Slip("    strategies:\n", "    strategies:\n      - {name: userWithId, parameters: {userIds: tester}, variants: [{name: buy_now, weight: 1}]}\n", TARGETING, "userWithId"),
        Slip("name: pdp_buy_now\n    enabled", "name: pdp_buy_later\n    enabled", UNPLANNED, "pdp_buy_later"),
        Slip('rollout: "90"', 'rollout: "40"', SHARE, "name: buy_now", AFTER),
    ],
    "flipt": [
        Slip("rollout: 45", "rollout: 60", WEIGHTS, "distributions:"),
        Slip("rollout: 55", "rollout: 40", WEIGHTS, "distributions:"),
        Slip("rollout: 55}\n          - {variant: buy_now, rollout: 45", "rollout: 40}\n          - {variant: buy_now, rollout: 60", SPLIT, "rollout: 60"),
        Slip("rollout: 55}\n          - {variant: buy_now, rollout: 45", "rollout: 5}\n          - {variant: buy_now, rollout: 95", HOLDOUT, "rollout: 95", AFTER),
        Slip("rollout: 55}\n          - {variant: buy_now, rollout: 45", "rollout: 40}\n          - {variant: buy_now, rollout: 60", SHARE, "rollout: 60", AFTER),
        Slip("    rules:\n", "    rules:\n      - segment: staff\n        distributions: [{variant: buy_now, rollout: 100}]\n", TARGETING, "rollout: 100"),
        Slip("rollout: 45", "rollout: many", UNREAD, "many"),
        Slip("rollout: 45", "rollout: -1", UNREAD, "-1"),
        Slip("key: pdp_buy_now", "key: pdp_buy_later", UNPLANNED, "pdp_buy_later"),
        Slip("          - {variant: control, rollout: 55}\n          - {variant: buy_now, rollout: 45}\n", "          - {variant: buy_now, rollout: 100}\n", HOLDOUT, "rollout: 100", AFTER),
    ],
    "argo-rollouts": [
        Slip("duration: 48h", "duration: 24h", DWELL, "setWeight: 70", AFTER),
        Slip("duration: 48h", "duration: 60", DWELL, "setWeight: 70", AFTER),
        Slip("        - pause: {duration: 48h}\n", "", DWELL, "setWeight: 70", AFTER),
        Slip("        - pause: {}\n", "        - pause: {duration: 1h}\n", DWELL, "setWeight: 90", AFTER),
        Slip("        - pause: {}\n", "", DWELL, "setWeight: 90", AFTER),
        Slip("    - name: refund_rate\n", "    - name: clicks\n", GUARDRAILS, "metadata: {name: pdp_buy_now}", AFTER),
        Slip("- name: p95_page_load", "- name: p95", GUARDRAILS, "metadata: {name: pdp_buy_now}", AFTER),
        Slip("spec:\n  metrics:", "spec:\n  dryRun: [{metricName: cs-contacts}]\n  metrics:", GUARDRAILS, "metadata: {name: pdp_buy_now}", AFTER),
        Slip("setWeight: 90", 'setWeight: "{{ weight }}"', UNREAD, "{{ weight }}", AFTER),
        Slip("- templateName: guardrails", "- templateName: others", UNREAD, "others", AFTER),
    ],
    "flagger": [
        Slip("interval: 2880m", "interval: 60m", DWELL, "- 70", AFTER),
        Slip("interval: 2880m", "interval: 2879m", DWELL, "- 70", AFTER),
        Slip("interval: 2880m", "interval: 2d", UNREAD, "interval: 2d", AFTER),
        Slip("      - name: refund_rate\n", "", GUARDRAILS, "metadata", AFTER),
        Slip("      - name: cs_contacts\n", "", GUARDRAILS, "metadata", AFTER),
        Slip("- name: p95_page_load", "- name: p50_page_load", GUARDRAILS, "metadata", AFTER),
        Slip("interval: 2880m", 'interval: "${INTERVAL}"', UNREAD, "${INTERVAL}", AFTER),
        Slip("- 90", "- most", UNREAD, "most", AFTER),
        Slip("    stepWeights:\n      - 70\n      - 90\n", "    stepWeight: lots\n", UNREAD, "lots", AFTER),
        Slip("    interval: 2880m\n", "", UNREAD, "analysis:", AFTER),
    ],
}  # fmt: skip


def sound() -> Experiment:
    return read_experiment(read_text(sound_text())[0].value)[0]


def said(format: str, text: str, day: date) -> Iterator[tuple[str, int]]:
    """(rule, line) of all that is found of the files' flags."""
    plan = sound()
    language = {"launchdarkly-terraform": "hcl"}.get(format, "yaml")
    reading = read(text, format, language if language in ENDINGS else "yaml")
    for rollout in reading.rollouts:
        named = rollout.flag.value in plan.switches
        served = ServedFlag(rollout, plan if named else None, day, path="experiments/plan.yaml")
        for rule in RULES:
            try:
                found: list[Finding] = list(rule.check(*(served, rule.params())[: rule.takes]))
            except DoesNotApply:
                continue
            except NotChecked as missing:
                if missing.at is not None:
                    yield UNREAD, missing.at.start.line
                continue
            for each in found:
                assert isinstance(each.at, Span)
                yield rule.id, each.at.start.line


@pytest.mark.parametrize("format", formats())
@pytest.mark.parametrize("day", [DURING, AFTER])
def test_what_the_plan_says_is_clean(format: str, day: date) -> None:
    if format in ("argo-rollouts", "flagger") and day == DURING:
        pytest.skip("a deployment has no stage during the run")
    assert list(said(format, CLEAN[format], day)) == []


@pytest.mark.parametrize("format", formats())
def test_there_are_ten_slips_of_each_format(format: str) -> None:
    assert len({(each.old, each.new, each.days) for each in SLIPS[format]}) == 10


@pytest.mark.parametrize(
    ("format", "slip"),
    [pytest.param(name, each, id=f"{name}-{at}") for name in SLIPS for at, each in enumerate(SLIPS[name])],
)
def test_a_slip_is_found_at_its_line(format: str, slip: Slip) -> None:
    assert CLEAN[format].count(slip.old) == 1
    text = CLEAN[format].replace(slip.old, slip.new)
    lines = [number for number, line in enumerate(text.splitlines(), start=1) if slip.at in line]
    found = list(said(format, text, slip.days))
    assert any(rule == slip.rule and line in lines for rule, line in found), (found, lines)
