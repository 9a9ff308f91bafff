"""Ten further changes a format by which somebody is treated who was not: none is taken for nothing, or for a lowering."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from egp.gate.moved import moved
from tests.rollouts.reading import read
from tests.rollouts.test_moved import treats
from tests.rollouts.test_mutations import FLAGD, GOFF, TERRAFORM

FLAGD_WIDE = FLAGD.replace(
    "    targeting:\n      fractional:\n        - [control, 55]\n        - [buy_now, 45]\n",
    """\
    targeting:
      if:
        - {in: [{var: country}, [US, DE]]}
        - control
        - {$ref: staff}
        - control
        - fractional:
            - [control, 55]
            - [buy_now, 25]
            - [{fractional: [{var: email}, [control, 1], [buy_now, 1]]}, 20]
$evaluators:
  staff: {ends_with: [{var: email}, "@example.com"]}
""",
)

GOFF_WIDE = (
    GOFF
    + """\
  targeting:
    - {name: us, query: country eq "US", variation: control}
    - {name: de, query: country eq "DE", disable: true, variation: buy_now}
  experimentation: {start: 2023-01-23T00:00:00Z, end: 2023-02-05T00:00:00Z}
  scheduledRollout:
    - date: 2023-02-07T00:00:00Z
      defaultRule: {percentage: {control: 30, buy_now: 70}}
    - date: 2023-02-09T00:00:00Z
      defaultRule: {percentage: {control: 10, buy_now: 90}}
"""
)

LD_WIDE = """\
flags:
  pdp_buy_now:
    on: true
    salt: a1
    variations: [{value: false, name: control}, {value: {color: red}, name: buy_now}]
    offVariation: 0
    prerequisites: [{key: checkout_v2, variation: 1}]
    targets: [{values: [intern], variation: 0}]
    rules:
      - {clauses: [{attribute: country, op: in, values: [US]}], variation: 0}
      - {clauses: [{op: segmentMatch, values: [beta]}], variation: 1}
    fallthrough: {rollout: {kind: rollout, bucketBy: id, seed: 61, variations: [{variation: 0, weight: 55000}, {variation: 1, weight: 45000}]}}
segments:
  beta: {key: beta, included: [ann], rules: []}
"""

TF_WIDE = (
    TERRAFORM.replace(
        "  on      = true\n",
        """\
  on      = true
  prerequisites {
    flag_key  = "checkout_v2"
    variation = 1
  }
  rules {
    clauses {
      attribute = "country"
      op        = "in"
      values    = ["US"]
    }
    variation = 0
  }
  rules {
    clauses {
      attribute = "segmentMatch"
      op        = "segmentMatch"
      values    = [launchdarkly_segment.beta.key]
    }
    variation = 0
  }
""",
    )
    + """\
resource "launchdarkly_segment" "beta" {
  key      = "beta"
  included = ["ann", "bob"]
}
"""
)

GB_WIDE = """\
features:
  pdp_buy_now:
    defaultValue: control
    prerequisites: [{id: checkout_v2, condition: {value: true}}]
    rules:
      - {force: control, condition: {country: US}}
      - {force: control, condition: {id: {$inGroup: staff}}}
      - {key: early, seed: e1, hashAttribute: user_id, coverage: 0.1, variations: [control, buy_now], weights: [0.5, 0.5], hashVersion: 2}
      - {key: late, hashAttribute: user_id, variations: [0, 1], meta: [{name: control}, {name: buy_now}], weights: [0.5, 0.5], namespace: [pricing, 0, 0.4]}
      - {force: control, hashAttribute: user_id, coverage: 0.3, scheduleRules: [{enabled: false, timestamp: "2023-02-05T00:00:00Z"}]}
savedGroups: {staff: [ann, bob]}
"""

UNLEASH_WIDE = """\
features:
  - name: pdp_buy_now
    enabled: true
    dependencies: [{feature: checkout_v2, enabled: true}]
    strategies:
      - name: flexibleRollout
        parameters: {rollout: "40", stickiness: userId, groupId: a}
        segments: [7]
        constraints: [{contextName: country, operator: IN, values: [US]}]
      - {name: flexibleRollout, parameters: {rollout: "20", stickiness: userId, groupId: b}}
    variants:
      - {name: control, weight: 500, stickiness: userId, payload: {type: string, value: old}}
      - {name: buy_now, weight: 500, stickiness: userId, payload: {type: string, value: new}, overrides: [{contextName: userId, values: [ann]}]}
