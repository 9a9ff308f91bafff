"""The SQL of engines that the tests do not run, as it is generated for a plan with a metric of every kind.

python -m tests.sources.goldens --write
"""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import sqlglot
from ibis.backends.sql import compilers

from egp.plan.analysis.days import time_zone
from egp.plan.quantity import Interval
from egp.record.sources.stages import StageDays
from egp.record.sources.warehouse.asking import PLAINLY
from egp.record.sources.warehouse.connection import Session
from egp.record.sources.warehouse.instants import StageClock
from egp.record.sources.warehouse.measures import measures
from egp.record.sources.warehouse.opened import opened
from egp.record.sources.warehouse.quantiles import QuantileQuery, Ranked
from egp.record.sources.warehouse.units import StageUnits, SumsQuery
from tests.sources.warehouse_of_kinds import TABLES, plan

FOLDER = Path(__file__).parent / "golden"
ENGINES = ("bigquery", "snowflake", "databricks", "trino")

SCHEMAS = {
    "exposures": {"user_id": "string", "experiment": "string", "variant": "string", "served_at": "timestamp('UTC')",
                  "is_new": "boolean", "device": "string", "ds": "date"},
    "events": {"user_id": "string", "name": "string", "happened_at": "timestamp('UTC')", "value": "float64", "ds": "date"},
}  # fmt: skip


class NoEngine:
    """Tables without a warehouse."""

    name = "none"

    def table(self, name: str, database: str | None) -> Any:
        assert database is None
        return ibis.table(SCHEMAS[name], name=name)


def queries() -> dict[str, Any]:
    """The queries about the first three days of the plan, which are like those of all days."""
    zone = time_zone("America/Los_Angeles")
    assert zone is not None
    days = Interval(date(2023, 3, 11), date(2023, 3, 13))
    clock = StageClock(StageDays("test", days), zone, date(2023, 3, 14))
    tables = opened(Session("", NoEngine(), PLAINLY), TABLES)
    found, left_out = measures(plan(), TABLES)
    assert not left_out
    units = StageUnits("every-kind", clock, tables)
    (quantile,) = (each for each in found if each.id == "p90_page_load")
    of_quantile = QuantileQuery(units, quantile)
    ranked = {
        (window, number, variant): Ranked(Decimal("1900.5"), 1000, 300, 880, 921)
        for window, number in (("total", 0), ("day", 1))
        for variant in ("buy_now", "control")
    }
    return {
        "sums": SumsQuery(units, found).sums(),
        "quantiles": of_quantile.first(),
        "order statistics": of_quantile.second(ranked),
        "incomplete exposures": tables.incomplete_exposures("every-kind", clock),
        "incomplete events": tables.incomplete_events(found, clock),
    }


def sql(engine: str) -> str:
    compiler = getattr(compilers, engine).compiler
    parts = [
        f"-- {name}\n{compiler.to_sqlglot(query).sql(dialect=compiler.dialect, pretty=True)};\n"
        for name, query in queries().items()
    ]
    return "\n".join(parts)


def parsed(engine: str, text: str) -> list[Any]:
    return [each for each in sqlglot.parse(text, dialect=getattr(compilers, engine).compiler.dialect) if each]


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    for name in ENGINES:
        (FOLDER / f"{name}.sql").write_text(sql(name), encoding="utf-8")
