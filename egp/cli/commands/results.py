"""egp results: rows for the gate from what a platform exports."""

from __future__ import annotations

import argparse
import sys
from datetime import date, datetime
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.options import add_policy, day, judging_day, moment, policy_and_plans
from egp.cli.commands.requested import one_plan

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(title="what", metavar="WHAT", required=True, parser_class=type(parser))
    given = kinds.add_parser("from", help="rows from a file that a platform exports", allow_abbrev=False)
    given.add_argument("platform", metavar="PLATFORM", help="growthbook or statsig")
    given.add_argument("file", metavar="FILE", help="its export: CSV, or the JSON of its API")
    given.add_argument(
        "--plan", metavar="PLAN", required=True, help="the plan whose metrics and variants these are"
    )
    given.add_argument(
        "--through", type=day, metavar="DATE", help="last day that is counted, where the file does not say"
    )
    given.add_argument(
        "--taken", type=moment, metavar="INSTANT", help="when it was exported, where the file does not say"
    )
    given.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="NAME=ID",
        help="what the plan calls a metric or a variant of the file; repeatable",
    )
    given.add_argument(
        "-o", dest="output", metavar="FILE", default="-", help="write this file (default: standard output)"
    )
    add_policy(given)
    given.set_defaults(run=_from_platform)


def _from_platform(options: argparse.Namespace) -> int:
    from egp.advice.platform_rows import results_text, rows_from, sentences
    from egp.advice.platforms import platform
    from egp.plan.finding import HelpfulError

    plan = _plan(options)
    try:
        export = platform(options.platform, "results").results(_text(options.file))
        through, taken = options.through or export.through, _taken(options.taken or export.taken)
        if not isinstance(through, date):
            raise terminal.Stop("the file does not say through which day it counts", "--through DATE says it")
        found = rows_from(export, plan, through, _named(options.name))
        text = results_text(found, plan, f"{options.platform}, {options.file}", taken)
        if options.output != "-":
            from egp.advice.new.files import write_new

            write_new(options.output, text)
    except HelpfulError as error:
        raise terminal.Stop(str(error), error.help) from None
    if options.output == "-":
        terminal.write_out(text)
    sys.stderr.writelines(f"{line}\n" for line in sentences(found))
    return 0


def _taken(stated: date | datetime | None) -> datetime:
    if not isinstance(stated, datetime) or stated.tzinfo is None:
        raise terminal.Stop(
            "the file does not say when it was exported", "--taken says it, as in 2023-02-07T08:00:00-08:00"
        )
    return stated


def _named(stated: list[str]) -> dict[str, str]:
    pairs = [each.rpartition("=") for each in stated]
    if wrong := next(
        (each for each, (name, _, known) in zip(stated, pairs, strict=True) if not name or not known), ""
    ):
        raise terminal.Stop(
            f"--name {wrong} names no id", "write the platform's name, =, and the id of the plan"
        )
    return {name: known for name, _, known in pairs}


def _text(path: str) -> str:
    from egp.yaml.bounds import MAX_BYTES
    from egp.yaml.files import read_regular, shown_path

    try:
        return read_regular(path, MAX_BYTES).decode("utf-8")
    except OSError as error:
        raise terminal.Stop(f"cannot read {shown_path(path)}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise terminal.Stop(
            f"{shown_path(path)} is no text in UTF-8", "export it anew, as CSV or JSON"
        ) from None


def _plan(options: argparse.Namespace) -> Experiment:
    from egp.plan.completing import read_plan
    from egp.policy.resolving import resolved_by_lock
    from egp.record.lock import LockError

    policy, finder = policy_and_plans(options, [options.plan])
    found = list(one_plan(options.plan, finder, "egp results from PLATFORM FILE --plan PLAN"))
    if len(found) != 1:
        raise terminal.Stop(
            f"{options.plan} has {len(found)} plans", "results are of one: name a file with one plan"
        )
    source, document = found[0]
    try:
        plan, problems = read_plan(
            resolved_by_lock(document, source, finder, policy, judging_day(None, policy.timezone))
        )
    except LockError as error:
        terminal.print_failures(error.failures)
        raise terminal.Stop("the lock cannot be read") from None
    if problems:
        raise terminal.Stop(f"{options.plan} cannot be read whole", f"egp check {options.plan} says where")
    return plan
