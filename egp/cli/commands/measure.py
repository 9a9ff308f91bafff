"""egp measure: the plan's numbers beside what history says of them."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.from_history import from_history
from egp.cli.commands.options import FORMATS, add_policy, day, policy_and_plans

if TYPE_CHECKING:
    from datetime import date

    from egp.advice.measure import MeasuredPlan
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanSource
    from egp.record.sources.warehouse.asking import Queried


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from egp.cli.arguments.warehouse import add_warehouse

    parser.description = (
        "Reads from a warehouse what the plan's population did, in parts of the past as long as the run, and prints what the plan "
        "declares beside what was measured. The catalogue of metrics says what is measured, and from which tables."
    )
    parser.add_argument("plan", metavar="PLAN", help="the plan's file")
    add_warehouse(parser, "what is measured")
    parser.add_argument(
        "--as-of", type=day, metavar="DATE", help="measure what is over by this day (default: today)"
    )
    parser.add_argument(
        "--parts",
        type=_parts,
        default=2,
        metavar="N",
        help="parts of the past, each as long as the run (default: 2)",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="put the numbers into the plan, comments kept")
    what.add_argument(
        "--check", action="store_true", help="end with 1 where the plan is not what was measured, for CI"
    )
    parser.add_argument(
        "--to-amend",
        action="store_true",
        help="with --write: into a registered plan, too, whose change egp amend then declares",
    )
    parser.add_argument(
        "--format", choices=FORMATS, default="text", help="format of the report (default: text)"
    )
    add_policy(parser)
    parser.set_defaults(run=run)


def _parts(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 50:
        raise argparse.ArgumentTypeError(f"{text} is no number of parts; give 1 to 50")
    return int(text)


def run(options: argparse.Namespace) -> int:
    if not options.source:
        raise terminal.Stop("no warehouse to measure in", "egp measure PLAN --source duckdb:///warehouse.db")
    if options.to_amend and not options.write:
        raise terminal.Stop("--to-amend says nothing without --write", "add --write")
    policy, finder = policy_and_plans(options, [options.plan])
    from egp.advice.measure import MeasureRequest, measure

    def measured(source: PlanSource, warehouse: Queried, as_of: date) -> MeasuredPlan:
        spares = options.write and not options.to_amend
        return measure(source, finder, policy, MeasureRequest(warehouse, as_of, options.parts, spares))

    found = from_history(options, policy, finder, ("measuring", "measured"), measured)
    if found is None:
        return terminal.COULD_NOT_JUDGE
    return _told(options, found, policy)


def _told(options: argparse.Namespace, found: MeasuredPlan, policy: Policy) -> int:
    from egp.advice.measure import write
    from egp.advice.past import PastError
    from egp.output.page import text
    from egp.pages.measured import json
    from egp.pages.measured.page import page

    if options.format == "json":
        terminal.write_out(json.render(found, policy))
    else:
        terminal.write_out(text.render(page(found, policy), terminal.style(sys.stdout)))
    terminal.print_failures(found.failures)
    if found.failures:
        return terminal.COULD_NOT_JUDGE
    if options.write:
        try:
            names = write(found)
        except PastError as error:
            raise terminal.Stop(str(error), error.help) from None
        except OSError as error:
            raise terminal.Stop(f"cannot write {found.source.shown}: {error.strerror}") from None
        if options.format == "text":
            terminal.say([f"wrote {len(names)} numbers into {found.source.shown}"])
        if found.registered:
            sys.stderr.write(
                f"next: egp amend {found.source.shown}, which declares the change of a plan registered on {found.registered}; until then checks reject it, and the gate holds\n"
            )
        return 0
    return 1 if options.check and (found.is_rejected or found.edited) else 0
