"""egp policy pin: record what the files are that the policy extends."""

from __future__ import annotations

import argparse
import os

from egp.cli.commands import terminal
from egp.cli.commands.options import add_rules_from, packaged_rules, unreadable_policy
from egp.yaml.files import shown_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--policy", metavar="POLICY", help="policy file (default: egp.yaml)")
    add_rules_from(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.plan.wording import counted
    from egp.policy.locate import POLICY_FILE
    from egp.policy.pins import pin
    from egp.policy.reading import read_policy
    from egp.policy.territories import policy_over
    from egp.record.lock import LockError

    path = options.policy or policy_over(os.getcwd())
    if not path or path.startswith("egp:"):
        what = f"{path} ships with egp" if path else f"there is no {POLICY_FILE}"
        raise terminal.Stop(f"{what}, and nothing of it can be pinned", "egp policy pin --policy FILE")
    try:
        policy = read_policy(
            path, shown_path(path), are_pins_held=False, packaged=packaged_rules(options, [])
        )
        pins = pin(policy)
    except LockError as error:
        terminal.print_failures(error.failures)
        raise terminal.Stop("nothing is pinned") from None
    except OSError as error:
        raise unreadable_policy(error) from None
    lines = [f"pinned {name} as {digest[:19]}…" for name, digest in pins.new.items()]
    lines += [f"{name} is as it was pinned" for name in pins.same]
    lines += [f"{name} is missing, and so is its pin" for name in pins.gone]
    if not policy.extended:
        lines.append(f"{policy.name} extends no file of this repository")
    if pins.new or pins.gone:
        lines.append(f"commit {pins.lock} together with {counted(len(policy.extended), 'pinned file')}")
    terminal.say(lines)
    return 0
