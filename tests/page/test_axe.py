"""What axe-core, the engine of accessibility checkers, finds in the pages: nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .browser import Browser, Scheme
from .screenshots import KINDS, PICTURED

LOOKS: tuple[tuple[int, Scheme], ...] = ((390, "dark"), (1280, "light"), (390, "light"), (1280, "dark"))


@pytest.mark.parametrize(
    ("name", "looks"),
    [(name, LOOKS if name in PICTURED else LOOKS[:2]) for name in KINDS],
)
def test_axe_finds_nothing(
    chromium: Browser, made: dict[str, Path], name: str, looks: tuple[tuple[int, Scheme], ...]
) -> None:
    """Each width and each scheme of every kind of page; of some of them all four together."""
    found = {}
    for width, scheme in looks:
        chromium.open(made[name], width=width, scheme=scheme)
        found[width, scheme] = chromium.axe()
    assert not any(found.values()), json.dumps([*found.items()], indent=1)


def test_axe_finds_what_is_wrong(chromium: Browser, tmp_path: Path) -> None:
    path = tmp_path / "wrong.html"
    path.write_text("<p style='color: #bbb'>grey</p><img src='x.png'>")
    chromium.open(path)
    assert {"color-contrast", "image-alt"} <= {str(each[0]) for each in chromium.axe()}
