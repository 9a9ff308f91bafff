"""Options that several commands have, and what they mean."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.policy.error import PolicyError
from egp.policy.locate import POLICY_FILE
from egp.yaml.files import real_path, repository_root, shown_path

if TYPE_CHECKING:
    import argparse

    from egp.policy.model import Policy
    from egp.policy.owners import Owners
    from egp.policy.plan_files import PlanFinder
    from egp.policy.territories import Territories
    from egp.record.sources.git_command import GitError
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


def add_format(
    parser: argparse.ArgumentParser, what: str, formats: Sequence[str] = FORMATS, *aliases: str
) -> None:
    parser.add_argument(
        "--format", *aliases, choices=formats, default="text", help=f"format of the {what} (default: text)"
    )


def add_further_reports(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FORMAT=FILE",
        help="write a further report; may be repeated",
    )


def ref(text: str) -> str:
    """A branch or commit of git. An empty one, as of a variable that a pipeline does not set, would compare nothing."""
    if not text.strip():
        from argparse import ArgumentTypeError

        raise ArgumentTypeError("the name of the branch or commit is empty")
    return text


def jobs(text: str) -> int:
    """How many processes may work at once."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 64:
        from argparse import ArgumentTypeError

        raise ArgumentTypeError(f"`{text[:20]}` is not a number of processes from 1 to 64")
    return int(text)


def day(text: str) -> date:
    from egp.plan.quantity import QuantityError
    from egp.plan.quantity import day as read_day

    try:
        return read_day(text)
    except QuantityError as error:
        from argparse import ArgumentTypeError

        raise ArgumentTypeError(f"{error}; write it as 2023-01-31") from None


def moment(text: str) -> date | datetime:
    """A day, or an instant."""
    from egp.plan.quantity import QuantityError
    from egp.plan.quantity import moment as read_moment

    try:
        return read_moment(text)
    except QuantityError as error:
        from argparse import ArgumentTypeError

        raise ArgumentTypeError(f"{error}; write it as 2023-01-31, or as 2023-01-31T08:00:00Z") from None


def judging_day(stated: date | datetime | None, timezone: str, called: datetime | None = None) -> date:
    """The day on which is judged: the one that is stated, or that an instant falls on in the policy's time zone; else today.

    Of a policy without a time zone, today is the machine's, and an instant falls on its day in UTC.
    """
    if stated is not None and not isinstance(stated, datetime):
        return stated
    from egp.plan.analysis.days import time_zone

    zone = time_zone(timezone) if timezone else None
    if stated is None:
        return called.astimezone(zone).date() if called else datetime.now(zone).date()
    return stated.astimezone(zone or UTC).date() if stated.tzinfo else stated.date()


def now(timezone: str = "") -> datetime:
    """What the clock says, to the second, on the clocks of a time zone. A command reads it once and passes it on."""
    from egp.plan.analysis.days import time_zone

    zone = time_zone(timezone) if timezone else None
    return datetime.now(zone or UTC).replace(microsecond=0)


def policy_in_force(options: argparse.Namespace, paths: Sequence[str]) -> Policy:
    """The policy that judges. Raises PolicyError with every mistake in it."""
    return _judge(options, paths)[0]


def policy_and_plans(options: argparse.Namespace, paths: Sequence[str]) -> tuple[Policy, PlanFinder]:
    """The policy that owns the paths, or of several owners one, and what finds plans and knows the others.

    Raises PolicyError where none of them can judge.
    """
    from egp.policy.plan_files import PlanFinder

    policy, owners = _judge(options, paths)
    return policy, PlanFinder(os.getcwd(), policy.plans, policy.root, owners)


def _judge(options: argparse.Namespace, paths: Sequence[str]) -> tuple[Policy, Owners | None]:
    """The policy; and all owners, unless one policy is to judge whatever they own."""
    packaged = packaged_rules(options, paths)
    packages = tuple(dict.fromkeys(getattr(options, "rules_from", ())))
    if options.policy:
        policy, owners = _policy_named(options, paths, packaged), None
        policy.is_chosen = True
    else:
        owners = owners_in_force(options, paths, packaged)
        policy = _one_of(owners, paths)
    policy.packages = packages
    return policy, owners


def _one_of(owners: Owners, paths: Sequence[str]) -> Policy:
    refusals = []
    for owner in owners.of(paths):
        try:
            return owners.policy(owner)
        except PolicyError as error:
            refusals.append(error)
    if len(refusals) == 1 and isinstance(refusals[0].__cause__, OSError):
        raise unreadable_policy(refusals[0].__cause__)
    raise PolicyError(list(dict.fromkeys(failure for error in refusals for failure in error.failures)))


