"""The policy as a branch or commit of git has it: a pull request cannot soften the policy that judges it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from egp.plan.finding import Failure
from egp.policy.error import PolicyError
from egp.policy.locate import POLICY_FILE, candidates
from egp.policy.model import Policy
from egp.policy.reading import read_policy
from egp.policy.tree import CommittedTree
from egp.record.sources.git import Repository
from egp.record.sources.git_command import GitError
from egp.rules.rule import Rule
from egp.yaml.files import real_path, repository_root


def committed_policy(
    ref: str, named: str, folder: str, plans: Sequence[str], packaged: dict[str, Rule] | None = None
) -> Policy | None:
    """The policy at a ref, in the named file or else where it is looked up; None where the ref has none.

    Raises GitError where git does not know the ref, and PolicyError for a policy that cannot judge.
    """
    folder = real_path(folder)
    repository = Repository.at(_repository_of(folder, named, plans))
    tree = CommittedTree(repository, repository.commit(ref))
    try:
        return _policy_in(tree, ref, named, folder, plans, packaged)
    except GitError as error:
        raise PolicyError([Failure(f"{named or POLICY_FILE}@{ref}", str(error), help=error.help)]) from None


def _repository_of(folder: str, named: str, plans: Sequence[str]) -> str:
    """The root of the repository that is judged: where egp runs, else that of the policy, or of plans further down."""
    below = (os.path.normpath(os.path.join(folder, path)) for path in plans)
    places = [folder, *([os.path.join(folder, named)] if named else [])]
    places += [place for place in below if os.path.commonpath([folder, place]) == folder]
    return next(filter(None, map(repository_root, places)), folder)


def _policy_in(
    tree: CommittedTree,
    ref: str,
    named: str,
    folder: str,
    plans: Sequence[str],
    packaged: dict[str, Rule] | None,
) -> Policy | None:
    places = [os.path.normpath(os.path.join(folder, named))] if named else [*candidates(folder, plans)]
    path = next((place for place in places if _is_there(tree, place, folder, ref)), None)
    if path is None:
        return None
    name = _shown(path, folder)
    try:
        policy = read_policy(path, name, tree, packaged=packaged)
    except PolicyError as error:
        raise PolicyError([_at(failure, ref) for failure in error.failures]) from None
    policy.name, policy.ref = f"{name}@{ref}", ref
    return policy


def _is_there(tree: CommittedTree, path: str, folder: str, ref: str) -> bool:
    if tree.leads_through_link(path):
        message = "a link leads to this policy, and where it ends would be the working tree's to say"
        raise PolicyError([Failure(f"{_shown(path, folder)}@{ref}", message, help="commit the file itself")])
    return tree.has(path)


def _shown(path: str, folder: str) -> str:
    relative = os.path.relpath(path, folder)
    return (path if relative.startswith("..") else relative).replace(os.sep, "/")


def _at(failure: Failure, ref: str) -> Failure:
    is_shipped = failure.path.startswith("egp:")
    return failure if is_shipped else replace(failure, path=f"{failure.path}@{ref}")
