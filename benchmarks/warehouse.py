"""The gate from a warehouse against one query written by hand that gives the sums of the same rows.

    python -m benchmarks.warehouse [--exposures 10_000_000] [--engine duckdb|postgres] [--runs 3] [--keep FOLDER]

Whole processes, CPU seconds (the server's included) and the largest memory. The query is what somebody would write who knows
this plan, in floating-point numbers, and does no more than its sums: it counts no crossed, repeated or incomplete rows, makes
no rows of its sums, and judges nothing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

EXPERIMENT = "checkout-note"
PLAN = """
id: checkout-note
type: superiority
title: A note below the price
unit: user
variants:
  - {id: control, weight: 50%, control: true}
  - {id: note, weight: 50%}
schedule: {start: 2023-01-23, end: 2023-02-05, exposure: 90%, timezone: America/Los_Angeles}
primary_metric: {id: add_to_cart_rate, kind: proportion, direction: increase, baseline: 12%, mde: 45bps, outcome_window: 0d}
guardrail_metrics:
  - {id: refund_rate, kind: proportion, direction: decrease, baseline: 3.1%, non_inferiority_margin: 8%, outcome_window: 7d, judged_on: matured_cohort}
  - {id: revenue, kind: mean, direction: increase, baseline: 4 USD, std_dev: 20 USD, non_inferiority_margin: 4%}
statistics:
  {alpha: 5%, sides: two, power: 95%, guardrail_alpha: 5%, method: fixed_horizon, looks: [2023-02-06],
   variance_reduction: {method: cuped, correlation: 0.5, pre_period: 28d}}
sample_size_per_variant: 140_000
decision_rule: {min_ci_lower: 0%, otherwise: keep_control}
ramp: [{treated: 70%, min_dwell: 48h}, {treated: 90%, min_dwell: 48h}]
holdout: {share: 10%, until: 2023-05-10}
"""
POLICY = """
extends: ["egp:standard"]
plans: ["plan.yaml"]
sources:
  exposures: {table: exposures, unit: user_id, at: exposed_at}
  events: {table: events, unit: user_id, event: name, at: happened_at}
  metrics: {revenue: {event: purchase}}
"""
RESULTS = f"experiment: {EXPERIMENT}\nas_of: 2023-02-14T08:00:00-08:00\n"

BEGIN, DAY = "TIMESTAMPTZ '2023-01-23 08:00:00+00'", "INTERVAL '1 day'"

FILL = """
CREATE TABLE exposures AS
  SELECT u AS user_id, '{experiment}' AS experiment, CASE WHEN {variant} < 0.5 THEN 'control' ELSE 'note' END AS variant,
    {begin} + {second} * INTERVAL '1 second' AS exposed_at
  FROM (SELECT i AS n, i % {users} AS u FROM {numbers}) AS drawn;
CREATE TABLE events AS
  SELECT u AS user_id, CASE WHEN {kind} < 0.5 THEN 'add_to_cart_rate' WHEN {kind} < 0.6 THEN 'refund_rate'
      WHEN {kind} < 0.9 THEN 'purchase' ELSE 'page_view' END AS name,
    {begin} + ({day} - 28) * INTERVAL '1 day' AS happened_at,
    CASE WHEN {kind} >= 0.6 AND {kind} < 0.9 THEN round(({amount} * 90)::NUMERIC, 2) END AS value
  FROM (SELECT i AS n, {owner} AS u FROM {numbers}) AS drawn;