segments: [{id: 7, constraints: [{contextName: tier, operator: IN, values: [gold]}]}]
"""

FLIPT_WIDE = """\
flags:
  - key: pdp_buy_now
    name: Buy now
    type: VARIANT_FLAG_TYPE
    enabled: true
    variants:
      - {key: control, default: true, attachment: {color: blue}}
      - {key: buy_now, attachment: {color: red}}
    rules:
      - segment: staff
        distributions: [{variant: control, rollout: 100}]
      - segment: {keys: [us, de], operator: AND_SEGMENT_OPERATOR}
        distributions: [{variant: control, rollout: 55}, {variant: buy_now, rollout: 45}]
segments:
  - {key: staff, name: Staff, match_type: ALL_MATCH_TYPE, constraints: [{type: STRING_COMPARISON_TYPE, property: role, operator: eq, value: staff}]}
  - {key: us, name: US, match_type: ALL_MATCH_TYPE, constraints: [{type: STRING_COMPARISON_TYPE, property: country, operator: eq, value: US}]}
  - {key: de, name: DE, match_type: ANY_MATCH_TYPE, constraints: [{type: STRING_COMPARISON_TYPE, property: tier, operator: eq, value: gold}]}
"""

ARGO_WIDE = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: pdp_buy_now}
spec:
  paused: true
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  strategy:
    canary:
      trafficRouting: {managedRoutes: [{name: testers}], istio: {virtualService: {name: shop}}}
      steps:
        - setHeaderRoute: {name: testers, match: [{headerName: x-tester, headerValue: {exact: "yes"}}]}
        - setWeight: 70
        - pause: {duration: 48h}
        - analysis: {templates: [{templateName: guardrails}]}
        - experiment: {duration: 1h, templates: [{name: more, specRef: canary, weight: 10}]}
        - setWeight: 90
        - pause: {}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: guardrails}
spec: {metrics: [{name: refund_rate, failureLimit: 0, provider: {}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec: {template: {spec: {containers: [{name: shop, image: "shop:1"}]}}}
"""

FLAGGER_WIDE = """\
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: pdp_buy_now}
spec:
  suspend: true
  skipAnalysis: false
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  analysis:
    interval: 2880m
    threshold: 1
    stepWeights: [70, 90]
    metrics: [{name: refund_rate, thresholdRange: {max: 2}}]
    webhooks: [{name: lead, type: confirm-promotion, url: "http://tester/gate/check"}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec: {template: {spec: {containers: [{name: shop, image: "shop:1"}]}}}
"""

BASES = {
    "flagd": FLAGD_WIDE, "go-feature-flag": GOFF_WIDE, "launchdarkly": LD_WIDE, "launchdarkly-terraform": TF_WIDE,
    "growthbook": GB_WIDE, "unleash": UNLEASH_WIDE, "flipt": FLIPT_WIDE, "argo-rollouts": ARGO_WIDE, "flagger": FLAGGER_WIDE,
}  # fmt: skip

