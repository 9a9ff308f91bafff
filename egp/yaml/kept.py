"""What egp may forget: files in a folder of the caller's own, each with its checksum, and read only where nobody else can have written it.

What is damaged, or may be somebody else's, is as good as not there; so is what cannot be written.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b
from io import BytesIO
from typing import Any

from egp.yaml.atomic import make_private_folder, take_back, write_pieces_atomically
from egp.yaml.files import is_inside, read_regular, real_path


def private_folder(root: str) -> str:
    """Where the caller keeps what egp may forget of a repository; empty where there is no such place outside of it."""
    folder = cache_folder()
    if not folder or is_inside(real_path(folder), real_path(root)):
        return ""
    return "" if os.path.lexists(folder) and not is_private(folder) else folder


def cache_folder() -> str:
    """That folder, whether or not it can be used; empty where the system says no such place."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "egp") if os.path.isabs(base) and hasattr(os, "geteuid") else ""


def is_private(path: str) -> bool:
    """Whether a folder, or a file in one, is the caller's own and nobody else can have written it."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    is_folder = stat.S_ISDIR(status.st_mode)
    others = 0o077 if is_folder else 0o022
    return (
        (is_folder or stat.S_ISREG(status.st_mode))
        and status.st_uid == os.geteuid()
        and not status.st_mode & others
    )


def read_kept(path: str, form: str, most: int) -> list[Any] | None:
    """What a file of a form has, a value of JSON a line; None where that cannot be used."""
    import json

    if not is_private(path):
        return None
    try:
        content = read_regular(path, most, os.path.dirname(path))
        begin = content.index(b"\n") + 1
        if content[: begin - 1] != head(form, (memoryview(content)[begin:],)):
            return None
        lines = BytesIO(content)
        lines.seek(begin)
        return [json.loads(each) for each in lines]
    except (OSError, ValueError, RecursionError):
        return None


def write_kept(path: str, form: str, known: Iterable[object], most_bytes: int, most_files: int) -> None:
    """Keeps values that JSON can say, where that is not too much; of files with the same ending only the latest stay.

    Each stands in a line of its own, so that of very many plans never more than a line is written at once.
    """
    import json

    folder, (_, ending) = os.path.dirname(path), os.path.splitext(path)
    with suppress(OSError):
        make_private_folder(folder)
        if is_private(folder):
            lines = [f"{json.dumps(each, separators=(',', ':'))}\n".encode("ascii") for each in known]
            if sum(map(len, lines)) < most_bytes:
                write_pieces_atomically(path, (head(form, lines), b"\n", *lines), f".{os.getpid()}")
            _drop_oldest(folder, ending, most_files)


def head(form: str, pieces: Iterable[bytes | memoryview]) -> bytes:
    """The first line of a file: what it is, and its checksum."""
    checksum = blake2b(digest_size=32)
    for each in pieces:
        checksum.update(each)
    return f"{form} {checksum.hexdigest()}".encode()


def _drop_oldest(folder: str, ending: str, most: int) -> None:
    kept = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(ending)]
    kept.sort(key=lambda path: os.lstat(path).st_mtime_ns)
    for path in kept[:-most]:
        take_back(path)
