"""Writing files that do not exist yet."""

from __future__ import annotations

import os
import re

from egp.plan.finding import HelpfulError
from egp.yaml.atomic import write_anew

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class NewError(HelpfulError):
    """A file that cannot be begun. ``help`` says what to do instead."""


def require_file_name(name: str, what: str) -> None:
    """Raises NewError for a name that would leave its folder or that some system cannot have."""
    if not _FILE_NAME.fullmatch(name):
        raise NewError(
            f"{name!r} cannot be the name of a file",
            f"choose {what} of letters, digits, `-` and `_`, or give -o FILE",
        )


def require_new(path: str) -> None:
    """Raises NewError when there is such a file already, before anybody answers anything for it."""
    if os.path.lexists(path):
        raise NewError(f"{path} exists already", "remove it first, or give -o FILE")


def write_new(path: str, text: str) -> None:
    """Writes a file, and the folders that it needs. Raises NewError when there is one already."""
    require_new(path)
    try:
        write_anew(path, text.encode("utf-8"))
    except OSError as error:
        raise NewError(f"cannot write {path}: {error.strerror}") from None
