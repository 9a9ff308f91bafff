"""egp measure: what it prints, writes and refuses."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import jsonschema
import pytest

from egp.cli.schemas import schema_of_report
from tests.gate.calling import Call, call

PLAN = "experiments/mobile-buy-now.yaml"
DAY = "2023-01-10"


def measure(shop: Path, *more: str) -> Call:
    return call(shop, "measure", PLAN, "--source", "duckdb:///shop.db", "--as-of", DAY, *more)


def check(shop: Path) -> str:
    told = call(shop, "check", PLAN, "--as-of", "2023-01-17")
    return "\n".join(told.out.splitlines())


def test_declared_stands_beside_measured(shop: Path) -> None:
    file = shop / PLAN
    file.write_text(file.read_text().replace("baseline: 14%", "baseline: 12%").replace("4.6%", "3.1%"))
    told = measure(shop)
    assert (told.status, told.err) == (0, "")
    assert "over 2 runs of the past, 2022-12-06 to 2022-12-19 and 2022-12-20" in told.out
    assert re.search(r"units +units over the run +165,000 +1,\d\d\d ", told.out)
    assert re.search(r"add_to_cart_rate +baseline +12 % +1\d\.\d+ %", told.out)
    for name in (
        "weekday swing", "correlation with the pre-period", "correlation of differences between days",
        "correlation of differences between weeks", "influence standard deviation",
    ):  # fmt: skip
        assert name in told.out
    words = " ".join(told.out.split())
    assert (
        "warning[measurement-drift]: units over the run: the plan says 165,000, and history says 1," in words
    )
    assert "the units that the plan counts on take" in words
    assert re.search(r"the planned sample then has [\d.]+ % power at the MDE", words)
    assert re.search(r"the power to rule out its margin is then [\d.]+ % instead of [\d.]+ %", words)


def test_the_report_for_programs(shop: Path) -> None:
    found = measure(shop, "--format", "json").json
    jsonschema.validate(found, schema_of_report("measure"))
    assert found["runs"] == [
        {"first": "2022-12-20", "last": "2023-01-02"}, {"first": "2022-12-06", "last": "2022-12-19"},
    ]  # fmt: skip
    (baseline,) = (each for each in found["numbers"] if each["path"] == "/primary_metric/baseline")
    assert baseline["declared"] == 0.14
    assert min(baseline["parts"]) <= baseline["measured"] <= max(baseline["parts"])
    assert {each["rule"] for each in found["findings"]} == {"measurement-drift"}
    assert found == measure(shop, "--format", "json").json


def test_written_numbers_pass_until_one_is_edited(shop: Path) -> None:
    file = shop / PLAN
    before = file.read_text()
    assert "are stated, and not measured" in check(shop)
    assert measure(shop, "--check").status == 0  # drift is a warning in this policy
    told = measure(shop, "--write")
    assert (told.status, told.out.splitlines()[-1]) == (0, f"wrote 6 numbers into {PLAN}")
    after = file.read_text()
    kept = [line for line in before.splitlines() if line.startswith("#")]
    assert kept
    assert kept == [line for line in after.splitlines() if line.startswith("#")]
    assert re.search(r'baseline_source: \{from: "?egp measure"?, as_of: 2023-01-10\}', after)
    assert "measured-inputs" not in check(shop)
    assert "measurement-drift" not in measure(shop).out
    assert measure(shop, "--check").status == 0
    (number,) = re.findall(r"^  baseline: ([\d.]+)%", after, re.MULTILINE)
    file.write_text(after.replace(f"  baseline: {number}%", f"  baseline: {float(number):.3g}%"))
    assert "measured-inputs" not in check(shop)
    file.write_text(after.replace(f"  baseline: {number}%", f"  baseline: {float(number) * 1.02:.4g}%"))
    line = next(at for at, text in enumerate(after.splitlines(), 1) if text.startswith("  baseline:"))
    found = check(shop)
    assert "`add_to_cart_rate.baseline` is not the number that was measured before 2023-01-10" in found
    assert f"--> {PLAN}:{line}:" in found
    again = measure(shop, "--check")
    assert again.status == 1
    assert "`add_to_cart_rate.baseline` changed since" in " ".join(again.out.split())


def test_a_registered_plan_is_written_into_only_to_amend_it(shop: Path) -> None:
    told = call(shop, "register", PLAN, "--as-of", "2023-01-17")
    assert told.status == 0, told.out + told.err
    file = shop / PLAN
    before = file.read_bytes()
    refused = measure(shop, "--write")
    assert (refused.status, refused.out, file.read_bytes()) == (2, "", before)
    words = " ".join(refused.err.split())
    assert "mobile-buy-now was registered on 2023-01-17, and other numbers make it another plan" in words
    assert "egp amend" in words
    assert measure(shop).status == 0
    told = measure(shop, "--write", "--to-amend")
    assert (told.status, file.read_bytes() == before) == (0, False)
    assert f"next: egp amend {PLAN}, which declares the change of a plan registered on 2023-01-17" in told.err
    assert "locked-plan" in check(shop)


def test_to_amend_is_an_option_of_writing(shop: Path) -> None:
    told = measure(shop, "--to-amend")
    assert (told.status, "--to-amend says nothing without --write" in told.err) == (2, True)


def test_another_definition_makes_another_measurement(shop: Path) -> None:
    measure(shop, "--write")
    catalogue = shop / "metrics.yaml"
    catalogue.write_text(catalogue.read_text().replace("outcome_window: 7d", "outcome_window: 6d"))
    assert "definitions of the metrics, the population or the run have changed since" in check(shop)


def test_a_policy_may_reject_what_drifted(shop: Path) -> None:
    policy = shop / "egp.yaml"
    policy.write_text(policy.read_text() + "\nrules:\n  measurement-drift: {severity: error, most: 30%}\n")
    told = measure(shop, "--check")
    assert told.status == 1
    assert "error[measurement-drift]: units over the run" in told.out
    assert "baseline of add_to_cart_rate: the plan says" not in told.out
    assert measure(shop).status == 0


def test_a_dry_run_shows_what_would_be_asked(shop: Path) -> None:
    told = measure(shop, "--dry-run")
    assert (told.status, told.out) == (2, "")
    for name in ("sums of part 1 of 2", "order statistics of p95_page_load in part 2 of 2"):
        assert f"-- {name}" in told.err
    assert "a dry run: the queries were not sent, and nothing was judged" in told.err


REFUSED = [
    ("population: {of: pdp_mobile}", "", "the plan names no population of the catalogue"),
    ("schedule: {start: 2023-01-23}", "", "the plan does not say when it runs"),
]


@pytest.mark.parametrize(("line", "other", "message"), REFUSED)
def test_what_cannot_be_measured(shop: Path, line: str, other: str, message: str) -> None:
    file = shop / PLAN
    file.write_text(file.read_text().replace(line, other))
    told = measure(shop)
    assert (told.status, message in told.err) == (2, True), told.err


def test_a_time_without_anybody(shop: Path) -> None:
    told = call(shop, "measure", PLAN, "--source", "duckdb:///shop.db", "--as-of", "2022-06-01")
    assert told.status == 2
    assert "history has nobody of pdp_mobile in" in told.err


WRONG_CATALOGUES = [
    ("at: loaded_at", "at: loadedat", "the fact page_loads has no column loadedat, did you mean loaded_at?"),
    ("table: page_loads", "table: page_load", "the fact page_loads, table page_load, cannot be read"),
    ("where: {name: add_to_cart}", "where: {nam: add_to_cart}", "has no column nam, did you mean name?"),
]


@pytest.mark.parametrize(("right", "wrong", "message"), WRONG_CATALOGUES)
def test_what_the_tables_do_not_have(shop: Path, right: str, wrong: str, message: str) -> None:
    catalogue = shop / "metrics.yaml"
    assert right in catalogue.read_text()
    catalogue.write_text(catalogue.read_text().replace(right, wrong))
    told = measure(shop)
    assert (told.status, message in " ".join(told.err.split())) == (2, True), told.err


def altered(shop: Path, *statements: str) -> None:
    """The shop's warehouse with tables that are declared otherwise."""
    file = shop / "shop.db"
    copy = file.read_bytes()
    file.unlink()
    file.write_bytes(copy)
    with duckdb.connect(str(file)) as warehouse:
        warehouse.execute("SET TimeZone = 'UTC'")
        for statement in statements:
            warehouse.execute(statement)


