"""Everything that the check of a whole repository can look at, as one state: where that is the same, so is the answer.

Nobody can list what a check looks at: it also asks whether something is there, and it asks git. So what it looked at is not
recorded. The state is of more than it can look at, by the ways on which it gets there:

- the repository: of everything below its root, ``.git`` included, the name and what the system knows of it. The time of its
  last change, which the system alone sets, stands for the content of a file. A link stands for where it leads to, and what the
  system knows of that. Of a worktree it is everything in the folders that git has elsewhere, too;
- the folders above it: who owns them, and whether one of them is a repository;
- git: its version, and its whole configuration, wherever that lies;
- egp: its own files and the policies that it ships, and the folders above them;
- Python: itself, its library, what lies in each folder that it imports from, and all of PyYAML and of the time zones there;
- the system: its time zones, its kernel and C library, the list of its libraries, its settings for all users of git;
- the caller: the user and the groups.

Where a repository goes on elsewhere, nothing is known: by a link to a folder outside, by a submodule's folder of git or by
objects outside, by a working tree that git has elsewhere.

The call is what is left: its options, its environment, its folder, its terminal and its day. A check that runs what others
wrote, such as rules of the policy's own, looks at more than that; whoever relies on the state has to know that it ran none.
``tests/sources/test_surroundings.py`` watches a check, and names what it looks at besides.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from hashlib import blake2b

from egp.record.sources.git_command import GitError, ask
from egp.stats.values import NamedTuple
from egp.yaml.files import is_inside, link_target, read_regular, real_path

SINGLE_FILES = (
    "/etc/localtime", "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/ssl/openssl.cnf", "/usr/lib/ssl/openssl.cnf", "/etc/gitattributes",
)  # fmt: skip
"""Of the system: whenever a library is installed or replaced, the list of all of them is written anew."""

_PACKAGES = ("egp", "yaml", "_yaml", "tzdata")
"""What a check imports by name, unless the policy requires more: of egp itself, another one may come to lie further ahead."""

_BYTECODE = ("__pycache__",)
"""Python takes none of another source than the one that is there."""

_NO_LIBRARY = (*_BYTECODE, "site-packages", "dist-packages")
"""Folders of Python's library that are no part of it."""

_MOST_OF_A_PATH = 10_000


class Surroundings(NamedTuple):
    """What everything was."""

    state: str
    latest: int
    """When the last change of any of it was made, in nanoseconds."""


def surroundings(root: str, own: Sequence[str], most: int) -> Surroundings | None:
    """What everything is for a repository; None where nobody knows, or it has too many entries.

    ``own`` are the folders of egp itself. Nothing is opened but what names a folder of git's.
    """
    looking = _Looking(most)
    try:
        looking.at_repository(root)
        looking.at_program(own)
        looking.note(_system(), _git(root))
    except (_UnknownError, OSError, ValueError):
        return None
    return Surroundings(looking.digest.hexdigest(), looking.latest)


class _UnknownError(Exception):
    """Something may change without a change of what is looked at."""


