"""egp baseline: record what is found on the day of adoption, and from then on take out what no longer applies."""

from __future__ import annotations

import argparse

from egp.cli.commands import terminal
from egp.cli.commands.options import add_policy, day, judging_day, policy_and_plans
from egp.cli.commands.requested import requested_plans
from egp.yaml.files import shown_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Without --start, takes out of the baseline what the plans no longer violate, and adds nothing. The baseline "
        "lies beside the policy, as egp-baseline.yaml."
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="plans or folders; none for the policy's plans"
    )
    parser.add_argument(
        "--start", action="store_true", help="record what is found today, where there is no baseline"
    )
    add_policy(parser)
    parser.add_argument("--as-of", type=day, metavar="DATE", help="judge as of this day (default: today)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.advice.baseline import BaselineError, baseline_lines, shrink, start

    if "-" in options.paths:
        raise terminal.Stop("a baseline is of files, not of standard input", "name the plans")
    policy, finder = policy_and_plans(options, options.paths)
    sources = requested_plans(options, policy, finder)
    verb = start if options.start else shrink
    try:
        outcomes = [
            verb(group, finder, judge, judging_day(options.as_of, judge.timezone))
            for judge, group in finder.by_policy(sources, policy)
        ]
    except BaselineError as error:
        raise terminal.Stop(str(error), error.help) from None
    except OSError as error:
        raise terminal.Stop(f"cannot write {shown_path(str(error.filename))}: {error.strerror}") from None
    failures = dict.fromkeys(failure for outcome in outcomes for failure in outcome.failures)
    if failures or not outcomes:
        terminal.print_failures([*failures, *(() if outcomes else finder.failures)])
        raise terminal.Stop("the baseline is as it was")
    for outcome in outcomes:
        terminal.say(baseline_lines(outcome, shown_path(outcome.path)))
    unread = [each for outcome in outcomes for each in outcome.unread]
    terminal.print_failures(unread)
    return 2 if unread else 0