OF_OTHER_TYPES = {
    "instants with a time zone beside those of another table without": [
        "ALTER TABLE orders ALTER ordered_at TYPE timestamptz USING ordered_at AT TIME ZONE 'UTC'"
    ],
    "instants to the millisecond": ["ALTER TABLE orders ALTER ordered_at TYPE timestamp_ms"],
    "columns that are never null": [
        "ALTER TABLE orders ALTER user_id SET NOT NULL",
        "ALTER TABLE orders ALTER ordered_at SET NOT NULL",
    ],
    "units of another width": ["ALTER TABLE orders ALTER user_id TYPE integer"],
}


@pytest.mark.parametrize("statements", OF_OTHER_TYPES.values(), ids=OF_OTHER_TYPES)
def test_facts_need_not_declare_their_columns_alike(shop: Path, statements: list[str]) -> None:
    of_revenue(shop)
    altered(shop, "UPDATE orders SET ordered_at = date_trunc('millisecond', ordered_at)")
    before = measure(shop, "--format", "json").json["numbers"]
    altered(shop, *statements)
    told = measure(shop, "--format", "json")
    assert told.status == 0, told.err
    assert told.json["numbers"] == before


def of_revenue(shop: Path) -> None:
    """The plan of a metric that is computed with its guardrail, from another table."""
    catalogue = shop / "metrics.yaml"
    text = catalogue.read_text().replace("{sql: sql/orders.sql,", "{table: orders,")
    catalogue.write_text(text.replace("cap: 500 USD", "cap: 500 USD, outcome_window: 7d"))
    file = shop / PLAN
    text = re.sub(r"  id: add_to_cart_rate\n.*\n.*\n", "  id: revenue_per_user\n", file.read_text())
    file.write_text(text.replace("mde: 70bps", "mde: 5%"))


