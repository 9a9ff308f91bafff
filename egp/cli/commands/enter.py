"""egp enter: judge again, and write the stage that is entered into the ledger."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.options import add_policy, day, now, policy_and_plans

if TYPE_CHECKING:
    from egp.gate.call import Call
    from egp.gate.judgement import GateJudgement
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from egp.cli.arguments.gate import add_moment
    from egp.cli.arguments.warehouse import add_source

    parser.epilog = (
        "The gate judges again, and nothing is written unless it says proceed: what was let through at a merge may have "
        "to wait at the deployment. Exit status as of egp gate."
    )
    parser.add_argument("plan", metavar="PLAN", help="the plan's file")
    step = parser.add_mutually_exclusive_group(required=True)
    step.add_argument(
        "--to",
        metavar="STAGE",
        help="stage that is entered: a treated share of the ramp such as 70%%, or test",
    )
    step.add_argument(
        "--lower-to", metavar="SHARE", help="share that is served from now on, lower than before"
    )
    step.add_argument("--rollback", action="store_true", help="the treatment is withdrawn")
    parser.add_argument("--results", metavar="FILE", help="results of the experiment, for --to")
    parser.add_argument("--receipt", metavar="FILE", help="write the decision record, for --to")
    parser.add_argument("--reason", default="", help="why, for --lower-to, --rollback and --emergency")
    parser.add_argument(
        "--emergency",
        action="store_true",
        help="enter --to without the gate: a waiver, which every page shows until --expires",
    )
    parser.add_argument("--approver", default="", metavar="WHO", help="who approved the emergency")
    parser.add_argument("--role", default="", metavar="ROLE", help="the role in which they did")
    parser.add_argument("--ticket", default="", metavar="TEXT", help="where it was discussed")
    parser.add_argument("--expires", type=day, metavar="DATE", help="the last day on which it holds")
    parser.add_argument("--variant", default="", metavar="ID", help="the treatment, of a plan with several")
    parser.add_argument(
        "--treatment-revision", default="", metavar="BUILD", help="the build that is about to be served"
    )
    add_source(parser)
    add_moment(parser)
    add_policy(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.record.lock_error import LockError

    try:
        if options.emergency:
            return _raise(options)
        return _enter(options) if options.to else _lower(options)
    except LockError as error:
        terminal.print_failures(error.failures)
        return terminal.COULD_NOT_JUDGE


def _enter(options: argparse.Namespace) -> int:
    from egp.cli.commands.gate import commit_of_head
    from egp.gate import receipt
    from egp.gate.call import Call, CannotJudge
    from egp.gate.judgement import judge
    from egp.gate.page import page
    from egp.output.page import text
    from egp.record.ledger import digest_of

    if not options.results or not options.receipt:
        raise terminal.Stop("a stage is entered by a receipt", "add --results FILE and --receipt FILE")
    policy, finder = policy_and_plans(options, [options.plan])
    call = Call(
        options.plan,
        options.results,
        options.to,
        as_of=options.as_of,
        now=now(policy.timezone),
        treatment_revision=options.treatment_revision,
        variant=options.variant,
        policy=options.policy or "",
        source=options.source,
        commit=commit_of_head(),
        frozen=receipt.remembered(options.receipt),
    )
    try:
        judgement = judge(call, finder, policy)
    except CannotJudge as error:
        terminal.print_failures(error.failures)
        terminal.write_file(
            options.receipt, receipt.written_for_failure(call, error.failures, error.experiment, error.known)
        )
        return terminal.COULD_NOT_JUDGE
    written = receipt.written(judgement)
    terminal.write_file(options.receipt, written)
    terminal.write_out(text.render(page(judgement), terminal.style(sys.stdout)))
    if judgement.decision.verdict == "proceed":
        _write(judgement, call, finder, policy, digest_of(written.encode("utf-8")))
    return judgement.decision.exit_status


def _write(judgement: GateJudgement, call: Call, finder: PlanFinder, policy: Policy, receipt: str) -> None:
    from egp.gate.action import share_asked
    from egp.plan.results import stage_name

    readout = judgement.readout
    share = share_asked(judgement)
    entry = {
        "kind": "enter",
        "stage": readout.move.name,
        "treated": stage_name(share or 0.0),
        "variant": readout.treatment,
        "at": readout.as_of.isoformat(),
        "commit": call.commit,
        "verdict": judgement.decision.verdict,
        "receipt": receipt,
        "judged": readout.as_of.isoformat(),
        **({"as_if": True} if readout.as_if else {}),
    }
    _append(finder, policy, readout.plan.name, entry)


def _raise(options: argparse.Namespace) -> int:
    """A stage without the gate's word, for which somebody answers, until a day."""
    from egp.cli.commands.gate import commit_of_head
    from egp.cli.commands.requested import one_plan
    from egp.gate.emergency import objections_to
    from egp.gate.move import MoveError, move_to
    from egp.plan.completing import read_plan
    from egp.plan.digest import plan_digest
    from egp.plan.quantity import as_day, share
    from egp.record.emergencies import Emergency

    if not options.to or options.expires is None:
        raise terminal.Stop(
            "an emergency raises to a stage, until a day", "add --to STAGE and --expires DATE"
        )
    policy, finder = policy_and_plans(options, [options.plan])
    ((source, document),) = one_plan(options.plan, finder, "egp enter PLAN --to STAGE --emergency")
    plan = read_plan(document)[0]
    instant = options.as_of if hasattr(options.as_of, "hour") else now(policy.timezone)
    try:
        stage = move_to(plan, options.to).name
    except MoveError as error:
        raise terminal.Stop(str(error), error.advice) from None
    if not stage.endswith("%"):
        raise terminal.Stop(
            f"{stage} is no stage of the ramp", "an emergency raises to a share that the ramp has"
        )
    raised = Emergency(
        0, share(stage), stage, as_day(instant), options.reason, options.ticket, options.approver, options.role,
        options.expires, plan_digest(plan), is_settled=False,
    )  # fmt: skip
    against = list(objections_to(raised, plan, policy, source.in_policy, as_day(instant)))
    if against:
        raise terminal.Stop(f"the emergency is not approved: {'; '.join(against)}", "nothing is written")
    entry = {
        "kind": "enter",
        "stage": stage,
        "treated": stage,
        "at": instant.isoformat(),
        "commit": commit_of_head(),
        "reason": options.reason,
        "ticket": options.ticket,
        "approver": options.approver,
        "role": options.role,
        "expires": options.expires,
        "digest": raised.digest,
    }
    _append(finder, policy, plan.name, entry)
    terminal.say([raised.sentence(as_day(instant))])
    return 0


