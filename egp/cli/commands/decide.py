"""egp decide: record what was decided, by whom, why and against what."""

from __future__ import annotations

import argparse

from egp.cli.commands import terminal
from egp.cli.commands.options import add_policy, day, judging_day, policy_and_plans

REFUSED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", metavar="PLAN", help="the plan's file")
    parser.add_argument(
        "--option", required=True, metavar="OPTION", help="A, B or C of the brief, or an option of the plan"
    )
    parser.add_argument("--by", required=True, metavar="ROLE", help="role that decided, or who")
    parser.add_argument("--handle", default="", metavar="WHO", help="who, of a role that several hold")
    parser.add_argument("--because", required=True, metavar="TEXT", help="why")
    parser.add_argument(
        "--dissent", default="", metavar="TEXT", help="what somebody held against it before committing to it"
    )
    parser.add_argument("--receipt", metavar="FILE", help="receipt of egp gate that it rests on")
    parser.add_argument("--as-of", type=day, metavar="DATE", help="day of the decision (default: today)")
    add_policy(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.advice.decide import DecisionStatement, decide, decision_lines, receipt_at
    from egp.advice.register import EntryRefused
    from egp.gate.call import CannotJudge
    from egp.record.lock import LockError

    policy, finder = policy_and_plans(options, [options.plan])
    statement = DecisionStatement(
        options.option, options.by, options.because, options.handle, options.dissent
    )
    try:
        sources = finder.asked([options.plan])
        if finder.failures:
            raise CannotJudge(*finder.failures)
        receipt = receipt_at(options.receipt) if options.receipt else None
        recorded = decide(
            sources, finder, policy, judging_day(options.as_of, policy.timezone), statement, receipt
        )
    except (CannotJudge, LockError) as error:
        terminal.print_failures(error.failures)
        raise terminal.Stop("nothing is recorded") from None
    except EntryRefused as refused:
        refusal = refused.refusal
        terminal.complain(f"not recorded: {refusal.path}: {refusal.message}", refusal.help)
        return REFUSED
    terminal.say(decision_lines(recorded))
    return 0
