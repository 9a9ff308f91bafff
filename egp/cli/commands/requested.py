"""The plans that a command line names."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from egp.cli.commands import terminal

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder, PlanSource
    from egp.yaml import Document


def requested_plans(
    options: argparse.Namespace, policy: Policy, finder: PlanFinder, may_be_gone: bool = False
) -> list[PlanSource]:
    """The plans that are requested. Raises Stop when there are none, unless they may have been deleted."""
    from egp.policy.plan_files import STANDARD_INPUT
    from egp.yaml.bounds import MAX_BYTES

    if options.paths:
        sources = finder.asked([path for path in options.paths if path != STANDARD_INPUT])
        if STANDARD_INPUT in options.paths:
            sources.append(finder.piped(sys.stdin.buffer.read(MAX_BYTES + 1), options.stdin_filename))
    elif finder.has_patterns:
        sources = finder.of_folder()
    else:
        raise _unnamed(policy)
    if not sources and not finder.failures and not may_be_gone:
        raise no_plan(policy)
    return sources


def no_plan(policy: Policy) -> terminal.Stop:
    """No file is a plan by the policy's patterns."""
    return terminal.Stop(
        f"no plan matches {', '.join(policy.plans) or 'the policies'}",
        "`egp new experiment ID` writes a plan; or name plans or folders, or correct `plans:` in the policy",
    )


def _unnamed(policy: Policy) -> terminal.Stop:
    """Neither the call nor a policy says which files are plans."""
    if policy.root or policy.is_chosen:
        help = "name plans or folders, or say `plans:` in egp.yaml"
        return terminal.Stop("which plans? the policy names none", help)
    help = "`egp init` writes one with a first plan; or name plans or folders"
    return terminal.Stop("which plans? there is no egp.yaml", help)


def one_plan(path: str, finder: PlanFinder, usage: str) -> Iterator[tuple[PlanSource, Document]]:
    """The documents of the one file that is requested. Raises Stop where it is not one, or has anything but plans."""
    from egp.plan.experiment import may_be_plan

    sources = finder.asked([path])
    if finder.failures:
        *before, failure = finder.failures
        terminal.print_failures(before)
        raise terminal.Stop(f"{failure.path}: {failure.message}", failure.help or usage)
    if len(sources) != 1 or finder.leaves_repository(sources[0]):
        raise terminal.Stop(f"{path} is not one plan", usage)
    try:
        documents = sources[0].documents()
    except OSError as error:
        raise terminal.Stop(f"cannot read {path}: {error.strerror}") from None
    for document in documents:
        if document.problems or not may_be_plan(document):
            raise terminal.Stop(f"{path} is no plan", f"egp check {path} says why")
        yield sources[0], document
