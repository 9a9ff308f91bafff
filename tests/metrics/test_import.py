"""Catalogues from what other tools have: what fits is written, what does not is named, nothing is invented."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from egp.advice.new.metrics import Imported, ImportRefused, imported, text_of
from egp.plan.catalogue import MetricsFile
from egp.plan.typed_reader import read
from egp.yaml import read_file, read_text
from tests.metrics.shop import Shop

FILES = Path(__file__).parent / "imports"


def of(name: str, unit: str = "") -> Imported:
    return imported(read_file(FILES / name)[0].value, unit)


def test_semantic_models_of_dbt() -> None:
    found = of("dbt.yaml", "customer")
    assert found.facts == {"orders": {"table": "fct_orders", "unit": "customer_id", "at": "ordered_at"}}
    assert found.metrics["revenue"] == {
        "label": "Revenue", "description": "What was paid.", "kind": "mean", "direction": None, "fact": "orders",
        "where": {"status": "paid"}, "value": "amount",
    }  # fmt: skip
    assert found.metrics["orders"] == {"kind": "mean", "direction": None, "fact": "orders"}
    assert found.metrics["buyer_rate"]["kind"] == "proportion"
    assert found.metrics["p90_order"]["quantile"] == "90%"
    assert found.metrics["order_value"]["numerator"] == {
        "fact": "orders",
        "where": {"status": "paid"},
        "value": "amount",
    }
    assert [each.split(",")[0] for each in found.unmapped] == [
        "net_revenue",
        "largest_order",
        "growth",
        "dear_orders",
    ]


def test_a_unit_of_dbt_that_is_an_expression_stays_open() -> None:
    document: Any = copy.deepcopy(read_file(FILES / "dbt.yaml")[0].value)
    document["semantic_models"][0]["entities"][1]["expr"] = '"Customer Key"'
    found = imported(document, "customer")
    assert found.facts["orders"]["unit"] is None
    assert "the unit of orders, since customer is an expression; name a column of a query" in found.unmapped


def test_fact_metrics_of_growthbook() -> None:
    found = of("growthbook.json")
    assert found.facts == {"ftb_orders": {"sql": "sql/ftb_orders.sql", "unit": "user_id", "at": "timestamp"}}
    assert found.queries["sql/ftb_orders.sql"].startswith("SELECT user_id")
    rate = found.metrics["purchase_rate"]
    assert (rate["direction"], rate["where"], rate["outcome_window"]) == (
        "increase",
        {"device": "mobile"},
        "7d",
    )
    assert found.metrics["revenue_per_user"]["cap"] == 500
    assert found.metrics["order_value"]["denominator"] == {"fact": "ftb_orders"}
    assert (found.metrics["slow_payment"]["direction"], found.metrics["slow_payment"]["quantile"]) == (
        "decrease",
        "95%",
    )
    assert [each.split(",")[0] for each in found.unmapped] == ["week_two", "capped_by_share", "saved_filter"]


def test_certified_metrics_of_eppo() -> None:
    found = of("eppo.yaml", "user_id")
    assert found.facts["purchases"] == {"sql": "sql/purchases.sql", "unit": "user_id", "at": "paid_at"}
    assert found.metrics["revenue_per_user"]["outcome_window"] == "7d"
    refunds = found.metrics["refund_rate"]
    assert (refunds["kind"], refunds["direction"], refunds["where"]) == (
        "proportion", "decrease", {"device": ["mobile", "tablet"]},
    )  # fmt: skip
    assert [each.split(",")[0] for each in found.unmapped] == ["retention", "capped", "not_on_desktop"]


def test_a_unit_that_could_be_several_is_asked_of_people() -> None:
    found = of("eppo.yaml")
    assert found.facts["purchases"]["unit"] is None
    assert (
        found.unmapped[0] == "which of user_id, account_id of purchases is randomised (name it with --unit)"
    )


@pytest.mark.parametrize(
    ("name", "unit"), [("dbt.yaml", "customer"), ("growthbook.json", ""), ("eppo.yaml", "user_id")]
)
def test_with_what_is_open_answered_it_is_a_catalogue(shop: Shop, name: str, unit: str) -> None:
    status, said = shop.egp(
        "new", "metrics", f"--from={FILES / name}", f"--unit={unit}", "-o", "new/metrics.yaml"
    )
    assert status == 0, said
    assert "not mapped: " in said
    text = shop.read("new/metrics.yaml")
    shop.write("new/metrics.yaml", re.sub(r"direction: +# TODO", "direction: increase", text))
    shop.edit("egp.yaml", '["metrics.yaml"]', '["new/metrics.yaml"]')
    status, said = shop.egp("policy", "show", "--as-of=2023-01-17")
    assert status == 0, said


def test_what_is_open_is_a_mistake_until_somebody_answers() -> None:
    problems: list[object] = []
    read(MetricsFile, read_text(text_of(of("dbt.yaml", "customer")))[0].value, (), problems)  # type: ignore[arg-type]
    assert len(problems) == 5


def test_two_metrics_of_one_id_are_named() -> None:
    source = {
        "fact_sources": [
            {"name": "p", "sql": "select 1", "entities": [{"column": "u"}], "facts": [{"name": "f"}]}
        ]
    }
    metrics = [
        {"name": name, "numerator": {"fact_name": "f", "operation": "count"}}
        for name in ("My metric", "my-metric")
    ]
    found = imported({**source, "metrics": metrics})
    assert found.unmapped == ["my_metric, since another metric of the file gets the same id"]


@pytest.mark.parametrize("value", [None, [], "text", {}, {"metrics": []}, {"semantic_models": {}}])
def test_a_file_of_no_such_tool_is_refused(value: object) -> None:
    with pytest.raises(ImportRefused):
        imported(value)


@pytest.mark.parametrize("top", ["semantic_models", "factTables", "fact_sources"])
def test_garbled_files_end_in_sentences(top: str) -> None:
    garbled = {
        top: [None, 3, {"name": 4, "measures": "x", "entities": 3, "userIdTypes": 7, "sql": []}],
        "metrics": [{"name": []}],
        "factMetrics": [{"numerator": []}],
    }
    assert imported(garbled).metrics == {}


def test_nothing_of_a_file_reaches_a_terminal_as_it_is(shop: Shop) -> None:
    shop.write(
        "x.json", '{"factMetrics": [{"name": "a", "metricType": "\\u001b[31mx\\nb: c"}], "factTables": []}'
    )
    status, said = shop.egp("new", "metrics", "--from=x.json", "-o", "y.yaml")
    assert status == 0, said
    assert "\x1b" not in said + shop.read("y.yaml")
    assert "b: c" not in shop.read("y.yaml").splitlines()


def test_a_file_that_is_there_is_kept(shop: Shop) -> None:
    before = shop.read("metrics.yaml")
    status, said = shop.egp("new", "metrics", f"--from={FILES / 'dbt.yaml'}")
    assert status == 2
    assert "metrics.yaml exists already" in said
    assert shop.read("metrics.yaml") == before