def _lower(options: argparse.Namespace) -> int:
    """Fewer units, or none: no gate is in the way, and everybody can read it."""
    from egp.cli.commands.gate import commit_of_head
    from egp.plan.quantity import QuantityError, share
    from egp.plan.results import stage_name
    from egp.policy.locate import lock_folder
    from egp.record.ledger import read_ledger

    policy, finder = policy_and_plans(options, [options.plan])
    name = _experiment(options, finder)
    served = read_ledger(lock_folder(finder.folder, policy.home), name).share
    try:
        lower = 0.0 if options.rollback else share(options.lower_to)
    except QuantityError as error:
        raise terminal.Stop(f"--lower-to {options.lower_to}: {error}", error.advice) from None
    if not options.rollback and (served is None or lower >= served):
        now_at = "no stage was entered" if served is None else f"the ledger is at {stage_name(served)}"
        raise terminal.Stop(
            f"{stage_name(lower)} is not lower: {now_at}", "egp enter PLAN --to STAGE enters a stage"
        )
    instant = options.as_of if hasattr(options.as_of, "hour") else now(policy.timezone)
    entry = {
        "kind": "rollback" if options.rollback else "lower",
        "stage": stage_name(lower),
        "treated": stage_name(lower),
        "at": instant.isoformat(),
        "commit": commit_of_head(),
        "reason": options.reason,
    }
    _append(finder, policy, name, entry)
    return 0


def _experiment(options: argparse.Namespace, finder: PlanFinder) -> str:
    from egp.cli.commands.requested import one_plan
    from egp.plan.experiment import read_experiment

    names = [
        read_experiment(each.value)[0].name for _, each in one_plan(options.plan, finder, "egp enter PLAN")
    ]
    if len(names) != 1 or not names[0]:
        raise terminal.Stop("the file has not one plan", "name a file with one plan")
    return names[0]


def _append(finder: PlanFinder, policy: Policy, name: str, entry: Mapping[str, object]) -> None:
    from egp.policy.locate import lock_folder
    from egp.record.ledger import append
    from egp.yaml.files import shown_path

    root = lock_folder(finder.folder, policy.home)
    path = append(root, name, entry)
    terminal.say([f"wrote {shown_path(os.path.join(root, path))}: commit it"])
