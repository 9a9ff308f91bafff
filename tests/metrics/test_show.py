"""egp show: every value with the line that it comes from."""

from __future__ import annotations

import json
from typing import Any

from egp.cli.schemas import schema_of_report
from tests.metrics.shop import DAY, PLAN, Shop


def shown(shop: Shop, *arguments: str) -> dict[str, Any]:
    status, said = shop.egp("show", PLAN, f"--as-of={DAY}", "--format=json", *arguments)
    assert status == 0, said
    (plan,) = json.loads(said)["plans"]
    found: dict[str, Any] = plan
    return found


def test_each_value_has_its_line(shop: Shop) -> None:
    values = {
        each["pointer"]: (each["value"], each["source"], each["place"]) for each in shown(shop)["values"]
    }
    assert values["/statistics/power"] == ("95%", "defaults", shop.line_of("egp.yaml", "power: 95%"))
    assert values["/primary_metric/kind"] == (
        "proportion",
        "catalogue",
        shop.line_of("metrics.yaml", "kind: proportion"),
    )
    assert values["/primary_metric/mde"] == ("70bps", "plan", shop.line_of(PLAN, "mde: 70bps"))
    assert values["/schedule/end"] == ("2023-02-05", "defaults", shop.line_of("egp.yaml", "length: 14d"))
    assert values["/holdout/until"] == ("2023-05-11", "defaults", shop.line_of("egp.yaml", "for: 90d"))
    margin = values["/guardrail_metrics/0/non_inferiority_margin"]
    assert margin == ("10%", "defaults", shop.line_of("egp.yaml", "id: refund_rate"))


def test_an_override_is_named_by_its_line(shop: Shop) -> None:
    shop.edit(PLAN, "[pdp.mobile]", "[checkout.pay]")
    values = {each["pointer"]: each["place"] for each in shown(shop)["values"]}
    assert values["/holdout/share"] == shop.line_of("egp.yaml", "when: {tier: critical}")
    assert values["/holdout/until"] == shop.line_of("egp.yaml", "for: 90d")


def test_the_digest_is_the_one_that_is_registered(shop: Shop) -> None:
    shop.register()
    digest = shown(shop)["digest"]
    assert digest.startswith("v2:")
    assert digest in shop.read(next(iter(shop.root.glob("egp.lock.d/*/*"))).relative_to(shop.root).as_posix())


def test_a_page_for_people(shop: Shop) -> None:
    status, said = shop.egp("show", PLAN, f"--as-of={DAY}")
    assert status == 0
    assert "39 values from the plan's file, and 59 values from the policy and the catalogue" in said
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert f"statistics.power 95% {shop.line_of('egp.yaml', 'power: 95%')}" in lines
    assert "primary_metric.mde 70bps line 22" in lines


def test_the_report_has_a_schema() -> None:
    assert schema_of_report("show")["title"] == "Plan of egp show"


def test_what_is_no_plan_is_said_to_be_none(shop: Shop) -> None:
    status, said = shop.egp("show", "metrics.yaml")
    assert status == 2
    assert "metrics.yaml is no plan" in said
