"""Names of the files beside plans that are egp's own, and where they lie."""

from __future__ import annotations

import os

from egp.yaml.files import repository_root

POLICY_FILE = "egp.yaml"
POLICY_TESTS_FILE = "egp.test.yaml"


def lock_folder(folder: str, policy_root: str) -> str:
    """The folder with the lock for plans judged from a folder: one for each repository, whatever policy judges.

    Outside of a repository it lies beside the policy, or in the folder when the policy is a shipped one.
    """
    own = os.path.abspath(policy_root or folder)
    return repository_root(folder) or repository_root(own) or own


def waivers_folder(folder: str, policy_root: str) -> str:
    """The folder with waivers and baseline: the policy's, or the one with the lock where egp ships the policy."""
    return os.path.abspath(policy_root) if policy_root else lock_folder(folder, "")
