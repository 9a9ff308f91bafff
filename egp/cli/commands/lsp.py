"""egp lsp: findings, hover, completion and repairs in the editor."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from egp.cli.commands.options import add_policy, judging_day, moment, policy_and_plans
from egp.cli.commands.terminal import Stop
from egp.plan.finding import Failure
from egp.policy.error import PolicyError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from datetime import date

    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "An editor starts this command, and speaks with it over standard input and output."
    add_policy(parser)
    parser.add_argument(
        "--as-of", type=moment, metavar="DATE", help="judge as of this day (default: today, each time)"
    )
    parser.add_argument("--stdio", action="store_true", help="as editors call it; there is no other way")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    try:
        from egp.cli.lsp.server import server_of
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        raise Stop("egp lsp needs pygls", "pip install 'egp[lsp]'") from None
    gc.enable()  # of a process that lasts, unlike all others of egp
    server_of(Options(options)).start_io()
    return 0


class Options:
    """The command line, applied to the folder that the process is in, each time anew."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options

    def policy_and_plans(self, paths: Sequence[str]) -> tuple[Policy, PlanFinder]:
        try:
            return policy_and_plans(self._options, paths)
        except Stop as stop:
            raise PolicyError([Failure("", str(stop), help=stop.help)]) from None

    def day(self, policy: Policy) -> date:
        return judging_day(self._options.as_of, policy.timezone)
