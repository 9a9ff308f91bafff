"""The files that a policy's ``rollouts:`` name, from the working tree or from a commit, and what they serve."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from egp.plan.finding import Failure
from egp.policy.pattern import fixed_folder, matches
from egp.record.rollouts.reading import RolloutFile, format_module, formats, read_rollouts
from egp.record.rollouts.rollout import Rollout, Unread
from egp.stats.values import NamedTuple, field, frozen, replace
from egp.yaml import Document
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.document import Places
from egp.yaml.files import is_regular, link_target, read_regular, repository_root, shown_path
from egp.yaml.position import START, SourceText

if TYPE_CHECKING:
    from egp.policy.model import Policy
    from egp.record.sources.git import Blob, Repository

_UNSEEN = "it is a submodule that changes, and it is not checked out"
MOST_FILES = 20_000
"""Files of all lines together that are read."""


@frozen
class Served:
    """All that the files of a policy serve."""

    rollouts: tuple[Rollout, ...] = ()
    unread: tuple[Unread, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    """File, as messages name it → its text."""
    paths: Mapping[str, str] = field(default_factory=dict)
    """The same → the file as the policy's patterns see it."""
    failures: tuple[Failure, ...] = ()

    def document(self, path: str) -> Document:
        """A file as a document without a value: whoever has a place in it can show its line."""
        return Document(path, 0, None, (), Places(SourceText(self.texts.get(path, "")), START))


class RolloutTree(Protocol):
    """Where rollout files are read from."""

    def paths(self, folder: str, patterns: Sequence[str]) -> list[str]:
        """The files that match, relative to the folder."""
        ...

    def texts(self, folder: str, paths: Sequence[str]) -> Iterator[str | Unreadable]:
        """Their texts, in the same order."""
        ...


class Unreadable(str):
    """Why a file is no text that egp reads."""


class RolloutsOnDisk:
    """Files as they lie in the working tree."""

    def paths(self, folder: str, patterns: Sequence[str]) -> list[str]:
        found = set()
        for start in sorted({fixed_folder(pattern) for pattern in patterns}):
            for parent, folders, names in os.walk(os.path.join(folder, start)):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in names:
                    inside = os.path.relpath(os.path.join(parent, name), folder).replace(os.sep, "/")
                    if any(matches(inside, pattern) for pattern in patterns):
                        found.add(inside)
        return sorted(found)

    def texts(self, folder: str, paths: Sequence[str]) -> Iterator[str | Unreadable]:
        yield from map(_text, self.contents(folder, paths))

    def contents(self, folder: str, paths: Sequence[str]) -> Iterator[bytes | Unreadable]:
        """Their bytes, in the same order."""
        within = repository_root(folder) or folder
        for path in paths:
            try:
                yield read_regular(os.path.join(folder, path), MAX_BYTES, within)
            except OSError as error:
                yield Unreadable(error.strerror or type(error).__name__)


class CommittedRollouts:
    """Files as a commit has them; a link is the file of the same commit that it leads to."""

    def __init__(self, repository: Repository, commit: str) -> None:
        self._repository = repository
        self._commit = commit
        self._blobs: dict[tuple[str, str], Blob] = {}
        self._links: dict[tuple[str, str], str] = {}

    def paths(self, folder: str, patterns: Sequence[str]) -> list[str]:
        above = self._repository.inside(folder) or ""
        prefix = "" if above in ("", ".") else f"{above}/"
        starts = [f"{prefix}{fixed_folder(pattern)}".strip("/") for pattern in patterns]
        under = [] if "" in starts or "." in starts else sorted(set(starts))
        found = self._repository.files(self._commit, under)
        for path, (_, target) in self._repository.links(self._commit, under).items():
            self._links[folder, path.removeprefix(prefix)] = target
            if (blob := self._led_to(path, target)) is not None:
                found[path] = blob
        mine = {
            inside: blob
            for path, blob in found.items()
            if path.startswith(prefix)
            and any(matches(inside := path.removeprefix(prefix), pattern) for pattern in patterns)
        }
        self._blobs |= {(folder, path): blob for path, blob in mine.items()}
        return sorted(mine)

    def unseen_submodules(self, folder: str, patterns: Sequence[str]) -> Iterator[str]:
        """Submodules that are not as the commit has them, are not checked out, and may hold files that match."""
        here = self._repository.submodules_here()
        above = self._repository.inside(folder) or "."
        for path, _ in sorted(here.items() - self._repository.submodules(self._commit).items()):
            inside = posixpath.relpath(path, above)
            is_there = any(name != ".git" for name in _names_in(os.path.join(folder, inside)))
            if not is_there and any(_may_match_below(inside, pattern) for pattern in patterns):
                yield inside

    def _led_to(self, path: str, target: str) -> Blob | None:
        """The regular file that a link leads to within the repository; None for any other."""
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if place.startswith(("/", "../")):
            return None
        return self._repository.files(self._commit, [place]).get(place)

    def has(self, folder: str, path: str, content: bytes | Unreadable | None) -> bool:
        """Whether the commit has a file as it is here, whether or not its bytes are text, or are read at all."""
        blob, here = self._blobs.get((folder, path)), os.path.join(folder, path)
        if isinstance(content, bytes):
            return blob is not None and blob.id == self._repository.blob_id(content)
        if content is None or self._links.get((folder, path), "") != link_target(here):
            return False
        if blob is None:
            return (folder, path) in self._links
        return blob.size > MAX_BYTES and is_regular(here) and blob.id == self._repository.blob_id_of(here)

    def texts(self, folder: str, paths: Sequence[str]) -> Iterator[str | Unreadable]:
        for content in self._repository.contents([self._blobs[folder, path].id for path in paths]):
            yield _text(Unreadable("it is too large") if content is None else content)