class _Looking:
    def __init__(self, most: int) -> None:
        self.digest = blake2b(digest_size=32)
        self.latest = 0
        self._left = most

    def note(self, *what: object) -> None:
        self.digest.update(repr(what).encode("utf-8", "surrogatepass"))

    def at_repository(self, root: str) -> None:
        self._on_the_way(root)
        own = os.path.join(root, ".git")
        elsewhere = _git_elsewhere(own) if os.path.isfile(own) else ()
        for top in dict.fromkeys((root, *elsewhere)):
            self._everything(top, of_git=(root, *elsewhere))

    def at_program(self, own: Sequence[str]) -> None:
        folders = [real_path(each) for each in own]
        for folder in folders:
            self._on_the_way(folder)
            self._everything(folder, _BYTECODE)
        self._at(real_path(sys.executable))
        self._everything(real_path(os.path.dirname(os.__file__)), _NO_LIBRARY)
        for place in dict.fromkeys(sys.path):
            self._listed(place or os.curdir)
            for name in _PACKAGES:
                folder = real_path(os.path.join(place or os.curdir, name))
                if folder not in folders and os.path.isdir(folder):
                    self._everything(folder, _BYTECODE)
        for place in _time_zones():
            self._everything(real_path(place))
        for file in SINGLE_FILES:
            self._at(file)

    def _on_the_way(self, folder: str) -> None:
        """The folders above one: a repository may begin there."""
        while (above := os.path.dirname(folder)) != folder:
            folder = above
            self.note(folder, _identity(os.lstat(folder)), os.path.lexists(os.path.join(folder, ".git")))

    def _everything(self, top: str, but: Sequence[str] = (), of_git: Sequence[str] = ()) -> None:
        """All that lies at and below a folder. Links are not followed to it, and what is of git has to lie in folders that are looked at."""
        self._at(top)
        pending = [top]
        while pending:
            for entry, status in self._entries(pending.pop(), but):
                if stat.S_ISDIR(status.st_mode):
                    pending.append(entry.path)
                    continue
                if stat.S_ISLNK(status.st_mode):
                    self._link(entry.path, top)
                if of_git and not _is_whole(entry.path, of_git):
                    raise _UnknownError

    def _listed(self, folder: str) -> None:
        """What lies in a folder, not below it."""
        self._at(folder)
        for _ in self._entries(folder, _BYTECODE):
            pass

    def _entries(self, folder: str, but: Sequence[str]) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
        try:
            with os.scandir(folder) as listed:
                entries = sorted(listed, key=lambda each: each.name)
        except OSError as error:
            self.note(folder, error.errno)
            return
        self._left -= len(entries)
        if self._left < 0:
            raise _UnknownError
        for entry in entries:
            if entry.name not in but:
                status = entry.stat(follow_symlinks=False)
                self._note(entry.path, status)
                yield entry, status

    def _at(self, path: str) -> None:
        """A file or folder, a link followed."""
        try:
            self._note(path, os.stat(path))
        except OSError as error:
            self.note(path, error.errno)

    def _note(self, path: str, status: os.stat_result) -> None:
        times = status.st_mtime_ns, status.st_ctime_ns
        self.latest = max(self.latest, *times)
        self.note(path, _identity(status), status.st_size, times)

    def _link(self, path: str, top: str) -> None:
        end = real_path(path)
        self.note(link_target(path), end)
        self._at(path)
        if not is_inside(end, top) and (os.path.isdir(path) or os.path.basename(path) == ".git"):
            raise _UnknownError


def _git_elsewhere(file: str) -> Sequence[str]:
    """Where the folder of git is that a file stands for, and the one with what several working trees share."""
    folder = _named_in(file, "gitdir: ")
    shared = os.path.join(folder, "commondir")
    return (folder, _named_in(shared)) if os.path.lexists(shared) else (folder,)


def _is_whole(file: str, tops: Sequence[str]) -> bool:
    """Whether a file names nothing of git's that lies elsewhere: git reads it through a link, too."""
    folder, name = os.path.split(file)
    if name == "alternates":
        return not folder.endswith(os.path.join("objects", "info"))
    if name == "commondir" and os.path.lexists(os.path.join(folder, "HEAD")):
        return any(is_inside(_named_in(file), top) for top in tops)
    if name != ".git" or folder == tops[0]:
        return True
    return all(any(is_inside(each, top) for top in tops) for each in _git_elsewhere(file))


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_mode, status.st_ino, status.st_dev, status.st_uid, status.st_gid


def _named_in(file: str, before: str = "") -> str:
    """The folder that a file of git's names, relative to its own."""
    text = os.fsdecode(read_regular(file, _MOST_OF_A_PATH, os.path.dirname(file))).removesuffix("\n")
    if not text.startswith(before) or not text[len(before) :]:
        raise _UnknownError
    return real_path(os.path.join(os.path.dirname(file), text[len(before) :]))


def _time_zones() -> Sequence[str]:
    from zoneinfo import TZPATH

    return TZPATH


def _system() -> object:
    try:
        library = os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, OSError, ValueError):
        library = None
    caller = os.getuid(), os.geteuid(), os.getgid(), os.getegid(), os.getgroups()
    encodings = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
    return sys.version, sys.flags, sys.warnoptions, sys.path, encodings, tuple(os.uname()), library, caller


def _git(root: str) -> object:
    try:
        version = ask(root, "version", "--build-options")
        settings = ask(root, "config", "--list", "--null", "--show-origin")
    except GitError as error:
        return str(error)
    if b"\0core.worktree\n" in settings.output:
        raise _UnknownError
    return version, settings
