"""egp decide: record what was decided, by whom, why and against what."""

from __future__ import annotations

import argparse

from egp.cli.commands import terminal
from egp.cli.commands.options import add_policy, day, judging_day, policy_and_plans

REFUSED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", metavar="PLAN", help="the plan's file")
    parser.add_argument(
        "--option", default="", metavar="OPTION", help="letter of the brief, or an option of the plan"
    )
    parser.add_argument("--by", default="", metavar="ROLE", help="role that decided, or who")
    parser.add_argument("--handle", default="", metavar="WHO", help="who, of a role that several hold")
    parser.add_argument("--because", default="", metavar="TEXT", help="why")
    parser.add_argument(
        "--dissent", default="", metavar="TEXT", help="what somebody held against it before committing to it"
    )
    parser.add_argument(
        "--overrule",
        nargs=2,
        default=("", ""),
        metavar=("WHO", "WHY"),
        help="who chooses an option that is closed, and why; every later page shows it",
    )
    parser.add_argument(
        "--position", default="", metavar="WHO", help="record what somebody wants, in place of a decision"
    )
    parser.add_argument("--wants", default="", metavar="TEXT", help="with --position: what they want done")
    parser.add_argument(
        "--agrees-if",
        default="",
        metavar="TEXT",
        help="with --position: what it would take for them to agree",
    )
    parser.add_argument(
        "--results", default="", metavar="FILE", help="results by which the gate says what is open"
    )
    parser.add_argument("--receipt", metavar="FILE", help="receipt of egp gate that it rests on")
    parser.add_argument("--as-of", type=day, metavar="DATE", help="day of the decision (default: today)")
    add_policy(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.advice.candidates import EntryRefused
    from egp.advice.decide import (
        DecisionStatement,
        Request,
        decide,
        decision_lines,
    )
    from egp.advice.positions import PositionStatement, hold, position_lines
    from egp.advice.receipts import receipt_at
    from egp.gate.call import CannotJudge
    from egp.record.lock import LockError

    _require_one_thing(options)
    policy, finder = policy_and_plans(options, [options.plan])
    try:
        sources = finder.asked([options.plan])
        if finder.failures:
            raise CannotJudge(*finder.failures)
        receipt = receipt_at(options.receipt) if options.receipt else None
        day = judging_day(options.as_of, policy.timezone)
        request = Request(sources, finder, policy, day, receipt, options.results)
        if options.position:
            held = PositionStatement(
                options.position, options.wants, options.because, options.agrees_if, options.handle
            )
            lines = position_lines(*hold(request, held))
        else:
            statement = DecisionStatement(
                options.option,
                options.by,
                options.because,
                options.handle,
                options.dissent,
                tuple(options.overrule),
            )
            lines = decision_lines(decide(request, statement))
    except (CannotJudge, LockError) as error:
        terminal.print_failures(error.failures)
        raise terminal.Stop("nothing is recorded") from None
    except EntryRefused as refused:
        refusal = refused.refusal
        terminal.complain(f"not recorded: {refusal.path}: {refusal.message}", refusal.help)
        return REFUSED
    terminal.say(lines)
    return 0


def _require_one_thing(options: argparse.Namespace) -> None:
    """A decision has an option and a decider; a position neither."""
    if options.position:
        if options.option:
            raise terminal.Stop(
                "a position is no decision", "give --position or --option, one after the other"
            )
        return
    missing = [name for name in ("option", "by", "because") if not getattr(options, name)]
    if missing:
        said = " and ".join(f"--{name}" for name in missing)
        raise terminal.Stop(
            f"a decision needs {said}", "egp decide --help; --position records what somebody wants"
        )
    if options.wants or options.agrees_if:
        raise terminal.Stop("--wants and --agrees-if belong to a position", "--position says whose")
