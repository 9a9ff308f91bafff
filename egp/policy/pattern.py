"""Path patterns of policies: ``*`` within a folder, ``**`` across folders, ``?`` one character."""

from __future__ import annotations

import re
from functools import cache


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    meaning = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meaning.get(part) or re.escape(part) for part in parts))


def matches(path: str, pattern: str) -> bool:
    """Whether a path, relative and with forward slashes, matches the pattern as a whole."""
    return _compiled(pattern).fullmatch(path) is not None


def fixed_folder(pattern: str) -> str:
    """The leading folders of a pattern that hold no wildcard: where a search for it starts."""
    folders = pattern.split("/")[:-1]
    fixed = next((at for at, name in enumerate(folders) if "*" in name or "?" in name), len(folders))
    return "/".join(folders[:fixed])