def test_facts_whose_units_are_never_equal_are_named(shop: Path) -> None:
    of_revenue(shop)
    altered(shop, "ALTER TABLE orders ALTER user_id TYPE varchar")
    told = measure(shop)
    assert told.status == 2
    assert "the fact orders has its units as string, and the fact events as int64" in told.err
    assert "a query in which one is cast" in " ".join(told.err.split())


def test_power_that_stays_is_not_said_to_change(shop: Path) -> None:
    (shop / PLAN).write_text((shop / PLAN).read_text().replace("1400ms", "1200ms"))
    words = " ".join(measure(shop).out.split())
    assert "the power to rule out its margin stays more than 99.99 %" in words
    assert "is then more than 99.99 % instead of more than 99.99 %" not in words


def test_a_fact_that_is_not_one_query_is_not_sent(shop: Path) -> None:
    (shop / "sql/orders.sql").write_text("SELECT 1; DROP TABLE orders")
    catalogue = shop / "metrics.yaml"
    text = catalogue.read_text().replace("fact: events\n    where: {name: add_to_cart}", "fact: orders")
    catalogue.write_text(text)
    told = measure(shop)
    assert told.status == 2
    assert "the fact orders: its file is not one query" in told.err


COMMANDS_OF_CI = [
    "LOAD x\n::error file=a::seen\n",
    "EXPLAIN\n::add-mask::x\nSELECT 1",
    "CALL\n##[error]x()",
    "GRANT\n##vso[task.setvariable variable=a]b ON x",
    "VACUUM\r::set-output name=a::b",
]


@pytest.mark.parametrize("query", COMMANDS_OF_CI)
def test_a_query_says_nothing_to_the_log_that_it_is_read_in(shop: Path, query: str) -> None:
    """In a process of its own: within tests what libraries log goes elsewhere."""
    (shop / "sql/orders.sql").write_text(query)
    catalogue = shop / "metrics.yaml"
    text = catalogue.read_text().replace("fact: events\n    where: {name: add_to_cart}", "fact: orders")
    catalogue.write_text(text)
    asked = ("measure", PLAN, "--source", "duckdb:///shop.db", "--as-of", DAY)
    told = subprocess.run(
        [sys.executable, "-m", "egp", *asked], cwd=shop, capture_output=True, text=True, check=False
    )
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith("cannot judge: duckdb:///shop.db: the fact orders: ")
    assert not [each for each in re.split(r"[\r\n]", told.stderr) if each.lstrip().startswith(("::", "##"))]


def test_a_policy_without_a_catalogue(shop: Path) -> None:
    policy = shop / "egp.yaml"
    policy.write_text(policy.read_text().replace('metrics: ["metrics.yaml"]\n', ""))
    told = measure(shop)
    assert (told.status, "the policy names no catalogue of metrics" in told.err) == (2, True)


def test_a_plan_that_a_catalogue_alone_began_is_measured(shop: Path) -> None:
    (shop / "egp.yaml").write_text('extends: ["egp:standard"]\nmetrics: ["metrics.yaml"]\n')
    options = ("--metric", "add_to_cart_rate", "--mde", "70bps", "--guardrail", "refund_rate", "--as-of", DAY)
    told = call(shop, "new", "experiment", "banner", *options)
    assert "next: egp measure experiments/banner.yaml" in told.err
    plan = ("experiments/banner.yaml", "--as-of", DAY)
    told = call(shop, "measure", *plan, "--source", "duckdb:///shop.db", "--write")
    assert told.status == 0, told.err
    assert "wrote 4 numbers" in told.out
    told = call(shop, "check", *plan, "--format", "json")
    of_metrics = ("primary_metric", "eligible_units", "metric-complete", "kind")
    assert [each["message"] for each in told.json["diagnostics"] if each["rule"] in of_metrics] == []
    assert "is left open" not in " ".join(
        each["message"] for each in told.json["diagnostics"] if "metric" in each["message"]
    )
