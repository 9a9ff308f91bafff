"""Pins: policies that a repository copied from elsewhere, and the lock's word for what they were."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from egp.plan.finding import Failure
from egp.policy.error import PolicyError
from egp.policy.locate import lock_folder
from egp.policy.tree import Tree, WorkingTree, digest_of
from egp.stats.values import NamedTuple
from egp.yaml.files import real_path

if TYPE_CHECKING:
    from egp.policy.model import Policy
    from egp.record.lock import Lock

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NO_PINS = (b"\npolicies: {}\n", b"\npolicies: {}\nentries: egp.lock.d\n")
"""How a lock ends that pins nothing; such a lock, which may be long, need not be read for that."""


def pins_in(folder: str, tree: Tree) -> Mapping[str, object]:
    """File, relative to the lock's folder → digest. Raises PolicyError for a damaged lock."""
    from egp.record.lock import LOCK_FILE, LockError, read_lock_text

    content = tree.content(os.path.join(folder, LOCK_FILE))
    if content is None or content.endswith(_NO_PINS):
        return {}
    try:
        return _sound(read_lock_text(content, LOCK_FILE))
    except LockError as error:
        raise PolicyError(error.failures) from None


def _sound(lock: Lock) -> Mapping[str, object]:
    from egp.plan.quantity import shown

    failures = []
    for name, digest in lock.policies.items():
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            message = f"the lock pins {shown(name)} to {shown(digest)}, which is no digest"
            failures.append(Failure(lock.path, message, help="egp policy pin writes it"))
        elif name != posixpath.normpath(name) or name.startswith(("../", "/")):
            message = f"the lock pins {shown(name)}, which is no path from its folder to a file below, and pins nothing"
            failures.append(Failure(lock.path, message, help="take it out, then `egp policy pin`"))
    if failures:
        raise PolicyError(failures)
    return lock.policies


def moved_pins(files: Mapping[str, str], folder: str, tree: Tree) -> list[Failure]:
    """What is wrong with extended files: name → path, of which some are pinned by the lock in a folder."""
    pins = pins_in(folder, tree)
    failures = []
    for name, path in files.items():
        pinned = pins.get(key_of(path, folder))
        now = digest_of(tree.content(path) or b"") if pinned else pinned
        if now != pinned:
            message = (
                f"this policy is not as it was pinned: {_short(pinned)} in egp.lock, and {_short(now)} now"
            )
            advice = "review what changed, then `egp policy pin`; or restore the file from git"
            failures.append(Failure(name, message, help=advice))
    return failures


def key_of(path: str, folder: str) -> str:
    """An extended file as the lock names it."""
    return os.path.relpath(path, real_path(folder)).replace(os.sep, "/")


class Pins(NamedTuple):
    """What pinning came to."""

    lock: str
    """The lock as messages show it."""
    new: Mapping[str, str]
    """File → digest, of those that were not pinned, or pinned as something else."""
    same: tuple[str, ...]
    gone: tuple[str, ...]
    """Files whose pins are taken away, because they are no longer there."""


def pin(policy: Policy) -> Pins:
    """Records in the lock what the policy's own files are now. Raises LockError.

    Pins of files that the policy does not extend stay: another policy of the repository may.
    """
    from egp.record.lock.writing import update_pins

    folder = lock_folder(policy.root, policy.root)
    tree = WorkingTree()
    now = {key_of(path, folder): digest_of(tree.content(path) or b"") for path in policy.extended}
    before: dict[str, object] = {}

    def edit(pins: dict[str, object]) -> None:
        before.update(pins)
        kept = {name: digest for name, digest in pins.items() if tree.has(os.path.join(folder, name))}
        pins.clear()
        pins.update(sorted((kept | now).items()))

    lock = update_pins(folder, edit)
    new = {name: digest for name, digest in now.items() if before.get(name) != digest}
    gone = tuple(name for name in before if name not in lock.policies)
    return Pins(lock.path, new, tuple(name for name in now if name not in new), gone)


def _short(digest: object) -> str:
    return f"{str(digest)[:19]}…"
