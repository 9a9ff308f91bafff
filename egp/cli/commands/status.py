"""egp status: the portfolio as green, yellow and red."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.options import add_policy, moment, now, policy_and_plans
from egp.cli.commands.paging import add_format, asked_format, deliver, shown
from egp.cli.commands.requested import requested_plans

if TYPE_CHECKING:
    from egp.pages.status.portfolio import Status

INCOMPLETE = 2
"""Exit status of a status that is reported although something could not be read or judged."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Exit status 0: reported, whatever the colours. 1: a running experiment has the colour of --fail-on, or a worse one. "
        "2: something could not be read or judged; what could be is reported."
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="plans or folders (default: the policy's plans)"
    )
    parser.add_argument(
        "--results",
        metavar="DIR",
        help="folder or file of results; without any no running experiment is green",
    )
    parser.add_argument(
        "--as-of", type=moment, metavar="INSTANT", help="tell as of this day or instant (default: now)"
    )
    parser.add_argument(
        "--site",
        metavar="DIR",
        help="write pages into a folder as well: an index, one for each experiment, and calendar.ics",
    )
    parser.add_argument(
        "--fail-on",
        choices=("red", "yellow"),
        help="end with 1 if a running experiment is red, or is at least yellow",
    )
    add_policy(parser)
    add_format(parser, "json")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.pages.status import json
    from egp.pages.status.evidence import results_in
    from egp.pages.status.page import page
    from egp.pages.status.portfolio import status

    if options.results and not os.path.exists(options.results):
        raise terminal.Stop(
            f"there is no folder {options.results}", "--results DIR names the folder of results"
        )
    if "-" in options.paths:
        raise terminal.Stop("a status is reported of plans in files", "egp status PATH …")
    policy, finder = policy_and_plans(options, options.paths)
    sources = requested_plans(options, policy, finder)
    folder = results_in(options.results) if options.results else None
    computed = status(sources, finder, policy, folder, options.as_of or now(policy.timezone))
    as_json = asked_format(options, "json") == "json"
    if options.site:
        from egp.cli.commands.status_site import write_site

        write_site(options.site, computed)
    deliver(json.render(computed) if as_json else shown(page(computed), options), options)
    terminal.print_failures(computed.failures)
    if not computed.is_complete:
        return INCOMPLETE
    return int(_is_as_bad_as(computed, options.fail_on))


def _is_as_bad_as(computed: Status, colour: str | None) -> bool:
    """Whether a running experiment has the colour, or a worse one."""
    bad = {"red": ("red",), "yellow": ("red", "yellow")}.get(colour or "", ())
    return any(each.colour in bad for each in computed.of("running"))
