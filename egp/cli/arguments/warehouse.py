"""Options of the commands that query a warehouse."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from egp.record.sources.warehouse.asking import Asking

HOW = ("show_sql", "dry_run", "time_limit", "byte_limit")
"""Options that say how a warehouse is queried."""


def add_warehouse(parser: argparse.ArgumentParser, computes: str = "rows") -> None:
    """Which warehouse, and how it is queried."""
    add_source(parser, computes)
    parser.add_argument(
        "--show-sql", action="store_true", help="print every query to standard error before it is sent"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print the queries, send none and judge nothing; ends with 2"
    )
    parser.add_argument(
        "--time-limit", type=_duration, metavar="TIME", help="of all queries together, such as 10min"
    )
    parser.add_argument(
        "--byte-limit",
        type=_count,
        metavar="BYTES",
        help="of what a query may read, such as 20B for 20 billion",
    )


def add_source(parser: argparse.ArgumentParser, computes: str = "rows") -> None:
    """Where it is computed."""
    parser.add_argument(
        "--source",
        default="",
        metavar="URL",
        help=f"warehouse to compute {computes} in, such as duckdb:///warehouse.db, env:VARIABLE or entry-point:NAME",
    )


def asking(options: argparse.Namespace) -> Asking:
    """How the options would have the warehouse queried."""
    from egp.record.sources.warehouse.asking import Asking

    show = _show if options.show_sql or options.dry_run else None
    return Asking(show, options.dry_run, options.time_limit, options.byte_limit)


def _show(query: str) -> None:
    from egp.output.report.text import printable

    print("\n".join(map(printable, query.splitlines())), file=sys.stderr)


def _duration(text: str) -> object:
    from egp.plan.quantity import duration

    return quantity(duration, text)


def _count(text: str) -> object:
    from egp.plan.quantity import count

    return quantity(count, text)


def quantity(parse: Callable[[object], object], text: str) -> object:
    """A quantity of a plan as an option's value."""
    from egp.plan.quantity import QuantityError

    try:
        return parse(text)
    except QuantityError as error:
        raise argparse.ArgumentTypeError(f"{error}; {error.advice}") from None
