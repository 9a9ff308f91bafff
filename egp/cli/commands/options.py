"""Options that several commands have, and what they mean."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.policy.error import PolicyError
from egp.policy.locate import POLICY_FILE
from egp.yaml.files import real_path, repository_root

if TYPE_CHECKING:
    from egp.policy.model import Policy
    from egp.rules.rule import Rule

FORMATS = ("text", "json")


def add_policy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--policy",
        metavar="POLICY",
        help="policy file, or a shipped policy such as egp:standard (default: egp.yaml)",
    )
    parser.add_argument(
        "--policy-from",
        type=ref,
        metavar="REF",
        help="read the policy from this branch or commit of git, whatever the working tree has",
    )
    add_rules_from(parser)


def add_rules_from(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rules-from",
        action="append",
        default=[],
        metavar="DISTRIBUTION",
        help="let the policy adopt rules of this installed distribution; may be repeated",
    )


def add_format(parser: argparse.ArgumentParser, what: str, formats: Sequence[str] = FORMATS) -> None:
    parser.add_argument(
        "--format", choices=formats, default="text", help=f"format of the {what} (default: text)"
    )


def ref(text: str) -> str:
    """A branch or commit of git. An empty one, as of a variable that a pipeline does not set, would ask for nothing."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the name of the branch or commit is empty")
    return text


def day(text: str) -> date:
    from egp.plan.quantity import QuantityError
    from egp.plan.quantity import day as read_day

    try:
        return read_day(text)
    except QuantityError as error:
        raise argparse.ArgumentTypeError(f"{error}; write it as 2023-01-31") from None


def moment(text: str) -> date | datetime:
    """A day, or an instant."""
    from egp.plan.quantity import QuantityError
    from egp.plan.quantity import moment as read_moment

    try:
        return read_moment(text)
    except QuantityError as error:
        raise argparse.ArgumentTypeError(
            f"{error}; write it as 2023-01-31, or as 2023-01-31T08:00:00Z"
        ) from None


def judging_day(stated: date | datetime | None, timezone: str) -> date:
    """The day on which is judged: the one that is stated, or that an instant falls on in the policy's time zone; else today.

    Of a policy without a time zone, today is the machine's, and an instant falls on its day in UTC.
    """
    if stated is not None and not isinstance(stated, datetime):
        return stated
    from egp.plan.analysis.days import time_zone

    zone = time_zone(timezone) if timezone else None
    if stated is None:
        return datetime.now(zone).date()
    return stated.astimezone(zone or UTC).date() if stated.tzinfo else stated.date()


def now(timezone: str = "") -> datetime:
    """What the clock says, to the second, on the clocks of a time zone. A command reads it once and passes it on."""
    from egp.plan.analysis.days import time_zone

    zone = time_zone(timezone) if timezone else None
    return datetime.now(zone or UTC).replace(microsecond=0)


def policy_in_force(options: argparse.Namespace, paths: Sequence[str]) -> Policy:
    """The policy that judges. Raises PolicyError with every mistake in it."""
    policy = _policy_named(options, paths, packaged_rules(options, paths))
    policy.packages = tuple(dict.fromkeys(getattr(options, "rules_from", ())))
    return policy


def _policy_named(options: argparse.Namespace, paths: Sequence[str], packaged: dict[str, Rule]) -> Policy:
    from egp.policy.locate import find_policy
    from egp.policy.reading import STANDARD, read_policy, shipped_policy

    try:
        if options.policy and options.policy.startswith("egp:"):
            if getattr(options, "policy_from", None):
                advice = "leave out --policy-from"
                raise terminal.Stop(f"{options.policy} ships with egp, and is in no commit", advice)
            return shipped_policy(options.policy, packaged)
        committed, is_new = _committed(options, paths, packaged)
        if committed is not None:
            return committed
        path = options.policy or find_policy(os.getcwd(), paths)
        policy = (
            read_policy(path, terminal.shown(path), packaged=packaged)
            if path
            else shipped_policy(STANDARD, packaged)
        )
    except OSError as error:
        raise terminal.Stop(
            f"cannot read the policy {terminal.shown(str(error.filename))}: {error.strerror}"
        ) from None
    if path and is_new and _is_in_repository(path):
        policy.name = f"{policy.name} (new: {options.base} has none)"
    return policy


def _is_in_repository(path: str) -> bool:
    """Whether the repository that is judged has the file: a branch could have changed it."""
    folder = os.path.dirname(os.path.abspath(path))
    root = repository_root(os.getcwd()) or repository_root(folder)
    return root is not None and real_path(path).startswith(real_path(root) + os.sep)


def packaged_rules(options: argparse.Namespace, paths: Sequence[str]) -> dict[str, Rule]:
    """The rules of the distributions that the command line names; none of the repository that is judged."""
    named = getattr(options, "rules_from", [])
    if not named:
        return {}
    from egp.rules.custom.packages import PackageError, rules_from
    from egp.yaml.files import repository_root

    folders = {os.getcwd(), *(os.path.dirname(os.path.abspath(path)) for path in paths)}
    try:
        return rules_from(named, [repository_root(folder) or folder for folder in folders])
    except PackageError as error:
        raise terminal.Stop(str(error), error.help) from None


def _committed(
    options: argparse.Namespace, paths: Sequence[str], packaged: dict[str, Rule]
) -> tuple[Policy | None, bool]:
    """The policy at --policy-from, or at --base; None without either, and whether it is the base that has none.

    Raises PolicyError. What git cannot tell of a base is said by the comparison with it, which ends the run.
    """
    asked = getattr(options, "policy_from", None) or ""
    commit = asked or getattr(options, "base", None)
    if not commit:
        return None, False
    from egp.plan.finding import Failure
    from egp.policy.committed import committed_policy
    from egp.record.sources.git_command import GitError

    try:
        policy = committed_policy(commit, options.policy or "", os.getcwd(), paths, packaged)
    except GitError as error:
        if not asked:
            return None, False
        raise PolicyError([Failure("", f"--policy-from {commit}: {error}", help=error.help)]) from None
    if asked and policy is None:
        message = f"{commit} has no policy {options.policy or POLICY_FILE}"
        raise PolicyError([Failure("", message, help="commit it there first, or leave out --policy-from")])
    return policy, policy is None
