"""A whole call on a warehouse: the treatment is launched, by the same numbers as from a file."""

from __future__ import annotations

import json
import math
import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.sources.results_folder import header, page_load, write_csv
from tests.sources.warehouse_of_users import (
    DAY_SECONDS,
    MILLIONTHS,
    RUN_DAYS,
    START,
    TABLES,
    THROUGH,
    Cells,
    Column,
    Events,
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
    loads = np.concatenate([np.arange(USERS), draw.integers(0, USERS, USERS)])
    second = np.where(draw.random(len(loads)) < 0.5, first[loads], again[loads])
    of_user = np.exp(draw.normal(0, 0.3, USERS))[loads]  # a slow phone stays slow
    millionths = (
        np.round(np.exp(draw.normal(math.log(1900) - 1.645 * 0.6, 0.52, len(loads))) * of_user, 3)
        * MILLIONTHS
    )
    return Users(
        treated, first, again, (*events, Events("page_load", loads, second, millionths.astype(np.int64)))
    )


def page_loads(users: Users) -> list[Cells]:
    """The quantiles of every day and over all, by sorting."""
    (loads,) = (each for each in users.events if each.name == "page_load")
    loaded_on, first_on, again_on = (each // DAY_SECONDS for each in (loads.second, users.first, users.again))
    assert loads.millionths is not None
    rows = []
    for number in [None, *range(RUN_DAYS)]:
        for variant, treated in (("control", False), ("buy_now", True)):
            inside = (users.treated[loads.user] == treated) & (loads.second >= users.first[loads.user])
            inside &= loads.second < (THROUGH + 1) * DAY_SECONDS
            if number is not None:
                was_served = (first_on[loads.user] == number) | (again_on[loads.user] == number)
                inside &= was_served & (loaded_on == number)
            day, through = ("", "2023-02-06") if number is None else (START.date() + timedelta(number), None)
            window: Cells = {"window": "total" if number is None else "day", "through": through}
            rows.append(
                page_load(
                    str(day), variant, **window, **quantile(loads.user[inside], loads.millionths[inside])
                )
            )
    return rows


def quantile(users: Column, millionths: Column) -> Cells:
    """The 95 % quantile with the standard error of its clustered order statistics."""
    values = np.sort(millionths)
    count = len(values)
    middle = values[-(-95 * count // 100) - 1]
    _, unit, n = np.unique(users, return_inverse=True, return_counts=True)
    k = np.bincount(unit, millionths <= middle)
    (var_k, cross), (_, var_n) = np.cov(k, n)
    p = k.sum() / n.sum()
    half = 1.959963984540054 * math.sqrt((var_k - 2 * p * cross + p * p * var_n) / len(n)) / n.mean()
    low, high = math.floor(count * (0.95 - half)), math.floor(count * (0.95 + half)) + 1
    error = int(values[high - 1] - values[low - 1]) / MILLIONTHS / (2 * 1.959963984540054)
    return {"units": len(n), "value": f"{int(middle) / MILLIONTHS}ms", "standard_error": f"{error}ms"}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the warehouse, and with its rows as a file."""
    folder, users = tmp_path_factory.mktemp("drawn"), launched()
    write_warehouse(folder / "warehouse.db", users)
    write_csv(folder / "all.csv", [*counted(users), *page_loads(users)])
    return folder


@pytest.fixture
def warehouse(repository: Path, drawn: Path) -> Path:
    """The repository with a warehouse, its tables named in the policy, and the same rows in a file."""
    (repository / "warehouse.db").hardlink_to(drawn / "warehouse.db")
    shutil.copy(drawn / "all.csv", repository / RESULTS)
    exposures, events = TABLES.exposures, TABLES.events
    assert exposures is not None
    assert events is not None
    with (repository / "egp.yaml").open("a") as policy:
        policy.write(
            "sources:\n"
            f"  exposures: {{table: {exposures.table}, unit: {exposures.unit}}}\n"
            f"  events: {{table: {events.table}, database: {events.database}, unit: {events.unit}}}\n"
            "  metrics: {p95_page_load: {event: page_load, value_unit: ms}}\n"
        )
    for name, rows in (("none", ""), ("all", "aggregates: all.csv")):
        head = header(more=f"revision: web-8841\n{rows}")
        (repository / RESULTS / f"{name}.yaml").write_text(head, encoding="utf-8")
    return repository


def test_a_launch_from_a_warehouse_and_from_a_file(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE", "duckdb:///warehouse.db")

    def gate(results: str, *more: str) -> Call:
        file = f"{RESULTS}/{results}.yaml"
        when = ("--as-of", taken(warehouse, file))
        return call(warehouse, "gate", PLAN, "--results", file, "--to", "70%", *when, *more)

    source = ("--source", "env:WAREHOUSE", "--time-limit", "10min", "--byte-limit", "10B", "--show-sql")
    told = gate("none", *source, "--receipt", "receipt.json", "--format", "json")
    assert told.status == 0
    assert "GROUP BY" in told.err
    found, expected = told.json, gate("all", "--format", "json").json
    assert found["verdict"] == "proceed"
    assert any(each["message"].startswith("add_to_cart_rate: +0.") for each in found["checks"])
    assert found["inputs"]["results"].pop("from") != expected["inputs"]["results"].pop("from")
    assert found == expected

    refused = call(warehouse, "gate", "--replay", "receipt.json")
    assert (refused.status, "a receipt opens no warehouse" in refused.err) == (2, True)
    replayed = call(warehouse, "gate", "--replay", "receipt.json", "--source", "env:WAREHOUSE")
    assert (replayed.status, "the receipt says the same" in replayed.out) == (0, True)


def asked(repository: Path, *more: str) -> Call:
    file = f"{RESULTS}/none.yaml"
    when = ("--as-of", taken(repository, file))
    return call(repository, "gate", PLAN, "--results", file, "--to", "70%", *when, *more)


def test_a_dry_run_shows_the_queries_and_judges_nothing(warehouse: Path) -> None:
    told = asked(warehouse, "--source", "duckdb:///warehouse.db", "--dry-run", "--receipt", "receipt.json")
    assert (told.status, told.out) == (2, "")
    assert "a dry run: the queries were not sent, and nothing was judged" in told.err
    zeros = ", with 0 for what the query above says"
    for name in (
        "sums of test", "quantiles of p95_page_load in test", f"order statistics of p95_page_load in test{zeros}",
        "incomplete exposures of test",
    ):  # fmt: skip
        assert f"-- {name}\n" in told.err
    assert json.loads((warehouse / "receipt.json").read_text())["verdict"] == "could_not_judge"


def test_what_the_warehouse_does_not_compute_is_named(warehouse: Path) -> None:
    policy = (warehouse / "egp.yaml").read_text()
    (warehouse / "egp.yaml").write_text(policy.replace(", value_unit: ms", ""))
    told = asked(warehouse, "--source", "duckdb:///warehouse.db", "--format", "json")
    assert told.status == 1
    message = "the warehouse does not compute p95_page_load: `sources.metrics.p95_page_load` has no `value_unit` for its times; it has no rows"
    assert message in [each["message"] for each in told.json["checks"] if each["metric"] == "p95_page_load"]
    assert any("no total row of p95_page_load" in each for each in told.json["reasons"])
    told = asked(warehouse, "--source", "duckdb:///warehouse.db", "--format", "markdown")
    assert "the warehouse does not compute p95_page_load" in told.out.replace("\\", "")


def test_limits_are_kept_and_a_variable_is_there(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE", "duckdb:///warehouse.db")
    stopped = asked(warehouse, "--source", "env:WAREHOUSE", "--time-limit", "1ms")
    assert (stopped.status, "did not end within --time-limit" in stopped.err) == (2, True)
    large = asked(warehouse, "--source", "env:WAREHOUSE", "--byte-limit", "1k")
    assert (large.status, "and --byte-limit is 1,000" in large.err) == (2, True)
    unset = asked(warehouse, "--source", "env:NO_SUCH_VARIABLE")
    assert (
        unset.status,
        "env:NO_SUCH_VARIABLE: this variable of the environment is not set" in unset.err,
    ) == (2, True)


@pytest.mark.parametrize(
    "option", [["--show-sql"], ["--dry-run"], ["--time-limit", "1h"], ["--byte-limit", "1M"]]
)
def test_what_a_warehouse_is_told_needs_one(repository: Path, option: list[str]) -> None:
    told = call(repository, "gate", PLAN, "--results", "results/x.yaml", "--to", "70%", *option)
    assert (told.status, f"{option[0]} is about a warehouse, and none is named" in told.err) == (2, True)
