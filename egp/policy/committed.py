"""The policy as a branch or commit of git has it: a pull request cannot soften the policy that judges it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cached_property

from egp.plan.finding import Failure
from egp.policy.error import PolicyError
from egp.policy.locate import POLICY_FILE
from egp.policy.model import Policy
from egp.policy.owners import Owners
from egp.policy.reading import STANDARD, read_policy, shipped_policy
from egp.policy.territories import Territories
from egp.policy.tree import CommittedTree
from egp.record.sources.git import Repository
from egp.record.sources.git_command import GitError
from egp.rules.rule import Rule
from egp.stats.values import replace
from egp.yaml import Document
from egp.yaml.files import real_path, repository_root, shown_path


class CommittedPlaces:
    """Where a commit has policies. The listing of all its files is read once, where a root does not own them all."""

    def __init__(self, tree: CommittedTree, ref: str, folder: str) -> None:
        self._tree = tree
        self._ref = ref
        self._folder = folder
        """Where egp was called: messages name files from there."""

    @cached_property
    def _named(self) -> tuple[frozenset[str], frozenset[str]]:
        try:
            return self._tree.repository.named(self._tree.commit, POLICY_FILE)
        except GitError as error:
            raise PolicyError([Failure(f"{POLICY_FILE}@{self._ref}", str(error), help=error.help)]) from None

    def has_policy(self, folder: str) -> bool:
        path = os.path.join(folder, POLICY_FILE)
        inside = self._tree.inside(path)
        if inside is None:
            return False
        if inside == POLICY_FILE:
            return self._tree.has(path) or self._is_refused(path, self._tree.leads_through_link(path))
        return inside in self._named[0] or self._is_refused(path, self.is_link(folder))

    def _is_refused(self, path: str, leads_through_link: bool) -> bool:
        if leads_through_link:
            message = "a link leads to this policy, and where it ends would be the working tree's to say"
            name = f"{shown_path(path, self._folder)}@{self._ref}"
            raise PolicyError([Failure(name, message, help="commit the file itself")])
        return False

    def is_link(self, folder: str) -> bool:
        inside = self._tree.inside(os.path.join(folder, POLICY_FILE)) or ""
        steps = inside.split("/")
        return not self._named[1].isdisjoint("/".join(steps[:count]) for count in range(1, len(steps) + 1))

    def below(self, folder: str) -> Iterator[str]:
        under = self._tree.inside(folder)
        for path in sorted(self._named[0], key=lambda each: each.split("/")):
            is_hidden = any(step.startswith(".") for step in path.split("/"))
            if not is_hidden and (under == "." or path.startswith(f"{under}/")):
                yield os.path.join(self._tree.root, os.path.dirname(path)).removesuffix(os.sep)

    def document(self, file: str) -> Document | None:
        try:
            return self._tree.documents(file, file)[0]
        except (OSError, GitError):
            return None


def committed_owners(
    ref: str,
    folder: str,
    plans: Sequence[str],
    on_disk: Territories,
    packaged: dict[str, Rule] | None = None,
) -> Owners | None:
    """Who judges which plan, as a ref has it; None where the ref has no policy. Raises GitError, PolicyError."""
    folder = real_path(folder)
    repository = Repository.at(_repository_of(folder, "", plans))
    tree = CommittedTree(repository, repository.commit(ref))
    territories = Territories(tree.root, folder, CommittedPlaces(tree, ref, folder), are_all_told=False)
    try:
        root = territories.of_folder(tree.root)
        if not root.file and not root.faults and not territories.everyone():
            return None
    except GitError as error:
        raise PolicyError([Failure(f"{POLICY_FILE}@{ref}", str(error), help=error.help)]) from None

    def read(file: str) -> Policy:
        return policy_at(tree, ref, file, folder, packaged) if file else shipped_policy(STANDARD, packaged)

    return Owners(territories, read, on_disk)


def committed_policy(
    ref: str, named: str, folder: str, plans: Sequence[str], packaged: dict[str, Rule] | None = None
) -> Policy | None:
    """The policy that is named, as a ref has it; None where the ref has none.

    Raises GitError where git does not know the ref, and PolicyError for a policy that cannot judge.
    """
    folder = real_path(folder)
    repository = Repository.at(_repository_of(folder, named, plans))
    tree = CommittedTree(repository, repository.commit(ref))
    path = os.path.normpath(os.path.join(folder, named))
    try:
        is_there = _is_there(tree, path, folder, ref)
    except GitError as error:
        raise PolicyError([Failure(f"{named}@{ref}", str(error), help=error.help)]) from None
    return policy_at(tree, ref, path, folder, packaged) if is_there else None


def policy_at(
    tree: CommittedTree, ref: str, path: str, folder: str, packaged: dict[str, Rule] | None = None
) -> Policy:
    """The policy in a file of a commit. Raises PolicyError."""
    name = shown_path(path, folder)
    try:
        policy = read_policy(path, name, tree, packaged=packaged)
    except PolicyError as error:
        raise PolicyError([_at(failure, ref) for failure in error.failures]) from None
    except GitError as error:
        raise PolicyError([Failure(f"{name}@{ref}", str(error), help=error.help)]) from None
    policy.name, policy.ref = f"{name}@{ref}", ref
    return policy


def _repository_of(folder: str, named: str, plans: Sequence[str]) -> str:
    """The root of the repository that is judged: where egp runs, else that of the policy, or of plans further down."""
    below = (os.path.normpath(os.path.join(folder, path)) for path in plans)
    places = [folder, *([os.path.join(folder, named)] if named else [])]
    places += [place for place in below if os.path.commonpath([folder, place]) == folder]
    return next(filter(None, map(repository_root, places)), folder)


def _is_there(tree: CommittedTree, path: str, folder: str, ref: str) -> bool:
    if tree.leads_through_link(path):
        message = "a link leads to this policy, and where it ends would be the working tree's to say"
        raise PolicyError(
            [Failure(f"{shown_path(path, folder)}@{ref}", message, help="commit the file itself")]
        )
    return tree.has(path)


def _at(failure: Failure, ref: str) -> Failure:
    is_shipped = failure.path.startswith("egp:")
    return failure if is_shipped else replace(failure, path=f"{failure.path}@{ref}")
