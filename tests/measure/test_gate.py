"""The gate from the shop's warehouse by its catalogue: the rows are those of the same events named in `sources`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from egp.plan.experiment import Experiment, read_experiment
from egp.plan.results import Evidence
from egp.plan.typed_reader import read
from egp.record.sources.file import read_evidence
from egp.record.sources.tables import WarehouseTables
from egp.record.sources.warehouse.facts import tables_of
from egp.record.sources.warehouse.source import Warehouse
from egp.yaml import read_text
from tests.gate.calling import call
from tests.measure.test_numbers import CATALOGUE, PLAN
from tests.rules.examples import catalogue_of

EXPOSURES = "exposures: {table: exposures, unit: user_id, experiment: experiment, variant: variant, at: exposed_at, partition: ds}\n"
RESULTS = "experiment: mobile-buy-now\nas_of: 2023-02-14T08:00:00-08:00\n"
SOURCES = {
    "exposures": {"table": "exposures", "unit": "user_id"},
    "events": {"table": "all_events", "unit": "user_id", "event": "name"},
    "metrics": {
        "items_per_order": {"event": "items_per_order", "denominator": "orders"},
        "p95_page_load": {"event": "p95_page_load", "value_unit": "ms"},
    },
}
ALL_EVENTS = """
CREATE TABLE all_events AS
SELECT user_id, 'refund_rate' AS name, happened_at, NULL::DECIMAL(18, 6) AS value FROM events WHERE name = 'refund'
UNION ALL SELECT user_id, 'revenue_per_user', ordered_at, amount FROM orders WHERE status = 'paid' AND NOT is_test
UNION ALL SELECT user_id, 'items_per_order', ordered_at, items FROM orders
UNION ALL SELECT user_id, 'orders', ordered_at, 1 FROM orders
UNION ALL SELECT user_id, 'p95_page_load', loaded_at, load_ms FROM page_loads
"""


def plan() -> Experiment:
    text = PLAN.replace("id: measured", "id: mobile-buy-now").replace("id: new", "id: buy_now")
    found, problems = read_experiment(read_text(text, "plan.yaml")[0].value)
    assert not problems
    return found


@pytest.fixture
def with_events(tmp_path: Path, shop_db: Path) -> Path:
    (tmp_path / "shop.db").write_bytes(shop_db.read_bytes())
    with duckdb.connect(str(tmp_path / "shop.db")) as connection:
        connection.execute(ALL_EVENTS)
    (tmp_path / "results.yaml").write_text(RESULTS)
    return tmp_path


def test_the_rows_are_those_of_sources(with_events: Path) -> None:
    def found(warehouse: Warehouse) -> Evidence:
        return read_evidence(str(with_events / "results.yaml"), plan(), str(with_events), warehouse)

    url, root = f"duckdb:///{with_events}/shop.db", str(with_events)
    catalogue = catalogue_of(EXPOSURES + CATALOGUE)
    by_catalogue = found(Warehouse(url, tables_of(catalogue), root, catalogue=catalogue))
    by_sources = found(Warehouse(url, read(WarehouseTables, SOURCES), root))
    assert not by_catalogue.problems
    assert {row.metric for row in by_catalogue.rows} == {metric.name for _, metric in plan().metrics}
    assert by_catalogue.rows == by_sources.rows
    (counts,), (expected,) = by_catalogue.counts, by_sources.counts
    assert (counts.units, counts.crossed, counts.repeated) == (
        expected.units,
        expected.crossed,
        expected.repeated,
    )
    assert counts.repeated > 0
    assert max(row.date or date.min for row in by_catalogue.rows) == date(2023, 2, 5)


def test_the_gate_judges_by_the_catalogue(shop: Path) -> None:
    (shop / "results.yaml").write_text(RESULTS + "revision: web-8841\n")
    told = call(
        shop, "gate", "experiments/mobile-buy-now.yaml", "--results", "results.yaml", "--to", "70%",
        "--source", "duckdb:///shop.db", "--as-of", "2023-02-14T08:00:00-08:00", "--format", "json",
    )  # fmt: skip
    assert told.status == 1, told.err
    messages = [each["message"] for each in told.json["checks"]]
    assert any("14 days of test, without a gap" in message for message in messages)
    assert any(message.startswith("add_to_cart_rate: ") for message in messages)
