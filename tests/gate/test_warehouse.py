"""A whole call on a warehouse: the treatment is launched, by the same numbers as from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.sources.results_folder import header, page_load, write_csv
from tests.sources.warehouse_of_users import (
    TABLES,
    Cells,
    Users,
    counted,
    drawn_events,
    drawn_exposures,
    write_warehouse,
)

from .calling import PLAN, Call, call, taken

USERS = 320_000
RESULTS = "results/pdp-buy-now"


def launched() -> Users:
    """Users of whom the treated ones add more to their carts, in their first week and in their second."""
    draw = np.random.default_rng(20230206)
    first, again = drawn_exposures(draw, USERS)
    treated = draw.random(USERS) < 0.5
    rates = {name: np.full(USERS, rate) for name, rate in (("refund_rate", 0.031), ("cs_contacts", 0.028))}
    events = (
        drawn_events(draw, first, "add_to_cart_rate", 0.24 + 0.012 * treated, (0, 1)),
        drawn_events(draw, first, "add_to_cart_rate", 0.2 + 0.018 * treated, (6, 14)),
        drawn_events(draw, first, "add_to_cart_rate", np.full(USERS, 0.2), (-28, 0)),
        drawn_events(draw, first, "refund_rate", rates["refund_rate"], (0, 7)),
        drawn_events(draw, first, "cs_contacts", rates["cs_contacts"], (0, 9), with_amount=True),
        drawn_events(draw, first, "conversion_rate", np.full(USERS, 0.034), (0, 6)),
    )
    return Users(treated, first, again, events)


def page_loads() -> list[Cells]:
    """Quantiles, which a warehouse does not add up."""
    days = [f"2023-01-{day}" for day in range(23, 32)] + [f"2023-02-0{day}" for day in range(1, 6)]
    rows = [page_load(day, variant) for day in days for variant in ("control", "buy_now")]
    over_all = {"window": "total", "units": 160_000, "standard_error": "13ms", "through": "2023-02-06"}
    return rows + [page_load("", variant, **over_all) for variant in ("control", "buy_now")]


@pytest.fixture
def warehouse(repository: Path) -> Path:
    """The repository with a warehouse, its tables named in the policy, and the same rows in a file."""
    users = launched()
    write_warehouse(repository / "warehouse.db", users)
    exposures, events = TABLES.exposures, TABLES.events
    assert exposures is not None
    assert events is not None
    with (repository / "egp.yaml").open("a") as policy:
        policy.write(
            "sources:\n"
            f"  exposures: {{table: {exposures.table}, unit: {exposures.unit}}}\n"
            f"  events: {{table: {events.table}, database: {events.database}, unit: {events.unit}}}\n"
        )
    for name, rows in (("quantiles", page_loads()), ("all", [*counted(users), *page_loads()])):
        write_csv(repository / RESULTS / f"{name}.csv", rows)
        head = header(more=f"revision: web-8841\naggregates: {name}.csv")
        (repository / RESULTS / f"{name}.yaml").write_text(head, encoding="utf-8")
    return repository


def test_a_launch_from_a_warehouse_and_from_a_file(warehouse: Path) -> None:
    def gate(results: str, *more: str) -> Call:
        file = f"{RESULTS}/{results}.yaml"
        when = ("--as-of", taken(warehouse, file))
        return call(warehouse, "gate", PLAN, "--results", file, "--to", "70%", *when, *more)

    source = ("--source", "duckdb:///warehouse.db", "--receipt", "receipt.json")
    told = gate("quantiles", *source, "--format", "json")
    assert (told.status, told.err) == (0, "")
    found, expected = told.json, gate("all", "--format", "json").json
    assert found["verdict"] == "proceed"
    assert any(each["message"].startswith("add_to_cart_rate: +0.") for each in found["checks"])
    assert found["inputs"]["results"].pop("from") != expected["inputs"]["results"].pop("from")
    assert found == expected

    refused = call(warehouse, "gate", "--replay", "receipt.json")
    assert (refused.status, "a receipt opens no warehouse" in refused.err) == (2, True)
    replayed = call(warehouse, "gate", "--replay", "receipt.json", "--source", "duckdb:///warehouse.db")
    assert (replayed.status, "the receipt says the same" in replayed.out) == (0, True)
