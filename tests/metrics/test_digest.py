"""The digests of completed plans and of definitions: others' locks hold such, and no release of egp changes them."""

from __future__ import annotations

import json
from hashlib import sha256

from egp.plan.completing import PlacedDefaults, StatedMetric, completed, read_plan
from egp.plan.digest import plan_digest
from egp.yaml import read_text
from tests.rules.examples import catalogue_of

PLAN = """\
id: banner
variants: [{id: old, weight: 50%, control: true}, {id: banner, weight: 50%}]
schedule: {start: 2023-01-23}
population: {of: visitors}
primary_metric: {id: sign_ups, baseline: 12%, mde: 45bps}
"""

CATALOGUE = {
    "facts": {"events": {"table": "events", "unit": "user_id", "at": "happened_at"}},
    "populations": {"visitors": {"fact": "events", "where": {"name": "visit"}}},
    "metrics": {
        "sign_ups": {"label": "Sign-ups", "kind": "proportion", "direction": "increase", "fact": "events",
                     "where": {"name": "sign_up"}, "outcome_window": "7d", "worth": "3 USD"},
        "spend": {"kind": "mean", "direction": "increase", "fact": "events", "value": "amount", "cap": "500 USD"},
    },
}  # fmt: skip


def test_the_digest_of_a_completed_plan_stays() -> None:
    given = PlacedDefaults({"type": "superiority", "schedule": {"length": "14d", "exposure": "90%"}})
    stated = {"sign_ups": StatedMetric({"kind": "proportion", "direction": "increase"}, "sha256:0a")}
    plan, problems = read_plan(completed(read_text(PLAN)[0], given, stated, "sha256:0b"))
    assert problems == []
    form = {
        "metrics": {"sign_ups": "sha256:0a"},
        "plan": {
            "id": "banner",
            "population": {"of": "visitors"},
            "primary_metric": {
                "baseline": [0.12, ""], "direction": "increase", "id": "sign_ups", "kind": "proportion", "mde": [0.0045, "abs"],
            },
            "schedule": {"end": "2023-02-05", "exposure": 0.9, "start": "2023-01-23"},
            "type": "superiority",
            "variants": [{"control": True, "id": "old", "weight": 0.5}, {"id": "banner", "weight": 0.5}],
        },
        "population": "sha256:0b",
    }  # fmt: skip
    text = json.dumps(form, sort_keys=True, separators=(",", ":"))
    assert plan_digest(plan) == f"v2:sha256:{sha256(text.encode()).hexdigest()}"


def test_a_plan_that_its_file_says_all_of_keeps_the_first_version() -> None:
    plan, _ = read_plan(
        completed(read_text(PLAN.replace("{of: visitors}", "assigned"))[0], PlacedDefaults({}), {})
    )
    assert plan_digest(plan).startswith("v1:sha256:")


def test_the_digest_of_a_definition_stays() -> None:
    found = catalogue_of(json.dumps(CATALOGUE))
    form = {
        "at": "happened_at", "direction": "increase", "from": "events", "is_query": False, "kind": "proportion",
        "outcome_window": 604800.0, "unit": "user_id", "where": {"name": "sign_up"},
    }  # fmt: skip
    text = json.dumps(form, sort_keys=True, separators=(",", ":"))
    assert found.definition("sign_ups") == f"sha256:{sha256(text.encode()).hexdigest()}"
    assert (
        found.definition("sign_ups")
        == "sha256:1d084b87c87d7d869a01c130289e3f792f04a563706d5b22f80e54227f421423"
    )
    assert (
        found.population("visitors")
        == "sha256:183be19a475e202b2ea07c54c8ddb35c5e706b76da5837a1b11e5d57af113a16"
    )
    assert (
        found.definition("spend") == "sha256:c90d4873a0afd2254c971c13683585908331c2cfe532193aec1e4c241ed1d234"
    )
