"""Options of ``egp gate``."""

from __future__ import annotations

import argparse

FORMATS = ("text", "json", "markdown", "github")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options, other than ``--policy``."""
    parser.add_argument("plan", nargs="?", metavar="PLAN", help="the plan's file")
    parser.add_argument(
        "--results", metavar="FILE", help="results of the experiment: YAML with its aggregates"
    )
    parser.add_argument(
        "--source",
        default="",
        metavar="URL",
        help="warehouse to compute rows in, such as duckdb:///warehouse.db",
    )
    move = parser.add_mutually_exclusive_group()
    move.add_argument(
        "--to", metavar="STAGE", help="stage to enter: a treated share of the ramp such as 70%%, or test"
    )
    move.add_argument("--monitor", action="store_true", help="judge the stage in which the treatment is")
    move.add_argument("--replay", metavar="FILE", help="judge again what a receipt records, and compare")
    parser.add_argument(
        "--as-of",
        type=_moment,
        metavar="INSTANT",
        help="judge as if it were this day or instant, which opens nothing (default: now)",
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
    parser.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FORMAT=FILE",
        help="write a further report; may be repeated",
    )
    parser.add_argument("--receipt", metavar="FILE", help="write the decision record")


def _moment(text: str) -> object:
    from egp.plan.quantity import QuantityError, moment

    try:
        return moment(text)
    except QuantityError as error:
        raise argparse.ArgumentTypeError(f"{error}; {error.advice}") from None
