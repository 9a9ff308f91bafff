"""Makes the warehouse of the shop: 300,000 users over fifteen weeks, with the experiment of the plan in the last of them.

    python examples/shop/warehouse.py [--users 300000] [--seed 20230123] [FILE]

What makes real numbers differ from those of a textbook is in it. Users come back, some far more often than others, and new
ones arrive. More of them come at weekends, and buy more then. Revenue is skewed. Refunds come late, some after the outcome
window. Page loads of a user resemble each other. Some events lack their user, some exposures are logged twice, a few users
are served both variants. In the experiment the Buy Now button lifts the add-to-cart rate by 5 %, and nothing else.
"""

from __future__ import annotations

import argparse
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa

ZONE = ZoneInfo("America/Los_Angeles")
FIRST, LAST = date(2022, 10, 31), date(2023, 2, 14)
EXPERIMENT, BEGIN, END = "mobile-buy-now", date(2023, 1, 23), date(2023, 2, 5)
LIFT = 0.05
"""Of the add-to-cart rate, by the treatment."""
WEEK = (0.92, 0.90, 0.92, 0.97, 1.05, 1.15, 1.09)
"""How many visits a day has, from Monday on."""
WEEKEND_BUYS = 1.10
"""How much more often a visit at the weekend ends in the cart."""

TABLES = """
CREATE TABLE events (user_id BIGINT, name VARCHAR, device VARCHAR, happened_at TIMESTAMP);
CREATE TABLE orders (user_id BIGINT, ordered_at TIMESTAMP, amount DECIMAL(10, 2), items INTEGER, status VARCHAR, is_test BOOLEAN);
CREATE TABLE page_loads (user_id BIGINT, load_ms DOUBLE, loaded_at TIMESTAMP);
CREATE TABLE exposures (user_id BIGINT, experiment VARCHAR, variant VARCHAR, exposed_at TIMESTAMP, ds DATE);
"""

Column = Any


class Users:
    """What a user is, drawn once."""

    def __init__(self, draw: np.random.Generator, count: int) -> None:
        days = (LAST - FIRST).days + 1
        self.visits = draw.gamma(0.9, 0.22, count) + 0.03
        self.since = np.where(draw.random(count) < 0.6, 0, draw.integers(0, days, count))
        self.is_mobile = draw.random(count) < 0.8
        self.carts = draw.beta(1.5, 10.5, count)
        self.buys = draw.beta(1.2, 15.0, count)
        self.spends = draw.lognormal(3.4, 0.5, count)
        self.waits = draw.normal(0.0, 0.35, count)
        self.is_in = draw.random(count) < 0.9
        self.is_treated = draw.random(count) < 0.5


def microseconds(day: date) -> int:
    """The beginning of a day in Los Angeles, since 1970."""
    return int(datetime.combine(day, time(0), ZONE).timestamp() * 1e6)


def visits_of(draw: np.random.Generator, users: Users, day: date) -> tuple[Column, Column]:
    """Who comes, and when."""
    due = users.visits * WEEK[day.weekday()] * (users.since <= (day - FIRST).days)
    who = np.repeat(np.arange(len(due)), draw.poisson(due))
    begin, end = microseconds(day), microseconds(day + timedelta(days=1))
    return who, begin + (draw.beta(2.6, 1.7, len(who)) * (end - begin)).astype(np.int64)


def instants(values: Column) -> pa.Array:
    return pa.array(values, pa.timestamp("us"))


