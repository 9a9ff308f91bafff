"""Where a new plan belongs, and how the policy sees it there."""

from __future__ import annotations

import os

from egp.advice.new.files import require_file_name
from egp.policy.model import Policy
from egp.policy.pattern import fixed_folder, matches
from egp.policy.plan_files import PlanFinder

FOLDER = "experiments"
"""Where plans go when the policy does not say."""


def plan_path(policy: Policy, plan_id: str, folder: str) -> str:
    """The file of a new plan: in the first of the policy's folders that takes it. Raises NewError."""
    require_file_name(plan_id, "an id")
    for pattern in policy.plans:
        in_policy = "/".join(part for part in (fixed_folder(pattern), f"{plan_id}.yaml") if part)
        if matches(in_policy, pattern):
            return os.path.normpath(os.path.join(policy.root or folder, in_policy))
    return os.path.join(folder, FOLDER, f"{plan_id}.yaml")


def in_policy(policy: Policy, path: str, folder: str) -> str:
    """The path as the policy's patterns see it."""
    return PlanFinder(folder, policy.plans, policy.root).piped(b"", path).in_policy
