"""egp amend: declare a change of a registered plan."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.options import add_policy, day
from egp.cli.commands.pinning import pinned

if TYPE_CHECKING:
    from egp.advice.register import RegistrationOutcome
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder, PlanSource


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", metavar="PLAN", help="the plan, with its change already made")
    parser.add_argument("--reason", metavar="TEXT", help="why the plan changes; prompted for when missing")
    parser.add_argument("--approver", metavar="WHO", help="who approved it; prompted for when missing")
    parser.add_argument(
        "--data-access",
        metavar="ACCESS",
        help="what was known of the results then: nothing_run, no_results_seen or results_seen",
    )
    add_policy(parser)
    parser.add_argument(
        "--on",
        "--as-of",
        dest="as_of",
        type=day,
        metavar="DATE",
        help="day of the amendment (default: today)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.advice.amend import StatementError, amend, stated

    ask = _ask if sys.stdin.isatty() and sys.stderr.isatty() else None
    try:
        statement = stated(options.reason, options.approver, options.data_access, ask)
    except StatementError as error:
        raise terminal.Stop(str(error), error.help) from None

    def verb(
        sources: list[PlanSource], finder: PlanFinder, policy: Policy, as_of: date
    ) -> RegistrationOutcome:
        return amend(sources, finder, policy, as_of, statement)

    return pinned(options, [options.plan], verb)


def _ask(question: str) -> str:
    answer = terminal.answer_to(question)
    if not answer:
        raise terminal.Stop("the questions are not answered, and nothing is amended")
    return answer
