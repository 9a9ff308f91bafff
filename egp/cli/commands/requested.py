"""The plans that a command line names."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from egp.cli.commands import terminal

if TYPE_CHECKING:
    import argparse

    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder, PlanSource


def requested_plans(options: argparse.Namespace, policy: Policy, finder: PlanFinder) -> list[PlanSource]:
    """The plans that are requested. Raises Stop when there are none."""
    from egp.policy.plan_files import STANDARD_INPUT
    from egp.yaml.bounds import MAX_BYTES

    if options.paths:
        sources = finder.asked([path for path in options.paths if path != STANDARD_INPUT])
        if STANDARD_INPUT in options.paths:
            sources.append(finder.piped(sys.stdin.buffer.read(MAX_BYTES + 1), options.stdin_filename))
    elif finder.has_patterns:
        sources = finder.of_folder()
    else:
        raise terminal.Stop(
            "which plans? the policy names none", "name plans or folders, or say `plans:` in egp.yaml"
        )
    if not sources and not finder.failures:
        raise terminal.Stop(
            f"no plan matches {', '.join(policy.plans) or 'the policies'}",
            "name plans or folders, or correct `plans:` in the policy",
        )
    return sources
