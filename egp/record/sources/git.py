"""What git knows of a repository: files as a commit has them, and how a file came about.

What is read from git looks at commits alone, since a look at the working tree would run the filters that its configuration
names. How it is called says `git_command.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from hashlib import new as new_hash
from typing import IO

from egp.plan.quantity import shown
from egp.record.sources.git_command import MAX_OUTPUT, GitError, Patience, ask, first_line, running
from egp.stats.values import NamedTuple
from egp.yaml.files import read_regular, real_path

MAX_CONTENT = 1_000_000
"""Bytes of a file that are worth reading; plans and locks are smaller."""

_MANY_PATHS = 200
"""More paths than this are not worth naming one by one."""

_OF_ONE_FOLDER = re.compile(rb"([^\0]*/)[^\0/]*\0(?:\1[^\0/]*\0)*")
"""Paths of a list that follow each other and lie in one folder."""

_FETCH_ALL = "fetch the whole history: git fetch --unshallow, or `fetch-depth: 0` for actions/checkout"


class Blob(NamedTuple):
    """A regular file as a commit has it."""

    id: str
    size: int


@dataclass(frozen=True, slots=True)
class Version:
    """A file as one commit left it. ``content`` is None where the commit removed it or it is too large for a plan."""

    commit: str
    when: datetime
    """When the commit was made, as its committer says."""
    path: str
    content: bytes | None

    @property
    def date(self) -> date:
        """The day of the commit, where it was made."""
        return self.when.date()


class _Step(NamedTuple):
    """What a commit did to a path."""

    commit: str
    when: datetime
    parent: str
    path: str
    before: str
    """The file's content, by its id, empty where there was none."""
    after: str
    """The same after the commit."""