"""

BY_HAND = f"""
WITH units AS (
  SELECT user_id, min(exposed_at) AS first_at, min(variant) AS variant,
    max(CASE WHEN exposed_at < {BEGIN} + 7 * {DAY} THEN 1 ELSE 0 END) AS in_0,
    max(CASE WHEN exposed_at >= {BEGIN} + 7 * {DAY} THEN 1 ELSE 0 END) AS in_1
  FROM exposures
  WHERE experiment = '{EXPERIMENT}' AND exposed_at >= {BEGIN} AND exposed_at < {BEGIN} + 14 * {DAY}
  GROUP BY user_id HAVING min(variant) = max(variant)
),
placed AS (
  SELECT *, floor(extract(epoch FROM first_at - {BEGIN}) / 86400)::INTEGER AS day,
    {BEGIN} + floor(extract(epoch FROM first_at - {BEGIN}) / 86400)::INTEGER * {DAY} AS day_begin
  FROM units
),
did AS (
  SELECT placed.user_id,
    max(CASE WHEN name = 'add_to_cart_rate' AND happened_at >= first_at AND happened_at < day_begin + {DAY} THEN 1 ELSE 0 END) AS cart,
    max(CASE WHEN name = 'add_to_cart_rate' AND happened_at < day_begin AND happened_at >= day_begin - 28 * {DAY} THEN 1 ELSE 0 END) AS before,
    max(CASE WHEN name = 'refund_rate' AND happened_at >= first_at AND happened_at < day_begin + 8 * {DAY} THEN 1 ELSE 0 END) AS refund,
    sum(CASE WHEN name = 'purchase' AND happened_at >= first_at THEN value ELSE 0 END)::DOUBLE PRECISION AS revenue,
    max(CASE WHEN name = 'add_to_cart_rate' AND happened_at >= first_at AND happened_at < {BEGIN} + 7 * {DAY} THEN in_0 ELSE 0 END) AS cart_0,
    max(CASE WHEN name = 'add_to_cart_rate' AND happened_at >= first_at AND happened_at >= {BEGIN} + 7 * {DAY} AND happened_at < {BEGIN} + 14 * {DAY} THEN in_1 ELSE 0 END) AS cart_1,
    max(CASE WHEN name = 'refund_rate' AND happened_at >= first_at AND happened_at < {BEGIN} + 7 * {DAY} THEN in_0 ELSE 0 END) AS refund_0,
    max(CASE WHEN name = 'refund_rate' AND happened_at >= first_at AND happened_at >= {BEGIN} + 7 * {DAY} AND happened_at < {BEGIN} + 14 * {DAY} THEN in_1 ELSE 0 END) AS refund_1,
    sum(CASE WHEN name = 'purchase' AND happened_at >= first_at AND happened_at < {BEGIN} + 7 * {DAY} THEN value * in_0 ELSE 0 END)::DOUBLE PRECISION AS revenue_0,
    sum(CASE WHEN name = 'purchase' AND happened_at >= first_at AND happened_at >= {BEGIN} + 7 * {DAY} AND happened_at < {BEGIN} + 14 * {DAY} THEN value * in_1 ELSE 0 END)::DOUBLE PRECISION AS revenue_1
  FROM placed JOIN events ON events.user_id = placed.user_id
    AND name IN ('add_to_cart_rate', 'refund_rate', 'purchase')
    AND happened_at >= {BEGIN} - 28 * {DAY} AND happened_at < {BEGIN} + 22 * {DAY}
  GROUP BY placed.user_id
)
SELECT day, variant, count(*), sum(in_0), sum(in_1), sum(cart), sum(before), sum(cart * before), sum(refund),
  sum(revenue), sum(revenue * revenue), sum(cart_0), sum(cart_1), sum(refund_0), sum(refund_1),
  sum(revenue_0), sum(revenue_0 * revenue_0), sum(revenue_1), sum(revenue_1 * revenue_1)
FROM placed LEFT JOIN did ON did.user_id = placed.user_id
GROUP BY day, variant ORDER BY day, variant
"""


class Cost(NamedTuple):
    cpu: float
    memory: float
    """In MB, of the client; a server's is its own matter."""


def filling(engine: str, exposures: int) -> str:
    """Statements that make the tables: half as many users as exposures, and as many events."""
    users = exposures // 2
    if engine == "duckdb":
        numbers = f"range({exposures}) AS r(i)"
        draw = "(hash({of} * 64 + {salt}) / 18446744073709551616.0)"
    else:
        numbers = f"generate_series(0, {exposures - 1}) AS r(i)"
        draw = "((hashint8extended({of}, {salt}) & 4503599627370495) / 4503599627370496.0)"

    def drawn(salt: int, of: str = "n") -> str:
        return draw.format(of=of, salt=salt)

    return FILL.format(
        experiment=EXPERIMENT, begin=BEGIN, users=users, numbers=numbers, variant=drawn(1, "u"), kind=drawn(4),
        second=f"floor(power({drawn(2)}, 1.5) * 14 * 86400)::INTEGER", day=f"{drawn(5)} * 50", amount=drawn(6),
        owner=f"floor({drawn(3, 'i')} * {users} * 1.2)::BIGINT",
    )  # fmt: skip


