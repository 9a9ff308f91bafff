"""egp brief: one page for deciding."""

from __future__ import annotations

import argparse

from egp.cli.commands import terminal
from egp.cli.commands.options import add_policy, now, policy_and_plans
from egp.cli.commands.paging import add_format, asked_format, deliver, shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", metavar="PLAN", help="the plan's file")
    parser.add_argument(
        "--results",
        default="",
        metavar="FILE",
        help="results seen so far; without them the launch is decided on",
    )
    parser.add_argument(
        "--audience",
        choices=("team", "exec"),
        default="team",
        help="who reads it: exec has lights and money, and no statistics (default: team)",
    )
    parser.add_argument(
        "--as-of",
        type=_moment,
        metavar="INSTANT",
        help="tell as of this day or instant (default: now)",
    )
    add_policy(parser)
    add_format(parser, "json")
    parser.set_defaults(run=run)


def _moment(text: str) -> object:
    from egp.plan.quantity import QuantityError, moment

    try:
        return moment(text)
    except QuantityError as error:
        raise argparse.ArgumentTypeError(f"{error}; {error.advice}") from None


def run(options: argparse.Namespace) -> int:
    from egp.gate.call import CannotJudge
    from egp.pages.brief.page import brief
    from egp.pages.brief.scene import scene
    from egp.record.lock import LockError

    policy, finder = policy_and_plans(options, [options.plan])
    try:
        asked = scene(
            options.plan,
            options.results,
            finder,
            policy,
            options.as_of,
            now(policy.timezone),
            options.audience,
        )
        made = brief(asked)
    except (CannotJudge, LockError) as error:
        terminal.print_failures(error.failures)
        return terminal.COULD_NOT_JUDGE
    if asked_format(options, "json") == "json":
        from egp.pages.brief.json import render

        deliver(render(asked, made.said), options)
    else:
        deliver(shown(made.page, options), options)
    if made.fault is not None:
        terminal.print_failures([made.fault])
        return terminal.COULD_NOT_JUDGE
    return 0
