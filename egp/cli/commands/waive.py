"""egp waive: write an approved waiver into a plan."""

from __future__ import annotations

import argparse

from egp.cli.commands import terminal
from egp.cli.commands.options import add_policy, day, judging_day, policy_and_plans
from egp.yaml.files import shown_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Writes the waiver with the digest of the plan as it is; a material edit of the plan ends it. A waiver of the same "
        "rule is replaced. Who may approve, and for how long, the policy says under `waivers:`."
    )
    parser.add_argument("plan", metavar="PLAN", help="the plan, as it was approved")
    parser.add_argument("rule", metavar="RULE", help="the rule that need not hold")
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why it need not hold this time")
    parser.add_argument("--ticket", metavar="TEXT", required=True, help="where it was discussed")
    parser.add_argument("--approver", metavar="WHO", required=True, help="who approved it")
    parser.add_argument("--role", metavar="ROLE", required=True, help="the role in which they did")
    parser.add_argument("--expires", type=day, metavar="DATE", required=True, help="the last day it holds")
    parser.add_argument("--granted", type=day, metavar="DATE", help="when it was approved (default: today)")
    add_policy(parser)
    parser.add_argument("--as-of", type=day, metavar="DATE", help="judge as of this day (default: today)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.advice.waive import Approval, WaiveError, waive, waiver_lines
    from egp.record.lock_error import LockError

    policy, finder = policy_and_plans(options, [options.plan])
    sources = finder.asked([options.plan])
    as_of = judging_day(options.as_of, policy.timezone)
    if finder.failures or len(sources) != 1:
        terminal.print_failures(finder.failures)
        raise terminal.Stop("a waiver is for one plan", "name its file")
    approval = Approval(
        options.rule,
        options.reason.strip(),
        options.ticket.strip(),
        options.approver.strip(),
        options.role.strip(),
        options.granted or as_of,
        options.expires,
    )
    try:
        outcome = waive(sources[0], finder, policy, as_of, approval)
    except WaiveError as error:
        raise terminal.Stop(str(error), error.help) from None
    except LockError as error:
        terminal.print_failures(error.failures)
        raise terminal.Stop("the plan is as it was") from None
    except OSError as error:
        raise terminal.Stop(f"cannot write {shown_path(str(error.filename))}: {error.strerror}") from None
    if outcome.failures:
        terminal.print_failures(outcome.failures)
        raise terminal.Stop("the plan is as it was")
    terminal.say(waiver_lines(outcome, sources[0].shown))
    grant = outcome.grant
    return 0 if grant and grant.holds and grant.used else 1