@contextmanager
def database(engine: str, exposures: int, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The url of the tables, and the program that runs the query by hand."""
    if engine == "duckdb":
        import duckdb

        file = folder / f"{exposures}.db"
        if not file.exists():
            with duckdb.connect(
                str(file), config={"temp_directory": str(folder), "memory_limit": "1GB"}
            ) as connection:
                connection.execute(filling(engine, exposures))
        program = (
            "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True, config={'memory_limit': '600MB', "
            "'temp_directory': sys.argv[3]}); print(*c.execute(sys.argv[2]).fetchall(), sep='\\n')"
        )
        yield f"duckdb:///{file.name}", [sys.executable, "-c", program, str(file), BY_HAND, str(folder)]
        return
    from tests.sources.engines import postgres_server

    with postgres_server() as url:
        import psycopg

        plain = url.replace("postgres://", "postgresql://")
        with psycopg.connect(plain, autocommit=True) as connection:
            for statement in filling(engine, exposures).split(";")[:-1]:
                connection.execute(statement)
            connection.execute("VACUUM ANALYZE exposures, events")
        program = (
            "import psycopg, sys; c = psycopg.connect(sys.argv[1]); c.execute('SET enable_nestloop = off'); c.execute('SET jit = off'); "
            "print(*c.execute(sys.argv[2]).fetchall(), sep='\\n')"
        )
        yield url, [sys.executable, "-c", program, plain, BY_HAND]


def cost_of(command: list[str], folder: Path, server: str) -> Cost:
    """Of one process, and of what it makes a server do."""
    before = server_seconds(server)
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit((folder / "said").read_text())
    return Cost(usage.ru_utime + usage.ru_stime + server_seconds(server) - before, usage.ru_maxrss / 1000)


def server_seconds(server: str) -> float:
    """CPU of a PostgreSQL server so far: of its first process, and of its children that ended."""
    if not server:
        return 0.0
    folder = next(Path("/tmp").glob("egp-pg-*/data/postmaster.pid"))
    ticks = Path("/proc", folder.read_text().split()[0], "stat").read_text().rpartition(")")[2].split()[11:15]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def compared(engine: str, exposures: int, runs: int, folder: Path) -> str:
    """A line of the table."""
    for name, content in (("plan.yaml", PLAN), ("egp.yaml", POLICY), ("results.yaml", RESULTS)):
        (folder / name).write_text(content)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    with database(engine, exposures, folder) as (url, by_hand):
        gate = [sys.executable, "-m", "egp", "gate", "plan.yaml", "--results", "results.yaml", "--to", "70%",
                "--source", url]  # fmt: skip
        server = url if engine == "postgres" else ""
        found: dict[str, list[Cost]] = {"gate": [], "by hand": []}
        for _ in range(runs):
            for name, command in (("by hand", by_hand), ("gate", gate)):
                found[name].append(cost_of(command, folder, server))
    cpu = {name: statistics.median(each.cpu for each in costs) for name, costs in found.items()}
    memory = max(each.memory for each in found["gate"])
    return (
        f"| {engine} | {exposures:,} | {cpu['by hand']:.1f} | {cpu['gate']:.1f} | {cpu['gate'] / cpu['by hand']:.2f} × "
        f"| {memory:,.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.warehouse")
    parser.add_argument("--engine", choices=("duckdb", "postgres"), default="duckdb")
    parser.add_argument("--exposures", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="folder for the tables, to be used again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="egp-") as temporary:
        folder = (options.keep or Path(temporary)).resolve()
        folder.mkdir(exist_ok=True)
        print("| engine | exposures | by hand, CPU s | egp gate, CPU s | ratio | egp gate, MB |")
        print(compared(options.engine, options.exposures, options.runs, folder))


if __name__ == "__main__":
    main()
