"""The plans that a command line asks for."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from egp.cli.commands import terminal

if TYPE_CHECKING:
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder, PlanSource


def plans_asked_for(options: argparse.Namespace, policy: Policy) -> tuple[list[PlanSource], PlanFinder]:
    """The plans that are asked for. Raises Stop when there are none."""
    from egp.policy.plan_files import STANDARD_INPUT, PlanFinder
    from egp.yaml.bounds import MAX_BYTES

    finder = PlanFinder(os.getcwd(), policy.plans, policy.root)
    if options.paths:
        sources = finder.asked([path for path in options.paths if path != STANDARD_INPUT])
        if STANDARD_INPUT in options.paths:
            sources.append(finder.piped(sys.stdin.buffer.read(MAX_BYTES + 1), options.stdin_filename))
    elif policy.plans:
        sources = finder.portfolio()
    else:
        raise terminal.Stop(
            "which plans? the policy names none", "name plans or folders, or say `plans:` in egp.yaml"
        )
    if not sources and not finder.failures:
        raise terminal.Stop(
            f"no plan matches {', '.join(policy.plans)}",
            "name plans or folders, or correct `plans:` in the policy",
        )
    return sources, finder
