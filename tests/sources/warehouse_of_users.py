"""A DuckDB file with a million users, and their aggregates counted without it, in integers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from egp.plan.typed_reader import read
from egp.record.sources.tables import WarehouseTables

USERS = 1_000_000
START = datetime(2023, 1, 23, 8, tzinfo=UTC)
"""Midnight in Los Angeles."""

DAY_SECONDS = 86_400
RUN_DAYS = 14
THROUGH = 14
"""The last whole day before the results, counted from the first day of the run."""

MILLIONTHS = 1_000_000

TABLES = read(
    WarehouseTables,
    {
        "exposures": {"table": "served variants", "unit": "user"},
        "events": {"table": "events", "database": "raw", "unit": "user"},
    },
)

Cells = dict[str, object]
Column = Any


@dataclass(frozen=True)
class Events:
    """One kind of event: who, seconds from the start, and the amount in millionths (None: no amount)."""

    name: str
    user: Column
    second: Column
    millionths: Column | None = None


@dataclass(frozen=True)
class Users:
    treated: Column
    first: Column
    """Seconds from the start to the first exposure."""
    again: Column
    """Seconds to a second exposure."""
    events: tuple[Events, ...]


def drawn_users() -> Users:
    draw = np.random.default_rng(20230123)
    first, again = drawn_exposures(draw, USERS)

    def happened(name: str, share: float, since: int, days: int, with_amount: bool = False) -> Events:
        return drawn_events(draw, first, name, np.full(USERS, share), (since, days), with_amount)

    events = (
        happened("add_to_cart_rate", 0.14, 0, 1),
        happened("add_to_cart_rate", 0.16, -30, 0),
        happened("refund_rate", 0.035, 0, 9),
        happened("cs_contacts", 0.04, -2, 12, with_amount=True),
        happened("conversion_rate", 0.034, 0, 6),
    )
    return Users(draw.random(USERS) < 0.5, first, again, events)


def drawn_exposures(draw: Column, users: int) -> tuple[Column, Column]:
    first = (draw.beta(1.0, 1.6, users) * RUN_DAYS * DAY_SECONDS).astype(np.int64)
    return first, first + draw.integers(1, 9 * DAY_SECONDS, users)


def drawn_events(
    draw: Column, first: Column, name: str, chance: Column, days: tuple[int, int], with_amount: bool = False
) -> Events:
    """What happens to each user with the user's chance, so many days after the first exposure; to a few twice."""
    user = np.flatnonzero(draw.random(len(first)) < chance)
    user = np.concatenate([user, user[: len(user) // 5]])
    second = first[user] + draw.integers(days[0] * DAY_SECONDS, days[1] * DAY_SECONDS, len(user))
    amounts = draw.integers(1, 3 * MILLIONTHS, len(user)) if with_amount else None
    return Events(name, user, second, amounts)


def write_warehouse(path: Path, users: Users) -> None:
    """The users' tables: exposures with a time zone, events without one, in UTC."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA raw")
        connection.execute(
            'CREATE TABLE "served variants" ("user" BIGINT, experiment VARCHAR, variant VARCHAR, exposed_at TIMESTAMPTZ)'
        )
        connection.execute(
            'CREATE TABLE raw.events ("user" BIGINT, event VARCHAR, happened_at TIMESTAMP, value DECIMAL(18, 6))'
        )
        for seconds in (users.first, users.again):
            served = _arrow(np.arange(len(seconds)), seconds, treated=users.treated)  # noqa: F841
            connection.execute(
                "INSERT INTO \"served variants\" SELECT who, 'pdp-buy-now', if(treated, 'buy_now', 'control'), "
                "make_timestamptz(seconds * 1000000) FROM served"
            )
        connection.execute(
            "INSERT INTO \"served variants\" SELECT 7, 'another', 'control', exposed_at FROM \"served variants\" LIMIT 9"
        )
        for each in users.events:
            happened = _arrow(each.user, each.second, millionths=each.millionths)  # noqa: F841
            value = "NULL" if each.millionths is None else "millionths::DECIMAL(18, 6) / 1000000"
            connection.execute(
                f"INSERT INTO raw.events SELECT who, ?, make_timestamp(seconds * 1000000), {value} FROM happened",
                [each.name],
            )


def _arrow(user: Column, second: Column, **more: Column) -> pa.Table:
    columns = {"who": user, "seconds": second + int(START.timestamp())}
    return pa.table(columns | {name: column for name, column in more.items() if column is not None})


def counted(users: Users) -> list[Cells]:
    """The cohort and week rows of the example plan, by counting."""
    rows = []
    for metric, window, history in (
        ("add_to_cart_rate", 0, 28), ("refund_rate", 7, 0), ("cs_contacts", None, 0), ("conversion_rate", None, 0)
    ):  # fmt: skip
        rows += _cohorts(users, metric, window, history)
    for week in (0, 1):
        for metric in ("refund_rate", "cs_contacts"):
            rows += _week(users, metric, week, "")
        rows += _week(users, "add_to_cart_rate", week, "first_week")
    return rows


def _outcome(users: Users, metric: str, since: Column, until: Column) -> Column:
    """Per user, what happened from one second to another: 0 or 1, millionths for contacts."""
    total = np.zeros(len(users.first), dtype=np.int64)
    for each in users.events:
        if each.name == metric:
            inside = (each.second >= since[each.user]) & (each.second < until[each.user])
            inside &= each.second < (THROUGH + 1) * DAY_SECONDS
            amounts = np.ones(len(each.user), dtype=np.int64) if each.millionths is None else each.millionths
            np.add.at(total, each.user[inside], amounts[inside])
    return total if metric == "cs_contacts" else np.minimum(total, 1)


def _cohorts(users: Users, metric: str, window: int | None, history: int) -> list[Cells]:
    day = users.first // DAY_SECONDS
    until = np.full(len(day), np.iinfo(np.int64).max) if window is None else (day + window + 1) * DAY_SECONDS
    y = _outcome(users, metric, users.first, until)
    x = _outcome(users, metric, (day - history) * DAY_SECONDS, day * DAY_SECONDS) if history else None
    rows = []
    for variant, treated in (("control", False), ("buy_now", True)):
        for number in range(RUN_DAYS):
            inside = (users.treated == treated) & (day == number)
            cells = _key("cohort", number, variant, metric)
            rows.append(cells | _sums(y, x, inside, metric) | {"through": _date(THROUGH)})
    return rows


def _week(users: Users, metric: str, week: int, segment: str) -> list[Cells]:
    begin, end = week * 7 * DAY_SECONDS, (week + 1) * 7 * DAY_SECONDS
    y = _outcome(users, metric, np.maximum(users.first, begin), np.full(len(users.first), end))
    active = ((users.first >= begin) & (users.first < end)) | ((users.again >= begin) & (users.again < end))
    if segment:
        active &= users.first < 7 * DAY_SECONDS
    arms = (("control", ~users.treated), ("buy_now", users.treated))
    return [
        _key("week", 7 * week, variant, metric) | _sums(y, None, active & arm, metric) | {"segment": segment}
        for variant, arm in arms
    ]


def _key(window: str, number: int, variant: str, metric: str) -> Cells:
    return {"stage": "test", "window": window, "date": _date(number), "variant": variant, "metric": metric}


def _date(number: int) -> date:
    return date(2023, 1, 23) + timedelta(days=int(number))


def _sums(y: Column, x: Column | None, inside: Column, metric: str) -> Cells:
    unit = MILLIONTHS if metric == "cs_contacts" else 1
    values = y[inside & (y != 0)].tolist()
    sums: Cells = {
        "units": int(inside.sum()),
        "sum": sum(values) / unit,
        "sum_squares": sum(value * value for value in values) / unit**2,
    }
    if x is not None:
        before = x[inside]
        sums |= {
            "covariate_sum": int(before.sum()),
            "covariate_sum_squares": int((before * before).sum()),
            "covariate_cross_sum": int((before * y[inside]).sum()),
        }
    return sums