class Repository:
    """A git repository with a working tree. Paths are relative to its root, with ``/`` between folders."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._real_root = real_path(root)
        self._real_folders: dict[str, str] = {}
        self._names: dict[tuple[str, str], tuple[str, ...]] = {}

    @classmethod
    def at(cls, folder: str) -> Repository:
        """The repository that a folder lies in. Raises GitError."""
        answer = ask(folder, "rev-parse", "--show-toplevel")
        if answer.status == 0:
            return cls(os.path.normpath(os.fsdecode(answer.output.removesuffix(b"\n"))))
        if b"not a git repository" in answer.error:
            raise GitError(f"{folder} lies in no git repository", "git init, and commit the plans")
        if b"work tree" in answer.error or b"bare repository" in answer.error:
            raise GitError(f"{folder} lies in a repository without a working tree", "run egp in a checkout")
        raise GitError(f"git refuses the repository of {folder}: {first_line(answer.error)}")

    def inside(self, path: str) -> str | None:
        """The path as git names it; None for a path outside the working tree. A link is not followed, its folder is."""
        folder, name = os.path.split(os.path.abspath(path))
        if folder not in self._real_folders:
            self._real_folders[folder] = real_path(folder)
        relative = os.path.relpath(os.path.join(self._real_folders[folder], name), self._real_root)
        relative = relative.replace(os.sep, "/")
        return None if relative == ".." or relative.startswith("../") else relative

    @cached_property
    def is_shallow(self) -> bool:
        """Whether the clone lacks a part of the history."""
        return self._text("rev-parse", "--is-shallow-repository") == "true"

    @property
    def _is_empty(self) -> bool:
        """Whether nothing has been committed yet, on any branch."""
        answer = ask(self.root, "rev-list", "--all", "--max-count=1")
        return answer.status == 0 and not answer.output

    def commit(self, ref: str) -> str:
        """The id of the commit that a ref names. Raises GitError."""
        if ref.isprintable() and not ref.startswith("-"):
            answer = ask(
                self.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"
            )
            if answer.status == 0:
                return answer.output.decode().strip()
        if self._is_empty:
            raise GitError("the repository has no commit yet", "git add, and git commit the plans first")
        advice = (
            f"name a branch, a tag or a commit that is here: git fetch origin, or git rev-parse {shown(ref)}"
        )
        raise GitError(f"git knows no commit `{shown(ref)}`", _FETCH_ALL if self.is_shallow else advice)

    def merge_base(self, ref: str) -> str:
        """The commit at which the working tree's history left that of a ref. Raises GitError."""
        answer = ask(self.root, "merge-base", self.commit(ref), self.commit("HEAD"))
        if answer.status == 0:
            return answer.output.decode().strip()
        if self.is_shallow:
            message = f"this clone is shallow, and the commit where it left `{ref}` is missing"
            raise GitError(message, _FETCH_ALL)
        message = f"`{ref}` and HEAD share no history"
        raise GitError(message, "name the branch that this one will be merged into")

    def files(self, commit: str, under: Sequence[str] = ()) -> dict[str, Blob]:
        """The regular files of a commit, all or those at and below some paths."""
        return self._entries(commit, under, b"100")

    def links(self, commit: str, under: Sequence[str] = ()) -> dict[str, tuple[Blob, str]]:
        """The symbolic links of a commit, likewise, each with what it leads to as it is written."""
        blobs = self._entries(commit, under, b"120")
        contents = self.contents(each.id for each in blobs.values())
        return {
            path: (blob, os.fsdecode(content or b""))
            for (path, blob), content in zip(blobs.items(), contents, strict=True)
        }

    def _entries(self, commit: str, under: Sequence[str], kind: bytes) -> dict[str, Blob]:
        output = self._bytes("ls-tree", "-r", "-l", "-z", "--full-tree", commit, "--", *under)
        found = {}
        for entry in output.split(b"\0"):
            described, _, path = entry.partition(b"\t")
            parts = described.split()
            if parts and parts[0].startswith(kind):
                found[os.fsdecode(path)] = Blob(parts[2].decode(), int(parts[3]))
        return found

    def submodules(self, commit: str) -> dict[str, str]:
        """The submodules of a commit, each with the commit of its own that it stands at."""
        output = self._bytes("ls-tree", "-r", "-z", "--full-tree", commit)
        return _submodules(output.split(b"\0"), at=2)

    def submodules_here(self) -> dict[str, str]:
        """Those of the working tree, as its index has them."""
        return _submodules(self._bytes("ls-files", "--stage", "-z").split(b"\0"), at=1)

    def names_in(self, commit: str, folder: str) -> tuple[str, ...]:
        """What lies in a folder of a commit, given with a ``/`` behind it; in the repository's own where it is empty."""
        if (commit, folder) not in self._names:
            under = (folder,) if folder else ()
            output = self._bytes("ls-tree", "--name-only", "-z", "--full-tree", commit, "--", *under)
            paths = filter(None, os.fsdecode(output).split("\0"))
            self._names[commit, folder] = tuple(path.removeprefix(folder) for path in paths)
        return self._names[commit, folder]

    def leads_through_link(self, commit: str, path: str) -> bool:
        """Whether a commit has a symbolic link at a path, or on the way to it."""
        steps = path.split("/")
        on_the_way = ["/".join(steps[:count]) for count in range(1, len(steps) + 1)]
        entries = self._bytes("ls-tree", "-z", "--full-tree", commit, "--", *on_the_way).split(b"\0")
        return any(entry.startswith(b"120000") for entry in entries)

    def named(self, commit: str, name: str) -> tuple[frozenset[str], frozenset[str]]:
        """The regular files of a commit that have a name, wherever they lie; and all symbolic links."""
        files, links = set(), set()
        ends = os.fsencode(name)
        listed = self._bytes("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")
        for entry in [each for each in listed if each.endswith(ends) or each.startswith(b"120000")]:
            described, _, path = entry.partition(b"\t")
            if described.startswith(b"120000"):
                links.add(os.fsdecode(path))
            elif described.startswith(b"100") and os.fsdecode(path).rpartition("/")[2] == name:
                files.add(os.fsdecode(path))
        return frozenset(files), frozenset(links)

    def untracked(self, paths: Sequence[str]) -> frozenset[str]:
        """Those of the paths that lie in the working tree and not in the index; what is staged is tracked."""
        return frozenset(
            map(os.fsdecode, self._bytes("ls-files", "--others", "-z", "--", *paths).split(b"\0"))
        )

    def paths(self, commit: str) -> list[str]:
        """The paths of all regular files of a commit."""
        return list(self.files(commit))

    def read(self, commit: str, path: str) -> bytes | None:
        """A file as a commit has it; None where there is none. Raises GitError for one that is too large."""
        blob = self.files(commit, [path]).get(path)
        content = next(self.contents([blob.id])) if blob else None
        if blob and content is None:
            advice = f"commits before {commit[:12]} may have a smaller one"
            raise GitError(
                f"{path} has {blob.size:,} bytes in {commit[:12]}; at most {MAX_CONTENT:,} are read", advice
            )
        return content

    def contents(self, blobs: Iterable[str]) -> Iterator[bytes | None]:
        """The contents of blobs, in their order; None for one that is too large for a plan."""
        asked = "".join(f"{blob}\n" for blob in blobs).encode()
        if asked:
            with running(self.root, ("cat-file", "--batch"), asked) as (output, _, patience):
                for _ in range(asked.count(b"\n")):
                    patience.begins()
                    content = _batched(output, patience)
                    patience.ends()  # what the caller makes of it takes the time that it takes
                    yield content

    def blob_id(self, content: bytes) -> str:
        """The id that git gives to a content."""
        return new_hash(self._hash, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()

    def blob_id_of(self, path: str) -> str:
        """The id that git gives to a regular file as it lies here, however large it is."""
        return self._text("hash-object", "--no-filters", "--", path)

    @cached_property
    def _hash(self) -> str:
        return self._text("rev-parse", "--show-object-format")

    def removed(self, commit: str, under: str) -> list[str]:
        """The paths below a folder that a commit has and the working tree has no regular file of any more.

        Folder by folder: what is listed may be a hundred thousand files, of which nearly all are there.
        """
        output = self._bytes("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--", f"{under}/")
        gone: list[bytes] = []
        at = 0
        while at < len(output):
            folder = output[at : output.index(b"\0", at)].rpartition(b"/")[0] + b"/"
            here = _regular_files(os.path.join(self.root, os.fsdecode(folder)))
            as_it_is = b"".join([folder + name + b"\0" for name in here])
            if here and output.startswith(as_it_is, at):
                at += len(as_it_is)
                continue
            of_folder = _OF_ONE_FOLDER.match(output, at)
            assert of_folder is not None
            listed = of_folder[0].replace(folder, b"").split(b"\0")[:-1]
            known = set(here)
            gone += [folder + name for name in listed if name not in known]
            at = of_folder.end()
        return [os.fsdecode(path) for path in gone]

    def line_of_commits(self) -> list[str]:
        """The commits of the line that HEAD is on, the latest first; what was merged into it is one commit."""
        return self._text("rev-list", "--first-parent", self.commit("HEAD")).split("\n")

    def versions(self, path: str, follow: bool = True, touching: str = "") -> Iterator[Version]:
        """What a path was, the latest commit first, and under its former names before it was renamed.

        With ``touching`` only where a changed line matches this regular expression. Of a merge counts what it brought to the line it was merged into. Raises GitError in the end when the
        clone is too shallow to tell the beginning.
        """
        start = self.commit("HEAD")
        only = [f"-G{touching}"] if touching else []
        while path:
            steps = [step for step in self._steps(start, [path], *only) if step.path == path]
            contents = self.contents(step.after for step in steps if step.after)
            for step in steps:
                yield Version(step.commit, step.when, path, next(contents) if step.after else None)
            if not steps or steps[-1].before:
                return
            first = steps[-1]
            if first.commit in self._boundary:
                message = f"this clone is shallow, and what {path} was before {first.commit[:10]} is missing"
                raise GitError(message, _FETCH_ALL)
            start = first.parent
            path = self._former_name(first, path) if follow and start else ""

    def last_versions(self, paths: Collection[str]) -> dict[str, Version]:
        """The content of files in HEAD or, of those that were removed on the way to it, before that."""
        head = self.commit("HEAD")
        named = sorted(paths) if len(paths) <= _MANY_PATHS else []
        last = {step.path: step for step in reversed(list(self._steps(head, named, "--diff-filter=D")))}
        places = {path: (step.parent, step.when, step.before) for path, step in last.items()}
        now = datetime.fromisoformat(self._text("log", "-1", "--format=%cI", head))
        places |= {path: (head, now, blob.id) for path, blob in self.files(head, named).items()}
        wanted = [path for path in places if path in paths and places[path][2]]
        contents = self.contents(places[path][2] for path in wanted)
        return {
            path: Version(*places[path][:2], path, content)
            for path, content in zip(wanted, contents, strict=True)
        }

    def _steps(self, start: str, paths: Iterable[str], *further: str) -> list[_Step]:
        options = (
            "--first-parent",
            "--diff-merges=first-parent",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--no-abbrev",
            "--raw",
            "-z",
        )
        asked = ("--format=%H %cI %P", *options, *further, "--end-of-options", start, "--", *paths)
        return list(_read_steps(self._bytes("log", *asked)))

    def _former_name(self, step: _Step, path: str) -> str:
        """The name that a file had before the commit that gave it this one; empty when it is new."""
        output = self._bytes(
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            "--find-renames",
            "-l1000",
            "--no-ext-diff",
            "--no-textconv",
            step.parent,
            step.commit,
        )
        return next((old for old, new in _renamed(output) if new == path), "")

    @cached_property
    def _boundary(self) -> frozenset[str]:
        """Commits whose parents a shallow clone lacks."""
        if not self.is_shallow:
            return frozenset()
        path = os.path.join(self.root, self._text("rev-parse", "--git-path", "shallow"))
        return frozenset(read_regular(path, MAX_OUTPUT, within=os.path.dirname(path)).decode("ascii").split())

    def _text(self, *arguments: str) -> str:
        return os.fsdecode(self._bytes(*arguments)).removesuffix("\n")

    def _bytes(self, *arguments: str) -> bytes:
        answer = ask(self.root, *arguments)
        if answer.status:
            raise GitError(f"git {arguments[0]} failed: {first_line(answer.error)}")
        return answer.output


def _regular_files(folder: str) -> list[bytes]:
    """The names of the regular files in a folder, in git's order."""
    try:
        with os.scandir(os.fsencode(folder)) as entries:
            return sorted([entry.name for entry in entries if entry.is_file(follow_symlinks=False)])
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise GitError(f"cannot read the folder {folder}: {error.strerror}") from None


def _batched(output: IO[bytes], patience: Patience) -> bytes | None:
    """The next content of `git cat-file --batch`."""
    header = output.readline().split()
    if len(header) != 3:
        patience.ends()
        raise GitError("git lacks a file of a commit that it has", "git fsck, or fetch the repository anew")
    size = int(header[2])
    content = output.read(size) if size <= MAX_CONTENT else None
    for chunk in _chunks(size if content is None else 0):
        output.read(chunk)
    output.read(1)
    return content


def _chunks(size: int) -> Iterator[int]:
    while size > 0:
        yield min(size, MAX_CONTENT)
        size -= MAX_CONTENT


def _renamed(output: bytes) -> Iterator[tuple[str, str]]:
    """(old path, new path) of renames in raw output."""
    fields = iter(output.split(b"\0"))
    for described in fields:
        if described.startswith(b":"):
            path = os.fsdecode(next(fields))
            if described.split()[-1].startswith((b"R", b"C")):
                yield path, os.fsdecode(next(fields))


def _read_steps(output: bytes) -> Iterator[_Step]:
    fields = iter(output.split(b"\0"))
    commit, when, parent = "", datetime.min, ""
    for field in fields:
        described = field.lstrip(b"\n")
        if described.startswith(b":"):
            path = os.fsdecode(next(fields))
            yield _Step(commit, when, parent, path, *_contents_of(described.decode().split()))
        elif described:
            commit, written, *parents = described.decode().split(" ")
            when, parent = datetime.fromisoformat(written), next(iter(parents), "")


def _submodules(entries: Iterable[bytes], at: int) -> dict[str, str]:
    """Of entries of a tree or of the index; ``at`` is the column of the id."""
    found = (entry.partition(b"\t") for entry in entries if entry.startswith(b"160000 "))
    return {os.fsdecode(path): described.split()[at].decode() for described, _, path in found}


def _contents_of(described: Sequence[str]) -> tuple[str, str]:
    """The ids before and after in a line of raw output, empty for what is no regular file."""
    mode_before, mode_after, before, after, _ = described
    is_file_before, is_file_after = mode_before.startswith(":100"), mode_after.startswith("100")
    return before if is_file_before else "", after if is_file_after else ""
