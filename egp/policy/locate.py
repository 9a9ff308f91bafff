"""Finding the policy that judges: an author cannot put a softer one beside the plan."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from egp.yaml.files import repository_root

POLICY_FILE = "egp.yaml"
POLICY_TESTS_FILE = "egp.test.yaml"


def find_policy(folder: str, plans: Sequence[str]) -> str | None:
    """The policy file for plans judged from a folder.

    The first ``egp.yaml`` from the folder up to the root of its repository, never beyond. When there is none, the
    first one on the way from the folder down to what all the plans have in common, so that a folder with a
    policy of its own can be judged from outside. Outermost wins on the way down. A folder or a link under the name
    is found as well, and is then no policy that can be read: it does not let a laxer one judge instead.
    """
    return next(filter(os.path.lexists, candidates(folder, plans)), None)


def candidates(folder: str, plans: Sequence[str]) -> Iterator[str]:
    """Where the policy may lie, the places that win first."""
    for place in (*_upwards(folder), *_downwards(folder, plans)):
        yield os.path.join(place, POLICY_FILE)


def lock_folder(folder: str, policy_root: str) -> str:
    """The folder with the lock for plans judged from a folder: one for each repository, whatever policy judges.

    Outside of a repository it lies beside the policy, or in the folder when the policy is a shipped one.
    """
    own = os.path.abspath(policy_root or folder)
    return repository_root(folder) or repository_root(own) or own


def waivers_folder(folder: str, policy_root: str) -> str:
    """The folder with waivers and baseline: the policy's, or the one with the lock where egp ships the policy."""
    return os.path.abspath(policy_root) if policy_root else lock_folder(folder, "")


def _upwards(folder: str) -> Iterator[str]:
    root = repository_root(folder)
    current = os.path.abspath(folder)
    yield current
    while root is not None and current != root:
        current = os.path.dirname(current)
        yield current


def _downwards(folder: str, plans: Sequence[str]) -> Iterator[str]:
    start = os.path.abspath(folder)
    targets = [os.path.abspath(os.path.join(start, plan)) for plan in plans]
    if not targets:
        return
    shared = os.path.commonpath(targets)
    if os.path.commonpath([start, shared]) != start:
        return
    current = start
    for name in os.path.relpath(shared, start).split(os.sep):
        current = os.path.join(current, name)
        yield current
