"""Which file was probably meant by a path that leads to none."""

from __future__ import annotations

import os

from egp.plan.typed_reader import nearest


def near_file(path: str) -> str:
    """The name in the same folder that was probably meant, or empty; endings, which many share, make no name near."""
    folder, name = os.path.split(path)
    stem, ending = os.path.splitext(name)
    try:
        beside = sorted(each for each in os.listdir(folder or os.curdir) if not each.startswith("."))
    except OSError:
        return ""
    by_stem: dict[str, str] = {}
    for each in sorted(beside, key=lambda other: os.path.splitext(other)[1] == ending):
        by_stem[os.path.splitext(each)[0]] = each
    guess = nearest(stem, by_stem)
    return by_stem[guess] if guess else ""


def path_advice(path: str, shown: str) -> str:
    """What to do about a path that leads to no file; it is proposed as it was written."""
    guess = near_file(path)
    return f"did you mean {os.path.join(os.path.dirname(shown), guess)}?" if guess else "correct the path"