def write_day(
    connection: duckdb.DuckDBPyConnection, draw: np.random.Generator, users: Users, day: date
) -> None:
    who, at = visits_of(draw, users, day)
    is_mobile = users.is_mobile[who] ^ (draw.random(len(who)) < 0.1)
    in_test = BEGIN <= day <= END
    sees_button = in_test & is_mobile & users.is_in[who] & users.is_treated[who]
    more = np.where(sees_button, 1 + LIFT, 1.0) * (WEEKEND_BUYS if day.weekday() > 4 else 1.0)
    carts = draw.random(len(who)) < users.carts[who] * more
    minute = 60_000_000

    def events(name: str, chosen: Column, later: Column | int = 0) -> None:
        user = who[chosen]
        lost = draw.random(len(user)) < 0.0002
        happened = pa.table({  # noqa: F841
            "user_id": pa.array(user + 1, mask=lost), "name": pa.array([name] * len(user), pa.string()),
            "device": np.where(is_mobile[chosen], "mobile", "desktop"), "happened_at": instants(at[chosen] + later),
        })  # fmt: skip
        connection.execute("INSERT INTO events SELECT * FROM happened")

    events("pdp_view", np.ones(len(who), bool))
    events("add_to_cart", carts, draw.integers(1, 5, int(carts.sum())) * minute)
    buys = draw.random(len(who)) < users.buys[who] * (WEEKEND_BUYS if day.weekday() > 4 else 1.0)
    count = int(buys.sum())
    ordered = pa.table({  # noqa: F841
        "user_id": who[buys] + 1, "ordered_at": instants(at[buys] + 8 * minute),
        "amount": np.round(users.spends[who[buys]] * draw.lognormal(0.0, 0.6, count), 2),
        "items": (1 + draw.poisson(0.8, count)).astype(np.int32),
        "status": np.where(draw.random(count) < 0.97, "paid", "cancelled"),
        "is_test": draw.random(count) < 0.002,
    })  # fmt: skip
    connection.execute("INSERT INTO orders SELECT * FROM ordered")
    refunds = buys & (draw.random(len(who)) < 0.25)
    # Most within a week of the order, one in eight later.
    events("refund", refunds, (draw.gamma(2.0, 1.9, int(refunds.sum())) * 1440).astype(np.int64) * minute)
    contacts = draw.random(len(who)) < 0.012
    events("cs_contact", contacts, draw.integers(1, 90, int(contacts.sum())) * minute)

    loads = np.repeat(np.arange(len(who)), 1 + draw.poisson(1.0, len(who)))
    loaded = pa.table({  # noqa: F841
        "user_id": who[loads] + 1,
        "load_ms": np.round(np.exp(6.55 + users.waits[who[loads]] + draw.normal(0.0, 0.5, len(loads))), 1),
        "loaded_at": instants(at[loads] + draw.integers(0, 10 * minute, len(loads))),
    })  # fmt: skip
    connection.execute("INSERT INTO page_loads SELECT * FROM loaded")
    if in_test:
        write_exposures(connection, draw, users, who[is_mobile], at[is_mobile], day)


def write_exposures(
    connection: duckdb.DuckDBPyConnection,
    draw: np.random.Generator,
    users: Users,
    who: Column,
    at: Column,
    day: date,
) -> None:
    """Each visit of a mobile user in the test; one in a thousand is logged twice, some of one in 20,000 under the other variant."""
    who, at = who[users.is_in[who]], at[users.is_in[who]]
    twice = np.flatnonzero(draw.random(len(who)) < 0.001)
    who, at = np.concatenate([who, who[twice]]), np.concatenate([at, at[twice]])
    treated = users.is_treated[who] ^ ((who % 20_000 == 7) & (draw.random(len(who)) < 0.5))
    served = pa.table({  # noqa: F841
        "user_id": who + 1, "experiment": pa.array([EXPERIMENT] * len(who), pa.string()),
        "variant": np.where(treated, "buy_now", "control"), "exposed_at": instants(at),
        "ds": pa.array([day] * len(who), pa.date32()),
    })  # fmt: skip
    connection.execute("INSERT INTO exposures SELECT * FROM served")


def write(path: Path, users: int = 300_000, seed: int = 20230123) -> None:
    """The warehouse in a new file: the same seed and the same number of users give the same rows."""
    path.unlink(missing_ok=True)
    draw = np.random.default_rng(seed)
    drawn = Users(draw, users)
    with duckdb.connect(str(path)) as connection:
        connection.execute(TABLES)
        for number in range((LAST - FIRST).days + 1):
            write_day(connection, draw, drawn, FIRST + timedelta(days=number))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python examples/shop/warehouse.py")
    parser.add_argument("file", nargs="?", type=Path, default=Path("shop.db"))
    parser.add_argument("--users", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=20230123)
    options = parser.parse_args()
    write(options.file, options.users, options.seed)
