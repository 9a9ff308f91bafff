"""Options of ``egp gate``."""

from __future__ import annotations

import argparse

from egp.cli.arguments.warehouse import add_warehouse, quantity

FORMATS = ("text", "json", "markdown", "github", "slack", "teams")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options, other than ``--policy``."""
    parser.add_argument("plan", nargs="?", metavar="PLAN", help="the plan's file")
    parser.add_argument(
        "--results",
        metavar="FILE",
        help="results of the experiment: YAML with its aggregates; with --base the folder of all results",
    )
    add_warehouse(parser)
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

    return quantity(moment, text)
