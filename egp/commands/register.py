"""egp register: pin plans that pass."""

from __future__ import annotations

import argparse
from datetime import date
from typing import TYPE_CHECKING

from egp.commands.options import add_policy, day
from egp.commands.pinning import pinned

if TYPE_CHECKING:
    from egp.plan_files import PlanFinder, PlanSource
    from egp.policy.model import Policy
    from egp.register import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PLAN", help="plans or folders of plans")
    add_policy(parser)
    parser.add_argument("--as-of", type=day, metavar="DATE", help="day of the registration (default: today)")
    parser.add_argument(
        "--write-date", action="store_true", help="set `registered:` in the plans to that day"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.register import register

    def verb(sources: list[PlanSource], finder: PlanFinder, policy: Policy, as_of: date) -> Outcome:
        return register(sources, finder, policy, as_of, options.write_date)

    return pinned(options, options.paths, verb)