def _names_in(folder: str) -> Sequence[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return ()


def _may_match_below(folder: str, pattern: str) -> bool:
    """Whether a pattern may match files below a folder."""
    fixed = fixed_folder(pattern)
    is_on_the_way = not fixed or f"{fixed}/".startswith(f"{folder}/") or f"{folder}/".startswith(f"{fixed}/")
    return is_on_the_way and ("**" in pattern or pattern.count("/") > folder.count("/"))


class _Differing(NamedTuple):
    """The files of one line of a policy, in a commit or here, and those of them that differ."""

    files: frozenset[str]
    differ: frozenset[str]
    reads_together: bool


def read_changed(
    territories: Sequence[tuple[Policy, CommittedRollouts]], folder: str
) -> list[tuple[Served, Served]]:
    """What is served by a commit and by the working tree, policy by policy, by the files that differ.

    Where one of these is of a format whose files say something of each other, those of such formats are all read,
    whichever line or policy names them: a flag may require one of another territory.
    """
    here = RolloutsOnDisk()
    found = [_differing(policy, base, here) for policy, base in territories]
    is_any = any(each.reads_together and each.differ for lines in found for each in lines)
    served = []
    for (policy, base), lines in zip(territories, found, strict=True):
        chosen = {
            at: each.files if each.reads_together and is_any else each.differ for at, each in enumerate(lines)
        }
        before, after = (read_served(policy, folder, tree, policy.root, chosen) for tree in (base, here))
        patterns = [pattern for line in policy.rollouts for pattern in line.files or ()]
        unseen = [
            Unread(shown_path(os.path.join(policy.root, path), folder), START, _UNSEEN)
            for path in base.unseen_submodules(policy.root, patterns)
        ]
        served.append((before, replace(after, unread=(*after.unread, *unseen))))
    return served


def _differing(policy: Policy, base: CommittedRollouts, here: RolloutsOnDisk) -> list[_Differing]:
    found = []
    for line in policy.rollouts:
        patterns = line.files or ()
        before, after = base.paths(policy.root, patterns), here.paths(policy.root, patterns)
        contents = dict(zip(after, here.contents(policy.root, after), strict=True))
        files = frozenset({*before, *after})
        differ = frozenset(path for path in files if not base.has(policy.root, path, contents.get(path)))
        together = line.format in formats() and format_module(line.format or "").READS_TOGETHER
        found.append(_Differing(files, differ, together))
    return found


def read_served(
    policy: Policy,
    folder: str,
    tree: RolloutTree | None = None,
    root: str = "",
    chosen: Mapping[int, frozenset[str]] | None = None,
) -> Served:
    """What is served by the files of a policy, those of each line together. ``folder`` is where egp was called.

    ``chosen`` are the files of each line, by its position, where not all of them are read.
    """
    tree = tree or RolloutsOnDisk()
    root = root or policy.root or folder
    rollouts: list[Rollout] = []
    unread: list[Unread] = []
    texts: dict[str, str] = {}
    paths: dict[str, str] = {}
    failures: list[Failure] = []
    for at, line in enumerate(policy.rollouts):
        found = [each for each in tree.paths(root, line.files or ()) if chosen is None or each in chosen[at]]
        if len(texts) + len(found) > MOST_FILES:
            message = f"`rollouts:` matches more than {MOST_FILES:,} files"
            failures.append(Failure(policy.name, message, help="name the folders of flags alone"))
            break
        files = list(_files(tree, root, folder, found, unread, paths))
        reading = read_rollouts(files, line.format or "", line.environment or "")
        rollouts += reading.rollouts
        unread += reading.unread
        texts.update((each.path, each.text) for each in files)
    return Served(tuple(rollouts), tuple(unread), texts, paths, tuple(failures))


def _files(
    tree: RolloutTree,
    root: str,
    folder: str,
    found: Sequence[str],
    unread: list[Unread],
    paths: dict[str, str],
) -> Iterator[RolloutFile]:
    for path, text in zip(found, tree.texts(root, found), strict=True):
        shown = shown_path(os.path.join(root, path), folder)
        paths[shown] = path
        if isinstance(text, Unreadable):
            unread.append(Unread(shown, START, f"it cannot be read: {text}"))
        else:
            yield RolloutFile(shown, text)


def files_of(texts: Mapping[str, str]) -> list[RolloutFile]:
    """Files by their names and texts."""
    return [RolloutFile(path, text) for path, text in texts.items()]


def _text(content: bytes | Unreadable) -> str | Unreadable:
    if isinstance(content, Unreadable):
        return content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Unreadable("it is not UTF-8")
