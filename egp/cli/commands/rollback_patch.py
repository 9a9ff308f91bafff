"""egp rollback-patch: the agreed rollback as a diff of the flag files, for whoever applies it."""

from __future__ import annotations

import argparse
import os

from egp.cli.commands import terminal
from egp.cli.commands.options import add_policy, policy_and_plans


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "egp writes no flag: the diff goes to standard output, for `git apply`. Exit status 0: every flag of the plan is off "
        "with it. 2: one of them cannot be turned off in its file, and is named."
    )
    parser.add_argument("plan", metavar="PLAN", help="the plan's file")
    add_policy(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from difflib import unified_diff

    from egp.cli.commands.requested import one_plan
    from egp.plan.experiment import read_experiment
    from egp.plan.names import folded
    from egp.plan.quantity import shown
    from egp.policy.locate import lock_folder
    from egp.policy.rollout_files import files_of, read_served
    from egp.record.rollouts.withdrawing import withdrawn
    from egp.yaml.files import real_path

    policy, finder = policy_and_plans(options, [options.plan])
    switches = {
        folded(each)
        for _, document in one_plan(options.plan, finder, "egp rollback-patch PLAN")
        for each in read_experiment(document.value)[0].switches
    }
    served = read_served(policy, finder.folder)
    mine = [each for each in served.rollouts if folded(each.flag.value) in switches]
    if not mine:
        unread = [
            f"{each.path}: {each.reason}" for each in served.unread if folded(each.flag) in {"", *switches}
        ]
        raise terminal.Stop(
            "no rollout file that can be read serves this plan"
            if unread
            else "no rollout file of the policy serves this plan",
            "; ".join(unread[:3]) or "name them under `rollouts:` in the policy",
        )
    root = real_path(lock_folder(finder.folder, policy.home))
    texts = dict(served.texts)
    status = 0
    for rollout in mine:
        if not rollout.is_on:
            continue
        edited = withdrawn(rollout, files_of(texts))
        if edited is None:
            terminal.complain(
                f"{shown(rollout.flag.value)} in {rollout.path} is not turned off by its file",
                rollout.withdrawn_by,
            )
            status = terminal.COULD_NOT_JUDGE
        else:
            texts[rollout.path] = edited
    for path, text in texts.items():
        inside = os.path.relpath(real_path(os.path.join(finder.folder, path)), root).replace(os.sep, "/")
        before, after = (each.splitlines(keepends=True) for each in (served.texts[path], text))
        terminal.write_out("".join(unified_diff(before, after, f"a/{inside}", f"b/{inside}")))
    return status