def _policy_named(options: argparse.Namespace, paths: Sequence[str], packaged: dict[str, Rule]) -> Policy:
    from egp.policy.reading import read_policy, shipped_policy

    name = options.policy
    if name.startswith("egp:"):
        if getattr(options, "policy_from", None):
            advice = "leave out --policy-from"
            raise terminal.Stop(f"{name} ships with egp, and is in no commit", advice)
        return shipped_policy(name, packaged)
    delegated = _delegated(options, paths, packaged)
    if delegated:
        return delegated
    committed, is_new = _committed(options, paths, packaged)
    policy = committed or _readable(lambda: read_policy(name, shown_path(name), packaged=packaged))
    if is_new and _is_in_repository(name):
        policy.name = f"{policy.name} (new: {options.base} has none)"
    return policy


def _delegated(options: argparse.Namespace, paths: Sequence[str], packaged: dict[str, Rule]) -> Policy | None:
    """The policy that is named, above its floor, where another one delegates to it."""
    return owners_in_force(options, paths, packaged).policy_beside(os.path.abspath(options.policy))


def _readable(read: Callable[[], Policy]) -> Policy:
    """The policy; a file of it that cannot be read ends the command."""
    try:
        return read()
    except OSError as error:
        raise unreadable_policy(error) from None


def unreadable_policy(error: OSError) -> terminal.Stop:
    message = f"cannot read the policy {shown_path(str(error.filename))}: {error.strerror}"
    return terminal.Stop(
        message, "name a policy file that can be read, or a shipped policy such as egp:standard"
    )


def owners_in_force(options: argparse.Namespace, paths: Sequence[str], packaged: dict[str, Rule]) -> Owners:
    """Who judges which plan: as the working tree has it, or as the base or --policy-from does. Raises PolicyError."""
    from egp.plan.finding import Failure
    from egp.policy.owners import Owners
    from egp.policy.reading import STANDARD, read_policy, shipped_policy
    from egp.policy.territories import territories_on_disk

    folder = os.getcwd()
    on_disk = territories_on_disk(folder)
    committed, base = _committed_owners(options, paths, packaged, on_disk)
    if committed:
        return committed

    def read(file: str) -> Policy:
        if not file:
            return shipped_policy(STANDARD, packaged)
        try:
            policy = read_policy(file, shown_path(file), packaged=packaged)
        except OSError as error:
            named = shown_path(str(error.filename))
            raise PolicyError([Failure(named, f"cannot read the policy: {error.strerror}")]) from error
        if base and _is_in_repository(file):
            policy.name = f"{policy.name} (new: {base} has none)"
        return policy

    return Owners(on_disk, read)


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

    folders = {os.getcwd(), *(os.path.dirname(os.path.abspath(path)) for path in paths)}
    try:
        return rules_from(named, [repository_root(folder) or folder for folder in folders])
    except PackageError as error:
        raise terminal.Stop(str(error), error.help) from None


def _committed(
    options: argparse.Namespace, paths: Sequence[str], packaged: dict[str, Rule]
) -> tuple[Policy | None, bool]:
    """The policy that is named, at --policy-from or at --base; None without either, and whether it is the base that has none.

    Raises PolicyError.
    """
    commit = _commit_named(options)
    if not commit:
        return None, False
    from egp.policy.committed import committed_policy
    from egp.record.sources.git_command import GitError

    try:
        policy = committed_policy(commit, options.policy, os.getcwd(), paths, packaged)
    except GitError as error:
        _require_base(options, error)
        return None, False
    if policy is None:
        _require_base(options)
    return policy, policy is None


def _committed_owners(
    options: argparse.Namespace, paths: Sequence[str], packaged: dict[str, Rule], on_disk: Territories
) -> tuple[Owners | None, str]:
    """The owners at --policy-from or at --base; None without either, and the base if it has no policy at all.

    Raises PolicyError.
    """
    commit = _commit_named(options)
    if not commit:
        return None, ""
    from egp.policy.committed import committed_owners
    from egp.record.sources.git_command import GitError

    try:
        owners = committed_owners(commit, os.getcwd(), paths, on_disk, packaged)
    except GitError as error:
        _require_base(options, error)
        return None, ""
    if owners is None:
        _require_base(options)
    return owners, "" if owners else commit


def _commit_named(options: argparse.Namespace) -> str:
    return getattr(options, "policy_from", None) or getattr(options, "base", None) or ""


def _require_base(options: argparse.Namespace, error: GitError | None = None) -> None:
    """Raises PolicyError for what --policy-from cannot give; a base that has no policy leaves it to the new one.

    What git cannot tell of a base is said by the comparison with it, which ends the run.
    """
    from egp.plan.finding import Failure

    asked = getattr(options, "policy_from", None)
    if asked and error:
        named = getattr(options, "policy_written", "") or f"--policy-from {asked}"
        raise PolicyError([Failure("", f"{named}: {error}", help=error.help)]) from None
    if asked:
        message = f"{asked} has no policy {options.policy or POLICY_FILE}"
        way_out = (
            "name one that it has" if getattr(options, "policy_written", "") else "leave out --policy-from"
        )
        raise PolicyError([Failure("", message, help=f"commit it there first, or {way_out}")])
