"""Options of ``egp gate``."""

from __future__ import annotations

import argparse
from collections.abc import Callable

FORMATS = ("text", "json", "markdown", "github")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options, other than ``--policy``."""
    parser.add_argument("plan", nargs="?", metavar="PLAN", help="the plan's file")
    parser.add_argument(
        "--results",
        metavar="FILE",
        help="results of the experiment: YAML with its aggregates; with --base the folder of all results",
    )
    add_source(parser)
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
    move = parser.add_mutually_exclusive_group()
    move.add_argument(
        "--to", metavar="STAGE", help="stage to enter: a treated share of the ramp such as 70%%, or test"
    )
    move.add_argument("--monitor", action="store_true", help="judge the stage in which the treatment is")
    move.add_argument(
        "--base",
        metavar="REF",
        help="judge what changes of what is served since HEAD left this branch or commit",
    )
    move.add_argument("--replay", metavar="FILE", help="judge again what a receipt records, and compare")
    add_moment(parser)
    parser.add_argument(
        "--served",
        metavar="FORMAT=FILE",
        help="with --monitor: an export of what is served now, compared with the ledger",
    )
    parser.add_argument(
        "--treatment-revision", default="", metavar="BUILD", help="the build that is about to be served"
    )
    parser.add_argument(
        "--variant", default="", metavar="ID", help="the treatment to ramp, of a plan with several"
    )
    parser.add_argument(
        "--format", choices=FORMATS, default="text", help="format of the verdict (default: text)"
    )
    parser.add_argument("--receipt", metavar="FILE", help="write the decision record")


def add_source(parser: argparse.ArgumentParser) -> None:
    """Where rows are computed."""
    parser.add_argument(
        "--source",
        default="",
        metavar="URL",
        help="warehouse to compute rows in, such as duckdb:///warehouse.db, env:VARIABLE or entry-point:NAME",
    )


def add_moment(parser: argparse.ArgumentParser) -> None:
    """When it is."""
    parser.add_argument(
        "--as-of",
        type=_moment,
        metavar="INSTANT",
        help="judge as if it were this day or instant, which opens nothing (default: now)",
    )


def _moment(text: str) -> object:
    from egp.plan.quantity import moment

    return _quantity(moment, text)


def _duration(text: str) -> object:
    from egp.plan.quantity import duration

    return _quantity(duration, text)


def _count(text: str) -> object:
    from egp.plan.quantity import count

    return _quantity(count, text)


def _quantity(parse: Callable[[object], object], text: str) -> object:
    from egp.plan.quantity import QuantityError

    try:
        return parse(text)
    except QuantityError as error:
        raise argparse.ArgumentTypeError(f"{error}; {error.advice}") from None
