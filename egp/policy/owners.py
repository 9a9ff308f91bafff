"""The policies that judge: each plan by the one that owns it, under the floor of those that delegate to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from egp.plan.finding import Failure
from egp.plan.wording import listing
from egp.policy.error import PolicyError
from egp.policy.locate import lock_folder
from egp.policy.model import Policy
from egp.policy.territories import Territories, Territory, Undelegated
from egp.record.entry_files import has_lock
from egp.rules.rule import Catalogue
from egp.stats.values import NamedTuple, replace
from egp.yaml import read_file
from egp.yaml.files import shown_path
from egp.yaml.sha import sha256


class Owned(NamedTuple):
    """What one policy owns; paths are relative to the root."""

    policy: str
    folder: str
    delegated_by: str
    plans: tuple[str, ...]


class Ownership(NamedTuple):
    """Who owns what in a repository, and which policies own nothing."""

    owned: tuple[Owned, ...]
    faults: tuple[Failure, ...]


class Owners:
    """Who owns what, and the policies of the owners, each read when it has to judge."""

    def __init__(
        self,
        territories: Territories,
        read: Callable[[str], Policy],
        on_disk: Territories | None = None,
    ) -> None:
        self.territories = territories
        self._read = read
        """The policy in a file, or the shipped one for an empty name. Raises PolicyError."""
        self._on_disk = on_disk or territories
        """The working tree's, where a base says who owns what."""
        self._policies: dict[tuple[str, str], Policy | PolicyError] = {}

    def brought(self) -> tuple[Territory, ...]:
        """The working tree's territories, where a base says who owns what: none of them judges, but plans may lie there."""
        if self._on_disk is self.territories:
            return ()
        try:
            return self._on_disk.everyone()
        except PolicyError:  # whoever judges by that policy reports it
            return ()

    def of(self, paths: Sequence[str]) -> list[Territory]:
        """The owners of files and folders, each once; without any, of the folder that egp was called in."""
        folder = self.territories.folder
        found = [self._owner(os.path.normpath(os.path.join(folder, path))) for path in paths]
        return list(dict.fromkeys(found)) or [self.territories.of_folder(folder)]

    def _owner(self, path: str) -> Territory:
        """Of a plan that is registered it is the owner of the place where the lock has it."""
        if os.path.isdir(path):
            return self.territories.of_folder(path)
        by_name = self.territories.of(path)
        if by_name.root == self.territories.root and not by_name.delegates:
            return by_name  # it owns everything
        owners = list(dict.fromkeys(map(self.territories.of, self._registered_at(path)))) or [by_name]
        if len(owners) == 1:
            return owners[0]
        message = "this file has plans of several policies"
        fault = Failure(self.territories.shown(path), message, help="give each plan a file of its own")
        return Territory("", path, faults=(fault,))

    def _registered_at(self, path: str) -> Iterator[str]:
        """Where the lock has the plans of a file; a lock that cannot be read is reported of by whoever reads it next."""
        root = lock_folder(self.territories.folder, self.territories.root)
        if not has_lock(root):
            return
        from egp.record.lock import LockError, read_lock

        try:
            lock = read_lock(root)
            for document in read_file(path, shown_path(path)):
                name = document.value.get("id") if isinstance(document.value, dict) else None
                entry = lock.entries.get(name) if isinstance(name, str) else None
                yield os.path.normpath(os.path.join(root, entry.path)) if entry and entry.path else path
        except (OSError, LockError):
            return

    def policy(self, owner: Territory) -> Policy:
        """The policy that judges in a territory. Raises PolicyError with every mistake in it."""
        key = (owner.file, owner.root if owner.faults else "")
        if key not in self._policies:
            try:
                self._policies[key] = self._under_floor(owner)
            except PolicyError as error:
                self._policies[key] = error
        found = self._policies[key]
        if isinstance(found, PolicyError):
            raise found
        return found

    def read_so_far(self) -> list[Policy]:
        return [each for each in self._policies.values() if isinstance(each, Policy)]

    def judging_by(self, policy: Policy) -> Owners:
        """The same owners, one of whose policies is replaced by another version of it."""
        found = Owners(self.territories, self._read, self._on_disk)
        for key, known in self._policies.items():
            is_it = isinstance(known, Policy) and known.root == policy.root
            found._policies[key] = policy if is_it else known
        return found

    def policy_beside(self, file: str) -> Policy | None:
        """The policy in a file that lies in a delegated folder, above the floor; None for one that lies elsewhere.

        Raises PolicyError.
        """
        owner = self.territories.of(file)
        if owner.over is None or owner.faults or os.path.dirname(file) != owner.root:
            return None
        return self.policy(owner) if file == owner.file else self._under_floor(replace(owner, file=file))

    def _under_floor(self, owner: Territory) -> Policy:
        if owner.faults:
            raise PolicyError(owner.faults)
        policy = self._read(owner.file)
        if owner.over is None:
            return policy
        from egp.policy.floor import put_on_floor  # few repositories have more policies than one

        above = self.policy(owner.over)
        put_on_floor(policy, above, owner.over.inside(owner.root))
        policy.digest = digest_of_all((policy, above))
        return policy

    def ownership(self) -> Ownership:
        """Who owns what. Raises PolicyError."""
        found = self.territories
        owned = [
            Owned(
                os.path.relpath(each.file, found.root).replace(os.sep, "/"),
                os.path.relpath(each.root, found.root).replace(os.sep, "/"),
                os.path.relpath(each.over.file, found.root).replace(os.sep, "/") if each.over else "",
                each.plans,
            )
            for each in found.everyone()
        ]
        faults = [fault for each in found.everyone() for fault in each.faults]
        untold = map(self._untold, self._on_disk.all_undelegated())
        return Ownership(tuple(owned), (*faults, *untold))

    def undelegated(self, path: str) -> Iterator[Failure]:
        """What is wrong with the policies on the way to a file that nobody delegates to."""
        yield from map(self._untold, self._on_disk.undelegated(path))

    def _untold(self, found: Undelegated) -> Failure:
        file, keeper = (self._on_disk.shown(each) for each in (found.file, found.owner.file))
        pattern = f"{found.owner.inside(os.path.dirname(found.file))}/**"
        message = (
            f"nobody delegates to this policy, and it judges nothing: what lies below belongs to {keeper}"
        )
        return Failure(file, message, help=f'add `delegates: ["{pattern}"]` to {keeper}, or remove this file')


def digest_of_all(policies: Iterable[Policy]) -> str:
    return f"sha256:{sha256(' '.join(each.digest for each in policies).encode()).hexdigest()}"


def joined(policies: Sequence[Policy]) -> Policy:
    """What reports name where several policies judged."""
    if len(policies) == 1:
        return policies[0]
    brought = {rule_id: rule for each in policies for rule_id, rule in each.catalogue.brought.items()}
    return replace(
        policies[0],
        name=listing([each.name for each in policies]),
        version="",
        digest=digest_of_all(policies),
        catalogue=Catalogue(brought),
    )
