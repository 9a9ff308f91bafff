"""egp rehearse: the plan on its population's past, without a treatment, day by day through the gate."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.from_history import from_history
from egp.cli.commands.options import add_policy, day, policy_and_plans
from egp.cli.commands.paging import add_format, asked_format, deliver, shown

if TYPE_CHECKING:
    from datetime import date

    from egp.advice.rehearsal.rehearse import Rehearsal
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanSource
    from egp.record.sources.warehouse.asking import Queried

RUNS, LIVES, WATCHED = 500, 7, 14
MOST_RUNS, MOST_LIVES, MOST_WATCHED = 100_000, 100, 366


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from egp.cli.arguments.warehouse import add_warehouse

    parser.description = (
        "Reads from a warehouse what the plan's population did, as if the experiment had begun on other days of the past, splits it at "
        "random without a treatment, and takes every split through the gate, day by day. Prints how often the plan ships nothing, "
        "rolls back or holds what is harmless, and what it finds, beside what the plan computes."
    )
    parser.add_argument("plan", metavar="PLAN", help="the plan's file")
    add_warehouse(parser, "what is rehearsed")
    parser.add_argument(
        "--as-of", type=day, metavar="DATE", help="rehearse on what is over by this day (default: today)"
    )
    parser.add_argument(
        "--runs",
        type=_count(1, MOST_RUNS),
        default=RUNS,
        metavar="N",
        help=f"random splits (default: {RUNS})",
    )
    parser.add_argument(
        "--lives", type=_count(1, MOST_LIVES), default=LIVES, metavar="N",
        help=f"starts in the past, of which each takes a query a stage (default: {LIVES})",
    )  # fmt: skip
    parser.add_argument(
        "--watch", type=_count(1, MOST_WATCHED), default=WATCHED, metavar="DAYS",
        help=f"days for which the last stage is watched (default: {WATCHED})",
    )  # fmt: skip
    parser.add_argument(
        "--seed",
        type=_count(0, 2**31),
        default=1,
        metavar="N",
        help="what the splits are drawn from (default: 1)",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="end with 1 where anything is worse than the plan computes, for CI",
    )
    add_policy(parser)
    add_format(parser, "json")
    parser.set_defaults(run=run)


def _count(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        plain = text.replace("_", "")
        if not plain.isascii() or not plain.isdigit() or not least <= int(plain) <= most:
            raise argparse.ArgumentTypeError(f"{text} is no whole number from {least:,} to {most:,}")
        return int(plain)

    return parse


def run(options: argparse.Namespace) -> int:
    if not options.source:
        raise terminal.Stop(
            "no warehouse to rehearse in", "egp rehearse PLAN --source duckdb:///warehouse.db"
        )
    policy, finder = policy_and_plans(options, [options.plan])
    from egp.advice.rehearsal.rehearse import RehearsalRequest, rehearse

    def rehearsed(source: PlanSource, warehouse: Queried, as_of: date) -> Rehearsal:
        call = RehearsalRequest(warehouse, as_of, options.runs, options.lives, options.watch, options.seed)
        return rehearse(source, finder, policy, call)

    found = from_history(options, policy, finder, ("rehearsing", "rehearsed"), rehearsed)
    if found is None:
        return terminal.COULD_NOT_JUDGE
    return _told(options, found, policy)


def _told(options: argparse.Namespace, found: Rehearsal, policy: Policy) -> int:
    from egp.pages.rehearsed import json
    from egp.pages.rehearsed.page import page

    is_json = asked_format(options, "json") == "json"
    deliver(json.render(found, policy) if is_json else shown(page(found, policy), options), options)
    return 1 if options.check and found.is_off else 0