CHANGES: Mapping[str, list[tuple[str, str]]] = {
    "flagd": [
        ("{control: false, buy_now: true}", "{control: true, buy_now: true}"),
        ("{control: false, buy_now: true}", "{control: false, buy_now: {color: red}}"),
        ("[US, DE]", "[US]"),
        ('"@example.com"', '"@staff.example.com"'),
        ("[buy_now, 25]", "[buy_now, 26]"),
        ("{fractional: [{var: email}, [control, 1], [buy_now, 1]]}", "{fractional: [{var: account}, [control, 1], [buy_now, 1]]}"),
        ("- [control, 55]", "- {cat: [{var: $flagd.flagKey}, {var: email}]}\n            - [control, 55]"),
        ("defaultVariant: control", "defaultVariant: buy_now"),
        ("        - {$ref: staff}\n        - control\n", ""),
        ("[{var: email}, [control, 1], [buy_now, 1]]", "[{var: email}, [buy_now, 1], [control, 1]]"),
    ],
    "go-feature-flag": [
        ("{control: false, buy_now: true}", "{control: true, buy_now: true}"),
        ("bucketingKey: user_id", "bucketingKey: account_id"),
        ("bucketingKey: user_id\n", ""),
        ('country eq "US"', 'country eq "UT"'),
        ("disable: true, ", ""),
        ("    - {name: us, query: country eq \"US\", variation: control}\n", ""),
        ("end: 2023-02-05T00:00:00Z", "end: 2023-03-05T00:00:00Z"),
        ("date: 2023-02-07T00:00:00Z", "date: 2023-02-06T00:00:00Z"),
        ("{control: 10, buy_now: 90}", "{control: 0, buy_now: 100}"),
        ("{control: 30, buy_now: 70}", "{control: 20, buy_now: 80}"),
        ("      control: 55\n      buy_now: 45\n", "      control: 50\n      buy_now: 50\n"),
    ],
    "launchdarkly": [
        ("salt: a1\n    variations: [{value: false", "salt: a1\n    variations: [{value: true"),
        ("{color: red}", "{color: green}"),
        ("{key: checkout_v2, variation: 1}", "{key: checkout_v2, variation: 0}"),
        ("prerequisites: [{key: checkout_v2, variation: 1}]", "prerequisites: []"),
        ("targets: [{values: [intern], variation: 0}]", "targets: []"),
        ("values: [US]", "values: [UT]"),
        ("included: [ann]", "included: [ann, bob]"),
        ("seed: 61", "seed: 62"),
        ("bucketBy: id", "bucketBy: email"),
        ("kind: rollout", "kind: experiment"),
        ("offVariation: 0", "offVariation: 1"),
    ],
    "launchdarkly-terraform": [
        ('    value = false\n', '    value = true\n'),
        ('    flag_key  = "checkout_v2"\n    variation = 1\n', '    flag_key  = "checkout_v2"\n    variation = 0\n'),
        ('  prerequisites {\n    flag_key  = "checkout_v2"\n    variation = 1\n  }\n', ""),
        ('values    = ["US"]', 'values    = ["UT"]'),
        ('included = ["ann", "bob"]', 'included = ["ann"]'),
        ('context_kind = "user"', 'context_kind = "device"'),
        ("off_variation = 0", "off_variation = 1"),
        ("55000,", "var.control,"),
        ("  off_variation = 0\n", "  off_variation = 0\n  lifecycle {\n    ignore_changes = [fallthrough]\n  }\n"),
        ("  on      = true\n", "  on      = var.on\n"),
        ('  flag_id = launchdarkly_feature_flag.buy_now.id\n', '  for_each = toset(["a"])\n  flag_id = launchdarkly_feature_flag.buy_now.id\n'),
    ],
    "growthbook": [
        ("{force: control, condition: {country: US}}", "{force: control, condition: {country: UT}}"),
        ("{staff: [ann, bob]}", "{staff: [ann]}"),
        ("seed: e1", "seed: e2"),
        ("hashVersion: 2", "hashVersion: 1"),
        ("namespace: [pricing, 0, 0.4]", "namespace: [pricing, 0.6, 1]"),
        ("namespace: [pricing, 0, 0.4]", "namespace: [checkout, 0, 0.4]"),
        ("variations: [0, 1]", "variations: [1, 1]"),
        ("{value: true}", "{value: {$exists: true}}"),
        ("prerequisites: [{id: checkout_v2, condition: {value: true}}]", "prerequisites: []"),
        ('timestamp: "2023-02-05T00:00:00Z"', 'timestamp: "2023-02-01T00:00:00Z"'),
        ("key: late, hashAttribute: user_id", "key: later, hashAttribute: user_id"),
        ("defaultValue: control", "defaultValue: buy_now"),
    ],
    "unleash": [
        ("{feature: checkout_v2, enabled: true}", "{feature: checkout_v2, enabled: false}"),
        ("dependencies: [{feature: checkout_v2, enabled: true}]", "dependencies: []"),
        ("groupId: b", "groupId: c"),
        ("values: [gold]", "values: [gold, silver]"),
        ("values: [US]", "values: [US, DE]"),
        ("    variants:\n", "      - {name: default}\n    variants:\n"),
        ("value: old", "value: new"),
        ("value: new", "value: newer"),
        ("values: [ann]", "values: [ann, bob]"),
        ("weight: 500, stickiness: userId, payload: {type: string, value: old}", "weight: 400, stickiness: userId, payload: {type: string, value: old}"),
        ('rollout: "20", stickiness: userId', 'rollout: "20", stickiness: random'),
        ("segments: [7]\n", "segments: []\n"),
    ],
    "flipt": [
        ("{color: blue}", "{color: red}"),
        ("attachment: {color: red}", "attachment: {color: green}"),
        ("value: staff}", "value: intern}"),
        ("operator: AND_SEGMENT_OPERATOR", "operator: OR_SEGMENT_OPERATOR"),
        ("match_type: ANY_MATCH_TYPE", "match_type: ALL_MATCH_TYPE"),
        ("keys: [us, de]", "keys: [us]"),
        ("property: country, operator: eq, value: US", "property: country, operator: neq, value: US"),
        ("      - segment: staff\n        distributions: [{variant: control, rollout: 100}]\n", ""),
        ("{variant: control, rollout: 55}, {variant: buy_now, rollout: 45}", "{variant: buy_now, rollout: 45}, {variant: control, rollout: 55}"),
        ("default: true, attachment: {color: blue}}\n      - {key: buy_now,", "attachment: {color: blue}}\n      - {key: buy_now, default: true,"),
    ],
    "argo-rollouts": [
        ("shop:1", "shop:2"),
        ("paused: true", "paused: false"),
        ("exact: \"yes\"", "prefix: y"),
        ("duration: 48h", "duration: 47h"),
        ("        - pause: {}\n", ""),
        ("setWeight: 90", "setWeight: 95"),
        ("        - analysis: {templates: [{templateName: guardrails}]}\n", ""),
        ("failureLimit: 0", "failureLimit: 10"),
        ("specRef: canary, weight: 10", "specRef: canary, weight: 20"),
        ("name: shop}\n  strategy", "name: shop2}\n  strategy"),
        ("      trafficRouting: {managedRoutes: [{name: testers}], istio: {virtualService: {name: shop}}}\n", ""),
    ],
    "flagger": [
        ("shop:1", "shop:2"),
        ("suspend: true", "suspend: false"),
        ("skipAnalysis: false", "skipAnalysis: true"),
        ("interval: 2880m", "interval: 60m"),
        ("threshold: 1", "threshold: 10"),
        ("[70, 90]", "[70]"),
        ("[70, 90]", "[80, 90]"),
        ("thresholdRange: {max: 2}", "thresholdRange: {max: 20}"),
        ("metrics: [{name: refund_rate, thresholdRange: {max: 2}}]", "metrics: []"),
        ("http://tester/gate/check", "http://tester/gate/approve"),
        ("type: confirm-promotion", "type: event"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("format", BASES)
def test_there_are_ten_of_each_format(format: str) -> None:
    assert len(set(CHANGES[format])) >= 10


@pytest.mark.parametrize(
    ("format", "old", "new"),
    [
        pytest.param(format, *each, id=f"{format}-{at}")
        for format in CHANGES
        for at, each in enumerate(CHANGES[format])
    ],
)
def test_a_change_that_treats_somebody_anew_is_no_lowering(format: str, old: str, new: str) -> None:
    text = BASES[format]
    assert text.count(old) == 1, text.count(old)
    language = "hcl" if format == "launchdarkly-terraform" else "yaml"
    flags = [read(each, format, language).rollouts for each in (text, text.replace(old, new))]
    before, after = (
        next((each for each in found if each.flag.value == "pdp_buy_now"), None) for found in flags
    )
    assert before is not None
    assert not before.unread
    found = moved(before, after, treats)
    assert found.kind in ("raise", "undecided"), found
    assert found.reason
